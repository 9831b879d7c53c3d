//! What Services claim, type by type; who shares a name; and who is accounted for.

use inroad_words::Kind;

use super::*;

/// A Service `shop/NAME`; `notes` are annotations without their prefix, `rest` is everything below.
fn service(name: &str, notes: &[(&str, &str)], rest: &str) -> String {
    let notes: String = notes
        .iter()
        .map(|(key, value)| format!("    external-dns.kubernetes.io/{key}: '{value}'\n"))
        .collect();
    format!(
        "---\napiVersion: v1\nkind: Service\nmetadata:\n  namespace: shop\n  name: {name}\n  \
         annotations:\n    note: x\n{notes}{rest}\n"
    )
}

fn both(controller: &mut Controller) {
    controller.sources.sources = BTreeSet::from([Source::Ingress, Source::Service]);
}

const PUBLIC: (&str, &str) = ("hostname", "a.example.com., b.example.com");
const INTERNAL: (&str, &str) = ("internal-hostname", "in.example.com");
const STATUS: &str = "spec: {type: LoadBalancer, clusterIP: 10.0.0.1}
status: {loadBalancer: {ingress: [{hostname: lb.elb.amazonaws.com}, {ip: 192.0.2.1}]}}";

#[test]
fn each_type_leads_where_the_catalogue_says() {
    let lb = "A 192.0.2.1, CNAME lb.elb.amazonaws.com";
    let [a, b] = ["a", "b"].map(|it| format!("{it}.example.com -> {lb}"));
    let cases: [(&[(&str, &str)], &str, &[&str]); 11] = [
        (&[PUBLIC], STATUS, &[&a, &b]),
        (&[PUBLIC, INTERNAL], STATUS, &[&a, &b, "in.example.com -> A 10.0.0.1"]),
        (
            &[PUBLIC, ("target", "x.example.net")],
            STATUS,
            &["a.example.com -> CNAME x.example.net", "b.example.com -> CNAME x.example.net"],
        ),
        (
            &[("hostname", "a.example.com")],
            "spec: {type: LoadBalancer, externalIPs: [192.0.2.9]}",
            &["a.example.com -> A 192.0.2.9"],
        ),
        (&[("hostname", "a.example.com")], "spec: {type: LoadBalancer}", &["a.example.com -> "]),
        (&[PUBLIC, ("controller", "other")], STATUS, &[]),
        (&[PUBLIC], "spec: {clusterIP: 10.0.0.2}", &[]),
        (&[INTERNAL], "spec: {clusterIP: 10.0.0.2}", &["in.example.com -> A 10.0.0.2"]),
        (
            &[("hostname", "a.example.com")],
            "spec: {type: ExternalName, externalName: x.example.net.}",
            &["a.example.com -> CNAME x.example.net"],
        ),
        (
            &[("hostname", "a.example.com")],
            "spec: {type: ExternalName, externalName: x, externalIPs: [192.0.2.3, '2001:db8::3']}",
            &["a.example.com -> A 192.0.2.3, AAAA 2001:db8::3"],
        ),
        (
            &[("hostname", "a.example.com"), ("target", "192.0.2.4")],
            "spec: {type: NodePort}",
            &["a.example.com -> A 192.0.2.4"],
        ),
    ];
    for (notes, rest, expected) in cases {
        let (claims, codes) = claims(&service("web", notes, rest), both);
        assert_eq!(
            (led(&claims), codes),
            (expected.iter().map(ToString::to_string).collect(), vec![])
        );
        assert!(claims.iter().all(|claim| claim.object.to_string() == "service/shop/web"));
    }
    let internal = service("web", &[PUBLIC], "spec: {clusterIP: 10.0.0.2}");
    let published = claims(&internal, |it| {
        both(it);
        it.sources.publish_internal_services = true;
    });
    assert_eq!(led(&published.0)[0], "a.example.com -> A 10.0.0.2");
    assert_eq!(claims(&service("web", &[PUBLIC], STATUS), |_| {}).0, [], "it is no source");
}

