use inroad_words::Severity;

use super::*;

const SHOP: &str = r#"# a comment first
%YAML 1.1
---
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata:
  name: web
  annotations:
    alb.ingress.kubernetes.io/scheme: internal
spec:
  rules:
    - host: a.example.com
      http: &http
        paths:
          - path: /cart
            pathType: Prefix
            backend: {service: {name: cart, port: {number: 80}}}
    - host: b.example.com
      http:
        <<: *http
---
just: text
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: cart}
---
{"apiVersion": "v1", "kind": "List", "items": [
  {"apiVersion": "v1", "kind": "Node",
   "metadata": {"name": "n1", "namespace": "ignored"}},
  {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "cart", "namespace": "shop"}}]}
---
apiVersion: v1
kind: ServiceList
items:
- metadata: {name: bare}
"#;

fn keys(parsed: &Parsed) -> Vec<String> {
    parsed.objects.iter().map(|object| object.key.to_string()).collect()
}

fn place(mark: Option<Mark>) -> String {
    mark.map_or_else(|| "nowhere".into(), |mark| mark.to_string())
}

#[test]
fn a_file_gives_its_objects_with_the_places_of_their_fields() {
    let parsed = parse("shop.yaml", SHOP);
    assert_eq!(parsed.diagnostics, []);
    assert_eq!(parsed.unknown, BTreeSet::from(["apps/v1 Deployment".into()]));
    assert_eq!(
        keys(&parsed),
        ["ingress/default/web", "node/n1", "service/shop/cart", "service/default/bare"]
    );

    let ingress = parsed.objects[0].get::<Ingress>().expect("the first object is an Ingress");
    let rules = ingress.spec.as_ref().and_then(|spec| spec.rules.as_ref()).expect("it has rules");
    assert_eq!(rules[0].http, rules[1].http, "an anchor merged with << is as if written out");

    let web = &parsed.objects[0].key;
    let origin = |path: &str| Origin::field(web, path);
    for (origin, want) in [
        (Origin::annotation(web, "alb.ingress.kubernetes.io/scheme"), "shop.yaml:9:5"),
        (origin("/spec/rules/0/http/paths/0"), "shop.yaml:15:13"),
        (origin("/spec/rules/0/http/paths/0/backend/service/name"), "shop.yaml:17:33"),
        (origin("/spec/rules/1/host"), "shop.yaml:18:7"),
        (origin("/spec/rules/1/http/paths/0/path"), "shop.yaml:15:13"),
        (origin("/spec/tls"), "shop.yaml:10:1"),
        (origin(""), "shop.yaml:4:1"),
        (Origin::field(&parsed.objects[2].key, "/metadata/name"), "shop.yaml:31:56"),
        (Origin::field(&parsed.objects[3].key, "/metadata"), "shop.yaml:36:3"),
        (Origin::Default, "nowhere"),
    ] {
        assert_eq!(place(parsed.mark(&origin)), want, "{origin}");
    }
}

#[test]
fn a_mistake_costs_its_own_document_only() {
    let service =
        |name: &str| format!("---\napiVersion: v1\nkind: Service\nmetadata: {{name: {name}}}\n");
    let ingress = "---\napiVersion: networking.k8s.io/v1\nkind: Ingress\nmetadata:\n  name: web\n";
    let cases = [
        ("---\na: [1\nb: 2\n", "MF0001", "f.yaml:", None),
        ("---\na: 1\na: 2\n", "MF0001", "f.yaml:7:1", None),
        ("---\na: *nobody\n", "MF0001", "f.yaml:6:", None),
        ("---\na:\n  <<: 3\n", "MF0001", "f.yaml:7:7", None),
        ("---\n? [a]\n: 1\n", "MF0001", "f.yaml:6:3", None),
        (
            &format!("{ingress}  annotations:\n    x/y: yes\n"),
            "MF0002",
            "f.yaml:11:5",
            Some("quote it: \"true\""),
        ),
        (
            &format!("{ingress}spec: {{rules: [{{http: {{paths: 7}}}}]}}\n"),
            "MF0002",
            "f.yaml:10:24",
            None,
        ),
        (
            &format!("{ingress}spec:\n  ingressClassName: 080\n"),
            "MF0002",
            "f.yaml:11:3",
            Some("quote it: \"80\""),
        ),
        (
            "---\napiVersion: v1\nkind: Service\nmetadata:\n  generateName: x-\n",
            "MF0003",
            "f.yaml:8:1",
            None,
        ),
    ];
    for (middle, code, place_start, help) in cases {
        let text = format!("{}{middle}{}", service("first"), service("last"));
        let parsed = parse("f.yaml", &text);
        assert_eq!(keys(&parsed), ["service/default/first", "service/default/last"], "{middle}");
        let [diagnostic] = parsed.diagnostics.as_slice() else {
            panic!("one diagnostic for {middle:?}, got {:?}", parsed.diagnostics)
        };
        assert_eq!(
            (diagnostic.code.0, diagnostic.severity),
            (code, Severity::Error),
            "{diagnostic}"
        );
        let place = place(parsed.mark(&diagnostic.origin));
        assert!(place.starts_with(place_start), "{middle:?} is at {place}: {diagnostic}");
        if help.is_some() {
            assert_eq!(diagnostic.help.as_deref(), help);
        }
    }
}

#[test]
fn class_params_are_read_as_their_crd_spells_them() {
    let text = "apiVersion: elbv2.k8s.aws/v1beta1\nkind: IngressClassParams\nmetadata: {name: p}\nspec:\n  \
                inboundCIDRs: [10.0.0.0/8]\n  sslRedirectPort: '443'\n  prefixListsIDs: [pl-1]\n  \
                ipamConfiguration: {ipv4IPAMPoolId: pool}\n  certificateArn: [a]\n  wafv2AclArn: w\n  \
                subnets: {tags: {tier: [a, b]}}\n  listeners: [{protocol: HTTP, port: 80, \
                listenerAttributes: [{key: k, value: v}]}]\n";
    let parsed = parse("p.yaml", text);
    assert_eq!(parsed.diagnostics, []);
    let spec = &parsed.objects[0].get::<IngressClassParams>().expect("class params").spec;
    assert_eq!(
        (spec.inbound_cidrs.len(), spec.prefix_lists_ids.len(), spec.certificate_arn.len()),
        (1, 1, 1)
    );
    assert_eq!(spec.ssl_redirect_port.as_deref(), Some("443"));
    assert_eq!(spec.ipam_configuration.as_ref().and_then(|i| i.ipv4_pool.as_deref()), Some("pool"));
    assert_eq!(spec.wafv2_acl_arn.as_deref(), Some("w"));
    assert_eq!(spec.subnets.as_ref().map(|s| s.tags["tier"].len()), Some(2));
    assert_eq!(spec.listeners[0].listener_attributes[0].value, "v");
    assert_eq!(parsed.objects[0].key.to_string(), "ingressclassparams/p");
}
