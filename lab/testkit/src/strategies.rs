//! Generated worlds: objects of two namespaces that meet each other often enough to agree, conflict and
//! miss, the outside that they stand in, and histories of both.

use std::{collections::BTreeMap, fmt};

use inroad_words::{ObjectKey, controller::Controller};
use inroad_world::{Change, Finalizers, Object, ObjectData, World, manifest};
use proptest::{
    collection::vec,
    prelude::*,
    sample::{select, subsequence},
};
use serde_json::{Value, json};

use crate::{Mischief, Question, Surroundings};

const ALB: &str = "alb.ingress.kubernetes.io/";
const NLB: &str = "service.beta.kubernetes.io/aws-load-balancer-";

/// What an annotation of an Ingress may say, right and wrong, and how likely it says anything.
const ANNOTATIONS: &[(&str, f64, &[&str])] = &[
    ("group.name", 0.8, &["edge", "edge", "edge", "edge", "inner", "BAD_"]),
    ("group.order", 0.3, &["-1", "1", "x"]),
    ("scheme", 0.3, &["internal", "internal", "internal", "internet-facing", "public"]),
    ("target-type", 0.6, &["ip", "ip", "ip", "instance", "instance", "lambda"]),
    (
        "listen-ports",
        0.3,
        &[r#"[{"HTTP": 80}]"#, r#"[{"HTTPS": 443}, {"HTTP": 80}]"#, r#"[{"HTTPS": 80}]"#, "80"],
    ),
    ("inbound-cidrs", 0.2, &["10.0.0.0/8", "::/0", "all"]),
    ("security-group-prefix-lists", 0.1, &["pl-1", "pl-1,pl-2"]),
    ("tags", 0.3, &["a=1", "a=2,b=1", "a"]),
    ("ssl-redirect", 0.2, &["443", "80"]),
    ("certificate-arn", 0.2, &["arn:1", "arn:2,arn:1"]),
    ("subnets", 0.15, &["subnet-3,subnet-4", "net-1,net-2", "subnet-9", "subnet-1,subnet-3"]),
    ("security-groups", 0.15, &["sg-office", "office,partners", "sg-9"]),
    ("manage-backend-security-group-rules", 0.2, &["true"]),
    (
        "load-balancer-attributes",
        0.2,
        &["idle_timeout.timeout_seconds=30", "deletion_protection.enabled=true"],
    ),
    ("healthcheck-path", 0.2, &["/up", "/ready"]),
    ("healthcheck-port", 0.2, &["http", "9000", "none"]),
    ("healthy-threshold-count", 0.1, &["3", "99"]),
    ("target-group-attributes", 0.1, &["deregistration_delay.timeout_seconds=5"]),
    (
        "actions.s0",
        0.3,
        &[
            r#"{"type": "forward", "forwardConfig": {"targetGroups": [
                {"serviceName": "s1", "servicePort": 80, "weight": 1},
                {"serviceName": "s2", "servicePort": "http", "weight": 9}]}}"#,
            r#"{"Type":"forward","TargetGroupName":"theirs"}"#,
            r#"{"type":"forward","targetGroupName":"nobodys"}"#,
            r#"{"type":"forward"}"#,
        ],
    ),
    (
        "actions.s1",
        0.3,
        &[
            r#"{"type": "redirect", "redirectConfig":
                {"port": "443", "protocol": "HTTPS", "statusCode": "HTTP_301"}}"#,
            r#"{"type": "fixed-response", "fixedResponseConfig": {"statusCode": "200"}}"#,
        ],
    ),
    (
        "conditions.s1",
        0.2,
        &[
            r#"[{"field": "source-ip", "sourceIpConfig": {"values":
                ["10.0.0.0/16", "10.1.0.0/16", "10.2.0.0/16", "10.3.0.0/16"]}}]"#,
            r#"[{"field": "path-pattern", "pathPatternConfig": {"regexValues": ["^/a"]}}]"#,
        ],
    ),
    (
        "transforms.s2",
        0.2,
        &[
            r#"[{"type": "url-rewrite", "urlRewriteConfig": {"rewrites":
                [{"regex": "^/a", "replace": "/"}]}}]"#,
            r#"[{"type":"url-rewrite"}]"#,
        ],
    ),
    (
        "mutual-authentication",
        0.1,
        &[
            r#"[{"port": 443, "mode": "verify", "trustStore": "staff"}]"#,
            r#"[{"port": 443, "mode": "passthrough"}]"#,
            r#"[{"port": 443}]"#,
        ],
    ),
    ("wafv2-acl-arn", 0.1, &["arn:aws:wafv2:eu-west-1:123456789012:regional/webacl/a/1", ""]),
    ("wafv2-acl-name", 0.05, &["office", "gone"]),
    ("ip-address-type", 0.1, &["dualstack", "ipv5"]),
    ("multi-cluster-target-group", 0.05, &["true"]),
    ("target-control-port.s0.80", 0.1, &["3000", "none"]),
    ("use-regex-path-match", 0.1, &["true"]),
    ("no-such-annotation", 0.05, &["1"]),
];

