//! Claims of `example.com`, written out.

use std::collections::BTreeMap;

use inroad_intent::Intent;
use inroad_words::{
    Kind, ObjectKey, Said, StackKey,
    record::{RecordData, RecordType},
};

use super::*;
use crate::{needs, shape};

const BALANCER: &str = "k8s-shop-web-1.us-west-2.elb.amazonaws.com";

fn claim(name: &str, object: &str, target: ClaimTarget) -> NameClaim {
    let object = ObjectKey::new(Kind::Ingress, "shop", object);
    NameClaim {
        name: name.into(),
        origin: Origin::field(&object, "/spec/rules/0/host"),
        object,
        target,
        ttl: None,
        set_identifier: String::new(),
        properties: BTreeMap::new(),
    }
}

fn balancer() -> ClaimTarget {
    ClaimTarget::Balancer(Unit::Stack(StackKey::parse("shop/web")))
}

fn names(names: &[&str]) -> ClaimTarget {
    let names = names.iter().map(ToString::to_string).collect();
    ClaimTarget::Records(BTreeMap::from([(RecordType::CNAME, names)]))
}

fn zone(name: &str, id: &str, private: bool) -> Zone {
    Zone { key: ZoneKey { name: name.into(), id: id.into() }, private }
}

fn facts() -> Facts {
    let zones = [
        zone("example.com", "Z1", false),
        zone("sub.example.com", "Z2", false),
        zone("example.com", "Z3", true),
    ];
    let mut facts = Facts { zones: zones.into(), ..Facts::default() };
    let ClaimTarget::Balancer(unit) = balancer() else { unreachable!("it is one") };
    let key = ResourceKey::new(unit, ResourceKind::LoadBalancer, "LoadBalancer");
    facts.outputs.0.insert((key, Field::DnsName), BALANCER.replace("k8s", "K8s"));
    facts
}

/// One line a candidate: record, what it holds, its mark; then what waits, then codes.
fn shaped(id: &str, claims: Vec<NameClaim>, change: impl FnOnce(&mut Controller)) -> Vec<String> {
    let name = if id == "Z2" { "sub.example.com" } else { "example.com" };
    let zone = ZoneKey { name: name.into(), id: id.into() };
    let intent = Intent::Zone(ZoneIntent { zone, claims, ..ZoneIntent::default() });
    let mut controller = Controller::default();
    change(&mut controller);
    assert_eq!(needs(&intent, &controller), BTreeSet::from([Need::Zones]));
    let out = shape(&intent, &facts(), &controller);
    let records = out.desired.records.unwrap_or_default();
    let lines = records.values().flatten().map(|candidate| {
        let spec = &candidate.record.spec;
        let data = match &spec.data {
            RecordData::Values(values) => values.iter().cloned().collect::<Vec<_>>().join(","),
            RecordData::Alias { target, zone, evaluate_health } => {
                let zone = zone.as_deref().unwrap_or("same zone");
                format!("alias {target} in {zone} {evaluate_health}")
            }
        };
        format!("{} {:?} {data} marked {}", spec.key, spec.ttl, candidate.mark.key.name)
    });
    let holds = out.desired.held.names.keys().map(|name| format!("held {name}"));
    lines.chain(holds).chain(out.diagnostics.iter().map(|it| it.code.0.to_owned())).collect()
}

#[test]
fn a_load_balancer_is_followed_by_aliases_of_both_families() {
    let alias = format!("None alias {BALANCER} in Z1H1FL5HABSF5 true marked");
    let claims = || vec![claim("Www.example.com", "web", balancer())];
    let expected = [
        format!("A www.example.com {alias} a-www.example.com"),
        format!("AAAA www.example.com {alias} aaaa-www.example.com"),
    ];
    assert_eq!(shaped("Z1", claims(), |_| {}), expected);
    let cname = format!("CNAME www.example.com None {BALANCER} marked cname-www.example.com");
    assert_eq!(shaped("Z1", claims(), |it| it.dns.prefer_cname = true), [cname]);
    let a = shaped("Z1", claims(), |it| it.dns.managed_types = [RecordType::A].into());
    assert_eq!(a, expected[..1]);
}

