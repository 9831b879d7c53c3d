//! An account as one JSON document and back: for state files, for snapshots of other accounts and for
//! what a scenario takes as given. The lists and their members have the API's own names:
//! `Vpcs`, `Subnets`, `SecurityGroups`, `NetworkInterfaces`, `Instances`, `RouteTables`,
//! `InternetGateways`, `PrefixLists` (with `Entries`), `LoadBalancers` (with `Listeners`, they with
//! `Rules`), `TargetGroups`, `TrustStores` (with `CaCertificatesBundle`, which is PEM), `Certificates`,
//! `WebACLs` (with `ResourceArns`), `HostedZones` (with `ResourceRecordSets`).

use serde_json::{Map, Value};

use crate::ec2::BalancerInterfaces;
use crate::{Account, Settings, acm, ec2, elbv2, route53, wafv2};

/// Not of the API: how many ids the account made, so that a restored one does not make them again.
const IDS_MADE: &str = "IdsMade";

/// All that the account holds.
pub fn snapshot(account: &Account) -> Value {
    let mut document = members(ec2::snapshot(account));
    document.extend(members(elbv2::snapshot(account)));
    document.extend(members(acm::snapshot(account)));
    document.extend(members(wafv2::snapshot(account)));
    document.insert("HostedZones".into(), route53::snapshot(account));
    document.insert(IDS_MADE.into(), account.next_id.into());
    Value::Object(document)
}

fn members(tree: Value) -> Map<String, Value> {
    match tree {
        Value::Object(members) => members,
        _ => Map::new(),
    }
}

/// Puts a document's resources into the account; what a list lacks is not touched where the document
/// has no such list. In EC2 a resource that is there already stays as it is; the lists of the
/// other services take the place of what was there.
///
/// # Errors
/// In words, which list cannot be read and why. Lists before it in the module's order may be restored.
pub fn restore(account: &mut Account, document: &Value) -> Result<(), String> {
    account.next_id = account.next_id.max(document[IDS_MADE].as_u64().unwrap_or_default());
    ec2::restore(account, document)?;
    if document["Certificates"].is_array() {
        acm::restore(account, document)?;
    }
    if document["WebACLs"].is_array() {
        wafv2::restore(account, document)?;
    }
    if document["HostedZones"].is_array() {
        route53::restore(account, &document["HostedZones"]);
    }
    let lists = ["LoadBalancers", "TargetGroups", "TrustStores"];
    if lists.iter().any(|list| document[*list].is_array()) {
        elbv2::restore(account, document)?;
        attach(account)?;
    }
    Ok(())
}

/// Gives each load balancer its network interfaces where the document has none: other emulators make
/// none, and without them a security group in use could be deleted.
fn attach(account: &mut Account) -> Result<(), String> {
    let balancers: Vec<elbv2::LoadBalancer> =
        account.elbv2.load_balancers.values().cloned().collect();
    for balancer in balancers {
        let zones = balancer.network.availability_zones.iter();
        let subnets: Vec<String> = zones.map(|zone| zone.subnet_id.clone()).collect();
        let name = balancer.arn.split_once(":loadbalancer/").map_or("", |(_, name)| name);
        let groups = &balancer.network.security_groups;
        let wanted = BalancerInterfaces { name, subnets: &subnets, groups };
        let added = ec2::add_interfaces(account, &wanted);
        added.map_err(|fault| format!("LoadBalancers: {name}: {}", fault.message))?;
    }
    Ok(())
}

/// The default settings with the document's own region and account, as far as its subnets say.
pub fn settings_of(document: &Value) -> Settings {
    let mut settings = Settings::default();
    let Some(subnet) = document["Subnets"].as_array().and_then(|subnets| subnets.first()) else {
        return settings;
    };
    if let Some(zone) = subnet["AvailabilityZone"].as_str() {
        settings.region = zone.trim_end_matches(|c: char| c.is_ascii_lowercase()).to_owned();
    }
    if let Some(owner) = subnet["OwnerId"].as_str() {
        settings.account_id = owner.to_owned();
    }
    settings
}
