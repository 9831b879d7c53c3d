//! `IpPermission` of the API to rules and back: normal forms of protocols, ports and addresses.

use ipnet::{Ipv4Net, Ipv6Net};
use serde_json::{Value, json};

use super::state::{Peer, Permission, Rule};
use super::text;
use crate::Fault;

/// `[IpPermission]` of one direction: rules of the same protocol and ports together, in the order in
/// which the first of them was added.
pub(crate) fn permissions(rules: &[Rule], egress: bool) -> Value {
    let mut sets: Vec<(&Permission, Value)> = Vec::new();
    for rule in rules.iter().filter(|rule| rule.what.egress == egress) {
        let what = &rule.what;
        let ports = |w: &Permission| (w.protocol.clone(), w.from, w.to);
        let index =
            sets.iter().position(|(first, _)| ports(first) == ports(what)).unwrap_or_else(|| {
                sets.push((what, empty_permission(what)));
                sets.len() - 1
            });
        let (list, entry) = peer_entry(rule);
        if let Some(entries) = sets[index].1[list].as_array_mut() {
            entries.push(entry);
        }
    }
    sets.into_iter().map(|(_, tree)| tree).collect()
}

fn empty_permission(what: &Permission) -> Value {
    let mut tree = json!({"IpProtocol": what.protocol, "IpRanges": [], "Ipv6Ranges": [],
                          "PrefixListIds": [], "UserIdGroupPairs": []});
    if let (Some(from), Some(to)) = (what.from, what.to) {
        tree["FromPort"] = json!(from);
        tree["ToPort"] = json!(to);
    }
    tree
}

fn peer_entry(rule: &Rule) -> (&'static str, Value) {
    let (list, mut entry) = match &rule.what.peer {
        Peer::V4(net) => ("IpRanges", json!({"CidrIp": net.to_string()})),
        Peer::V6(net) => ("Ipv6Ranges", json!({"CidrIpv6": net.to_string()})),
        Peer::PrefixList(id) => ("PrefixListIds", json!({"PrefixListId": id})),
        Peer::Group { id, owner } => ("UserIdGroupPairs", json!({"GroupId": id, "UserId": owner})),
    };
    if let Some(description) = &rule.description {
        entry["Description"] = json!(description);
    }
    (list, entry)
}

/// A rule that a request or a snapshot speaks of.
pub(super) type Asked = (Permission, Option<String>);

pub(super) fn invalid(message: String) -> Fault {
    Fault::new("InvalidParameterValue", message)
}

/// The rules of `[IpPermission]`, one for each peer.
pub(super) fn read(
    permissions: &Value,
    egress: bool,
    own_account: &str,
) -> Result<Vec<Asked>, Fault> {
    let mut asked = Vec::new();
    for permission in permissions.as_array().into_iter().flatten() {
        let (protocol, from, to) = ports(permission)?;
        let before = asked.len();
        for list in ["IpRanges", "Ipv6Ranges", "PrefixListIds", "UserIdGroupPairs"] {
            for entry in permission[list].as_array().into_iter().flatten() {
                let peer = peer(list, entry, own_account)?;
                let what = Permission { egress, protocol: protocol.clone(), from, to, peer };
                let description = entry["Description"].as_str().map(str::to_owned);
                describable(description.as_deref().unwrap_or_default())?;
                asked.push((what, description));
            }
        }
        if asked.len() == before {
            let message =
                "The request must contain the parameter cidrIp, cidrIpv6, prefixListId or groupId";
            return Err(Fault::new("MissingParameter", message));
        }
    }
    Ok(asked)
}

fn describable(description: &str) -> Result<(), Fault> {
    let other = "._-:/()#,@[]+=&;{}!$* ";
    let fits = |c: char| c.is_ascii_alphanumeric() || other.contains(c);
    if description.chars().count() > 255 || !description.chars().all(fits) {
        return Err(invalid(format!(
            "Invalid rule description '{description}'. Valid descriptions are strings \
            less than 256 characters from the following set: a-zA-Z0-9. _-:/()#,@[]+=&;{{}}!$*"
        )));
    }
    Ok(())
}

fn peer(list: &str, entry: &Value, own_account: &str) -> Result<Peer, Fault> {
    let malformed = |text: &str| invalid(format!("CIDR block {text} is malformed"));
    match list {
        "IpRanges" => {
            let cidr = text(entry, "CidrIp");
            let net: Ipv4Net = cidr.parse().map_err(|_| malformed(cidr))?;
            Ok(Peer::V4(net.trunc()))
        }
        "Ipv6Ranges" => {
            let cidr = text(entry, "CidrIpv6");
            let net: Ipv6Net = cidr.parse().map_err(|_| malformed(cidr))?;
            Ok(Peer::V6(net.trunc()))
        }
        "PrefixListIds" => Ok(Peer::PrefixList(text(entry, "PrefixListId").to_owned())),
        _ => Ok(Peer::Group {
            id: text(entry, "GroupId").to_owned(),
            owner: entry["UserId"].as_str().unwrap_or(own_account).to_owned(),
        }),
    }
}

type Ports = (String, Option<i64>, Option<i64>);

fn ports(permission: &Value) -> Result<Ports, Fault> {
    let given = text(permission, "IpProtocol").to_ascii_lowercase();
    let protocol = match given.as_str() {
        "" => {
            return Err(Fault::new(
                "MissingParameter",
                "The request must contain the parameter ipProtocol",
            ));
        }
        "all" => "-1",
        "6" => "tcp",
        "17" => "udp",
        "1" => "icmp",
        "58" => "icmpv6",
        other => other,
    };
    let (from, to) = (permission["FromPort"].as_i64(), permission["ToPort"].as_i64());
    match protocol {
        "-1" => Ok((protocol.to_owned(), None, None)),
        "tcp" | "udp" => {
            let (Some(from), Some(to)) = (from, to) else {
                let message = "Invalid value 'Must specify both from and to ports with TCP/UDP.' for portRange.";
                return Err(invalid(message.into()));
            };
            if !(0..=65535).contains(&from) || !(0..=65535).contains(&to) || from > to {
                return Err(invalid(format!("Invalid TCP/UDP port range ({from}:{to})")));
            }
            Ok((protocol.to_owned(), Some(from), Some(to)))
        }
        "icmp" | "icmpv6" => Ok((protocol.to_owned(), from.or(Some(-1)), to.or(Some(-1)))),
        other if other.parse::<u8>().is_ok() => Ok((other.to_owned(), None, None)),
        other => {
            Err(invalid(format!("Invalid value '{other}' for IP protocol. Unknown protocol.")))
        }
    }
}
