//! VPCs, subnets and Availability Zones.

use ipnet::Ipv4Net;
use serde_json::{Map, Value, json};

use super::describe::{self, Catalogue};
use super::state::{Ec2, Group, Peer, Permission, Rule, Subnet, Vpc};
use super::{object, routing, tags, text};
use crate::{Account, Fault};

const VPCS: Catalogue = Catalogue {
    list: "Vpcs",
    ids: "VpcIds",
    id: "VpcId",
    missing: ("InvalidVpcID.NotFound", "vpc"),
    filters: &[
        ("cidr", "CidrBlock"),
        ("cidr-block", "CidrBlock"),
        ("cidr-block-association.cidr-block", "CidrBlockAssociationSet.CidrBlock"),
        ("cidr-block-association.association-id", "CidrBlockAssociationSet.AssociationId"),
        ("cidr-block-association.state", "CidrBlockAssociationSet.CidrBlockState.State"),
        ("dhcp-options-id", "DhcpOptionsId"),
        (
            "ipv6-cidr-block-association.ipv6-cidr-block",
            "Ipv6CidrBlockAssociationSet.Ipv6CidrBlock",
        ),
        (
            "ipv6-cidr-block-association.state",
            "Ipv6CidrBlockAssociationSet.Ipv6CidrBlockState.State",
        ),
        ("is-default", "IsDefault"),
        ("isDefault", "IsDefault"),
        ("owner-id", "OwnerId"),
        ("state", "State"),
        ("vpc-id", "VpcId"),
    ],
};

const SUBNETS: Catalogue = Catalogue {
    list: "Subnets",
    ids: "SubnetIds",
    id: "SubnetId",
    missing: ("InvalidSubnetID.NotFound", "subnet"),
    filters: &[
        ("availability-zone", "AvailabilityZone"),
        ("availabilityZone", "AvailabilityZone"),
        ("availability-zone-id", "AvailabilityZoneId"),
        ("availabilityZoneId", "AvailabilityZoneId"),
        ("available-ip-address-count", "AvailableIpAddressCount"),
        ("cidr", "CidrBlock"),
        ("cidr-block", "CidrBlock"),
        ("cidrBlock", "CidrBlock"),
        ("default-for-az", "DefaultForAz"),
        ("defaultForAz", "DefaultForAz"),
        (
            "ipv6-cidr-block-association.ipv6-cidr-block",
            "Ipv6CidrBlockAssociationSet.Ipv6CidrBlock",
        ),
        ("ipv6-native", "Ipv6Native"),
        ("map-public-ip-on-launch", "MapPublicIpOnLaunch"),
        ("outpost-arn", "OutpostArn"),
        ("owner-id", "OwnerId"),
        ("state", "State"),
        ("subnet-arn", "SubnetArn"),
        ("subnet-id", "SubnetId"),
        ("vpc-id", "VpcId"),
    ],
};

const ZONES: Catalogue = Catalogue {
    list: "AvailabilityZones",
    ids: "ZoneNames",
    id: "ZoneName",
    missing: ("InvalidParameterValue", "availability zone"),
    filters: &[
        ("group-name", "GroupName"),
        ("opt-in-status", "OptInStatus"),
        ("region-name", "RegionName"),
        ("state", "State"),
        ("zone-id", "ZoneId"),
        ("zone-name", "ZoneName"),
        ("zone-type", "ZoneType"),
    ],
};

pub(super) fn describe_vpcs(account: &mut Account, input: &Value) -> Result<Value, Fault> {
    describe::answer(&VPCS, input, account.ec2.vpcs.values().map(object).collect())
}

pub(super) fn describe_subnets(account: &mut Account, input: &Value) -> Result<Value, Fault> {
    let ec2 = &account.ec2;
    let with_count = |subnet: &Subnet| {
        let mut tree = object(subnet);
        tree["AvailableIpAddressCount"] = json!(ec2.free_addresses(subnet));
        tree
    };
    describe::answer(&SUBNETS, input, ec2.subnets.values().map(with_count).collect())
}

fn sized(net: Ipv4Net) -> bool {
    (16..=28).contains(&net.prefix_len())
}

fn block(text: &str, name: &str) -> Result<Ipv4Net, Fault> {
    let parsed = text.parse::<Ipv4Net>().map(|net| net.trunc());
    parsed.map_err(|_| {
        let message = format!(
            "Value ({text}) for parameter {name} is invalid. This is not a valid CIDR block."
        );
        Fault::new("InvalidParameterValue", message)
    })
}

