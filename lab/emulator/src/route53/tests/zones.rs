use jiff::SignedDuration;
use serde_json::{Value, json};

use super::{Lab, record};
use crate::faults::{Effect, Script};
use crate::route53::{restore, snapshot};
use crate::{Emulator, Fault, Settings};

#[test]
fn a_new_zone_has_its_name_servers_and_its_soa() {
    let lab = Lab::new();
    let zone = lab.call("GetHostedZone", json!({"Id": lab.zone})).expect("the zone");
    let servers = zone["DelegationSet"]["NameServers"].as_array().expect("name servers");
    assert_eq!(servers.len(), 4);
    assert_eq!(
        zone["HostedZone"],
        json!({
            "Id": format!("/hostedzone/{}", lab.zone),
            "Name": "example.com.",
            "CallerReference": "first",
            "Config": {"PrivateZone": false},
            "ResourceRecordSetCount": 2,
        })
    );
    let records = lab.records();
    let values: Vec<Value> = servers
        .iter()
        .map(|name| json!({"Value": format!("{}.", name.as_str().unwrap_or_default())}))
        .collect();
    let ns =
        json!({"Name": "example.com.", "Type": "NS", "TTL": 172_800, "ResourceRecords": values});
    assert_eq!(records[0], ns);
    assert_eq!((&records[1]["Type"], &records[1]["TTL"]), (&json!("SOA"), &json!(900)));
    let soa = records[1]["ResourceRecords"][0]["Value"].as_str().expect("one value");
    assert!(soa.ends_with(". awsdns-hostmaster.amazon.com. 1 7200 900 1209600 86400"), "{soa}");
    assert!(soa.starts_with(servers[0].as_str().expect("text")), "{soa}");
}

#[test]
fn zones_are_made_once_and_deleted_when_empty() {
    let lab = Lab::new();
    let create = |name: &str, reference: &str| {
        lab.call("CreateHostedZone", json!({"Name": name, "CallerReference": reference}))
    };
    let code = |answer: Result<Value, Fault>| answer.map_err(|fault| (fault.code, fault.status));
    let refused = |code: &str, status| Err((code.to_owned(), status));
    assert_eq!(code(create("example.com", "first")), refused("HostedZoneAlreadyExists", 409));
    assert_eq!(code(create("a..b", "x")), refused("InvalidDomainName", 400));
    lab.emulator.account().settings.quotas.route53.hosted_zones = 1;
    assert_eq!(code(create("example.org", "x")), refused("TooManyHostedZones", 400));
    let reusable = json!({"Name": "a.test", "CallerReference": "y", "DelegationSetId": "N1"});
    assert_eq!(lab.refused("CreateHostedZone", reusable), ("NoSuchDelegationSet".to_owned(), 400));
    let orphan = json!({"Name": "a.test", "CallerReference": "y",
        "HostedZoneConfig": {"PrivateZone": true}});
    lab.emulator.account().settings.quotas.route53.hosted_zones = 2;
    assert_eq!(lab.refused("CreateHostedZone", orphan), ("InvalidInput".to_owned(), 400));

    let a = || record("a.example.com", "A", &["192.0.2.1"]);
    let delete =
        || lab.call("DeleteHostedZone", json!({"Id": format!("/hostedzone/{}", lab.zone)}));
    lab.change(&[("CREATE", a())]).expect("a record");
    assert_eq!(code(delete()), refused("HostedZoneNotEmpty", 400));
    lab.change(&[("DELETE", a())]).expect("no record");
    let change = delete().expect("an empty zone");
    assert_eq!(change["ChangeInfo"]["Status"], "PENDING");
    assert_eq!(code(delete()), refused("NoSuchHostedZone", 404));
}