#[test]
fn a_service_has_its_annotations() {
    let notes = [("ttl", "1m"), ("set-identifier", "blue"), ("aws-weight", "10"), PUBLIC];
    let (claims, _) = claims(&service("web", &notes, STATUS), both);
    assert_eq!(claims[0].ttl.as_ref().map(|said| said.value), Some(60));
    assert_eq!((&*claims[0].set_identifier, &*claims[0].properties["aws/weight"]), ("blue", "10"));
}

#[test]
fn addresses_of_one_name_are_pooled_and_hosts_are_not() {
    let ip = |ip: &str| {
        format!("spec: {{type: LoadBalancer}}\nstatus: {{loadBalancer: {{ingress: [{ip}]}}}}")
    };
    let name = [("hostname", "a.example.com")];
    let many = [
        service("c", &name, &ip("{ip: 192.0.2.3}")),
        service("b", &name, &ip("{ip: 192.0.2.2}, {hostname: b.example.net}")),
        service("a", &name, &ip("{ip: 192.0.2.1}, {hostname: a.example.net}")),
        service("pending", &name, "spec: {type: LoadBalancer}"),
    ];
    let (claims, _) = claims(&many.concat(), both);
    let expected = [
        "a.example.com -> A 192.0.2.1, A 192.0.2.2, A 192.0.2.3, CNAME a.example.net",
        "a.example.com -> CNAME b.example.net",
    ];
    assert_eq!(led(&claims), expected);
    assert_eq!(claims[0].object.name, "a");
}

#[test]
fn what_is_not_served_is_told_and_kept() {
    for rest in ["spec: {type: NodePort, clusterIP: 10.0.0.1}", "spec: {clusterIP: None}"] {
        let yaml = service("web", &[PUBLIC], rest);
        let (found, codes) = claims(&yaml, both);
        assert_eq!((found, codes), (vec![], vec!["DN0003"]), "{rest}");
        let zone = compiled(&[yaml], |_| vec![]);
        let key = ObjectKey::new(Kind::Service, "shop", "web");
        assert_eq!(zone.unserved, BTreeSet::from([key]));
        let silent = claims(&service("web", &[], rest), both);
        assert_eq!(silent, (vec![], vec![]));
    }
}

#[test]
fn only_who_is_there_or_was_seen_to_go_is_accounted_for() {
    let named = service("web", &[PUBLIC], STATUS);
    let all = [named.clone(), service("plain", &[], STATUS)];
    let keys = |zone: &ZoneIntent| -> Option<Vec<String>> {
        Some(zone.accounted.as_ref()?.iter().map(ToString::to_string).collect())
    };
    assert_eq!(keys(&compiled(&all, |_| vec![])), None, "somebody claims a name");
    let gone = |world: &World| {
        let keys = world.objects(Kind::Service).map(|it| it.key.clone());
        keys.filter(|key| key.name == "web").map(Change::Removed).collect()
    };
    let expected = ["service/shop/plain", "service/shop/web"].map(String::from).to_vec();
    assert_eq!(keys(&compiled(&all, gone)), Some(expected));
    assert_eq!(keys(&compiled(&[], |_| vec![])), Some(vec![]));
}

/// The zone `example.com` after these manifests and then these changes.
fn compiled(manifests: &[String], then: impl FnOnce(&World) -> Vec<Change>) -> ZoneIntent {
    let parsed = manifest::parse("in.yaml", &manifests.concat());
    let world = World::default().absorb_all(parsed.objects.into_iter().map(Change::Applied)).0;
    let changes = then(&world);
    let world = world.absorb_all(changes).0;
    let mut controller = Controller::default();
    both(&mut controller);
    let zone = Unit::Zone(ZoneKey { name: "example.com".into(), id: "Z1".into() });
    match compile(&Lens::new(&world), &zone, &controller).intent {
        Intent::Zone(zone) => zone,
        other => panic!("a zone compiles to a zone, not {other:?}"),
    }
}
