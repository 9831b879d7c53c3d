//! One step of a plan: one call to AWS, or one batch to a DNS provider, as a printable value.

use std::collections::{BTreeMap, BTreeSet};

use inroad_words::{
    Arn, Field, ResourceKey, Tags, Value,
    balancer::{IpAddressType, Listener, LoadBalancer, Rule},
    network::{IngressRule, SecurityGroup},
    record::{Record, RecordKey},
    targets::{HealthCheck, Target, TargetGroup},
};
use serde::Serialize;

/// One step. Where it needs what another step makes, that stands as [`Value::Output`] until
/// [`crate::Run`] fills it in: an executor sees known values only.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case", tag = "op")]
#[allow(missing_docs)] // each variant names its API call, whose own parameters its fields are
pub enum Op {
    /// `ec2:CreateSecurityGroup`, tags with it; then `ec2:AuthorizeSecurityGroupIngress` for its rules
    /// as a step of its own. Output: group id.
    CreateSecurityGroup { key: ResourceKey, spec: SecurityGroup },
    /// `ec2:AuthorizeSecurityGroupIngress`.
    AuthorizeIngress { group: Value<String>, rules: BTreeSet<IngressRule> },
    /// `ec2:RevokeSecurityGroupIngress`.
    RevokeIngress { group: Value<String>, rules: BTreeSet<IngressRule> },
    /// `ec2:DeleteSecurityGroup`.
    DeleteSecurityGroup { id: String },
    /// `elasticloadbalancing:CreateTargetGroup`, tags with it. Output: ARN.
    CreateTargetGroup { key: ResourceKey, spec: TargetGroup },
    /// `elasticloadbalancing:ModifyTargetGroup`.
    ModifyHealthCheck { group: Value<Arn>, spec: HealthCheck },
    /// `elasticloadbalancing:ModifyTargetGroupAttributes`.
    ModifyTargetGroupAttributes { group: Value<Arn>, set: BTreeMap<String, String> },
    /// `elasticloadbalancing:DeleteTargetGroup`.
    DeleteTargetGroup { arn: Arn },
    /// `elasticloadbalancing:CreateLoadBalancer`, tags with it. Outputs: ARN, DNS name.
    CreateLoadBalancer { key: ResourceKey, spec: LoadBalancer },
    /// `elasticloadbalancing:SetSubnets`.
    SetSubnets { balancer: Arn, subnets: BTreeSet<String> },
    /// `elasticloadbalancing:SetSecurityGroups`.
    SetSecurityGroups { balancer: Arn, groups: Vec<Value<String>> },
    /// `elasticloadbalancing:SetIpAddressType`.
    SetIpAddressType { balancer: Arn, ip_address_type: IpAddressType },
    /// `elasticloadbalancing:ModifyLoadBalancerAttributes`.
    ModifyLoadBalancerAttributes { balancer: Value<Arn>, set: BTreeMap<String, String> },
    /// `elasticloadbalancing:DeleteLoadBalancer`.
    DeleteLoadBalancer { arn: Arn },
    /// `wafv2:AssociateWebACL`, in the place of the web ACL that is associated.
    AssociateWebAcl { balancer: Value<Arn>, acl: Arn },
    /// `wafv2:DisassociateWebACL`.
    DisassociateWebAcl { balancer: Value<Arn> },
    /// `elasticloadbalancing:CreateListener` with its default certificate, tags with it. Output: ARN.
    CreateListener { key: ResourceKey, spec: Listener },
    /// `elasticloadbalancing:ModifyListener`: protocol, default actions, default certificate, policy.
    ModifyListener { listener: Arn, spec: Listener },
    /// `elasticloadbalancing:AddListenerCertificates`, one certificate a call.
    AddCertificate { listener: Value<Arn>, certificate: Arn },
    /// `elasticloadbalancing:RemoveListenerCertificates`, one certificate a call.
    RemoveCertificate { listener: Arn, certificate: Arn },
    /// `elasticloadbalancing:ModifyListenerAttributes`.
    ModifyListenerAttributes { listener: Value<Arn>, set: BTreeMap<String, String> },
    /// `elasticloadbalancing:DeleteListener`.
    DeleteListener { arn: Arn },
    /// `elasticloadbalancing:CreateRule`, tags with it. Output: ARN.
    CreateRule { key: ResourceKey, spec: Rule },
    /// `elasticloadbalancing:ModifyRule`.
    ModifyRule { rule: Arn, spec: Rule },
    /// `elasticloadbalancing:SetRulePriorities`: ARN -> priority, checked after the whole call.
    SetRulePriorities { listener: Arn, priorities: BTreeMap<Arn, u32> },
    /// `elasticloadbalancing:DeleteRule`.
    DeleteRule { arn: Arn },
    /// `elasticloadbalancing:RegisterTargets`, at most 200 a call.
    RegisterTargets { group: Value<Arn>, targets: BTreeSet<Target> },
    /// `elasticloadbalancing:DeregisterTargets`, at most 200 a call.
    DeregisterTargets { group: Value<Arn>, targets: BTreeSet<Target> },
    /// Tags of an ELBv2 resource: `AddTags`, then `RemoveTags`.
    TagBalancing { arn: Arn, set: Tags, remove: BTreeSet<String> },
    /// Tags of an EC2 resource: `CreateTags`, then `DeleteTags`.
    TagEc2 { id: String, set: Tags, remove: BTreeSet<String> },
    /// The note of what a stack should be ([`crate::FINGERPRINT_TAG`]) on its load balancer: `AddTags`,
    /// or `RemoveTags` without a value. No thing of the user's: it is neither counted nor shown.
    Fingerprint { balancer: Value<Arn>, value: Option<String> },
    /// One batch of record changes in one zone, already legal and sized.
    ChangeRecords { zone: inroad_words::ZoneKey, changes: Vec<RecordChange> },
}

/// One change of one record set.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case", tag = "change")]
#[allow(missing_docs)] // the variant says it
pub enum RecordChange {
    /// It must not exist.
    Create { record: Record },
    /// It replaces what is there.
    Upsert { before: Record, record: Record },
    /// It goes; `before` is what was read, byte for byte.
    Delete { before: Record },
}

impl RecordChange {
    /// The record set that it changes.
    pub fn key(&self) -> &RecordKey {
        &self.subject().key
    }

    /// Whether it leaves something else than was read. A mark goes along with the record that it speaks of
    /// even where it says nothing new.
    pub fn is_news(&self) -> bool {
        !matches!(self, RecordChange::Upsert { before, record } if before == record)
    }

    /// What it leaves, or takes away.
    pub fn subject(&self) -> &Record {
        match self {
            RecordChange::Create { record } | RecordChange::Upsert { record, .. } => record,
            RecordChange::Delete { before } => before,
        }
    }
}

impl Op {
    /// Whether something that carries traffic, or lets it in, is not there afterwards. Records are changed in
    /// batches, which are no such step: what goes and what comes stand in one.
    pub fn takes_away(&self) -> bool {
        matches!(
            self,
            Op::DeregisterTargets { .. }
                | Op::DeleteRule { .. }
                | Op::DeleteListener { .. }
                | Op::DeleteLoadBalancer { .. }
                | Op::DeleteTargetGroup { .. }
                | Op::RemoveCertificate { .. }
                | Op::RevokeIngress { .. }
                | Op::DeleteSecurityGroup { .. }
        )
    }

    /// Whether it only keeps a note of our own.
    pub fn is_note(&self) -> bool {
        matches!(self, Op::Fingerprint { .. })
    }
}

/// What an executed step turned out to make.
pub type OpOutputs = BTreeMap<Field, String>;
