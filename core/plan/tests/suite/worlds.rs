//! Generated stacks: what is wanted, and what a history of other wishes and of strangers left behind.

use std::collections::{BTreeMap, BTreeSet};

use inroad_desired::{Desired, Resource};
use inroad_plan::{diff, simulate};
use inroad_words::{
    Arn, Field, Origin, Origins, Pick, ResourceKey, ResourceKind, StackKey, Tags, Unit, Value,
    balancer::*,
    controller::Controller,
    hold::{Hold, HoldReason},
    network::{IngressRule, Peer, SecurityGroup},
    observed::{Observed, SeenListener},
    targets::*,
};
use proptest::{collection::btree_map, collection::vec, prelude::*, sample::subsequence};

/// The stack that all of them plan.
pub(crate) fn unit() -> Unit {
    Unit::Stack(StackKey::Group("shop".into()))
}

/// A resource of it.
pub(crate) fn key(kind: ResourceKind, id: impl Into<String>) -> ResourceKey {
    ResourceKey::new(unit(), kind, id)
}

/// A wish in few numbers.
#[derive(Debug, Clone)]
pub(crate) struct Wish {
    pub(crate) exists: bool,
    pub(crate) scheme: Scheme,
    pub(crate) fixed_name: bool,
    pub(crate) subnets: (bool, BTreeSet<u8>),
    pub(crate) dualstack: bool,
    pub(crate) groups: BTreeMap<u8, (bool, u8)>,
    pub(crate) ports: BTreeMap<u16, (bool, BTreeSet<u8>)>,
    pub(crate) rules: Vec<(u16, u8, u8)>,
    pub(crate) ingress: BTreeSet<u16>,
    pub(crate) tag: u8,
    pub(crate) foundation_group: bool,
}

pub(crate) fn wish() -> impl Strategy<Value = Wish> {
    let ports = btree_map(
        prop_oneof![Just(80u16), Just(443), Just(8443)],
        (
            prop::bool::weighted(0.7),
            subsequence(vec![1u8, 2, 3], 1..=3).prop_map(BTreeSet::from_iter),
        ),
        1..=3,
    );
    let place = (any::<bool>(), subsequence(vec![1u8, 2, 3], 2..=3).prop_map(BTreeSet::from_iter));
    let rules = vec((prop_oneof![Just(80u16), Just(443), Just(8443)], 0u8..8, 0u8..4), 0..10);
    let ingress = subsequence(vec![80u16, 443, 8443], 0..=3).prop_map(BTreeSet::from_iter);
    (
        (prop::bool::weighted(0.85), prop::bool::weighted(0.8), prop::bool::weighted(0.2)),
        (place, any::<bool>()),
        btree_map(0u8..4, (prop::bool::weighted(0.2), 0u8..3), 0..=4),
        (ports, rules, ingress),
        (0u8..3, prop::bool::weighted(0.1)),
    )
        .prop_map(|((exists, inside, fixed_name), (subnets, dualstack), groups, net, last)| {
            Wish {
                exists,
                scheme: if inside { Scheme::Internal } else { Scheme::InternetFacing },
                fixed_name,
                subnets,
                dualstack,
                groups,
                ports: net.0,
                rules: net.1,
                ingress: net.2,
                tag: last.0,
                foundation_group: last.1,
            }
        })
}

fn said<T>(spec: T, path: &str) -> Resource<T> {
    let web = inroad_words::ObjectKey::new(inroad_words::Kind::Ingress, "shop", "web");
    Resource { spec, origins: Origins::of(Origin::field(&web, path)) }
}

fn tags(id: &str, tag: u8) -> Tags {
    Tags::from([
        ("elbv2.k8s.aws/cluster".into(), "lab".into()),
        ("ingress.k8s.aws/resource".into(), id.into()),
        (format!("user-{tag}"), "yes".into()),
    ])
}

impl Wish {
    /// The wish as the corridor words it.
    pub(crate) fn desired(&self) -> Desired {
        let mut desired = Desired::nothing(unit());
        if self.exists {
            self.networks(&mut desired);
            self.balancer(&mut desired);
            self.rules(&mut desired);
        }
        desired
    }

