//! IngressClassParams (`elbv2.k8s.aws/v1beta1`): what a class says for all its Ingresses.

use std::collections::BTreeMap;

use k8s_openapi::apimachinery::pkg::apis::meta::v1::{LabelSelector, ObjectMeta};
use serde::{Deserialize, Serialize};

/// The object.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct IngressClassParams {
    /// Standard metadata; cluster-scoped.
    pub metadata: ObjectMeta,
    /// What it says.
    #[serde(default)]
    pub spec: IngressClassParamsSpec,
}

/// `spec`: every field beats the annotation of the same meaning. More than twelve fields because
/// the CRD has them side by side.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct IngressClassParamsSpec {
    /// Name of the load balancer.
    pub load_balancer_name: Option<String>,
    /// Certificates in order.
    pub certificate_arn: Vec<String>,
    /// Namespaces whose Ingresses may use the class; `None`: all.
    pub namespace_selector: Option<LabelSelector>,
    /// The group that all Ingresses of the class join.
    pub group: Option<ClassGroup>,
    /// `internal` or `internet-facing`.
    pub scheme: Option<String>,
    /// Who may come in.
    #[serde(rename = "inboundCIDRs")]
    pub inbound_cidrs: Vec<String>,
    /// TLS policy.
    pub ssl_policy: Option<String>,
    /// Port of the HTTPS listener that all HTTP is redirected to, as text.
    pub ssl_redirect_port: Option<String>,
    /// Subnets by id or by tags.
    pub subnets: Option<ClassSubnets>,
    /// `ipv4`, `dualstack` or `dualstack-without-public-ipv4`.
    pub ip_address_type: Option<String>,
    /// Tags.
    pub tags: Vec<Pair>,
    /// `instance` or `ip`.
    pub target_type: Option<String>,
    /// Attributes of the load balancer.
    pub load_balancer_attributes: Vec<Pair>,
    /// Attributes of listeners.
    pub listeners: Vec<ClassListener>,
    /// Reserved capacity.
    pub minimum_load_balancer_capacity: Option<MinimumCapacity>,
    /// IPAM pools.
    pub ipam_configuration: Option<ClassIpam>,
    /// Managed prefix lists that may come in.
    #[serde(rename = "prefixListsIDs")]
    pub prefix_lists_ids: Vec<String>,
    /// The same by its older spelling; the CRD forbids both at once.
    #[serde(rename = "PrefixListsIDs")]
    pub legacy_prefix_lists_ids: Vec<String>,
    /// Web ACL by ARN, or `none`.
    pub wafv2_acl_arn: Option<String>,
    /// Web ACL by name, or `none`.
    pub wafv2_acl_name: Option<String>,
}

/// `spec.group`.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct ClassGroup {
    /// The group's name.
    pub name: String,
}

/// `spec.subnets`: one of the two.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct ClassSubnets {
    /// Subnet ids.
    pub ids: Vec<String>,
    /// Tag key -> acceptable values.
    pub tags: BTreeMap<String, Vec<String>>,
}

/// A key and a value.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Pair {
    /// The key.
    pub key: String,
    /// The value.
    #[serde(default)]
    pub value: String,
}

/// `spec.listeners[]`.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct ClassListener {
    /// `HTTP` or `HTTPS`.
    pub protocol: String,
    /// Port, 1 to 65535.
    pub port: i32,
    /// Attributes of that listener.
    pub listener_attributes: Vec<Pair>,
}

/// `spec.minimumLoadBalancerCapacity`.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct MinimumCapacity {
    /// Load balancer capacity units; 0 takes the reservation back.
    pub capacity_units: i32,
}

/// `spec.ipamConfiguration`.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct ClassIpam {
    /// Pool of public IPv4 addresses.
    #[serde(rename = "ipv4IPAMPoolId")]
    pub ipv4_pool: Option<String>,
}
