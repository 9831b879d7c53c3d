//! How fast AWS is asked: token buckets by service and operation, which a throttled answer slows down
//! and time speeds up again. In: `--aws-api-throttle` and each attempt. Out: the wait for a turn. All
//! time is tokio's, so that a test can hold it still.

mod limiter;

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

use regex::Regex;

pub(crate) use limiter::{Lane, Limiter};

use crate::client::Service;

const DEFAULTS: &str = "Elastic Load Balancing v2:^RegisterTargets|^DeregisterTargets=4:20,\
    Elastic Load Balancing v2:^Describe.*=50:200,Elastic Load Balancing v2:^Modify.*=3:20,\
    WAFV2:^AssociateWebACL|DisassociateWebACL=0.5:1,\
    WAFV2:^GetWebACLForResource|ListResourcesForWebACL=1:1";

/// Which rates are kept, by service. [`Default`]: ALBC's (load-balancers.md 8.10); a service without a
/// rule is slowed down only while AWS throttles it.
#[derive(Debug, Clone)]
pub struct Throttle {
    rules: BTreeMap<Service, Vec<Rate>>,
}

/// The rate of the operations that a pattern matches.
#[derive(Debug, Clone)]
pub(crate) struct Rate {
    pub(crate) operations: Regex,
    /// Attempts a second, above 0.
    pub(crate) per_second: f64,
    /// Attempts at once, at least 1.
    pub(crate) burst: u32,
}

/// A rate that cannot be read, in the user's words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BadThrottle(String);

impl fmt::Display for BadThrottle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: expected SERVICE ID:OPERATION PATTERN=RATE:BURST", self.0)
    }
}

impl std::error::Error for BadThrottle {}

impl Default for Throttle {
    fn default() -> Self {
        Throttle { rules: rules(DEFAULTS).expect("the defaults are well-formed") }
    }
}

impl Throttle {
    /// The rules for a service.
    pub(crate) fn of(&self, service: Service) -> &[Rate] {
        self.rules.get(&service).map_or(&[], Vec::as_slice)
    }
}

/// `--aws-api-throttle`: comma-separated `service id:operation pattern=rate:burst`. A service that is
/// named loses all of its defaults; one that we never call is read and forgotten, since ALBC's users
/// name services of its other features.
impl FromStr for Throttle {
    type Err = BadThrottle;

    fn from_str(text: &str) -> Result<Self, BadThrottle> {
        let mut throttle = Throttle::default();
        throttle.rules.extend(rules(text)?);
        Ok(throttle)
    }
}

fn rules(text: &str) -> Result<BTreeMap<Service, Vec<Rate>>, BadThrottle> {
    let mut rules: BTreeMap<Service, Vec<Rate>> = BTreeMap::new();
    for part in text.split(',').map(str::trim).filter(|part| !part.is_empty()) {
        let (service, rate) = read(part).ok_or_else(|| BadThrottle(part.to_owned()))?;
        if let Some(service) = service {
            rules.entry(service).or_default().push(rate);
        }
    }
    Ok(rules)
}

/// One rule; no service where it is not one of ours.
fn read(text: &str) -> Option<(Option<Service>, Rate)> {
    let (what, rate) = text.rsplit_once('=')?;
    let (service, operations) = what.split_once(':')?;
    let (per_second, burst) = rate.split_once(':')?;
    let per_second: f64 = per_second.trim().parse().ok()?;
    let burst: u32 = burst.trim().parse().ok()?;
    let sound = per_second.is_finite() && per_second > 0.0 && burst > 0;
    let operations = Regex::new(operations).ok()?;
    sound.then_some((Service::of_id(service.trim()), Rate { operations, per_second, burst }))
}

#[cfg(test)]
mod tests;
