//! Capacity reservations (LCU reservations) of load balancers.

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use super::answer::{text, unconfigurable};
use super::state::{Kind, LoadBalancer};
use crate::{Account, Fault};

/// Decreases of a reservation that one day allows (ALB guide, "Reserve load balancer capacity").
const DECREASES: u32 = 2;

fn ready_at(balancer: &LoadBalancer, account: &Account) -> Option<Timestamp> {
    balancer.capacity.modified.map(|modified| modified + account.settings.provisioning)
}

/// Refuses while a reservation is being provisioned, which takes as long as a load balancer does.
pub(super) fn check_settled(balancer: &LoadBalancer, account: &Account) -> Result<(), Fault> {
    let pending = ready_at(balancer, account).is_some_and(|ready| account.now < ready);
    if pending && balancer.capacity.units.is_some() {
        let message = "There is a pending capacity reservation for the load balancer";
        return Err(Fault::new("CapacityReservationPending", message));
    }
    Ok(())
}

fn view(balancer: &LoadBalancer, account: &Account) -> Value {
    let left = DECREASES.saturating_sub(balancer.capacity.decreases_made);
    let mut view = json!({ "DecreaseRequestsRemaining": left, "CapacityReservationState": [] });
    if let Some(modified) = balancer.capacity.modified {
        view["LastModifiedTime"] = modified.to_string().into();
    }
    let Some(units) = balancer.capacity.units else { return view };
    view["MinimumLoadBalancerCapacity"] = json!({ "CapacityUnits": units });
    let pending = ready_at(balancer, account).is_some_and(|ready| account.now < ready);
    let state = if pending { "pending" } else { "provisioned" };
    let zones = balancer.network.availability_zones.iter().map(|zone| {
        json!({
            "State": { "Code": state },
            "AvailabilityZone": zone.zone_name,
            "EffectiveCapacityUnits": if pending { 0.0 } else { units as f64 },
        })
    });
    view["CapacityReservationState"] = zones.collect();
    view
}

pub(super) fn describe(account: &mut Account, input: &Value) -> Result<Value, Fault> {
    let found = account.elbv2.load_balancer(text(input, "LoadBalancerArn")?)?;
    Ok(view(found, account))
}

pub(super) fn modify(account: &mut Account, input: &Value) -> Result<Value, Fault> {
    let arn = text(input, "LoadBalancerArn")?;
    let found = account.elbv2.load_balancer(arn)?;
    let units = input["MinimumLoadBalancerCapacity"]["CapacityUnits"].as_u64();
    let reset = input["ResetCapacityReservation"].as_bool().unwrap_or(false);
    if found.kind == Kind::Gateway || units.is_some() == reset {
        let message = "Give the capacity units of an Application or Network Load Balancer, or \
                       reset its reservation";
        return Err(unconfigurable(message));
    }
    check_settled(found, account)?;
    let mut capacity = found.capacity.clone();
    let day = SignedDuration::from_hours(24);
    if capacity.modified.is_some_and(|modified| account.now.duration_since(modified) >= day) {
        capacity.decreases_made = 0;
    }
    if units < capacity.units {
        if capacity.decreases_made >= DECREASES {
            let message = "The daily limit on decreases of this reservation is reached";
            return Err(Fault::new("CapacityDecreaseRequestLimitExceeded", message));
        }
        capacity.decreases_made += 1;
    }
    capacity.units = units;
    capacity.modified = Some(account.now);
    account.elbv2.load_balancer_mut(arn)?.capacity = capacity;
    describe(account, input)
}