    fn networks(&self, desired: &mut Desired) {
        let rule = |port: &u16| IngressRule {
            protocol: "tcp".into(),
            from_port: Some(i32::from(*port)),
            to_port: Some(i32::from(*port)),
            peer: Peer::Ipv4("0.0.0.0/0".into()),
            description: String::new(),
        };
        let id = "ManagedLBSecurityGroup";
        let group = SecurityGroup {
            name: "k8s-shop".into(),
            description: "[k8s] Managed SecurityGroup for LoadBalancer".into(),
            vpc: "vpc-1".into(),
            ingress: self.ingress.iter().map(rule).collect(),
            tags: tags(id, self.tag),
        };
        desired.security_groups.insert(id.into(), said(group, ""));
        for (number, (https, path)) in &self.groups {
            let id = format!("shop/web-svc{number}:80");
            let group = target_group(&id, *https, *path, self.tag);
            let origins = said(group, "/spec/rules/0/http/paths/0");
            desired.target_groups.insert(id, origins);
        }
    }

    fn balancer(&self, desired: &mut Desired) {
        let id = "LoadBalancer";
        let name = match self.fixed_name {
            true => "fixed".to_owned(),
            false => format!("k8s-shop-{}", self.scheme.as_str()),
        };
        let managed = key(ResourceKind::SecurityGroup, "ManagedLBSecurityGroup");
        let mut security_groups = vec![managed.output(Field::GroupId)];
        if self.foundation_group {
            let of = ResourceKey::new(Unit::Foundation, ResourceKind::SecurityGroup, "backend-sg");
            security_groups.push(of.output(Field::GroupId));
        }
        let (keep, subnets) = &self.subnets;
        let prefer = subnets.iter().map(|it| format!("subnet-{it}")).collect();
        let spec = LoadBalancer {
            kind: Default::default(),
            name,
            scheme: self.scheme,
            ip_address_type: match self.dualstack {
                true => IpAddressType::Dualstack,
                false => IpAddressType::Ipv4,
            },
            subnets: Pick { keep: *keep, prefer },
            security_groups,
            attributes: BTreeMap::from([("idle_timeout".into(), self.tag.to_string())]),
            customer_owned_pool: None,
            web_acl: match self.tag {
                2 => Some(WebAcl::Arn(Arn(format!("arn:acl/{}", self.dualstack)))),
                1 if self.fixed_name => Some(WebAcl::Nothing),
                _ => None,
            },
            tags: tags(id, self.tag),
        };
        desired.load_balancers.insert(id.into(), said(spec, ""));
    }

    fn forward(&self, group: u8) -> Vec<Action> {
        let Some(number) = self.groups.keys().nth(usize::from(group)) else {
            let status_code = "503".into();
            return vec![Action::FixedResponse(FixedResponse {
                status_code,
                ..Default::default()
            })];
        };
        let group = key(ResourceKind::TargetGroup, format!("shop/web-svc{number}:80"));
        let target = Weighted { group: group.output(Field::Arn), weight: None };
        vec![Action::Forward { targets: vec![target], stickiness: None }]
    }

    fn rules(&self, desired: &mut Desired) {
        let balancer = key(ResourceKind::LoadBalancer, "LoadBalancer");
        for (port, (https, certificates)) in &self.ports {
            let spec = Listener {
                load_balancer: balancer.output(Field::Arn),
                port: *port,
                protocol: if *https { ListenerProtocol::Https } else { ListenerProtocol::Http },
                default_actions: self.forward(self.tag + 1),
                certificates: match https {
                    true => certificates.iter().map(|it| Arn(format!("cert-{it}"))).collect(),
                    false => Vec::new(),
                },
                ssl_policy: https.then(|| "ELBSecurityPolicy-2016-08".into()),
                mutual: None,
                attributes: BTreeMap::new(),
                tags: tags(&port.to_string(), self.tag),
            };
            desired.listeners.insert(*port, said(spec, "/spec"));
            let here = self.rules.iter().filter(|(at, ..)| at == port);
            for (priority, (_, host, group)) in (1u32..).zip(here) {
                let hosts = Patterns::values([format!("h{host}.example.com")]);
                let spec = Rule {
                    listener: key(ResourceKind::Listener, port.to_string()).output(Field::Arn),
                    priority,
                    conditions: vec![Condition::HostHeader(hosts)],
                    actions: self.forward(*group),
                    transforms: Vec::new(),
                    tags: tags(&format!("{port}:{priority}"), self.tag),
                };
                desired.rules.insert((*port, priority), said(spec, "/spec/rules/0"));
            }
        }
    }
}

