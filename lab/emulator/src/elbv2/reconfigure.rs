//! Changing where a load balancer sits: subnets, security groups, kind and source of addresses.

use serde_json::{Value, json};

use super::answer::{strings, text, tree, unconfigurable};
use super::load_balancer::check_ip_type;
use super::placement::{self, Wish};
use super::state::Kind;
use super::{capacity, network, settle};
use crate::{Account, Fault};

pub(super) fn set_subnets(account: &mut Account, input: &Value) -> Result<Value, Fault> {
    let arn = text(input, "LoadBalancerArn")?;
    let found = account.elbv2.load_balancer(arn)?.clone();
    capacity::check_settled(&found, account)?;
    let ip_type = input["IpAddressType"].as_str().unwrap_or(&found.network.ip_address_type);
    check_ip_type(found.kind, &found.scheme, ip_type)?;
    let wish =
        Wish { kind: found.kind, scheme: &found.scheme, ip_address_type: ip_type, arn: Some(arn) };
    let (vpc, zones) = placement::zones(account, &wish, input)?;
    if vpc != found.network.vpc_id {
        return Err(unconfigurable("The subnets are in another VPC than the load balancer"));
    }
    let mut after = found.clone();
    after.network.availability_zones = zones;
    network::attach(account, &after)?;
    let network = &mut account.elbv2.load_balancer_mut(arn)?.network;
    network.availability_zones = after.network.availability_zones;
    network.ip_address_type = ip_type.to_owned();
    if let Some(prefix) = input["EnablePrefixForIpv6SourceNat"].as_str() {
        network.enable_prefix_for_ipv6_source_nat = Some(prefix.to_owned());
    }
    let mut answer = json!({
        "AvailabilityZones": tree(&network.availability_zones),
        "IpAddressType": ip_type,
    });
    if let Some(prefix) = &network.enable_prefix_for_ipv6_source_nat {
        answer["EnablePrefixForIpv6SourceNat"] = prefix.as_str().into();
    }
    settle::settle(account);
    Ok(answer)
}

pub(super) fn set_security_groups(account: &mut Account, input: &Value) -> Result<Value, Fault> {
    let arn = text(input, "LoadBalancerArn")?;
    let found = account.elbv2.load_balancer(arn)?.clone();
    let groups = strings(input, "SecurityGroups");
    let had_none = found.network.security_groups.is_empty();
    if found.kind == Kind::Gateway || (found.kind == Kind::Network && had_none) {
        let message = "Security groups are only for Application Load Balancers and for Network \
                       Load Balancers that were made with some";
        return Err(unconfigurable(message));
    }
    if groups.is_empty() {
        return Err(unconfigurable("At least one security group must be specified"));
    }
    network::check_groups(account, &groups, &found.network.vpc_id)?;
    let mut after = found;
    after.network.security_groups.clone_from(&groups);
    network::attach(account, &after)?;
    let network = &mut account.elbv2.load_balancer_mut(arn)?.network;
    network.security_groups = after.network.security_groups;
    let mut answer = json!({ "SecurityGroupIds": groups });
    let member = "EnforceSecurityGroupInboundRulesOnPrivateLinkTraffic";
    if let Some(enforce) = input[member].as_str() {
        network.enforce_security_group_inbound_rules_on_private_link_traffic =
            Some(enforce.to_owned());
        answer[member] = enforce.into();
    }
    Ok(answer)
}

pub(super) fn set_ip_address_type(account: &mut Account, input: &Value) -> Result<Value, Fault> {
    let arn = text(input, "LoadBalancerArn")?;
    let ip_type = text(input, "IpAddressType")?;
    let found = account.elbv2.load_balancer(arn)?.clone();
    check_ip_type(found.kind, &found.scheme, ip_type)?;
    for zone in &found.network.availability_zones {
        let subnet = network::subnet(account, &zone.subnet_id)?;
        if ip_type != "ipv4" && !subnet.has_ipv6 {
            let message = format!("Subnet '{}' has no IPv6 CIDR block", subnet.id);
            return Err(Fault::new("InvalidSubnet", message));
        }
    }
    account.elbv2.load_balancer_mut(arn)?.network.ip_address_type = ip_type.to_owned();
    Ok(json!({ "IpAddressType": ip_type }))
}

pub(super) fn modify_ip_pools(account: &mut Account, input: &Value) -> Result<Value, Fault> {
    let removed = strings(input, "RemoveIpamPools");
    let found = account.elbv2.load_balancer_mut(text(input, "LoadBalancerArn")?)?;
    if removed.iter().any(|pool| pool == "ipv4") {
        found.network.ipam_pools = None;
    }
    if input["IpamPools"].is_object() {
        found.network.ipam_pools = Some(input["IpamPools"].clone());
    }
    Ok(found
        .network
        .ipam_pools
        .as_ref()
        .map_or_else(|| json!({}), |pools| json!({ "IpamPools": pools })))
}
