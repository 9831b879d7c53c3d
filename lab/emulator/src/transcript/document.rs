//! Answers put together to the document of an account. In: exchanges, in any order. Out: a document as
//! [`crate::seed`] describes it, sorted by ids, so that the same account gives the same document.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::Exchange;

const ELB: &str = "elasticloadbalancing";

/// Lists of EC2: operation, list, id.
const NETWORK: [(&str, &str, &str); 5] = [
    ("DescribeVpcs", "Vpcs", "VpcId"),
    ("DescribeSubnets", "Subnets", "SubnetId"),
    ("DescribeRouteTables", "RouteTables", "RouteTableId"),
    ("DescribeSecurityGroups", "SecurityGroups", "GroupId"),
    ("DescribeNetworkInterfaces", "NetworkInterfaces", "NetworkInterfaceId"),
];

/// What the answers tell of the account. A list that nobody asked for is empty.
pub fn document(exchanges: &[Exchange]) -> Value {
    let told = Told(exchanges);
    let mut document = Map::new();
    for (operation, list, id) in NETWORK {
        document.insert(list.into(), told.all(("ec2", operation), list, id).into());
    }
    document.insert("Instances".into(), told.instances().into());
    let balancers = told.all((ELB, "DescribeLoadBalancers"), "LoadBalancers", "LoadBalancerArn");
    let balancers = balancers.into_iter().map(|one| told.balancer(one)).collect();
    document.insert("LoadBalancers".into(), balancers);
    let groups = told.all((ELB, "DescribeTargetGroups"), "TargetGroups", "TargetGroupArn");
    let groups = groups.into_iter().map(|one| told.target_group(one)).collect();
    document.insert("TargetGroups".into(), groups);
    document.insert("Certificates".into(), told.certificates().into());
    document.insert("WebACLs".into(), told.web_acls().into());
    let zones = told.all(("route53", "ListHostedZones"), "HostedZones", "Id");
    let zones = zones.into_iter().map(|one| told.zone(one)).collect();
    document.insert("HostedZones".into(), zones);
    Value::Object(document)
}

/// Which call of which service.
type Call = (&'static str, &'static str);

struct Told<'a>(&'a [Exchange]);

impl Told<'_> {
    fn answers(&self, call: Call) -> impl Iterator<Item = &Exchange> {
        self.0.iter().filter(move |it| (it.service, it.operation) == call)
    }

    /// The items of all pages, each once.
    fn all(&self, call: Call, list: &str, id: &str) -> Vec<Value> {
        let items = self.answers(call).flat_map(|it| items(&it.output, list));
        by_id(items, id)
    }

    /// The items of all pages that were asked for about one thing.
    fn about(&self, operation: &'static str, of: (&str, &Value), list: &str) -> Vec<Value> {
        let answers = self.answers((ELB, operation)).filter(|it| it.input[of.0] == *of.1);
        answers.flat_map(|it| items(&it.output, list)).cloned().collect()
    }

    fn tags(&self, arn: &Value) -> Vec<Value> {
        let told = self.answers((ELB, "DescribeTags"));
        let mut told = told.flat_map(|it| items(&it.output, "TagDescriptions"));
        let found = told.find(|it| it["ResourceArn"] == *arn);
        found.map(|it| items(it, "Tags").cloned().collect()).unwrap_or_default()
    }

    fn instances(&self) -> Vec<Value> {
        let answers = self.answers(("ec2", "DescribeInstances"));
        let reservations = answers.flat_map(|it| items(&it.output, "Reservations"));
        by_id(reservations.flat_map(|it| items(it, "Instances")), "InstanceId")
    }

    fn balancer(&self, mut one: Value) -> Value {
        let arn = one["LoadBalancerArn"].clone();
        let of = ("LoadBalancerArn", &arn);
        one["Attributes"] = self.about("DescribeLoadBalancerAttributes", of, "Attributes").into();
        one["Tags"] = self.tags(&arn).into();
        let mut listeners = self.about("DescribeListeners", of, "Listeners");
        listeners.sort_by_key(|it| it["Port"].as_u64());
        one["Listeners"] = listeners.into_iter().map(|it| self.listener(it)).collect();
        one
    }

    fn listener(&self, mut one: Value) -> Value {
        let arn = one["ListenerArn"].clone();
        let of = ("ListenerArn", &arn);
        let certificates = self.about("DescribeListenerCertificates", of, "Certificates");
        one["AllCertificates"] = certificates.into();
        one["Attributes"] = self.about("DescribeListenerAttributes", of, "Attributes").into();
        one["Tags"] = self.tags(&arn).into();
        let rules = self.about("DescribeRules", of, "Rules").into_iter().map(|mut rule| {
            rule["Tags"] = self.tags(&rule["RuleArn"]).into();
            rule
        });
        one["Rules"] = rules.collect();
        one
    }

    fn target_group(&self, mut one: Value) -> Value {
        let arn = one["TargetGroupArn"].clone();
        let of = ("TargetGroupArn", &arn);
        one["Attributes"] = self.about("DescribeTargetGroupAttributes", of, "Attributes").into();
        one["Tags"] = self.tags(&arn).into();
        let health = "TargetHealthDescriptions";
        one[health] = self.about("DescribeTargetHealth", of, health).into();
        one
    }

    fn certificates(&self) -> Vec<Value> {
        let described = self.answers(("acm", "DescribeCertificate"));
        by_id(described.map(|it| &it.output["Certificate"]), "CertificateArn")
    }

    fn web_acls(&self) -> Vec<Value> {
        let mut all = self.all(("wafv2", "ListWebACLs"), "WebACLs", "ARN");
        for acl in &mut all {
            let asked = self.answers(("wafv2", "ListResourcesForWebACL"));
            let its = asked.filter(|it| it.input["WebACLArn"] == acl["ARN"]);
            acl["ResourceArns"] =
                its.flat_map(|it| items(&it.output, "ResourceArns")).cloned().collect();
        }
        all
    }

    /// A zone is listed with a path as its id and asked about without.
    fn zone(&self, mut one: Value) -> Value {
        let id = one["Id"].as_str().unwrap_or_default().trim_start_matches("/hostedzone/");
        let answers = self.answers(("route53", "ListResourceRecordSets"));
        let its = answers.filter(|it| {
            let asked = it.input["HostedZoneId"].as_str().unwrap_or_default();
            asked.trim_start_matches("/hostedzone/") == id
        });
        let sets: Vec<Value> =
            its.flat_map(|it| items(&it.output, "ResourceRecordSets")).cloned().collect();
        one["ResourceRecordSets"] = json!(sets);
        one
    }
}

fn items<'a>(tree: &'a Value, list: &str) -> impl Iterator<Item = &'a Value> {
    tree[list].as_array().into_iter().flatten()
}

fn by_id<'a>(all: impl Iterator<Item = &'a Value>, id: &str) -> Vec<Value> {
    let named = all.filter_map(|it| Some((it[id].as_str()?, it)));
    named.collect::<BTreeMap<_, _>>().into_values().cloned().collect()
}