/// A target group of a Service.
pub(crate) fn target_group(id: &str, https: bool, path: u8, tag: u8) -> TargetGroup {
    let protocol = if https { BackendProtocol::Https } else { BackendProtocol::Http };
    TargetGroup {
        name: format!("k8s-{}-{}", id.replace(['/', ':'], "-"), protocol.as_str()),
        vpc: "vpc-1".into(),
        target_type: TargetType::Ip,
        ip_address_type: TargetFamily::Ipv4,
        port: 8080,
        protocol,
        protocol_version: Some(ProtocolVersion::Http1),
        control_port: None,
        health_check: HealthCheck {
            port: "traffic-port".into(),
            protocol,
            path: Some(format!("/{path}")),
            matcher: Some(Matcher::Http("200".into())),
            interval_seconds: 15,
            timeout_seconds: 5,
            healthy_threshold: 2,
            unhealthy_threshold: 2,
        },
        attributes: BTreeMap::from([(
            "deregistration_delay.timeout_seconds".into(),
            path.to_string(),
        )]),
        tags: tags(id, tag),
    }
}

/// What strangers do to a stack.
#[derive(Debug, Clone)]
pub(crate) enum Mischief {
    Listener,
    DropRule,
    SwapRules,
    TwinGroups,
    TwinTargets,
    TwinBalancer,
    ForeignUser,
    Tag,
    Protect,
    Probe,
}

pub(crate) fn mischief() -> impl Strategy<Value = Vec<Mischief>> {
    use Mischief::*;
    let all = vec![
        Listener,
        DropRule,
        SwapRules,
        TwinGroups,
        TwinTargets,
        TwinBalancer,
        ForeignUser,
        Tag,
        Protect,
        Probe,
    ];
    subsequence(all, 0..=3)
}

/// What is there after the history and the mischief.
pub(crate) fn observed(history: &[Wish], mischief: &[Mischief]) -> Observed {
    let mut observed = Observed::default();
    for wish in history {
        observed = simulate(&diff(&wish.desired(), &observed, &Controller::default()), &observed);
    }
    mischief.iter().for_each(|it| it.befall(&mut observed));
    observed
}

impl Mischief {
    fn befall(&self, observed: &mut Observed) {
        match self {
            Mischief::TwinGroups => {
                for seen in observed.security_groups.values_mut() {
                    let mut twin = seen[0].clone();
                    twin.id.push_str("-twin");
                    seen.push(twin);
                }
            }
            Mischief::TwinTargets => {
                for seen in observed.target_groups.values_mut() {
                    let mut twin = seen[0].clone();
                    twin.arn.0.push_str("-twin");
                    twin.load_balancers.clear();
                    seen.push(twin);
                }
            }
            Mischief::ForeignUser => {
                if let Some(seen) = observed.target_groups.values_mut().next() {
                    seen[0].load_balancers.insert(Arn("foreign".into()));
                }
            }
            Mischief::Probe => {
                for seen in observed.target_groups.values_mut().flatten() {
                    seen.spec.health_check.path = Some("/elsewhere".into());
                }
            }
            _ => self.befall_balancers(observed),
        }
    }

