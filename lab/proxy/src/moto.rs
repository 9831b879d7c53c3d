//! What moto does otherwise than AWS, repaired on the way, so that a test sees AWS:
//!
//! | operation | moto | AWS, and so here |
//! |---|---|---|
//! | `SetRulePriorities` | refuses a priority that a rule moved by the same call still holds | looks at the order after the call: the rules are first moved out of the way |
//! | `CreateLoadBalancer` | makes a second one of the same name | "This operation is idempotent": the one of that name is answered |
//! | `DeregisterTargets` | `InvalidTarget` for a target that is not registered | success: each target is sent alone, that refusal is left out |
//! | `DescribeTargetGroups` | goes on naming load balancers that are deleted | names those that exist |
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
        "DeregisterTargets" => deregister_targets(upstream, request).await,
        "DescribeTargetGroups" => describe_target_groups(upstream, request).await,
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
    let list = "Action=DescribeLoadBalancers&Version=2015-12-01".to_owned();
    let balancers = upstream.send(with_body(&request, list)).await?;
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
    let name = form(&request).into_iter().find_map(|(key, value)| (key == "Name").then_some(value));
    let mut ask: Form = [("Action", "DescribeLoadBalancers"), ("Version", "2015-12-01")]
        .map(|(key, value)| (key.to_owned(), value.to_owned()))
        .into();
    ask.extend(name.map(|name| ("Names.member.1".to_owned(), name)));
    let there = upstream.send(with_body(&request, encode(&ask))).await?;
    let text = String::from_utf8_lossy(there.body()).into_owned();
    if !there.status().is_success() || !text.contains("<LoadBalancerArn>") {
        return upstream.send(request).await;
    }
    let (mut parts, _) = there.into_parts();
    parts.headers.remove(CONTENT_LENGTH);
    let text = text.replace("DescribeLoadBalancersRe", "CreateLoadBalancerRe");
    Ok(Response::from_parts(parts, text.into()))
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
