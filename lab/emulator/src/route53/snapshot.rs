//! The zones as one tree and back: the members of ListHostedZones' `HostedZone`, each with its
//! `ResourceRecordSets`, and what else the zone needs to live on.

use serde_json::{Map, Value, json};

use super::name::DnsName;
use super::records::put;
use super::state::{RecordSet, Zone};
use crate::Account;

/// Members that an API answer has elsewhere than in `HostedZone`.
const VPCS: &str = "VPCs";
const SERVERS: &str = "NameServers";
const TAGS: &str = "Tags";
const RECORDS: &str = "ResourceRecordSets";

/// The hosted zones, in the order of their ids.
pub fn snapshot(account: &Account) -> Value {
    let zones = account.route53.zones.iter().map(|(id, zone)| {
        let mut tree = zone.describe(id);
        tree[RECORDS] = json!(zone.records.values().collect::<Vec<_>>());
        tree[SERVERS] = json!(zone.name_servers);
        tree[VPCS] = json!(zone.vpcs);
        tree[TAGS] = json!(account.route53.tags.get(&tag_key(id)).cloned().unwrap_or_default());
        tree
    });
    zones.collect::<Vec<_>>().into()
}

/// Puts the zones of `tree` in place of the account's. What is there is believed, not judged, so
/// that a state which another emulator left is taken as it is; a zone or record set that cannot be
/// read at all is left out. An alias's `TTL`, which AWS never shows, is dropped.
pub fn restore(account: &mut Account, tree: &Value) {
    account.route53.zones.clear();
    account.route53.tags.retain(|(kind, _), _| kind != "hostedzone");
    for zone in tree.as_array().into_iter().flatten() {
        let id = zone["Id"].as_str().unwrap_or_default().trim_start_matches("/hostedzone/");
        let Some(read) = read_zone(zone) else { continue };
        account.route53.zones.insert(id.to_owned(), read);
        let tags = zone[TAGS].as_object().map(read_tags).unwrap_or_default();
        account.route53.tags.insert(tag_key(id), tags);
    }
}

fn tag_key(id: &str) -> (String, String) {
    ("hostedzone".into(), id.into())
}

fn read_tags(tags: &Map<String, Value>) -> std::collections::BTreeMap<String, String> {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    tags.iter().map(|(key, value)| (key.clone(), text(value))).collect()
}

fn read_zone(tree: &Value) -> Option<Zone> {
    let text = |value: &Value| value.as_str().map(str::to_owned);
    let mut zone = Zone {
        name: DnsName::parse(tree["Name"].as_str()?).ok()?,
        caller_reference: text(&tree["CallerReference"]).unwrap_or_default(),
        comment: text(&tree["Config"]["Comment"]),
        private: tree["Config"]["PrivateZone"].as_bool().unwrap_or_default(),
        vpcs: serde_json::from_value(tree[VPCS].clone()).unwrap_or_default(),
        name_servers: serde_json::from_value(tree[SERVERS].clone()).unwrap_or_default(),
        records: Default::default(),
    };
    for set in tree[RECORDS].as_array().into_iter().flatten() {
        let Ok(mut set) = serde_json::from_value::<RecordSet>(set.clone()) else { continue };
        let Ok(name) = DnsName::parse(&set.name) else { continue };
        if set.alias_target.is_some() {
            set.ttl = None;
        }
        put(&mut zone.records, name, set);
    }
    if zone.name_servers.is_empty() {
        let apex = zone.sets(&zone.name, "NS").flat_map(RecordSet::values);
        zone.name_servers = apex.map(|name| name.trim_end_matches('.').to_owned()).collect();
    }
    Some(zone)
}
