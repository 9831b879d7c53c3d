//! Load balancing in a snapshot of an account: `LoadBalancers` and `TargetGroups` as the API describes
//! them, each with what hangs on it inside (`Attributes`, `Tags`, `Listeners`, `Rules`, ...).

use jiff::Timestamp;
use serde_json::{Value, json};

use super::actions::{Action, ActionType};
use super::answer::{list, tree};
use super::health::{Health, State, Target, drains_until};
use super::state::{Elbv2, Listener, LoadBalancer, Pairs, Protocol, Rule, TargetGroup, TrustStore};
use super::target_group;
use super::{attributes, certificates, listener, load_balancer, routing, rule, target};
use crate::Account;

/// Everything that load balancing holds.
pub fn snapshot(account: &Account) -> Value {
    let state = &account.elbv2;
    let usage = state.usage();
    let balancers = state.load_balancers.values().map(|one| balancer_view(account, one));
    let groups = state.target_groups.values().map(|group| {
        let by = usage.get(group.arn.as_str()).into_iter().flatten();
        let mut view = target_group::with_usage(group, by);
        view["Attributes"] = list(&group.attributes);
        view["Tags"] = list(&group.tags);
        let targets = state.targets_of(&group.arn).iter();
        view["TargetHealthDescriptions"] =
            targets.map(|one| target::view(group, one, false)).collect();
        view
    });
    let mut document = json!({
        "LoadBalancers": balancers.collect::<Vec<_>>(),
        "TargetGroups": groups.collect::<Vec<_>>(),
    });
    if !state.trust_stores.is_empty() {
        document["TrustStores"] = state.trust_stores.values().map(tree).collect();
    }
    document
}

fn balancer_view(account: &Account, balancer: &LoadBalancer) -> Value {
    let mut view = load_balancer::view(account, balancer);
    view["Attributes"] = list(&balancer.attributes);
    view["Tags"] = list(&balancer.tags);
    let listeners = account.elbv2.listeners_of(&balancer.arn).into_iter();
    view["Listeners"] = listeners.map(|one| listener_view(&account.elbv2, one)).collect();
    view
}

fn listener_view(state: &Elbv2, one: &Listener) -> Value {
    let mut view = listener::view(one);
    view["AllCertificates"] = certificates::views(one).into();
    view["Attributes"] = list(&one.attributes);
    view["Tags"] = list(&one.tags);
    let rules = state.rules_of(&one.arn).into_iter().map(|one| {
        let mut view = rule::view(one);
        view["Tags"] = list(&one.tags);
        view
    });
    view["Rules"] = rules.collect();
    view
}

/// Puts a snapshot's load balancing in the place of the account's: ARNs, names, priorities and health stay
/// what they were, attributes that it does not mention get their defaults.
///
/// # Errors
/// A sentence that says what in the document is not what the API gives.
pub fn restore(account: &mut Account, document: &Value) -> Result<(), String> {
    let mut state = Elbv2 { allocations: account.elbv2.allocations.clone(), ..Default::default() };
    for tree in items(document, "LoadBalancers") {
        let balancer = read_balancer(account, tree)?;
        for inner in items(tree, "Listeners") {
            read_listener(&mut state, &balancer.arn, inner)?;
        }
        state.load_balancers.insert(balancer.arn.clone(), balancer);
    }
    for tree in items(document, "TargetGroups") {
        let mut group: TargetGroup = typed(tree)?;
        group.attributes =
            attributes::restored(attributes::new_group(&group), pairs(tree, "Attributes"));
        group.tags = pairs(tree, "Tags");
        let health = items(tree, "TargetHealthDescriptions");
        let targets = health.map(|tree| read_target(&group, tree, account.now));
        state.targets.insert(group.arn.clone(), targets.collect::<Result<_, _>>()?);
        state.target_groups.insert(group.arn.clone(), group);
    }
    for tree in items(document, "TrustStores") {
        let store: TrustStore = typed(tree)?;
        state.trust_stores.insert(store.trust_store_arn.clone(), store);
    }
    account.elbv2 = state;
    Ok(())
}

fn items<'a>(tree: &'a Value, member: &str) -> impl Iterator<Item = &'a Value> {
    tree[member].as_array().into_iter().flatten()
}

fn typed<T: serde::de::DeserializeOwned>(tree: &Value) -> Result<T, String> {
    serde_json::from_value(tree.clone()).map_err(|error| format!("{error} in {tree}"))
}

