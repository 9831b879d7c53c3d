use inroad_words::{
    balancer::{Condition, ListenerProtocol, Patterns, Rewrite, Stickiness, Transform},
    targets::{PortRef, TargetType},
};
use serde_json::json;

use super::*;
use crate::{
    shape,
    testing::{
        CART, balancer, controller, facts, https, listener, redirect, route, said, stack, to_cart,
    },
};
use inroad_intent::{
    Intent,
    model::{Goal, RouteAction},
};

/// The parts of the schema that the golden stacks of the whole build seldom reach.
#[test]
fn rare_parts_are_spelt_as_the_peer_spells_them() {
    let mut asked = route(&[], &[], redirect(|it| it.port = Some("8443".into())));
    asked.tags.insert("team".into(), said("web"));
    asked.conditions.extend([
        Condition::HttpHeader {
            name: "X-A".into(),
            patterns: Patterns { values: vec![], regex_values: vec!["^a".into()] },
        },
        Condition::HttpRequestMethod(vec!["GET".into()]),
        Condition::QueryString(vec![(None, "v".into()), (Some("k".into()), "w".into())]),
        Condition::SourceIp(vec!["10.0.0.0/8".into()]),
    ]);
    let rewrite = Rewrite { regex: "^/a".into(), replace: "/b".into() };
    asked.transforms.push(Transform::UrlRewrite(vec![rewrite.clone()]));
    asked.transforms.push(Transform::HostHeaderRewrite(vec![rewrite]));
    let secure = https(&["arn:own"], &[], vec![asked]);
    let mut sticky = listener(ListenerProtocol::Http, vec![]);
    sticky.attributes.insert("routing.http.response.server.enabled".into(), said("false"));
    sticky.default = said(RouteAction::Forward {
        targets: vec![
            (Goal::Backend(CART.into()), Some(10)),
            (Goal::Arn("arn:theirs".into()), Some(0)),
        ],
        stickiness: Some(Stickiness { enabled: true, seconds: Some(60) }),
    });
    let model = stack_of(balancer([(443, secure), (80, sticky)]));

    let rule = &model["resources"][RULE]["443:1"]["spec"];
    assert_eq!(
        rule["conditions"],
        json!([
            {
                "field": "http-header",
                "httpHeaderConfig": { "httpHeaderName": "X-A", "regexValues": ["^a"] },
            },
            { "field": "http-request-method", "httpRequestMethodConfig": { "values": ["GET"] } },
            {
                "field": "query-string",
                "queryStringConfig": { "values": [{ "value": "v" }, { "key": "k", "value": "w" }] },
            },
            { "field": "source-ip", "sourceIPConfig": { "values": ["10.0.0.0/8"] } },
        ])
    );
    assert_eq!(rule["tags"], json!({ "team": "web" }));
    let rewrites = json!({ "rewrites": [{ "regex": "^/a", "replace": "/b" }] });
    assert_eq!(
        rule["transforms"],
        json!([
            { "type": "url-rewrite", "urlRewriteConfig": rewrites },
            { "type": "host-header-rewrite", "hostHeaderRewriteConfig": rewrites },
        ])
    );
    let redirect = json!({ "port": "8443", "statusCode": "HTTP_301" });
    assert_eq!(rule["actions"], json!([{ "type": "redirect", "redirectConfig": redirect }]));
    let listeners = &model["resources"][LISTENER];
    assert_eq!(listeners["443"]["spec"]["certificates"], json!([{ "certificateARN": "arn:own" }]));
    let forward = &listeners["80"]["spec"]["defaultActions"][0]["forwardConfig"];
    assert_eq!(
        forward["targetGroupStickinessConfig"],
        json!({ "enabled": true, "durationSeconds": 60 })
    );
    assert_eq!(forward["targetGroups"][1]["weight"], json!(0));
    assert_eq!(
        listeners["80"]["spec"]["listenerAttributes"],
        json!([{ "key": "routing.http.response.server.enabled", "value": "false" }])
    );
}

fn stack_of(balancer: inroad_intent::model::BalancerIntent) -> Json {
    stack_json(&shape(&stack(balancer), &facts(), &controller()).desired)
}

