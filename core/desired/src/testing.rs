//! Intents and facts to test with: the smallest that are whole.

use std::collections::{BTreeMap, BTreeSet};

use inroad_intent::{
    Intent,
    model::{
        Backend, BackendSettings, BalancerIntent, ClientCertificates, Kept, ListenerIntent,
        MemberCertificates, OpenBalancer, OpenListener, Route, RouteAction, SecurityIntent,
        StackIntent, SubnetChoice,
    },
};
use inroad_words::{
    Kind, ObjectKey, Origin, Said, StackKey,
    balancer::{Condition, IpAddressType, ListenerProtocol, Patterns, Redirect, Scheme},
    controller::Controller,
    facts::{Certificate, Facts, GroupFact, Subnet, Vpc},
    targets::{BackendProtocol, Matcher, PortRef, ProtocolVersion, TargetFamily, TargetType},
};

/// A value that nobody said.
pub(crate) fn said<T>(value: impl Into<T>) -> Said<T> {
    Said::default_value(value.into())
}

/// The Ingress `shop/web`, and a field of it.
pub(crate) fn web(path: &str) -> Origin {
    Origin::field(&ObjectKey::new(Kind::Ingress, "shop", "web"), path)
}

/// The settings of a cluster `prod`.
pub(crate) fn controller() -> Controller {
    let mut controller = Controller::default();
    controller.balancers.cluster_name = "prod".into();
    controller.balancers.vpc_id = "vpc-1".into();
    controller
}

/// A VPC with a private and a public subnet in each of two zones.
pub(crate) fn facts() -> Facts {
    let vpc = Vpc { id: "vpc-1".into(), cidrs: BTreeSet::from(["10.0.0.0/16".into()]) };
    let subnets = [("a", false), ("b", false), ("a", true), ("b", true)].map(|(zone, public)| {
        let role = if public { "elb" } else { "internal-elb" };
        let name = format!("subnet-{role}-{zone}");
        let mut subnet = subnet(&name, zone);
        subnet.public = public;
        subnet.tags.insert(format!("kubernetes.io/role/{role}"), "1".into());
        (name, subnet)
    });
    Facts { vpc: Some(vpc), subnets: subnets.into(), ..Facts::default() }
}

/// A subnet that would do, without tags.
pub(crate) fn subnet(id: &str, zone: &str) -> Subnet {
    Subnet {
        id: id.into(),
        zone: zone.into(),
        locale: "availability-zone".into(),
        cidr: "10.0.0.0/24".into(),
        has_ipv6: false,
        available_addresses: 8,
        public: false,
        tags: BTreeMap::new(),
    }
}

/// A security group with a `Name` tag.
pub(crate) fn group_fact(id: &str, name: &str) -> GroupFact {
    let tags = BTreeMap::from([("Name".into(), name.into())]);
    GroupFact { id: id.into(), name: name.into(), tags }
}

/// An issued certificate for one name.
pub(crate) fn certificate(arn: &str, name: &str) -> (String, Certificate) {
    (arn.into(), Certificate { arn: arn.into(), names: BTreeSet::from([name.into()]) })
}

/// A target group of an Ingress for port 80 of a Service in its namespace.
pub(crate) fn backend(namespace: &str, ingress: &str, service: &str) -> Backend {
    Backend {
        origin: web("/spec/rules/0/http/paths/0"),
        ingress: ObjectKey::new(Kind::Ingress, namespace, ingress),
        service: ObjectKey::new(Kind::Service, namespace, service),
        service_uid: "uid".into(),
        service_port: PortRef::Number(80),
        port: 30080,
        target_port: PortRef::Number(30080),
        control_port: None,
        multi_cluster: said(false),
        family: TargetFamily::Ipv4,
        target_type: said(TargetType::Instance),
        protocol: settings(),
        attributes: BTreeMap::new(),
        tags: BTreeMap::new(),
        node_labels: BTreeMap::new(),
        standby: false,
    }
}