#[test]
fn each_operation_on_a_zone_refuses_unknown_and_malformed_ids() {
    let lab = Lab::new();
    let change = json!([{"Action": "CREATE",
        "ResourceRecordSet": record("a.example.com", "A", &["192.0.2.1"])}]);
    let vpc = json!({"VPCRegion": "us-west-2", "VPCId": "vpc-1"});
    for (operation, member, rest) in [
        ("GetHostedZone", "Id", json!({})),
        ("DeleteHostedZone", "Id", json!({})),
        ("ListResourceRecordSets", "HostedZoneId", json!({})),
        ("ChangeResourceRecordSets", "HostedZoneId", json!({"ChangeBatch": {"Changes": change}})),
        ("AssociateVPCWithHostedZone", "HostedZoneId", json!({"VPC": vpc})),
    ] {
        let with_id = |id: &str| super::with(rest.clone(), json!({member: id}));
        let absent = lab.call(operation, with_id("ZNONE")).expect_err(operation);
        assert_eq!((absent.code.as_str(), absent.status), ("NoSuchHostedZone", 404));
        assert_eq!(absent.message, "No hosted zone found with ID: ZNONE");
        for malformed in ["", "no id", &"Z".repeat(33)] {
            let refused = lab.refused(operation, with_id(malformed));
            assert_eq!(refused, ("InvalidInput".to_owned(), 400), "{operation} {malformed}");
        }
        let fault = Fault::new("PriorRequestNotComplete", "still at it");
        let refuse = Effect::Refuse(fault.clone());
        lab.emulator.script(Script::new("route53", operation, 1, refuse));
        assert_eq!(lab.call(operation, with_id("ZNONE")), Err(fault), "{operation} on demand");
        assert_eq!(lab.refused(operation, with_id("ZNONE")).0, "NoSuchHostedZone");
    }
}

#[test]
fn a_private_zone_has_vpcs_that_see_one_zone_of_a_name() {
    let lab = Lab::new();
    let vpc = |id: &str| json!({"VPCRegion": "us-west-2", "VPCId": id});
    let tree = json!([
        {"Id": "/hostedzone/ZPUB", "Name": "example.com."},
        {"Id": "/hostedzone/ZPRIV", "Name": "inner.test.", "Config": {"PrivateZone": true},
            "VPCs": [vpc("vpc-1")]},
    ]);
    restore(&mut lab.emulator.account(), &tree);
    let got = lab.call("GetHostedZone", json!({"Id": "ZPRIV"})).expect("the zone");
    assert_eq!((&got["VPCs"], got.get("DelegationSet")), (&json!([vpc("vpc-1")]), None));
    let private = json!({"HostedZoneType": "PrivateHostedZone"});
    let listed = lab.call("ListHostedZones", private).expect("the private zones");
    assert_eq!(listed["HostedZones"], json!([got["HostedZone"]]));

    let elsewhere = json!({"VPCRegion": "eu-west-1", "VPCId": "vpc-1"});
    for (zone, vpc, code) in [
        ("ZPUB", vpc("vpc-2"), "PublicZoneVPCAssociation"),
        ("ZPRIV", vpc("vpc-none"), "InvalidVPCId"),
        ("ZPRIV", elsewhere, "InvalidVPCId"),
        ("ZPRIV", vpc("vpc-1"), "ConflictingDomainExists"),
        ("ZPRIV", json!({"VPCId": "vpc-2"}), "InvalidInput"),
    ] {
        let input = json!({"HostedZoneId": zone, "VPC": vpc});
        let refused = lab.refused("AssociateVPCWithHostedZone", input);
        assert_eq!(refused, (code.to_owned(), 400), "{zone} {vpc}");
    }
    for (id, code) in [("vpc-none", "InvalidVPCId"), ("vpc-1", "ConflictingDomainExists")] {
        let input = json!({"Name": "inner.test", "CallerReference": id, "VPC": vpc(id)});
        assert_eq!(lab.refused("CreateHostedZone", input), (code.to_owned(), 400));
    }
    lab.emulator.account().settings.quotas.route53.vpcs_per_zone = 1;
    let input = json!({"HostedZoneId": "ZPRIV", "VPC": vpc("vpc-2")});
    assert_eq!(lab.refused("AssociateVPCWithHostedZone", input).0, "LimitsExceeded");
}

