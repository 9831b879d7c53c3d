//! What EC2 remembers, as the API writes it: members that an operation decides by are fields, the rest of
//! each document is kept as it is.

use std::collections::BTreeMap;
use std::net::Ipv4Addr;

use ipnet::{Ipv4Net, Ipv6Net};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::tags::{self, Tags};
use crate::Fault;

/// Everything that EC2 holds, by id.
#[derive(Debug, Default)]
pub struct Ec2 {
    pub vpcs: BTreeMap<String, Vpc>,
    pub subnets: BTreeMap<String, Subnet>,
    pub groups: BTreeMap<String, Group>,
    pub interfaces: BTreeMap<String, Interface>,
    pub instances: BTreeMap<String, Instance>,
    pub route_tables: BTreeMap<String, RouteTable>,
    pub internet_gateways: BTreeMap<String, InternetGateway>,
    pub prefix_lists: BTreeMap<String, PrefixList>,
}

/// `Vpc` of the API.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Vpc {
    pub vpc_id: String,
    /// The primary block; the others are in `cidr_block_association_set`.
    pub cidr_block: Ipv4Net,
    #[serde(default)]
    pub is_default: bool,
    #[serde(default)]
    pub cidr_block_association_set: Vec<Value>,
    #[serde(default)]
    pub ipv6_cidr_block_association_set: Vec<Value>,
    #[serde(default, with = "tags::list")]
    pub tags: Tags,
    #[serde(flatten)]
    pub rest: Map<String, Value>,
}

impl Vpc {
    /// Every IPv4 block of the VPC.
    pub fn blocks(&self) -> Vec<Ipv4Net> {
        let text = |set: &Value| set["CidrBlock"].as_str().and_then(|text| text.parse().ok());
        let mut blocks: Vec<Ipv4Net> =
            self.cidr_block_association_set.iter().filter_map(text).collect();
        if !blocks.contains(&self.cidr_block) {
            blocks.push(self.cidr_block);
        }
        blocks
    }
}

/// `Subnet` of the API; its count of free addresses is worked out when somebody asks.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Subnet {
    pub subnet_id: String,
    pub vpc_id: String,
    pub cidr_block: Ipv4Net,
    pub availability_zone: String,
    #[serde(default)]
    pub availability_zone_id: String,
    #[serde(default)]
    pub ipv6_cidr_block_association_set: Vec<Value>,
    #[serde(default, with = "tags::list")]
    pub tags: Tags,
    #[serde(flatten)]
    pub rest: Map<String, Value>,
}

/// A security group.
#[derive(Debug, Clone)]
pub struct Group {
    pub group_id: String,
    pub group_name: String,
    pub description: String,
    pub vpc_id: String,
    pub owner_id: String,
    pub arn: String,
    /// Both directions, in the order in which they were added.
    pub rules: Vec<Rule>,
    pub tags: Tags,
}

/// One rule of a security group, with one peer.
#[derive(Debug, Clone)]
pub struct Rule {
    /// `sgr-...`
    pub id: String,
    pub what: Permission,
    pub description: Option<String>,
    pub tags: Tags,
}

/// What makes a rule the same rule: all of it but its description and tags.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Permission {
    pub egress: bool,
    /// `tcp`, `udp`, `icmp`, `icmpv6`, a number, or `-1` for all.
    pub protocol: String,
    /// First port or ICMP type; `None` with protocol `-1`.
    pub from: Option<i64>,
    /// Last port or ICMP code.
    pub to: Option<i64>,
    pub peer: Peer,
}

/// The other side of a rule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Peer {
    V4(Ipv4Net),
    V6(Ipv6Net),
    PrefixList(String),
    /// Members of a group; `owner` is its account.
    Group {
        id: String,
        owner: String,
    },
}

/// `NetworkInterface` of the API.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Interface {
    pub network_interface_id: String,
    pub subnet_id: String,
    pub vpc_id: String,
    #[serde(default)]
    pub description: String,
    /// `available` or `in-use`.
    pub status: String,
    /// `interface`, `network_load_balancer`, ...
    pub interface_type: String,
    #[serde(default)]
    pub groups: Vec<GroupName>,
    pub private_ip_address: Ipv4Addr,
    #[serde(default)]
    pub private_ip_addresses: Vec<Address>,
    /// Delegated /28 blocks.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub ipv4_prefixes: Vec<Prefix>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub attachment: Option<Attachment>,
    #[serde(default, with = "tags::list")]
    pub tag_set: Tags,
    #[serde(flatten)]
    pub rest: Map<String, Value>,
}

/// `GroupIdentifier` of the API.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct GroupName {
    pub group_id: String,
    pub group_name: String,
}

/// One private address of an interface.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Address {
    pub primary: bool,
    pub private_ip_address: Ipv4Addr,
    #[serde(flatten)]
    pub rest: Map<String, Value>,
}

/// A delegated block of addresses.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Prefix {
    pub ipv4_prefix: Ipv4Net,
}

/// What an interface hangs on.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Attachment {
    pub attachment_id: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub instance_id: Option<String>,
    #[serde(default)]
    pub delete_on_termination: bool,
    #[serde(flatten)]
    pub rest: Map<String, Value>,
}

