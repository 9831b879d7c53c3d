//! What one Service asks of its load balancer: a listener and a target group for each port
//! (load-balancers.md 2.2, 2.3).

use std::collections::BTreeMap;

use inroad_words::{
    Diagnostic, ObjectKey, Origin, Said,
    balancer::{ListenerProtocol, Scheme},
    controller::BalancerSettings,
    targets::{BackendProtocol, Matcher, PortRef, TargetType},
};
use k8s_openapi::api::core::v1::{Service, ServicePort};

use super::TYPE;
use crate::{
    codes,
    model::{
        Backend, BackendSettings, BalancerIntent, ClientCertificates, ListenerIntent, Open,
        OpenBalancer, OpenListener, RouteAction, SecurityIntent, StackIntent, SubnetChoice,
    },
    ports::Ports,
    said::{Mistake, SaidMap, fill, mistake, spread},
    settings::{
        HEALTH_PORT, INBOUND_CIDRS, LISTENER_ATTRIBUTES, LOAD_BALANCER_ATTRIBUTES,
        LOAD_BALANCER_NAME, Layer, MANAGE_BACKEND_RULES, MULTI_CLUSTER, NLB_HEALTH_INTERVAL,
        NLB_HEALTH_PATH, NLB_HEALTH_PROTOCOL, NLB_HEALTH_TIMEOUT, NLB_HEALTHY_THRESHOLD,
        NLB_IP_ADDRESS_TYPE, NLB_SUCCESS_CODES, NLB_TARGET_GROUP_ATTRIBUTES,
        NLB_UNHEALTHY_THRESHOLD, PREFIX_LISTS, SCHEME, SECURITY_GROUPS, SERVICE_PREFIX, SUBNETS,
        Setting, TAGS, TARGET_NODE_LABELS, TARGET_TYPE, look, look_named, resolve, strange_service,
    },
};

/// The attribute that must be a boolean where it is said (ALBC).
const PRESERVE_CLIENT_IP: &str = "preserve_client_ip.enabled";

/// A Service, and what is wrong with it.
pub(super) struct Asked<'a> {
    key: &'a ObjectKey,
    service: &'a Service,
    settings: &'a BalancerSettings,
    wrong: &'a mut Vec<Diagnostic>,
    origin: Origin,
}

impl<'a> Asked<'a> {
    pub(super) fn new(
        key: &'a ObjectKey,
        service: &'a Service,
        settings: &'a BalancerSettings,
        wrong: &'a mut Vec<Diagnostic>,
    ) -> Self {
        let annotations = service.metadata.annotations.as_ref();
        wrong.extend(annotations.map(|it| strange_service(key, it)).unwrap_or_default());
        Self { key, service, settings, wrong, origin: Origin::field(key, "") }
    }

    /// Fills in the load balancer and its target groups.
    pub(super) fn fill(mut self, intent: &mut StackIntent) {
        let balancer = self.balancer();
        let has_ipv6 = balancer.ip_address_type.value.has_ipv6();
        for (nth, port) in self.ports().all().iter().enumerate() {
            let origin = Origin::field(self.key, format!("/spec/ports/{nth}"));
            match self.backend(port, &origin, has_ipv6) {
                Ok((id, backend)) => drop(intent.backends.insert(id, backend)),
                Err(mistake) => self.wrong.push(*mistake),
            }
        }
        intent.balancer = Some(balancer);
    }

