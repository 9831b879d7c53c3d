//! The VPC and its subnets, with what decides which of them a load balancer may sit in.

use std::collections::BTreeMap;

use aws_sdk_ec2::types::{Filter, RouteTable, Subnet as SdkSubnet, SubnetCidrBlockState};
use inroad_words::facts::{Subnet, Vpc};

use crate::client::Service;
use crate::ec2::{seen_tags, text};
use crate::{Aws, Error};

/// The VPC with its associated blocks of both families.
pub(super) async fn vpc(aws: &Aws, id: &str) -> Result<Vpc, Error> {
    let output =
        aws.send(Service::Ec2, "DescribeVpcs", aws.ec2.describe_vpcs().vpc_ids(id).send()).await?;
    let found = output.vpcs().iter().find(|vpc| vpc.vpc_id() == Some(id));
    let found = found.ok_or_else(|| Error::Unsayable(format!("AWS shows no VPC {id}")))?;
    let v4 = found.cidr_block_association_set().iter();
    let v4 = v4
        .filter(|one| state(one.cidr_block_state().and_then(|s| s.state())))
        .filter_map(|one| one.cidr_block());
    let v6 = found.ipv6_cidr_block_association_set().iter();
    let v6 = v6
        .filter(|one| state(one.ipv6_cidr_block_state().and_then(|s| s.state())))
        .filter_map(|one| one.ipv6_cidr_block());
    Ok(Vpc { id: id.to_owned(), cidrs: v4.chain(v6).map(str::to_owned).collect() })
}

/// Whether a block counts: one whose state is not told does.
fn state(state: Option<&aws_sdk_ec2::types::VpcCidrBlockStateCode>) -> bool {
    state.is_none_or(|state| state.as_str() == "associated")
}

/// The same for a block of a subnet.
fn has_come(state: Option<&SubnetCidrBlockState>) -> bool {
    let code = state.and_then(SubnetCidrBlockState::state);
    code.is_none_or(|code| code.as_str() == "associated")
}

fn in_vpc(vpc: &str) -> Filter {
    Filter::builder().name("vpc-id").values(vpc).build()
}

/// Every subnet of the VPC.
pub(crate) async fn subnets(aws: &Aws, vpc: &str) -> Result<BTreeMap<String, Subnet>, Error> {
    let subnets = aws.pages(
        Service::Ec2,
        "DescribeSubnets",
        |token| {
            let call = aws.ec2.describe_subnets().filters(in_vpc(vpc)).max_results(1000);
            call.set_next_token(token).send()
        },
        |page| (page.subnets.unwrap_or_default(), page.next_token),
    );
    let tables = aws.pages(
        Service::Ec2,
        "DescribeRouteTables",
        |token| {
            let call = aws.ec2.describe_route_tables().filters(in_vpc(vpc)).max_results(100);
            call.set_next_token(token).send()
        },
        |page| (page.route_tables.unwrap_or_default(), page.next_token),
    );
    let (subnets, tables) = futures::try_join!(subnets, tables)?;
    let zones = subnets.iter().filter_map(|subnet| subnet.availability_zone());
    let none = BTreeMap::new();
    let kinds = match zones.map(is_zonal).reduce(|all, one| all && one) {
        Some(false) => aws.memory.zone_kinds.get_or_try_init(|| zone_kinds(aws)).await?,
        _ => &none,
    };
    let routes = Routes::read(&tables);
    let seen = subnets.iter().filter_map(|subnet| seen(subnet, &routes, kinds));
    Ok(seen.map(|subnet| (subnet.id.clone(), subnet)).collect())
}

/// Whether the name is a region's with a letter (`us-west-2a`), as only Availability Zones have it: names
/// of Local and Wavelength Zones say in between where they are (`us-west-2-lax-1a`).
fn is_zonal(zone: &str) -> bool {
    let region = zone.trim_end_matches(|c: char| c.is_ascii_lowercase());
    let numbers = region.split('-').filter(|part| part.ends_with(|c: char| c.is_ascii_digit()));
    region.len() + 1 == zone.len() && numbers.count() == 1
}

