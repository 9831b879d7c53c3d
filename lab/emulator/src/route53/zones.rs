//! Operations on hosted zones.

use serde_json::{Value, json};

use super::changes::accept;
use super::input::{id, invalid, page_size, required, text, zone_id};
use super::name::DnsName;
use super::records::put;
use super::state::{RecordSet, ResourceRecord, Vpc, Zone};
use super::vpcs;
use crate::{Account, Fault};

/// The domains of a zone's four name servers; each owns 512 numbers, in this order.
const SERVER_DOMAINS: [&str; 4] = ["com", "net", "org", "co.uk"];
const SOA_TIMES: &str = "awsdns-hostmaster.amazon.com. 1 7200 900 1209600 86400";

pub(super) fn create(account: &mut Account, input: &Value) -> Result<Value, Fault> {
    let name = domain(required(input, "Name")?)?;
    let reference = required(input, "CallerReference")?.to_owned();
    if let Some(set) = text(input, "DelegationSetId") {
        return Err(no_delegation_set(set));
    }
    room_for(account, &reference)?;
    let vpcs: Vec<Vpc> = first_vpc(account, &name, input)?.into_iter().collect();
    let id = format!("Z0{}", account.fresh_hex(18).to_uppercase());
    let private = !vpcs.is_empty();
    let mut zone = Zone {
        name,
        caller_reference: reference,
        comment: text(&input["HostedZoneConfig"], "Comment").map(str::to_owned),
        private,
        vpcs,
        name_servers: name_servers(account, private),
        records: Default::default(),
    };
    put_own_records(&mut zone);
    let answer = created(account, &id, &zone);
    account.route53.zones.insert(id, zone);
    Ok(answer)
}

/// A caller reference is used once, and the account has its quota of zones.
fn room_for(account: &Account, reference: &str) -> Result<(), Fault> {
    if account.route53.zones.values().any(|zone| zone.caller_reference == reference) {
        let message = "A hosted zone has already been created with the specified caller reference.";
        return Err(Fault::new("HostedZoneAlreadyExists", message).status(409));
    }
    let most = account.settings.quotas.route53.hosted_zones;
    if account.route53.zones.len() >= most {
        let message = format!(
            "Limits Exceeded: MAX_HOSTED_ZONES_BY_OWNER - Cannot create more \
            than {most} hosted zones."
        );
        return Err(Fault::new("TooManyHostedZones", message));
    }
    Ok(())
}

fn created(account: &mut Account, id: &str, zone: &Zone) -> Value {
    let mut answer = json!({
        "HostedZone": zone.describe(id),
        "ChangeInfo": accept(account, None),
        "DelegationSet": {"NameServers": zone.name_servers},
        "Location": format!("https://route53.amazonaws.com/2013-04-01/hostedzone/{id}"),
    });
    if let Some(vpc) = zone.vpcs.first() {
        answer["VPC"] = json!(vpc);
    }
    answer
}

/// The VPC that makes the zone private. `PrivateZone` alone does not: a private zone has a VPC.
fn first_vpc(account: &Account, name: &DnsName, input: &Value) -> Result<Option<Vpc>, Fault> {
    if input["VPC"].is_object() {
        return vpcs::resolve(account, name, &input["VPC"]).map(Some);
    }
    match input["HostedZoneConfig"]["PrivateZone"].as_bool() {
        Some(true) => Err(invalid(
            "When you're creating a private hosted zone, you must specify VPCRegion and VPCId.",
        )),
        _ => Ok(None),
    }
}

fn name_servers(account: &mut Account, private: bool) -> Vec<String> {
    let seed = account.fresh_hex(12);
    let name = |(index, domain): (usize, &&str)| {
        let digits = seed.get(index * 3..index * 3 + 3).unwrap_or_default();
        let drawn = usize::from_str_radix(digits, 16).unwrap_or_default() % 512;
        let own = if private { 0 } else { drawn };
        format!("ns-{}.awsdns-{:02}.{domain}", index * 512 + own, own / 8)
    };
    SERVER_DOMAINS.iter().enumerate().map(name).collect()
}

/// The NS and SOA records that a zone is born with.
fn put_own_records(zone: &mut Zone) {
    let servers: Vec<String> = zone.name_servers.iter().map(|name| format!("{name}.")).collect();
    let soa = vec![format!("{} {SOA_TIMES}", servers.first().map_or(".", String::as_str))];
    for (kind, ttl, values) in [("NS", 172_800, servers), ("SOA", 900, soa)] {
        let set = RecordSet {
            name: zone.name.to_string(),
            kind: kind.into(),
            set_identifier: None,
            routing: Default::default(),
            ttl: Some(ttl),
            resource_records: Some(
                values.into_iter().map(|value| ResourceRecord { value }).collect(),
            ),
            alias_target: None,
            health_check_id: None,
            traffic_policy_instance_id: None,
        };
        let name = zone.name.clone();
        put(&mut zone.records, name, set);
    }
}

