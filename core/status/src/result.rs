//! What stands after everything has settled, in the field's words.

use std::collections::BTreeMap;

use inroad_desired::Desired;
use inroad_plan::{Plan, phrase};
use inroad_words::record::{Record, RecordData};

/// What is known of a load balancer besides what was desired.
#[derive(Debug, Clone, Default)]
pub struct Balancer {
    /// Its DNS name.
    pub dns_name: String,
    /// Where it answers, as text.
    pub address: String,
    /// Its target groups by resource id.
    pub groups: BTreeMap<String, Group>,
}

/// A target group as it serves now.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Group {
    /// Registrations that pass their health checks.
    pub healthy: usize,
    /// All registrations.
    pub registered: usize,
}

/// A load balancer with listeners, rules and where they lead. Of a stack that is held, only that: what
/// is asked for is not what stands.
pub fn balancer(desired: &Desired, plan: &Plan, seen: &Balancer) -> String {
    if let Some(hold) = &desired.held.unit {
        return format!("{} stays as it is: {}\n  {}\n", hold.subject, hold.reason, seen.dns_name);
    }
    let mut text = String::new();
    for resource in desired.load_balancers.values() {
        let (name, scheme) = (&resource.spec.name, resource.spec.scheme.as_str());
        text.push_str(&format!("load-balancer {name}  {scheme}  {}\n", seen.address));
        text.push_str(&format!("  {}\n", seen.dns_name));
    }
    for (port, listener) in &desired.listeners {
        let spec = &listener.spec;
        let certificates = match spec.certificates.len() {
            0 => String::new(),
            1 => "  1 certificate".to_owned(),
            n => format!("  {n} certificates"),
        };
        text.push_str(&format!("  listener {port} {}{certificates}\n", spec.protocol.as_str()));
        let rules = desired.rules.range((*port, 0)..=(*port, u32::MAX));
        for ((_, priority), rule) in rules {
            let when = phrase::conditions(&rule.spec.conditions);
            let what = phrase::deeds(&rule.spec, &plan.names);
            text.push_str(&format!("    {priority:>3}  {when}  {what}\n"));
        }
        let default = phrase::actions(&spec.default_actions, &plan.names);
        text.push_str(&format!("    else  {default}\n"));
    }
    text.push_str(&groups(desired, seen));
    text
}

fn groups(desired: &Desired, seen: &Balancer) -> String {
    let mut text = String::new();
    for (id, resource) in &desired.target_groups {
        let spec = &resource.spec;
        let Group { healthy, registered } = seen.groups.get(id).cloned().unwrap_or_default();
        let service = desired.bindings.get(id).map_or_else(String::new, |binding| {
            let spec = &binding.spec;
            format!("  service/{}/{}:{}", spec.namespace, spec.service, spec.port)
        });
        text.push_str(&format!(
            "  target-group {id}{service}  {} {}  {healthy} of {registered} healthy\n",
            spec.protocol.as_str(),
            spec.target_type.as_str(),
        ));
    }
    text
}

/// The records that a zone should have; ownership records are not for people.
pub fn records(desired: &Desired) -> String {
    let all = desired.records.iter().flat_map(BTreeMap::values).filter_map(|wanted| wanted.first());
    all.map(|wanted| record(&wanted.record.spec)).collect()
}

fn record(record: &Record) -> String {
    let to = match &record.data {
        RecordData::Values(values) => values.iter().cloned().collect::<Vec<_>>().join(", "),
        RecordData::Alias { target, .. } => format!("alias {target}"),
    };
    format!("  {}  {to}\n", record.key)
}
