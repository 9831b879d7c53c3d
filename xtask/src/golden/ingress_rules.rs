//! Tables about rules: actions, conditions and transforms of annotations, paths and their order, and
//! what redirects shadow. In: what the peer's test had in hand. Out: the same said by an Ingress, and
//! compared with the rules that its stack has. Backends that a table does not name answer at once.
//! Forbidden: deciding anything that inroad decides.

use serde_json::{Map, Value, json};

use super::{
    diff,
    ingress_field::{Built, Group},
    tables::Case,
};

const PREFIX: &str = "alb.ingress.kubernetes.io/";
const RULE: &str = "AWS::ElasticLoadBalancingV2::ListenerRule";
const TARGET_GROUP: &str = "AWS::ElasticLoadBalancingV2::TargetGroup";

/// `actions.<name>`. Services exist as far as the row wants them, and so do target groups.
pub(super) fn actions(case: &Case) -> Result<(), String> {
    let name = text(case.at("/row/args/svcName"));
    let mut want = case.at("/row/want").clone();
    let mut group = ingress(vec![at(&name, json!({}))], said(case.at("/row/args/ingAnnotation")));
    group.controller.balancers.switches.tolerate_missing_action = false;
    let targets = want.pointer_mut("/forwardConfig/targetGroups").and_then(Value::as_array_mut);
    for target in targets.into_iter().flatten() {
        if let Some(service) = target["serviceName"].as_str().map(str::to_owned) {
            let port = target["servicePort"].take();
            group.others.push(service_with(&service, &port));
            let id = format!("case/case-0-{service}:{}", port.to_string().trim_matches('"'));
            let to = format!("#/resources/{TARGET_GROUP}/{id}/status/targetGroupARN");
            target["targetGroupARN"] = json!({ "$ref": to });
        } else if let Some(name) = target["targetGroupName"].as_str().map(str::to_owned) {
            let arn = format!("arn:{name}");
            group.facts.target_groups.insert(name, arn.clone());
            target["targetGroupARN"] = json!(arn);
        }
        for said in ["serviceName", "servicePort", "targetGroupName"] {
            target.as_object_mut().map(|it| it.remove(said));
        }
    }
    let built = group.build()?;
    match case.at("/row/wantErr").as_str() {
        Some(_) => built.refuses_at("#/spec/rules/0/http/paths/0"),
        None => same(&built, &json!([want]), &first(&built, "actions")),
    }
}

/// `conditions.<name>`, for a path without host and path.
pub(super) fn conditions(case: &Case) -> Result<(), String> {
    let name = text(case.at("/row/args/svcName"));
    let built =
        answering(vec![at(&name, json!({}))], said(case.at("/row/args/ingAnnotation")), &[&name])
            .build()?;
    match case.at("/row/wantErr").as_str() {
        Some(_) => built.refuses_at(&format!("@conditions.{name}")),
        None => {
            let want = by_field(case.at("/row/want"));
            same(&built, &want, &by_field(&first(&built, "conditions")))
        }
    }
}

/// `transforms.<name>`.
pub(super) fn transforms(case: &Case) -> Result<(), String> {
    let transforms = case.at("/row/args/backend/Transforms").to_string();
    let annotations = Map::from_iter([(format!("{PREFIX}transforms.it"), json!(transforms))]);
    let built = answering(vec![at("it", json!({}))], annotations, &["it"]).build()?;
    match case.at("/row/wantErr").as_str() {
        Some(_) => built.refuses_at("@transforms.it"),
        None => same(&built, case.at("/row/want"), &list(first(&built, "transforms"))),
    }
}

/// Host, path and annotation together.
pub(super) fn together(case: &Case) -> Result<(), String> {
    let mut annotations = own(case, "/row/ing");
    let conditions = case.at("/row/backend/Conditions").to_string();
    annotations.insert(format!("{PREFIX}conditions.it"), json!(conditions));
    let mut rule = case.at("/row/rule").clone();
    rule["http"] = json!({ "paths": [at("it", case.at("/row/path").clone())] });
    let mut group = answering(Vec::new(), annotations, &["it"]);
    group.members[0]["ingress"]["spec"]["rules"] = json!([rule]);
    let built = group.build()?;
    match case.at("/row/wantErr") == &json!(true) {
        true => built.refuses_at("#/spec/rules/0/http/paths/0"),
        false => same(&built, case.at("/row/want"), &first(&built, "conditions")),
    }
}