fn domain(name: &str) -> Result<DnsName, Fault> {
    DnsName::parse(name).map_err(|problem| Fault::new("InvalidDomainName", problem.to_string()))
}

/// Reusable delegation sets are not emulated, so there is none.
fn no_delegation_set(id: &str) -> Fault {
    Fault::new("NoSuchDelegationSet", format!("No delegation set found with ID: {id}"))
}

pub(super) fn get(account: &mut Account, input: &Value) -> Result<Value, Fault> {
    let id = zone_id(input, "Id")?;
    let zone = account.route53.zone(&id)?;
    let mut answer = json!({"HostedZone": zone.describe(&id)});
    if zone.private {
        answer["VPCs"] = json!(zone.vpcs);
    } else {
        answer["DelegationSet"] = json!({"NameServers": zone.name_servers});
    }
    Ok(answer)
}

pub(super) fn delete(account: &mut Account, input: &Value) -> Result<Value, Fault> {
    let id = zone_id(input, "Id")?;
    let zone = account.route53.zone(&id)?;
    let required = |kind: &str| matches!(kind, "NS" | "SOA");
    if zone.records.keys().any(|key| key.name != zone.name || !required(&key.kind)) {
        let message = "The specified hosted zone contains non-required resource record sets  \
            and so cannot be deleted.";
        return Err(Fault::new("HostedZoneNotEmpty", message));
    }
    account.route53.zones.remove(&id);
    account.route53.tags.remove(&("hostedzone".to_owned(), id));
    Ok(json!({"ChangeInfo": accept(account, None)}))
}

pub(super) fn list(account: &mut Account, input: &Value) -> Result<Value, Fault> {
    let size = page_size(input, 100)?;
    if let Some(set) = text(input, "DelegationSetId") {
        return Err(no_delegation_set(set));
    }
    let marker = text(input, "Marker").unwrap_or_default();
    if !marker.is_empty() {
        id(input, "Marker", "hostedzone/")?;
    }
    let only_private = text(input, "HostedZoneType") == Some("PrivateHostedZone");
    let mut rest = account
        .route53
        .zones
        .range(marker.to_owned()..)
        .filter(|(_, zone)| zone.private || !only_private);
    let page: Vec<Value> = rest.by_ref().take(size).map(|(id, zone)| zone.describe(id)).collect();
    let next = rest.next();
    let mut answer = json!({
        "HostedZones": page,
        "Marker": marker,
        "IsTruncated": next.is_some(),
        "MaxItems": size.to_string(),
    });
    if let Some((id, _)) = next {
        answer["NextMarker"] = json!(id);
    }
    Ok(answer)
}

pub(super) fn list_by_name(account: &mut Account, input: &Value) -> Result<Value, Fault> {
    let size = page_size(input, 100)?;
    let name = text(input, "DNSName").map(domain).transpose()?;
    let id = text(input, "HostedZoneId").map(|_| zone_id(input, "HostedZoneId")).transpose()?;
    if id.is_some() && name.is_none() {
        return Err(invalid("HostedZoneId is only valid together with DNSName"));
    }
    let from = name.as_ref().map(|name| (name, id.clone().unwrap_or_default()));
    let mut zones: Vec<(&DnsName, &String, &Zone)> =
        account.route53.zones.iter().map(|(id, zone)| (&zone.name, id, zone)).collect();
    zones.sort_by_key(|(name, id, _)| (*name, *id));
    zones
        .retain(|(name, id, _)| from.as_ref().is_none_or(|from| (*name, *id) >= (from.0, &from.1)));
    let page: Vec<Value> = zones.iter().take(size).map(|(_, id, zone)| zone.describe(id)).collect();
    let next = zones.get(size);
    let mut answer = json!({
        "HostedZones": page,
        "IsTruncated": next.is_some(),
        "MaxItems": size.to_string(),
    });
    for member in ["DNSName", "HostedZoneId"] {
        if let Some(given) = text(input, member) {
            answer[member] = json!(given);
        }
    }
    if let Some((name, id, _)) = next {
        answer["NextDNSName"] = json!(name.to_string());
        answer["NextHostedZoneId"] = json!(id);
    }
    Ok(answer)
}
