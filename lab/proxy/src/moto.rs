//! What moto does otherwise than AWS, repaired on the way, so that a test sees AWS:
//!
//! | operation | moto | AWS, and so here |
//! |---|---|---|
//! | `SetRulePriorities` | refuses a priority that a rule moved by the same call still holds | looks at the order after the call: the rules are first moved out of the way |
//! | `CreateLoadBalancer`, `CreateListener` | make a second one of the same name, on the same port | "This operation is idempotent": the one that is there is answered |
//! | `DeregisterTargets` | `InvalidTarget` for a target that is not registered | success: each target is sent alone, that refusal is left out |
//! | `DescribeTargetGroups` | goes on naming load balancers that are deleted | names those that exist |
//! | `DescribeSubnets` | says the state of an IPv6 block as `{'State': 'associated'}` | `associated` |
//! | `ChangeResourceRecordSets` | refuses to create again what was made and deleted | creates: sent as an upsert |
//!
//! The signature no longer fits what is sent; moto does not look at it.

use bytes::Bytes;
use http::{Request, Response, header::CONTENT_LENGTH};

use crate::{
    name::Name,
    upstream::{Failure, Upstream},
};

/// Priorities that no test uses; AWS allows 1 to 50000.
const OUT_OF_THE_WAY: usize = 49_000;

type Form = Vec<(String, String)>;

/// One call, repaired.
pub(crate) async fn execute(
    upstream: &Upstream,
    request: Request<Bytes>,
) -> Result<Response<Bytes>, Failure> {
    match Name::of(&request).operation.as_str() {
        "SetRulePriorities" => set_rule_priorities(upstream, request).await,
        "CreateLoadBalancer" => create_load_balancer(upstream, request).await,
        "CreateListener" => create_listener(upstream, request).await,
        "DeregisterTargets" => deregister_targets(upstream, request).await,
        "DescribeTargetGroups" => describe_target_groups(upstream, request).await,
        "DescribeSubnets" => {
            let (mut parts, body) = upstream.send(request).await?.into_parts();
            let text = String::from_utf8_lossy(&body);
            let text = text.replace("{'State': 'associated'}", "associated");
            parts.headers.remove(CONTENT_LENGTH);
            Ok(Response::from_parts(parts, text.into()))
        }
        "ChangeResourceRecordSets" => {
            let text = String::from_utf8_lossy(request.body());
            let text = text.replace("<Action>CREATE</Action>", "<Action>UPSERT</Action>");
            upstream.send(with_body(&request, text)).await
        }
        _ => upstream.send(request).await,
    }
}

/// A test has fewer load balancers than one page holds.
async fn describe_target_groups(
    upstream: &Upstream,
    request: Request<Bytes>,
) -> Result<Response<Bytes>, Failure> {
    let balancers = describe(upstream, &request, "LoadBalancers", ("PageSize", "400")).await?;
    let balancers = String::from_utf8_lossy(balancers.body()).into_owned();
    let answer = upstream.send(request).await?;
    let (mut parts, body) = answer.into_parts();
    let text = String::from_utf8_lossy(&body);
    let is_gone = |part: &str| {
        let arn = part.split_once("</member>").map_or("", |(arn, _)| arn.trim());
        arn.contains(":loadbalancer/") && !balancers.contains(&format!(">{arn}<"))
    };
    let mut pieces = text.split("<member>");
    let mut kept = pieces.next().unwrap_or_default().to_owned();
    for piece in pieces {
        match piece.split_once("</member>") {
            Some((_, rest)) if is_gone(piece) => kept.push_str(rest),
            _ => kept.extend(["<member>", piece]),
        }
    }
    parts.headers.remove(CONTENT_LENGTH);
    Ok(Response::from_parts(parts, kept.into()))
}

async fn set_rule_priorities(
    upstream: &Upstream,
    request: Request<Bytes>,
) -> Result<Response<Bytes>, Failure> {
    let mut aside = form(&request);
    for (at, (key, value)) in aside.iter_mut().enumerate() {
        if key.ends_with(".Priority") {
            *value = (OUT_OF_THE_WAY + at).to_string();
        }
    }
    let moved = upstream.send(with_body(&request, encode(&aside))).await?;
    if moved.status().is_success() { upstream.send(request).await } else { Ok(moved) }
}

