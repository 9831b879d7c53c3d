//! Security groups and their rules between the SDK's types and ours. One API permission holds many
//! peers; each of ours holds one, so that two rules can be compared.

use std::collections::BTreeSet;

use aws_sdk_ec2::types as sdk;
use inroad_words::network::{IngressRule, Peer, SecurityGroup};
use inroad_words::observed::SeenGroup;
use inroad_words::{Tags, Value};

use crate::Error;
use crate::value::known;

/// Text that the API may leave out.
pub(crate) fn text(value: Option<&str>) -> String {
    value.unwrap_or_default().to_owned()
}

/// Tags as the API gives them.
pub(crate) fn seen_tags(tags: &[sdk::Tag]) -> Tags {
    tags.iter().filter_map(|tag| Some((tag.key()?.to_owned(), text(tag.value())))).collect()
}

/// Tags as the API takes them.
pub(super) fn ask_tags(tags: &Tags) -> Vec<sdk::Tag> {
    tags.iter().map(|(key, value)| sdk::Tag::builder().key(key).value(value).build()).collect()
}

/// A security group with its ingress rules; `None` without an id.
pub(super) fn seen_group(group: &sdk::SecurityGroup) -> Option<SeenGroup> {
    let spec = SecurityGroup {
        name: text(group.group_name()),
        description: text(group.description()),
        vpc: text(group.vpc_id()),
        ingress: group.ip_permissions().iter().flat_map(seen_rules).collect(),
        tags: seen_tags(group.tags()),
    };
    Some(SeenGroup { id: group.group_id()?.to_owned(), spec })
}

/// One rule a peer.
fn seen_rules(permission: &sdk::IpPermission) -> Vec<IngressRule> {
    let port = |port: Option<i32>| port.filter(|port| *port >= 0);
    let rule = |(peer, description): (Peer, Option<&str>)| IngressRule {
        protocol: text(permission.ip_protocol()),
        from_port: port(permission.from_port()),
        to_port: port(permission.to_port()),
        peer,
        description: text(description),
    };
    let v4 = permission.ip_ranges().iter();
    let v6 = permission.ipv6_ranges().iter();
    let lists = permission.prefix_list_ids().iter();
    let groups = permission.user_id_group_pairs().iter();
    let peers = v4
        .filter_map(|peer| Some((Peer::Ipv4(peer.cidr_ip()?.to_owned()), peer.description())))
        .chain(v6.filter_map(|peer| {
            Some((Peer::Ipv6(peer.cidr_ipv6()?.to_owned()), peer.description()))
        }))
        .chain(lists.filter_map(|peer| {
            Some((Peer::PrefixList(peer.prefix_list_id()?.to_owned()), peer.description()))
        }))
        .chain(groups.filter_map(|peer| {
            let group = Value::Known(peer.group_id()?.to_owned());
            Some((Peer::Group(group), peer.description()))
        }));
    peers.map(rule).collect()
}

/// Rules as `AuthorizeSecurityGroupIngress` and `RevokeSecurityGroupIngress` take them. A description is no part of a
/// rule's identity; one that is said as it was seen suits also who compares it.
pub(super) fn ask_rules(rules: &BTreeSet<IngressRule>) -> Result<Vec<sdk::IpPermission>, Error> {
    rules.iter().map(ask_rule).collect()
}

fn ask_rule(rule: &IngressRule) -> Result<sdk::IpPermission, Error> {
    let description = (!rule.description.is_empty()).then(|| rule.description.clone());
    // ICMP spells "every type" as -1; the others leave the ports out.
    let every = rule.protocol.starts_with("icmp").then_some(-1);
    let permission = sdk::IpPermission::builder()
        .ip_protocol(&rule.protocol)
        .set_from_port(rule.from_port.or(every))
        .set_to_port(rule.to_port.or(every));
    Ok(match &rule.peer {
        Peer::Ipv4(cidr) => permission
            .ip_ranges(sdk::IpRange::builder().cidr_ip(cidr).set_description(description).build()),
        Peer::Ipv6(cidr) => permission.ipv6_ranges(
            sdk::Ipv6Range::builder().cidr_ipv6(cidr).set_description(description).build(),
        ),
        Peer::PrefixList(id) => permission.prefix_list_ids(
            sdk::PrefixListId::builder().prefix_list_id(id).set_description(description).build(),
        ),
        Peer::Group(group) => permission.user_id_group_pairs(
            sdk::UserIdGroupPair::builder()
                .group_id(known(group)?)
                .set_description(description)
                .build(),
        ),
    }
    .build())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rule(protocol: &str, ports: Option<(i32, i32)>, peer: Peer, says: &str) -> IngressRule {
        IngressRule {
            protocol: protocol.into(),
            from_port: ports.map(|ports| ports.0),
            to_port: ports.map(|ports| ports.1),
            peer,
            description: says.into(),
        }
    }

    #[test]
    fn a_rule_survives_the_way_to_aws_and_back() {
        let rules = BTreeSet::from([
            rule("tcp", Some((443, 443)), Peer::Ipv4("0.0.0.0/0".into()), ""),
            rule("tcp", Some((443, 443)), Peer::Ipv6("::/0".into()), "open"),
            rule("tcp", Some((0, 65535)), Peer::PrefixList("pl-1".into()), ""),
            rule("icmp", None, Peer::Ipv4("10.0.0.0/8".into()), ""),
            rule("-1", None, Peer::Group(Value::Known("sg-1".into())), "shared"),
        ]);
        let asked = ask_rules(&rules).expect("every value is known");
        let back: BTreeSet<_> = asked.iter().flat_map(seen_rules).collect();
        assert_eq!(back, rules);
    }

    #[test]
    fn one_permission_of_many_peers_is_many_rules() {
        let permission = sdk::IpPermission::builder()
            .ip_protocol("tcp")
            .from_port(80)
            .to_port(80)
            .ip_ranges(sdk::IpRange::builder().cidr_ip("10.0.0.0/8").build())
            .ip_ranges(sdk::IpRange::builder().cidr_ip("11.0.0.0/8").description("b").build())
            .ipv6_ranges(sdk::Ipv6Range::builder().cidr_ipv6("::/0").build())
            .build();
        let ports = Some((80, 80));
        assert_eq!(
            seen_rules(&permission),
            [
                rule("tcp", ports, Peer::Ipv4("10.0.0.0/8".into()), ""),
                rule("tcp", ports, Peer::Ipv4("11.0.0.0/8".into()), "b"),
                rule("tcp", ports, Peer::Ipv6("::/0".into()), ""),
            ]
        );
    }
}
