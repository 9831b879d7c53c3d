//! Questions and their answers.

use std::collections::{BTreeMap, BTreeSet};

use inroad_aws::gather;
use inroad_emulator::Fault;
use inroad_emulator::faults::{Effect, Script};
use inroad_plan::Op;
use inroad_words::facts::Need;
use inroad_words::quota::Quota;
use inroad_words::targets::TargetGroup;
use inroad_words::{Arn, Field, ResourceKind};
use serde_json::json;

use crate::world::{World, connect, key, text};

#[tokio::test]
async fn a_network_is_told_with_what_leads_out_of_it() {
    let world = World::new().await;
    let vpc = &world.own.vpc;
    let gateway = world.ask("ec2", "CreateInternetGateway", json!({}));
    let gateway = text(&gateway["InternetGateway"]["InternetGatewayId"]);
    let input = json!({"InternetGatewayId": gateway, "VpcId": vpc});
    world.ask("ec2", "AttachInternetGateway", input);
    let table = world.ask("ec2", "CreateRouteTable", json!({"VpcId": vpc}));
    let table = text(&table["RouteTable"]["RouteTableId"]);
    let route = json!({"RouteTableId": table, "DestinationCidrBlock": "0.0.0.0/0",
                       "GatewayId": gateway});
    world.ask("ec2", "CreateRoute", route);
    let input = json!({"RouteTableId": table, "SubnetId": world.subnets[0]});
    world.ask("ec2", "AssociateRouteTable", input);
    let tags = json!([{"Key": "kubernetes.io/role/elb", "Value": "1"}]);
    world.ask("ec2", "CreateTags", json!({"Resources": [world.subnets[0]], "Tags": tags}));

    let facts = gather(&world.aws, &BTreeSet::from([Need::Vpc, Need::Subnets]), vpc).await;
    assert!(facts.missing.is_empty(), "{:?}", facts.missing);
    let cidrs = facts.vpc.expect("it was asked for").cidrs;
    assert_eq!(cidrs, BTreeSet::from(["10.0.0.0/16".to_owned()]));
    assert_eq!(facts.subnets.len(), 3);
    let public: Vec<_> = facts.subnets.values().filter(|s| s.public).map(|s| &s.id).collect();
    assert_eq!(public, [&world.subnets[0]]);
    let subnet = &facts.subnets[&world.subnets[0]];
    assert_eq!((subnet.zone.as_str(), subnet.cidr.as_str()), ("us-west-2a", "10.0.0.0/24"));
    assert_eq!((subnet.locale.as_str(), subnet.available_addresses), ("availability-zone", 251));
    assert_eq!(subnet.tags["kubernetes.io/role/elb"], "1");
    gather(&world.aws, &BTreeSet::from([Need::Subnets]), vpc).await;
    let calls = world.aws.calls();
    assert_eq!(calls["ec2:DescribeSubnets"], 1, "a network is remembered");
    assert!(!calls.contains_key("ec2:DescribeAvailabilityZones"), "the names say enough");
    world.aws.forget();
    gather(&world.aws, &BTreeSet::from([Need::Subnets]), vpc).await;
    assert_eq!(world.aws.calls()["ec2:DescribeSubnets"], 2);
}

#[tokio::test]
async fn certificates_are_told_by_name_whatever_their_key() {
    let world = World::new().await;
    let rsa = world.certificate("a.example.com", "RSA_2048");
    let ec = world.certificate("*.example.com", "EC_prime256v1");
    let pending = json!({"DomainName": "b.example.com", "ValidationMethod": "DNS"});
    world.ask("acm", "RequestCertificate", pending);
    let facts = gather(&world.aws, &BTreeSet::from([Need::Certificates]), &world.own.vpc).await;
    let told = facts.certificates.into_values().map(|one| (one.arn, one.names));
    let names = |name: &str| BTreeSet::from([name.to_owned()]);
    let wanted = [(rsa.0, names("a.example.com")), (ec.0, names("*.example.com"))];
    assert_eq!(told.collect::<BTreeSet<_>>(), BTreeSet::from(wanted));
    assert!(!world.aws.calls().contains_key("acm:DescribeCertificate"));
}