/// What a path of a type matches.
pub(super) fn patterns(case: &Case) -> Result<(), String> {
    path(case, case.at("/row/args/pathType"))
}

/// The same where the table is about one type.
pub(super) fn exact(case: &Case) -> Result<(), String> {
    path(case, &json!("Exact"))
}

/// The same where the table is about one type.
pub(super) fn prefix(case: &Case) -> Result<(), String> {
    path(case, &json!("Prefix"))
}

/// The same where the table is about one type.
pub(super) fn specific(case: &Case) -> Result<(), String> {
    path(case, &json!("ImplementationSpecific"))
}

fn path(case: &Case, kind: &Value) -> Result<(), String> {
    let mut path = json!({ "path": case.at("/row/args/path") });
    if !kind.is_null() {
        path["pathType"] = kind.clone();
    }
    let built = answering(vec![at("it", path)], own(case, "/row/args/ing"), &["it"]).build()?;
    if case.at("/row/wantErr").as_str().is_some() {
        return built.refuses_at("#/spec/rules/0/http/paths/0");
    }
    let config = &first(&built, "conditions")[0]["pathPatternConfig"];
    let values = [case.at("/row/want"), case.at("/row/wantValues")];
    let values = values.into_iter().find(|it| it.is_array()).cloned();
    same(&built, &list(values.unwrap_or_default()), &list(config["values"].clone()))?;
    let regexes = list(config["regexValues"].clone());
    same(&built, &list(case.at("/row/wantRegexValues").clone()), &regexes)
}

/// The order in which paths are tried.
pub(super) fn order(case: &Case) -> Result<(), String> {
    let paths = case.at("/row/args/paths").as_array().cloned().unwrap_or_default();
    let built = several(&paths)?;
    same(&built, case.at("/row/want"), &tried(&built, &paths))
}

/// The same by type: those of one type follow each other. An unknown type is a mistake of its path.
pub(super) fn types(case: &Case) -> Result<(), String> {
    let paths = case.at("/row/args/paths").as_array().cloned().unwrap_or_default();
    let built = several(&paths)?;
    if case.at("/row/wantErr").as_str().is_some() {
        let known = ["Exact", "Prefix", "ImplementationSpecific"];
        let is_known = |it: &Value| it["pathType"].as_str().is_none_or(|it| known.contains(&it));
        let nth = paths.iter().position(|it| !is_known(it)).unwrap_or_default();
        return built.refuses_at(&format!("#/spec/rules/0/http/paths/{nth}"));
    }
    let mut left = tried(&built, &paths).as_array().cloned().unwrap_or_default();
    for member in ["wantExactPaths", "wantPrefixPaths", "wantImplementationSpecificPaths"] {
        let mut want = case.at(&format!("/row/{member}")).as_array().cloned().unwrap_or_default();
        let mut got: Vec<Value> = left.drain(..want.len().min(left.len())).collect();
        want.sort_by_key(ToString::to_string);
        got.sort_by_key(ToString::to_string);
        same(&built, &want.into(), &got.into())?;
    }
    same(&built, &json!([]), &left.into())
}

/// Which rules a listener has: each one's conditions and action are said by annotations.
pub(super) fn optimise(case: &Case) -> Result<(), String> {
    let rules = case.at("/row/args/rules").as_array().cloned().unwrap_or_default();
    let mut annotations = Map::new();
    let mut say = |suffix: String, value: String| {
        annotations.insert(format!("{PREFIX}{suffix}"), json!(value));
    };
    let protocol = text(case.at("/row/args/protocol"));
    say("listen-ports".into(), json!([{ protocol: case.at("/row/args/port") }]).to_string());
    say("certificate-arn".into(), "arn:aws:acm:own".into());
    for (nth, rule) in rules.iter().enumerate() {
        say(format!("actions.it-{nth}"), rule["Actions"][0].to_string());
        say(format!("conditions.it-{nth}"), rule["Conditions"].to_string());
    }
    let paths = (0..rules.len()).map(|nth| at(&format!("it-{nth}"), json!({})));
    let built = ingress(paths.collect(), annotations).build()?;
    let said = |actions: &Value, conditions: &Value| json!({ "Actions": actions, "Conditions": by_field(conditions) });
    let want = case.at("/row/want").as_array().into_iter().flatten();
    let want: Value = want.map(|it| said(&it["Actions"], &it["Conditions"])).collect();
    let got = specs(&built).into_iter().map(|it| said(&it["actions"], &it["conditions"]));
    same(&built, &want, &got.collect())
}