fn settings() -> BackendSettings {
    BackendSettings {
        protocol: said(BackendProtocol::Http),
        version: Some(said(ProtocolVersion::Http1)),
        health_port: said("traffic-port"),
        health_protocol: said(BackendProtocol::Http),
        health_path: Some(said("/")),
        matcher: Some(said(Matcher::Http("200".into()))),
        interval_seconds: said(15_u32),
        timeout_seconds: said(5_u32),
        healthy_threshold: said(2_u32),
        unhealthy_threshold: said(2_u32),
    }
}

/// A redirect that changes what the closure changes.
pub(crate) fn redirect(change: impl FnOnce(&mut Redirect)) -> RouteAction {
    let mut redirect = Redirect { status_code: "HTTP_301".into(), ..Redirect::default() };
    change(&mut redirect);
    RouteAction::Redirect(redirect)
}

/// A route from hosts and paths; an empty list sets no condition.
pub(crate) fn route(hosts: &[&str], paths: &[&str], action: RouteAction) -> Route {
    let patterns = |values: &[&str]| Patterns::values(values.iter().map(ToString::to_string));
    let host = (!hosts.is_empty()).then(|| Condition::HostHeader(patterns(hosts)));
    let path = (!paths.is_empty()).then(|| Condition::PathPattern(patterns(paths)));
    Route {
        origin: web("/spec/rules/0/http/paths/0"),
        conditions: host.into_iter().chain(path).collect(),
        action,
        transforms: Vec::new(),
        tags: BTreeMap::new(),
    }
}

/// A listener open to the world.
pub(crate) fn listener(protocol: ListenerProtocol, routes: Vec<Route>) -> ListenerIntent {
    ListenerIntent {
        origin: web("/metadata/annotations/alb.ingress.kubernetes.io~1listen-ports"),
        protocol,
        inbound_cidrs: said(vec!["0.0.0.0/0".to_owned(), "::/0".to_owned()]),
        prefix_lists: said(Vec::new()),
        certificates: None,
        ssl_policy: None,
        clients: ClientCertificates::Unsaid,
        attributes: BTreeMap::new(),
        tags: BTreeMap::new(),
        default: said(RouteAction::not_found()),
        routes,
        open: OpenListener::default(),
    }
}

/// An HTTPS listener with explicit certificates and hosts to find some for.
pub(crate) fn https(explicit: &[&str], discover: &[&str], routes: Vec<Route>) -> ListenerIntent {
    let all = |names: &[&str]| names.iter().map(|name| said(name.to_string())).collect();
    let choice =
        vec![MemberCertificates::Named(all(explicit)), MemberCertificates::Discover(all(discover))];
    let policy = said("ELBSecurityPolicy-2016-08");
    let plain = listener(ListenerProtocol::Https, routes);
    ListenerIntent { certificates: Some(choice), ssl_policy: Some(policy), ..plain }
}

/// An internal load balancer of `shop/web` with the listeners given.
pub(crate) fn balancer(
    listeners: impl IntoIterator<Item = (u16, ListenerIntent)>,
) -> BalancerIntent {
    BalancerIntent {
        origin: web(""),
        name: None,
        scheme: said(Scheme::Internal),
        ip_address_type: said(IpAddressType::Ipv4),
        subnets: said(SubnetChoice::Discover),
        security: SecurityIntent::Managed,
        attributes: BTreeMap::new(),
        customer_owned_pool: None,
        web_acl: None,
        tags: BTreeMap::new(),
        listeners: listeners.into_iter().collect(),
        open: OpenBalancer::default(),
    }
}

/// Resource id of [`backend`] for the Service `cart` of `shop/web`.
pub(crate) const CART: &str = "shop/web-cart:80";

/// A route to `cart`.
pub(crate) fn to_cart() -> RouteAction {
    RouteAction::to(CART)
}

/// The stack `shop/web` with a target group for `cart`.
pub(crate) fn stack(balancer: BalancerIntent) -> Intent {
    Intent::Stack(Box::new(StackIntent {
        key: StackKey::parse("shop/web"),
        members: vec![ObjectKey::new(Kind::Ingress, "shop", "web")],
        leaving: BTreeSet::new(),
        uid: String::new(),
        torn: BTreeSet::new(),
        balancer: Some(balancer),
        backends: BTreeMap::from([(CART.into(), backend("shop", "web", "cart"))]),
        kept: Kept::default(),
        held: None,
        undecided: None,
    }))
}
