//! Network interfaces and their addresses.

use std::collections::BTreeSet;
use std::net::Ipv4Addr;

use ipnet::Ipv4Net;
use serde_json::{Map, Value, json};

use super::describe::{self, Catalogue, strings};
use super::network::rest;
use super::state::{Address, Ec2, GroupName, Interface, Prefix, Subnet};
use super::tags::{self, Tags};
use super::{object, text};
use crate::{Account, Fault};

const CATALOGUE: Catalogue = Catalogue {
    list: "NetworkInterfaces",
    ids: "NetworkInterfaceIds",
    id: "NetworkInterfaceId",
    missing: ("InvalidNetworkInterfaceID.NotFound", "networkInterface"),
    filters: &[
        ("addresses.primary", "PrivateIpAddresses.Primary"),
        ("addresses.private-ip-address", "PrivateIpAddresses.PrivateIpAddress"),
        ("addresses.association.public-ip", "PrivateIpAddresses.Association.PublicIp"),
        ("association.public-ip", "Association.PublicIp"),
        ("attachment.attachment-id", "Attachment.AttachmentId"),
        ("attachment.device-index", "Attachment.DeviceIndex"),
        ("attachment.instance-id", "Attachment.InstanceId"),
        ("attachment.instance-owner-id", "Attachment.InstanceOwnerId"),
        ("attachment.status", "Attachment.Status"),
        ("availability-zone", "AvailabilityZone"),
        ("description", "Description"),
        ("group-id", "Groups.GroupId"),
        ("group-name", "Groups.GroupName"),
        ("interface-type", "InterfaceType"),
        ("ipv6-addresses.ipv6-address", "Ipv6Addresses.Ipv6Address"),
        ("mac-address", "MacAddress"),
        ("network-interface-id", "NetworkInterfaceId"),
        ("owner-id", "OwnerId"),
        ("private-dns-name", "PrivateDnsName"),
        ("private-ip-address", "PrivateIpAddresses.PrivateIpAddress"),
        ("requester-id", "RequesterId"),
        ("requester-managed", "RequesterManaged"),
        ("source-dest-check", "SourceDestCheck"),
        ("status", "Status"),
        ("subnet-id", "SubnetId"),
        ("vpc-id", "VpcId"),
    ],
};

pub(super) fn describe(account: &mut Account, input: &Value) -> Result<Value, Fault> {
    describe::answer(&CATALOGUE, input, account.ec2.interfaces.values().map(object).collect())
}

impl Ec2 {
    /// Every address of a subnet that is in use, delegated blocks included.
    fn used(&self, subnet_id: &str) -> BTreeSet<Ipv4Addr> {
        let inside = self.interfaces.values().filter(|interface| interface.subnet_id == subnet_id);
        let mut used = BTreeSet::new();
        for interface in inside {
            used.extend(interface.private_ip_addresses.iter().map(|a| a.private_ip_address));
            used.extend(interface.ipv4_prefixes.iter().flat_map(|p| p.ipv4_prefix.addrs_of()));
        }
        used
    }

    /// Names for ids of groups; `InvalidGroup.NotFound` for one that does not exist.
    pub(super) fn group_names(&self, ids: &[&str]) -> Result<Vec<GroupName>, Fault> {
        let name = |id: &&str| {
            let group = self.group(id)?;
            Ok(GroupName { group_id: group.group_id.clone(), group_name: group.group_name.clone() })
        };
        ids.iter().map(name).collect()
    }
}

/// The addresses of a block, all of them.
trait Addresses {
    fn addrs_of(&self) -> Vec<Ipv4Addr>;
}

impl Addresses for Ipv4Net {
    fn addrs_of(&self) -> Vec<Ipv4Addr> {
        let first = u32::from(self.network());
        (first..=u32::from(self.broadcast())).map(Ipv4Addr::from).collect()
    }
}

