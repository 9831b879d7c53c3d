//! What Ingresses claim in the zone `example.com`.

use inroad_world::{Change, Lens, World, manifest};

use inroad_words::{StackKey, Unit};

use super::*;
use crate::{Intent, compile};

mod service;

fn claims(yaml: &str, change: impl FnOnce(&mut Controller)) -> (Vec<NameClaim>, Vec<&'static str>) {
    let parsed = manifest::parse("in.yaml", yaml);
    assert_eq!(parsed.diagnostics, [], "the manifests of a case are readable");
    let world = World::default().absorb_all(parsed.objects.into_iter().map(Change::Applied)).0;
    let mut controller = Controller::default();
    change(&mut controller);
    let zone = Unit::Zone(ZoneKey { name: "example.com".into(), id: "Z1".into() });
    let compiled = compile(&Lens::new(&world), &zone, &controller);
    let codes = compiled.diagnostics.iter().map(|it| it.code.0).collect();
    let Intent::Zone(zone) = compiled.intent else { panic!("a zone compiles to a zone") };
    (zone.claims, codes)
}

/// `name -> TYPE target, …` for each claim.
fn led(claims: &[NameClaim]) -> Vec<String> {
    let records = |target: &ClaimTarget| match target {
        ClaimTarget::Balancer(unit) => unit.to_string(),
        ClaimTarget::Records(records) => {
            let all = records.iter().flat_map(|(of, all)| all.iter().map(move |it| (of, it)));
            all.map(|(of, it)| format!("{of} {it}")).collect::<Vec<_>>().join(", ")
        }
    };
    claims.iter().map(|claim| format!("{} -> {}", claim.name, records(&claim.target))).collect()
}

/// An Ingress `shop/web` with these annotations, two rule hosts and a tls host.
fn web(annotations: &str) -> String {
    format!(
        "
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata:
  namespace: shop
  name: web
  annotations:
    kubernetes.io/ingress.class: alb
{annotations}
spec:
  rules:
  - host: B.example.com
  - host: other.org
  tls:
  - hosts: [b.example.com, c.example.com, notexample.com]
"
    )
}

fn names(claims: &[NameClaim]) -> Vec<String> {
    claims.iter().map(|claim| format!("{} {}", claim.name, claim.origin)).collect()
}

#[test]
fn hosts_of_rules_tls_and_annotation_are_claimed_once_each() {
    let yaml = web("    external-dns.kubernetes.io/hostname: a.example.com, c.example.com.,x.net");
    let (claims, codes) = claims(&yaml, |_| {});
    let expected = [
        "B.example.com ingress/shop/web#/spec/rules/0/host",
        "a.example.com ingress/shop/web@hostname",
        "c.example.com ingress/shop/web#/spec/tls/0/hosts/1",
    ];
    assert_eq!(names(&claims), expected);
    assert!(codes.is_empty(), "{codes:?}");
    let stack = Unit::Stack(StackKey::parse("shop/web"));
    assert!(claims.iter().all(|claim| claim.target == ClaimTarget::Balancer(stack.clone())));
}

#[test]
fn annotations_of_either_prefix_count_and_the_newer_first() {
    let both = "    external-dns.alpha.kubernetes.io/ttl: '60'
    external-dns.alpha.kubernetes.io/aws-weight: '10'
    external-dns.alpha.kubernetes.io/set-identifier: blue
    external-dns.kubernetes.io/ttl: 5m
    external-dns.kubernetes.io/aws-weight: '20'";
    let (either, _) = claims(&web(both), |_| {});
    assert_eq!(either[0].ttl.as_ref().map(|ttl| ttl.value), Some(300));
    assert_eq!(either[0].set_identifier, "blue");
    assert_eq!(either[0].properties["aws/weight"], "20");
    let alpha = "external-dns.alpha.kubernetes.io/";
    let (one, _) = claims(&web(both), |it| it.dns.annotation_prefix = Some(alpha.into()));
    assert_eq!(one[0].ttl.as_ref().map(|ttl| ttl.value), Some(60));
    assert_eq!(one[0].properties["aws/weight"], "10");
}

