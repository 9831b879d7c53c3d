//! What a test asks for: rules that meet some calls and what they do to them. Plain data and counters;
//! no clock, no network.

use serde::{Deserialize, Serialize};

use crate::name::Name;

/// What happens to a call.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Effect {
    /// AWS never sees the call; the connection closes without an answer.
    CutBefore,
    /// AWS executes the call; the connection closes without an answer.
    CutAfter,
    /// AWS never sees the call; the connection stays open and silent until the client leaves.
    HangBefore,
    /// AWS executes the call; the connection stays open and silent until the client leaves.
    HangAfter,
    /// Passed on after so many milliseconds.
    Delay(u64),
    /// AWS executes the call; half of the answer's body is sent, then the connection closes.
    Half,
    /// Refused as AWS refuses when asked too often.
    Throttled,
    /// Refused with a 503.
    Unavailable,
    /// Refused for want of a permission.
    Denied,
    /// Refused with this error.
    Refused { status: u16, code: String },
}

/// One rule. What is left out matches everything, every time.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Rule {
    #[serde(default = "any")]
    service: String,
    #[serde(default = "any")]
    operation: String,
    /// Only calls that can change something.
    #[serde(default)]
    mutating: bool,
    /// Matching calls that are let through first.
    #[serde(default)]
    skip: u64,
    /// Matching calls met after those; absent: all.
    #[serde(default)]
    times: Option<u64>,
    effect: Effect,
    /// Matching calls so far. Counted here; what a test sends is where counting starts.
    #[serde(default)]
    seen: u64,
}

fn any() -> String {
    "*".into()
}

impl Rule {
    fn matches(&self, name: &Name) -> bool {
        ["*", &name.service].contains(&self.service.as_str())
            && ["*", &name.operation].contains(&self.operation.as_str())
            && (!self.mutating || name.mutating())
    }

    /// Counts a matching call; true when it is one of those that are met.
    fn meets(&mut self, name: &Name) -> bool {
        if !self.matches(name) {
            return false;
        }
        self.seen += 1;
        let last = self.times.map_or(u64::MAX, |times| self.skip.saturating_add(times));
        self.seen > self.skip && self.seen <= last
    }
}

/// What meets a call: every rule counts, the first that meets it decides.
pub(crate) fn effect(rules: &mut [Rule], name: &Name) -> Option<Effect> {
    let mut decided = None;
    for rule in rules {
        if rule.meets(name) && decided.is_none() {
            decided = Some(rule.effect.clone());
        }
    }
    decided
}

#[cfg(test)]
mod tests {
    use super::*;

    fn met(rules: &str, calls: &[(&str, &str)]) -> Vec<Option<Effect>> {
        let mut rules: Vec<Rule> = serde_json::from_str(rules).expect("rules of the test");
        let name = |(service, operation): &(&str, &str)| Name {
            service: (*service).into(),
            operation: (*operation).into(),
        };
        calls.iter().map(|call| effect(&mut rules, &name(call))).collect()
    }

    #[test]
    fn a_rule_skips_and_ends() {
        let rules =
            r#"[{"operation": "CreateRule", "skip": 1, "times": 1, "effect": "cut-after"}]"#;
        let create = ("elasticloadbalancing", "CreateRule");
        let got = met(rules, &[create, ("ec2", "CreateTags"), create, create]);
        assert_eq!(got, [None, None, Some(Effect::CutAfter), None]);
    }

    #[test]
    fn the_first_rule_decides_and_reads_can_be_left_alone() {
        let rules = r#"[{"service": "ec2", "mutating": true, "effect": "denied"}, {"effect": {"delay": 5}}]"#;
        let got = met(
            rules,
            &[("ec2", "CreateTags"), ("ec2", "DescribeVpcs"), ("acm", "ListCertificates")],
        );
        assert_eq!(got, [Some(Effect::Denied), Some(Effect::Delay(5)), Some(Effect::Delay(5))]);
    }
}
