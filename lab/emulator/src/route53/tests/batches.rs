use serde_json::{Value, json};

use super::{Lab, alias, record, with};

/// A record set `www A` with a set identifier and a weight.
fn weighted(set: &str, weight: u64) -> Value {
    let routing = json!({"SetIdentifier": set, "Weight": weight});
    with(record("www.example.com", "A", &["192.0.2.1"]), routing)
}

fn seeded() -> Lab {
    let lab = Lab::new();
    lab.change(&[
        ("CREATE", record("a.example.com", "A", &["192.0.2.1", "192.0.2.2"])),
        ("CREATE", record("c.example.com", "CNAME", &["elsewhere.test"])),
        ("CREATE", record("*.example.com", "TXT", &["\"wild\""])),
        ("CREATE", weighted("blue", 1)),
    ])
    .expect("a fine batch");
    lab
}

#[test]
fn a_refused_change_says_why_and_leaves_everything_as_it_was() {
    let lab = seeded();
    let before = lab.records();
    let a = |values: &[&str]| record("a.example.com", "A", values);
    let latency = json!({"SetIdentifier": "green", "Region": "us-west-2"});
    let multivalue = json!({"SetIdentifier": "m", "MultiValueAnswer": true});
    let many: Vec<String> = (0..401).map(|n| format!("10.0.{}.{}", n / 256, n % 256)).collect();
    let many: Vec<&str> = many.iter().map(String::as_str).collect();
    let www = || record("www.example.com", "A", &["192.0.2.9"]);
    for (action, set, message) in [
        (
            "CREATE",
            a(&["192.0.2.9"]),
            "Tried to create resource record set [name='a.example.com.', type='A'] but it \
             already exists",
        ),
        (
            "CREATE",
            weighted("blue", 1),
            "Tried to create resource record set [name='www.example.com.', type='A', \
             set-identifier='blue'] but it already exists",
        ),
        (
            "CREATE",
            record("*.example.com", "TXT", &["\"x\""]),
            "Tried to create resource record set [name='\\052.example.com.', type='TXT'] but it \
             already exists",
        ),
        (
            "DELETE",
            record("b.example.com", "A", &["192.0.2.9"]),
            "Tried to delete resource record set [name='b.example.com.', type='A'] but it was \
             not found",
        ),
        (
            "DELETE",
            a(&["192.0.2.1"]),
            "Tried to delete resource record set [name='a.example.com.', type='A'] but the \
             values provided do not match the current values",
        ),
        (
            "DELETE",
            with(a(&["192.0.2.1", "192.0.2.2"]), json!({"TTL": 60})),
            "Tried to delete resource record set [name='a.example.com.', type='A'] but the \
             values provided do not match the current values",
        ),
        (
            "DELETE",
            weighted("blue", 2),
            "Tried to delete resource record set [name='www.example.com.', type='A', \
             set-identifier='blue'] but the values provided do not match the current values",
        ),
        (
            "CREATE",
            record("a.example.org", "A", &["192.0.2.1"]),
            "RRSet with DNS name a.example.org. is not permitted in zone example.com.",
        ),
        (
            "CREATE",
            record("example.com", "CNAME", &["elsewhere.test"]),
            "RRSet of type CNAME with DNS name example.com. is not permitted at apex in zone \
             example.com.",
        ),
        (
            "CREATE",
            record("a.example.com", "CNAME", &["elsewhere.test"]),
            "RRSet of type CNAME with DNS name a.example.com. is not permitted as it conflicts \
             with other records with the same DNS name in zone example.com.",
        ),
        (
            "UPSERT",
            record("c.example.com", "TXT", &["\"x\""]),
            "RRSet of type TXT with DNS name c.example.com. is not permitted because a \
             conflicting RRSet of type CNAME with the same DNS name already exists in zone \
             example.com.",
        ),
        (
            "CREATE",
            record("d.example.com", "SOA", &["ns. host. 1 2 3 4 5"]),
            "RRSet of type SOA with DNS name d.example.com. is not permitted below the apex in \
             zone example.com.",
        ),
        (
            "UPSERT",
            record("d.example.com", "CNAME", &["x.test", "y.test"]),
            "RRSet with DNS name d.example.com., type CNAME cannot contain more than one \
             resource record",
        ),
        ("UPSERT", a(&["192.0.2.1", "192.0.2.1"]), "Duplicate Resource Record: '192.0.2.1'"),
        (
            "UPSERT",
            a(&["host.test"]),
            "Invalid Resource Record: 'FATAL problem: ARRDATAIllegalIPv4Address (Value is not a \
             valid IPv4 address) encountered with 'host.test''",
        ),
        (
            "UPSERT",
            record("t.example.com", "TXT", &["bare"]),
            "Invalid Resource Record: 'FATAL problem: InvalidCharacterString (Value should be \
             enclosed in quotation marks) encountered with 'bare''",
        ),
        (
            "UPSERT",
            record("a..example.com", "A", &["192.0.2.1"]),
            "FATAL problem: DomainLabelEmpty (Domain label is empty) encountered with \
             'a..example.com'",
        ),
        (
            "UPSERT",
            alias("z.example.com", "A", "Z1", ""),
            "FATAL problem: DomainNameEmpty (Domain name is empty) encountered with ''",
        ),
        (
            "CREATE",
            a(&many),
            "Tried to create resource record set [name='a.example.com.', type='A'] but it \
             already exists",
        ),
        ("UPSERT", a(&many), "Cannot have more than 400 records in a RRSet."),
        (
            "CREATE",
            www(),
            "RRSet with DNS name www.example.com., type A cannot be created as other RRSets \
             exist with the same name and type.",
        ),
        (
            "CREATE",
            with(www(), latency.clone()),
            "RRSet with DNS name www.example.com., type A, SetIdentifier green cannot be \
             created as a non-latency set exists with the same name and type.",
        ),
        (
            "CREATE",
            with(weighted("green", 1), json!({"TTL": 60})),
            "RRSet with DNS name www.example.com., type A, SetIdentifier green cannot be \
             created as weighted sets must contain the same TTL.",
        ),
        (
            "CREATE",
            with(record("m.example.com", "CNAME", &["x.test"]), multivalue),
            "RRSet with DNS name m.example.com., type CNAME, SetIdentifier m cannot be created \
             as a multivalue answer set may be neither an alias nor of type CNAME.",
        ),
    ] {
        let fine = ("CREATE", record("new.example.com", "A", &["192.0.2.3"]));
        let fault = lab.change(&[fine, (action, set.clone())]).expect_err(message);
        assert_eq!((fault.code.as_str(), fault.status), ("InvalidChangeBatch", 400), "{set}");
        assert_eq!(fault.message, format!("[{message}]"));
        assert_eq!(lab.records(), before, "{message}");
    }
}