/// Which addresses a request wants for an interface.
pub(super) struct Wanted {
    /// The first is the primary one.
    explicit: Vec<Ipv4Addr>,
    /// Further addresses of AWS's choice.
    more: usize,
    prefixes: Vec<Ipv4Net>,
    more_prefixes: usize,
}

impl Wanted {
    /// Reads `PrivateIpAddress`, `PrivateIpAddresses`, `SecondaryPrivateIpAddressCount` and the prefixes.
    pub(super) fn read(input: &Value) -> Result<Self, Fault> {
        let mut texts: Vec<&str> = input["PrivateIpAddress"].as_str().into_iter().collect();
        let listed = input["PrivateIpAddresses"].as_array().map(Vec::as_slice).unwrap_or_default();
        let mut ordered: Vec<&Value> = listed.iter().collect();
        ordered.sort_by_key(|address| address["Primary"] != true);
        texts.extend(ordered.iter().filter_map(|address| address["PrivateIpAddress"].as_str()));
        let explicit = texts.into_iter().map(|text| text.parse().map_err(|_| malformed(text)));
        let prefixes = input["Ipv4Prefixes"].as_array().into_iter().flatten().map(|prefix| {
            let text = prefix["Ipv4Prefix"].as_str().unwrap_or_default();
            text.parse().map_err(|_| malformed(text))
        });
        let count =
            |name: &str| input[name].as_u64().and_then(|n| usize::try_from(n).ok()).unwrap_or(0);
        Ok(Self {
            explicit: explicit.collect::<Result<_, _>>()?,
            more: count("SecondaryPrivateIpAddressCount"),
            prefixes: prefixes.collect::<Result<_, _>>()?,
            more_prefixes: count("Ipv4PrefixCount"),
        })
    }
}

fn malformed(text: &str) -> Fault {
    let message =
        format!("Value ({text}) for parameter privateIpAddress is invalid. Address is malformed.");
    Fault::new("InvalidParameterValue", message)
}

/// Chosen addresses, the primary one first, and chosen blocks.
type Chosen = (Vec<Ipv4Addr>, Vec<Ipv4Net>);

/// Finds free addresses; with `primary` at least one.
fn choose(ec2: &Ec2, subnet: &Subnet, wanted: &Wanted, primary: bool) -> Result<Chosen, Fault> {
    let mut used = ec2.used(&subnet.subnet_id);
    for address in &wanted.explicit {
        if !subnet.cidr_block.contains(address) {
            let message =
                format!("Address {address} does not fall within the subnet's address range");
            return Err(Fault::new("InvalidParameterValue", message));
        }
        if !used.insert(*address) {
            let message = format!("Address {address} is in use.");
            return Err(Fault::new("InvalidIPAddress.InUse", message));
        }
    }
    let full = || {
        let message = format!(
            "There are not enough free addresses in subnet '{}' to satisfy the requested \
            number of instances.",
            subnet.subnet_id
        );
        Fault::new("InsufficientFreeAddressesInSubnet", message)
    };
    let mut prefixes = wanted.prefixes.clone();
    let blocks = subnet.cidr_block.subnets(28).map_err(|_| full())?;
    let mut blocks =
        blocks.skip(1).filter(|block| !block.addrs_of().iter().any(|a| used.contains(a)));
    for _ in 0..wanted.more_prefixes {
        prefixes.push(blocks.next().ok_or_else(full)?);
    }
    drop(blocks);
    used.extend(prefixes.iter().flat_map(Addresses::addrs_of));
    let mut addresses = wanted.explicit.clone();
    let more = wanted.more + usize::from(primary && addresses.is_empty());
    // AWS keeps the first four addresses of a subnet and the last one.
    let last = u32::from(subnet.cidr_block.broadcast());
    let free = (u32::from(subnet.cidr_block.network()) + 4..last).map(Ipv4Addr::from);
    let mut free = free.filter(|address| !used.contains(address));
    for _ in 0..more {
        addresses.push(free.next().ok_or_else(full)?);
    }
    Ok((addresses, prefixes))
}