#[tokio::test]
async fn trust_stores_and_authorities_are_told_and_the_unknown_left_out() {
    let world = World::new().await;
    let staff = world.trust_store("staff");
    let [public, private] =
        ["a", "b"].map(|it| world.certificate(&format!("{it}.example.com"), "RSA_2048"));
    {
        let mut account = world.emulator.account();
        let one = account.acm.certificates.get_mut(&private.0).expect("it was made");
        one.kind = "PRIVATE".into();
        one.details.insert("CertificateAuthorityArn".into(), "arn:aws:acm-pca:ca-1".into());
    }
    let names = ["staff", "absent"].map(str::to_owned).into();
    let needs = BTreeSet::from([Need::TrustStores(names), Need::CertificateAuthorities]);
    for _ in 0..2 {
        let facts = gather(&world.aws, &needs, &world.own.vpc).await;
        assert!(facts.missing.is_empty(), "{:?}", facts.missing);
        assert_eq!(facts.trust_stores, [("staff".to_owned(), staff.clone())].into());
        let authority = (private.0.clone(), "arn:aws:acm-pca:ca-1".to_owned());
        assert_eq!(facts.authorities, [authority].into(), "{public:?} has none");
    }
    let calls = world.aws.calls();
    assert_eq!(calls["elasticloadbalancing:DescribeTrustStores"], 3, "what is there is remembered");
    assert_eq!(calls["acm:DescribeCertificate"], 1, "only private ones are looked at, once");
}

#[tokio::test]
async fn groups_and_interfaces_are_told_and_the_unknown_left_out() {
    let world = World::new().await;
    let vpc = &world.own.vpc;
    let tags = json!([{"ResourceType": "security-group",
                       "Tags": [{"Key": "Name", "Value": "web"}]}]);
    let input = json!({"GroupName": "web", "Description": "d", "VpcId": vpc,
                       "TagSpecifications": tags});
    let web = text(&world.ask("ec2", "CreateSecurityGroup", input)["GroupId"]);
    let input = json!({"ImageId": "ami-1", "MinCount": 1, "MaxCount": 1,
                       "SubnetId": world.subnets[0], "SecurityGroupIds": [web]});
    let run = world.ask("ec2", "RunInstances", input);
    let instance = &run["Instances"][0];
    let (id, address) = (text(&instance["InstanceId"]), text(&instance["PrivateIpAddress"]));
    let gone = "i-0123456789abcdef0".to_owned();

    let of = [id.clone(), address.clone(), gone, "10.0.9.9".to_owned()];
    let of: BTreeMap<String, Option<String>> = of.into_iter().map(|it| (it, None)).collect();
    let names = ["web", "absent", "sg-0123456789abcdef0"].map(str::to_owned).into();
    let needs = BTreeSet::from([Need::Interfaces(of), Need::SecurityGroups(names)]);
    let facts = gather(&world.aws, &needs, vpc).await;
    assert!(facts.missing.is_empty(), "{:?}", facts.missing);
    assert_eq!(facts.security_groups.keys().collect::<Vec<_>>(), [&web]);
    assert_eq!(facts.interfaces.keys().collect::<BTreeSet<_>>(), BTreeSet::from([&id, &address]));
    let interface = &facts.interfaces[&id];
    assert_eq!(interface, &facts.interfaces[&address]);
    assert_eq!(interface.groups, [facts.security_groups[&web].clone()]);
}

#[tokio::test]
async fn a_question_that_is_refused_takes_no_other_with_it() {
    let world = World::new().await;
    let fault = Fault::new("AccessDeniedException", "not authorized");
    world.emulator.script(Script::new("acm", "ListCertificates", 1, Effect::Refuse(fault)));
    let needs = BTreeSet::from([Need::Certificates, Need::Vpc, Need::Zones]);
    let facts = gather(&world.aws, &needs, &world.own.vpc).await;
    assert!(facts.vpc.is_some());
    assert_eq!(facts.missing.keys().collect::<Vec<_>>(), [&Need::Certificates]);
    let why = &facts.missing[&Need::Certificates];
    assert!(why.contains("acm:ListCertificates"), "{why}");

    let unknown = gather(&world.aws, &BTreeSet::from([Need::Vpc]), "vpc-0123456789abcdef0").await;
    assert!(unknown.missing[&Need::Vpc].contains("InvalidVpcID.NotFound"));
}