#[test]
fn what_an_annotation_changes() {
    let cases: [(&str, &[&str], &[&str]); 7] = [
        ("ingress-hostname-source: Annotation-Only", &[], &[]),
        ("ingress-hostname-source: both", &[], &["DN0002"]),
        ("ingress-hostname-source: defined-hosts-only", &["B.example.com", "c.example.com"], &[]),
        ("controller: somebody", &[], &[]),
        ("controller: dns-controller", &["B.example.com", "c.example.com"], &[]),
        ("ttl: soon", &["B.example.com", "c.example.com"], &["DN0001"]),
        ("ttl: '0'", &["B.example.com", "c.example.com"], &["DN0001"]),
    ];
    for (annotation, expected, codes) in cases {
        let yaml = web(&format!("    external-dns.kubernetes.io/{annotation}"));
        let (claims, found) = claims(&yaml, |_| {});
        let names: Vec<_> = claims.iter().map(|claim| claim.name.as_str()).collect();
        assert_eq!((names, found), (expected.to_vec(), codes.to_vec()), "{annotation}");
        assert!(claims.iter().all(|claim| claim.ttl.is_none()), "{annotation}");
    }
}

#[test]
fn a_target_annotation_speaks_for_ingresses_of_any_class() {
    let target = "    external-dns.kubernetes.io/target: '192.0.2.1, 2001:db8::1,cdn.example.net.'";
    let foreign = |text: String| text.replace("class: alb", "class: nginx");
    let (with, _) = claims(&foreign(web(target)), |_| {});
    let records = BTreeMap::from([
        (RecordType::A, BTreeSet::from(["192.0.2.1".to_owned()])),
        (RecordType::AAAA, BTreeSet::from(["2001:db8::1".to_owned()])),
        (RecordType::CNAME, BTreeSet::from(["cdn.example.net".to_owned()])),
    ]);
    assert_eq!(with[0].target, ClaimTarget::Records(records));
    assert_eq!(claims(&foreign(web("")), |_| {}).0, []);
}

#[test]
fn an_ingress_of_a_foreign_class_leads_where_its_status_says() {
    let entries = "[{ip: 192.0.2.7}, {hostname: lb.example.net}, {ip: 2001:db8::7}]";
    let status = format!("status: {{loadBalancer: {{ingress: {entries}}}}}\n");
    let ours = format!("{}{status}", web(""));
    let foreign = ours.replace("class: alb", "class: nginx");
    let to = "A 192.0.2.7, AAAA 2001:db8::7, CNAME lb.example.net";
    let expected = [format!("B.example.com -> {to}"), format!("c.example.com -> {to}")];
    assert_eq!(led(&claims(&foreign, |_| {}).0), expected);
    let elsewhere = |it: &mut Controller| it.sources.balancers_are_elsewhere = true;
    assert_eq!(led(&claims(&ours, elsewhere).0), expected);
    // One of our class without a status waits; one of nobody's claims nothing.
    assert_eq!(led(&claims(&web(""), elsewhere).0), ["B.example.com -> ", "c.example.com -> "]);
    let stack = Unit::Stack(StackKey::parse("shop/web"));
    assert!(led(&claims(&ours, |_| {}).0)[0].ends_with(&stack.to_string()));
    let no_source = |it: &mut Controller| it.sources.sources = BTreeSet::from([Source::Service]);
    let not_here = |it: &mut Controller| it.sources.namespace = Some("elsewhere".into());
    assert_eq!((claims(&ours, no_source).0, claims(&ours, not_here).0), (vec![], vec![]));
}

#[test]
fn filters_leave_names_out() {
    let yaml = web("    external-dns.kubernetes.io/hostname: x.sub.example.com,example.com");
    let cases: [(&[&str], &[&str], &[&str]); 4] = [
        (&["sub.example.com"], &[], &["x.sub.example.com"]),
        (&[".example.com"], &["sub.example.com"], &["B.example.com", "c.example.com"]),
        (&["example.com"], &[".example.com"], &["example.com"]),
        (&["example.org"], &[], &[]),
    ];
    for (include, exclude, expected) in cases {
        let (claims, _) = claims(&yaml, |it| {
            it.dns.domain_filter = include.iter().map(ToString::to_string).collect();
            it.dns.exclude_domains = exclude.iter().map(ToString::to_string).collect();
        });
        let names: Vec<_> = claims.iter().map(|claim| claim.name.as_str()).collect();
        assert_eq!(names, expected);
    }
}

#[test]
fn names_are_compared_as_dns_has_them() {
    let cases = [("Bücher.example.com.", "xn--bcher-kva.example.com"), ("*.A.com", "*.a.com")];
    for (name, ascii) in cases {
        assert_eq!(ascii_name(name), ascii);
    }
    assert!(lies_in("example.com", "example.com") && lies_in("a.example.com", "example.com"));
    assert!(!lies_in("notexample.com", "example.com"));
}