    fn layer(&self) -> Layer<'a> {
        Layer::Service(self.key, self.service.metadata.annotations.as_ref())
    }

    /// What it says.
    fn said<T>(&mut self, setting: &Setting<T>) -> Option<Said<T>> {
        look(setting, &[self.layer()], self.wrong).unwrap_or_default()
    }

    /// What it says, else the default.
    fn value<T>(&mut self, setting: &Setting<T>) -> Said<T> {
        resolve(setting, &[self.layer()], self.settings, self.wrong)
    }

    fn map(&mut self, setting: &Setting<BTreeMap<String, String>>) -> SaidMap {
        self.said(setting).map(spread).unwrap_or_default()
    }

    fn balancer(&mut self) -> BalancerIntent {
        let (scheme, open) = self.scheme();
        let ip_address_type = self.value(&NLB_IP_ADDRESS_TYPE);
        let security = self.security();
        let tags = self.tags();
        let has_ipv6 = ip_address_type.value.has_ipv6();
        let listeners = self.listeners(&tags, has_ipv6);
        BalancerIntent {
            origin: self.origin.clone(),
            name: self.said(&LOAD_BALANCER_NAME),
            scheme,
            ip_address_type,
            subnets: {
                let said = self.said(&SUBNETS);
                said.unwrap_or_else(|| Said::default_value(SubnetChoice::Discover))
            },
            security,
            attributes: self.map(&LOAD_BALANCER_ATTRIBUTES),
            customer_owned_pool: None,
            web_acl: None,
            tags,
            listeners,
            open: OpenBalancer { scheme: open, ..OpenBalancer::default() },
        }
    }

    /// Where nobody says it, a load balancer that stands keeps its own.
    fn scheme(&mut self) -> (Said<Scheme>, Open<Scheme>) {
        let said = self.said(&SCHEME);
        let unreadable = said.is_none().then_some(Origin::Default);
        let scheme = said.unwrap_or_else(|| SCHEME.default(self.settings));
        (scheme, Open { others: Vec::new(), unreadable })
    }

    fn security(&mut self) -> SecurityIntent {
        match self.said(&SECURITY_GROUPS).filter(|groups| !groups.value.is_empty()) {
            None => SecurityIntent::Managed,
            Some(groups) => {
                let manage_backend_rules = self.value(&MANAGE_BACKEND_RULES);
                let shared = self.settings.switches.backend_security_group;
                if manage_backend_rules.value && !shared {
                    let origin = &manage_backend_rules.origin;
                    let message = "backend rules need the shared backend security group, which is switched off";
                    let help = "see --enable-backend-security-group";
                    self.wrong.push(*mistake(codes::NO_BACKEND_GROUP, origin, message, help));
                }
                SecurityIntent::Given { groups, manage_backend_rules }
            }
        }
    }

    fn tags(&mut self) -> SaidMap {
        let tags = self.map(&TAGS);
        for (key, said) in &tags {
            if self.settings.external_managed_tags.contains(key) {
                let message = format!("the tag {key} is left to others by --external-managed-tags");
                let origin = said.origin.clone();
                self.wrong.push(Diagnostic::error(codes::FOREIGN_TAG, origin, message));
            }
        }
        tags
    }

    fn ports(&self) -> Ports<'a> {
        Ports { key: self.key, service: self.service, asker: &Origin::Default }
    }

    fn listeners(&mut self, tags: &SaidMap, has_ipv6: bool) -> BTreeMap<u16, ListenerIntent> {
        let prefix_lists = self.value(&PREFIX_LISTS);
        let inbound_cidrs = self.inbound(prefix_lists.value.is_empty(), has_ipv6);
        let mut listeners = BTreeMap::new();
        for (nth, port) in self.ports().all().iter().enumerate() {
            let Ok(number) = u16::try_from(port.port) else { continue };
            let origin = Origin::field(self.key, format!("/spec/ports/{nth}"));
            let suffix = format!("{}TCP-{number}", LISTENER_ATTRIBUTES.row.ingress);
            let attributes = look_named(&LISTENER_ATTRIBUTES, &suffix, &[self.layer()], self.wrong);
            let listener = ListenerIntent {
                origin: origin.clone(),
                protocol: ListenerProtocol::Tcp,
                inbound_cidrs: inbound_cidrs.clone(),
                prefix_lists: prefix_lists.clone(),
                certificates: None,
                ssl_policy: None,
                clients: ClientCertificates::Unsaid,
                attributes: attributes.unwrap_or_default().map(spread).unwrap_or_default(),
                tags: tags.clone(),
                default: Said::new(RouteAction::to(self.id(number)), origin),
                routes: Vec::new(),
                open: OpenListener::default(),
            };
            if listeners.insert(number, listener).is_some() {
                let origin = Origin::field(self.key, format!("/spec/ports/{nth}"));
                let message = format!("port {number} is there twice");
                self.wrong.push(Diagnostic::error(codes::UNSERVED, origin, message));
            }
        }
        listeners
    }

    /// The field of the Service, then its annotation; with prefix lists nobody else comes in unasked.
    fn inbound(&mut self, open: bool, has_ipv6: bool) -> Said<Vec<String>> {
        let spec = self.service.spec.as_ref();
        let ranges = spec.and_then(|spec| spec.load_balancer_source_ranges.as_ref());
        let ranges = ranges.filter(|ranges| !ranges.is_empty());
        let said = match ranges {
            Some(ranges) => self.ranges(ranges),
            None => self.said(&INBOUND_CIDRS).filter(|said| !said.value.is_empty()),
        };
        let foreign = |said: &Said<Vec<String>>| said.value.iter().any(|it| it.contains(':'));
        if let Some(said) = said.as_ref().filter(|said| !has_ipv6 && foreign(said)) {
            let message = "an IPv6 block needs a load balancer that has IPv6";
            let help = "set aws-load-balancer-ip-address-type: dualstack, or take the block out";
            self.wrong.push(*mistake(codes::BAD_VALUE, &said.origin, message, help));
        }
        said.unwrap_or_else(|| match open {
            true => INBOUND_CIDRS.default(self.settings),
            false => Said::default_value(Vec::new()),
        })
    }

    fn ranges(&mut self, ranges: &[String]) -> Option<Said<Vec<String>>> {
        let origin = Origin::field(self.key, "/spec/loadBalancerSourceRanges");
        let text: Vec<&str> = ranges.iter().map(|it| it.trim()).collect();
        match (INBOUND_CIDRS.parse)(&text.join(",")) {
            Ok(cidrs) => Some(Said::new(cidrs, origin)),
            Err(error) => {
                let message = format!("loadBalancerSourceRanges cannot be read: {error}");
                self.wrong.push(Diagnostic::error(codes::BAD_VALUE, origin, message));
                None
            }
        }
    }

    /// Resource id of a port's target group.
    fn id(&self, port: u16) -> String {
        format!("{}:{port}", self.key.short())
    }

    fn backend(
        &mut self,
        port: &ServicePort,
        origin: &Origin,
        has_ipv6: bool,
    ) -> Result<(String, Backend), Mistake> {
        let target_type = self.target_type();
        let ports = Ports { asker: origin, ..self.ports() };
        let (number, target_port) = ports.reach(port, &target_type, self.settings)?;
        let family = ports.family(has_ipv6)?;
        let listener = u16::try_from(port.port).unwrap_or_default();
        let protocol = self.probe(&ports, target_type.value)?;
        let backend = Backend {
            origin: origin.clone(),
            ingress: self.key.clone(),
            service: self.key.clone(),
            service_uid: self.service.metadata.uid.clone().unwrap_or_default(),
            service_port: PortRef::Number(listener),
            port: number,
            target_port,
            control_port: None,
            multi_cluster: self.value(&MULTI_CLUSTER),
            family,
            protocol,
            attributes: self.group_attributes(),
            tags: self.map(&TAGS),
            node_labels: match target_type.value {
                TargetType::Instance => self.map(&TARGET_NODE_LABELS),
                _ => SaidMap::new(),
            },
            target_type,
            standby: false,
        };
        Ok((self.id(listener), backend))
    }

    /// The old way to select a Service says what its targets are.
    fn target_type(&mut self) -> Said<TargetType> {
        let annotations = self.service.metadata.annotations.as_ref();
        let selected = format!("{SERVICE_PREFIX}{TYPE}");
        match annotations.and_then(|it| it.get(&selected)).map(String::as_str) {
            Some("nlb-ip") => Said::new(TargetType::Ip, Origin::annotation(self.key, &selected)),
            _ => self.value(&TARGET_TYPE),
        }
    }

    /// What is said, and whatever is always written beside it.
    fn group_attributes(&mut self) -> SaidMap {
        let mut attributes = self.map(&NLB_TARGET_GROUP_ATTRIBUTES);
        if let Some(said) = attributes.get(PRESERVE_CLIENT_IP)
            && inroad_words::go::boolean(&said.value).is_none()
        {
            let message = format!("{PRESERVE_CLIENT_IP} is {:?}, not true or false", said.value);
            let origin = said.origin.clone();
            self.wrong.push(Diagnostic::error(codes::BAD_VALUE, origin, message));
        }
        fill(&mut attributes, spread(NLB_TARGET_GROUP_ATTRIBUTES.default(self.settings)));
        attributes
    }

    /// Connections to the targets, and how their health is found out.
    fn probe(
        &mut self,
        ports: &Ports<'_>,
        target_type: TargetType,
    ) -> Result<BackendSettings, Mistake> {
        let port = self.value(&HEALTH_PORT);
        let health_protocol = self.value(&NLB_HEALTH_PROTOCOL);
        let asks = health_protocol.value != BackendProtocol::Tcp;
        let (path, codes) = (self.value(&NLB_HEALTH_PATH), self.value(&NLB_SUCCESS_CODES));
        Ok(BackendSettings {
            protocol: Said::default_value(BackendProtocol::Tcp),
            version: None,
            health_port: ports.health(port, target_type)?,
            health_protocol,
            health_path: asks.then_some(path),
            matcher: asks.then(|| codes.map(Matcher::Http)),
            interval_seconds: self.value(&NLB_HEALTH_INTERVAL),
            timeout_seconds: self.value(&NLB_HEALTH_TIMEOUT),
            healthy_threshold: self.value(&NLB_HEALTHY_THRESHOLD),
            unhealthy_threshold: self.value(&NLB_UNHEALTHY_THRESHOLD),
        })
    }
}
