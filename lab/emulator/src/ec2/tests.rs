use serde_json::{Value, json};

use super::{BalancerInterfaces, add_interfaces, remove_interfaces};
use crate::{Emulator, Quotas, Settings};

/// An account with one VPC, two subnets and a group in it.
struct World {
    emulator: Emulator,
    vpc: String,
    subnets: Vec<String>,
    group: String,
}

impl World {
    fn new(settings: Settings) -> Self {
        let mut world = Self {
            emulator: Emulator::new(settings),
            vpc: String::new(),
            subnets: Vec::new(),
            group: String::new(),
        };
        let tags = json!([{"ResourceType": "vpc", "Tags": [{"Key": "Name", "Value": "demo"}]}]);
        let vpc =
            world.ok("CreateVpc", json!({"CidrBlock": "10.0.3.7/16", "TagSpecifications": tags}));
        world.vpc = text(&vpc["Vpc"]["VpcId"]);
        for (zone, block) in [("a", "10.0.0.0/24"), ("b", "10.0.1.0/28")] {
            let zone = format!("us-west-2{zone}");
            let subnet = world.ok(
                "CreateSubnet",
                json!({"VpcId": world.vpc, "CidrBlock": block, "AvailabilityZone": zone}),
            );
            world.subnets.push(text(&subnet["Subnet"]["SubnetId"]));
        }
        world.group = world.make_group("web");
        world
    }

    fn make_group(&self, name: &str) -> String {
        let input = json!({"GroupName": name, "Description": "d", "VpcId": self.vpc});
        text(&self.ok("CreateSecurityGroup", input)["GroupId"])
    }

    fn ok(&self, operation: &str, input: Value) -> Value {
        let answer = self.emulator.call("ec2", operation, &input);
        answer.unwrap_or_else(|fault| panic!("{operation} {input}: {fault:?}"))
    }

    fn code(&self, operation: &str, input: Value) -> String {
        match self.emulator.call("ec2", operation, &input) {
            Ok(answer) => format!("ok: {answer}"),
            Err(fault) => fault.code,
        }
    }

    fn group_tree(&self, id: &str) -> Value {
        self.ok("DescribeSecurityGroups", json!({"GroupIds": [id]}))["SecurityGroups"][0].clone()
    }

    /// Ids of the list that a Describe call gives under these filters.
    fn found(
        &self,
        operation: &str,
        list: &str,
        id: &str,
        filters: &[(&str, &str)],
    ) -> Vec<String> {
        let filters: Vec<Value> =
            filters.iter().map(|(name, value)| json!({"Name": name, "Values": [value]})).collect();
        let answer = self.ok(operation, json!({"Filters": filters}));
        answer[list].as_array().into_iter().flatten().map(|item| text(&item[id])).collect()
    }
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_else(|| panic!("not a text: {value}")).to_owned()
}

fn tcp(port: u16, ranges: Value) -> Value {
    json!({"IpProtocol": "tcp", "FromPort": port, "ToPort": port, "IpRanges": ranges})
}

#[test]
fn a_vpc_comes_with_a_main_table_and_a_default_group_and_goes_with_them() {
    let world = World::new(Settings::default());
    let vpc = &world.ok("DescribeVpcs", json!({}))["Vpcs"][0];
    assert_eq!(
        (&vpc["CidrBlock"], &vpc["Tags"]),
        (&json!("10.0.0.0/16"), &json!([{"Key": "Name", "Value": "demo"}]))
    );
    let main = [("association.main", "true"), ("route.gateway-id", "local")];
    assert_eq!(
        world.found("DescribeRouteTables", "RouteTables", "VpcId", &main),
        [world.vpc.as_str()]
    );
    let default = world.found(
        "DescribeSecurityGroups",
        "SecurityGroups",
        "GroupId",
        &[("group-name", "default")],
    );
    assert_eq!(world.code("DeleteSecurityGroup", json!({"GroupId": default[0]})), "CannotDelete");
    assert_eq!(world.code("DeleteVpc", json!({"VpcId": world.vpc})), "DependencyViolation");
    world.ok("DeleteSecurityGroup", json!({"GroupId": world.group}));
    for subnet in &world.subnets {
        world.ok("DeleteSubnet", json!({"SubnetId": subnet}));
    }
    world.ok("DeleteVpc", json!({"VpcId": world.vpc}));
    let account = world.emulator.account();
    assert!(account.ec2.groups.is_empty() && account.ec2.route_tables.is_empty());
}

