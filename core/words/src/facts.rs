//! What the outside was asked, once per unit, and what it said.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use crate::{Arn, Field, ResourceKey, Tags, observed::Observed, quota::Limits, record::Zone};

/// A question to the outside. Each is asked at most once for a unit.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Need {
    /// The VPC with its CIDR blocks.
    Vpc,
    /// Every subnet of the VPC, with whether its route table leads to an internet gateway.
    Subnets,
    /// Every issued certificate with the names that it covers.
    Certificates,
    /// Which authority each private certificate was issued by.
    CertificateAuthorities,
    /// The trust stores of these names.
    TrustStores(BTreeSet<String>),
    /// These security groups, by id or by `Name` tag.
    SecurityGroups(BTreeSet<String>),
    /// The network interfaces of these instances (`i-…`) and addresses, with their security groups. To
    /// each address the instance on which it is, where that is known.
    Interfaces(BTreeMap<String, Option<String>>),
    /// The ARNs of these target groups, by name: groups that somebody else made.
    TargetGroups(BTreeSet<String>),
    /// The regional web ACLs of these names.
    WebAcls(BTreeSet<String>),
    /// The account's quotas.
    Limits,
    /// The hosted zones that the DNS provider offers.
    Zones,
}

/// The answers. A question that could not be answered is in `missing`, and whatever needs it waits.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Facts {
    /// The VPC.
    pub vpc: Option<Vpc>,
    /// Subnets of the VPC, by id.
    pub subnets: BTreeMap<String, Subnet>,
    /// Issued certificates, by ARN.
    pub certificates: BTreeMap<String, Certificate>,
    /// Private certificates by ARN, each with the ARN of its authority.
    #[serde(default)]
    pub authorities: BTreeMap<String, String>,
    /// Trust stores that were asked for and exist: name -> ARN.
    #[serde(default)]
    pub trust_stores: BTreeMap<String, Arn>,
    /// Security groups that were asked for, by id.
    pub security_groups: BTreeMap<String, GroupFact>,
    /// Network interface of each instance or address that was found.
    pub interfaces: BTreeMap<String, Interface>,
    /// ARNs of target groups that were asked for, by name; one that does not exist is left out.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub target_groups: BTreeMap<String, String>,
    /// ARNs of the web ACLs that were asked for and exist, by name.
    #[serde(default)]
    pub web_acls: BTreeMap<String, String>,
    /// The account's quotas; nothing waits for them.
    #[serde(default)]
    pub limits: Limits,
    /// Hosted zones.
    pub zones: BTreeSet<Zone>,
    /// What other units' resources are known to be: `Output`s that shape may resolve.
    pub outputs: Outputs,
    /// What is deployed of the unit itself. It is used where the objects leave something open that the
    /// deployed value decides; where it is `None`, such a unit waits.
    #[serde(skip)]
    pub deployed: Option<Observed>,
    /// Questions without an answer, with the reason in the words of whoever refused.
    pub missing: BTreeMap<Need, String>,
}

/// Attributes of resources that exist, by resource and attribute.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Outputs(pub BTreeMap<(ResourceKey, Field), String>);

impl Outputs {
    /// The attribute of the resource, where it is known.
    pub fn get(&self, of: &ResourceKey, field: Field) -> Option<&str> {
        self.0.get(&(of.clone(), field)).map(String::as_str)
    }
}

impl Serialize for Outputs {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.0.iter())
    }
}

impl<'de> Deserialize<'de> for Outputs {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let pairs = Vec::<((ResourceKey, Field), String)>::deserialize(deserializer)?;
        Ok(Self(pairs.into_iter().collect()))
    }
}

/// A VPC.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Vpc {
    /// `vpc-…`.
    pub id: String,
    /// Its associated CIDR blocks.
    pub cidrs: BTreeSet<String>,
}

/// A subnet.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Subnet {
    /// `subnet-…`.
    pub id: String,
    /// Availability Zone id or name.
    pub zone: String,
    /// `availability-zone`, `local-zone`, `wavelength-zone` or `outpost`.
    pub locale: String,
    /// IPv4 block.
    pub cidr: String,
    /// Whether an IPv6 block is associated.
    pub has_ipv6: bool,
    /// Free IPv4 addresses.
    pub available_addresses: i64,
    /// Whether its route table has a route to an internet gateway.
    pub public: bool,
    /// Its tags.
    pub tags: Tags,
}

impl Subnet {
    /// Of which kind the place of a subnet is: an Outpost, or the kind of its zone (`ZoneType` of
    /// DescribeAvailabilityZones), where that was asked.
    pub fn locale<'a>(outpost: Option<&str>, zone: Option<&'a str>) -> &'a str {
        match outpost {
            Some(_) => "outpost",
            None => zone.unwrap_or("availability-zone"),
        }
    }
}

/// An issued certificate.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Certificate {
    /// Its ARN.
    pub arn: String,
    /// The names that it covers (subject alternative names).
    pub names: BTreeSet<String>,
}

/// A security group that exists.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct GroupFact {
    /// `sg-…`.
    pub id: String,
    /// `GroupName`.
    pub name: String,
    /// Its tags.
    pub tags: Tags,
}

/// A network interface that a target is reached through.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Interface {
    /// `eni-…`.
    pub id: String,
    /// Its security groups, with their tags.
    pub groups: Vec<GroupFact>,
}
