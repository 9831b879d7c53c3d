//! The subnets of a load balancer: what `CreateLoadBalancer`, `SetSubnets` and `SetIpAddressType` accept.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::answer::{invalid, unconfigurable};
use super::network::{self, Subnet};
use super::state::{Kind, Zone};
use crate::{Account, Fault};

/// Free addresses that Elastic Load Balancing wants in a subnet (ALB guide, "Subnets for your load balancer").
const FREE: usize = 8;

/// Who asks: decides what the subnets must be like.
#[derive(Debug, Clone)]
pub(super) struct Wish<'a> {
    pub(super) kind: Kind,
    pub(super) scheme: &'a str,
    pub(super) ip_address_type: &'a str,
    /// The load balancer itself, where it exists: its own subnets and addresses are no conflict.
    pub(super) arn: Option<&'a str>,
}

/// The zones that the input asks for, and the VPC they are in.
pub(super) fn zones(
    account: &Account,
    wish: &Wish<'_>,
    input: &Value,
) -> Result<(String, Vec<Zone>), Fault> {
    let ids = network::subnet_ids(input);
    let both = ["Subnets", "SubnetMappings"].iter().all(|list| !strings_empty(&input[list]));
    if ids.is_empty() || both {
        return Err(invalid("You must specify either subnets or subnet mappings"));
    }
    let mut subnets = Vec::new();
    for id in &ids {
        subnets.push(network::subnet(account, id)?);
    }
    check_zones(wish.kind, &subnets)?;
    let had = wish.arn.and_then(|arn| account.elbv2.load_balancers.get(arn));
    let had: BTreeSet<String> = had.map_or_else(BTreeSet::new, |balancer| {
        balancer.network.availability_zones.iter().map(|zone| zone.subnet_id.clone()).collect()
    });
    for subnet in &subnets {
        check_subnet(wish, subnet, had.contains(&subnet.id))?;
    }
    let mut zones = Vec::new();
    for subnet in &subnets {
        let addresses = addresses(account, wish, input, subnet)?;
        zones.push(Zone {
            zone_name: subnet.zone.clone(),
            subnet_id: subnet.id.clone(),
            load_balancer_addresses: addresses,
            source_nat_ipv6_prefixes: Vec::new(),
        });
    }
    Ok((subnets[0].vpc.clone(), zones))
}

fn strings_empty(list: &Value) -> bool {
    list.as_array().is_none_or(Vec::is_empty)
}

fn check_zones(kind: Kind, subnets: &[Subnet]) -> Result<(), Fault> {
    if subnets.iter().any(|subnet| subnet.vpc != subnets[0].vpc) {
        return Err(unconfigurable("All subnets must belong to the same VPC"));
    }
    let zones: BTreeSet<&str> = subnets.iter().map(|subnet| subnet.zone.as_str()).collect();
    if zones.len() < subnets.len() {
        let message = "A load balancer cannot be attached to multiple subnets in the same \
                       Availability Zone";
        return Err(unconfigurable(message));
    }
    if kind == Kind::Application && zones.len() < 2 {
        let message = "At least two subnets in two different Availability Zones must be specified";
        return Err(invalid(message));
    }
    Ok(())
}

fn check_subnet(wish: &Wish<'_>, subnet: &Subnet, had: bool) -> Result<(), Fault> {
    if !had && subnet.free_addresses < FREE {
        let message = format!(
            "Not enough IP space available in {}. ELB requires at least {FREE} free IP addresses \
             in each subnet",
            subnet.id
        );
        return Err(Fault::new("InvalidSubnet", message));
    }
    if wish.ip_address_type != "ipv4" && !subnet.has_ipv6 {
        let message = format!("Subnet '{}' has no IPv6 CIDR block", subnet.id);
        return Err(Fault::new("InvalidSubnet", message));
    }
    Ok(())
}

/// `LoadBalancerAddresses` of one subnet: the fixed addresses that its mapping names.
fn addresses(
    account: &Account,
    wish: &Wish<'_>,
    input: &Value,
    subnet: &Subnet,
) -> Result<Vec<Value>, Fault> {
    let mappings = input["SubnetMappings"].as_array().into_iter().flatten();
    let Some(mapping) = mappings.clone().find(|mapping| mapping["SubnetId"] == subnet.id.as_str())
    else {
        return Ok(Vec::new());
    };
    let mut address = json!({});
    for member in ["AllocationId", "PrivateIPv4Address", "IPv6Address"] {
        if let Some(text) = mapping[member].as_str() {
            address[member] = text.into();
        }
    }
    if let Some(allocation) = mapping["AllocationId"].as_str() {
        check_allocation(account, wish, allocation)?;
    }
    if mapping["PrivateIPv4Address"].is_string() && wish.scheme != "internal" {
        return Err(unconfigurable("Private addresses are for internal load balancers"));
    }
    let fixed = address.as_object().is_some_and(|members| !members.is_empty());
    Ok(if fixed { vec![address] } else { Vec::new() })
}

fn check_allocation(account: &Account, wish: &Wish<'_>, id: &str) -> Result<(), Fault> {
    if wish.kind != Kind::Network || wish.scheme != "internet-facing" {
        let message = "Elastic IP addresses are for internet-facing Network Load Balancers";
        return Err(unconfigurable(message));
    }
    if !account.elbv2.allocations.contains(id) {
        let message = format!("The allocation ID '{id}' does not exist");
        return Err(Fault::new("AllocationIdNotFound", message));
    }
    let others =
        account.elbv2.load_balancers.values().filter(|other| Some(&*other.arn) != wish.arn);
    let mut zones = others.flat_map(|other| &other.network.availability_zones);
    let taken = |zone: &Zone| zone.load_balancer_addresses.iter().any(|a| a["AllocationId"] == id);
    if zones.any(taken) {
        let message = format!("The allocation ID '{id}' is already in use");
        return Err(Fault::new("ResourceInUse", message));
    }
    Ok(())
}