#[test]
fn what_does_not_fit_is_refused_with_ec2_s_code() {
    let world = World::new(Settings::default());
    let (vpc, sg, subnet) = (&world.vpc, &world.group, &world.subnets[0]);
    let cases = [
        ("CreateVpc", json!({"CidrBlock": "10.0.0.0/8"}), "InvalidVpc.Range"),
        ("CreateVpc", json!({"CidrBlock": "ten"}), "InvalidParameterValue"),
        (
            "CreateSubnet",
            json!({"VpcId": vpc, "CidrBlock": "10.0.0.128/25"}),
            "InvalidSubnet.Conflict",
        ),
        ("CreateSubnet", json!({"VpcId": vpc, "CidrBlock": "10.9.0.0/24"}), "InvalidSubnet.Range"),
        (
            "CreateSubnet",
            json!({"VpcId": vpc, "CidrBlock": "10.0.9.0/24", "AvailabilityZone": "x"}),
            "InvalidParameterValue",
        ),
        (
            "CreateSubnet",
            json!({"VpcId": "vpc-0", "CidrBlock": "10.0.9.0/24"}),
            "InvalidVpcID.NotFound",
        ),
        ("DescribeSubnets", json!({"SubnetIds": ["subnet-0"]}), "InvalidSubnetID.NotFound"),
        (
            "DescribeSubnets",
            json!({"Filters": [{"Name": "colour", "Values": ["x"]}]}),
            "InvalidParameterValue",
        ),
        ("DescribeSubnets", json!({"NextToken": "nonsense"}), "InvalidParameterValue"),
        ("DescribeVpcs", json!({"DryRun": true}), "DryRunOperation"),
        ("DescribeInstances", json!({"InstanceIds": ["i-0"]}), "InvalidInstanceID.NotFound"),
        ("DescribeInstances", json!({"InstanceIds": ["node"]}), "InvalidInstanceID.Malformed"),
        ("DescribeSecurityGroups", json!({"GroupIds": ["sg-0"]}), "InvalidGroup.NotFound"),
        ("DescribeSecurityGroups", json!({"GroupIds": ["web"]}), "InvalidGroupId.Malformed"),
        (
            "CreateSecurityGroup",
            json!({"GroupName": "web", "Description": "d", "VpcId": vpc}),
            "InvalidGroup.Duplicate",
        ),
        (
            "CreateSecurityGroup",
            json!({"GroupName": "default", "Description": "d", "VpcId": vpc}),
            "InvalidParameterValue",
        ),
        (
            "CreateSecurityGroup",
            json!({"GroupName": "sg-x", "Description": "d", "VpcId": vpc}),
            "InvalidParameterValue",
        ),
        (
            "CreateSecurityGroup",
            json!({"GroupName": "x", "Description": "ü", "VpcId": vpc}),
            "InvalidParameterValue",
        ),
        ("CreateSecurityGroup", json!({"GroupName": "x", "Description": "d"}), "VPCIdNotSpecified"),
        (
            "AuthorizeSecurityGroupIngress",
            json!({"GroupId": sg, "IpPermissions": [tcp(80, json!([]))]}),
            "MissingParameter",
        ),
        (
            "AuthorizeSecurityGroupIngress",
            json!({"GroupId": sg, "IpPermissions": [{"IpProtocol": "tcp", "IpRanges": [{"CidrIp": "0.0.0.0/0"}]}]}),
            "InvalidParameterValue",
        ),
        (
            "AuthorizeSecurityGroupIngress",
            json!({"GroupId": sg, "IpPermissions": [tcp(80, json!([{"CidrIp": "0.0.0.0"}]))]}),
            "InvalidParameterValue",
        ),
        (
            "AuthorizeSecurityGroupIngress",
            json!({"GroupId": sg, "IpPermissions": [{"IpProtocol": "-1", "PrefixListIds": [{"PrefixListId": "pl-0"}]}]}),
            "InvalidPrefixListID.NotFound",
        ),
        (
            "RevokeSecurityGroupIngress",
            json!({"GroupId": sg, "SecurityGroupRuleIds": ["sgr-0"]}),
            "InvalidSecurityGroupRuleId.NotFound",
        ),
        (
            "RevokeSecurityGroupIngress",
            json!({"GroupId": sg, "IpPermissions": [tcp(1, json!([{"CidrIp": "0.0.0.0/0"}]))]}),
            "InvalidPermission.NotFound",
        ),
        (
            "CreateNetworkInterface",
            json!({"SubnetId": subnet, "PrivateIpAddress": "10.0.1.4"}),
            "InvalidParameterValue",
        ),
        (
            "CreateTags",
            json!({"Resources": ["sg-0"], "Tags": [{"Key": "a"}]}),
            "InvalidGroup.NotFound",
        ),
        (
            "CreateTags",
            json!({"Resources": [sg], "Tags": [{"Key": "aws:a"}]}),
            "InvalidParameterValue",
        ),
        ("CreateTags", json!({"Resources": ["bucket"], "Tags": [{"Key": "a"}]}), "InvalidID"),
        (
            "AssociateRouteTable",
            json!({"SubnetId": subnet, "RouteTableId": "rtb-0"}),
            "InvalidRouteTableID.NotFound",
        ),
        (
            "GetManagedPrefixListEntries",
            json!({"PrefixListId": "pl-0"}),
            "InvalidPrefixListID.NotFound",
        ),
        ("StopInstances", json!({}), "InvalidAction"),
    ];
    for (operation, input, code) in cases {
        assert_eq!(world.code(operation, input.clone()), code, "{operation} {input}");
    }
}