/// Zone name -> `availability-zone`, `local-zone` or `wavelength-zone`.
async fn zone_kinds(aws: &Aws) -> Result<BTreeMap<String, String>, Error> {
    let call = aws.ec2.describe_availability_zones().send();
    let output = aws.send(Service::Ec2, "DescribeAvailabilityZones", call).await?;
    let zones = output.availability_zones().iter();
    Ok(zones
        .filter_map(|zone| Some((zone.zone_name()?.to_owned(), zone.zone_type()?.to_owned())))
        .collect())
}

fn seen(subnet: &SdkSubnet, routes: &Routes, kinds: &BTreeMap<String, String>) -> Option<Subnet> {
    let id = subnet.subnet_id()?.to_owned();
    let zone = text(subnet.availability_zone());
    let kind = kinds.get(&zone).map(String::as_str);
    let mut blocks = subnet.ipv6_cidr_block_association_set().iter();
    Some(Subnet {
        locale: Subnet::locale(subnet.outpost_arn(), kind).to_owned(),
        zone,
        cidr: text(subnet.cidr_block()),
        has_ipv6: blocks.any(|one| has_come(one.ipv6_cidr_block_state())),
        available_addresses: subnet.available_ip_address_count().unwrap_or_default().into(),
        public: routes.is_public(&id),
        tags: seen_tags(subnet.tags()),
        id,
    })
}

/// Which subnets lead to an internet gateway.
#[derive(Debug, Default)]
struct Routes {
    /// By subnet with a table of its own.
    explicit: BTreeMap<String, bool>,
    /// Of the VPC's main table, which serves all others.
    main: bool,
}

impl Routes {
    fn read(tables: &[RouteTable]) -> Self {
        let mut routes = Routes::default();
        for table in tables {
            let mut gateways = table.routes().iter().filter_map(|route| route.gateway_id());
            let public = gateways.any(|gateway| gateway.starts_with("igw-"));
            for association in table.associations() {
                if association.main() == Some(true) {
                    routes.main = public;
                }
                if let Some(subnet) = association.subnet_id() {
                    routes.explicit.insert(subnet.to_owned(), public);
                }
            }
        }
        routes
    }

    fn is_public(&self, subnet: &str) -> bool {
        self.explicit.get(subnet).copied().unwrap_or(self.main)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use aws_sdk_ec2::types::{Route, RouteTableAssociation};

    use super::*;

    fn table(gateway: &str, subnet: Option<&str>) -> RouteTable {
        let association = RouteTableAssociation::builder()
            .main(subnet.is_none())
            .set_subnet_id(subnet.map(str::to_owned))
            .build();
        let local = Route::builder().gateway_id("local").build();
        let route = Route::builder().gateway_id(gateway).build();
        RouteTable::builder().routes(local).routes(route).associations(association).build()
    }

    #[test]
    fn zones_of_a_region_are_known_by_their_names() {
        for zone in ["us-west-2a", "us-gov-west-1b", "eu-central-2c"] {
            assert!(is_zonal(zone), "{zone}");
        }
        for zone in ["us-west-2-lax-1a", "us-east-1-wl1-bos-wlz-1", "eu-west-1", "", "usw2-az1"] {
            assert!(!is_zonal(zone), "{zone}");
        }
    }

    #[test]
    fn a_table_of_its_own_beats_the_main_one() {
        let tables = [
            table("igw-1", None),
            table("nat-1", Some("subnet-private")),
            table("igw-1", Some("subnet-public")),
        ];
        let routes = Routes::read(&tables);
        let public: BTreeSet<_> = ["subnet-private", "subnet-public", "subnet-other"]
            .into_iter()
            .filter(|subnet| routes.is_public(subnet))
            .collect();
        assert_eq!(public, BTreeSet::from(["subnet-public", "subnet-other"]));
        assert!(!Routes::read(&tables[1..]).is_public("subnet-other"));
    }
}
