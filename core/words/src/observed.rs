//! What is there: read by ownership tags, in the same shapes as what is wanted.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use crate::{
    Arn,
    balancer::{Listener, LoadBalancer, Rule, WebAcl},
    network::SecurityGroup,
    record::Record,
    targets::{Target, TargetGroup},
};

/// Everything of one unit that exists. Keys are the `…/resource` tag values; a list holds more than
/// one where a tag was given twice (a duplicate, or a replacement half done).
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Observed {
    /// Security groups by resource id.
    pub security_groups: BTreeMap<String, Vec<SeenGroup>>,
    /// Target groups by resource id.
    pub target_groups: BTreeMap<String, Vec<SeenTargetGroup>>,
    /// Load balancers by resource id.
    pub load_balancers: BTreeMap<String, Vec<SeenBalancer>>,
    /// Targets of the one target group of a `Unit::Targets`.
    pub targets: Option<SeenTargets>,
    /// Foreign security groups that carry rules of ours (`Unit::Foundation`), by id: our rules only.
    pub shared_rules: BTreeMap<String, SeenGroup>,
    /// Records of the one zone of a `Unit::Zone`.
    pub records: Option<BTreeMap<crate::record::RecordKey, Record>>,
}

/// A security group that exists.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SeenGroup {
    /// `sg-…`.
    pub id: String,
    /// What it is.
    pub spec: SecurityGroup,
}

impl SeenGroup {
    /// A group of which nothing but the id is known, and that has no rules of ours.
    pub fn empty(id: &str) -> Self {
        let (name, description, vpc) = Default::default();
        let (ingress, tags) = Default::default();
        Self { id: id.into(), spec: SecurityGroup { name, description, vpc, ingress, tags } }
    }
}

/// A target group that exists.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SeenTargetGroup {
    /// Its ARN.
    pub arn: Arn,
    /// What it is; `attributes` holds all of them.
    pub spec: TargetGroup,
    /// The load balancers that use it (at most one).
    pub load_balancers: BTreeSet<Arn>,
    /// How many of its targets are healthy; asked only while its stack has several load balancers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub healthy: Option<usize>,
}

/// A load balancer that exists, with everything under it, tagged or not.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SeenBalancer {
    /// Its ARN.
    pub arn: Arn,
    /// Its DNS name as AWS spells it.
    pub dns_name: String,
    /// `provisioning`, `active`, `active_impaired`, `failed`.
    pub state: String,
    /// `application` or `network`; another type than ours is replaced.
    pub kind: String,
    /// What it is; `subnets.prefer` holds its subnets, `attributes` all attributes.
    pub spec: LoadBalancer,
    /// The web ACL that protects it. It takes a call of its own, which is made where somebody says
    /// which one it should be.
    #[serde(default)]
    pub web_acl: SeenWebAcl,
    /// Its listeners by port.
    pub listeners: BTreeMap<u16, SeenListener>,
}

/// What is known of the web ACL on a load balancer.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum SeenWebAcl {
    /// Nobody has asked.
    #[default]
    Unasked,
    /// AWS did not tell, in whose words.
    Unknown(String),
    /// What there is.
    Known(WebAcl),
}

/// A listener that exists.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SeenListener {
    /// Its ARN.
    pub arn: Arn,
    /// What it is; `certificates` holds the default one first, then the SNI list as AWS gives it
    /// (which holds the default again where somebody added it).
    pub spec: Listener,
    /// Its rules but the default one.
    pub rules: Vec<SeenRule>,
}

/// A rule that exists.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SeenRule {
    /// Its ARN.
    pub arn: Arn,
    /// What it is.
    pub spec: Rule,
}

/// The registrations of a target group.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SeenTargets {
    /// The target group.
    pub group: Arn,
    /// Its registrations that are not draining, each with its health as AWS spells it.
    pub targets: BTreeMap<Target, TargetHealth>,
}

/// `TargetHealth` of a registration.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct TargetHealth {
    /// `initial`, `healthy`, `unhealthy`, `unused`, `draining`, `unavailable`.
    pub state: String,
    /// `Elb.InitialHealthChecking` and such; empty where AWS gives none.
    pub reason: String,
    /// AWS's sentence on it.
    pub description: String,
}