#[test]
fn a_rule_is_the_same_rule_whatever_its_description_and_notation() {
    let world = World::new(Settings::default());
    let group = json!(world.group);
    let before = world.group_tree(&world.group)["IpPermissionsEgress"].clone();
    let all_out = json!([{"IpProtocol": "-1", "IpRanges": [{"CidrIp": "0.0.0.0/0"}], "Ipv6Ranges": [],
                          "PrefixListIds": [], "UserIdGroupPairs": []}]);
    assert_eq!(before, all_out);
    let add = |permission: Value| json!({"GroupId": group, "IpPermissions": [permission]});
    let ranges = json!([{"CidrIp": "10.0.0.0/8", "Description": "one"}, {"CidrIp": "1.2.3.4/32"}]);
    let made = world.ok("AuthorizeSecurityGroupIngress", add(tcp(80, ranges)));
    assert_eq!(made["SecurityGroupRules"].as_array().map(Vec::len), Some(2));

    let mut again = tcp(80, json!([{"CidrIp": "10.255.0.1/8", "Description": "two"}]));
    again["IpProtocol"] = json!("6");
    let refused = world.emulator.call("ec2", "AuthorizeSecurityGroupIngress", &add(again.clone()));
    let message = "the specified rule \"peer: 10.0.0.0/8, TCP, from port: 80, to port: 80, ALLOW\" already exists";
    assert_eq!(
        refused.map_err(|f| (f.code, f.message)),
        Err(("InvalidPermission.Duplicate".into(), message.into()))
    );
    let twice = tcp(81, json!([{"CidrIp": "9.0.0.0/8"}, {"CidrIp": "9.1.0.0/8"}]));
    assert_eq!(world.code("AuthorizeSecurityGroupIngress", add(twice)), "InvalidParameterValue");

    let partly = tcp(80, json!([{"CidrIp": "10.0.0.0/8"}, {"CidrIp": "4.4.4.4/32"}]));
    assert_eq!(world.code("RevokeSecurityGroupIngress", add(partly)), "InvalidPermission.NotFound");
    let rules = world.group_tree(&world.group)["IpPermissions"][0]["IpRanges"].clone();
    assert_eq!(
        rules,
        json!([{"CidrIp": "10.0.0.0/8", "Description": "one"}, {"CidrIp": "1.2.3.4/32"}])
    );
    world.ok("RevokeSecurityGroupIngress", add(again));
    let id = &made["SecurityGroupRules"][1]["SecurityGroupRuleId"];
    world.ok("RevokeSecurityGroupIngress", json!({"GroupId": group, "SecurityGroupRuleIds": [id]}));
    assert_eq!(world.group_tree(&world.group)["IpPermissions"], json!([]));
    let by_group = [("group-id", world.group.as_str())];
    let left =
        world.found("DescribeSecurityGroupRules", "SecurityGroupRules", "IpProtocol", &by_group);
    assert_eq!(left, ["-1"]);
}

