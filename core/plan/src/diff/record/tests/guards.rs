//! What stays although nobody wants it, and what passes from nobody to nobody.

use inroad_words::controller::Source;

use super::*;

/// Records `n0` and so on, each kept for an object of its own.
fn kept_for(labels: &[&str]) -> Seen {
    let kept = labels.iter().enumerate().flat_map(|(number, label)| {
        let name = format!("n{number}.ex.com");
        let mark = mark(&name, RecordType::A, "default", label);
        [record(&name, RecordType::A, "192.0.2.1"), mark]
    });
    seen(kept)
}

/// The plan for a zone where this is wanted, under a guard; holds with their codes.
fn guarded(
    wanted: Vec<Candidate>,
    zone: &Seen,
    change: impl FnOnce(&mut Controller, &mut Desired),
) -> Vec<String> {
    let mut controller = controller(DnsPolicy::Sync);
    let mut desired = Desired::nothing(Unit::Zone(super::zone()));
    desired.records = Some(arbitrate(wanted).0);
    change(&mut controller, &mut desired);
    let observed = Observed { records: Some(zone.clone()), ..Observed::default() };
    let plan = diff(&desired, &observed, &controller);
    let holds = plan.holds.iter().map(|hold| {
        let reason = hold.reason.to_string();
        let code = reason.rsplit_once('[').map_or("-", |(_, code)| code.trim_end_matches(']'));
        format!("{} {code}", hold.subject)
    });
    let written = written(&plan).into_iter().filter(|it| !it.starts_with('!'));
    written.chain(holds).collect()
}

#[test]
fn what_is_kept_for_objects_that_are_not_read_stays() {
    let zone = kept_for(&[
        "ingress/shop/web",
        "service/shop/web",
        "crd/shop/web",
        "ingress/other/web",
        "",
        "service/shop/node",
    ]);
    let gone = ["- A n0.ex.com", "- TXT a-n0.ex.com"];
    let stays = |number: usize| format!("A n{number}.ex.com PL0006");
    let sources = |names: &[&str]| names.iter().map(|it| Source::parse(it)).collect();
    let got = guarded(vec![], &zone, |controller, desired| {
        controller.sources.namespace = Some("shop".into());
        controller.sources.sources = sources(&["ingress", "service", "pod"]);
        desired.held.kept_for.insert("service/shop/node".into());
    });
    let mut expected: Vec<String> = gone.iter().map(ToString::to_string).collect();
    expected.extend(["- A n1.ex.com".to_owned(), "- TXT a-n1.ex.com".to_owned()]);
    let mut holds = vec![stays(2), stays(3), stays(4), stays(5)];
    let mut rest = got.clone();
    rest.retain(|it| it.contains("PL"));
    rest.sort();
    holds.sort();
    assert_eq!(rest, holds);
    assert_eq!(got[..4], expected[..]);
    // With the sources that there are, what says of no object goes, as with ExternalDNS.
    let got = guarded(vec![], &zone, |controller, _| {
        controller.sources.sources = sources(&["ingress"]);
    });
    assert!(got.contains(&"- A n4.ex.com".to_owned()), "{got:?}");
    assert!(got.contains(&stays(1)), "{got:?}");
    // Without any source nothing goes.
    let got = guarded(vec![], &zone, |controller, _| controller.sources.sources = sources(&[]));
    assert!(got.iter().all(|it| it.ends_with("PL0006")), "{got:?}");
}

#[test]
fn a_name_is_not_taken_from_an_object_that_is_not_read() {
    let zone = kept_for(&["service/shop/web"]);
    let other = |record_type, value| wish(record("n0.ex.com", record_type, value), "web");
    let cases: [(Candidate, &[&str]); 3] = [
        (other(RecordType::A, "192.0.2.2"), &["A n0.ex.com PL0006"]),
        (other(RecordType::AAAA, "2001:db8::2"), &["A n0.ex.com PL0006", "AAAA n0.ex.com PL0006"]),
        (other(RecordType::CNAME, "x.net"), &["A n0.ex.com PL0006", "CNAME n0.ex.com PL0006"]),
    ];
    for (wanted, expected) in cases {
        let mut got = guarded(vec![wanted.clone()], &zone, |_, _| {});
        got.sort();
        assert_eq!(got, expected);
        // With both sources the Service is gone, and the Ingress takes over.
        let both = [Source::Ingress, Source::Service];
        let got = guarded(vec![wanted], &zone, |it, _| it.sources.sources = both.into());
        assert!(!got.is_empty() && got.iter().all(|it| !it.contains("PL")), "{got:?}");
    }
}

