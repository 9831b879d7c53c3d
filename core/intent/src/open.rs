//! What the members of a stack leave open: values on which they differ, and values that one of them means
//! and cannot say. Which of them counts depends on what is deployed, so a later room says it.

use std::collections::BTreeMap;

use inroad_words::{
    Origin, Said,
    balancer::{IpAddressType, ListenerProtocol, Mutual, Scheme},
};
use serde::Serialize;

use crate::model::{ListenerIntent, RouteAction, SubnetChoice, WebAclChoice};

/// What is said of a value besides what comes first in group order: of all that is said, the deployed
/// value counts, else the first.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Open<T> {
    /// What later members say instead, in group order.
    pub others: Vec<Said<T>>,
    /// Where somebody says something that cannot be read, or where nobody says anything and what stands
    /// stays: the deployed value counts, whatever it is.
    pub unreadable: Option<Origin>,
}

impl<T> Default for Open<T> {
    fn default() -> Self {
        Self { others: Vec::new(), unreadable: None }
    }
}

/// Keys on which members differ, each with what later members say.
pub type OpenKeys = BTreeMap<String, Vec<Said<String>>>;

/// What is open of a load balancer.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct OpenBalancer {
    /// `load-balancer-name`.
    pub name: Open<String>,
    /// `scheme`.
    pub scheme: Open<Scheme>,
    /// `ip-address-type`.
    pub ip_address_type: Open<IpAddressType>,
    /// `subnets`.
    pub subnets: Open<SubnetChoice>,
    /// `security-groups`.
    pub security_groups: Open<Vec<String>>,
    /// `manage-backend-security-group-rules`.
    pub manage_backend_rules: Open<bool>,
    /// `load-balancer-attributes`.
    pub attributes: OpenKeys,
    /// `customer-owned-ipv4-pool`.
    pub customer_owned_pool: Open<String>,
    /// `wafv2-acl-name`, else `wafv2-acl-arn`.
    pub web_acl: Open<WebAclChoice>,
    /// `tags`.
    pub tags: OpenKeys,
}

/// What is open of a listener.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct OpenListener {
    /// Its protocol.
    pub protocol: Open<ListenerProtocol>,
    /// The listener with the other protocol, where the protocol is open.
    pub instead: Option<Box<ListenerIntent>>,
    /// `inbound-cidrs`.
    pub inbound_cidrs: Open<Vec<String>>,
    /// `security-group-prefix-lists`.
    pub prefix_lists: Open<Vec<String>>,
    /// `ssl-policy`.
    pub ssl_policy: Open<String>,
    /// `mutual-authentication`.
    pub clients: Open<Mutual<String>>,
    /// The default action: default backends, or ports to redirect to. Unreadable: whether it redirects.
    pub default: Open<RouteAction>,
    /// `listener-attributes.<PROTO>-<PORT>`.
    pub attributes: OpenKeys,
}
