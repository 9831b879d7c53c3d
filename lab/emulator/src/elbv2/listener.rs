//! Creating, describing, changing and deleting listeners.

use serde_json::{Value, json};

use super::actions::Action;
use super::answer::{invalid, page, parse, strings, text, tree, unconfigurable};
use super::routing::{self, Place};
use super::state::{Kind, Listener, LoadBalancer, Protocol, Rule};
use super::{attributes, certificates, rule, settle, ssl, tags};
use crate::{Account, Fault};

/// `AlpnPolicyName`s (API `CreateListener`).
const ALPN: [&str; 5] = ["HTTP1Only", "HTTP2Only", "HTTP2Optional", "HTTP2Preferred", "None"];

pub(super) fn create(account: &mut Account, input: &Value) -> Result<Value, Fault> {
    let balancer = account.elbv2.load_balancer(text(input, "LoadBalancerArn")?)?.clone();
    let tags = tags::given(account, input)?;
    let blank = blank(account, &balancer, input)?;
    let twin = account.elbv2.listeners_of(&balancer.arn).into_iter().find(|l| l.port == blank.port);
    let twin = twin.map(|twin| twin.arn.clone());
    let replaces = twin.as_ref().and_then(|arn| default_rule(account, arn));
    let mut made = configure(account, &balancer, blank, input, replaces.as_deref())?;
    made.tags = tags;
    if let Some(twin) = twin {
        return idempotent(account.elbv2.listener(&twin)?, &made);
    }
    let limit = account.settings.quotas.listeners_per_load_balancer;
    if account.elbv2.listeners_of(&balancer.arn).len() >= limit {
        let message = format!("A load balancer can have at most {limit} listeners");
        return Err(Fault::new("TooManyListeners", message));
    }
    let id = account.fresh_hex(16);
    made.arn = arn_of(&balancer.arn, &id);
    made.attributes = attributes::new_listener(made.protocol);
    add_default_rule(account, &made);
    let answer = json!({ "Listeners": [view(&made)] });
    account.elbv2.listeners.insert(made.arn.clone(), made);
    settle::settle(account);
    Ok(answer)
}

/// A load balancer's ARN with its own id after it, as a listener's.
fn arn_of(balancer: &str, id: &str) -> String {
    format!("{}/{id}", balancer.replacen(":loadbalancer/", ":listener/", 1))
}

/// The same listener again is no error; another one on the same port is.
fn idempotent(twin: &Listener, made: &Listener) -> Result<Value, Fault> {
    let same = twin.protocol == made.protocol
        && twin.ssl_policy == made.ssl_policy
        && twin.default_certificate == made.default_certificate
        && twin.default_actions == made.default_actions
        && twin.alpn_policy == made.alpn_policy
        && twin.mutual_authentication == made.mutual_authentication
        && twin.tags == made.tags;
    if same {
        return Ok(json!({ "Listeners": [view(twin)] }));
    }
    let message = "A listener already exists on this port for this load balancer";
    Err(Fault::new("DuplicateListener", format!("{message} '{}'", twin.load_balancer_arn)))
}

fn add_default_rule(account: &mut Account, listener: &Listener) {
    let rule = Rule {
        arn: rule::fresh_arn(account, &listener.arn),
        listener_arn: listener.arn.clone(),
        priority: None,
        conditions: Vec::new(),
        actions: listener.default_actions.clone(),
        transforms: Vec::new(),
        tags: Default::default(),
    };
    account.elbv2.rules.insert(rule.arn.clone(), rule);
}

fn default_rule(account: &Account, listener: &str) -> Option<String> {
    let rules = account.elbv2.rules_of(listener);
    rules.into_iter().find(|rule| rule.priority.is_none()).map(|rule| rule.arn.clone())
}

/// A listener with port and protocol and nothing else yet.
fn blank(account: &Account, balancer: &LoadBalancer, input: &Value) -> Result<Listener, Fault> {
    let gateway = balancer.kind == Kind::Gateway;
    let port = input["Port"].as_u64().and_then(|port| u16::try_from(port).ok());
    if gateway && (port.is_some() || input["Protocol"].is_string()) {
        return Err(unconfigurable("A Gateway Load Balancer's listener has no port or protocol"));
    }
    let (port, protocol) = match (port, &input["Protocol"]) {
        _ if gateway => (6081, Protocol::Geneve),
        (None, _) => return Err(invalid("A port must be specified")),
        (_, Value::Null) => return Err(invalid("A protocol must be specified")),
        (Some(port), given) => (port, parse(given)?),
    };
    Ok(Listener {
        arn: String::new(),
        load_balancer_arn: account.elbv2.load_balancer(&balancer.arn)?.arn.clone(),
        port,
        protocol,
        ssl_policy: None,
        default_certificate: None,
        certificates: Vec::new(),
        default_actions: Vec::new(),
        alpn_policy: Vec::new(),
        mutual_authentication: None,
        attributes: Default::default(),
        tags: Default::default(),
    })
}

