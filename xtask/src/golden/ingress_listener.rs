//! Tables about listeners: ports and protocols, attributes, tags, the redirect to HTTPS, certificates.

use std::collections::{BTreeMap, BTreeSet};

use inroad_intent::settings::ALL;
use inroad_words::facts::Certificate;
use serde_json::{Value, json};

use super::{
    diff,
    ingress_field::{Built, Group, list, pairs, texts, wanted},
    tables::Case,
};

/// `buildListenerAttributes`: of the listener that the peer's call names.
pub(super) fn attributes(case: &Case) -> Result<(), String> {
    let built = Group::of(case).build()?;
    let port = case.at("/calls/0/args/1").as_u64().and_then(|port| u16::try_from(port).ok());
    let port = port.ok_or("the case names no port")?;
    let protocol = case.at("/calls/0/args/2").as_str().unwrap_or_default();
    match wanted(case, "wantValue") {
        None => built.refuses(&format!("listener-attributes.{protocol}-{port}")),
        Some(want) => same(&built, pairs(want), pairs(&built.listener(port, "listenerAttributes"))),
    }
}

/// `buildListenerTags`: of the one listener that its members have.
pub(super) fn tags(case: &Case) -> Result<(), String> {
    let built = Group::of(case).build()?;
    match wanted(case, "want") {
        None => built.refuses("tags"),
        Some(want) => same(&built, texts(want), texts(&built.listener(80, "tags"))),
    }
}

/// `buildSSLRedirectConfig`: what the HTTP listener does, all members having the recorded ports.
pub(super) fn redirect(case: &Case) -> Result<(), String> {
    let mut group = Group::of(case);
    let ports = case.at("/row/args/listenPortConfigByPort").as_object().cloned();
    let ports = ports.unwrap_or_default().into_iter().map(|(port, config)| {
        let protocol = config["protocol"].as_str().unwrap_or_default();
        format!("{{\"{protocol}\": {port}}}")
    });
    group.annotate("listen-ports", &format!("[{}]", ports.collect::<Vec<_>>().join(",")));
    group.annotate("certificate-arn", "arn:aws:acm:us-east-1:1:certificate/1");
    let built = group.build()?;
    let action = built.listener(80, "defaultActions/0/redirectConfig");
    let got = action["statusCode"].as_str().map(|code| (&action["port"], code));
    match wanted(case, "want") {
        None => built.refuses("ssl-redirect"),
        Some(Value::Null) => same(&built, None, got),
        Some(want) => {
            let port = json!(want["SSLPort"].to_string());
            same(&built, Some((&port, want["StatusCode"].as_str().unwrap_or_default())), got)
        }
    }
}

/// `computeIngressListenPortConfigByPort`: the listeners of a member alone, by port. Where the recording
/// lost a certificate's ARN, its number must be right, and the ARN one that was resolved there.
pub(super) fn ports(case: &Case) -> Result<(), String> {
    let built = Group::of(case).build()?;
    if wanted(case, "want").is_none() {
        return built.refuses("mutual-authentication");
    }
    let want = without_types(case.at("/calls/0/returns/0"));
    let got: Value = built.desired.listeners.keys().map(|port| config(&built, *port)).collect();
    diff::compare(&want, &got).map_err(|why| built.with_diagnostics(why))?;
    let resolved = list(case.at("/calls")).iter().filter(|it| it["fn"] == "cert.Resolve");
    let resolved: BTreeSet<&str> = resolved.filter_map(|it| it["returns"][0].as_str()).collect();
    if resolved.is_empty() {
        return Ok(());
    }
    let listeners = built.desired.listeners.values();
    let certificates = listeners.flat_map(|it| it.spec.certificates.iter());
    same(&built, resolved, certificates.map(|arn| arn.0.as_str()).collect())
}

