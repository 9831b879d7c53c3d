//! TargetGroupBinding (`elbv2.k8s.aws/v1beta1`): which Service's endpoints a target group holds. Those with
//! a stack's labels are what a controller publishes; the others are users' wishes.

use k8s_openapi::apimachinery::pkg::{
    apis::meta::v1::{LabelSelector, ObjectMeta},
    util::intstr::IntOrString,
};
use serde::{Deserialize, Serialize};

/// The object.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct TargetGroupBinding {
    /// Standard metadata; namespaced.
    pub metadata: ObjectMeta,
    /// What it says.
    pub spec: TargetGroupBindingSpec,
}

/// `spec`. The order of the fields is that of the peer's type: the checkpoint is a digest of the JSON that
/// comes of it.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct TargetGroupBindingSpec {
    /// The target group; empty only where a name stands instead.
    #[serde(rename = "targetGroupARN", default, skip_serializing_if = "String::is_empty")]
    pub target_group_arn: String,
    /// The target group by name; the ARN wins.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub target_group_name: String,
    /// Whether other clusters register targets there too.
    #[serde(default, skip_serializing_if = "is_false")]
    pub multi_cluster_target_group: bool,
    /// `instance` or `ip`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub target_type: Option<String>,
    /// Protocol of the target group (`HTTP`, `HTTPS`, `TCP`, …).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub target_group_protocol: Option<String>,
    /// Whose endpoints.
    pub service_ref: ServiceRef,
    /// Who must reach the targets; `None`: their security groups are not managed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub networking: Option<Networking>,
    /// Nodes that may be targets; instance targets only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub node_selector: Option<LabelSelector>,
    /// `ipv4` or `ipv6`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ip_address_type: Option<String>,
    /// The target group's VPC.
    #[serde(rename = "vpcID", default, skip_serializing_if = "String::is_empty")]
    pub vpc_id: String,
    /// Role for calls about this target group.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub iam_role_arn_to_assume: String,
    /// External id that goes with the role.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub assume_role_external_id: String,
}

/// `spec.serviceRef`.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct ServiceRef {
    /// The Service, in the binding's namespace.
    pub name: String,
    /// Its port by number or name.
    pub port: IntOrString,
}

/// `spec.networking`.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Networking {
    /// What must come in.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub ingress: Vec<NetworkingRule>,
}

/// `spec.networking.ingress[]`.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct NetworkingRule {
    /// From where.
    pub from: Vec<NetworkingPeer>,
    /// To which ports; none: all TCP ports.
    pub ports: Vec<NetworkingPort>,
}

/// `spec.networking.ingress[].from[]`: one of the two.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct NetworkingPeer {
    /// Addresses.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ip_block: Option<IpBlock>,
    /// Whoever is in a security group.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub security_group: Option<PeerGroup>,
}

/// A block of addresses.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct IpBlock {
    /// IPv4 or IPv6 CIDR.
    pub cidr: String,
}

/// A security group.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct PeerGroup {
    /// Its id (`sg-…`).
    #[serde(rename = "groupID")]
    pub group_id: String,
}

/// `spec.networking.ingress[].ports[]`.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct NetworkingPort {
    /// `TCP` (default) or `UDP`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub protocol: Option<String>,
    /// By number or name; `None`: every port.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub port: Option<IntOrString>,
}

// Serde hands the field over by reference.
fn is_false(value: &bool) -> bool {
    !value
}