/// What a Service that asks for a load balancer of its own may say.
const SERVICE: &[(&str, f64, &[&str])] = &[
    ("scheme", 0.4, &["internal", "internal", "internet-facing", "public"]),
    ("nlb-target-type", 0.6, &["ip", "ip", "instance"]),
    ("additional-resource-tags", 0.2, &["a=1", "a"]),
    ("attributes", 0.1, &["deletion_protection.enabled=true"]),
    ("healthcheck-protocol", 0.2, &["HTTP", "tcp"]),
    ("security-groups", 0.1, &["sg-office", "sg-9"]),
    ("ssl-cert", 0.1, &["arn:1"]),
    ("no-such-annotation", 0.05, &["1"]),
];

const NAMES: &[(&str, f64, &[&str])] = &[
    (
        "external-dns.alpha.kubernetes.io/hostname",
        0.15,
        &["h0.example.com", "h2.example.com,x.other.org"],
    ),
    ("external-dns.kubernetes.io/hostname", 0.1, &["h3.example.com"]),
    ("external-dns.alpha.kubernetes.io/ttl", 0.1, &["60", "soon"]),
    ("external-dns.alpha.kubernetes.io/target", 0.05, &["192.0.2.1", "cdn.example.net"]),
];

const HOSTS: &[&str] =
    &["h0.example.com", "h1.example.com", "*.example.com", "api.other.org", "deep.h1.example.com"];