fn associated(account: &mut Account, net: Ipv4Net) -> Value {
    let id = format!("vpc-cidr-assoc-{}", account.fresh_hex(17));
    json!({"AssociationId": id, "CidrBlock": net.to_string(), "CidrBlockState": {"State": "associated"}})
}

fn associated_v6(account: &mut Account, given: Option<&str>) -> Value {
    let id = format!("vpc-cidr-assoc-{}", account.fresh_hex(17));
    let made = || format!("2600:1f13:{:x}::/56", account.ec2.vpcs.len() * 256 + 0x1000);
    let cidr = given.map_or_else(made, str::to_owned);
    json!({"AssociationId": id, "Ipv6CidrBlock": cidr, "Ipv6Pool": "Amazon",
           "NetworkBorderGroup": account.settings.region,
           "Ipv6CidrBlockState": {"State": "associated"}})
}

/// A VPC with what AWS makes along with it: a main route table and a default security group.
pub(super) fn create_vpc(account: &mut Account, input: &Value) -> Result<Value, Fault> {
    let given = text(input, "CidrBlock");
    if given.is_empty() {
        return Err(Fault::new(
            "MissingParameter",
            "Either 'cidrBlock' or 'ipv4IpamPoolId' must be provided.",
        ));
    }
    let net = block(given, "cidrBlock")?;
    if !sized(net) {
        return Err(Fault::new("InvalidVpc.Range", format!("The CIDR '{given}' is invalid.")));
    }
    let tags = tags::specified(account, input, "vpc")?;
    let vpc_id = format!("vpc-{}", account.fresh_hex(17));
    let v6 = input["AmazonProvidedIpv6CidrBlock"] == true || input["Ipv6CidrBlock"].is_string();
    let vpc = Vpc {
        vpc_id: vpc_id.clone(),
        cidr_block: net,
        is_default: false,
        cidr_block_association_set: vec![associated(account, net)],
        ipv6_cidr_block_association_set: match v6 {
            true => vec![associated_v6(account, input["Ipv6CidrBlock"].as_str())],
            false => Vec::new(),
        },
        tags,
        rest: rest(json!({
            "DhcpOptionsId": "default",
            "InstanceTenancy": input["InstanceTenancy"].as_str().unwrap_or("default"),
            "OwnerId": account.settings.account_id,
            "State": "available",
        })),
    };
    let tree = object(&vpc);
    account.ec2.vpcs.insert(vpc_id.clone(), vpc);
    routing::add_table(account, &vpc_id, Default::default(), true);
    add_default_group(account, &vpc_id);
    Ok(json!({"Vpc": tree}))
}

/// The members of an object literal.
pub(super) fn rest(tree: Value) -> Map<String, Value> {
    match tree {
        Value::Object(members) => members,
        _ => Map::new(),
    }
}

fn add_default_group(account: &mut Account, vpc_id: &str) {
    let id = format!("sg-{}", account.fresh_hex(17));
    let owner = account.settings.account_id.clone();
    let peer = Peer::Group { id: id.clone(), owner };
    let what = Permission { egress: false, protocol: "-1".into(), from: None, to: None, peer };
    let own = Rule {
        id: format!("sgr-{}", account.fresh_hex(17)),
        what,
        description: None,
        tags: Default::default(),
    };
    let all = Rule::allow_all_out(account);
    let mut group = Group::new(account, id.clone(), "default", vpc_id);
    group.description = "default VPC security group".into();
    group.rules = vec![own, all];
    account.ec2.groups.insert(id, group);
}

pub(super) fn delete_vpc(account: &mut Account, input: &Value) -> Result<Value, Fault> {
    let id = text(input, "VpcId").to_owned();
    let ec2 = &mut account.ec2;
    ec2.vpc(&id)?;
    let used = ec2.subnets.values().any(|subnet| subnet.vpc_id == id)
        || ec2.groups.values().any(|group| group.vpc_id == id && group.group_name != "default")
        || ec2
            .route_tables
            .values()
            .any(|t| t.vpc_id == id && !t.associations.iter().any(|a| a.main))
        || ec2.internet_gateways.values().any(|g| g.attachments.iter().any(|a| a.vpc_id == id));
    if used {
        let message = format!("The vpc '{id}' has dependencies and cannot be deleted.");
        return Err(Fault::new("DependencyViolation", message));
    }
    ec2.vpcs.remove(&id);
    ec2.groups.retain(|_, group| group.vpc_id != id);
    ec2.route_tables.retain(|_, table| table.vpc_id != id);
    Ok(json!({}))
}

