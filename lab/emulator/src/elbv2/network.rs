//! What load balancing asks of EC2: subnets, security groups, instances, network interfaces. Nothing else
//! in this folder looks at EC2's records.

use std::net::IpAddr;

use ipnet::{IpNet, Ipv6Net};
use serde_json::Value;

use super::answer::{strings, unconfigurable};
use super::state::LoadBalancer;
use crate::ec2::{self, BalancerInterfaces};
use crate::{Account, Fault};

/// A subnet, as far as load balancing looks at it.
#[derive(Debug, Clone)]
pub(super) struct Subnet {
    pub(super) id: String,
    pub(super) zone: String,
    pub(super) vpc: String,
    pub(super) free_addresses: usize,
    pub(super) has_ipv6: bool,
}

/// The named subnet.
pub(super) fn subnet(account: &Account, id: &str) -> Result<Subnet, Fault> {
    let missing = || Fault::new("SubnetNotFound", format!("The subnet ID '{id}' is not valid"));
    let found = account.ec2.subnets.get(id).ok_or_else(missing)?;
    Ok(Subnet {
        id: id.to_owned(),
        zone: found.availability_zone.clone(),
        vpc: found.vpc_id.clone(),
        free_addresses: usize::try_from(account.ec2.free_addresses(found)).unwrap_or(usize::MAX),
        has_ipv6: !found.ipv6_cidr_block_association_set.is_empty(),
    })
}

/// Whether the VPC exists.
pub(super) fn vpc_exists(account: &Account, vpc: &str) -> bool {
    account.ec2.vpcs.contains_key(vpc)
}

fn ipv6(associations: &[Value]) -> impl Iterator<Item = IpNet> {
    let texts = associations.iter().filter_map(|one| one["Ipv6CidrBlock"].as_str());
    texts.filter_map(|text| text.parse::<Ipv6Net>().ok()).map(IpNet::V6)
}

/// Whether the address is in one of the VPC's own blocks.
pub(super) fn in_vpc(account: &Account, vpc: &str, address: IpAddr) -> bool {
    let Some(found) = account.ec2.vpcs.get(vpc) else { return false };
    let v4 = found.blocks().into_iter().map(IpNet::V4);
    v4.chain(ipv6(&found.ipv6_cidr_block_association_set)).any(|block| block.contains(&address))
}

/// The zone of the VPC's subnet that holds the address.
pub(super) fn zone_of_address(account: &Account, vpc: &str, address: IpAddr) -> Option<String> {
    let mut subnets = account.ec2.subnets.values().filter(|subnet| subnet.vpc_id == vpc);
    let holds = |subnet: &&ec2::Subnet| {
        IpNet::V4(subnet.cidr_block).contains(&address)
            || ipv6(&subnet.ipv6_cidr_block_association_set).any(|block| block.contains(&address))
    };
    subnets.find(holds).map(|subnet| subnet.availability_zone.clone())
}

/// Security groups must exist in the load balancer's VPC and not be more than an interface takes.
pub(super) fn check_groups(account: &Account, groups: &[String], vpc: &str) -> Result<(), Fault> {
    let limit = account.settings.quotas.security_groups_per_interface;
    if groups.len() > limit {
        let message = format!("You can specify at most {limit} security groups");
        return Err(unconfigurable(message));
    }
    for id in groups {
        if account.ec2.groups.get(id).is_none_or(|group| group.vpc_id != vpc) {
            let message = format!("Security group '{id}' does not exist in '{vpc}'");
            return Err(Fault::new("InvalidSecurityGroup", message));
        }
    }
    Ok(())
}

/// The VPC's `default` security group, which an ALB gets when the caller names none.
pub(super) fn default_group(account: &Account, vpc: &str) -> Vec<String> {
    account.ec2.default_group(vpc).map(|group| group.group_id.clone()).into_iter().collect()
}

/// An instance, as far as registration looks at it.
pub(super) struct Instance {
    pub(super) vpc: String,
    pub(super) zone: Option<String>,
    pub(super) state: String,
}

/// The named instance, terminated ones included.
pub(super) fn instance(account: &Account, id: &str) -> Option<Instance> {
    let found = account.ec2.instances.get(id)?;
    let subnet = found.subnet_id.as_ref().and_then(|id| account.ec2.subnets.get(id));
    Some(Instance {
        vpc: found.vpc_id.clone().unwrap_or_default(),
        zone: subnet.map(|subnet| subnet.availability_zone.clone()),
        state: found.state.name.clone(),
    })
}

/// Gives the load balancer an interface in each of its subnets, with its security groups.
pub(super) fn attach(account: &mut Account, balancer: &LoadBalancer) -> Result<(), Fault> {
    let zones = balancer.network.availability_zones.iter();
    let subnets: Vec<String> = zones.map(|zone| zone.subnet_id.clone()).collect();
    let name = interface_name(balancer);
    let groups = &balancer.network.security_groups;
    ec2::add_interfaces(account, &BalancerInterfaces { name, subnets: &subnets, groups })
}

/// Takes the interfaces of a deleted load balancer away.
pub(super) fn detach(account: &mut Account, balancer: &LoadBalancer) {
    ec2::remove_interfaces(account, interface_name(balancer));
}

/// `app/NAME/ID`: how an interface's description names its load balancer.
fn interface_name(balancer: &LoadBalancer) -> &str {
    balancer.arn.split_once(":loadbalancer/").map_or(&balancer.arn, |(_, name)| name)
}

/// The subnet ids of either form of the input: `Subnets` or `SubnetMappings`.
pub(super) fn subnet_ids(input: &Value) -> Vec<String> {
    let mut ids = strings(input, "Subnets");
    let mappings = input["SubnetMappings"].as_array().into_iter().flatten();
    ids.extend(mappings.filter_map(|mapping| Some(mapping["SubnetId"].as_str()?.to_owned())));
    ids
}
