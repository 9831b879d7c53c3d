use serde_json::{Value, json};

use super::{Lab, record, with};

fn names(page: &Value, list: &str, member: &str) -> Vec<String> {
    let items = page[list].as_array().into_iter().flatten();
    items.map(|item| item[member].as_str().unwrap_or_default().to_owned()).collect()
}

#[test]
fn record_sets_come_in_the_order_of_reversed_labels_page_by_page() {
    let lab = Lab::new();
    let www = |set: &str| {
        let routing = json!({"SetIdentifier": set, "Weight": 1});
        with(record("www.example.com", "A", &["192.0.2.1"]), routing)
    };
    lab.change(&[
        ("CREATE", www("b")),
        ("CREATE", www("a")),
        ("CREATE", record("www.example.com", "TXT", &["\"x\""])),
        ("CREATE", record("a-b.example.com", "A", &["192.0.2.1"])),
        ("CREATE", record("a.example.com", "A", &["192.0.2.1"])),
        ("CREATE", record("z.a.example.com", "A", &["192.0.2.1"])),
        ("CREATE", record("*.example.com", "A", &["192.0.2.1"])),
    ])
    .expect("a fine batch");
    let short = |set: &Value| {
        let name = set["Name"].as_str().unwrap_or_default().replace("example.com.", "");
        let kind = set["Type"].as_str().unwrap_or_default();
        format!("{name}{kind}{}", set["SetIdentifier"].as_str().unwrap_or_default())
    };
    let whole = ["NS", "SOA", "\\052.A", "a-b.A", "a.A", "z.a.A", "www.Aa", "www.Ab", "www.TXT"];
    assert_eq!(lab.records().iter().map(short).collect::<Vec<_>>(), whole);

    let mut input = json!({"HostedZoneId": lab.zone, "MaxItems": "2"});
    let mut seen = Vec::new();
    loop {
        let page = lab.call("ListResourceRecordSets", input.clone()).expect("a page");
        seen.extend(page["ResourceRecordSets"].as_array().into_iter().flatten().map(short));
        assert_eq!(page["MaxItems"], "2");
        for (next, start) in [
            ("NextRecordName", "StartRecordName"),
            ("NextRecordType", "StartRecordType"),
            ("NextRecordIdentifier", "StartRecordIdentifier"),
        ] {
            match page.get(next) {
                Some(value) => input[start] = value.clone(),
                None => drop(input.as_object_mut().and_then(|input| input.remove(start))),
            }
        }
        if page["IsTruncated"] == false {
            break;
        }
    }
    assert_eq!(seen, whole);
    let from =
        json!({"HostedZoneId": lab.zone, "StartRecordName": "B.example.com", "MaxItems": "9999"});
    let page = lab.call("ListResourceRecordSets", from).expect("a page");
    assert_eq!(
        names(&page, "ResourceRecordSets", "Name").first().map(String::as_str),
        Some("www.example.com.")
    );
    assert_eq!(page["MaxItems"], "300");
}

#[test]
fn zones_are_listed_by_id_and_by_name() {
    let lab = Lab::new();
    for (name, reference) in [("b.test", "2"), ("a.test", "3"), ("b.test", "4"), ("z.a.test", "5")]
    {
        let input = json!({"Name": name, "CallerReference": reference});
        lab.call("CreateHostedZone", input).expect(name);
    }
    let whole = lab.call("ListHostedZones", json!({})).expect("all of them");
    let whole = names(&whole, "HostedZones", "Id");
    assert_eq!(whole.len(), 5);
    let mut input = json!({"MaxItems": "2"});
    let mut seen = Vec::new();
    loop {
        let page = lab.call("ListHostedZones", input.clone()).expect("a page");
        seen.extend(names(&page, "HostedZones", "Id"));
        match page.get("NextMarker") {
            Some(marker) => input["Marker"] = marker.clone(),
            None => break,
        }
    }
    assert_eq!(seen, whole);

    let by_name = |input: Value| lab.call("ListHostedZonesByName", input).expect("a page");
    let all = ["example.com.", "a.test.", "z.a.test.", "b.test.", "b.test."];
    assert_eq!(names(&by_name(json!({})), "HostedZones", "Name"), all);
    let page = by_name(json!({"DNSName": "a.test", "MaxItems": "3"}));
    assert_eq!(names(&page, "HostedZones", "Name"), all[1..4]);
    assert_eq!((&page["DNSName"], &page["NextDNSName"]), (&json!("a.test"), &json!("b.test.")));
    let last = by_name(json!({"DNSName": "b.test", "HostedZoneId": page["NextHostedZoneId"]}));
    assert_eq!(
        names(&last, "HostedZones", "Id"),
        [format!("/hostedzone/{}", page["NextHostedZoneId"].as_str().unwrap_or_default())]
    );
    assert_eq!(last["IsTruncated"], false);
}

#[test]
fn listings_refuse_what_they_cannot_read() {
    let lab = Lab::new();
    let zone = lab.zone.clone();
    for (operation, input, code) in [
        ("ListHostedZones", json!({"MaxItems": "x"}), "InvalidInput"),
        ("ListHostedZones", json!({"Marker": "no id"}), "InvalidInput"),
        ("ListHostedZones", json!({"DelegationSetId": "N1"}), "NoSuchDelegationSet"),
        ("ListHostedZonesByName", json!({"MaxItems": "0"}), "InvalidInput"),
        ("ListHostedZonesByName", json!({"HostedZoneId": zone}), "InvalidInput"),
        ("ListHostedZonesByName", json!({"DNSName": "a..b"}), "InvalidDomainName"),
        ("ListResourceRecordSets", json!({"HostedZoneId": zone, "MaxItems": "-1"}), "InvalidInput"),
        (
            "ListResourceRecordSets",
            json!({"HostedZoneId": zone, "StartRecordType": "A"}),
            "InvalidInput",
        ),
        (
            "ListResourceRecordSets",
            json!({"HostedZoneId": zone, "StartRecordName": "a", "StartRecordIdentifier": "s"}),
            "InvalidInput",
        ),
        (
            "ListResourceRecordSets",
            json!({"HostedZoneId": zone, "StartRecordName": "a..b"}),
            "InvalidInput",
        ),
    ] {
        assert_eq!(lab.refused(operation, input), (code.to_owned(), 400), "{operation}");
    }
}
