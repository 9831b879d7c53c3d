//! The cluster, the settings and the account of a whole-stack Ingress case.

use std::collections::{BTreeMap, BTreeSet};

use inroad_words::{
    Field, ResourceKey, ResourceKind, StackKey, Unit,
    balancer::Scheme,
    controller::{BalancerSettings, BalancerSwitches, Controller},
    facts::{Facts, GroupFact, Subnet, Vpc},
    observed::Observed,
    targets::TargetType,
};
use inroad_world::{Change, World, manifest};
use serde_json::{Value, json};

use super::tables::Case;

const GROUP_NAME: &str = "alb.ingress.kubernetes.io/group.name";
const GROUP_ORDER: &str = "alb.ingress.kubernetes.io/group.order";
const LEGACY_CLASS: &str = "kubernetes.io/ingress.class";

/// The stack that the case builds. An implicit group is named after its only member; where that is on
/// its way out, the recording may name the group after another.
pub(super) fn stack(case: &Case) -> StackKey {
    let id = case.at("/input/ingressGroup/id");
    let leaving = case.at("/input/ingressGroup/inactiveMembers/0/metadata");
    let alone = list(case.at("/input/ingressGroup/members")).is_empty() && leaving.is_object();
    match text(&id["namespace"]) {
        namespace if namespace.is_empty() => StackKey::Group(text(&id["name"])),
        _ if alone => implicit(leaving),
        _ => implicit(id),
    }
}

fn implicit(named: &Value) -> StackKey {
    StackKey::Ingress { namespace: text(&named["namespace"]), name: text(&named["name"]) }
}

/// The cluster of the case.
pub(super) fn world(case: &Case) -> Result<World, String> {
    let explicit = match stack(case) {
        StackKey::Group(name) => Some(name),
        _ => None,
    };
    world_of(&objects(case, explicit.as_deref()))
}

/// The objects of the case, as members of this group. The recording hands over members with their class
/// already looked up and the group already sorted; here every member gets a class of its own and its
/// place by annotation.
pub(super) fn objects(case: &Case, group: Option<&str>) -> Vec<Value> {
    let mut objects = list(case.at("/input/services")).to_vec();
    for mut leaving in list(case.at("/input/ingressGroup/inactiveMembers")).iter().cloned() {
        if let Some(group) = group {
            let finalizer = StackKey::Group(group.into()).finalizer();
            leaving["metadata"]["finalizers"] = json!([finalizer]);
        }
        objects.push(leaving);
    }
    for (nth, member) in list(case.at("/input/ingressGroup/members")).iter().enumerate() {
        let order = (nth + 1).to_string();
        let place = group.map(|group| (group, order.as_str()));
        objects.extend(classed(&format!("case-{nth}"), member, place));
    }
    objects
}

/// A cluster of these objects.
pub(super) fn world_of(objects: &[Value]) -> Result<World, String> {
    let list = json!({ "apiVersion": "v1", "kind": "List", "items": objects });
    let parsed = manifest::parse("case", &list.to_string());
    match parsed.diagnostics.first() {
        Some(diagnostic) => Err(format!("the case's objects cannot be read: {diagnostic}")),
        None => Ok(World::default().absorb_all(parsed.objects.into_iter().map(Change::Applied)).0),
    }
}

/// A member as ALBC's own tables write it, in the words of the whole-stack cases.
pub(super) fn member(classified: &Value) -> Value {
    let params = &classified["IngClassConfig"]["IngClassParams"];
    json!({ "ingress": classified["Ing"], "ingressClassParams": params })
}

/// A member with a class of this name, and its group and order there.
pub(super) fn classed(name: &str, member: &Value, place: Option<(&str, &str)>) -> Vec<Value> {
    let mut ingress = member["ingress"].clone();
    ingress["spec"]["ingressClassName"] = json!(name);
    let mut annotations = ingress["metadata"]["annotations"].take();
    if annotations.is_null() {
        annotations = json!({});
    }
    if let Some(annotations) = annotations.as_object_mut() {
        annotations.remove(LEGACY_CLASS);
        if let Some((group, order)) = place {
            annotations.insert(GROUP_NAME.into(), json!(group));
            annotations.insert(GROUP_ORDER.into(), json!(order));
        }
    }
    ingress["metadata"]["annotations"] = annotations;

    let mut class = json!({
        "apiVersion": "networking.k8s.io/v1",
        "kind": "IngressClass",
        "metadata": { "name": name },
        "spec": { "controller": "ingress.k8s.aws/alb" },
    });
    let mut params = member["ingressClassParams"].clone();
    if params.is_null() {
        return vec![ingress, class];
    }
    class["spec"]["parameters"] =
        json!({ "apiGroup": "elbv2.k8s.aws", "kind": "IngressClassParams", "name": name });
    params["metadata"]["name"] = json!(name);
    vec![ingress, class, params]
}

