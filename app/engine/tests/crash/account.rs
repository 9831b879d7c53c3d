//! An account with a VPC, nodes, pods, a zone and things of somebody else, and its state in words that do
//! not depend on ids.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard},
    time::Duration,
};

use aws_credential_types::Credentials;
use inroad_aws::{Aws, Connect};
use inroad_dns::{Cached, Route53};
use inroad_emulator::{Emulator, Settings, seed};
use inroad_engine::Edges;
use inroad_world::Finalizers;
use serde_json::{Value, json};

pub(crate) const CLUSTER: &str = "demo";
pub(crate) const VPC: &str = "vpc-00000000000000001";

pub(crate) struct Lab {
    pub(crate) emulator: Emulator,
    finalizers: Mutex<Finalizers>,
}

impl Lab {
    pub(crate) fn of(settings: Settings) -> Self {
        let emulator = Emulator::new(settings);
        seed::restore(&mut emulator.account(), &given()).expect("the document is one");
        let lab = Self { emulator, finalizers: Mutex::default() };
        lab.foreign();
        lab
    }

    /// Those that the cluster keeps.
    pub(crate) fn finalizers(&self) -> MutexGuard<'_, Finalizers> {
        self.finalizers.lock().expect("nobody panics with it")
    }

    /// What somebody else has: nothing of it may ever change.
    fn foreign(&self) {
        let call = |service: &str, operation: &str, input: Value| {
            self.emulator.call(service, operation, &input).unwrap_or_else(|f| panic!("{f:?}"))
        };
        let subnets = ["subnet-00000000000000001", "subnet-00000000000000002"];
        call(
            "elasticloadbalancing",
            "CreateLoadBalancer",
            json!({"Name": "theirs", "Subnets": subnets}),
        );
        let group = json!({"Name": "theirs", "Protocol": "HTTP", "Port": 80, "VpcId": VPC});
        call("elasticloadbalancing", "CreateTargetGroup", group);
        let zone = call(
            "route53",
            "CreateHostedZone",
            json!({"Name": "example.com", "CallerReference": "x"}),
        );
        let record = json!({"Name": "theirs.example.com", "Type": "A", "TTL": 60,
            "ResourceRecords": [{"Value": "192.0.2.1"}]});
        let change = json!({"HostedZoneId": zone["HostedZone"]["Id"],
            "ChangeBatch": {"Changes": [{"Action": "CREATE", "ResourceRecordSet": record}]}});
        call("route53", "ChangeResourceRecordSets", change);
    }

    pub(crate) async fn edges(&self) -> Edges {
        let aws = Aws::connect(Connect {
            region: Some("us-west-2".into()),
            http: Some(self.emulator.connector()),
            credentials: Some(Credentials::new("local", "local", None, None, "test")),
            ..Connect::default()
        })
        .await;
        let dns = Arc::new(Cached::new(Route53::new(aws.config()), Duration::ZERO));
        Edges { aws, dns }
    }

    /// Attempts so far, whatever came of them.
    pub(crate) fn calls(&self) -> usize {
        self.emulator.calls().len()
    }

    /// Calls so far that could have changed something.
    pub(crate) fn writes(&self) -> usize {
        let reads = ["Describe", "Get", "List"];
        let calls = self.emulator.calls();
        calls.iter().filter(|c| !reads.iter().any(|read| c.operation.starts_with(read))).count()
    }
}