/// What an interface is made of besides its addresses.
pub(super) struct Plan {
    pub(super) subnet_id: String,
    pub(super) groups: Vec<GroupName>,
    pub(super) description: String,
    pub(super) interface_type: String,
    pub(super) wanted: Wanted,
    pub(super) tags: Tags,
}

impl Plan {
    /// Reads the members that `CreateNetworkInterface` and `RunInstances` share. Without groups it
    /// gets the VPC's default one.
    pub(super) fn read(account: &Account, input: &Value, subnet_id: &str) -> Result<Self, Fault> {
        let subnet = account.ec2.subnet(subnet_id)?;
        let ids = strings(&input["Groups"]);
        let mut groups = account.ec2.group_names(&ids)?;
        if groups.is_empty() {
            let default = account.ec2.default_group(&subnet.vpc_id);
            groups = account.ec2.group_names(
                &default.map(|g| g.group_id.as_str()).into_iter().collect::<Vec<_>>(),
            )?;
        }
        Ok(Self {
            subnet_id: subnet_id.to_owned(),
            groups: within(account, subnet, groups)?,
            description: text(input, "Description").to_owned(),
            interface_type: input["InterfaceType"].as_str().unwrap_or("interface").to_owned(),
            wanted: Wanted::read(input)?,
            tags: Tags::new(),
        })
    }
}

/// Groups must be of the subnet's VPC and no more than the quota.
fn within(
    account: &Account,
    subnet: &Subnet,
    groups: Vec<GroupName>,
) -> Result<Vec<GroupName>, Fault> {
    for name in &groups {
        if account.ec2.group(&name.group_id)?.vpc_id != subnet.vpc_id {
            let message = format!(
                "You have specified two resources that belong to different networks: {} {}",
                subnet.subnet_id, name.group_id
            );
            return Err(Fault::new("InvalidGroup.NotFound", message));
        }
    }
    if groups.len() > account.settings.quotas.security_groups_per_interface {
        let message = "You have exceeded the maximum number of security groups allowed per network interface.";
        return Err(Fault::new("SecurityGroupsPerInterfaceLimitExceeded", message));
    }
    Ok(groups)
}

/// Makes an interface; gives its id.
pub(super) fn add(account: &mut Account, plan: Plan) -> Result<String, Fault> {
    let subnet = account.ec2.subnet(&plan.subnet_id)?.clone();
    let (addresses, prefixes) = choose(&account.ec2, &subnet, &plan.wanted, true)?;
    let id = format!("eni-{}", account.fresh_hex(17));
    let interface = Interface {
        network_interface_id: id.clone(),
        vpc_id: subnet.vpc_id.clone(),
        description: plan.description,
        status: "available".into(),
        interface_type: plan.interface_type,
        groups: plan.groups,
        private_ip_address: addresses[0],
        private_ip_addresses: addresses
            .iter()
            .enumerate()
            .map(|(i, a)| address(*a, i == 0))
            .collect(),
        ipv4_prefixes: prefixes.into_iter().map(|ipv4_prefix| Prefix { ipv4_prefix }).collect(),
        attachment: None,
        tag_set: plan.tags,
        rest: interface_rest(account, &subnet),
        subnet_id: plan.subnet_id,
    };
    account.ec2.interfaces.insert(id.clone(), interface);
    Ok(id)
}

fn address(private_ip_address: Ipv4Addr, primary: bool) -> Address {
    Address { primary, private_ip_address, rest: Map::new() }
}

fn interface_rest(account: &mut Account, subnet: &Subnet) -> Map<String, Value> {
    let digits = account.fresh_hex(8);
    let mac: Vec<&str> = (0..4).map(|i| &digits[i * 2..i * 2 + 2]).collect();
    rest(json!({
        "AvailabilityZone": subnet.availability_zone,
        "Ipv6Addresses": [],
        "MacAddress": format!("02:00:{}", mac.join(":")),
        "OwnerId": account.settings.account_id,
        "RequesterManaged": false,
        "SourceDestCheck": true,
    }))
}

