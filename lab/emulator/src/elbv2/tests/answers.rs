//! What the operations answer when nothing is wrong.

use jiff::SignedDuration;
use serde_json::{Value, json};

use super::{World, forward, path, text, with};
use crate::Settings;

fn rules(world: &World, listener: &str) -> Vec<Value> {
    let answer = world.ok("DescribeRules", json!({ "ListenerArn": listener }));
    answer["Rules"].as_array().cloned().unwrap_or_default()
}

fn attributes(world: &World, operation: &str, member: &str, arn: &str) -> Vec<(String, String)> {
    let answer = world.ok(operation, json!({ member: arn }));
    let list = answer["Attributes"].as_array().cloned().unwrap_or_default();
    list.iter().map(|one| (text(&one["Key"]), text(&one["Value"]))).collect()
}

#[test]
fn load_balancers_have_aws_names_and_become_active_in_time() {
    let settings = Settings { provisioning: SignedDuration::from_mins(2), ..Settings::default() };
    let world = World::with(settings);
    let internal = world.balancer("inner", json!({ "Scheme": "internal" }));
    let one = |arn: &str| {
        let input = json!({ "LoadBalancerArns": [arn] });
        world.ok("DescribeLoadBalancers", input)["LoadBalancers"][0].clone()
    };
    let dns = |arn: &str| text(&one(arn)["DNSName"]);
    assert!(dns(&world.alb).starts_with("alb-"), "{}", dns(&world.alb));
    assert!(dns(&world.alb).ends_with(".us-west-2.elb.amazonaws.com"));
    assert!(dns(&internal).starts_with("internal-inner-"));
    assert!(dns(&world.nlb).ends_with(".elb.us-west-2.amazonaws.com"));
    assert_eq!(one(&world.alb)["CanonicalHostedZoneId"], "Z1H1FL5HABSF5");
    assert_eq!(one(&world.nlb)["CanonicalHostedZoneId"], "Z18D5FSROUN65G");
    assert!(world.nlb.contains(":loadbalancer/net/nlb/"));
    assert!(world.tcp_listener.contains(":listener/net/nlb/"));
    let group = world.emulator.account().ec2.default_group(&world.vpc).expect("it has one").clone();
    assert_eq!(one(&world.alb)["SecurityGroups"], json!([group.group_id]), "ALBs get the default");
    assert_eq!(one(&world.nlb)["SecurityGroups"], Value::Null);
    assert_eq!(one(&world.alb)["State"]["Code"], "provisioning");
    world.emulator.advance(SignedDuration::from_mins(3));
    assert_eq!(one(&world.alb)["State"]["Code"], "active");
}

#[test]
fn the_same_again_is_the_same_thing() {
    let world = World::new();
    assert_eq!(world.balancer("alb", json!({})), world.alb);
    let turned = json!({ "Subnets": [world.subnets[1], world.subnets[0]] });
    assert_eq!(world.balancer("alb", turned), world.alb, "subnets are a set");
    assert_eq!(world.target_group("group", json!({})), world.group);
    let input = world.listener_input(&world.alb, 80, "HTTP", forward(&world.group));
    assert_eq!(world.ok("CreateListener", input)["Listeners"][0]["ListenerArn"], world.http);
}

