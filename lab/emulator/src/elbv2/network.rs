//! What load balancing asks of EC2: subnets, security groups, instances, addresses. All of it goes through
//! EC2's own operations, so that both services agree on what exists.

use std::net::IpAddr;

use ipnet::IpNet;
use serde_json::{Value, json};

use super::answer::strings;
use crate::{Account, Fault};

/// A subnet, as far as load balancing looks at it.
#[derive(Debug, Clone)]
pub(super) struct Subnet {
    pub(super) id: String,
    pub(super) zone: String,
    pub(super) vpc: String,
    pub(super) free_addresses: u64,
    pub(super) has_ipv6: bool,
    blocks: Vec<IpNet>,
}

impl Subnet {
    fn read(tree: &Value) -> Self {
        let own = |member: &str| tree[member].as_str().unwrap_or_default().to_owned();
        let v6 = tree["Ipv6CidrBlockAssociationSet"].as_array();
        let v6: Vec<&Value> = v6.into_iter().flatten().map(|set| &set["Ipv6CidrBlock"]).collect();
        let texts = [&tree["CidrBlock"]].into_iter().chain(v6.iter().copied());
        Self {
            id: own("SubnetId"),
            zone: own("AvailabilityZone"),
            vpc: own("VpcId"),
            free_addresses: tree["AvailableIpAddressCount"].as_u64().unwrap_or(u64::MAX),
            has_ipv6: !v6.is_empty(),
            blocks: texts.filter_map(|text| text.as_str()?.parse().ok()).collect(),
        }
    }
}

fn ask(account: &mut Account, operation: &str, input: Value, list: &str) -> Vec<Value> {
    let answer = account.dispatch("ec2", operation, &input).unwrap_or_default();
    answer[list].as_array().cloned().unwrap_or_default()
}

fn filter(name: &str, value: &str) -> Value {
    json!({ "Filters": [{ "Name": name, "Values": [value] }] })
}

/// The named subnet.
pub(super) fn subnet(account: &mut Account, id: &str) -> Result<Subnet, Fault> {
    let input = json!({ "SubnetIds": [id] });
    let found = ask(account, "DescribeSubnets", input, "Subnets");
    found
        .first()
        .map(Subnet::read)
        .ok_or_else(|| Fault::new("SubnetNotFound", format!("The subnet ID '{id}' is not valid")))
}

/// Whether the VPC exists.
pub(super) fn vpc_exists(account: &mut Account, vpc: &str) -> bool {
    !ask(account, "DescribeVpcs", json!({ "VpcIds": [vpc] }), "Vpcs").is_empty()
}

/// Whether the address is in one of the VPC's own blocks.
pub(super) fn in_vpc(account: &mut Account, vpc: &str, address: IpAddr) -> bool {
    let vpcs = ask(account, "DescribeVpcs", json!({ "VpcIds": [vpc] }), "Vpcs");
    let sets = ["CidrBlockAssociationSet", "Ipv6CidrBlockAssociationSet"];
    let mut blocks: Vec<IpNet> = Vec::new();
    for tree in &vpcs {
        blocks.extend(tree["CidrBlock"].as_str().and_then(|text| text.parse::<IpNet>().ok()));
        for (set, member) in sets.iter().zip(["CidrBlock", "Ipv6CidrBlock"]) {
            let blocks_of = tree[set].as_array().into_iter().flatten();
            blocks.extend(blocks_of.filter_map(|one| one[member].as_str()?.parse::<IpNet>().ok()));
        }
    }
    blocks.iter().any(|block| block.contains(&address))
}

/// The zone of the VPC's subnet that holds the address.
pub(super) fn zone_of_address(account: &mut Account, vpc: &str, address: IpAddr) -> Option<String> {
    let subnets = ask(account, "DescribeSubnets", filter("vpc-id", vpc), "Subnets");
    let mut subnets = subnets.iter().map(Subnet::read);
    subnets
        .find(|subnet| subnet.blocks.iter().any(|block| block.contains(&address)))
        .map(|subnet| subnet.zone)
}

/// The VPC of each named security group; one that does not exist is an error.
pub(super) fn check_groups(
    account: &mut Account,
    groups: &[String],
    vpc: &str,
) -> Result<(), Fault> {
    let limit = account.settings.quotas.security_groups_per_interface;
    if groups.len() > limit {
        let message = format!("You can specify at most {limit} security groups");
        return Err(super::answer::unconfigurable(message));
    }
    for id in groups {
        let input = json!({ "GroupIds": [id] });
        let found = ask(account, "DescribeSecurityGroups", input, "SecurityGroups");
        if found.first().is_none_or(|group| group["VpcId"] != vpc) {
            let message = format!("Security group '{id}' does not exist in '{vpc}'");
            return Err(Fault::new("InvalidSecurityGroup", message));
        }
    }
    Ok(())
}

/// The VPC's `default` security group, which an ALB gets when the caller names none.
pub(super) fn default_group(account: &mut Account, vpc: &str) -> Vec<String> {
    let groups = ask(account, "DescribeSecurityGroups", filter("vpc-id", vpc), "SecurityGroups");
    let default = groups.iter().find(|group| group["GroupName"] == "default");
    default.and_then(|group| group["GroupId"].as_str()).map(str::to_owned).into_iter().collect()
}

/// An instance, as far as registration looks at it.
pub(super) struct Instance {
    pub(super) vpc: String,
    pub(super) zone: String,
    pub(super) state: String,
}

/// The named instance, terminated ones included.
pub(super) fn instance(account: &mut Account, id: &str) -> Option<Instance> {
    let input = json!({ "InstanceIds": [id] });
    let reservations = ask(account, "DescribeInstances", input, "Reservations");
    let tree = reservations.first()?["Instances"].get(0)?.clone();
    let own = |text: &Value| text.as_str().unwrap_or_default().to_owned();
    Some(Instance {
        vpc: own(&tree["VpcId"]),
        zone: own(&tree["Placement"]["AvailabilityZone"]),
        state: own(&tree["State"]["Name"]),
    })
}

/// Whether an Elastic IP's allocation exists.
pub(super) fn allocation_exists(account: &mut Account, id: &str) -> bool {
    let input = json!({ "AllocationIds": [id] });
    !ask(account, "DescribeAddresses", input, "Addresses").is_empty()
}

/// The subnet ids of either form of the input: `Subnets` or `SubnetMappings`.
pub(super) fn subnet_ids(input: &Value) -> Vec<String> {
    let mut ids = strings(input, "Subnets");
    let mappings = input["SubnetMappings"].as_array().into_iter().flatten();
    ids.extend(mappings.filter_map(|mapping| Some(mapping["SubnetId"].as_str()?.to_owned())));
    ids
}
