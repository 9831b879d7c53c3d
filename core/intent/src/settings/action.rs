//! What `actions.<name>` says (load-balancers.md 1.5). In: its JSON. Out: an action whose Services are
//! not looked up yet. What AWS would refuse is refused here already, as a refused call tells it late.

use inroad_words::{
    balancer::{FixedResponse, Redirect, Stickiness},
    targets::PortRef,
};
use serde::Deserialize;

use super::{Fallback, Merge, Row, Scope, Setting, json, no_params};

pub(crate) static ACTIONS: Setting<ActionAsk> = Setting {
    row: Row {
        id: "rule.actions",
        ingress: "actions.",
        service: None,
        gateway: None,
        params: None,
        scope: Scope::Rule,
        merge: Merge::PerMember,
        doc: "What a backend <name> with port use-annotation does, as JSON: forward to Services and \
              target groups by weight, redirect, fixed-response.",
    },
    parse: action,
    fallback: Fallback::Nothing,
    params: no_params,
};

/// An action as its annotation says it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum ActionAsk {
    /// To target groups by weight.
    Forward {
        /// At least one.
        targets: Vec<(Aim, Option<u32>)>,
        /// `targetGroupStickinessConfig`.
        stickiness: Option<Stickiness>,
    },
    Redirect(Redirect),
    FixedResponse(FixedResponse),
}