/// Puts what the call gives over what the listener has, and checks the whole.
fn configure(
    account: &Account,
    balancer: &LoadBalancer,
    mut listener: Listener,
    input: &Value,
    replaces: Option<&str>,
) -> Result<Listener, Fault> {
    check_protocol(balancer.kind, listener.protocol)?;
    let given = certificates::given(account, input)?;
    if given.len() > 1 {
        let message = "A listener takes one default certificate";
        return Err(Fault::new("TooManyCertificates", message));
    }
    secure(&mut listener, given.into_iter().next(), input)?;
    if let Some(policies) = input["AlpnPolicy"].as_array() {
        listener.alpn_policy = alpn(listener.protocol, policies)?;
    }
    if input["MutualAuthentication"].is_object() {
        let given = &input["MutualAuthentication"];
        listener.mutual_authentication = mutual(account, listener.protocol, given)?;
    }
    if listener.protocol != Protocol::Https {
        listener.mutual_authentication = None;
    }
    if !input["DefaultActions"].is_null() {
        let actions: Vec<Action> = parse(&input["DefaultActions"])?;
        let place = Place { balancer, protocol: listener.protocol, port: listener.port, replaces };
        listener.default_actions = routing::check(account, &place, actions)?;
    }
    Ok(listener)
}

fn check_protocol(kind: Kind, protocol: Protocol) -> Result<(), Fault> {
    let ok = match kind {
        Kind::Application => protocol.is_http(),
        Kind::Network => !protocol.is_http() && protocol != Protocol::Geneve,
        Kind::Gateway => protocol == Protocol::Geneve,
    };
    let message = || format!("Protocol {protocol:?} is not supported on this load balancer");
    if ok { Ok(()) } else { Err(Fault::new("UnsupportedProtocol", message())) }
}

/// Policy and default certificate: wanted with HTTPS and TLS, gone or refused without.
fn secure(
    listener: &mut Listener,
    certificate: Option<String>,
    input: &Value,
) -> Result<(), Fault> {
    let policy = input["SslPolicy"].as_str();
    if !listener.protocol.is_secure() {
        if certificate.is_some() || policy.is_some() {
            let message = "Certificates and security policies are for HTTPS and TLS listeners";
            return Err(unconfigurable(message));
        }
        listener.ssl_policy = None;
        listener.default_certificate = None;
        listener.certificates.clear();
        return Ok(());
    }
    listener.default_certificate = certificate.or(listener.default_certificate.take());
    if listener.default_certificate.is_none() {
        return Err(invalid("A certificate must be specified for HTTPS and TLS listeners"));
    }
    let policy = policy.map(str::to_owned).or(listener.ssl_policy.take());
    let policy = policy.unwrap_or_else(|| ssl::DEFAULT.to_owned());
    ssl::check(&policy)?;
    listener.ssl_policy = Some(policy);
    Ok(())
}

fn alpn(protocol: Protocol, policies: &[Value]) -> Result<Vec<String>, Fault> {
    let names: Vec<String> = policies.iter().filter_map(Value::as_str).map(str::to_owned).collect();
    if names.len() > 1 || (!names.is_empty() && protocol != Protocol::Tls) {
        return Err(unconfigurable("One ALPN policy, and only on a TLS listener"));
    }
    match names.iter().find(|name| !ALPN.contains(&name.as_str())) {
        Some(name) => {
            Err(Fault::new("ALPNPolicyNotFound", format!("ALPN policy '{name}' does not exist")))
        }
        None => Ok(names),
    }
}

/// `off` is the same as nothing said. What verification leaves open is no, as AWS shows it.
fn mutual(account: &Account, protocol: Protocol, given: &Value) -> Result<Option<Value>, Fault> {
    let mode = given["Mode"].as_str().unwrap_or("off");
    if protocol != Protocol::Https && mode != "off" {
        return Err(unconfigurable("Mutual authentication is for HTTPS listeners"));
    }
    let more = ["TrustStoreArn", "IgnoreClientCertificateExpiry", "AdvertiseTrustStoreCaNames"];
    match (mode, given["TrustStoreArn"].as_str()) {
        ("off", _) if more.iter().all(|member| given[*member].is_null()) => Ok(None),
        ("passthrough", _) if more.iter().all(|member| given[*member].is_null()) => {
            Ok(Some(given.clone()))
        }
        ("verify", Some(arn)) => match account.elbv2.trust_store(arn)?.status.as_str() {
            "ACTIVE" => Ok(Some(verify(given))),
            _ => {
                let message = format!("Trust store '{arn}' is not active");
                Err(Fault::new("TrustStoreNotReady", message))
            }
        },
        _ => Err(unconfigurable("A trust store goes with mode 'verify', and only with it")),
    }
}