async fn create_load_balancer(
    upstream: &Upstream,
    request: Request<Bytes>,
) -> Result<Response<Bytes>, Failure> {
    let name = value(&request, "Name");
    let there = describe(upstream, &request, "LoadBalancers", ("Names.member.1", &name)).await?;
    created(upstream, request, "LoadBalancer", there).await
}

async fn create_listener(
    upstream: &Upstream,
    request: Request<Bytes>,
) -> Result<Response<Bytes>, Failure> {
    let balancer = value(&request, "LoadBalancerArn");
    let port = format!("<Port>{}</Port>", value(&request, "Port"));
    let all = describe(upstream, &request, "Listeners", ("LoadBalancerArn", &balancer)).await?;
    let text = String::from_utf8_lossy(all.body()).into_owned();
    // A listener's own port comes before those of its actions.
    let own = |listener: &&str| {
        listener.split("<DefaultActions>").next().is_some_and(|it| it.contains(&port))
    };
    let found = text.split("<ListenerArn>").skip(1).find(own);
    let Some((arn, _)) = found.and_then(|listener| listener.split_once('<')) else {
        return upstream.send(request).await;
    };
    let there = describe(upstream, &request, "Listeners", ("ListenerArns.member.1", arn)).await?;
    created(upstream, request, "Listener", there).await
}

/// The answer of a creation that finds what it should make.
async fn created(
    upstream: &Upstream,
    request: Request<Bytes>,
    kind: &str,
    there: Response<Bytes>,
) -> Result<Response<Bytes>, Failure> {
    let text = String::from_utf8_lossy(there.body()).into_owned();
    if !there.status().is_success() || !text.contains(&format!("<{kind}Arn>")) {
        return upstream.send(request).await;
    }
    let (mut parts, _) = there.into_parts();
    parts.headers.remove(CONTENT_LENGTH);
    let text = text.replace(&format!("Describe{kind}sRe"), &format!("Create{kind}Re"));
    Ok(Response::from_parts(parts, text.into()))
}

async fn describe(
    upstream: &Upstream,
    request: &Request<Bytes>,
    kinds: &str,
    of: (&str, &str),
) -> Result<Response<Bytes>, Failure> {
    let action = format!("Describe{kinds}");
    let ask = [("Action", action.as_str()), ("Version", "2015-12-01"), of];
    let ask = ask.map(|(key, value)| (key.to_owned(), value.to_owned())).into();
    upstream.send(with_body(request, encode(&ask))).await
}

async fn deregister_targets(
    upstream: &Upstream,
    request: Request<Bytes>,
) -> Result<Response<Bytes>, Failure> {
    let member =
        |key: &str| Some(key.strip_prefix("Targets.member.")?.split_once('.')?.0.to_owned());
    let all = form(&request);
    let mut members: Vec<String> = all.iter().filter_map(|(key, _)| member(key)).collect();
    members.dedup();
    for one in members {
        let alone: Form = all
            .iter()
            .filter(|(key, _)| member(key).is_none_or(|other| other == one))
            .map(|(key, value)| {
                (key.replace(&format!("member.{one}."), "member.1."), value.clone())
            })
            .collect();
        let answer = upstream.send(with_body(&request, encode(&alone))).await?;
        let unregistered = String::from_utf8_lossy(answer.body()).contains("InvalidTarget");
        if !answer.status().is_success() && !unregistered {
            return Ok(answer);
        }
    }
    let done = "<DeregisterTargetsResponse xmlns=\"http://elasticloadbalancing.amazonaws.com/doc/2015-12-01/\">\
                <DeregisterTargetsResult/></DeregisterTargetsResponse>";
    Ok(Response::builder()
        .header("content-type", "text/xml")
        .body(Bytes::from_static(done.as_bytes()))?)
}

fn form(request: &Request<Bytes>) -> Form {
    url::form_urlencoded::parse(request.body()).into_owned().collect()
}

/// A member of the request; empty where it is not there.
fn value(request: &Request<Bytes>, key: &str) -> String {
    form(request).into_iter().find(|(it, _)| it == key).map(|(_, value)| value).unwrap_or_default()
}

fn encode(form: &Form) -> String {
    url::form_urlencoded::Serializer::new(String::new()).extend_pairs(form).finish()
}

fn with_body(request: &Request<Bytes>, body: String) -> Request<Bytes> {
    let mut changed = request.clone();
    // The client that sends it counts again.
    changed.headers_mut().remove(CONTENT_LENGTH);
    *changed.body_mut() = body.into();
    changed
}
