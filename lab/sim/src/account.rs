//! The account that every schedule begins with: a VPC, a node, Pods, a zone, and things of somebody else.

use inroad_emulator::{Emulator, seed};
use inroad_words::controller::Controller;
use serde_json::{Value, json};

const VPC: &str = "vpc-00000000000000001";
/// Names of somebody else's things begin so.
const THEIRS: &str = "theirs";

/// Puts all that into an empty account.
///
/// # Panics
/// In an account that has some of it.
pub fn furnish(emulator: &Emulator) {
    // The document is written below.
    seed::restore(&mut emulator.account(), &given()).expect("the document is one of an account");
    theirs(emulator);
}

/// Whose VPC that is.
pub fn controller() -> Controller {
    let mut controller = Controller::default();
    controller.balancers.cluster_name = "demo".into();
    controller.balancers.vpc_id = VPC.into();
    controller
}

/// What somebody else has: nothing of it may ever change. Some of it looks much like ours.
fn theirs(emulator: &Emulator) {
    let call = |service: &str, operation: &str, input: Value| {
        emulator.call(service, operation, &input).unwrap_or_else(|f| panic!("{f:?}"))
    };
    let tags = json!([
        {"Key": "elbv2.k8s.aws/cluster", "Value": "other"},
        {"Key": "ingress.k8s.aws/stack", "Value": "shared"},
        {"Key": "ingress.k8s.aws/resource", "Value": "LoadBalancer"}]);
    let subnets = ["subnet-00000000000000001", "subnet-00000000000000002"];
    let balancing = "elasticloadbalancing";
    let made = call(
        balancing,
        "CreateLoadBalancer",
        json!({"Name": THEIRS, "Subnets": subnets, "Scheme": "internal", "Tags": tags}),
    );
    let group = json!({"Name": THEIRS, "Protocol": "HTTP", "Port": 80, "VpcId": VPC, "Tags": tags});
    let group = call(balancing, "CreateTargetGroup", group);
    let forward = json!([{"Type": "forward",
        "TargetGroupArn": group["TargetGroups"][0]["TargetGroupArn"]}]);
    let listener = json!({"LoadBalancerArn": made["LoadBalancers"][0]["LoadBalancerArn"],
        "Protocol": "HTTP", "Port": 80, "DefaultActions": forward});
    call(balancing, "CreateListener", listener);
    let group = json!({"GroupName": THEIRS, "Description": "theirs", "VpcId": VPC});
    call("ec2", "CreateSecurityGroup", group);
    let zone =
        call("route53", "CreateHostedZone", json!({"Name": "example.com", "CallerReference": "x"}));
    let record = json!({"Name": "theirs.example.com", "Type": "A", "TTL": 60,
        "ResourceRecords": [{"Value": "192.0.2.1"}]});
    let change = json!({"HostedZoneId": zone["HostedZone"]["Id"],
        "ChangeBatch": {"Changes": [{"Action": "CREATE", "ResourceRecordSet": record}]}});
    call("route53", "ChangeResourceRecordSets", change);
}

/// Everything in a snapshot that is somebody else's.
pub(crate) fn of_theirs(snapshot: &Value) -> Vec<Value> {
    let lists = [
        ("/LoadBalancers", "LoadBalancerName"),
        ("/TargetGroups", "TargetGroupName"),
        ("/SecurityGroups", "GroupName"),
        ("/HostedZones/0/ResourceRecordSets", "Name"),
    ];
    let items = lists.iter().flat_map(|(list, name)| {
        let all = snapshot.pointer(list).and_then(Value::as_array).into_iter().flatten();
        all.filter(move |it| it[name].as_str().is_some_and(|name| name.starts_with(THEIRS)))
    });
    items.cloned().collect()
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
                "Tags": tags(&[("kubernetes.io/role/elb", "1"), ("kubernetes.io/role/internal-elb", "1")])})
        })
        .collect();
    let interfaces: Vec<Value> =
        [10, 21, 22, 23, 24, 25].iter().enumerate().map(|(n, last)| interface(n, *last)).collect();
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

/// The node's `nth` interface, which has the address of the node or of a Pod.
fn interface(nth: usize, last: u8) -> Value {
    let address = format!("10.0.0.{last}");
    json!({"NetworkInterfaceId": format!("eni-0000000000000000{nth}"), "VpcId": VPC,
        "SubnetId": "subnet-00000000000000001", "Status": "in-use",
        "InterfaceType": "interface", "Description": "", "PrivateIpAddress": address,
        "PrivateIpAddresses": [{"Primary": true, "PrivateIpAddress": address}],
        "Groups": [{"GroupId": "sg-00000000000000001", "GroupName": "nodes"}],
        "Attachment": {"AttachmentId": format!("eni-attach-{nth}"), "DeviceIndex": nth,
            "InstanceId": "i-00000000000000001", "Status": "attached",
            "DeleteOnTermination": true}, "TagSet": []})
}