fn pairs(tree: &Value, member: &str) -> Pairs {
    let pair = |one: &Value| Some((one["Key"].as_str()?.into(), one["Value"].as_str()?.into()));
    items(tree, member).filter_map(pair).collect()
}

fn text(tree: &Value, member: &str) -> Result<String, String> {
    let missing = || format!("{member} is missing in {tree}");
    tree[member].as_str().map(str::to_owned).ok_or_else(missing)
}

fn read_balancer(account: &Account, tree: &Value) -> Result<LoadBalancer, String> {
    let mut one: LoadBalancer = typed(tree)?;
    let provisioning = tree["State"]["Code"] == "provisioning";
    one.active_at =
        if provisioning { account.now + account.settings.provisioning } else { one.created };
    let defaults = attributes::new_balancer(one.kind, &one.scheme);
    one.attributes = attributes::restored(defaults, pairs(tree, "Attributes"));
    one.tags = pairs(tree, "Tags");
    Ok(one)
}

/// A listener with its rules. A policy on a listener without TLS is dropped: AWS knows none there.
fn read_listener(state: &mut Elbv2, balancer: &str, tree: &Value) -> Result<(), String> {
    let protocol: Protocol = match &tree["Protocol"] {
        Value::Null => Protocol::Geneve,
        told => typed(told)?,
    };
    let certificates = |default: bool| {
        let all = items(tree, "AllCertificates");
        let some = all.filter(move |one| one["IsDefault"].as_bool().unwrap_or(false) == default);
        some.filter_map(|one| one["CertificateArn"].as_str().map(str::to_owned))
    };
    let policy = tree["SslPolicy"].as_str().filter(|_| protocol.is_secure());
    let mutual = &tree["MutualAuthentication"];
    let one = Listener {
        arn: text(tree, "ListenerArn")?,
        load_balancer_arn: balancer.to_owned(),
        port: tree["Port"].as_u64().and_then(|port| port.try_into().ok()).unwrap_or(6081),
        protocol,
        ssl_policy: policy.map(str::to_owned),
        default_certificate: certificates(true).next(),
        certificates: certificates(false).collect(),
        default_actions: read_actions(&tree["DefaultActions"])?,
        alpn_policy: super::answer::strings(tree, "AlpnPolicy"),
        mutual_authentication: Some(mutual.clone()).filter(Value::is_object),
        attributes: attributes::restored(
            attributes::new_listener(protocol),
            pairs(tree, "Attributes"),
        ),
        tags: pairs(tree, "Tags"),
    };
    for inner in items(tree, "Rules") {
        let rule = read_rule(&one.arn, inner)?;
        state.rules.insert(rule.arn.clone(), rule);
    }
    state.listeners.insert(one.arn.clone(), one);
    Ok(())
}

fn read_rule(listener: &str, tree: &Value) -> Result<Rule, String> {
    let mut one = Rule {
        arn: text(tree, "RuleArn")?,
        listener_arn: listener.to_owned(),
        priority: text(tree, "Priority")?.parse().ok(),
        conditions: typed(&tree["Conditions"])?,
        actions: read_actions(&tree["Actions"])?,
        transforms: match &tree["Transforms"] {
            Value::Null => Vec::new(),
            told => typed(told)?,
        },
        tags: pairs(tree, "Tags"),
    };
    for condition in &mut one.conditions {
        condition.restore().map_err(|fault| fault.message)?;
    }
    Ok(one)
}

fn read_actions(tree: &Value) -> Result<Vec<Action>, String> {
    let mut actions: Vec<Action> = typed(tree)?;
    for action in actions.iter_mut().filter(|action| action.kind == ActionType::Forward) {
        routing::complete_forward(action).map_err(|fault| fault.message)?;
    }
    Ok(actions)
}

fn read_target(group: &TargetGroup, tree: &Value, now: Timestamp) -> Result<Target, String> {
    let told = &tree["Target"];
    let own = |member: &str| told[member].as_str().map(str::to_owned);
    let health: Health = typed(&tree["TargetHealth"])?;
    let until = drains_until(now, group.deregistration_delay());
    let zone = own("AvailabilityZone").filter(|zone| zone != "all");
    Ok(Target {
        id: text(told, "Id")?,
        port: told["Port"].as_u64().and_then(|port| port.try_into().ok()),
        availability_zone: own("AvailabilityZone"),
        zone,
        quic_server_id: own("QuicServerId"),
        draining_until: (health.state == State::Draining).then_some(until),
        health,
        since: now,
        passed: 0,
        failed: 0,
    })
}