/// Where a forward leads.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Aim {
    /// A Service of the Ingress's namespace, and its port.
    Service(String, PortRef),
    Arn(String),
    Name(String),
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Spelled {
    #[serde(rename = "type")]
    kind: Option<String>,
    #[serde(rename = "targetgrouparn")]
    arn: Option<String>,
    #[serde(rename = "targetgroupname")]
    name: Option<String>,
    #[serde(rename = "forwardconfig")]
    forward: Option<SpelledForward>,
    #[serde(rename = "redirectconfig")]
    redirect: Option<SpelledRedirect>,
    #[serde(rename = "fixedresponseconfig")]
    fixed_response: Option<SpelledAnswer>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct SpelledForward {
    #[serde(rename = "targetgroups")]
    targets: Option<Vec<SpelledTarget>>,
    #[serde(rename = "targetgroupstickinessconfig")]
    stickiness: Option<SpelledStickiness>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct SpelledTarget {
    #[serde(rename = "targetgrouparn")]
    arn: Option<String>,
    #[serde(rename = "targetgroupname")]
    name: Option<String>,
    #[serde(rename = "servicename")]
    service: Option<String>,
    #[serde(rename = "serviceport")]
    port: Option<SpelledPort>,
    weight: Option<i64>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum SpelledPort {
    Number(i32),
    Text(String),
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct SpelledStickiness {
    enabled: Option<bool>,
    #[serde(rename = "durationseconds")]
    seconds: Option<i64>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct SpelledRedirect {
    host: Option<String>,
    path: Option<String>,
    port: Option<String>,
    protocol: Option<String>,
    query: Option<String>,
    statuscode: Option<String>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct SpelledAnswer {
    contenttype: Option<String>,
    messagebody: Option<String>,
    statuscode: Option<String>,
}

fn action(text: &str) -> Result<ActionAsk, String> {
    let said: Option<Spelled> = json::read(text)?;
    let said = said.unwrap_or_default();
    match said.kind.as_deref().unwrap_or_default() {
        "forward" => forward(said),
        "redirect" => redirect(said.redirect.ok_or("a redirect needs redirectConfig")?),
        "fixed-response" => {
            let answer = said.fixed_response.ok_or("a fixed-response needs fixedResponseConfig")?;
            fixed_response(answer)
        }
        other => Err(format!("expected type forward, redirect or fixed-response, found {other:?}")),
    }
}

fn forward(said: Spelled) -> Result<ActionAsk, String> {
    let given = |text: Option<String>| text.filter(|text| !text.is_empty());
    match (given(said.arn), given(said.name), said.forward) {
        (Some(arn), None, None) => Ok(simple(Aim::Arn(arn))),
        (None, Some(name), None) => Ok(simple(Aim::Name(name))),
        (None, None, Some(config)) => weighted(config),
        _ => Err("a forward needs one of targetGroupARN, targetGroupName and forwardConfig".into()),
    }
}

fn simple(aim: Aim) -> ActionAsk {
    ActionAsk::Forward { targets: vec![(aim, None)], stickiness: None }
}

fn weighted(config: SpelledForward) -> Result<ActionAsk, String> {
    let said = config.targets.unwrap_or_default();
    let several = said.len() > 1;
    let mut targets = Vec::new();
    for target in said {
        let weight = target.weight.map(|weight| within(weight, 0..=999, "weight")).transpose()?;
        if several && weight.is_none() {
            return Err("each of several targetGroups needs a weight".into());
        }
        targets.push((aim(target)?, weight));
    }
    if targets.is_empty() {
        return Err("a forwardConfig needs targetGroups".into());
    }
    let stickiness = config.stickiness.map(stickiness).transpose()?;
    Ok(ActionAsk::Forward { targets, stickiness })
}

fn aim(said: SpelledTarget) -> Result<Aim, String> {
    let given = |text: Option<String>| text.filter(|text| !text.is_empty());
    match (given(said.arn), given(said.name), given(said.service)) {
        (Some(arn), None, None) => Ok(Aim::Arn(arn)),
        (None, Some(name), None) => Ok(Aim::Name(name)),
        (None, None, Some(service)) => {
            let port = said.port.ok_or_else(|| format!("{service} needs a servicePort"))?;
            Ok(Aim::Service(service, port_ref(port)?))
        }
        _ => {
            let one = "one of targetGroupARN, targetGroupName and serviceName";
            Err(format!("each of targetGroups needs {one}"))
        }
    }
}

/// Numbers may stand in quotes, as they had to once.
fn port_ref(said: SpelledPort) -> Result<PortRef, String> {
    let number = match said {
        SpelledPort::Number(number) => i64::from(number),
        SpelledPort::Text(text) => match text.parse() {
            Ok(number) => number,
            Err(_) if text.is_empty() => return Err("servicePort is empty".into()),
            Err(_) => return Ok(PortRef::Name(text)),
        },
    };
    let port = u16::try_from(number).ok().filter(|port| *port > 0);
    port.map(PortRef::Number).ok_or_else(|| format!("servicePort {number} is no port"))
}

fn stickiness(said: SpelledStickiness) -> Result<Stickiness, String> {
    let within = |seconds| within(seconds, 1..=604_800, "durationSeconds");
    let seconds = said.seconds.map(within).transpose()?;
    Ok(Stickiness { enabled: said.enabled.unwrap_or_default(), seconds })
}

fn within(number: i64, range: std::ops::RangeInclusive<u32>, what: &str) -> Result<u32, String> {
    let fits = u32::try_from(number).ok().filter(|number| range.contains(number));
    fits.ok_or_else(|| format!("expected a {what} from {} to {}", range.start(), range.end()))
}

fn redirect(said: SpelledRedirect) -> Result<ActionAsk, String> {
    let status_code = said.statuscode.ok_or("a redirect needs statusCode HTTP_301 or HTTP_302")?;
    if !matches!(status_code.as_str(), "HTTP_301" | "HTTP_302") {
        return Err(format!("expected statusCode HTTP_301 or HTTP_302, found {status_code:?}"));
    }
    let SpelledRedirect { host, path, port, protocol, query, .. } = said;
    Ok(ActionAsk::Redirect(Redirect { host, path, port, protocol, query, status_code }))
}

fn fixed_response(said: SpelledAnswer) -> Result<ActionAsk, String> {
    let status_code = said.statuscode.ok_or("a fixed-response needs a statusCode")?;
    let digits = status_code.len() == 3 && status_code.bytes().all(|it| it.is_ascii_digit());
    if !digits || !status_code.starts_with(['2', '4', '5']) {
        return Err(format!("expected a statusCode of 2XX, 4XX or 5XX, found {status_code:?}"));
    }
    if said.messagebody.as_ref().is_some_and(|body| body.len() > 1024) {
        return Err("a messageBody has at most 1024 bytes".into());
    }
    let (content_type, message_body) = (said.contenttype, said.messagebody);
    Ok(ActionAsk::FixedResponse(FixedResponse { content_type, message_body, status_code }))
}