#[test]
fn every_reason_of_a_batch_is_told_at_once() {
    let lab = seeded();
    let apex = lab.records();
    let own = |kind: &str| apex.iter().find(|set| set["Type"] == kind).cloned().expect(kind);
    let fault = lab.change(&[("DELETE", own("SOA")), ("DELETE", own("NS"))]).expect_err("both");
    let soa = "A HostedZone must contain exactly one SOA record.";
    let ns = "A HostedZone must contain at least one NS record for the zone itself.";
    assert_eq!(fault.message, format!("[{soa}, {ns}]"));
}

#[test]
fn members_that_do_not_go_together_are_an_invalid_input() {
    let lab = Lab::new();
    let a = || record("x.example.com", "A", &["192.0.2.1"]);
    let without = |member: &str| {
        let mut set = a();
        set.as_object_mut().and_then(|set| set.remove(member));
        set
    };
    let target = alias("x.example.com", "A", "Z1", "t.example.com");
    let content = "Expected exactly one of [AliasTarget, all of [TTL, and ResourceRecords], or \
        TrafficPolicyInstanceId], but found";
    let routing = "Expected exactly one of [Weight, Region, Failover, GeoLocation, or \
        MultiValueAnswer], but found";
    for (set, identifier, message) in [
        (without("TTL"), "null", format!("{content} none")),
        (without("ResourceRecords"), "null", format!("{content} none")),
        (with(target.clone(), json!({"TTL": 0})), "null", format!("{content} more than one")),
        (with(a(), target), "null", format!("{content} more than one")),
        (with(a(), json!({"Weight": 1})), "null", "Missing field 'SetIdentifier'".into()),
        (with(a(), json!({"SetIdentifier": "s"})), "s", format!("{routing} none")),
        (
            with(a(), json!({"SetIdentifier": "s", "Weight": 1, "Failover": "PRIMARY"})),
            "s",
            format!("{routing} more than one"),
        ),
    ] {
        let fault = lab.change(&[("CREATE", set)]).expect_err(&message);
        assert_eq!(fault.code, "InvalidInput");
        let with = format!(
            "in Change with [Action=CREATE, Name=x.example.com, Type=A, SetIdentifier={identifier}]"
        );
        assert_eq!(fault.message, format!("Invalid request: {message} {with}"));
    }
    assert_eq!(lab.change(&[]).expect_err("no change").code, "InvalidInput");
    let checked = with(a(), json!({"HealthCheckId": "hc"}));
    let fault = lab.change(&[("CREATE", checked.clone())]).expect_err("an unknown health check");
    assert_eq!((fault.code.as_str(), fault.status), ("NoSuchHealthCheck", 404));
    lab.emulator.account().route53.set_health_check("hc", true);
    lab.change(&[("CREATE", checked)]).expect("a known health check");
}