/// Some of the pairs of a table, values by chance.
fn said(
    prefix: &'static str,
    table: &'static [(&'static str, f64, &'static [&'static str])],
) -> impl Strategy<Value = BTreeMap<String, String>> {
    let one = |(name, likely, values): &(&'static str, f64, &'static [&'static str])| {
        let key = format!("{prefix}{name}");
        prop::option::weighted(*likely, select(*values))
            .prop_map(move |value| value.map(|value| (key.clone(), value.to_owned())))
    };
    let all = table.iter().map(one).collect::<Vec<_>>();
    all.prop_map(|all| all.into_iter().flatten().collect())
}

fn backend() -> impl Strategy<Value = Value> {
    let port = prop_oneof![
        3 => Just(json!({"number": 80})),
        3 => Just(json!({"name": "http"})),
        3 => Just(json!({"number": 81})),
        1 => Just(json!({"name": "use-annotation"})),
    ];
    (0..5u8, port)
        .prop_map(|(name, port)| json!({"service": {"name": format!("s{name}"), "port": port}}))
}

fn rule() -> impl Strategy<Value = Value> {
    let path =
        (select(vec!["Prefix", "Prefix", "Exact", "ImplementationSpecific"]), 0..4u8, backend());
    (prop::option::weighted(0.6, select(HOSTS)), vec(path, 0..4)).prop_map(|(host, paths)| {
        let path = |(kind, path, backend)| {
            json!({"path": format!("/p{path}"), "pathType": kind, "backend": backend})
        };
        let paths: Vec<Value> = paths.into_iter().map(path).collect();
        json!({"host": host, "http": {"paths": paths}})
    })
}

/// An Ingress with up to two rules of up to three paths each.
fn ingress() -> impl Strategy<Value = Value> {
    let class = prop_oneof![
        24 => Just((Some("alb"), None)),
        5 => Just((None, Some("alb"))),
        1 => Just((None, Some("other"))),
    ];
    let spec =
        (vec(rule(), 0..3), prop::option::weighted(0.2, backend()), subsequence(HOSTS, 0..=2));
    let key = (select(vec!["a", "b"]), 0..4u8);
    (key, class, said(ALB, ANNOTATIONS), said("", NAMES), spec).prop_map(
        |((namespace, name), (legacy, class), mut annotations, names, (rules, default, tls))| {
            annotations.extend(names);
            annotations
                .extend(legacy.map(|it| ("kubernetes.io/ingress.class".into(), it.to_owned())));
            let tls = if tls.len() == 2 { json!([{"hosts": tls}]) } else { json!([]) };
            json!({
                "apiVersion": "networking.k8s.io/v1", "kind": "Ingress",
                "metadata": {
                    "name": format!("i{name}"), "namespace": namespace, "annotations": annotations,
                },
                "spec": {
                    "ingressClassName": class, "rules": rules, "defaultBackend": default, "tls": tls,
                },
            })
        },
    )
}

/// A Service of one or two ports, with or without nodePorts.
fn service() -> impl Strategy<Value = Value> {
    let port =
        (prop::option::weighted(0.8, 30000..30003u16), any::<bool>(), prop::bool::weighted(0.2));
    let key = (select(vec!["a", "b"]), 0..4u8);
    let health: &[&str] = &["/svc", "up"];
    let health = prop::option::weighted(0.2, select(health));
    let own = prop::option::weighted(0.2, (said(NLB, SERVICE), prop::bool::weighted(0.1)));
    (key, port, health, own).prop_map(
        |((namespace, name), (node_port, named, two), health, own)| {
            let target = if named { json!("web") } else { json!(8080) };
            let mut ports = vec![json!({
                "name": "http", "port": 80, "targetPort": target, "nodePort": node_port,
            })];
            if two {
                ports.push(json!({"name": "more", "port": 81, "nodePort": node_port}));
            }
            let health = health.map(|path| (format!("{ALB}healthcheck-path"), path));
            let mut annotations: BTreeMap<String, String> =
                health.into_iter().map(|(key, path)| (key, path.to_owned())).collect();
            let (class, kind) = match (&own, node_port.is_some()) {
                (Some(_), _) => (Some("service.k8s.aws/nlb"), "LoadBalancer"),
                (None, true) => (None, "NodePort"),
                (None, false) => (None, "ClusterIP"),
            };
            if let Some((said, udp)) = own {
                annotations.extend(said);
                ports[0]["protocol"] = if udp { json!("UDP") } else { json!("TCP") };
            }
            json!({
                "apiVersion": "v1", "kind": "Service",
                "metadata": {
                    "name": format!("s{name}"), "namespace": namespace, "annotations": annotations,
                },
                "spec": {"type": kind, "loadBalancerClass": class, "ports": ports},
            })
        },
    )
}

/// An EndpointSlice with up to three endpoints, some of them not ready.
fn slice() -> impl Strategy<Value = Value> {
    let endpoint = (0..4u8, prop::bool::weighted(0.7), prop::option::weighted(0.3, 0..3u8));
    let key = (select(vec!["a", "b"]), 0..4u8, 0..4u8);
    (key, vec(endpoint, 0..4)).prop_map(|((namespace, name, service), endpoints)| {
        let endpoint = |(host, ready, pod): (u8, bool, Option<u8>)| {
            let pod = pod.map(|pod| json!({"kind": "Pod", "name": format!("p{pod}")}));
            json!({
                "addresses": [format!("10.0.{service}.{host}")], "conditions": {"ready": ready},
                "targetRef": pod, "nodeName": "n0",
            })
        };
        let endpoints: Vec<Value> = endpoints.into_iter().map(endpoint).collect();
        json!({
            "apiVersion": "discovery.k8s.io/v1", "kind": "EndpointSlice",
            "metadata": {
                "name": format!("e{name}"), "namespace": namespace,
                "labels": {"kubernetes.io/service-name": format!("s{service}")},
            },
            "addressType": "IPv4", "ports": [{"name": "http", "port": 8080}], "endpoints": endpoints,
        })
    })
}

fn node() -> impl Strategy<Value = Value> {
    let provider = select(vec!["aws:///a/i-", "aws:///a/i-", "aws:///a/i-", "kind://"]);
    (0..3u8, select(vec!["True", "True", "False", "Unknown"]), provider).prop_map(
        |(name, ready, provider)| {
            json!({
                "apiVersion": "v1", "kind": "Node", "metadata": {"name": format!("n{name}")},
                "spec": {"providerID": format!("{provider}{name}")},
                "status": {"conditions": [{"type": "Ready", "status": ready}]},
            })
        },
    )
}

fn pod() -> impl Strategy<Value = Value> {
    (select(vec!["a", "b"]), 0..3u8, any::<bool>()).prop_map(|(namespace, name, ready)| {
        let status = if ready { "True" } else { "False" };
        json!({
            "apiVersion": "v1", "kind": "Pod",
            "metadata": {"name": format!("p{name}"), "namespace": namespace},
            "spec": {"containers": []},
            "status": {"conditions": [{"type": "ContainersReady", "status": status}]},
        })
    })
}

/// The class `alb` with its params, or one of the two without the other.
fn class() -> impl Strategy<Value = Value> {
    prop_oneof![
        3 => any::<bool>().prop_map(|params| {
            let reference =
                json!({"apiGroup": "elbv2.k8s.aws", "kind": "IngressClassParams", "name": "p"});
            json!({
                "apiVersion": "networking.k8s.io/v1", "kind": "IngressClass",
                "metadata": {"name": "alb"},
                "spec": {
                    "controller": "ingress.k8s.aws/alb",
                    "parameters": if params { reference } else { Value::Null },
                },
            })
        }),
        2 => (any::<bool>(), any::<bool>()).prop_map(|(group, scheme)| json!({
            "apiVersion": "elbv2.k8s.aws/v1beta1", "kind": "IngressClassParams",
            "metadata": {"name": "p"},
            "spec": {
                "group": if group { json!({"name": "edge"}) } else { Value::Null },
                "scheme": if scheme { json!("internal") } else { Value::Null },
                "tags": [{"key": "class", "value": "p"}],
            },
        })),
    ]
}

/// An object of any kind.
pub fn object() -> impl Strategy<Value = Object> {
    let value = prop_oneof![
        8 => ingress(),
        6 => service(),
        6 => slice(),
        3 => node(),
        1 => pod(),
        1 => class(),
    ];
    value.prop_map(|value| objects(&value.to_string()).remove(0))
}

/// Up to 28 objects of distinct keys.
pub fn population() -> impl Strategy<Value = Vec<Object>> {
    vec(object(), 0..28).prop_map(distinct)
}

fn distinct(objects: Vec<Object>) -> Vec<Object> {
    let distinct: BTreeMap<ObjectKey, Object> =
        objects.into_iter().map(|object| (object.key.clone(), object)).collect();
    distinct.into_values().collect()
}

/// The usual surroundings with parts missing, and questions that are refused.
pub fn surroundings() -> impl Strategy<Value = Surroundings> {
    use Question::*;
    let refused = vec![Vpc, Subnets, Certificates, SecurityGroups, Interfaces, TargetGroups, Zones];
    let refuses = prop_oneof![3 => Just(Vec::new()), 1 => subsequence(refused, 1..=2)];
    let gone = prop::bool::weighted;
    (refuses, gone(0.2), gone(0.4), gone(0.2), gone(0.2)).prop_map(
        |(refuses, certificate, interface, subnet, groups)| {
            let mut all = Surroundings::usual();
            all.refuses = refuses.into_iter().collect();
            let facts = &mut all.facts;
            if certificate {
                facts.certificates.clear();
            }
            if interface {
                facts.interfaces.remove("i-0");
            }
            if subnet {
                facts.subnets.remove("subnet-3");
            }
            if groups && let Some(interface) = facts.interfaces.get_mut("i-1") {
                interface.groups.clear();
            }
            all
        },
    )
}

/// A world in its surroundings, with what strangers do once it has settled.
#[derive(Clone)]
pub struct Moment {
    /// The cluster.
    pub objects: Vec<Object>,
    /// The outside.
    pub surroundings: Surroundings,
    /// What happens afterwards.
    pub mischief: Option<Mischief>,
}

/// Objects as manifests: who reads a failing history wants to know what was said, not where.
impl fmt::Debug for Moment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f)?;
        for object in &self.objects {
            writeln!(f, "  {} {}", object.key, manifest_of(object))?;
        }
        let Surroundings { facts, refuses } = &self.surroundings;
        let (subnets, certificates) = (facts.subnets.len(), facts.certificates.len());
        writeln!(f, "  {subnets} subnets, {certificates} certificates, refused: {refuses:?}")?;
        writeln!(f, "  then: {:?}", self.mischief)
    }
}