#[tokio::test]
async fn every_page_of_a_listing_is_read() {
    let world = World::new().await;
    for number in 0..1001 {
        let input = json!({"GroupName": format!("g{number}"), "Description": "d",
            "VpcId": world.own.vpc, "TagSpecifications": [{"ResourceType": "security-group",
            "Tags": [{"Key": "Name", "Value": "many"}]}]});
        world.ask("ec2", "CreateSecurityGroup", input);
    }
    let names = BTreeSet::from(["many".to_owned()]);
    let needs = BTreeSet::from([Need::SecurityGroups(names)]);
    let facts = gather(&world.aws, &needs, &world.own.vpc).await;
    assert_eq!(facts.security_groups.len(), 1001, "{:?}", facts.missing);
    assert_eq!(world.aws.calls()["ec2:DescribeSecurityGroups"], 2);
}

#[tokio::test]
async fn target_groups_of_others_are_found_by_name() {
    let world = World::new().await;
    let need = || BTreeSet::from([Need::TargetGroups(["theirs".into(), "later".into()].into())]);
    let make = |name: &str| {
        let input = json!({"Name": name, "Protocol": "HTTP", "Port": 80, "VpcId": world.own.vpc});
        let made = world.ask("elasticloadbalancing", "CreateTargetGroup", input);
        text(&made["TargetGroups"][0]["TargetGroupArn"])
    };
    let theirs = make("theirs");
    let facts = gather(&world.aws, &need(), &world.own.vpc).await;
    assert!(facts.missing.is_empty(), "{:?}", facts.missing);
    assert_eq!(facts.target_groups, BTreeMap::from([("theirs".to_owned(), theirs.clone())]));
    let later = make("later");
    let facts = gather(&world.aws, &need(), &world.own.vpc).await;
    let both = [("theirs".to_owned(), theirs), ("later".to_owned(), later)];
    assert_eq!(facts.target_groups, BTreeMap::from(both));
    let calls = world.aws.calls();
    assert_eq!(calls["elasticloadbalancing:DescribeTargetGroups"], 3, "only what is known is kept");
}

/// What AWS tells of its quotas; without the permission, what it has refused. Neither is ever missing.
#[tokio::test]
async fn quotas_are_told_or_refused() {
    let mut world = World::new().await;
    let needs = BTreeSet::from([Need::Limits]);
    let told = gather(&world.aws, &needs, &world.own.vpc).await;
    assert_eq!(told.limits.told[&Quota::Rules], 100);
    assert_eq!(told.limits.told[&Quota::LoadBalancers], 50);
    assert!(!told.limits.told.contains_key(&Quota::GroupRules), "EC2 tells nothing");
    assert!(told.limits.refused.is_empty() && told.missing.is_empty());
    gather(&world.aws, &needs, &world.own.vpc).await;
    assert_eq!(world.aws.calls()["elasticloadbalancing:DescribeAccountLimits"], 1, "asked once");

    world.aws = connect(&world.emulator).await;
    let fault = Fault::new("AccessDenied", "not authorized");
    let script =
        Script::new("elasticloadbalancing", "DescribeAccountLimits", 1, Effect::Refuse(fault));
    world.emulator.script(script);
    world.emulator.account().settings.quotas.target_groups = 1;
    let group = |name: &str| Op::CreateTargetGroup {
        key: key(ResourceKind::TargetGroup),
        spec: TargetGroup { name: name.into(), ..world.target_group() },
    };
    let made = world.op(group("one")).await;
    world.try_op(&group("two")).await.expect_err("there is no room");
    let denied = gather(&world.aws, &needs, &world.own.vpc).await;
    assert!(denied.limits.told.is_empty() && denied.missing.is_empty());
    assert_eq!(denied.limits.refused, BTreeSet::from([Quota::TargetGroups]));
    world.op(Op::DeleteTargetGroup { arn: Arn(made[&Field::Arn].clone()) }).await;
    let free = gather(&world.aws, &needs, &world.own.vpc).await;
    assert!(free.limits.refused.is_empty(), "there is room again");
    assert_eq!(world.aws.calls()["elasticloadbalancing:DescribeAccountLimits"], 1, "nor again");
}