#[test]
fn a_binding_carries_labels_ports_and_no_cluster_tags() {
    let plain = listener(ListenerProtocol::Http, vec![route(&[], &["/"], to_cart())]);
    let Intent::Stack(mut intent) = stack(balancer([(80, plain)])) else {
        unreachable!("stack makes stacks")
    };
    let backend = intent.backends.get_mut(CART).expect("stack has a backend");
    backend.node_labels.insert("disk".into(), said("ssd"));
    backend.protocol.health_port = said("9090");
    backend.protocol.matcher = Some(said(Matcher::Grpc("12".into())));
    assert_eq!(backend.target_type.value, TargetType::Instance);
    backend.service_port = PortRef::Name("http".into());
    let desired = shape(&Intent::Stack(intent), &facts(), &controller()).desired;
    let model = stack_json(&desired);
    let spec = &model["resources"][BINDING][CART]["spec"]["template"]["spec"];
    assert_eq!(spec["nodeSelector"], json!({ "matchLabels": { "disk": "ssd" } }));
    assert_eq!(spec["serviceRef"], json!({ "name": "cart", "port": "http" }));
    let shared = "#/resources/AWS::EC2::SecurityGroup/backend-sg/status/groupID";
    let from = json!([{ "securityGroup": { "groupID": { "$ref": shared } } }]);
    let rule = |port| json!({ "from": from, "ports": [{ "protocol": "TCP", "port": port }] });
    assert_eq!(spec["networking"], json!({ "ingress": [rule(30080), rule(9090)] }));
    let group = &model["resources"][TARGET_GROUP][CART]["spec"];
    assert_eq!(group["tags"], Json::Null);
    assert_eq!(group["healthCheckConfig"]["port"], json!(9090));
    assert_eq!(group["healthCheckConfig"]["matcher"], json!({ "grpcCode": "12" }));
    assert_eq!(model["id"], json!("shop/web"));
}

/// One listener, one rule, one target group: every type of resource with all of its usual members.
#[test]
fn a_whole_stack_reads_as_the_peer_logs_it() {
    let plain = listener(ListenerProtocol::Http, vec![route(&["a"], &["/x"], to_cart())]);
    let model = stack_of(balancer([(80, plain)]));
    let status = |kind: &str, id: &str, it: &str| json!({ "$ref": format!("#/resources/{kind}/{id}/status/{it}") });
    let cart = status(TARGET_GROUP, CART, "targetGroupARN");
    let own = status(SECURITY_GROUP, "ManagedLBSecurityGroup", "groupID");
    let shared = status(SECURITY_GROUP, "backend-sg", "groupID");
    let fixed = json!({ "contentType": "text/plain", "statusCode": "404" });
    let forward = json!({ "targetGroups": [{ "targetGroupARN": cart }] });
    let name = model["resources"][TARGET_GROUP][CART]["spec"]["name"].clone();
    let group = |spec: Json| json!({ "ManagedLBSecurityGroup": { "spec": spec } });
    let want = json!({
        SECURITY_GROUP: group(json!({
            "groupName": "k8s-shop-web-2d5ac86ca1",
            "description": "[k8s] Managed SecurityGroup for LoadBalancer",
            "ingress": [{
                "ipProtocol": "tcp",
                "fromPort": 80,
                "toPort": 80,
                "ipRanges": [{ "cidrIP": "0.0.0.0/0" }],
            }],
        })),
        LOAD_BALANCER: { "LoadBalancer": { "spec": {
            "name": "k8s-shop-web-ffb4a5f1ff",
            "type": "application",
            "scheme": "internal",
            "ipAddressType": "ipv4",
            "subnetMapping": [
                { "subnetID": "subnet-internal-elb-a" },
                { "subnetID": "subnet-internal-elb-b" },
            ],
            "securityGroups": [own, shared],
        } } },
        LISTENER: { "80": { "spec": {
            "loadBalancerARN": status(LOAD_BALANCER, "LoadBalancer", "loadBalancerARN"),
            "port": 80,
            "protocol": "HTTP",
            "defaultActions": [{ "type": "fixed-response", "fixedResponseConfig": fixed }],
        } } },
        RULE: { "80:1": { "spec": {
            "listenerARN": status(LISTENER, "80", "listenerARN"),
            "priority": 1,
            "actions": [{ "type": "forward", "forwardConfig": forward }],
            "conditions": [
                { "field": "host-header", "hostHeaderConfig": { "values": ["a"] } },
                { "field": "path-pattern", "pathPatternConfig": { "values": ["/x"] } },
            ],
        } } },
        TARGET_GROUP: { CART: { "spec": {
            "name": name,
            "targetType": "instance",
            "ipAddressType": "ipv4",
            "port": 30080,
            "protocol": "HTTP",
            "protocolVersion": "HTTP1",
            "healthCheckConfig": {
                "port": "traffic-port",
                "protocol": "HTTP",
                "path": "/",
                "matcher": { "httpCode": "200" },
                "intervalSeconds": 15,
                "timeoutSeconds": 5,
                "healthyThresholdCount": 2,
                "unhealthyThresholdCount": 2,
            },
        } } },
        BINDING: { CART: { "spec": { "template": {
            "metadata": { "name": name, "namespace": "shop" },
            "spec": {
                "targetGroupARN": cart,
                "targetGroupProtocol": "HTTP",
                "targetType": "instance",
                "ipAddressType": "ipv4",
                "vpcID": "vpc-1",
                "serviceRef": { "name": "cart", "port": 80 },
                "networking": { "ingress": [{
                    "from": [{ "securityGroup": { "groupID": shared } }],
                    "ports": [{ "port": 30080, "protocol": "TCP" }],
                }] },
            },
        } } } },
        FRONTEND: { FRONTEND: { "TargetGroups": {} } },
    });
    assert_eq!(model, json!({ "id": "shop/web", "resources": want }));
}