pub(super) fn associate_cidr(account: &mut Account, input: &Value) -> Result<Value, Fault> {
    let id = text(input, "VpcId").to_owned();
    let blocks = account.ec2.vpc(&id)?.blocks();
    if input["AmazonProvidedIpv6CidrBlock"] == true || input["Ipv6CidrBlock"].is_string() {
        let made = associated_v6(account, input["Ipv6CidrBlock"].as_str());
        if let Some(vpc) = account.ec2.vpcs.get_mut(&id) {
            vpc.ipv6_cidr_block_association_set.push(made.clone());
        }
        return Ok(json!({"VpcId": id, "Ipv6CidrBlockAssociation": made}));
    }
    let net = block(text(input, "CidrBlock"), "cidrBlock")?;
    if !sized(net) || blocks.iter().any(|old| old.contains(&net) || net.contains(old)) {
        let message =
            format!("The CIDR '{net}' conflicts with another CIDR of the VPC or is invalid.");
        return Err(Fault::new("InvalidVpc.Range", message));
    }
    let made = associated(account, net);
    if let Some(vpc) = account.ec2.vpcs.get_mut(&id) {
        vpc.cidr_block_association_set.push(made.clone());
    }
    Ok(json!({"VpcId": id, "CidrBlockAssociation": made}))
}

pub(super) fn create_subnet(account: &mut Account, input: &Value) -> Result<Value, Fault> {
    let vpc = account.ec2.vpc(text(input, "VpcId"))?;
    let (vpc_id, blocks) = (vpc.vpc_id.clone(), vpc.blocks());
    let net = block(text(input, "CidrBlock"), "cidrBlock")?;
    if !sized(net) || !blocks.iter().any(|block| block.contains(&net)) {
        return Err(Fault::new("InvalidSubnet.Range", format!("The CIDR '{net}' is invalid.")));
    }
    let mut others = account.ec2.subnets.values().filter(|subnet| subnet.vpc_id == vpc_id);
    if others.any(|s| s.cidr_block.contains(&net) || net.contains(&s.cidr_block)) {
        let message = format!("The CIDR '{net}' conflicts with another subnet");
        return Err(Fault::new("InvalidSubnet.Conflict", message));
    }
    let (zone, zone_id) = zone_for(account, input)?;
    let tags = tags::specified(account, input, "subnet")?;
    let id = format!("subnet-{}", account.fresh_hex(17));
    let association = format!("subnet-cidr-assoc-{}", account.fresh_hex(17));
    let v6 = input["Ipv6CidrBlock"].as_str().map(|cidr| {
        json!({"AssociationId": association, "Ipv6CidrBlock": cidr,
               "Ipv6CidrBlockState": {"State": "associated"}})
    });
    let subnet = Subnet {
        subnet_id: id.clone(),
        vpc_id,
        cidr_block: net,
        availability_zone: zone,
        availability_zone_id: zone_id,
        ipv6_cidr_block_association_set: v6.into_iter().collect(),
        tags,
        rest: subnet_rest(account, &id, input),
    };
    let mut tree = object(&subnet);
    tree["AvailableIpAddressCount"] = json!(account.ec2.free_addresses(&subnet));
    account.ec2.subnets.insert(id, subnet);
    Ok(json!({"Subnet": tree}))
}

fn subnet_rest(account: &Account, id: &str, input: &Value) -> Map<String, Value> {
    let settings = &account.settings;
    let arn = format!("arn:aws:ec2:{}:{}:subnet/{id}", settings.region, settings.account_id);
    let mut members = rest(json!({
        "AssignIpv6AddressOnCreation": false,
        "DefaultForAz": false,
        "EnableDns64": false,
        "Ipv6Native": false,
        "MapCustomerOwnedIpOnLaunch": false,
        "MapPublicIpOnLaunch": false,
        "OwnerId": settings.account_id,
        "PrivateDnsNameOptionsOnLaunch": {"HostnameType": "ip-name",
            "EnableResourceNameDnsARecord": false, "EnableResourceNameDnsAAAARecord": false},
        "State": "available",
        "SubnetArn": arn,
    }));
    if let Some(outpost) = input["OutpostArn"].as_str() {
        members.insert("OutpostArn".into(), json!(outpost));
    }
    members
}

