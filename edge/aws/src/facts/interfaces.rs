//! Through which network interface an instance or an address is reached, and whose groups it bears. An
//! address of an instance that is known costs no call while all interfaces of the instance wear the
//! same groups: Pods come and go by the second, instances do not.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

use aws_sdk_ec2::types::{Filter, Instance, InstanceNetworkInterface, NetworkInterface};
use inroad_words::facts::{GroupFact, Interface};
use ipnet::IpNet;

use super::fact;
use crate::client::Service;
use crate::memory::{NETWORK, SHORT, Wearer};
use crate::{Aws, Error, Ownership, ec2};

/// EC2 takes this many values in a filter.
const FILTER_VALUES: usize = 200;

/// Instances and addresses, with the instance of an address where it is known.
type Asked = BTreeMap<String, Option<String>>;
type Found = BTreeMap<String, Wearer>;

/// The interface of each instance (`i-…`: its primary one) and of each address, in the VPC. What is not
/// found is left out.
pub(super) async fn interfaces(
    aws: &Aws,
    of: &Asked,
    vpc: &str,
) -> Result<BTreeMap<String, Interface>, Error> {
    let mut found = by_instance(aws, of).await?;
    let known = |it: &&String| aws.memory.addresses.get(it, SHORT).is_some();
    let left: Vec<String> = of
        .keys()
        .filter(|id| !id.starts_with("i-") && !found.contains_key(*id))
        .filter(|id| !known(id))
        .cloned()
        .collect();
    aws.memory.addresses.put(of_addresses(aws, &left, vpc).await?);
    for id in of.keys() {
        if !found.contains_key(id) {
            found.extend(aws.memory.addresses.get(id, SHORT).map(|wearer| (id.clone(), wearer)));
        }
    }
    let ids = found.values().flat_map(|wearer| wearer.groups.iter().cloned()).collect();
    let groups = groups(aws, ids, vpc).await?;
    Ok(found.into_iter().map(|(of, wearer)| (of, interface(wearer, &groups))).collect())
}

fn interface(wearer: Wearer, known: &BTreeMap<String, GroupFact>) -> Interface {
    let groups = wearer.groups.iter().filter_map(|id| known.get(id).cloned()).collect();
    Interface { id: wearer.id, groups }
}

/// These groups, those first that are remembered.
async fn groups(
    aws: &Aws,
    ids: BTreeSet<String>,
    vpc: &str,
) -> Result<BTreeMap<String, GroupFact>, Error> {
    let recall = |id: &String| Some((id.clone(), aws.memory.groups.get(id, NETWORK)?));
    let mut known: BTreeMap<String, GroupFact> = ids.iter().filter_map(recall).collect();
    let unknown: BTreeSet<String> = ids.into_iter().filter(|id| !known.contains_key(id)).collect();
    let own = Ownership { vpc: vpc.to_owned(), ..Ownership::default() };
    let asked = ec2::groups(aws, "group-id", &unknown, &own).await?;
    let asked: Vec<_> = asked.into_iter().map(|group| (group.id.clone(), fact(group))).collect();
    aws.memory.groups.put(asked.clone());
    known.extend(asked);
    Ok(known)
}

/// Instances, and addresses that an instance answers for. An instance that does not answer for an
/// address any more, as remembered, is looked at again.
async fn by_instance(aws: &Aws, of: &Asked) -> Result<Found, Error> {
    let instance = |(id, host): (&String, &Option<String>)| match id.starts_with("i-") {
        true => Some(id.clone()),
        false => host.clone(),
    };
    let wanted: BTreeSet<String> = of.iter().filter_map(instance).collect();
    let is_known = |id: &String| aws.memory.instances.get(id, NETWORK).is_some();
    let unknown: BTreeSet<String> = wanted.iter().filter(|id| !is_known(id)).cloned().collect();
    look_at(aws, &unknown).await?;
    let found = resolve(aws, of);
    let is_left = |(id, host): &(&String, &Option<String>)| {
        !found.contains_key(*id) && host.as_ref().is_some_and(|host| !unknown.contains(host))
    };
    let again: BTreeSet<String> = of.iter().filter(is_left).filter_map(instance).collect();
    if again.is_empty() {
        return Ok(found);
    }
    look_at(aws, &again).await?;
    Ok(resolve(aws, of))
}

fn resolve(aws: &Aws, of: &Asked) -> Found {
    let one = |(id, host): (&String, &Option<String>)| {
        let wearers = aws.memory.instances.get(host.as_ref().unwrap_or(id), NETWORK)?;
        let wearer = if host.is_some() { answering(&wearers, id)? } else { wearers.first()? };
        Some((id.clone(), wearer.clone()))
    };
    of.iter().filter_map(one).collect()
}