#[test]
fn a_group_in_use_stays() {
    let world = World::new(Settings::default());
    let other = world.make_group("other");
    let pair = json!([{"IpProtocol": "-1", "UserIdGroupPairs": [{"GroupId": world.group}]}]);
    let refer = json!({"GroupId": other, "IpPermissions": pair});
    let delete = || world.code("DeleteSecurityGroup", json!({"GroupId": world.group}));
    world.ok("AuthorizeSecurityGroupIngress", refer.clone());
    assert_eq!(delete(), "DependencyViolation");
    world.ok("RevokeSecurityGroupIngress", refer);

    let balancer = BalancerInterfaces {
        name: "app/web/0123456789abcdef",
        subnets: &world.subnets,
        groups: std::slice::from_ref(&world.group),
    };
    add_interfaces(&mut world.emulator.account(), &balancer).expect("subnets and group exist");
    assert_eq!(delete(), "DependencyViolation");
    assert_eq!(
        world.code("DeleteSubnet", json!({"SubnetId": world.subnets[0]})),
        "DependencyViolation"
    );
    let by = [
        ("description", "ELB app/web/*"),
        ("requester-id", "amazon-elb"),
        ("group-id", world.group.as_str()),
    ];
    let mut found = world.found("DescribeNetworkInterfaces", "NetworkInterfaces", "SubnetId", &by);
    let mut subnets = world.subnets.clone();
    found.sort();
    subnets.sort();
    assert_eq!(found, subnets);

    let moved = BalancerInterfaces { subnets: &world.subnets[..1], groups: &[other], ..balancer };
    add_interfaces(&mut world.emulator.account(), &moved).expect("subnets and group exist");
    world.ok("DeleteSecurityGroup", json!({"GroupId": world.group}));
    world.ok("DeleteSubnet", json!({"SubnetId": world.subnets[1]}));
    remove_interfaces(&mut world.emulator.account(), moved.name);
    assert!(world.emulator.account().ec2.interfaces.is_empty());
}

#[test]
fn quotas_count_as_ec2_counts() {
    let quotas = Quotas {
        rules_per_security_group: 2,
        security_groups_per_interface: 1,
        ..Quotas::default()
    };
    let world = World::new(Settings { quotas, ..Settings::default() });
    let list = world.ok(
        "CreateManagedPrefixList",
        json!({"PrefixListName": "p", "MaxEntries": 2,
        "AddressFamily": "IPv4", "Entries": [{"Cidr": "10.0.0.0/8"}]}),
    );
    let list = &list["PrefixList"]["PrefixListId"];
    let entries = world.ok("GetManagedPrefixListEntries", json!({"PrefixListId": list}));
    assert_eq!(entries["Entries"], json!([{"Cidr": "10.0.0.0/8"}]));
    let add = |permission: Value| {
        world.code(
            "AuthorizeSecurityGroupIngress",
            json!({"GroupId": world.group, "IpPermissions": [permission]}),
        )
    };
    assert!(
        add(json!({"IpProtocol": "-1", "PrefixListIds": [{"PrefixListId": list}]}))
            .starts_with("ok")
    );
    assert_eq!(
        add(tcp(80, json!([{"CidrIp": "0.0.0.0/0"}]))),
        "RulesPerSecurityGroupLimitExceeded"
    );
    let v6 = json!({"IpProtocol": "tcp", "FromPort": 1, "ToPort": 1, "Ipv6Ranges": [{"CidrIpv6": "::/0"}]});
    assert!(add(v6).starts_with("ok"));
    let two = json!({"SubnetId": world.subnets[0], "Groups": [world.group, world.make_group("b")]});
    assert_eq!(
        world.code("CreateNetworkInterface", two),
        "SecurityGroupsPerInterfaceLimitExceeded"
    );
}