#[test]
fn actions_and_conditions_come_back_in_both_forms() {
    let world = World::new();
    let conditions = json!([
        { "Field": "host-header", "HostHeaderConfig": { "Values": ["a.example.com"] } },
        { "Field": "path-pattern", "Values": ["/a"] },
        { "Field": "query-string", "QueryStringConfig": { "Values": [{ "Value": "v" }] } },
    ]);
    world.rule(7, json!({ "Conditions": conditions }));
    let rule = rules(&world, &world.http)[0].clone();
    assert_eq!(rule["Priority"], "7");
    assert_eq!(rule["Conditions"][0]["Values"], json!(["a.example.com"]));
    assert_eq!(rule["Conditions"][1]["PathPatternConfig"], json!({ "Values": ["/a"] }));
    assert_eq!(rule["Conditions"][2]["Values"], Value::Null);
    let single = json!([{
        "Type": "forward",
        "TargetGroupArn": world.group,
        "ForwardConfig": {
            "TargetGroups": [{ "TargetGroupArn": world.group, "Weight": 1 }],
            "TargetGroupStickinessConfig": { "Enabled": false },
        },
    }]);
    assert_eq!(rule["Actions"], single);
    let two = json!([{ "Type": "forward", "ForwardConfig": { "TargetGroups": [
        { "TargetGroupArn": world.group, "Weight": 0 }, { "TargetGroupArn": world.spare },
    ] } }]);
    let two = world.ok("ModifyRule", json!({ "RuleArn": rule["RuleArn"], "Actions": two }));
    let two = &two["Rules"][0]["Actions"][0];
    assert_eq!(two["TargetGroupArn"], Value::Null);
    assert_eq!(two["ForwardConfig"]["TargetGroups"][0]["Weight"], 0);
    assert_eq!(two["ForwardConfig"]["TargetGroups"][1]["Weight"], 1);
    let away = json!([{ "Type": "redirect",
        "RedirectConfig": { "Protocol": "HTTPS", "Port": "443", "StatusCode": "HTTP_301" } }]);
    let away =
        world.ok("ModifyListener", json!({ "ListenerArn": world.http, "DefaultActions": away }));
    let expected = json!({ "Protocol": "HTTPS", "Port": "443", "Host": "#{host}",
        "Path": "/#{path}", "Query": "#{query}", "StatusCode": "HTTP_301" });
    assert_eq!(away["Listeners"][0]["DefaultActions"][0]["RedirectConfig"], expected);
    let default = rules(&world, &world.http)[1].clone();
    assert_eq!(default["Actions"][0]["RedirectConfig"], expected, "the default rule follows");
}

#[test]
fn the_client_secret_is_kept_to_itself() {
    let world = World::new();
    let oidc = json!({ "Issuer": "https://i", "AuthorizationEndpoint": "https://i/a",
        "TokenEndpoint": "https://i/t", "UserInfoEndpoint": "https://i/u",
        "ClientId": "id", "ClientSecret": "secret" });
    let actions = json!([
        { "Type": "forward", "Order": 2, "TargetGroupArn": world.group },
        { "Type": "authenticate-oidc", "Order": 1, "AuthenticateOidcConfig": oidc },
    ]);
    let more = json!({ "ListenerArn": world.https, "Actions": actions });
    world.rule(1, more.clone());
    let actions = rules(&world, &world.https)[0]["Actions"].clone();
    let config = &actions[0]["AuthenticateOidcConfig"];
    assert_eq!(config["ClientSecret"], Value::Null);
    assert_eq!(config["SessionCookieName"], "AWSELBAuthSessionCookie");
    assert_eq!(config["SessionTimeout"], 604_800);
    let plain = world.rule_input(1, with(more, json!({ "ListenerArn": world.http })));
    assert_eq!(world.code("CreateRule", &plain), "InvalidLoadBalancerAction", "not on HTTP");
}

#[test]
fn rules_are_tried_by_priority_and_may_swap() {
    let world = World::new();
    let (first, second) = (world.rule(5, json!({})), world.rule(50, json!({})));
    let order = || -> Vec<String> {
        rules(&world, &world.http).iter().map(|rule| text(&rule["Priority"])).collect()
    };
    assert_eq!(order(), ["5", "50", "default"]);
    let swap = json!({ "RulePriorities": [{ "RuleArn": first, "Priority": 50 },
                                          { "RuleArn": second, "Priority": 5 }] });
    world.ok("SetRulePriorities", swap);
    assert_eq!(rules(&world, &world.http)[0]["RuleArn"], second);
    assert_eq!(order(), ["5", "50", "default"]);
    world.ok("DeleteRule", json!({ "RuleArn": second }));
    assert_eq!(order(), ["50", "default"]);
}

