use k8s_openapi::api::core::v1::Service;
use proptest::prelude::*;

use super::*;
use crate::{Lens, manifest::parse};

fn slice(name: &str, service: &str, address: &str) -> Object {
    let text = format!(
        "apiVersion: discovery.k8s.io/v1\nkind: EndpointSlice\naddressType: IPv4\nmetadata: {{name: {name}, \
         labels: {{{SERVICE_LABEL}: {service}}}}}\nendpoints: [{{addresses: [{address}]}}]\n"
    );
    parse("slice.yaml", &text).objects.remove(0)
}

fn names(world: &World, service: &str) -> Vec<String> {
    let key = ObjectKey::new(Kind::Service, "default", service);
    world.slices_of(&key).map(|(key, _)| key.name.clone()).collect()
}

#[test]
fn what_says_the_same_touches_nothing_and_old_worlds_stay() {
    let (one, touched) = World::default().absorb(Change::Applied(slice("s", "a", "10.0.0.1")));
    let service = |name: &str| ObjectKey::new(Kind::Service, "default", name);
    let own = ObjectKey::new(Kind::EndpointSlice, "default", "s");
    let all = |services: &[&str]| -> BTreeSet<Read> {
        let own = [Read::All(Kind::EndpointSlice), Read::Object(own.clone())];
        own.into_iter().chain(services.iter().map(|s| Read::SlicesOf(service(s)))).collect()
    };
    assert_eq!(touched.0, all(&["a"]));

    let mut moved = slice("s", "a", "10.0.0.1");
    moved.marks = Arc::default();
    assert!(one.absorb(Change::Applied(moved)).1.is_empty(), "only its place has changed");
    assert!(one.absorb(Change::Removed(service("a"))).1.is_empty(), "it was not there");

    let (two, touched) = one.absorb(Change::Applied(slice("s", "b", "10.0.0.1")));
    assert_eq!(touched.0, all(&["a", "b"]), "a slice that moves touches both Services");
    assert_eq!(
        (names(&one, "a"), names(&two, "a"), names(&two, "b")),
        (vec!["s".into()], vec![], vec!["s".into()])
    );

    let (three, touched) = two.absorb(Change::Removed(own.clone()));
    assert_eq!((touched.0, names(&three, "b")), (all(&["b"]), vec![]));
    assert!(three == World::default());
}

#[test]
fn a_lens_remembers_misses_too() {
    let world = World::default().with(slice("s", "a", "10.0.0.1"));
    let key = ObjectKey::new(Kind::Service, "default", "a");
    let lens = Lens::new(&world);
    assert!(lens.get::<k8s_openapi::api::core::v1::Service>("default", "a").is_none());
    assert_eq!(lens.slices_of(&key).count(), 1);
    let reads = lens.into_reads();
    assert_eq!(reads.0, BTreeSet::from([Read::Object(key.clone()), Read::SlicesOf(key)]));

    let other = world.absorb(Change::Applied(slice("t", "b", "10.0.0.2"))).1;
    let same = world.absorb(Change::Applied(slice("t", "a", "10.0.0.2"))).1;
    let service = "apiVersion: v1\nkind: Service\nmetadata: {name: a}\n";
    let appears = world.absorb(Change::Applied(parse("a", service).objects.remove(0))).1;
    assert!(!reads.touched_by(&other));
    assert!(reads.touched_by(&same) && reads.touched_by(&appears));
}

proptest! {
    /// Whatever the order in between, a world is what its last word on each object makes it, and a
    /// read whose answer differs between two worlds was touched on the way.
    #[test]
    fn a_world_is_the_sum_of_its_last_words(steps in prop::collection::vec((0..4u8, 0..3u8, 0..4u8), 0..24)) {
        let mut world = World::default();
        let mut last = BTreeMap::new();
        for (name, service, address) in steps {
            let object = slice(&format!("s{name}"), &format!("svc{service}"), &format!("10.0.0.{address}"));
            // Address 0 stands for a removal.
            let change = if address == 0 { Change::Removed(object.key.clone()) } else { Change::Applied(object.clone()) };
            let (next, touched) = world.absorb(change);
            for service in ["svc0", "svc1", "svc2"] {
                let key = ObjectKey::new(Kind::Service, "default", service);
                let answers = |w: &World| w.slices_of(&key).map(|(k, s)| (k.clone(), s.clone())).collect::<Vec<_>>();
                let differs = answers(&world) != answers(&next);
                prop_assert_eq!(differs, touched.0.contains(&Read::SlicesOf(key)));
            }
            if address == 0 { last.remove(&object.key); } else { last.insert(object.key.clone(), object); }
            world = next;
        }
        let direct = World::default().absorb_all(last.into_values().rev().map(Change::Applied)).0;
        prop_assert!(direct == world);
        for service in ["svc0", "svc1", "svc2"] {
            prop_assert_eq!(names(&direct, service), names(&world, service));
        }
    }
}

#[test]
fn a_kind_is_incomplete_until_it_was_listed_and_who_asked_for_it_is_told() {
    let world = World::awaiting([Kind::Ingress, Kind::Pod]);
    let lens = Lens::new(&world);
    assert!(lens.incomplete().is_empty(), "nothing was asked");
    assert!(lens.get::<Service>("shop", "cart").is_none());
    assert!(lens.incomplete().is_empty(), "nobody waits for Services");
    assert_eq!(lens.all::<Ingress>().count(), 0);
    assert_eq!(lens.incomplete(), BTreeSet::from([Kind::Ingress]));
    let reads = lens.into_reads();
    let (one, touched) = world.mark_listed(Kind::Pod);
    assert!(!reads.touched_by(&touched) && !one.listed(Kind::Ingress));
    let (both, touched) = one.mark_listed(Kind::Ingress);
    assert!(reads.touched_by(&touched) && both == World::default());
    assert!(both.mark_listed(Kind::Ingress).1.is_empty());
}