fn given() -> Value {
    let tags = |pairs: &[(&str, &str)]| -> Vec<Value> {
        pairs.iter().map(|(key, value)| json!({"Key": key, "Value": value})).collect()
    };
    let subnets: Vec<Value> = ["a", "b"]
        .iter()
        .enumerate()
        .map(|(n, zone)| {
            json!({"SubnetId": format!("subnet-0000000000000000{}", n + 1), "VpcId": VPC,
                "CidrBlock": format!("10.0.{n}.0/24"), "State": "available",
                "AvailabilityZone": format!("us-west-2{zone}"),
                "Tags": tags(&[("kubernetes.io/role/internal-elb", "1")])})
        })
        .collect();
    let interface = |n: usize, address: &str| {
        json!({"NetworkInterfaceId": format!("eni-0000000000000000{n}"), "VpcId": VPC,
            "SubnetId": "subnet-00000000000000001", "Status": "in-use",
            "InterfaceType": "interface", "Description": "", "PrivateIpAddress": address,
            "PrivateIpAddresses": [{"Primary": true, "PrivateIpAddress": address}],
            "Groups": [{"GroupId": "sg-00000000000000001", "GroupName": "nodes"}],
            "Attachment": {"AttachmentId": format!("eni-attach-{n}"), "DeviceIndex": n - 1,
                "InstanceId": "i-00000000000000001", "Status": "attached",
                "DeleteOnTermination": true}, "TagSet": []})
    };
    let interfaces =
        vec![interface(1, "10.0.0.10"), interface(2, "10.0.0.21"), interface(3, "10.0.0.22")];
    json!({
        "Vpcs": [{"VpcId": VPC, "CidrBlock": "10.0.0.0/16", "State": "available", "Tags": []}],
        "Subnets": subnets,
        "SecurityGroups": [{"GroupId": "sg-00000000000000001", "GroupName": "nodes",
            "Description": "nodes", "VpcId": VPC, "OwnerId": "000000000000", "IpPermissions": [],
            "IpPermissionsEgress": [], "Tags": tags(&[("kubernetes.io/cluster/demo", "owned")])}],
        "NetworkInterfaces": interfaces,
        "Instances": [{"InstanceId": "i-00000000000000001", "VpcId": VPC,
            "SubnetId": "subnet-00000000000000001", "PrivateIpAddress": "10.0.0.10",
            "State": {"Code": 16, "Name": "running"}, "InstanceType": "m7g.large",
            "Placement": {"AvailabilityZone": "us-west-2a"},
            "SecurityGroups": [{"GroupId": "sg-00000000000000001", "GroupName": "nodes"}],
            "NetworkInterfaces": interfaces, "Tags": []}],
    })
}

/// The state with every generated id replaced by the name of what it stands for, volatile members left
/// out and lists sorted: equal texts are equal accounts.
pub(crate) fn canonical(emulator: &Emulator) -> String {
    let mut document = seed::snapshot(&emulator.account());
    let mut names = BTreeMap::new();
    learn(&document, &mut names);
    let members = document.as_object_mut().expect("a snapshot is an object");
    members.remove("IdsMade");
    members.remove("NetworkInterfaces");
    members.remove("Instances");
    tidy(&mut document, &names);
    serde_json::to_string_pretty(&document).expect("JSON")
}

fn learn(value: &Value, names: &mut BTreeMap<String, String>) {
    const IDS: [(&str, &str); 6] = [
        ("LoadBalancerArn", "LoadBalancerName"),
        ("DNSName", "LoadBalancerName"),
        ("TargetGroupArn", "TargetGroupName"),
        ("GroupId", "GroupName"),
        ("ListenerArn", "Port"),
        ("RuleArn", "Priority"),
    ];
    match value {
        Value::Object(members) => {
            for (id, name) in IDS {
                if let (Some(Value::String(id)), Some(name)) = (members.get(id), members.get(name))
                {
                    names.insert(id.to_lowercase(), format!("<{name}>"));
                }
            }
            members.values().for_each(|value| learn(value, names));
        }
        Value::Array(items) => items.iter().for_each(|item| learn(item, names)),
        _ => {}
    }
}

fn tidy(value: &mut Value, names: &BTreeMap<String, String>) {
    const VOLATILE: [&str; 5] =
        ["CreatedTime", "State", "TargetHealthDescriptions", "SecurityGroupArn", "Id"];
    match value {
        Value::Object(members) => {
            let health = members.get("TargetHealthDescriptions").map(registered);
            members.retain(|key, _| !VOLATILE.contains(&key.as_str()));
            members.values_mut().for_each(|value| tidy(value, names));
            if let Some(targets) = health {
                members.insert("Targets".into(), targets);
            }
        }
        Value::Array(items) => {
            // A note of our own: a process that finds nothing to do does not write it for its own sake.
            items.retain(|item| item["Key"] != inroad_plan::FINGERPRINT_TAG);
            items.iter_mut().for_each(|item| tidy(item, names));
            items.sort_by_key(ToString::to_string);
        }
        Value::String(text) => {
            if let Some(name) = names.get(text.trim_end_matches('.').to_lowercase().as_str()) {
                name.clone_into(text);
            }
        }
        _ => {}
    }
}

/// The targets that are not on their way out.
fn registered(health: &Value) -> Value {
    let all = health.as_array().into_iter().flatten();
    let mut targets: Vec<Value> = all
        .filter(|one| one["TargetHealth"]["State"] != "draining")
        .map(|one| one["Target"].clone())
        .collect();
    targets.sort_by_key(ToString::to_string);
    Value::Array(targets)
}
