//! The predefined security policies. Names and protocols are AWS's ("Security policies for your Application
//! Load Balancer"); ciphers are not told, since nothing here negotiates by them.

use serde_json::{Value, json};

use super::answer::{page, strings};
use crate::{Account, Fault};

/// What a listener gets that names none (API default; the console's is another).
pub(super) const DEFAULT: &str = "ELBSecurityPolicy-2016-08";

/// Names after `ELBSecurityPolicy-`, and the oldest and newest TLS minor version of each.
const POLICIES: &[(&str, u8, u8)] = &[
    ("2016-08", 0, 2),
    ("FS-1-1-2019-08", 1, 2),
    ("FS-1-2-2019-08", 2, 2),
    ("FS-1-2-Res-2019-08", 2, 2),
    ("FS-1-2-Res-2020-10", 2, 2),
    ("FS-2018-06", 0, 2),
    ("TLS-1-0-2015-04", 0, 2),
    ("TLS-1-1-2017-01", 1, 2),
    ("TLS-1-2-2017-01", 2, 2),
    ("TLS-1-2-Ext-2018-06", 2, 2),
    ("TLS13-1-0-2021-06", 0, 3),
    ("TLS13-1-0-FIPS-2023-04", 0, 3),
    ("TLS13-1-1-2021-06", 1, 3),
    ("TLS13-1-1-FIPS-2023-04", 1, 3),
    ("TLS13-1-2-2021-06", 2, 3),
    ("TLS13-1-2-Ext0-FIPS-2023-04", 2, 3),
    ("TLS13-1-2-Ext1-2021-06", 2, 3),
    ("TLS13-1-2-Ext1-FIPS-2023-04", 2, 3),
    ("TLS13-1-2-Ext2-2021-06", 2, 3),
    ("TLS13-1-2-Ext2-FIPS-2023-04", 2, 3),
    ("TLS13-1-2-FIPS-2023-04", 2, 3),
    ("TLS13-1-2-FIPS-PQ-2025-09", 2, 3),
    ("TLS13-1-2-PQ-2025-09", 2, 3),
    ("TLS13-1-2-Res-2021-06", 2, 3),
    ("TLS13-1-2-Res-FIPS-2023-04", 2, 3),
    ("TLS13-1-2-Res-PQ-2025-09", 2, 3),
    ("TLS13-1-3-2021-06", 3, 3),
    ("TLS13-1-3-FIPS-2023-04", 3, 3),
    ("TLS13-1-3-PQ-2025-09", 3, 3),
];

fn name(policy: &(&str, u8, u8)) -> String {
    format!("ELBSecurityPolicy-{}", policy.0)
}

/// Whether the policy exists.
pub(super) fn check(policy: &str) -> Result<(), Fault> {
    match POLICIES.iter().any(|known| name(known) == policy) {
        true => Ok(()),
        false => {
            let message = format!("SSL policy '{policy}' does not exist");
            Err(Fault::new("SSLPolicyNotFound", message))
        }
    }
}

fn view(policy: &(&str, u8, u8)) -> Value {
    let version = |minor: u8| if minor == 0 { "TLSv1".into() } else { format!("TLSv1.{minor}") };
    let protocols: Vec<String> = (policy.1..=policy.2).map(version).collect();
    json!({
        "Name": name(policy),
        "SslProtocols": protocols,
        "Ciphers": [],
        "SupportedLoadBalancerTypes": ["application", "network"],
    })
}

pub(super) fn describe(_: &mut Account, input: &Value) -> Result<Value, Fault> {
    let names = strings(input, "Names");
    for name in &names {
        check(name)?;
    }
    let named = POLICIES.iter().filter(|known| names.is_empty() || names.contains(&name(known)));
    page("SslPolicies", named.map(view).collect(), input)
}