/// Name and id of the zone that a request asks for; the first one when it asks for none.
fn zone_for(account: &Account, input: &Value) -> Result<(String, String), Fault> {
    let zones = account.ec2.zones(&account.settings.region);
    let wanted = (input["AvailabilityZone"].as_str(), input["AvailabilityZoneId"].as_str());
    let found = zones.iter().find(|(name, id)| match wanted {
        (Some(wanted), _) => name == wanted,
        (None, Some(wanted)) => id == wanted,
        (None, None) => true,
    });
    found.cloned().ok_or_else(|| {
        let names: Vec<&str> = zones.iter().map(|(name, _)| name.as_str()).collect();
        let given = wanted.0.or(wanted.1).unwrap_or_default();
        let message = format!(
            "Value ({given}) for parameter availabilityZone is invalid. Subnets can \
            currently only be created in the following availability zones: {}.",
            names.join(", ")
        );
        Fault::new("InvalidParameterValue", message)
    })
}

pub(super) fn delete_subnet(account: &mut Account, input: &Value) -> Result<Value, Fault> {
    let id = text(input, "SubnetId");
    account.ec2.subnet(id)?;
    if account.ec2.interfaces.values().any(|interface| interface.subnet_id == id) {
        let message = format!("The subnet '{id}' has dependencies and cannot be deleted.");
        return Err(Fault::new("DependencyViolation", message));
    }
    account.ec2.subnets.remove(id);
    for table in account.ec2.route_tables.values_mut() {
        table.associations.retain(|association| association.subnet_id.as_deref() != Some(id));
    }
    Ok(json!({}))
}

pub(super) fn modify_subnet(account: &mut Account, input: &Value) -> Result<Value, Fault> {
    let id = text(input, "SubnetId");
    account.ec2.subnet(id)?;
    let Some(subnet) = account.ec2.subnets.get_mut(id) else { return Ok(json!({})) };
    for name in [
        "AssignIpv6AddressOnCreation",
        "EnableDns64",
        "MapCustomerOwnedIpOnLaunch",
        "MapPublicIpOnLaunch",
    ] {
        if let Some(value) = input[name]["Value"].as_bool() {
            subnet.rest.insert(name.into(), json!(value));
        }
    }
    Ok(json!({}))
}

pub(super) fn describe_zones(account: &mut Account, input: &Value) -> Result<Value, Fault> {
    let region = &account.settings.region;
    let zone = |(name, id): (String, String)| {
        json!({"GroupName": format!("{region}-zg-1"), "NetworkBorderGroup": region, "OptInStatus": "opt-in-not-required",
               "RegionName": region, "State": "available", "ZoneId": id, "ZoneName": name,
               "ZoneType": "availability-zone", "Messages": []})
    };
    let mut all: Vec<Value> = account.ec2.zones(region).into_iter().map(zone).collect();
    if let Some(ids) = input["ZoneIds"].as_array() {
        all.retain(|zone| ids.contains(&zone["ZoneId"]));
    }
    Ok(json!({"AvailabilityZones": describe::select(&ZONES, input, all)?}))
}

impl Ec2 {
    /// Name and id of every zone: four of the region, and what the subnets are in.
    fn zones(&self, region: &str) -> Vec<(String, String)> {
        let made = ('a'..='d').enumerate().map(|(index, letter)| {
            (format!("{region}{letter}"), format!("{}-az{}", short(region), index + 1))
        });
        let mut zones: std::collections::BTreeMap<String, String> = made.collect();
        zones.extend(
            self.subnets.values().map(|subnet| {
                (subnet.availability_zone.clone(), subnet.availability_zone_id.clone())
            }),
        );
        zones.into_iter().collect()
    }

    /// Addresses that are neither AWS's own five nor in use.
    pub fn free_addresses(&self, subnet: &Subnet) -> i64 {
        let inside = self.interfaces.values().filter(|i| i.subnet_id == subnet.subnet_id);
        let used = inside.map(|i| i.private_ip_addresses.len() + i.ipv4_prefixes.len() * 16);
        let size = 1_i64 << (32 - subnet.cidr_block.prefix_len());
        size - 5 - i64::try_from(used.sum::<usize>()).unwrap_or(i64::MAX)
    }
}

/// `usw2` of `us-west-2`: how zone ids begin.
fn short(region: &str) -> String {
    let mut parts = region.split('-');
    let area = parts.next().unwrap_or_default();
    area.chars().chain(parts.filter_map(|part| part.chars().next())).collect()
}
