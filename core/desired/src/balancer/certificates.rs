//! Which certificates an HTTPS listener shows. In: what each member says (ARNs, else its hosts), every issued
//! certificate. Out: ARNs in order, the default one first, and the hosts that none covers.

use std::collections::{BTreeMap, BTreeSet};

use inroad_intent::model::{CertificateChoice, MemberCertificates};
use inroad_words::{
    Arn, Origin, Said,
    controller::BalancerSettings,
    facts::{Certificate, Facts},
};

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

/// Member by member: certificates in the order given, or all that cover a host, by ARN. A host that has
/// none costs only itself.
pub(crate) fn find<'a>(choice: &'a CertificateChoice, issued: &[&Certificate]) -> Found<'a> {
    let mut found = Found::default();
    for member in choice {
        match member {
            MemberCertificates::Named(arns) => {
                arns.iter().for_each(|said| found.add(&said.value, &said.origin));
            }
            MemberCertificates::Discover(hosts) => discover(hosts, issued, &mut found),
        }
    }
    found
}

fn discover<'a>(hosts: &'a [Said<String>], issued: &[&Certificate], found: &mut Found<'a>) {
    let mut discovered: BTreeMap<&str, &Origin> = BTreeMap::new();
    for host in hosts {
        let covering: Vec<_> = issued.iter().filter(|it| covers(&it.names, &host.value)).collect();
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
}

/// The certificates that may be found by host: those of the allowed authorities, where the operator names
/// some.
pub(crate) fn visible<'a>(facts: &'a Facts, settings: &BalancerSettings) -> Vec<&'a Certificate> {
    let allowed = &settings.certificate_authorities;
    let is_allowed = |it: &&Certificate| {
        allowed.is_empty()
            || facts.authorities.get(&it.arn).is_some_and(|authority| allowed.contains(authority))
    };
    facts.certificates.values().filter(is_allowed).collect()
}

/// Whether some member's certificates are found by host.
pub(crate) fn discovers(choice: &CertificateChoice) -> bool {
    choice.iter().any(|it| matches!(it, MemberCertificates::Discover(hosts) if !hosts.is_empty()))
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
    fn members_follow_each_other_and_a_bare_host_costs_only_itself() {
        let issued = [("z", "a.example.com"), ("b", "*.example.com"), ("c", "other.org")].map(
            |(arn, name)| Certificate { arn: arn.into(), names: BTreeSet::from([name.into()]) },
        );
        let said = |texts: &[&str]| {
            texts.iter().map(|text| Said::default_value(text.to_string())).collect::<Vec<_>>()
        };
        let choice = vec![
            MemberCertificates::Discover(said(&["a.example.com", "bare.net"])),
            MemberCertificates::Named(said(&["y", "b", "y"])),
            MemberCertificates::Discover(said(&["other.org"])),
        ];
        let found = find(&choice, &issued.iter().collect::<Vec<_>>());
        assert_eq!(found.arns, ["b", "z", "y", "c"].map(|arn| Arn(arn.into())));
        assert_eq!(
            found.uncovered.iter().map(|it| it.value.as_str()).collect::<Vec<_>>(),
            ["bare.net"]
        );
    }

    #[test]
    fn only_certificates_of_allowed_authorities_are_seen() {
        let certificate =
            |arn: &str| (arn.to_owned(), Certificate { arn: arn.into(), names: BTreeSet::new() });
        let facts = Facts {
            certificates: ["public", "ours", "theirs"].map(certificate).into(),
            authorities: [("ours", "ca-1"), ("theirs", "ca-2")]
                .map(|(arn, ca)| (arn.to_owned(), ca.to_owned()))
                .into(),
            ..Facts::default()
        };
        for (allowed, want) in
            [(vec![], vec!["ours", "public", "theirs"]), (vec!["ca-1"], vec!["ours"])]
        {
            let certificate_authorities = allowed.iter().map(ToString::to_string).collect();
            let settings =
                BalancerSettings { certificate_authorities, ..BalancerSettings::default() };
            let seen: Vec<&str> =
                visible(&facts, &settings).iter().map(|it| it.arn.as_str()).collect();
            assert_eq!(seen, want);
        }
    }
}