/// An object as the API server would write it.
pub fn manifest_of(object: &Object) -> Value {
    match &object.data {
        ObjectData::Ingress(it) => json!(**it),
        ObjectData::IngressClass(it) => json!(**it),
        ObjectData::IngressClassParams(it) => json!(**it),
        ObjectData::TargetGroupBinding(it) => json!(**it),
        ObjectData::Service(it) => json!(**it),
        ObjectData::EndpointSlice(it) => json!(**it),
        ObjectData::Node(it) => json!(**it),
        ObjectData::Pod(it) => json!(**it),
        ObjectData::Namespace(it) => json!(**it),
    }
}

/// Up to four moments: each keeps most objects of the one before, changes some and adds some.
pub fn history() -> impl Strategy<Value = Vec<Moment>> {
    let edit = (vec(object(), 0..10), vec(prop::bool::weighted(0.8), 28));
    let mischief = prop::option::weighted(0.4, select(&Mischief::ALL[..]));
    let moment = (edit, surroundings(), mischief);
    (population(), vec(moment, 1..5)).prop_map(|(first, moments)| {
        let mut last = first;
        let mut history = Vec::new();
        for ((new, keep), surroundings, mischief) in moments {
            let kept = last.into_iter().enumerate().filter(|(nth, _)| keep[nth % keep.len()]);
            last = distinct(kept.map(|(_, object)| object).chain(new).collect());
            history.push(Moment { objects: last.clone(), surroundings, mischief });
        }
        history
    })
}

/// The settings that the surroundings are made for.
pub fn controller() -> Controller {
    let mut controller = Controller::default();
    controller.balancers.cluster_name = "lab".into();
    controller.balancers.vpc_id = "vpc-1".into();
    controller
}

/// A world of these objects.
pub fn world(objects: impl IntoIterator<Item = Object>) -> World {
    World::default().absorb_all(objects.into_iter().map(Change::Applied)).0
}

/// A world of these objects, of those that carry finalizers, and of what still carries some.
pub fn carrying(finalizers: &mut Finalizers, objects: impl IntoIterator<Item = Object>) -> World {
    let objects = objects.into_iter().map(|object| (object.key.clone(), object)).collect();
    world(finalizers.over(objects, true).into_values())
}

/// The objects of a text.
///
/// # Panics
/// Where something in it cannot be read: who writes it means objects.
pub fn objects(text: &str) -> Vec<Object> {
    let parsed = manifest::parse("in.yaml", text);
    assert_eq!(parsed.diagnostics, [], "every object can be read");
    parsed.objects
}
