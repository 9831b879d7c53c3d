//! Which certificates an HTTPS listener shows. In: explicit ARNs, hosts that name none, every issued
//! certificate. Out: ARNs in order, the default one first, and the hosts that none covers.

use std::collections::{BTreeMap, BTreeSet};

use inroad_intent::model::CertificateChoice;
use inroad_words::{Arn, Origin, Said, facts::Certificate};

/// What was found for a listener.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Found<'a> {
    /// ARNs without repetition; the first is the default one.
    pub(crate) arns: Vec<Arn>,
    /// Who asked for each of them.
    pub(crate) origins: BTreeMap<Arn, Origin>,
    /// Hosts that no certificate covers.
    pub(crate) uncovered: Vec<&'a Said<String>>,
}

impl Found<'_> {
    fn add(&mut self, arn: &str, origin: &Origin) {
        let arn = Arn(arn.to_owned());
        if !self.origins.contains_key(&arn) {
            self.arns.push(arn.clone());
            self.origins.insert(arn, origin.clone());
        }
    }
}

/// Explicit certificates in the order given, then all that cover a host, by ARN. A host that has none
/// costs only itself.
pub(crate) fn find<'a>(
    choice: &'a CertificateChoice,
    issued: &BTreeMap<String, Certificate>,
) -> Found<'a> {
    let mut found = Found::default();
    for said in &choice.explicit {
        found.add(&said.value, &said.origin);
    }
    let mut discovered: BTreeMap<&str, &Origin> = BTreeMap::new();
    for host in &choice.discover {
        let covering: Vec<_> =
            issued.values().filter(|it| covers(&it.names, &host.value)).collect();
        if covering.is_empty() {
            found.uncovered.push(host);
        }
        for certificate in covering {
            discovered.entry(&certificate.arn).or_insert(&host.origin);
        }
    }
    for (arn, origin) in discovered {
        found.add(arn, origin);
    }
    found
}

/// A wildcard stands for exactly one label; a wildcard host is covered by the same wildcard only.
fn covers(names: &BTreeSet<String>, host: &str) -> bool {
    let parent = host.split_once('.').map(|(_, parent)| parent);
    names.contains(host) || parent.is_some_and(|parent| names.contains(&format!("*.{parent}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Cases of the peer's rule (one label for a wildcard, the same string for a wildcard host).
    #[test]
    fn a_wildcard_covers_one_label() {
        for (name, host, want) in [
            ("example.com", "example.com", true),
            ("example.com", "a.example.com", false),
            ("*.example.com", "a.example.com", true),
            ("*.example.com", "b.a.example.com", false),
            ("*.example.com", "example.com", false),
            ("*.example.com", "*.example.com", true),
            ("*.a.example.com", "*.example.com", false),
            ("*.com", "*.example.com", false),
            ("*.host", "host", false),
        ] {
            assert_eq!(covers(&BTreeSet::from([name.into()]), host), want, "{name} {host}");
        }
    }

    #[test]
    fn every_match_is_shown_and_a_bare_host_costs_only_itself() {
        let issued = [("z", "a.example.com"), ("b", "*.example.com"), ("c", "other.org")]
            .map(|(arn, name)| Certificate {
                arn: arn.into(),
                names: BTreeSet::from([name.into()]),
            })
            .map(|certificate| (certificate.arn.clone(), certificate))
            .into();
        let said = |text: &str| Said::default_value(text.to_owned());
        let choice = CertificateChoice {
            explicit: vec![said("y"), said("b"), said("y")],
            discover: vec![said("a.example.com"), said("bare.net")],
        };
        let found = find(&choice, &issued);
        assert_eq!(found.arns, ["y", "b", "z"].map(|arn| Arn(arn.into())));
        assert_eq!(found.uncovered, [&choice.discover[1]]);
    }
}
