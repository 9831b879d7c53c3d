//! What things are called: objects of the cluster, units of work, resources of a stack.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::balancer::BalancerKind;

/// A kind of Kubernetes object that inroad reads.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// `networking.k8s.io/v1` Ingress.
    Ingress,
    /// `networking.k8s.io/v1` IngressClass.
    IngressClass,
    /// `elbv2.k8s.aws/v1beta1` IngressClassParams.
    IngressClassParams,
    /// `elbv2.k8s.aws/v1beta1` TargetGroupBinding.
    TargetGroupBinding,
    /// `v1` Service.
    Service,
    /// `discovery.k8s.io/v1` EndpointSlice.
    EndpointSlice,
    /// `v1` Node.
    Node,
    /// `v1` Pod.
    Pod,
    /// `v1` Namespace.
    Namespace,
}

impl Kind {
    /// Every kind.
    pub const ALL: &[Kind] = &[
        Kind::Ingress,
        Kind::IngressClass,
        Kind::IngressClassParams,
        Kind::TargetGroupBinding,
        Kind::Service,
        Kind::EndpointSlice,
        Kind::Node,
        Kind::Pod,
        Kind::Namespace,
    ];

    /// The lower-case singular name, as `kubectl get` and ExternalDNS's resource label spell it.
    pub fn as_str(self) -> &'static str {
        match self {
            Kind::Ingress => "ingress",
            Kind::IngressClass => "ingressclass",
            Kind::IngressClassParams => "ingressclassparams",
            Kind::TargetGroupBinding => "targetgroupbinding",
            Kind::Service => "service",
            Kind::EndpointSlice => "endpointslice",
            Kind::Node => "node",
            Kind::Pod => "pod",
            Kind::Namespace => "namespace",
        }
    }

    /// Whether objects of this kind live in a namespace.
    pub fn is_namespaced(self) -> bool {
        !matches!(
            self,
            Kind::IngressClass | Kind::IngressClassParams | Kind::Node | Kind::Namespace
        )
    }
}

/// One object of the cluster. `namespace` is empty for cluster-scoped kinds.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct ObjectKey {
    /// Its kind.
    pub kind: Kind,
    /// `metadata.namespace`, empty where the kind has none.
    pub namespace: String,
    /// `metadata.name`.
    pub name: String,
}

impl ObjectKey {
    /// An object by kind, namespace and name.
    pub fn new(kind: Kind, namespace: impl Into<String>, name: impl Into<String>) -> Self {
        Self { kind, namespace: namespace.into(), name: name.into() }
    }

    /// `namespace/name`, or the bare name of a cluster-scoped object.
    pub fn short(&self) -> String {
        if self.namespace.is_empty() {
            self.name.clone()
        } else {
            format!("{}/{}", self.namespace, self.name)
        }
    }
}

impl fmt::Display for ObjectKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.kind.as_str(), self.short())
    }
}

/// The set of AWS resources that is owned as one, and the value of its `…/stack` tag.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum StackKey {
    /// An explicit IngressGroup (`group.name`); the tag value is the bare name.
    Group(String),
    /// An Ingress alone; the tag value is `namespace/name`.
    Ingress {
        /// The Ingress's namespace.
        namespace: String,
        /// The Ingress's name.
        name: String,
    },
    /// A Service of type LoadBalancer; the tag value is `namespace/name`.
    Service {
        /// The Service's namespace.
        namespace: String,
        /// The Service's name.
        name: String,
    },
}

impl StackKey {
    /// Reads an `ingress.k8s.aws/stack` tag value back: one with a slash is an implicit group.
    pub fn parse(tag: &str) -> Self {
        match tag.split_once('/') {
            Some((namespace, name)) => {
                StackKey::Ingress { namespace: namespace.into(), name: name.into() }
            }
            None => StackKey::Group(tag.into()),
        }
    }

    /// Reads a `service.k8s.aws/stack` tag value back; `None`: no Service is called so.
    pub fn parse_service(tag: &str) -> Option<Self> {
        let (namespace, name) = tag.split_once('/')?;
        Some(StackKey::Service { namespace: namespace.into(), name: name.into() })
    }

    /// Whether a Service of its own asks for it, and not Ingresses.
    pub fn is_of_service(&self) -> bool {
        matches!(self, StackKey::Service { .. })
    }

    /// Which type of load balancer it has.
    pub fn balancer(&self) -> BalancerKind {
        match self {
            StackKey::Group(_) | StackKey::Ingress { .. } => BalancerKind::Application,
            StackKey::Service { .. } => BalancerKind::Network,
        }
    }
}

/// What the finalizers of groups begin with (ALBC); the group's name follows.
const GROUP_FINALIZER: &str = "group.ingress.k8s.aws/";
/// The finalizer of an Ingress alone (ALBC).
const OWN_FINALIZER: &str = "ingress.k8s.aws/resources";
/// The finalizer of a Service (ALBC).
const SERVICE_FINALIZER: &str = "service.k8s.aws/resources";