#[test]
fn a_zone_made_with_a_vpc_is_private_and_takes_further_vpcs() {
    let lab = Lab::new();
    let vpc = || {
        let made = lab.emulator.call("ec2", "CreateVpc", &json!({"CidrBlock": "10.0.0.0/16"}));
        let id = made.expect("a VPC")["Vpc"]["VpcId"].clone();
        json!({"VPCRegion": "us-west-2", "VPCId": id})
    };
    let (first, second) = (vpc(), vpc());
    let input = json!({"Name": "inner.test", "CallerReference": "p", "VPC": first});
    let made = lab.call("CreateHostedZone", input).expect("a private zone");
    assert_eq!(
        (&made["VPC"], &made["HostedZone"]["Config"]["PrivateZone"]),
        (&first, &json!(true))
    );
    let id = &made["HostedZone"]["Id"];
    lab.call("AssociateVPCWithHostedZone", json!({"HostedZoneId": id, "VPC": second}))
        .expect("a second VPC");
    let got = lab.call("GetHostedZone", json!({"Id": id})).expect("the zone");
    assert_eq!(got["VPCs"], json!([first, second]));
    let again = json!({"Name": "inner.test", "CallerReference": "q", "VPC": second});
    assert_eq!(lab.refused("CreateHostedZone", again).0, "ConflictingDomainExists");
}

#[test]
fn a_change_is_in_sync_when_its_time_has_come() {
    let lab = Lab::new();
    lab.emulator.account().route53.propagation = SignedDuration::from_secs(60);
    let a = record("a.example.com", "A", &["192.0.2.1"]);
    let made = lab.change(&[("CREATE", a)]).expect("a fine batch");
    let info = &made["ChangeInfo"];
    assert_eq!((&info["Status"], &info["Comment"]), (&json!("PENDING"), &json!("by a test")));
    let status = || {
        let got = lab.call("GetChange", json!({"Id": info["Id"]})).expect("the change");
        got["ChangeInfo"]["Status"].clone()
    };
    assert_eq!(status(), "PENDING");
    lab.emulator.advance(SignedDuration::from_secs(61));
    assert_eq!(status(), "INSYNC");
    assert_eq!(lab.refused("GetChange", json!({"Id": "CNONE"})), ("NoSuchChange".into(), 404));
    assert_eq!(lab.refused("GetChange", json!({"Id": "no id"})), ("InvalidInput".into(), 400));
}

#[test]
fn tags_are_kept_for_what_exists() {
    let lab = Lab::new();
    lab.emulator.account().route53.set_health_check("hc-1", true);
    let on = |kind: &str, id: &str| json!({"ResourceType": kind, "ResourceId": id});
    let add = |target: Value, key: &str| {
        let tags = json!({"AddTags": [{"Key": key, "Value": "v"}]});
        lab.call("ChangeTagsForResource", super::with(target, tags))
    };
    add(on("hostedzone", &lab.zone), "team").expect("a tag");
    add(on("hostedzone", &lab.zone), "gone").expect("another tag");
    add(on("healthcheck", "hc-1"), "team").expect("a tag of a health check");
    let remove = json!({"RemoveTagKeys": ["gone"]});
    lab.call("ChangeTagsForResource", super::with(on("hostedzone", &lab.zone), remove))
        .expect("one less");
    let set = json!({"ResourceType": "hostedzone", "ResourceId": lab.zone,
        "Tags": [{"Key": "team", "Value": "v"}]});
    let one = lab.call("ListTagsForResource", on("hostedzone", &lab.zone));
    assert_eq!(one, Ok(json!({"ResourceTagSet": set})));
    let many = json!({"ResourceType": "hostedzone", "ResourceIds": [lab.zone]});
    assert_eq!(lab.call("ListTagsForResources", many), Ok(json!({"ResourceTagSets": [set]})));
    lab.emulator.account().settings.quotas.tags_per_resource = 1;
    assert_eq!(add(on("hostedzone", &lab.zone), "more").expect_err("full").code, "InvalidInput");
    refusals_of_tags(&lab);
}

