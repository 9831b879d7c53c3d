//! Accounts that other controllers left behind go in and come out as they were. The documents are not part
//! of this repository: `INROAD_GOLDENS` names the directory that holds `adopt/*/aws.json`.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use inroad_emulator::{Emulator, Settings, seed};
use serde_json::{Value, json};

fn documents() -> Vec<(String, Value)> {
    let Some(goldens) = std::env::var_os("INROAD_GOLDENS") else {
        eprintln!("INROAD_GOLDENS is not set: no snapshot of another account is checked");
        return Vec::new();
    };
    let adopt = PathBuf::from(goldens).join("adopt");
    let cases = std::fs::read_dir(&adopt).unwrap_or_else(|error| panic!("{adopt:?}: {error}"));
    let document = |path: PathBuf| {
        let text = std::fs::read_to_string(path.join("aws.json")).ok()?;
        let tree = serde_json::from_str(&text).unwrap_or_else(|error| panic!("{path:?}: {error}"));
        Some((path.display().to_string(), tree))
    };
    let found: Vec<_> = cases.filter_map(|entry| document(entry.ok()?.path())).collect();
    assert!(!found.is_empty(), "{adopt:?} holds no snapshot");
    found
}

/// Where the documents, which moto left, are not what AWS would have shown, by the beginning of the path;
/// `+` new, `-` gone, `~` changed.
const DEVIATIONS: [&str; 20] = [
    // Ours alone, see the module `seed`.
    "+.IdsMade",
    // moto makes no interfaces for load balancers, so their addresses are free there.
    "+.NetworkInterfaces[]",
    "~.Subnets[].AvailableIpAddressCount",
    // moto keeps an empty description, AWS shows none.
    "-.SecurityGroups[].IpPermissions[].IpRanges[].Description",
    // Aliases have no TTL.
    "-.HostedZones[].ResourceRecordSets[].TTL",
    // GetHostedZone's, which the documents do not hold.
    "+.HostedZones[].NameServers[]",
    // moto knows few attributes and none of listeners.
    "+.LoadBalancers[].Attributes[]",
    "+.LoadBalancers[].Listeners[].Attributes[]",
    "+.TargetGroups[].Attributes[]",
    // moto shows only what the request said.
    "+.LoadBalancers[].Listeners[].DefaultActions[].TargetGroupArn",
    "+.LoadBalancers[].Listeners[].DefaultActions[].RedirectConfig",
    "+.LoadBalancers[].Listeners[].Rules[].Actions[].TargetGroupArn",
    "+.LoadBalancers[].Listeners[].Rules[].Actions[].RedirectConfig",
    "+.LoadBalancers[].Listeners[].Rules[].Conditions[].Values[]",
    "+.LoadBalancers[].Listeners[].MutualAuthentication.Mode",
    // moto gives a policy to listeners without TLS.
    "-.LoadBalancers[].Listeners[].SslPolicy",
    // moto shows the words `traffic-port`, AWS the port itself.
    "~.TargetGroups[].TargetHealthDescriptions[].HealthCheckPort",
    // A certificate is in use by load balancers; moto names their listeners.
    "-.Certificates[].InUseBy[]",
    "+.Certificates[].InUseBy[]",
    // moto gives an imported certificate no time of creation.
    "+.Certificates[].CreatedAt",
];

#[test]
fn what_goes_in_comes_out() {
    let mut unused: BTreeSet<&str> = DEVIATIONS.into();
    let documents = documents();
    for (name, document) in &documents {
        let emulator = Emulator::new(seed::settings_of(document));
        let mut account = emulator.account();
        seed::restore(&mut account, document).unwrap_or_else(|problem| panic!("{name}: {problem}"));
        let mut differences = differences(document, &seed::snapshot(&account));
        differences.retain(|(sign, path, _)| {
            let place = format!("{sign}{}", without_names(path));
            let known = DEVIATIONS.iter().find(|known| place.starts_with(**known));
            known.is_none_or(|known| {
                unused.remove(known);
                false
            })
        });
        assert!(differences.is_empty(), "{name}: {differences:#?}");
    }
    assert!(documents.is_empty() || unused.is_empty(), "no longer a deviation: {unused:#?}");
}