/// An Ingress with these paths under one rule.
fn ingress(paths: Vec<Value>, annotations: Map<String, Value>) -> Group {
    let metadata = json!({ "namespace": "case", "name": "case-0", "annotations": annotations });
    let ingress = json!({
        "apiVersion": "networking.k8s.io/v1", "kind": "Ingress", "metadata": metadata,
        "spec": { "rules": [{ "http": { "paths": paths } }] },
    });
    Group::new(vec![json!({ "ingress": ingress })])
}

/// The same where these backends answer at once.
fn answering(paths: Vec<Value>, mut annotations: Map<String, Value>, names: &[&str]) -> Group {
    let answer =
        json!({ "type": "fixed-response", "fixedResponseConfig": { "statusCode": "200" } });
    for name in names {
        annotations.insert(format!("{PREFIX}actions.{name}"), json!(answer.to_string()));
    }
    ingress(paths, annotations)
}

fn several(paths: &[Value]) -> Result<Built, String> {
    let all = paths.iter().map(|path| at("it", path.clone())).collect();
    answering(all, Map::new(), &["it"]).build()
}

/// A path whose backend's action stands in an annotation.
fn at(name: &str, mut path: Value) -> Value {
    path["backend"] = json!({ "service": { "name": name, "port": { "name": "use-annotation" } } });
    path
}

fn service_with(name: &str, port: &Value) -> Value {
    let port = match port {
        Value::String(name) => json!({ "name": name, "port": 80, "nodePort": 30080 }),
        number => json!({ "port": number, "nodePort": 30080 }),
    };
    json!({
        "apiVersion": "v1", "kind": "Service",
        "metadata": { "namespace": "case", "name": name },
        "spec": { "type": "NodePort", "ports": [port] },
    })
}

fn said(annotations: &Value) -> Map<String, Value> {
    annotations.as_object().cloned().unwrap_or_default()
}

/// Annotations of the row's Ingress with the prefix of the recording; it reads no others.
fn own(case: &Case, ingress: &str) -> Map<String, Value> {
    let parser = "/components/task:defaultModelBuildTask/annotationParser/annotationPrefix";
    let prefix = format!("{}/", text(case.at(parser)));
    let all = said(case.at(&format!("{ingress}/Ing/metadata/annotations")));
    let own = all.into_iter().filter_map(|(key, value)| {
        Some((format!("{PREFIX}{}", key.strip_prefix(&prefix)?), value))
    });
    own.collect()
}

/// The specs of all rules in the order in which they are tried.
fn specs(built: &Built) -> Vec<Value> {
    let keys = built.desired.rules.keys();
    keys.map(|(port, nth)| built.field(&format!("/{RULE}/{port}:{nth}/spec"))).collect()
}

fn first(built: &Built, member: &str) -> Value {
    specs(built).first().map(|it| it[member].clone()).unwrap_or_default()
}

/// The paths in the order of their rules.
fn tried(built: &Built, paths: &[Value]) -> Value {
    let origins = built.desired.rules.values().map(|rule| rule.origins.get("").to_string());
    let nth = origins.filter_map(|it| it.rsplit('/').next()?.parse::<usize>().ok());
    nth.filter_map(|nth| paths.get(nth).cloned()).collect()
}

/// Conditions of different fields in any order.
fn by_field(conditions: &Value) -> Value {
    let mut all = conditions.as_array().cloned().unwrap_or_default();
    all.sort_by_key(|it| it["field"].to_string());
    all.into()
}

/// Absent and empty say the same.
fn list(value: Value) -> Value {
    if value.is_null() { json!([]) } else { value }
}

fn same(built: &Built, want: &Value, got: &Value) -> Result<(), String> {
    diff::compare(want, got).map_err(|why| built.with_diagnostics(why))
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}
