//! Listeners, with the rules under them.

use std::collections::BTreeMap;

use inroad_intent::model::{ClientCertificates, ListenerIntent, MemberCertificates, RouteAction};
use inroad_words::{
    Arn, Diagnostic, Field, Origin, Origins, ResourceKind, Said,
    balancer::{Action, FixedResponse, Listener, ListenerProtocol, Mutual, Rule},
    facts::{Facts, Need},
    hold::HoldReason,
};

use super::{
    LOAD_BALANCER, certificates,
    rules::{self, Unsaid},
};
use crate::{codes, model::Resource, needs::unanswered, shape::Shaping};

/// Adds a listener with its rules, or holds all of it where it has no certificate, or where what it asks of
/// clients is not known.
pub(crate) fn shape(shaping: &mut Shaping<'_>, port: u16, asked: &ListenerIntent) {
    let mut origins = Origins::of(asked.origin.clone())
        .with("protocol", asked.origin.clone())
        .with("defaultActions", asked.default.origin.clone());
    let rules = rules::place(shaping, port, asked);
    let default = default_action(shaping, port, &asked.default);
    let certificates = certificates(shaping, port, asked, &mut origins);
    let mutual = mutual(shaping, asked, &mut origins);
    let (default, certificates, mutual) = match (default, certificates, mutual) {
        (Ok(default), Ok(certificates), Ok(mutual)) => (default, certificates, mutual),
        (Err(reason), ..) | (_, Err(reason), _) | (.., Err(reason)) => {
            return hold(shaping, asked, &rules, port, reason);
        }
    };
    if let Some(policy) = &asked.ssl_policy {
        origins.0.insert("sslPolicy".into(), policy.origin.clone());
    }
    let id = port.to_string();
    let spec = Listener {
        load_balancer: shaping.key(ResourceKind::LoadBalancer, LOAD_BALANCER).output(Field::Arn),
        port,
        protocol: asked.protocol,
        default_actions: vec![default],
        certificates,
        ssl_policy: asked.ssl_policy.as_ref().map(|policy| policy.value.clone()),
        mutual,
        attributes: super::attributes("listenerAttributes", &asked.attributes, &mut origins),
        tags: shaping.tagger().gated(&id, &asked.tags, &mut origins),
    };
    shaping.out.desired.listeners.insert(port, Resource { spec, origins });
    shaping.out.desired.rules.extend(rules);
}

/// What is done where no rule matches. `Err`: the listener must wait. Where a mistake hides it, what is
/// deployed stays, and a new listener says that nothing is there.
fn default_action(
    shaping: &mut Shaping<'_>,
    port: u16,
    asked: &Said<RouteAction>,
) -> Result<Action, HoldReason> {
    match rules::action(shaping, &asked.value, &asked.origin) {
        Ok(action) => Ok(action),
        Err(Unsaid::Waits(reason)) => Err(reason),
        Err(Unsaid::Mistake) => {
            shaping.kept.defaults.insert(port);
            Ok(Action::FixedResponse(FixedResponse::plain("404", None)))
        }
    }
}

/// The listener's certificates; none for HTTP. `Err`: it must wait.
fn certificates(
    shaping: &mut Shaping<'_>,
    port: u16,
    asked: &ListenerIntent,
    origins: &mut Origins,
) -> Result<Vec<Arn>, HoldReason> {
    let Some(choice) = &asked.certificates else { return Ok(Vec::new()) };
    let asks = [Need::Certificates, Need::CertificateAuthorities];
    if certificates::discovers(choice)
        && let Some(why) = asks.iter().find_map(|need| shaping.facts.missing.get(need))
    {
        return Err(HoldReason::MissingFact(why.clone()));
    }
    let named = choice.iter().flat_map(|member| match member {
        MemberCertificates::Named(arns) => arns.as_slice(),
        MemberCertificates::Discover(_) => &[],
    });
    if let Some(said) = named.into_iter().find(|said| !said.value.starts_with("arn:")) {
        return Err(shaping.report(no_arn(port, said)));
    }
    let issued = certificates::visible(shaping.facts, &shaping.controller.balancers);
    let found = certificates::find(choice, &issued);
    for host in &found.uncovered {
        shaping.report(
            Diagnostic::error(
                codes::HOST_WITHOUT_CERTIFICATE,
                host.origin.clone(),
                format!("no issued certificate covers {}", host.value),
            )
            .help(
                "issue one in ACM in the load balancer's region, or name one in `certificate-arn`",
            ),
        );
    }
    if found.arns.is_empty() {
        return Err(shaping.report(without_certificate(port, asked.origin.clone())));
    }
    for (nth, arn) in found.arns.iter().enumerate() {
        origins.0.insert(format!("certificates.{nth}"), found.origins[arn].clone());
    }
    Ok(found.arns)
}