/// The settings in force.
pub(super) fn controller(case: &Case) -> Controller {
    let config = |name: &str| case.at(&format!("/config/{name}"));
    let on = |name: &str| config(name) == &json!(true);
    let gate = |name: &str| case.at(&format!("/config/featureGates/{name}")) == &json!(true);
    let switches = BalancerSwitches {
        backend_security_group: on("enableBackendSG"),
        given_backend_security_group: None,
        manage_backend_rules: on("enableManageBackendSGRules"),
        unrestricted_rules: on("disableRestrictedSGRules"),
        tolerate_missing_service: on("tolerateNonExistentBackendService"),
        tolerate_missing_action: on("tolerateNonExistentBackendAction"),
        ip_targets: on("enableIPTargetType"),
        single_subnet: gate("ALBSingleSubnet"),
        check_subnet_cluster_tag: gate("SubnetsClusterTagCheck"),
        discover_by_reachability: gate("SubnetDiscoveryByReachability"),
        tag_listeners_and_rules: gate("ListenerRulesTagging"),
        endpoints_fail_open: gate("EndpointsFailOpen"),
        default_tags_low_priority: gate("EnableDefaultTagsLowPriority"),
        weighted_target_groups: gate("WeightedTargetGroups"),
        wafv2: true,
    };
    let balancers = BalancerSettings {
        cluster_name: text(config("clusterName")),
        vpc_id: text(config("vpcID")),
        target_type: match config("defaultTargetType").as_str() {
            Some("ip") => TargetType::Ip,
            _ => TargetType::Instance,
        },
        scheme: match config("defaultLoadBalancerScheme").as_str() {
            Some("internet-facing") => Scheme::InternetFacing,
            _ => Scheme::Internal,
        },
        ssl_policy: text(config("defaultSSLPolicy")),
        default_tags: texts(config("defaultTags")),
        external_managed_tags: list(config("externalManagedTags")).iter().map(text).collect(),
        switches,
        ..BalancerSettings::default()
    };
    Controller { balancers, ..Controller::default() }
}

/// What the account answers. The recording has the outcome of subnet discovery: every subnet of it gets
/// a zone of its own and whatever discovery looks for.
pub(super) fn facts(case: &Case) -> Facts {
    let answers = |name: &str, member: &str| {
        let calls = list(case.at(&format!("/aws/{name}"))).iter();
        calls.flat_map(|call| list(&call[member]).to_vec()).collect::<Vec<_>>()
    };
    let subnets = answers("subnetsByDiscovery", "subnets");
    let groups = answers("describeSecurityGroups", "securityGroups");
    let mut facts = Facts {
        vpc: Some(Vpc { id: text(case.at("/config/vpcID")), cidrs: BTreeSet::new() }),
        subnets: subnets.iter().map(subnet).map(|it| (it.id.clone(), it)).collect(),
        security_groups: groups.iter().map(group).map(|it| (it.id.clone(), it)).collect(),
        deployed: Some(Observed::default()),
        ..Facts::default()
    };
    if let Some(id) = case.at("/aws/backendSecurityGroup").as_str() {
        let key = ResourceKey::new(Unit::Foundation, ResourceKind::SecurityGroup, "backend-sg");
        facts.outputs.0.insert((key, Field::GroupId), id.to_owned());
    }
    facts
}

/// Subnets of the load balancer that stands, where one of this scheme does.
pub(super) fn standing_subnets(case: &Case, scheme: Scheme) -> Option<BTreeSet<String>> {
    let calls = list(case.at("/aws/existingLoadBalancers")).iter();
    let standing = calls.flat_map(|call| list(&call["loadBalancers"]));
    let mut balancers = standing.map(|it| &it["LoadBalancer"]);
    let same = balancers.find(|it| it["Scheme"] == json!(scheme.as_str()))?;
    let zones = list(&same["AvailabilityZones"]).iter();
    Some(zones.map(|zone| text(&zone["SubnetId"])).collect())
}

fn subnet(answer: &Value) -> Subnet {
    let roles = ["kubernetes.io/role/elb", "kubernetes.io/role/internal-elb"];
    let mut tags = tags(answer);
    tags.extend(roles.map(|role| (role.to_owned(), "1".to_owned())));
    let id = text(&answer["SubnetId"]);
    Subnet {
        zone: format!("zone-of-{id}"),
        locale: "availability-zone".into(),
        cidr: text(&answer["CidrBlock"]),
        has_ipv6: true,
        available_addresses: 256,
        public: false,
        id,
        tags,
    }
}

/// A security group as EC2 shows it.
pub(super) fn group(answer: &Value) -> GroupFact {
    GroupFact { id: text(&answer["GroupId"]), name: text(&answer["GroupName"]), tags: tags(answer) }
}

/// The tags of an EC2 answer.
pub(super) fn tags(answer: &Value) -> BTreeMap<String, String> {
    list(&answer["Tags"]).iter().map(|tag| (text(&tag["Key"]), text(&tag["Value"]))).collect()
}

fn texts(value: &Value) -> BTreeMap<String, String> {
    let members = value.as_object().into_iter().flatten();
    members.map(|(key, value)| (key.clone(), text(value))).collect()
}

/// The items of a list; none where it is none.
pub(super) fn list(value: &Value) -> &[Value] {
    value.as_array().map_or(&[], Vec::as_slice)
}

/// A text; empty where it is none.
pub(super) fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}