    fn befall_balancers(&self, observed: &mut Observed) {
        for (_, seen) in observed.load_balancers.iter_mut() {
            let first = &mut seen[0];
            match self {
                Mischief::Listener => {
                    let Some((_, other)) = first.listeners.first_key_value() else { continue };
                    let mut strange: SeenListener = other.clone();
                    strange.arn.0.push_str("-strange");
                    strange.spec.port = 9999;
                    strange.rules.clear();
                    first.listeners.insert(9999, strange);
                }
                Mischief::DropRule => {
                    first.listeners.values_mut().for_each(|it| drop(it.rules.pop()));
                }
                Mischief::SwapRules => first.listeners.values_mut().for_each(|it| {
                    let count = it.rules.len();
                    for (place, rule) in it.rules.iter_mut().enumerate() {
                        rule.spec.priority = u32::try_from(count - place).expect("few rules");
                    }
                }),
                Mischief::TwinBalancer => {
                    let mut twin = first.clone();
                    twin.arn.0.push_str("-twin");
                    twin.listeners.clear();
                    seen.push(twin);
                }
                Mischief::Tag => drop(first.spec.tags.insert("stranger".into(), "was here".into())),
                Mischief::Protect => {
                    first.spec.attributes.insert(DELETION_PROTECTION.into(), "true".into());
                }
                _ => {}
            }
        }
    }
}

/// Moves one resource of the wish from what is wanted to what is held.
pub(crate) fn hold(desired: &mut Desired, choice: usize) -> Option<ResourceKey> {
    let mut keys: Vec<ResourceKey> = Vec::new();
    keys.extend(desired.target_groups.keys().map(|id| key(ResourceKind::TargetGroup, id)));
    keys.extend(desired.security_groups.keys().map(|id| key(ResourceKind::SecurityGroup, id)));
    keys.extend(desired.load_balancers.keys().map(|id| key(ResourceKind::LoadBalancer, id)));
    keys.extend(desired.listeners.keys().map(|id| key(ResourceKind::Listener, id.to_string())));
    keys.extend(
        desired.rules.keys().map(|(port, n)| key(ResourceKind::Rule, format!("{port}:{n}"))),
    );
    let held = keys.get(choice % keys.len().max(1))?.clone();
    let reason = HoldReason::MissingFact("no answer".into());
    let hold = Hold { subject: held.to_string(), reason, origin: Origin::Default };
    match held.kind {
        ResourceKind::TargetGroup => drop(desired.target_groups.remove(&held.id)),
        ResourceKind::SecurityGroup => drop(desired.security_groups.remove(&held.id)),
        ResourceKind::LoadBalancer => drop(desired.load_balancers.remove(&held.id)),
        ResourceKind::Listener => desired.listeners.retain(|port, _| port.to_string() != held.id),
        ResourceKind::Rule => {
            desired.rules.retain(|(port, n), _| format!("{port}:{n}") != held.id);
        }
    }
    desired.held.resources.insert(held.clone(), hold);
    Some(held)
}

/// Every ARN and id in an observation, with a word on what it is.
pub(crate) fn everything(observed: &Observed) -> BTreeSet<String> {
    let mut all = BTreeSet::new();
    all.extend(observed.security_groups.values().flatten().map(|it| it.id.clone()));
    all.extend(observed.target_groups.values().flatten().map(|it| it.arn.0.clone()));
    for balancer in observed.load_balancers.values().flatten() {
        all.insert(balancer.arn.0.clone());
        for listener in balancer.listeners.values() {
            all.insert(listener.arn.0.clone());
            all.extend(listener.rules.iter().map(|it| it.arn.0.clone()));
        }
    }
    all
}

/// The target groups that actions forward to; every one must be known by now.
pub(crate) fn groups(actions: &[Action]) -> Vec<String> {
    let mut found = Vec::new();
    for action in actions {
        if let Action::Forward { targets, .. } = action {
            for target in targets {
                match &target.group {
                    Value::Known(arn) => found.push(arn.0.clone()),
                    Value::Output { of, .. } => panic!("{of} should have been filled in"),
                }
            }
        }
    }
    found
}