/// The interface of an instance that an address is on; the first where it makes no difference.
fn answering<'a>(wearers: &'a [Wearer], address: &str) -> Option<&'a Wearer> {
    let parsed: IpAddr = address.parse().ok()?;
    let holds = |it: &&Wearer| it.blocks.iter().any(|block| block.contains(&parsed));
    let set = |it: &Wearer| it.groups.iter().cloned().collect::<BTreeSet<_>>();
    let first = wearers.first()?;
    let alike = wearers.iter().all(|it| set(it) == set(first));
    wearers.iter().find(holds).or_else(|| alike.then_some(first))
}

async fn look_at(aws: &Aws, ids: &BTreeSet<String>) -> Result<(), Error> {
    let ids: Vec<String> = ids.iter().cloned().collect();
    for chunk in ids.chunks(FILTER_VALUES) {
        // A filter, since an instance that is gone must not refuse the others.
        let reservations = aws
            .pages(
                Service::Ec2,
                "DescribeInstances",
                |token| {
                    let call = aws.ec2.describe_instances().filters(filter("instance-id", chunk));
                    call.max_results(1000).set_next_token(token).send()
                },
                |page| (page.reservations.unwrap_or_default(), page.next_token),
            )
            .await?;
        let instances = reservations.iter().flat_map(|reservation| reservation.instances());
        aws.memory.instances.put(instances.filter_map(worn));
    }
    Ok(())
}

/// The interfaces of an instance, the primary one first; `None` without that one.
fn worn(instance: &Instance) -> Option<(String, Vec<Wearer>)> {
    let place = |it: &&InstanceNetworkInterface| it.attachment().and_then(|a| a.device_index());
    let mut all: Vec<_> = instance.network_interfaces().iter().collect();
    all.sort_by_key(|it| place(it).unwrap_or(i32::MAX));
    let first = all.first()?;
    let wearers = all.iter().filter_map(|it| wearer_of(it)).collect();
    (place(first) == Some(0)).then(|| Some((instance.instance_id()?.to_owned(), wearers)))?
}

fn wearer_of(interface: &InstanceNetworkInterface) -> Option<Wearer> {
    let v4 = interface.private_ip_addresses().iter().filter_map(|one| one.private_ip_address());
    let v6 = interface.ipv6_addresses().iter().filter_map(|one| one.ipv6_address());
    let v4_prefixes = interface.ipv4_prefixes().iter().filter_map(|one| one.ipv4_prefix());
    let v6_prefixes = interface.ipv6_prefixes().iter().filter_map(|one| one.ipv6_prefix());
    Some(Wearer {
        id: interface.network_interface_id()?.to_owned(),
        groups: group_ids(interface.groups()),
        blocks: blocks(v4.chain(v6), v4_prefixes.chain(v6_prefixes)),
    })
}

fn blocks<'a>(
    single: impl Iterator<Item = &'a str>,
    prefixes: impl Iterator<Item = &'a str>,
) -> Vec<IpNet> {
    let single = single.filter_map(|one| Some(IpNet::from(one.parse::<IpAddr>().ok()?)));
    single.chain(prefixes.filter_map(|prefix| prefix.parse().ok())).collect()
}

fn group_ids(groups: &[aws_sdk_ec2::types::GroupIdentifier]) -> Vec<String> {
    groups.iter().filter_map(|group| Some(group.group_id()?.to_owned())).collect()
}

fn filter(name: &str, values: &[String]) -> Filter {
    Filter::builder().name(name).set_values(Some(values.to_vec())).build()
}

async fn of_addresses(aws: &Aws, addresses: &[String], vpc: &str) -> Result<Found, Error> {
    let (v6, v4): (Vec<_>, Vec<_>) =
        addresses.iter().cloned().partition(|address| address.contains(':'));
    let mut seen = Vec::new();
    for (name, addresses) in
        [("addresses.private-ip-address", v4), ("ipv6-addresses.ipv6-address", v6)]
    {
        for chunk in addresses.chunks(FILTER_VALUES) {
            seen.extend(list(aws, vpc, Some(filter(name, chunk))).await?);
        }
    }
    let mut found = matching(addresses, &seen);
    // An address out of a delegated prefix has no filter: only then all of the VPC is read.
    let left: Vec<_> =
        addresses.iter().filter(|address| !found.contains_key(*address)).cloned().collect();
    if !left.is_empty() {
        found.extend(matching(&left, &list(aws, vpc, None).await?));
    }
    Ok(found)
}