#[test]
fn upsert_counts_twice_against_the_limits_of_a_request() {
    let lab = Lab::new();
    let sets = |number: usize, value: &str| -> Vec<Value> {
        let name = |n: usize| format!("n{n}.example.com");
        (0..number).map(|n| record(&name(n), "TXT", &[&format!("\"{value}\"")])).collect()
    };
    let outcome = |action: &str, sets: &[Value]| {
        let changes: Vec<(&str, Value)> = sets.iter().map(|set| (action, set.clone())).collect();
        lab.change(&changes).map_err(|fault| fault.message)
    };
    let records = Err("[Number of records limit of 1000 exceeded.]".to_owned());
    let characters = Err("[Number of characters limit of 32000 exceeded.]".to_owned());
    assert_eq!(outcome("UPSERT", &sets(501, "x")), records);
    assert_eq!(outcome("CREATE", &sets(1001, "x")), records);
    assert_eq!(outcome("UPSERT", &sets(81, &"x".repeat(198))), characters);
    assert!(outcome("UPSERT", &sets(80, &"x".repeat(198))).is_ok());
    assert!(outcome("DELETE", &sets(80, &"x".repeat(198))).is_ok());
    assert!(outcome("CREATE", &sets(1000, "x")).is_ok());
}

#[test]
fn a_record_set_may_be_deleted_and_made_again_in_one_batch_and_nothing_else_twice() {
    let lab = seeded();
    let old = || record("a.example.com", "A", &["192.0.2.2", "192.0.2.1"]);
    let cname = || record("a.example.com", "CNAME", &["elsewhere.test"]);
    lab.change(&[("DELETE", old()), ("CREATE", cname())]).expect("A becomes CNAME");
    lab.change(&[("DELETE", cname()), ("CREATE", old())]).expect("and A again");
    let again = || record("a.example.com", "A", &["192.0.2.8"]);
    lab.change(&[("DELETE", old()), ("UPSERT", again())]).expect("delete, then upsert");
    for twice in
        [[("UPSERT", again()), ("UPSERT", old())], [("UPSERT", again()), ("DELETE", again())]]
    {
        let fault = lab.change(&twice).expect_err("two changes of one set");
        assert_eq!(
            fault.message,
            "[The request contains an invalid set of changes for a resource record set \
             'A a.example.com.']"
        );
    }
}

#[test]
fn one_place_of_a_policy_belongs_to_one_set() {
    let lab = Lab::new();
    let set = |identifier: &str, routing: Value| {
        let set = with(record("r.example.com", "A", &["192.0.2.1"]), routing);
        with(set, json!({"SetIdentifier": identifier}))
    };
    for (routing, place, policy) in [
        (json!({"Region": "eu-west-1"}), "Region Name=eu-west-1", "latency"),
        (json!({"Failover": "PRIMARY"}), "Failover=PRIMARY", "failover"),
    ] {
        lab.change(&[("CREATE", set("one", routing.clone()))]).expect("the first");
        lab.change(&[("UPSERT", set("one", routing.clone()))]).expect("the same again");
        let fault = lab.change(&[("CREATE", set("two", routing.clone()))]).expect_err(place);
        let subject = "RRSet with DNS name r.example.com., type A, SetIdentifier two";
        let member = if policy == "latency" { "region" } else { policy };
        let reason = format!(
            "cannot be created because a {policy} RRSet with the same name, type and {member} \
             already exists."
        );
        assert_eq!(fault.message, format!("[{subject}, and {place} {reason}]"));
        lab.change(&[("DELETE", set("one", routing))]).expect("the end of it");
    }
}