pub(super) fn create(account: &mut Account, input: &Value) -> Result<Value, Fault> {
    let mut plan = Plan::read(account, input, text(input, "SubnetId"))?;
    plan.tags = tags::specified(account, input, "network-interface")?;
    let id = add(account, plan)?;
    Ok(json!({"NetworkInterface": object(account.ec2.interface(&id)?)}))
}

pub(super) fn delete(account: &mut Account, input: &Value) -> Result<Value, Fault> {
    let id = text(input, "NetworkInterfaceId");
    if account.ec2.interface(id)?.status == "in-use" {
        let message = format!("Network interface '{id}' is currently in use.");
        return Err(Fault::new("InvalidParameterValue", message));
    }
    account.ec2.interfaces.remove(id);
    Ok(json!({}))
}

pub(super) fn modify(account: &mut Account, input: &Value) -> Result<Value, Fault> {
    let interface = account.ec2.interface(text(input, "NetworkInterfaceId"))?;
    let (id, subnet) = (interface.network_interface_id.clone(), interface.subnet_id.clone());
    let groups = match strings(&input["Groups"]) {
        ids if ids.is_empty() => None,
        ids => {
            let names = account.ec2.group_names(&ids)?;
            Some(within(account, account.ec2.subnet(&subnet)?, names)?)
        }
    };
    let Some(interface) = account.ec2.interfaces.get_mut(&id) else { return Ok(json!({})) };
    interface.groups = groups.unwrap_or_else(|| interface.groups.clone());
    if let Some(description) = input["Description"]["Value"].as_str() {
        interface.description = description.to_owned();
    }
    if let Some(check) = input["SourceDestCheck"]["Value"].as_bool() {
        interface.rest.insert("SourceDestCheck".into(), json!(check));
    }
    if let (Some(attachment), Some(delete)) =
        (&mut interface.attachment, input["Attachment"]["DeleteOnTermination"].as_bool())
    {
        attachment.delete_on_termination = delete;
    }
    Ok(json!({}))
}

pub(super) fn assign(account: &mut Account, input: &Value) -> Result<Value, Fault> {
    let interface = account.ec2.interface(text(input, "NetworkInterfaceId"))?;
    let id = interface.network_interface_id.clone();
    let subnet = account.ec2.subnet(&interface.subnet_id)?;
    let given = strings(&input["PrivateIpAddresses"]);
    let listed: Vec<Value> = given.iter().map(|a| json!({"PrivateIpAddress": a})).collect();
    let blocks: Vec<Value> =
        strings(&input["Ipv4Prefixes"]).iter().map(|p| json!({"Ipv4Prefix": p})).collect();
    let wanted = Wanted::read(&json!({
        "PrivateIpAddresses": listed,
        "SecondaryPrivateIpAddressCount": input["SecondaryPrivateIpAddressCount"],
        "Ipv4Prefixes": blocks,
        "Ipv4PrefixCount": input["Ipv4PrefixCount"],
    }))?;
    let (addresses, prefixes) = choose(&account.ec2, subnet, &wanted, false)?;
    let assigned: Vec<Value> =
        addresses.iter().map(|a| json!({"PrivateIpAddress": a.to_string()})).collect();
    let blocks: Vec<Value> =
        prefixes.iter().map(|p| json!({"Ipv4Prefix": p.to_string()})).collect();
    if let Some(interface) = account.ec2.interfaces.get_mut(&id) {
        interface.private_ip_addresses.extend(addresses.into_iter().map(|a| address(a, false)));
        interface
            .ipv4_prefixes
            .extend(prefixes.into_iter().map(|ipv4_prefix| Prefix { ipv4_prefix }));
    }
    Ok(json!({"NetworkInterfaceId": id, "AssignedPrivateIpAddresses": assigned,
              "AssignedIpv4Prefixes": blocks}))
}