#[test]
fn our_own_snapshot_restores_to_the_same_account() {
    for (name, document) in documents() {
        let settings = seed::settings_of(&document);
        let [first, second] = [(); 2].map(|()| Emulator::new(settings.clone()));
        seed::restore(&mut first.account(), &document).unwrap_or_else(|e| panic!("{name}: {e}"));
        let ours = seed::snapshot(&first.account());
        seed::restore(&mut second.account(), &ours).unwrap_or_else(|e| panic!("{name}: {e}"));
        let again = seed::snapshot(&second.account());
        assert_eq!(differences(&ours, &again), [], "{name}");
    }
}

#[test]
fn an_account_made_by_calls_survives_its_snapshot() {
    let [first, second] = [(); 2].map(|()| Emulator::new(Settings::default()));
    let call = |service: &str, operation: &str, input: Value| {
        let answer = first.call(service, operation, &input);
        answer.unwrap_or_else(|fault| panic!("{operation}: {fault:?}"))
    };
    let ec2 = |operation: &str, input: Value| call("ec2", operation, input);
    let vpc = ec2("CreateVpc", json!({"CidrBlock": "10.0.0.0/16"}))["Vpc"]["VpcId"].clone();
    let subnets = ["a", "b"].map(|zone| {
        let third = u8::from(zone == "b");
        let input = json!({"VpcId": vpc, "CidrBlock": format!("10.0.{third}.0/24"),
                           "AvailabilityZone": format!("us-west-2{zone}")});
        ec2("CreateSubnet", input)["Subnet"]["SubnetId"].clone()
    });
    let gateway =
        ec2("CreateInternetGateway", json!({}))["InternetGateway"]["InternetGatewayId"].clone();
    ec2("AttachInternetGateway", json!({"VpcId": vpc, "InternetGatewayId": gateway}));
    let tables = ec2("DescribeRouteTables", json!({}));
    let out = json!({"RouteTableId": tables["RouteTables"][0]["RouteTableId"],
                     "DestinationCidrBlock": "0.0.0.0/0", "GatewayId": gateway});
    ec2("CreateRoute", out);
    let lists = json!({"PrefixListName": "p", "MaxEntries": 2, "AddressFamily": "IPv4",
                       "Entries": [{"Cidr": "10.0.0.0/8"}]});
    let list = ec2("CreateManagedPrefixList", lists)["PrefixList"]["PrefixListId"].clone();
    let default = ec2("DescribeSecurityGroups", json!({}))["SecurityGroups"][0]["GroupId"].clone();
    let rule = json!({"IpProtocol": "tcp", "FromPort": 80, "ToPort": 80,
                      "PrefixListIds": [{"PrefixListId": list, "Description": "why"}]});
    ec2("AuthorizeSecurityGroupIngress", json!({"GroupId": default, "IpPermissions": [rule]}));
    ec2(
        "RunInstances",
        json!({"ImageId": "ami-1", "MinCount": 1, "MaxCount": 1, "SubnetId": subnets[0]}),
    );
    call("elasticloadbalancing", "CreateLoadBalancer", json!({"Name": "web", "Subnets": subnets}));
    call("acm", "RequestCertificate", json!({"DomainName": "a.dev"}));
    call("route53", "CreateHostedZone", json!({"Name": "a.dev", "CallerReference": "1"}));

    let before = seed::snapshot(&first.account());
    for list in ["InternetGateways", "PrefixLists", "Instances", "LoadBalancers", "HostedZones"] {
        assert_eq!(before[list].as_array().map(Vec::len), Some(1), "{list}");
    }
    seed::restore(&mut second.account(), &before).expect("our own document");
    assert_eq!(differences(&before, &seed::snapshot(&second.account())), []);
    let entries = json!({"PrefixListId": list});
    let [old, new] =
        [&first, &second].map(|e| e.call("ec2", "GetManagedPrefixListEntries", &entries));
    assert_eq!(old, new);
    let made = second.call("ec2", "CreateVpc", &json!({"CidrBlock": "10.1.0.0/16"}));
    assert!(made.is_ok() && second.account().ec2.vpcs.len() == 2, "an id was made twice");
}