/// `mergeListenPortConfigs`: what members with certificates of their own make of one port.
pub(super) fn merge(case: &Case) -> Result<(), String> {
    const PORT: u16 = 443;
    let member = |it: &Value| {
        let config = &it["listenPortConfig"];
        let certificates = list(&config["tlsCerts"]).iter().filter_map(Value::as_str);
        let ports = format!("[{{{}: {PORT}}}]", config["protocol"]);
        json!({ "ingress": { "metadata": {
            "name": it["ingKey"]["name"], "namespace": it["ingKey"]["namespace"],
            "annotations": {
                "alb.ingress.kubernetes.io/listen-ports": ports,
                "alb.ingress.kubernetes.io/certificate-arn":
                    certificates.collect::<Vec<_>>().join(","),
            },
        } } })
    };
    let built = Group::new(list(case.at("/row/configs")).iter().map(member).collect()).build()?;
    if wanted(case, "expectedCertCount").is_none() {
        return built.refuses("certificate-arn");
    }
    let (want, got) = (case.at("/calls/0/returns/0"), config(&built, PORT));
    for member in ["protocol", "tlsCerts"] {
        same(&built, &want[member], &got[1][member])?;
    }
    same(&built, &want["sslPolicy"], &built.listener(PORT, "sslPolicy"))
}

/// `validateMutualAuthenticationConfig`: one entry of the annotation, written down.
pub(super) fn mutual(case: &Case) -> Result<(), String> {
    let members = [
        ("port", "port"),
        ("mode", "mode"),
        ("trustStore", "trustStoreARN"),
        ("ignoreClientCertificateExpiry", "ignoreClientCert"),
        ("advertiseTrustStoreCaNames", "advertiseCANames"),
    ];
    let entry = members.map(|(name, row)| (name, case.at(&format!("/row/{row}")).clone()));
    let text = json!([BTreeMap::from(entry)]).to_string();
    let setting = ALL.iter().find(|it| it.row().ingress == "mutual-authentication");
    let got = setting.ok_or("there is no such setting")?.check(&text);
    let want = case.at("/row/expectedErrorMessage").as_str().unwrap_or_default();
    match want.is_empty() == got.is_ok() {
        true => Ok(()),
        false => Err(format!("{text}: want {want:?} got {got:?}")),
    }
}

/// `domainMatchesHost`: whether a listener for the host shows the certificate of the domain.
pub(super) fn covers(case: &Case) -> Result<(), String> {
    let text = |name: &str| case.at(&format!("/row/args/{name}")).as_str().unwrap_or_default();
    let mut group = Group::new(vec![json!({ "ingress": {
        "spec": { "tls": [{ "hosts": [text("tlsHost")] }] },
    } })]);
    group.annotate("listen-ports", r#"[{"HTTPS": 443}]"#);
    let arn = "arn:aws:acm:us-east-1:1:certificate/1".to_owned();
    let names = BTreeSet::from([text("domainName").to_owned()]);
    group.facts.certificates.insert(arn.clone(), Certificate { arn, names });
    let built = group.build()?;
    same(&built, case.at("/row/want") == &json!(true), built.desired.listeners.contains_key(&443))
}

/// One listener as the peer writes the configuration of a port, beside its port.
fn config(built: &Built, port: u16) -> Value {
    let arns = built.listener(port, "certificates");
    let members = [
        ("protocol", built.listener(port, "protocol")),
        ("tlsCerts", list(&arns).iter().map(|it| it["certificateARN"].clone()).collect()),
        ("mutualAuthentication", built.listener(port, "mutualAuthentication")),
    ];
    let said = members.into_iter().filter(|(_, it)| !it.is_null() && *it != json!([]));
    json!([port.to_string(), said.map(|(k, v)| (k.to_owned(), v)).collect::<BTreeMap<_, _>>()])
}

/// A value of the recording without the names of its Go types; a map by port as a list of pairs.
fn without_types(value: &Value) -> Value {
    fn strip(value: &Value) -> Value {
        match value {
            Value::Object(map) => {
                let said = map.iter().filter(|(key, _)| *key != "$type");
                said.map(|(key, it)| (key.clone(), strip(it))).collect()
            }
            Value::Array(all) => all.iter().map(strip).collect(),
            other => other.clone(),
        }
    }
    let all: BTreeMap<u64, Value> = value
        .as_object()
        .into_iter()
        .flatten()
        .filter_map(|(port, it)| Some((port.parse().ok()?, json!([port, strip(it)]))))
        .collect();
    all.into_values().collect()
}

fn same<T: PartialEq + std::fmt::Debug>(built: &Built, want: T, got: T) -> Result<(), String> {
    let why = || built.with_diagnostics(format!("want {want:?} got {got:?}"));
    if want == got { Ok(()) } else { Err(why()) }
}
