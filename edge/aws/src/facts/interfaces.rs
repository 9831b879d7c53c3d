//! Through which network interface an instance or an address is reached, and whose groups it bears.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

use aws_sdk_ec2::types::{Filter, Instance, NetworkInterface};
use inroad_words::facts::{GroupFact, Interface};
use ipnet::IpNet;

use super::fact;
use crate::client::Service;
use crate::{Aws, Error, Ownership, ec2};

/// EC2 takes this many values in a filter.
const FILTER_VALUES: usize = 200;

/// An interface by id with the ids of its groups.
type Found = (String, Vec<String>);

/// The interface of each instance (`i-…`: its primary one) and of each address, in the VPC. What is not
/// found is left out.
pub(super) async fn interfaces(
    aws: &Aws,
    of: &BTreeSet<String>,
    vpc: &str,
) -> Result<BTreeMap<String, Interface>, Error> {
    let (instances, addresses): (Vec<_>, Vec<_>) =
        of.iter().cloned().partition(|id| id.starts_with("i-"));
    let (mut found, by_address) =
        futures::try_join!(of_instances(aws, &instances), of_addresses(aws, &addresses, vpc))?;
    found.extend(by_address);
    let ids = found.values().flat_map(|(_, groups)| groups.iter().cloned()).collect();
    let own = Ownership { vpc: vpc.to_owned(), ..Ownership::default() };
    let groups = ec2::groups(aws, "group-id", &ids, &own).await?;
    let groups = groups.into_iter().map(|group| (group.id.clone(), fact(group))).collect();
    Ok(found.into_iter().map(|(of, found)| (of, interface(found, &groups))).collect())
}

fn interface((id, groups): Found, known: &BTreeMap<String, GroupFact>) -> Interface {
    Interface { id, groups: groups.iter().filter_map(|id| known.get(id).cloned()).collect() }
}

fn group_ids(groups: &[aws_sdk_ec2::types::GroupIdentifier]) -> Vec<String> {
    groups.iter().filter_map(|group| Some(group.group_id()?.to_owned())).collect()
}

fn filter(name: &str, values: &[String]) -> Filter {
    Filter::builder().name(name).set_values(Some(values.to_vec())).build()
}

async fn of_instances(aws: &Aws, ids: &[String]) -> Result<BTreeMap<String, Found>, Error> {
    let mut found = BTreeMap::new();
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
        found.extend(instances.filter_map(primary));
    }
    Ok(found)
}

fn primary(instance: &Instance) -> Option<(String, Found)> {
    let is_primary = |index: Option<i32>| index == Some(0);
    let interface = instance
        .network_interfaces()
        .iter()
        .find(|one| is_primary(one.attachment().and_then(|a| a.device_index())))?;
    let id = interface.network_interface_id()?.to_owned();
    Some((instance.instance_id()?.to_owned(), (id, group_ids(interface.groups()))))
}

async fn of_addresses(
    aws: &Aws,
    addresses: &[String],
    vpc: &str,
) -> Result<BTreeMap<String, Found>, Error> {
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

async fn list(aws: &Aws, vpc: &str, by: Option<Filter>) -> Result<Vec<NetworkInterface>, Error> {
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
fn matching(addresses: &[String], interfaces: &[NetworkInterface]) -> BTreeMap<String, Found> {
    let blocks: Vec<(Vec<IpNet>, &NetworkInterface)> =
        interfaces.iter().map(|interface| (blocks(interface), interface)).collect();
    let holder = |address: &String| {
        let parsed: IpAddr = address.parse().ok()?;
        let holds = |blocks: &[IpNet]| blocks.iter().any(|block| block.contains(&parsed));
        let (_, interface) = blocks.iter().find(|(blocks, _)| holds(blocks))?;
        let id = interface.network_interface_id()?.to_owned();
        Some((address.clone(), (id, group_ids(interface.groups()))))
    };
    addresses.iter().filter_map(holder).collect()
}

fn blocks(interface: &NetworkInterface) -> Vec<IpNet> {
    let v4 = interface.private_ip_addresses().iter().filter_map(|one| one.private_ip_address());
    let v6 = interface.ipv6_addresses().iter().filter_map(|one| one.ipv6_address());
    let single = v4.chain(v6).filter_map(|one| Some(IpNet::from(one.parse::<IpAddr>().ok()?)));
    let v4 = interface.ipv4_prefixes().iter().filter_map(|one| one.ipv4_prefix());
    let v6 = interface.ipv6_prefixes().iter().filter_map(|one| one.ipv6_prefix());
    single.chain(v4.chain(v6).filter_map(|prefix| prefix.parse().ok())).collect()
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
        let ids: Vec<_> = found.iter().map(|(of, found)| (of.as_str(), found.0.as_str())).collect();
        let expected =
            [("10.0.0.5", "eni-1"), ("10.0.1.17", "eni-2"), ("2001:db8:0:0::5", "eni-1")];
        assert_eq!(ids, expected);
        assert_eq!(found["10.0.0.5"].1, ["sg-1"]);
    }
}
