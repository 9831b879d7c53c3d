//! The outside as plain data, and what it answers to a unit's questions: nothing that was not asked.

use std::collections::{BTreeMap, BTreeSet};

use inroad_words::{
    Arn, Tags, ZoneKey,
    facts::{Certificate, Facts, GroupFact, Interface, Need, Subnet, Vpc},
    record::Zone,
};
use serde::{Deserialize, Serialize};

/// A kind of question that the outside may refuse.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Question {
    /// `Need::Vpc`.
    Vpc,
    /// `Need::Subnets`.
    Subnets,
    /// `Need::Certificates`.
    Certificates,
    /// `Need::CertificateAuthorities`.
    CertificateAuthorities,
    /// `Need::TrustStores`.
    TrustStores,
    /// `Need::SecurityGroups`.
    SecurityGroups,
    /// `Need::Interfaces`.
    Interfaces,
    /// `Need::TargetGroups`.
    TargetGroups,
    /// `Need::WebAcls`.
    WebAcls,
    /// `Need::Limits`.
    Limits,
    /// `Need::Zones`.
    Zones,
}

impl Question {
    fn of(need: &Need) -> Self {
        match need {
            Need::Vpc => Question::Vpc,
            Need::Subnets => Question::Subnets,
            Need::Certificates => Question::Certificates,
            Need::CertificateAuthorities => Question::CertificateAuthorities,
            Need::TrustStores(_) => Question::TrustStores,
            Need::SecurityGroups(_) => Question::SecurityGroups,
            Need::Interfaces(_) => Question::Interfaces,
            Need::TargetGroups(_) => Question::TargetGroups,
            Need::WebAcls(_) => Question::WebAcls,
            Need::Limits => Question::Limits,
            Need::Zones => Question::Zones,
        }
    }
}

/// Everything that the outside knows, and what it will not tell.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Surroundings {
    /// All of it; `missing` and `outputs` are not looked at.
    pub facts: Facts,
    /// Questions that get no answer.
    pub refuses: BTreeSet<Question>,
}

impl Surroundings {
    /// A VPC with two public and two private subnets, a node group with its security group, a few
    /// certificates and two zones.
    pub fn usual() -> Self {
        let subnets = [("a", true), ("b", true), ("a", false), ("b", false)];
        let subnets = (1u8..).zip(subnets).map(|(nth, (zone, public))| subnet(nth, zone, public));
        let groups = ["sg-nodes", "sg-office", "sg-partners"].map(group);
        let zones = [("example.com", "Z1"), ("other.org", "Z2")];
        let facts = Facts {
            vpc: Some(Vpc { id: "vpc-1".into(), cidrs: BTreeSet::from(["10.0.0.0/16".into()]) }),
            subnets: subnets.map(|it| (it.id.clone(), it)).collect(),
            certificates: [("arn:wild", "*.example.com"), ("arn:h1", "h1.example.com")]
                .map(|(arn, name)| (arn.into(), certificate(arn, name)))
                .into(),
            trust_stores: [("staff".to_owned(), Arn("arn:staff".into()))].into(),
            security_groups: groups.map(|it| (it.id.clone(), it)).into(),
            interfaces: interfaces(),
            target_groups: [("theirs".to_owned(), "arn:theirs".to_owned())].into(),
            web_acls: [("office".to_owned(), "arn:web-acl/office".to_owned())].into(),
            zones: zones.map(|(name, id)| zone(name, id)).into(),
            ..Facts::default()
        };
        Self { facts, refuses: BTreeSet::new() }
    }

    /// The answers to these questions.
    pub fn answer(&self, needs: &BTreeSet<Need>) -> Facts {
        let mut answers = Facts::default();
        for need in needs {
            if self.refuses.contains(&Question::of(need)) {
                answers.missing.insert(need.clone(), "AccessDenied".into());
            } else {
                self.tell(need, &mut answers);
            }
        }
        answers
    }

    fn tell(&self, need: &Need, answers: &mut Facts) {
        let all = &self.facts;
        match need {
            Need::Vpc => answers.vpc.clone_from(&all.vpc),
            Need::Subnets => answers.subnets.clone_from(&all.subnets),
            Need::Certificates => answers.certificates.clone_from(&all.certificates),
            Need::CertificateAuthorities => answers.authorities.clone_from(&all.authorities),
            Need::TrustStores(names) => {
                let found = all.trust_stores.iter().filter(|(name, _)| names.contains(*name));
                answers.trust_stores = found.map(|(k, v)| (k.clone(), v.clone())).collect();
            }
            Need::SecurityGroups(names) => {
                let is_named = |it: &&GroupFact| {
                    names.contains(&it.id)
                        || it.tags.get("Name").is_some_and(|tag| names.contains(tag))
                };
                let found = all.security_groups.values().filter(is_named);
                answers.security_groups = found.map(|it| (it.id.clone(), it.clone())).collect();
            }
            Need::Interfaces(ids) => {
                let found = all.interfaces.iter().filter(|(id, _)| ids.contains_key(*id));
                answers.interfaces = found.map(|(id, it)| (id.clone(), it.clone())).collect();
            }
            Need::TargetGroups(names) => {
                let found = all.target_groups.iter().filter(|(name, _)| names.contains(*name));
                answers.target_groups = found.map(|(k, v)| (k.clone(), v.clone())).collect();
            }
            Need::WebAcls(names) => {
                let found = all.web_acls.iter().filter(|(name, _)| names.contains(*name));
                answers.web_acls = found.map(|(name, arn)| (name.clone(), arn.clone())).collect();
            }
            Need::Limits => answers.limits.clone_from(&all.limits),
            Need::Zones => answers.zones.clone_from(&all.zones),
        }
    }
}

fn subnet(nth: u8, zone: &str, public: bool) -> Subnet {
    let role = if public { "kubernetes.io/role/elb" } else { "kubernetes.io/role/internal-elb" };
    Subnet {
        id: format!("subnet-{nth}"),
        zone: format!("eu-west-1{zone}"),
        locale: "availability-zone".into(),
        cidr: format!("10.0.{nth}.0/24"),
        has_ipv6: false,
        available_addresses: 200,
        public,
        tags: Tags::from([(role.into(), "1".into()), ("Name".into(), format!("net-{nth}"))]),
    }
}

fn group(id: &str) -> GroupFact {
    let mut tags = Tags::from([("Name".into(), id.trim_start_matches("sg-").into())]);
    if id == "sg-nodes" {
        tags.insert("kubernetes.io/cluster/lab".into(), "owned".into());
    }
    GroupFact { id: id.into(), name: id.trim_start_matches("sg-").into(), tags }
}

fn certificate(arn: &str, name: &str) -> Certificate {
    Certificate { arn: arn.into(), names: BTreeSet::from([name.into()]) }
}

/// Nodes `i-0` to `i-3` and the addresses of the pods on them: 10.0.0.0 to 10.0.3.3.
fn interfaces() -> BTreeMap<String, Interface> {
    let nodes = (0..4).map(|nth| format!("i-{nth}"));
    let pods = (0..16).map(|nth| format!("10.0.{}.{}", nth / 4, nth % 4));
    let one = |id: String| {
        let groups = vec![group("sg-nodes")];
        (id.clone(), Interface { id: format!("eni-{id}"), groups })
    };
    nodes.chain(pods).map(one).collect()
}

fn zone(name: &str, id: &str) -> Zone {
    Zone { key: ZoneKey { name: name.into(), id: id.into() }, private: false }
}
