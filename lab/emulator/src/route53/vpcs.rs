//! Which VPCs see a private zone.

use serde_json::{Value, json};

use super::changes::accept;
use super::input::{invalid, text, zone_id};
use super::name::DnsName;
use super::state::Vpc;
use crate::{Account, Fault};

pub(super) fn associate(account: &mut Account, input: &Value) -> Result<Value, Fault> {
    let id = zone_id(input, "HostedZoneId")?;
    let zone = account.route53.zone(&id)?;
    if !zone.private {
        let message = "You're trying to associate a VPC with a public hosted zone.";
        return Err(Fault::new("PublicZoneVPCAssociation", message));
    }
    let most = account.settings.quotas.route53.vpcs_per_zone;
    if zone.vpcs.len() >= most {
        let message = format!("Cannot associate more than {most} VPCs with hosted zone {id}.");
        return Err(Fault::new("LimitsExceeded", message));
    }
    let name = zone.name.clone();
    let vpc = resolve(account, &name, &input["VPC"])?;
    account.route53.zone_mut(&id)?.vpcs.push(vpc);
    Ok(json!({"ChangeInfo": accept(account, text(input, "Comment"))}))
}

/// The VPC of a request: one of this account and region that sees no zone of that name yet. One
/// that sees a zone was found before, so it is not looked for again.
pub(super) fn resolve(account: &Account, name: &DnsName, given: &Value) -> Result<Vpc, Fault> {
    let (Some(region), Some(id)) = (text(given, "VPCRegion"), text(given, "VPCId")) else {
        return Err(invalid("A VPC needs both VPCRegion and VPCId"));
    };
    let vpc = Vpc { region: region.to_owned(), id: id.to_owned() };
    let conflict =
        |(_, zone): &(&String, &super::Zone)| zone.name == *name && zone.vpcs.contains(&vpc);
    if let Some((zone, _)) = account.route53.zones.iter().find(conflict) {
        let message = format!(
            "The VPC {id} in region {region} has already been associated with \
            the hosted zone {zone} with the same domain name."
        );
        return Err(Fault::new("ConflictingDomainExists", message));
    }
    if region != account.settings.region || !account.ec2.vpcs.contains_key(id) {
        let message = format!(
            "The VPC: {id} you provided is not authorized to make the \
            association or does not exist in {region}."
        );
        return Err(Fault::new("InvalidVPCId", message));
    }
    Ok(vpc)
}