#[test]
fn instances_hold_interfaces_and_addresses() {
    let world = World::new(Settings::default());
    let interfaces = json!([
        {"DeviceIndex": 0, "SubnetId": world.subnets[0], "Groups": [world.group]},
        {"DeviceIndex": 1, "SubnetId": world.subnets[0], "Groups": [world.group],
         "SecondaryPrivateIpAddressCount": 2, "Ipv4PrefixCount": 1}]);
    let tags = json!([{"ResourceType": "instance", "Tags": [{"Key": "Name", "Value": "node"}]}]);
    let started = world.ok(
        "RunInstances",
        json!({"ImageId": "ami-1", "MinCount": 1, "MaxCount": 1,
        "NetworkInterfaces": interfaces, "TagSpecifications": tags}),
    );
    let node = &started["Instances"][0];
    assert_eq!(node["PrivateIpAddress"], "10.0.0.4");
    let second = &node["NetworkInterfaces"][1];
    assert_eq!(second["Ipv4Prefixes"], json!([{"Ipv4Prefix": "10.0.0.16/28"}]));
    let by = |filter: &str, value: &str| {
        world.found(
            "DescribeNetworkInterfaces",
            "NetworkInterfaces",
            "NetworkInterfaceId",
            &[(filter, value)],
        )
    };
    assert_eq!(
        by("addresses.private-ip-address", "10.0.0.7"),
        [text(&second["NetworkInterfaceId"])]
    );
    world.ok(
        "AssignPrivateIpAddresses",
        json!({"NetworkInterfaceId": second["NetworkInterfaceId"],
        "PrivateIpAddresses": ["10.0.0.99"]}),
    );
    assert_eq!(
        by("addresses.private-ip-address", "10.0.0.9?"),
        [text(&second["NetworkInterfaceId"])]
    );
    let free = &world.ok("DescribeSubnets", json!({"SubnetIds": [world.subnets[0]]}))["Subnets"][0];
    assert_eq!(free["AvailableIpAddressCount"], 256 - 5 - 5 - 16);
    let taken = json!({"SubnetId": world.subnets[0], "PrivateIpAddress": "10.0.0.17"});
    assert_eq!(world.code("CreateNetworkInterface", taken), "InvalidIPAddress.InUse");

    let named =
        [("tag:Name", "n*e"), ("vpc-id", world.vpc.as_str()), ("instance-state-name", "running")];
    let reservations = world.found("DescribeInstances", "Reservations", "ReservationId", &named);
    assert_eq!(reservations, [text(&started["ReservationId"])]);
    world.ok("TerminateInstances", json!({"InstanceIds": [node["InstanceId"]]}));
    assert!(by("vpc-id", &world.vpc).is_empty());
    assert_eq!(
        world.found("DescribeInstances", "Reservations", "ReservationId", &named),
        Vec::<String>::new()
    );
}

#[test]
fn a_full_subnet_gives_no_address() {
    let world = World::new(Settings::default());
    let make = || world.code("CreateNetworkInterface", json!({"SubnetId": world.subnets[1]}));
    for _ in 0..11 {
        assert!(make().starts_with("ok"));
    }
    assert_eq!(make(), "InsufficientFreeAddressesInSubnet");
}