#[test]
fn nothing_goes_before_everything_was_listed() {
    let zone = kept_for(&["ingress/shop/web", "ingress/shop/other"]);
    let wanted = || wish(record("n1.ex.com", RecordType::A, "192.0.2.9"), "new");
    let incomplete = guarded(vec![wanted()], &zone, |controller, _| {
        controller.guard.incomplete.insert(Kind::Service);
    });
    assert_eq!(incomplete, ["A n0.ex.com PL0007", "A n1.ex.com PL0007"]);
    let complete = guarded(vec![wanted()], &zone, |_, _| {});
    let expected = ["- A n0.ex.com", "- TXT a-n0.ex.com", "~ A n1.ex.com", "~ TXT a-n1.ex.com"];
    assert_eq!(complete, expected);
    // What its own object changes, changes.
    let own = vec![wish(record("n0.ex.com", RecordType::A, "192.0.2.9"), "web")];
    let got = guarded(own, &zone, |it, _| {
        it.guard.incomplete.insert(Kind::Service);
    });
    assert_eq!(got, ["~ A n0.ex.com", "= TXT a-n0.ex.com", "A n1.ex.com PL0007"]);
}

#[test]
fn an_empty_world_empties_no_zone() {
    let zone = kept_for(&["ingress/shop/web", "ingress/shop/other"]);
    let nobody = guarded(vec![], &zone, |_, it| it.held.accounted = Some(BTreeSet::new()));
    assert_eq!(nobody, ["A n0.ex.com PL0008", "A n1.ex.com PL0008"]);
    let one = guarded(vec![], &zone, |_, it| {
        it.held.accounted = Some(["ingress/shop/other".to_owned()].into());
    });
    assert_eq!(one, ["- A n1.ex.com", "- TXT a-n1.ex.com", "A n0.ex.com PL0008"]);
}

#[test]
fn more_names_than_may_go_all_stay() {
    let labels: Vec<String> = (0..8).map(|it| format!("ingress/shop/w{it}")).collect();
    let labels: Vec<&str> = labels.iter().map(String::as_str).collect();
    let zone = kept_for(&labels);
    let most = |most| move |it: &mut Controller, _: &mut Desired| it.guard.max_deletes = most;
    assert_eq!(guarded(vec![], &zone, most(7)), ["A n0.ex.com and 7 more PL0009"]);
    for enough in [0, 8] {
        assert_eq!(guarded(vec![], &zone, most(enough)).len(), 16, "{enough}");
    }
    // A name that only changes is not among them.
    let changed = vec![wish(record("n0.ex.com", RecordType::CNAME, "x.net"), "w0")];
    let got = guarded(changed, &zone, most(7));
    assert!(got.contains(&"+ CNAME n0.ex.com".to_owned()) && got.len() == 18, "{got:?}");
}

#[test]
fn what_another_owner_had_is_taken_over_and_marked() {
    let mut dns = controller(DnsPolicy::Sync);
    dns.dns.migrate_from_owner = Some("before".into());
    let www = || record("www.ex.com", RecordType::A, "192.0.2.1");
    let before = mark("www.ex.com", RecordType::A, "before", "ingress/shop/web");
    let there = seen([www(), before, record("b.ex.com", RecordType::A, "192.0.2.2")]);
    let (first, after) = plan(vec![wish(www(), "web")], &there, &dns);
    assert_eq!(written(&first), ["~ TXT a-www.ex.com"]);
    let (again, _) = plan(vec![wish(www(), "web")], &after, &dns);
    assert!(again.is_empty());
    let (gone, _) = plan(vec![], &there, &dns);
    assert_eq!(written(&gone), ["- A www.ex.com", "- TXT a-www.ex.com"]);
    let (kept, _) = plan(vec![wish(www(), "web")], &there, &controller(DnsPolicy::Sync));
    assert_eq!(written(&kept), ["! A www.ex.com"]);
}