/// What is asked of clients' certificates. `Err`: it must wait, as it is never served without what was
/// asked for.
fn mutual(
    shaping: &mut Shaping<'_>,
    asked: &ListenerIntent,
    origins: &mut Origins,
) -> Result<Option<Mutual>, HoldReason> {
    let said = match &asked.clients {
        ClientCertificates::Said(said) => said,
        ClientCertificates::Unreadable(_) => {
            return Err(HoldReason::Diagnostic(codes::BAD_VALUE.to_string()));
        }
        ClientCertificates::Unsaid => {
            let off = shaping.controller.balancers.enhanced_defaults
                && asked.protocol == ListenerProtocol::Https;
            return Ok(off.then_some(Mutual::Off));
        }
    };
    origins.0.insert("mutualAuthentication".into(), said.origin.clone());
    let about = |need: &Need| match (need, said.value.verify()) {
        (Need::TrustStores(asked), Some(verify)) => asked.contains(&verify.trust_store),
        _ => false,
    };
    if let Some(reason) = unanswered(shaping.facts, about) {
        return Err(reason);
    }
    let tell = |store: &String| trust_store(shaping.facts, store).ok_or_else(|| store.clone());
    said.value.with_store(tell).map(Some).map_err(|store| {
        let message = format!("there is no trust store {store:?}, so its listener waits");
        shaping.report(
            Diagnostic::error(codes::TRUST_STORE_UNKNOWN, said.origin.clone(), message)
                .help("create it in the load balancer's region, or name another by name or ARN"),
        )
    })
}

/// The trust store of this name, where it is known; an ARN is its own.
pub(crate) fn trust_store(facts: &Facts, store: &str) -> Option<Arn> {
    let given = store.starts_with("arn:").then(|| Arn(store.to_owned()));
    given.or_else(|| facts.trust_stores.get(store).cloned())
}

/// AWS would refuse the whole listener; leaving the word out might change which certificate is shown.
fn no_arn(port: u16, said: &Said<String>) -> Diagnostic {
    let message = format!("{:?} is no certificate ARN, so listener {port} waits", said.value);
    Diagnostic::error(codes::CERTIFICATE_NOT_AN_ARN, said.origin.clone(), message).help(
        "give ARNs (`arn:aws:acm:…`), or leave `certificate-arn` out to have them found by host",
    )
}

fn without_certificate(port: u16, origin: Origin) -> Diagnostic {
    let message = format!("HTTPS listener {port} has no certificate, so it cannot be made");
    Diagnostic::error(codes::LISTENER_WITHOUT_CERTIFICATE, origin, message)
        .help("name a certificate in `certificate-arn`, or give its rules hosts that one covers")
}

fn hold(
    shaping: &mut Shaping<'_>,
    asked: &ListenerIntent,
    rules: &BTreeMap<(u16, u32), Resource<Rule>>,
    port: u16,
    reason: HoldReason,
) {
    shaping.hold(ResourceKind::Listener, &port.to_string(), reason.clone(), &asked.origin);
    for ((port, priority), rule) in rules {
        let id = rules::id(*port, *priority);
        shaping.hold(ResourceKind::Rule, &id, reason.clone(), &rule.origins.get(""));
    }
}