/// Sign, path, and what became of what.
type Difference = (char, String, String);

fn differences(before: &Value, after: &Value) -> Vec<Difference> {
    let (mut old, mut new) = (BTreeMap::new(), BTreeMap::new());
    leaves(before, String::new(), &mut old);
    leaves(after, String::new(), &mut new);
    let mut found = Vec::new();
    for (path, value) in &old {
        match new.remove(path) {
            None => found.push(('-', path.clone(), value.clone())),
            Some(now) if now != *value => {
                found.push(('~', path.clone(), format!("{value} -> {now}")))
            }
            Some(_) => {}
        }
    }
    found.extend(new.into_iter().map(|(path, value)| ('+', path, value)));
    found
}

/// The scalars of a document by path. Members of lists are named by what identifies them, so that their order
/// does not matter; an empty list is the same as none.
fn leaves(tree: &Value, path: String, found: &mut BTreeMap<String, String>) {
    match tree {
        Value::Object(members) => {
            for (name, below) in members {
                leaves(below, format!("{path}.{name}"), found);
            }
        }
        Value::Array(items) => {
            let list = path.rsplit('.').next().unwrap_or_default().to_owned();
            for (index, item) in items.iter().enumerate() {
                leaves(item, format!("{path}[{}]", identity(&list, index, item)), found);
            }
        }
        Value::Null => {}
        scalar => {
            let time = scalar.as_str().and_then(|text| text.parse::<jiff::Timestamp>().ok());
            found.insert(path, time.map_or_else(|| scalar.to_string(), |time| time.to_string()));
        }
    }
}

/// What identifies a member of a list: a scalar itself, a document by these members, else its place.
fn identity(list: &str, index: usize, item: &Value) -> String {
    let names: &[&str] = match list {
        "Vpcs" => &["VpcId"],
        "Subnets" => &["SubnetId"],
        "SecurityGroups" | "Groups" | "UserIdGroupPairs" => &["GroupId"],
        "IpPermissions" => &["IpProtocol", "FromPort", "ToPort"],
        "IpRanges" => &["CidrIp"],
        "NetworkInterfaces" => &["NetworkInterfaceId"],
        "Instances" => &["InstanceId"],
        "RouteTables" => &["RouteTableId"],
        "LoadBalancers" => &["LoadBalancerArn"],
        "AvailabilityZones" => &["ZoneName"],
        "Listeners" => &["ListenerArn"],
        "Rules" => &["RuleArn"],
        "TargetGroups" => &["TargetGroupArn"],
        "TargetHealthDescriptions" => &["Target"],
        "Certificates" | "AllCertificates" => &["CertificateArn"],
        "HostedZones" => &["Id"],
        "ResourceRecordSets" => &["Name", "Type", "SetIdentifier"],
        "Tags" | "TagSet" | "Attributes" => &["Key"],
        _ => &[],
    };
    let values: Vec<String> = names.iter().map(|name| item[*name].to_string()).collect();
    match item {
        Value::Object(_) if names.is_empty() => index.to_string(),
        Value::Object(_) => values.join(" "),
        scalar => scalar.to_string(),
    }
}

/// The path without what is in brackets.
fn without_names(path: &str) -> String {
    let pieces = path.split('[').map(|piece| piece.split_once(']').map_or(piece, |(_, rest)| rest));
    pieces.collect::<Vec<_>>().join("[]")
}