impl StackKey {
    /// The finalizer that an object carries while it takes part in this stack, as ALBC spells it.
    pub fn finalizer(&self) -> String {
        match self {
            StackKey::Group(name) => format!("{GROUP_FINALIZER}{name}"),
            StackKey::Ingress { .. } => OWN_FINALIZER.into(),
            StackKey::Service { .. } => SERVICE_FINALIZER.into(),
        }
    }

    /// The stack that this finalizer on this object speaks of; `None`: it is not one of ours.
    pub fn of_finalizer(finalizer: &str, on: &ObjectKey) -> Option<Self> {
        let (namespace, name) = (on.namespace.clone(), on.name.clone());
        match (on.kind, finalizer) {
            (Kind::Service, SERVICE_FINALIZER) => Some(StackKey::Service { namespace, name }),
            (Kind::Ingress, OWN_FINALIZER) => Some(StackKey::Ingress { namespace, name }),
            (Kind::Ingress, other) => {
                other.strip_prefix(GROUP_FINALIZER).map(|name| StackKey::Group(name.into()))
            }
            _ => None,
        }
    }
}

impl fmt::Display for StackKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            StackKey::Group(name) => write!(f, "{name}"),
            StackKey::Ingress { namespace, name } | StackKey::Service { namespace, name } => {
                write!(f, "{namespace}/{name}")
            }
        }
    }
}

/// One target group's membership: the stack and the target group's resource id in it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct TargetKey {
    /// The stack that the target group belongs to.
    pub stack: StackKey,
    /// The target group's resource id: `<ingNs>/<ing>-<svc>:<port as written>`, of a Service
    /// `<namespace>/<name>:<port>`.
    pub group: String,
}

/// A hosted zone at a provider.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct ZoneKey {
    /// The zone's name without the trailing dot, lower case.
    pub name: String,
    /// The provider's own id (`Z0123…` at Route 53).
    pub id: String,
}

/// The smallest thing that is compiled, planned and applied alone.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Unit {
    /// What all stacks share: the backend security group and the rules that let it reach the targets.
    Foundation,
    /// One load balancer with everything under it.
    Stack(StackKey),
    /// The targets of one target group.
    Targets(TargetKey),
    /// The records of one hosted zone.
    Zone(ZoneKey),
}

impl fmt::Display for Unit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Unit::Foundation => write!(f, "foundation"),
            Unit::Stack(StackKey::Group(name)) => write!(f, "stack group:{name}"),
            Unit::Stack(key @ StackKey::Service { .. }) => write!(f, "stack service:{key}"),
            Unit::Stack(key) => write!(f, "stack {key}"),
            Unit::Targets(key) => write!(f, "targets {}", key.group),
            Unit::Zone(key) => write!(f, "zone {}", key.name),
        }
    }
}

/// An Amazon Resource Name.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Arn(pub String);

impl fmt::Display for Arn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// What a resource is, in the order in which a newcomer would list them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ResourceKind {
    /// An EC2 security group.
    SecurityGroup,
    /// An ELBv2 target group.
    TargetGroup,
    /// An ELBv2 load balancer.
    LoadBalancer,
    /// A listener of a load balancer.
    Listener,
    /// A rule of a listener.
    Rule,
}

impl ResourceKind {
    /// The field's own term, as plans print it.
    pub fn as_str(self) -> &'static str {
        match self {
            ResourceKind::SecurityGroup => "security-group",
            ResourceKind::TargetGroup => "target-group",
            ResourceKind::LoadBalancer => "load-balancer",
            ResourceKind::Listener => "listener",
            ResourceKind::Rule => "rule",
        }
    }
}

/// One resource that we keep: which unit it belongs to, what it is and its id there (the `…/resource`
/// tag): `LoadBalancer`, `ManagedLBSecurityGroup`, `443`, `443:1`, `shop/web-cart:80`, `backend-sg`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct ResourceKey {
    /// The unit that owns it: a stack or the foundation.
    pub unit: Unit,
    /// What it is.
    pub kind: ResourceKind,
    /// Its id within the unit.
    pub id: String,
}

impl ResourceKey {
    /// A resource of a unit.
    pub fn new(unit: Unit, kind: ResourceKind, id: impl Into<String>) -> Self {
        Self { unit, kind, id: id.into() }
    }

    /// A reference to what `field` of this resource will be.
    pub fn output<T>(&self, field: Field) -> crate::Value<T> {
        crate::Value::Output { of: self.clone(), field }
    }
}

impl fmt::Display for ResourceKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}#{}:{}", self.unit, self.kind.as_str(), self.id)
    }
}

/// An attribute of a resource that AWS decides and that others refer to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Field {
    /// The ARN of a load balancer, listener, rule or target group.
    Arn,
    /// The id of a security group.
    GroupId,
    /// The DNS name of a load balancer.
    DnsName,
    /// The ARN of a target group that still serves beside the one that takes its place.
    ElderArn,
}
