//! What the data plane serves by: the emulated account's load balancing, compiled once for each of its
//! generations. In comes AWS state and nothing else, out go listeners with their rules in order, target
//! groups with their targets, and the certificates' keys.

use std::collections::BTreeMap;
use std::sync::Arc;

use inroad_emulator::elbv2::{self, HealthCheck, Kind, Protocol, State};
use inroad_emulator::{Account, elbv2::Elbv2};

use crate::answer::{Fixed, Redirect};
use crate::condition::{Condition, Seen};
use crate::mutual::Clients;
use crate::tls::{Keys, Named};
use crate::transform::Transform;

/// Attributes of a load balancer, a listener or a target group.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Attributes(BTreeMap<String, String>);

impl FromIterator<(String, String)> for Attributes {
    fn from_iter<T: IntoIterator<Item = (String, String)>>(pairs: T) -> Self {
        Self(pairs.into_iter().collect())
    }
}

impl Attributes {
    pub(crate) fn text(&self, key: &str) -> Option<&str> {
        self.0.get(key).map(String::as_str)
    }

    /// Whether the attribute is `true`.
    pub(crate) fn is(&self, key: &str) -> bool {
        self.text(key) == Some("true")
    }

    pub(crate) fn number(&self, key: &str, default: u64) -> u64 {
        self.text(key).and_then(|text| text.parse().ok()).unwrap_or(default)
    }

    pub(crate) fn starting_with<'a>(
        &'a self,
        prefix: &'a str,
    ) -> impl Iterator<Item = (&'a str, &'a str)> {
        self.0.iter().filter_map(move |(k, v)| Some((k.strip_prefix(prefix)?, v.as_str())))
    }
}

/// One generation of the account, as it is served.
#[derive(Debug, Default)]
pub(crate) struct Model {
    pub(crate) generation: u64,
    /// In the order in which they get their addresses: by creation, then by ARN.
    pub(crate) balancers: Vec<Balancer>,
    pub(crate) listeners: BTreeMap<String, Arc<Listener>>,
    pub(crate) groups: BTreeMap<String, Arc<Group>>,
}

/// A load balancer as far as it takes an address.
#[derive(Debug, Clone)]
pub(crate) struct Balancer {
    pub(crate) arn: String,
    pub(crate) name: String,
    pub(crate) dns_name: String,
}

#[derive(Debug)]
pub(crate) struct Listener {
    pub(crate) balancer: String,
    pub(crate) kind: Kind,
    pub(crate) port: u16,
    pub(crate) protocol: Protocol,
    /// By priority, the default rule last.
    pub(crate) rules: Vec<Rule>,
    /// The default certificate first.
    pub(crate) certificates: Vec<Named>,
    pub(crate) clients: Clients,
    /// Those of the load balancer and those of the listener; their keys do not overlap.
    pub(crate) attributes: Attributes,
}

#[derive(Debug)]
pub(crate) struct Rule {
    pub(crate) arn: String,
    conditions: Vec<Condition>,
    pub(crate) transforms: Vec<Transform>,
    pub(crate) action: Action,
}

/// What answers a request that a rule has caught.
#[derive(Debug)]
pub(crate) enum Action {
    Forward(Forward),
    Redirect(Redirect),
    Fixed(Fixed),
    /// Authentication, which needs an identity provider that an emulated account does not have.
    NotServed(String),
}

#[derive(Debug)]
pub(crate) struct Forward {
    /// Target groups by ARN, with their weights.
    pub(crate) arms: Vec<(String, u32)>,
    /// How long a client keeps to its target group, in seconds.
    pub(crate) sticky: Option<i64>,
}

#[derive(Debug)]
pub(crate) struct Group {
    pub(crate) arn: String,
    pub(crate) secure: bool,
    /// `HTTP1`, `HTTP2` or `GRPC`.
    pub(crate) version: String,
    /// Targets that take part: neither draining nor unused.
    pub(crate) targets: Vec<Target>,
    pub(crate) attributes: Attributes,
    pub(crate) check: HealthCheck,
}

#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Target {
    pub(crate) id: String,
    pub(crate) port: u16,
    pub(crate) state: State,
}

impl Listener {
    /// How long nothing may move on a connection of an ALB.
    pub(crate) fn idle_seconds(&self) -> u64 {
        self.attributes.number("idle_timeout.timeout_seconds", 60)
    }

    /// The rule that catches a request. There is always one, as the default rule has no conditions;
    /// `None` only while a listener comes into being.
    pub(crate) fn rule(&self, seen: &Seen<'_>) -> Option<&Rule> {
        self.rules.iter().find(|rule| rule.conditions.iter().all(|c| c.applies(seen)))
    }
}