#[test]
fn transforms_are_kept_until_they_are_reset() {
    let world = World::new();
    let rewrite = json!([{ "Type": "url-rewrite", "UrlRewriteConfig":
        { "Rewrites": [{ "Regex": "^/a(.*)$", "Replace": "/b$1" }] } }]);
    let rule = world.rule(1, json!({ "Transforms": rewrite }));
    world.ok("ModifyRule", json!({ "RuleArn": rule, "Conditions": path("/c") }));
    assert_eq!(rules(&world, &world.http)[0]["Transforms"], rewrite);
    world.ok("ModifyRule", json!({ "RuleArn": rule, "ResetTransforms": true }));
    assert_eq!(rules(&world, &world.http)[0]["Transforms"], Value::Null);
}

#[test]
fn target_groups_have_the_defaults_of_their_protocol() {
    let world = World::new();
    let cases = [
        (json!({}), json!(["HTTP", "traffic-port", 30, 5, 5, 2, "/", { "HttpCode": "200" }])),
        (
            json!({ "ProtocolVersion": "GRPC" }),
            json!(["HTTP", "traffic-port", 30, 5, 5, 2, "/AWS.ALB/healthcheck", { "GrpcCode": "12" }]),
        ),
        (json!({ "Protocol": "UDP" }), json!(["TCP", "traffic-port", 30, 10, 5, 2, null, null])),
        (
            json!({ "Protocol": "TCP", "HealthCheckProtocol": "HTTP" }),
            json!(["HTTP", "traffic-port", 30, 6, 5, 2, "/", { "HttpCode": "200-399" }]),
        ),
    ];
    let members = [
        "HealthCheckProtocol",
        "HealthCheckPort",
        "HealthCheckIntervalSeconds",
        "HealthCheckTimeoutSeconds",
        "HealthyThresholdCount",
        "UnhealthyThresholdCount",
        "HealthCheckPath",
        "Matcher",
    ];
    for (index, (more, expected)) in cases.into_iter().enumerate() {
        let arn = world.target_group(&format!("t{index}"), more.clone());
        let answer = world.ok("DescribeTargetGroups", json!({ "TargetGroupArns": [arn] }));
        let found = &answer["TargetGroups"][0];
        let found: Vec<&Value> = members.iter().map(|member| &found[*member]).collect();
        assert_eq!(json!(found), expected, "{more}");
    }
}

#[test]
fn attributes_start_with_the_defaults_of_their_kind() {
    let world = World::new();
    let of =
        |arn: &str| attributes(&world, "DescribeLoadBalancerAttributes", "LoadBalancerArn", arn);
    let has = |all: &[(String, String)], key: &str, value: &str| {
        all.contains(&(key.to_owned(), value.to_owned()))
    };
    let (alb, nlb) = (of(&world.alb), of(&world.nlb));
    assert_eq!((alb.len(), nlb.len()), (23, 9), "as many as the model describes");
    assert!(has(&alb, "idle_timeout.timeout_seconds", "60"));
    assert!(has(&alb, "load_balancing.cross_zone.enabled", "true"));
    assert!(has(&nlb, "load_balancing.cross_zone.enabled", "false"));
    let groups =
        |arn: &str| attributes(&world, "DescribeTargetGroupAttributes", "TargetGroupArn", arn);
    assert!(has(&groups(&world.group), "stickiness.type", "lb_cookie"));
    assert!(has(&groups(&world.tcp), "preserve_client_ip.enabled", "false"), "ip and TCP");
    let set = json!([{ "Key": "deregistration_delay.timeout_seconds", "Value": "5" }]);
    let input = json!({ "TargetGroupArn": world.group, "Attributes": set });
    world.ok("ModifyTargetGroupAttributes", input);
    assert!(has(&groups(&world.group), "deregistration_delay.timeout_seconds", "5"));
    let http = attributes(&world, "DescribeListenerAttributes", "ListenerArn", &world.http);
    assert!(has(&http, "routing.http.response.server.enabled", "true"));
}