#[test]
fn tags_come_go_and_are_found() {
    let quotas = Quotas { tags_per_resource: 2, ..Quotas::default() };
    let world = World::new(Settings { quotas, ..Settings::default() });
    let both = json!([world.group, world.subnets[0]]);
    let tags = json!([{"Key": "kubernetes.io/cluster/demo", "Value": "owned"}, {"Key": "a*", "Value": ""}]);
    world.ok("CreateTags", json!({"Resources": both, "Tags": tags}));
    let third = json!({"Resources": both, "Tags": [{"Key": "b", "Value": "c"}]});
    assert_eq!(world.code("CreateTags", third), "TagLimitExceeded");
    let find = |filter: &str, value: &str| {
        world.found("DescribeSecurityGroups", "SecurityGroups", "GroupId", &[(filter, value)])
    };
    assert_eq!(find("tag:kubernetes.io/cluster/demo", "own*"), [world.group.as_str()]);
    assert_eq!(find("tag-key", "a\\*"), [world.group.as_str()]);
    assert_eq!(find("tag-key", "b\\*"), Vec::<String>::new());
    let listed = world.found("DescribeTags", "Tags", "ResourceType", &[("key", "a?")]);
    assert_eq!(listed, ["security-group", "subnet"]);
    let wrong = json!([{"Key": "a*", "Value": "other"}]);
    world.ok("DeleteTags", json!({"Resources": both, "Tags": wrong}));
    assert_eq!(find("tag-key", "a*"), [world.group.as_str()]);
    world.ok("DeleteTags", json!({"Resources": both, "Tags": [{"Key": "a*"}]}));
    assert_eq!(find("tag-key", "a*"), Vec::<String>::new());
}

#[test]
fn pages_cover_everything_once() {
    let world = World::new(Settings::default());
    for name in ["b", "c", "d", "e", "f"] {
        world.make_group(name);
    }
    let mut seen = Vec::new();
    let mut token = Value::Null;
    loop {
        let page = world.ok("DescribeSecurityGroups", json!({"MaxResults": 5, "NextToken": token}));
        seen.extend(
            page["SecurityGroups"].as_array().into_iter().flatten().map(|g| text(&g["GroupName"])),
        );
        token = page["NextToken"].clone();
        if token.is_null() {
            break;
        }
        assert_eq!(seen.len(), 5);
    }
    seen.sort();
    assert_eq!(seen, ["b", "c", "d", "default", "e", "f", "web"]);
}

#[test]
fn a_subnet_follows_its_own_table_else_the_main_one() {
    let world = World::new(Settings::default());
    let gateway =
        world.ok("CreateInternetGateway", json!({}))["InternetGateway"]["InternetGatewayId"]
            .clone();
    let attach = json!({"VpcId": world.vpc, "InternetGatewayId": gateway});
    world.ok("AttachInternetGateway", attach.clone());
    assert_eq!(world.code("AttachInternetGateway", attach), "Resource.AlreadyAssociated");
    let table =
        world.ok("CreateRouteTable", json!({"VpcId": world.vpc}))["RouteTable"]["RouteTableId"]
            .clone();
    let route =
        json!({"RouteTableId": table, "DestinationCidrBlock": "0.0.0.0/0", "GatewayId": gateway});
    world.ok("CreateRoute", route.clone());
    assert_eq!(world.code("CreateRoute", route), "RouteAlreadyExists");
    let associate = json!({"RouteTableId": table, "SubnetId": world.subnets[0]});
    world.ok("AssociateRouteTable", associate.clone());
    assert_eq!(world.code("AssociateRouteTable", associate), "Resource.AlreadyAssociated");
    let account = world.emulator.account();
    let routed = |subnet: &String| {
        let table = account.ec2.subnet(subnet).ok().and_then(|s| account.ec2.route_table_of(s));
        table.map(|table| table.routes.len())
    };
    assert_eq!((routed(&world.subnets[0]), routed(&world.subnets[1])), (Some(2), Some(1)));
}