impl Model {
    /// Compiles the account. Keys that were parsed before are taken from `keys`.
    pub(crate) fn compile(account: &Account, generation: u64, keys: &mut Keys) -> Self {
        let elb = &account.elbv2;
        let mut balancers: Vec<_> = elb.load_balancers.values().collect();
        balancers.sort_by(|a, b| (a.created, &a.arn).cmp(&(b.created, &b.arn)));
        let balancers = balancers.into_iter().map(|found| Balancer {
            arn: found.arn.clone(),
            name: found.name.clone(),
            dns_name: found.dns_name.clone(),
        });
        let mut rules = rules(elb);
        let listeners = elb.listeners.values().filter_map(|found| {
            let balancer = elb.load_balancers.get(&found.load_balancer_arn)?;
            let rules = rules.remove(found.arn.as_str()).unwrap_or_default();
            let attributes = balancer.attributes.iter().chain(&found.attributes);
            let listener = Listener {
                balancer: balancer.arn.clone(),
                kind: balancer.kind,
                port: found.port,
                protocol: found.protocol,
                rules,
                certificates: certificates(account, found, keys),
                clients: Clients::compile(elb, found),
                attributes: attributes.map(|(k, v)| (k.clone(), v.clone())).collect(),
            };
            Some((found.arn.clone(), Arc::new(listener)))
        });
        let (balancers, listeners) = (balancers.collect(), listeners.collect());
        Self { generation, balancers, listeners, groups: groups(elb) }
    }
}

fn rules(elb: &Elbv2) -> BTreeMap<&str, Vec<Rule>> {
    let mut sorted: Vec<_> = elb.rules.values().collect();
    sorted.sort_by_key(|rule| rule.priority.unwrap_or(u32::MAX));
    let mut rules: BTreeMap<&str, Vec<Rule>> = BTreeMap::new();
    for rule in sorted {
        rules.entry(&rule.listener_arn).or_default().push(Rule {
            arn: rule.arn.clone(),
            conditions: rule.conditions.iter().map(Condition::compile).collect(),
            transforms: rule.transforms.iter().filter_map(Transform::compile).collect(),
            action: action(&rule.actions),
        });
    }
    rules
}

/// What is done first: authentication comes before the action that ends the list.
fn action(actions: &[elbv2::Action]) -> Action {
    let Some(first) = actions.iter().min_by_key(|action| action.order) else {
        return Action::NotServed("an empty list".to_owned());
    };
    if let Some(forward) = &first.forward_config {
        Action::Forward(forward_to(forward))
    } else if let Some(redirect) = &first.redirect_config {
        Action::Redirect(Redirect(redirect.clone()))
    } else if let Some(fixed) = &first.fixed_response_config {
        Action::Fixed(Fixed::compile(fixed))
    } else {
        Action::NotServed(format!("{:?}", first.kind))
    }
}

fn forward_to(forward: &elbv2::Forward) -> Forward {
    let arms = forward.target_groups.iter();
    let sticky = forward.target_group_stickiness_config.as_ref().filter(|config| config.enabled);
    Forward {
        arms: arms.map(|arm| (arm.target_group_arn.clone(), arm.weight.unwrap_or(1))).collect(),
        sticky: sticky.map(|config| config.duration_seconds.map_or(3600, i64::from)),
    }
}

fn certificates(account: &Account, listener: &elbv2::Listener, keys: &mut Keys) -> Vec<Named> {
    if !listener.protocol.is_secure() {
        return Vec::new();
    }
    let arns = listener.default_certificate.iter().chain(&listener.certificates);
    let found = arns.filter_map(|arn| account.acm.certificates.get(arn));
    found.filter_map(|certificate| keys.named(certificate)).collect()
}

fn groups(elb: &Elbv2) -> BTreeMap<String, Arc<Group>> {
    let groups = elb.target_groups.values().map(|found| {
        let targets = elb.targets_of(&found.arn).iter();
        let taking_part = targets
            .filter(|target| !matches!(target.health.state, State::Draining | State::Unused));
        let targets = taking_part.filter_map(|target| {
            let port = target.port.or(found.port)?;
            Some(Target { id: target.id.clone(), port, state: target.health.state })
        });
        let group = Group {
            arn: found.arn.clone(),
            secure: found.protocol.is_some_and(Protocol::is_secure),
            version: found.protocol_version.clone().unwrap_or_else(|| "HTTP1".to_owned()),
            targets: targets.collect(),
            attributes: found.attributes.iter().map(|(k, v)| (k.clone(), v.clone())).collect(),
            check: found.health_check.clone(),
        };
        (found.arn.clone(), Arc::new(group))
    });
    groups.collect()
}