#[test]
fn certificates_of_a_listener_come_and_go() {
    let world = World::new();
    let more = crate::acm::issue(&mut world.emulator.account(), "example.org", &[]);
    let more = more.expect("a plain name");
    let given = json!({ "ListenerArn": world.https, "Certificates": [{ "CertificateArn": more }] });
    let listed = || {
        let answer =
            world.ok("DescribeListenerCertificates", json!({ "ListenerArn": world.https }));
        answer["Certificates"].as_array().cloned().unwrap_or_default()
    };
    let default = json!({ "CertificateArn": world.certificate, "IsDefault": true });
    world.ok("AddListenerCertificates", given.clone());
    world.ok("AddListenerCertificates", given.clone());
    assert_eq!(listed(), [default.clone(), json!({ "CertificateArn": more, "IsDefault": false })]);
    world.ok("RemoveListenerCertificates", given);
    assert_eq!(listed(), [default]);
    world.ok("ModifyListener", json!({ "ListenerArn": world.https, "Protocol": "HTTP" }));
    assert!(listed().is_empty(), "HTTP has none");
}

#[test]
fn lists_come_in_pages() {
    let world = World::new();
    let mut input = json!({ "PageSize": 2 });
    let mut names = Vec::new();
    loop {
        let answer = world.ok("DescribeTargetGroups", input);
        let page = answer["TargetGroups"].as_array().cloned().unwrap_or_default();
        assert!(page.len() <= 2);
        names.extend(page.iter().map(|group| text(&group["TargetGroupName"])));
        if answer["NextMarker"].is_null() {
            break;
        }
        input = json!({ "PageSize": 2, "Marker": answer["NextMarker"] });
    }
    names.sort();
    assert_eq!(names, ["group", "spare", "tcp"]);
}

#[test]
fn a_deleted_load_balancer_takes_its_own_and_frees_the_rest() {
    let world = World::new();
    let own = json!({ "SecurityGroups": [world.security_group], "Subnets": world.subnets[1..3] });
    let input = json!({ "LoadBalancerArn": world.alb });
    world.ok("SetSecurityGroups", with(input.clone(), own.clone()).take_only("SecurityGroups"));
    world.ok("SetSubnets", with(input.clone(), own).take_only("Subnets"));
    let interfaces = || {
        let account = world.emulator.account();
        let all = account.ec2.interfaces.values();
        let own = all.filter(|one| one.description.contains("app/alb/"));
        own.map(|one| (one.subnet_id.clone(), one.groups[0].group_id.clone())).collect::<Vec<_>>()
    };
    assert_eq!(interfaces().len(), 2);
    for (subnet, group) in interfaces() {
        assert!(world.subnets[1..3].contains(&subnet), "interfaces follow the subnets");
        assert_eq!(group, world.security_group, "and the groups");
    }
    world.register(&world.group, &["10.0.0.5"]);
    world.ok("DeleteLoadBalancer", input.clone());
    assert!(interfaces().is_empty());
    world.ok("DeleteLoadBalancer", input);
    assert_eq!(
        world.code("DescribeRules", &json!({ "ListenerArn": world.http })),
        "ListenerNotFound"
    );
    let health = world.ok("DescribeTargetHealth", json!({ "TargetGroupArn": world.group }));
    let health = &health["TargetHealthDescriptions"][0]["TargetHealth"];
    assert_eq!(
        (&health["State"], &health["Reason"]),
        (&json!("unused"), &json!("Target.NotInUse"))
    );
    world.ok("DeleteTargetGroup", json!({ "TargetGroupArn": world.group }));
}

trait TakeOnly {
    fn take_only(self, member: &str) -> Value;
}

impl TakeOnly for Value {
    /// The load balancer's ARN and one more member.
    fn take_only(self, member: &str) -> Value {
        json!({ "LoadBalancerArn": self["LoadBalancerArn"], member: self[member] })
    }
}
