//! Tables about the load balancer as a whole, and about tags: name, address type, attributes, subnets, who
//! manages rules towards targets, and which tag wins on which resource.

use std::collections::BTreeMap;

use inroad_desired::shape;
use inroad_intent::compile;
use inroad_words::{StackKey, Unit, facts::GroupFact};
use inroad_world::Lens;
use serde_json::{Value, json};

use super::{
    ingress_field::{Built, Group, list, pairs, texts, wanted},
    ingress_world as given,
    tables::Case,
};

const BALANCER: &str = "AWS::ElasticLoadBalancingV2::LoadBalancer/LoadBalancer";
const GROUP: &str = "AWS::EC2::SecurityGroup/ManagedLBSecurityGroup";
const LISTENER: &str = "AWS::ElasticLoadBalancingV2::Listener/80";
const RULE: &str = "AWS::ElasticLoadBalancingV2::ListenerRule/80:1";
const TARGETS: &str = "AWS::ElasticLoadBalancingV2::TargetGroup";
const SERVICE: &str = "svc-1";

/// Attributes of the load balancer, of a class, of one member or of all.
pub(super) fn attributes(case: &Case) -> Result<(), String> {
    let built = group(case).build()?;
    let got = pairs(&of_balancer(&built, "loadBalancerAttributes"));
    settle(case, &built, "load-balancer-attributes", texts, got)
}

/// The pool of customer-owned addresses.
pub(super) fn customer_owned_pool(case: &Case) -> Result<(), String> {
    let built = group(case).build()?;
    let got = of_balancer(&built, "customerOwnedIPv4Pool");
    settle(case, &built, "customer-owned-ipv4-pool", Value::clone, got)
}

/// Its address type.
pub(super) fn address_type(case: &Case) -> Result<(), String> {
    let built = group(case).build()?;
    settle(case, &built, "ip-address-type", Value::clone, of_balancer(&built, "ipAddressType"))
}

/// Its name, in a cluster without one, as the tables have it.
pub(super) fn name(case: &Case) -> Result<(), String> {
    let mut group = group(case);
    if let Some(scheme) = case.at("/row/fields/scheme").as_str().filter(|it| !it.is_empty()) {
        group.annotate("scheme", scheme);
    }
    group.controller.balancers.cluster_name = String::new();
    let id = case.at("/row/fields/ingGroup/ID");
    let (namespace, name) = (given::text(&id["Namespace"]), given::text(&id["Name"]));
    let (stack, group_name) = match namespace.is_empty() {
        true => (StackKey::Group(name.clone()), Some(name)),
        false => (StackKey::Ingress { namespace, name }, None),
    };
    let place = group_name.as_deref().map(|name| (name, "1"));
    let members = group.members.iter().enumerate();
    let objects = members.flat_map(|(nth, it)| given::classed(&format!("case-{nth}"), it, place));
    let world = given::world_of(&objects.collect::<Vec<_>>())?;
    let compiled = compile(&Lens::new(&world), &Unit::Stack(stack), &group.controller);
    let shaped = shape(&compiled.intent, &group.facts, &group.controller);
    let diagnostics = compiled.diagnostics.into_iter().chain(shaped.diagnostics).collect();
    let built = Built { desired: shaped.desired, diagnostics };
    settle(case, &built, "load-balancer-name", Value::clone, of_balancer(&built, "name"))
}

/// Whether rules towards targets are kept where security groups are given: the shared group is worn.
pub(super) fn manages_rules(case: &Case) -> Result<(), String> {
    let mut group = group(case);
    group.annotate("security-groups", "sg-given");
    let given = GroupFact { id: "sg-given".into(), name: String::new(), tags: BTreeMap::new() };
    group.facts.security_groups.insert(given.id.clone(), given);
    let on = case.at("/row/fields/enableManageBackendSGRules") == &json!(true);
    group.controller.balancers.switches.manage_backend_rules = on;
    let built = group.build()?;
    let worn = of_balancer(&built, "securityGroups");
    let got = json!(list(&worn).contains(&json!("sg-shared")));
    settle(case, &built, "manage-backend-security-group-rules", Value::clone, got)
}

/// The web ACL that protects it; those that the peer found by name are there.
pub(super) fn web_acl(case: &Case) -> Result<(), String> {
    let mut group = group(case);
    for (nth, member) in group.members.iter_mut().enumerate() {
        // In one table two members bear one name.
        member["ingress"]["metadata"]["name"] = json!(format!("member-{nth}"));
    }
    let calls = list(case.at("/row/args/getWebACLCalls")).iter();
    for acl in calls.flat_map(|call| list(&call["resp"]["WebACLs"])) {
        group.facts.web_acls.insert(given::text(&acl["Name"]), given::text(&acl["ARN"]));
    }
    group.facts.web_acls.extend(texts(case.at("/row/args/cache")));
    let built = group.build()?;
    let got = built.field("/AWS::WAFv2::WebACLAssociation/LoadBalancer/spec/webACLARN");
    let places = ["wafv2-acl-arn", "wafv2-acl-name"];
    match wanted(case, "want/spec/webACLARN") {
        None => {
            places.iter().map(|it| built.refuses(it)).find(Result::is_ok).unwrap_or_else(|| {
                Err(built.with_diagnostics("want an error at the web ACL".into()))
            })
        }
        Some(want) if *want == got => Ok(()),
        Some(want) => Err(built.with_diagnostics(format!("want {want}\ngot {got}"))),
    }
}