#[test]
fn the_nearest_public_zone_and_every_private_one_get_a_name() {
    let deep = || vec![claim("a.sub.example.com", "web", names(&["x.net"]))];
    for (zone, count) in [("Z1", 0), ("Z2", 1), ("Z3", 1), ("Z4", 0)] {
        assert_eq!(shaped(zone, deep(), |_| {}).len(), count, "{zone}");
    }
    let mut pinned = deep();
    pinned[0].properties.insert(PIN.into(), "/hostedzone/Z1".into());
    for (zone, count) in [("Z1", 1), ("Z2", 0), ("Z3", 0)] {
        assert_eq!(shaped(zone, pinned.clone(), |_| {}).len(), count, "{zone}");
    }
}

#[test]
fn what_waits_and_what_is_wrong() {
    let unknown = ClaimTarget::Balancer(Unit::Stack(StackKey::parse("shop/none")));
    let long = format!("{}.example.com", "x".repeat(64));
    let cases: [(Vec<NameClaim>, &[&str]); 5] = [
        (vec![claim("a.example.com", "web", unknown)], &["held a.example.com"]),
        (vec![claim(&long, "web", balancer())], &["DN0101"]),
        (vec![claim("example.com", "web", names(&["x.net"]))], &["held example.com", "DN0102"]),
        (
            vec![claim("a.example.com", "web", names(&["x.net", "y.net"]))],
            &["CNAME a.example.com None x.net marked cname-a.example.com", "DN0104"],
        ),
        (
            vec![
                claim("a.example.com", "web", names(&["y.net"])),
                claim("a.example.com", "other", names(&["x.net"])),
            ],
            &[
                "CNAME a.example.com None x.net marked cname-a.example.com",
                "CNAME a.example.com None y.net marked cname-a.example.com",
                "DN0105",
            ],
        ),
    ];
    for (claims, expected) in cases {
        assert_eq!(shaped("Z1", claims, |_| {}), expected);
    }
    let apex = vec![claim("example.com", "web", names(&["x.net"]))];
    let marked = shaped("Z1", apex, |it| it.dns.txt_prefix = "x-%{record_type}.".into());
    assert_eq!(marked, ["CNAME example.com None x.net marked x-cname.example.com"]);
}

#[test]
fn addresses_beat_a_cname_and_keep_their_ttl_and_routing() {
    let addresses = [(RecordType::A, "192.0.2.1"), (RecordType::AAAA, "2001:DB8::1")];
    let addresses = addresses.map(|(of, it)| (of, BTreeSet::from([it.to_owned()])));
    let mut claim = claim("a.example.com", "web", ClaimTarget::Records(addresses.into()));
    claim.ttl = Some(Said::default_value(60));
    claim.properties = BTreeMap::from([("aws/weight".into(), "many".into())]);
    let other = super::tests::claim("a.example.com", "other", names(&["x.net"]));
    let found = shaped("Z1", vec![claim.clone(), other], |_| {});
    let expected = [
        "A a.example.com Some(60) 192.0.2.1 marked a-a.example.com",
        "AAAA a.example.com Some(60) 2001:db8::1 marked aaaa-a.example.com",
        "DN0103",
    ];
    assert_eq!(found, expected);
    claim.set_identifier = "blue".into();
    let name = "a.example.com";
    let dns = Controller::default().dns;
    let targets = BTreeMap::from([(RecordType::A, BTreeSet::from(["192.0.2.1".to_owned()]))]);
    let routed = Wish::new(name, &claim, &dns, targets).candidates(&mut Vec::new());
    assert_eq!(routed[0].record.spec.properties["aws/weight"], "0");
    assert_eq!(routed[0].mark.properties, routed[0].record.spec.properties);
    assert_eq!(routed[0].mark.key.set_identifier, "blue");
}
