//! What belongs to no load balancer: quotas and trust stores.

use serde_json::{Value, json};

use super::answer::{page, strings, tree};
use super::state::TrustStore;
use crate::{Account, Fault};

pub(super) fn describe_limits(account: &mut Account, input: &Value) -> Result<Value, Fault> {
    let quotas = &account.settings.quotas;
    let limits = [
        ("application-load-balancers", quotas.load_balancers),
        ("certificates-per-application-load-balancer", quotas.certificates_per_load_balancer),
        ("certificates-per-network-load-balancer", quotas.certificates_per_load_balancer),
        ("condition-values-per-alb-rule", quotas.condition_values_per_rule),
        ("condition-wildcards-per-alb-rule", quotas.condition_wildcards_per_rule),
        ("listeners-per-application-load-balancer", quotas.listeners_per_load_balancer),
        ("listeners-per-network-load-balancer", quotas.listeners_per_load_balancer),
        ("network-load-balancers", quotas.load_balancers),
        ("rules-per-application-load-balancer", quotas.rules_per_load_balancer),
        ("target-groups", quotas.target_groups),
        ("target-groups-per-application-load-balancer", quotas.target_groups_per_load_balancer),
        ("target-id-registrations-per-application-load-balancer", quotas.registrations_per_target),
        ("targets-per-application-load-balancer", quotas.targets_per_load_balancer),
        ("targets-per-network-load-balancer", quotas.targets_per_load_balancer),
        ("targets-per-target-group", quotas.targets_per_target_group),
    ];
    let limits = limits.iter().map(|(name, max)| json!({ "Name": name, "Max": max.to_string() }));
    page("Limits", limits.collect(), input)
}

pub(super) fn describe_trust_stores(account: &mut Account, input: &Value) -> Result<Value, Fault> {
    let (arns, names) = (strings(input, "TrustStoreArns"), strings(input, "Names"));
    for arn in &arns {
        account.elbv2.trust_store(arn)?;
    }
    let all = || account.elbv2.trust_stores.values();
    if let Some(missing) = names.iter().find(|name| !all().any(|store| store.name == **name)) {
        let message = format!("Trust store '{missing}' not found");
        return Err(Fault::new("TrustStoreNotFound", message));
    }
    let every = arns.is_empty() && names.is_empty();
    let named = all().filter(|store| {
        every || arns.contains(&store.trust_store_arn) || names.contains(&store.name)
    });
    let view = |store: &TrustStore| {
        tree(&TrustStore { ca_certificates_bundle: String::new(), ..store.clone() })
    };
    page("TrustStores", named.map(view).collect(), input)
}
