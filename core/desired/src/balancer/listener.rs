//! Listeners, with the rules under them.

use std::collections::BTreeMap;

use inroad_intent::model::{ListenerIntent, RouteAction};
use inroad_words::{
    Arn, Diagnostic, Field, Origin, Origins, ResourceKind, Said,
    balancer::{Action, FixedResponse, Listener, Rule},
    facts::Need,
    hold::HoldReason,
};

use super::{
    LOAD_BALANCER, certificates,
    rules::{self, Unsaid},
};
use crate::{codes, model::Resource, shape::Shaping};

/// Adds a listener with its rules, or holds all of it where it has no certificate.
pub(crate) fn shape(shaping: &mut Shaping<'_>, port: u16, asked: &ListenerIntent) {
    let mut origins = Origins::of(asked.origin.clone())
        .with("protocol", asked.origin.clone())
        .with("defaultActions", asked.default.origin.clone());
    let rules = rules::place(shaping, port, asked);
    let default = match default_action(shaping, port, &asked.default) {
        Ok(action) => action,
        Err(reason) => return hold(shaping, asked, &rules, port, reason),
    };
    let certificates = match certificates(shaping, port, asked, &mut origins) {
        Ok(certificates) => certificates,
        Err(reason) => return hold(shaping, asked, &rules, port, reason),
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
            Ok(Action::FixedResponse(FixedResponse {
                content_type: Some("text/plain".into()),
                message_body: None,
                status_code: "404".into(),
            }))
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
    if !choice.discover.is_empty()
        && let Some(why) = shaping.facts.missing.get(&Need::Certificates)
    {
        return Err(HoldReason::MissingFact(why.clone()));
    }
    if let Some(said) = choice.explicit.iter().find(|said| !said.value.starts_with("arn:")) {
        return Err(shaping.report(no_arn(port, said)));
    }
    let found = certificates::find(choice, &shaping.facts.certificates);
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