/// Tags of the load balancer.
pub(super) fn balancer_tags(case: &Case) -> Result<(), String> {
    tags(case, BALANCER)
}

/// Tags of its own security group.
pub(super) fn group_tags(case: &Case) -> Result<(), String> {
    tags(case, GROUP)
}

/// Tags of a rule.
pub(super) fn rule_tags(case: &Case) -> Result<(), String> {
    tags(case, RULE)
}

/// Tags of a target group.
pub(super) fn target_group_tags(case: &Case) -> Result<(), String> {
    tags(case, TARGETS)
}

/// Tags of the resource that the row names.
pub(super) fn resource_tags(case: &Case) -> Result<(), String> {
    let resource = match case.at("/row/args/resourceType").as_str().unwrap_or_default() {
        "loadBalancer" => BALANCER,
        "managedSG" => GROUP,
        "listener" => LISTENER,
        "listenerRule" => RULE,
        "targetGroup" => TARGETS,
        other => return Err(format!("there is no resource {other}")),
    };
    tags(case, resource)
}

/// Tags that the operator leaves to others.
pub(super) fn foreign_tags(case: &Case) -> Result<(), String> {
    let said = texts(case.at("/row/args/tags"));
    let said: Vec<String> = said.iter().map(|(key, value)| format!("{key}={value}")).collect();
    let mut group = Group::new(vec![json!({ "ingress": { "metadata": {}, "spec": {} } })]);
    group.annotate("tags", &said.join(","));
    group.controller.balancers.external_managed_tags = foreign(case);
    let refused = group.build()?.refuses("tags");
    match wanted(case, "want") {
        None => refused,
        Some(_) if refused.is_err() => Ok(()),
        Some(_) => Err("want no error".into()),
    }
}

fn tags(case: &Case, resource: &str) -> Result<(), String> {
    let mut group = group(case);
    let mut service = case.at("/row/args/svc").clone();
    if service.is_null() {
        service = case.at("/row/args/backend").clone();
    }
    if service.is_null() {
        service = json!({ "metadata": { "name": SERVICE } });
    }
    serve(&mut group, service);
    let built = group.build()?;
    let all = match resource {
        TARGETS => built.field(&format!("/{TARGETS}")),
        path => json!({ "one": built.field(&format!("/{path}")) }),
    };
    let one = all.as_object().and_then(|all| all.values().next());
    let got = one.map(|it| texts(&it["spec"]["tags"])).unwrap_or_default();
    settle(case, &built, "tags", texts, got)
}

/// Gives each member a path to the Service, so that there are a rule and a target group.
fn serve(group: &mut Group, mut service: Value) {
    service["apiVersion"] = json!("v1");
    service["kind"] = json!("Service");
    service["spec"] = json!({ "type": "NodePort", "ports": [{ "port": 80, "nodePort": 30080 }] });
    let name = service["metadata"]["name"].clone();
    for (nth, member) in group.members.iter_mut().enumerate() {
        let backend = json!({ "service": { "name": name, "port": { "number": 80 } } });
        let path = json!({ "path": format!("/{nth}"), "pathType": "Prefix", "backend": backend });
        member["ingress"]["spec"]["rules"] = json!([{ "http": { "paths": [path] } }]);
        let namespace = match member["ingress"]["metadata"]["namespace"].as_str() {
            Some(namespace) if !namespace.is_empty() => namespace.to_owned(),
            _ => "case".to_owned(),
        };
        service["metadata"]["namespace"] = json!(namespace);
        group.others.push(service.clone());
    }
}

/// The row's members, gates and flags.
fn group(case: &Case) -> Group {
    let mut group = Group::of(case);
    let places = ["/row/args/ing", "/row/fields/ing", "/row/args/ingClassConfig"];
    let alone = places.map(|place| case.at(place)).into_iter().find(|it| it.is_object());
    let classified = match alone {
        Some(class) if class["IngClassParams"].is_object() => vec![json!({
            "Ing": { "metadata": {}, "spec": {} }, "IngClassConfig": class,
        })],
        Some(member) => vec![member.clone()],
        None => list(case.at("/row/args/ingList")).to_vec(),
    };
    if group.members.is_empty() {
        let mut members: Vec<Value> = classified.iter().map(given::member).collect();
        // In one table two members bear one name, which no cluster would let happen.
        for (nth, member) in members.iter_mut().enumerate().skip(1) {
            member["ingress"]["metadata"]["name"] = json!(format!("member-{nth}"));
        }
        group.members = members;
    }
    let gates = case.at("/row/fields/enabledFeatureGates/featureGates");
    let low = gates["EnableDefaultTagsLowPriority"] == json!(true);
    group.controller.balancers.switches.default_tags_low_priority = low;
    group.controller.balancers.external_managed_tags = foreign(case);
    group
}

fn foreign(case: &Case) -> std::collections::BTreeSet<String> {
    list(case.at("/row/fields/externalManagedTags")).iter().map(given::text).collect()
}

fn of_balancer(built: &Built, member: &str) -> Value {
    built.field(&format!("/{BALANCER}/spec/{member}"))
}

fn settle<T: PartialEq + std::fmt::Debug>(
    case: &Case,
    built: &Built,
    annotation: &str,
    read: impl Fn(&Value) -> T,
    got: T,
) -> Result<(), String> {
    match wanted(case, "want") {
        None => built.refuses(annotation),
        Some(want) if read(want) == got => Ok(()),
        Some(want) => Err(built.with_diagnostics(format!("want {want}\ngot {got:?}"))),
    }
}
