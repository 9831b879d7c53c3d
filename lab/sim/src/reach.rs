//! Whom a request would reach in an account: the name's record, the load balancer, its listener, its rules in
//! their order, the target group, its targets. In: a snapshot. Out: addresses, and for whom they are. It knows what AWS does and
//! nothing of what was wished.

use std::collections::BTreeSet;

use serde_json::Value;

/// Where a request ends.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Reached {
    /// The stack that the load balancer's tags name.
    pub(crate) stack: String,
    /// What the target group's tags say that it is.
    pub(crate) group: String,
    /// The targets, but for those on their way out.
    pub(crate) addresses: BTreeSet<String>,
}

/// What is behind a host and a path on port 80.
pub(crate) fn reach(snapshot: &Value, host: &str, path: &str) -> Option<Reached> {
    let balancer = balancer(snapshot, host)?;
    let listener = items(&balancer["Listeners"]).find(|it| it["Port"] == 80)?;
    let priority = |rule: &&Value| rule["Priority"].as_str()?.parse::<u32>().ok();
    let meant = |rule: &&Value| items(&rule["Conditions"]).all(|it| meets(it, host, path));
    let rules = items(&listener["Rules"]).filter(|it| priority(it).is_some()).filter(meant);
    let rule = rules.min_by_key(priority)?;
    let groups = items(&rule["Actions"]).filter_map(|action| {
        let several = action.pointer("/ForwardConfig/TargetGroups/0/TargetGroupArn");
        several.or(action.get("TargetGroupArn"))
    });
    let arn = groups.last()?;
    let group = items(&snapshot["TargetGroups"]).find(|it| it["TargetGroupArn"] == *arn)?;
    let targets = crate::canonical::registered(&group["TargetHealthDescriptions"]);
    let addresses = items(&targets).filter_map(|it| it["Id"].as_str().map(str::to_owned));
    Some(Reached {
        stack: tag(balancer, "ingress.k8s.aws/stack"),
        group: tag(group, "ingress.k8s.aws/resource"),
        addresses: addresses.collect(),
    })
}

fn tag(tagged: &Value, key: &str) -> String {
    let tag = items(&tagged["Tags"]).find(|tag| tag["Key"] == key);
    tag.and_then(|tag| tag["Value"].as_str()).unwrap_or_default().to_owned()
}

/// The load balancer that the host's alias record names, if it exists.
fn balancer<'a>(snapshot: &'a Value, host: &str) -> Option<&'a Value> {
    let zones = items(&snapshot["HostedZones"]);
    let mut records = zones.flat_map(|zone| items(&zone["ResourceRecordSets"]));
    let record = records.find(|record| {
        let name = record["Name"].as_str().unwrap_or_default();
        name.trim_end_matches('.') == host && record["Type"] == "A"
    })?;
    let name = record.pointer("/AliasTarget/DNSName")?.as_str()?.trim_end_matches('.');
    let name = name.strip_prefix("dualstack.").unwrap_or(name);
    items(&snapshot["LoadBalancers"])
        .find(|it| it["DNSName"].as_str().is_some_and(|it| it.eq_ignore_ascii_case(name)))
}

/// Conditions of the two kinds that a wish asks for.
fn meets(condition: &Value, host: &str, path: &str) -> bool {
    let (config, text) = match condition["Field"].as_str() {
        Some("host-header") => (&condition["HostHeaderConfig"], host),
        Some("path-pattern") => (&condition["PathPatternConfig"], path),
        _ => return false,
    };
    items(&config["Values"]).filter_map(Value::as_str).any(|pattern| fits(pattern, text))
}

/// `*` at the end is the only wildcard that is asked for here.
fn fits(pattern: &str, text: &str) -> bool {
    match pattern.strip_suffix('*') {
        Some(stem) => text.starts_with(stem),
        None => pattern == text,
    }
}

pub(crate) fn items(list: &Value) -> impl Iterator<Item = &Value> {
    list.as_array().into_iter().flatten()
}