/// `Instance` of the API; its interfaces are those of [`Ec2::interfaces`] that are attached to it.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Instance {
    pub instance_id: String,
    pub state: InstanceState,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subnet_id: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub vpc_id: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub private_ip_address: Option<Ipv4Addr>,
    /// The reservation it was started in; one that a snapshot brought has one of its own.
    #[serde(skip)]
    pub reservation_id: String,
    #[serde(default, with = "tags::list")]
    pub tags: Tags,
    #[serde(flatten)]
    pub rest: Map<String, Value>,
}

/// `pending`, `running`, `terminated`, ... with the API's number for it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct InstanceState {
    pub code: i64,
    pub name: String,
}

/// `RouteTable` of the API.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct RouteTable {
    pub route_table_id: String,
    pub vpc_id: String,
    #[serde(default)]
    pub associations: Vec<Association>,
    #[serde(default)]
    pub routes: Vec<Map<String, Value>>,
    #[serde(default, with = "tags::list")]
    pub tags: Tags,
    #[serde(flatten)]
    pub rest: Map<String, Value>,
}

/// Which subnet a route table routes; the main one routes all that have none of their own.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Association {
    pub main: bool,
    pub route_table_association_id: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subnet_id: Option<String>,
    #[serde(flatten)]
    pub rest: Map<String, Value>,
}

/// `InternetGateway` of the API.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct InternetGateway {
    pub internet_gateway_id: String,
    #[serde(default)]
    pub attachments: Vec<GatewayAttachment>,
    #[serde(default, with = "tags::list")]
    pub tags: Tags,
    #[serde(flatten)]
    pub rest: Map<String, Value>,
}

/// The VPC of an internet gateway.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct GatewayAttachment {
    pub state: String,
    pub vpc_id: String,
}

/// `ManagedPrefixList` of the API, with its entries.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct PrefixList {
    pub prefix_list_id: String,
    pub prefix_list_name: String,
    /// How many rules it counts for in a security group.
    pub max_entries: usize,
    #[serde(skip)]
    pub entries: Vec<Value>,
    #[serde(default, with = "tags::list")]
    pub tags: Tags,
    #[serde(flatten)]
    pub rest: Map<String, Value>,
}

fn missing(code: &str, noun: &str, id: &str) -> Fault {
    Fault::new(code, format!("The {noun} ID '{id}' does not exist"))
}

impl Ec2 {
    /// A VPC, or `InvalidVpcID.NotFound`.
    pub fn vpc(&self, id: &str) -> Result<&Vpc, Fault> {
        self.vpcs.get(id).ok_or_else(|| missing("InvalidVpcID.NotFound", "vpc", id))
    }

    /// A subnet, or `InvalidSubnetID.NotFound`.
    pub fn subnet(&self, id: &str) -> Result<&Subnet, Fault> {
        self.subnets.get(id).ok_or_else(|| missing("InvalidSubnetID.NotFound", "subnet", id))
    }

    /// A security group, or `InvalidGroup.NotFound`.
    pub fn group(&self, id: &str) -> Result<&Group, Fault> {
        let missing = || {
            Fault::new("InvalidGroup.NotFound", format!("The security group '{id}' does not exist"))
        };
        self.groups.get(id).ok_or_else(missing)
    }

    /// A network interface, or `InvalidNetworkInterfaceID.NotFound`.
    pub fn interface(&self, id: &str) -> Result<&Interface, Fault> {
        let code = "InvalidNetworkInterfaceID.NotFound";
        self.interfaces.get(id).ok_or_else(|| missing(code, "networkInterface", id))
    }

    /// An instance, or `InvalidInstanceID.NotFound`.
    pub fn instance(&self, id: &str) -> Result<&Instance, Fault> {
        self.instances.get(id).ok_or_else(|| missing("InvalidInstanceID.NotFound", "instance", id))
    }

    /// The default security group of a VPC.
    pub fn default_group(&self, vpc_id: &str) -> Option<&Group> {
        self.groups.values().find(|group| group.vpc_id == vpc_id && group.group_name == "default")
    }

    /// The route table that routes a subnet: its own, else the VPC's main one.
    pub fn route_table_of(&self, subnet: &Subnet) -> Option<&RouteTable> {
        let own = |table: &&RouteTable| {
            table.associations.iter().any(|a| a.subnet_id.as_deref() == Some(&subnet.subnet_id))
        };
        let main = |table: &&RouteTable| {
            table.vpc_id == subnet.vpc_id && table.associations.iter().any(|a| a.main)
        };
        self.route_tables.values().find(own).or_else(|| self.route_tables.values().find(main))
    }

    /// The interfaces of an instance, in the order of their device index.
    pub fn interfaces_of<'a>(&'a self, instance_id: &str) -> Vec<&'a Interface> {
        let attached = |interface: &&Interface| {
            let attachment = interface.attachment.as_ref();
            attachment.and_then(|a| a.instance_id.as_deref()) == Some(instance_id)
        };
        let mut found: Vec<&Interface> = self.interfaces.values().filter(attached).collect();
        found.sort_by_key(|interface| {
            let attachment = interface.attachment.as_ref();
            attachment.and_then(|a| a.rest.get("DeviceIndex")?.as_i64())
        });
        found
    }
}
