//! Which names an address record may follow by itself, and in which hosted zone they live (dns.md 6.1).

use std::{collections::BTreeMap, sync::LazyLock};

/// Domain of an AWS service -> hosted zone of its names (AWS General Reference, service endpoints).
static CANONICAL: LazyLock<BTreeMap<&str, &str>> = LazyLock::new(|| {
    let rows = include_str!("canonical_zones.tsv").lines();
    rows.filter_map(|row| row.split_once('\t')).collect()
});

/// The hosted zone of an AWS name (lower case, no trailing dot); `None` where an alias cannot follow it.
pub(super) fn canonical_zone(host: &str) -> Option<&'static str> {
    let mut domain = host;
    while let Some((_, rest)) = domain.split_once('.') {
        if let Some(zone) = CANONICAL.get(domain) {
            return Some(zone);
        }
        domain = rest;
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn zones_of_aws_names() {
        assert_eq!(CANONICAL.len(), 133);
        let cases = [
            ("k8s-web-1.us-west-2.elb.amazonaws.com", Some("Z1H1FL5HABSF5")),
            ("internal-web-1.eu-central-1.elb.amazonaws.com", Some("Z215JYRZR1TBD5")),
            ("net-1.elb.eu-central-1.amazonaws.com", Some("Z3F0SRJ5LGBH90")),
            ("web.cn-north-1.elb.amazonaws.com.cn", Some("Z1GDH35T77C1KE")),
            ("d1.cloudfront.net", Some("Z2FDTNDATAQYW2")),
            ("a.awsglobalaccelerator.com", Some("Z2BJ6XQ5FK7U4H")),
            ("bucket.s3.amazonaws.com", None),
            ("example.com", None),
        ];
        for (host, zone) in cases {
            assert_eq!(canonical_zone(host), zone, "{host}");
        }
    }
}