/// The interfaces of a VPC, or those that a filter lets through.
pub(crate) async fn list(
    aws: &Aws,
    vpc: &str,
    by: Option<Filter>,
) -> Result<Vec<NetworkInterface>, Error> {
    let filters: Vec<_> = by.into_iter().chain([filter("vpc-id", &[vpc.to_owned()])]).collect();
    aws.pages(
        Service::Ec2,
        "DescribeNetworkInterfaces",
        |token| {
            let call = aws.ec2.describe_network_interfaces().set_filters(Some(filters.clone()));
            call.max_results(1000).set_next_token(token).send()
        },
        |page| (page.network_interfaces.unwrap_or_default(), page.next_token),
    )
    .await
}

/// Which interface holds each address, as an address of its own or within a prefix.
fn matching(addresses: &[String], interfaces: &[NetworkInterface]) -> Found {
    let wearers: Vec<Wearer> = interfaces.iter().filter_map(wearer).collect();
    let holder = |address: &String| {
        let parsed: IpAddr = address.parse().ok()?;
        let holds = |it: &&Wearer| it.blocks.iter().any(|block| block.contains(&parsed));
        Some((address.clone(), wearers.iter().find(holds)?.clone()))
    };
    addresses.iter().filter_map(holder).collect()
}

fn wearer(interface: &NetworkInterface) -> Option<Wearer> {
    let v4 = interface.private_ip_addresses().iter().filter_map(|one| one.private_ip_address());
    let v6 = interface.ipv6_addresses().iter().filter_map(|one| one.ipv6_address());
    let v4_prefixes = interface.ipv4_prefixes().iter().filter_map(|one| one.ipv4_prefix());
    let v6_prefixes = interface.ipv6_prefixes().iter().filter_map(|one| one.ipv6_prefix());
    Some(Wearer {
        id: interface.network_interface_id()?.to_owned(),
        groups: group_ids(interface.groups()),
        blocks: blocks(v4.chain(v6), v4_prefixes.chain(v6_prefixes)),
    })
}

#[cfg(test)]
mod tests {
    use aws_sdk_ec2::types::{
        GroupIdentifier, Ipv4PrefixSpecification, NetworkInterfaceIpv6Address,
        NetworkInterfacePrivateIpAddress,
    };

    use super::*;

    #[test]
    fn an_address_belongs_to_the_interface_that_holds_it_or_its_prefix() {
        let own = NetworkInterfacePrivateIpAddress::builder().private_ip_address("10.0.0.5");
        let v6 = NetworkInterfaceIpv6Address::builder().ipv6_address("2001:db8::5");
        let first = NetworkInterface::builder()
            .network_interface_id("eni-1")
            .private_ip_addresses(own.build())
            .ipv6_addresses(v6.build())
            .groups(GroupIdentifier::builder().group_id("sg-1").build())
            .build();
        let prefix = Ipv4PrefixSpecification::builder().ipv4_prefix("10.0.1.16/28").build();
        let second =
            NetworkInterface::builder().network_interface_id("eni-2").ipv4_prefixes(prefix).build();
        let asked = ["10.0.0.5", "10.0.1.17", "10.0.1.40", "2001:db8:0:0::5", "no address"];
        let found = matching(&asked.map(str::to_owned), &[first, second]);
        let ids: Vec<_> = found.iter().map(|(of, it)| (of.as_str(), it.id.as_str())).collect();
        let expected =
            [("10.0.0.5", "eni-1"), ("10.0.1.17", "eni-2"), ("2001:db8:0:0::5", "eni-1")];
        assert_eq!(ids, expected);
        assert_eq!(found["10.0.0.5"].groups, ["sg-1"]);
    }

    #[test]
    fn an_address_that_an_instance_does_not_show_yet_wears_what_all_its_interfaces_wear() {
        let wearer = |id: &str, groups: &[&str], block: &str| Wearer {
            id: id.into(),
            groups: groups.iter().map(|it| (*it).to_owned()).collect(),
            blocks: vec![block.parse().expect("a block")],
        };
        let alike = [
            wearer("eni-1", &["sg-1", "sg-2"], "10.0.0.5/32"),
            wearer("eni-2", &["sg-2", "sg-1"], "10.0.1.16/28"),
        ];
        let id = |all: &[Wearer], address| answering(all, address).map(|it| it.id.clone());
        assert_eq!(id(&alike, "10.0.1.20").as_deref(), Some("eni-2"));
        assert_eq!(id(&alike, "10.0.7.7").as_deref(), Some("eni-1"));
        let apart = [alike[0].clone(), wearer("eni-3", &["sg-3"], "10.0.2.0/28")];
        assert_eq!(id(&apart, "10.0.2.1").as_deref(), Some("eni-3"));
        assert_eq!(id(&apart, "10.0.7.7"), None);
        assert_eq!(id(&[], "10.0.7.7"), None);
    }
}