fn verify(given: &Value) -> Value {
    let or = |member: &str, default: Value| match &given[member] {
        Value::Null => default,
        given => given.clone(),
    };
    json!({
        "Mode": "verify",
        "TrustStoreArn": given["TrustStoreArn"],
        "IgnoreClientCertificateExpiry": or("IgnoreClientCertificateExpiry", false.into()),
        "AdvertiseTrustStoreCaNames": or("AdvertiseTrustStoreCaNames", "off".into()),
        "TrustStoreAssociationStatus": "active",
    })
}

/// The API's `Listener`.
pub(super) fn view(listener: &Listener) -> Value {
    let mut view = json!({
        "ListenerArn": listener.arn,
        "LoadBalancerArn": listener.load_balancer_arn,
        "DefaultActions": tree(&listener.default_actions),
    });
    if listener.protocol != Protocol::Geneve {
        view["Port"] = listener.port.into();
        view["Protocol"] = tree(&listener.protocol);
    }
    if let Some(policy) = &listener.ssl_policy {
        view["SslPolicy"] = policy.as_str().into();
    }
    if let Some(certificate) = &listener.default_certificate {
        view["Certificates"] = json!([{ "CertificateArn": certificate }]);
    }
    if !listener.alpn_policy.is_empty() {
        view["AlpnPolicy"] = tree(&listener.alpn_policy);
    }
    if let Some(mutual) = &listener.mutual_authentication {
        view["MutualAuthentication"] = mutual.clone();
    } else if listener.protocol == Protocol::Https {
        view["MutualAuthentication"] = json!({ "Mode": "off" });
    }
    view
}

pub(super) fn describe(account: &mut Account, input: &Value) -> Result<Value, Fault> {
    let arns = strings(input, "ListenerArns");
    let views = match input["LoadBalancerArn"].as_str() {
        Some(balancer) => {
            account.elbv2.load_balancer(balancer)?;
            account.elbv2.listeners_of(balancer).into_iter().map(view).collect()
        }
        None if arns.is_empty() => {
            return Err(invalid("Either a load balancer or listeners must be specified"));
        }
        None => {
            let found: Result<Vec<_>, _> =
                arns.iter().map(|arn| account.elbv2.listener(arn).map(view)).collect();
            found?
        }
    };
    page("Listeners", views, input)
}

pub(super) fn modify(account: &mut Account, input: &Value) -> Result<Value, Fault> {
    let mut changed = account.elbv2.listener(text(input, "ListenerArn")?)?.clone();
    let balancer = account.elbv2.load_balancer(&changed.load_balancer_arn)?.clone();
    if let Some(port) = input["Port"].as_u64().and_then(|port| u16::try_from(port).ok()) {
        let others = account.elbv2.listeners_of(&balancer.arn);
        if others.iter().any(|other| other.port == port && other.arn != changed.arn) {
            let message = "A listener already exists on this port for this load balancer";
            return Err(Fault::new("DuplicateListener", message));
        }
        changed.port = port;
    }
    let before = changed.protocol;
    if input["Protocol"].is_string() {
        changed.protocol = parse(&input["Protocol"])?;
    }
    let rule = default_rule(account, &changed.arn);
    let mut changed = configure(account, &balancer, changed, input, rule.as_deref())?;
    if changed.protocol != before {
        changed.attributes = attributes::new_listener(changed.protocol);
    }
    if let Some(rule) = rule {
        account.elbv2.rule_mut(&rule)?.actions.clone_from(&changed.default_actions);
    }
    let answer = json!({ "Listeners": [view(&changed)] });
    account.elbv2.listeners.insert(changed.arn.clone(), changed);
    settle::settle(account);
    Ok(answer)
}

pub(super) fn delete(account: &mut Account, input: &Value) -> Result<Value, Fault> {
    let arn = account.elbv2.listener(text(input, "ListenerArn")?)?.arn.clone();
    account.elbv2.listeners.remove(&arn);
    account.elbv2.rules.retain(|_, rule| rule.listener_arn != arn);
    settle::settle(account);
    Ok(json!({}))
}