fn refusals_of_tags(lab: &Lab) {
    let add = json!({"AddTags": [{"Key": "k", "Value": "v"}]});
    for (kind, id, code, status) in [
        ("hostedzone", "ZNONE", "NoSuchHostedZone", 404),
        ("healthcheck", "none", "NoSuchHealthCheck", 404),
        ("bucket", "b", "InvalidInput", 400),
    ] {
        for operation in ["ListTagsForResource", "ListTagsForResources", "ChangeTagsForResource"] {
            let input = json!({"ResourceType": kind, "ResourceId": id, "ResourceIds": [id]});
            let refused = lab.refused(operation, super::with(input, add.clone()));
            assert_eq!(refused, (code.to_owned(), status), "{operation}");
            for fault in ["ThrottlingException", "PriorRequestNotComplete"] {
                let fault = Fault::new(fault, "on demand");
                let refuse = Effect::Refuse(fault.clone());
                lab.emulator.script(Script::new("route53", operation, 1, refuse));
                assert_eq!(lab.call(operation, json!({})), Err(fault));
            }
        }
    }
    let nothing = json!({"ResourceType": "hostedzone", "ResourceId": lab.zone});
    assert_eq!(lab.refused("ChangeTagsForResource", nothing).0, "InvalidInput");
    let nobody = json!({"ResourceType": "hostedzone", "ResourceIds": []});
    assert_eq!(lab.refused("ListTagsForResources", nobody).0, "InvalidInput");
}

#[test]
fn a_snapshot_restores_to_the_same_snapshot() {
    let lab = Lab::new();
    lab.change(&[
        ("CREATE", record("*.example.com", "A", &["192.0.2.1"])),
        ("CREATE", record("t.example.com", "TXT", &["\"a\" \"b\""])),
    ])
    .expect("a fine batch");
    let taken = snapshot(&lab.emulator.account());
    let copy = Emulator::new(Settings::default());
    restore(&mut copy.account(), &taken);
    assert_eq!(snapshot(&copy.account()), taken);
    assert_eq!(taken[0]["ResourceRecordSets"], json!(lab.records()));
}

#[test]
fn a_zone_of_another_emulator_is_taken_as_it_is_but_for_the_ttl_of_aliases() {
    let target = json!({"DNSName": "lb-1.us-east-1.elb.amazonaws.com",
        "EvaluateTargetHealth": true, "HostedZoneId": "Z35SXDOTRQ7X7K"});
    let odd = "{'Value': 'ns. host. 1 7200 900 1209600 86400'}";
    let tree = json!([{
        "CallerReference": "1", "Config": {"PrivateZone": false}, "Id": "/hostedzone/ABC",
        "Name": "example.com.", "ResourceRecordSetCount": 3,
        "ResourceRecordSets": [
            record("example.com.", "NS", &["ns-2048.awsdns-64.com"]),
            record("example.com.", "SOA", &[odd]),
            {"Name": "a.example.com.", "Type": "A", "TTL": 0, "AliasTarget": target},
        ],
    }]);
    let emulator = Emulator::new(Settings::default());
    restore(&mut emulator.account(), &tree);
    let zone = emulator.call("route53", "GetHostedZone", &json!({"Id": "ABC"})).expect("the zone");
    assert_eq!(zone["DelegationSet"]["NameServers"], json!(["ns-2048.awsdns-64.com"]));
    let input = json!({"HostedZoneId": "ABC"});
    let sets = emulator.call("route53", "ListResourceRecordSets", &input).expect("its records");
    let mut expected = tree[0]["ResourceRecordSets"].clone();
    expected[2].as_object_mut().and_then(|set| set.remove("TTL"));
    assert_eq!(sets["ResourceRecordSets"], expected);
}