#[test]
fn an_alias_leads_to_what_is_there() {
    let lab = seeded();
    let zone = lab.zone.clone();
    let other = lab
        .call("CreateHostedZone", json!({"Name": "other.test", "CallerReference": "second"}))
        .expect("another zone");
    let other = other["HostedZone"]["Id"].as_str().expect("an id").to_owned();
    let other = other.trim_start_matches("/hostedzone/");
    let to = |zone: &str, kind: &str, target: &str| alias("z.example.com", kind, zone, target);
    let within = "but the alias target name does not lie within the target zone";
    let found = "but that target was not found";
    for (set, reasons) in [
        (to(&zone, "A", "gone.example.com"), vec![found]),
        (to(&zone, "AAAA", "a.example.com"), vec![found]),
        (to(&zone, "A", "z.example.com"), vec![found]),
        (to(&zone, "A", "a.other.test"), vec![within, found]),
        (to(other, "A", "a.other.test"), vec![within, found]),
        (to("Z35SXDOTRQ7X7K", "A", "host.example.net"), vec![within, found]),
    ] {
        let target = &set["AliasTarget"];
        let (kind, name) = (set["Type"].as_str(), target["DNSName"].as_str());
        let what = format!(
            "Tried to create an alias that targets {}., type {} in zone {},",
            name.unwrap_or_default(),
            kind.unwrap_or_default(),
            target["HostedZoneId"].as_str().unwrap_or_default()
        );
        let reasons: Vec<String> =
            reasons.iter().map(|reason| format!("{what} {reason}")).collect();
        let fault = lab.change(&[("CREATE", set)]).expect_err(&what);
        assert_eq!(fault.message, format!("[{}]", reasons.join(", ")));
    }
    let set = to(&zone, "A", "A.Example.com");
    lab.change(&[("UPSERT", set.clone())]).expect("an alias in the zone");
    let listed = lab.records().into_iter().find(|set| set["Name"] == "z.example.com.");
    assert_eq!(listed, Some(alias("z.example.com.", "A", &zone, "a.example.com.")));
    lab.change(&[("DELETE", set)]).expect("the same in another case");
    let distribution = to("Z2FDTNDATAQYW2", "A", "d111111abcdef8.cloudfront.net");
    lab.change(&[("CREATE", distribution)]).expect("a service whose state is not here");
}

#[test]
fn an_alias_to_a_load_balancer_of_the_account_needs_the_load_balancer() {
    let lab = Lab::new();
    let name = "Web-1.us-west-2.elb.amazonaws.com";
    let balancer = json!({
        "LoadBalancerArn": "arn", "LoadBalancerName": "web", "Type": "application",
        "Scheme": "internal", "DNSName": name, "CanonicalHostedZoneId": "Z1H1FL5HABSF5",
        "CreatedTime": "2026-01-01T00:00:00Z", "VpcId": "vpc-1", "IpAddressType": "ipv4",
        "AvailabilityZones": [], "SecurityGroups": [],
    });
    let balancer = serde_json::from_value(balancer).expect("the API's own form");
    lab.emulator.account().elbv2.load_balancers.insert("arn".into(), balancer);
    let outcome = |zone: &str, target: &str| {
        let set = alias("lb.example.com", "A", zone, target);
        lab.change(&[("UPSERT", set)]).map(|_| ()).map_err(|fault| fault.message)
    };
    for fine in [name.to_owned(), format!("dualstack.{name}.")] {
        assert_eq!(outcome("Z1H1FL5HABSF5", &fine), Ok(()));
    }
    let what = |zone: &str, target: &str| {
        format!("Tried to create an alias that targets {target}., type A in zone {zone}, but")
    };
    let gone = "gone-1.us-west-2.elb.amazonaws.com";
    let absent = format!("[{} that target was not found]", what("Z1H1FL5HABSF5", gone));
    assert_eq!(outcome("Z1H1FL5HABSF5", gone), Err(absent));
    let lower = name.to_ascii_lowercase();
    let what = what("ZWRONG", &lower);
    let outside = format!(
        "[{what} the alias target name does not lie within the target zone, {what} that target \
         was not found]"
    );
    assert_eq!(outcome("ZWRONG", name), Err(outside));
}

#[test]
fn a_full_zone_takes_no_more() {
    let lab = Lab::new();
    lab.emulator.account().settings.quotas.route53.record_sets_per_zone = 3;
    lab.change(&[("CREATE", record("a.example.com", "A", &["192.0.2.1"]))]).expect("the third");
    let more = record("b.example.com", "A", &["192.0.2.1"]);
    let fault = lab.change(&[("CREATE", more)]).expect_err("the fourth");
    assert_eq!(fault.message, "[Number of records limit of 3 exceeded.]");
}
