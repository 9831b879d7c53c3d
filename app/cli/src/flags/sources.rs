//! The flags of ExternalDNS v0.22 about what names are read from.

use super::{Flag, Kind};

const NO_TEMPLATES: &str = "templates are not built yet";
const NO_FILTER: &str = "objects are not chosen by it yet";
const NO_SOURCE: &str = "only a source reads it that is not built yet";

/// Sources, built or not.
#[rustfmt::skip] // a list to be searched
const SOURCES: &[&str] = &[
    "service", "ingress", "node", "pod", "gateway-httproute", "gateway-grpcroute", "gateway-tlsroute",
    "gateway-tcproute", "gateway-udproute", "istio-gateway", "istio-virtualservice", "contour-httpproxy",
    "gloo-proxy", "fake", "connector", "crd", "empty", "skipper-routegroup", "openshift-route",
    "ambassador-host", "kong-tcpingress", "f5-virtualserver", "f5-transportserver", "traefik-proxy",
    "unstructured",
];

/// Sources and filters.
#[rustfmt::skip] // a table: one line a flag
pub(super) const FLAGS: &[Flag] = &[
    Flag::new("source", Kind::Choices(SOURCES), "", "What names are read from (repeat); today: ingress, service; none: the DNS half is off"),
    Flag::new("annotation-filter", Kind::Text, "", "Only objects whose annotations match").default_only(NO_FILTER),
    Flag::new("annotation-prefix", Kind::Text, "", "Prefix of DNS annotations; not given: external-dns.alpha.kubernetes.io/ and external-dns.kubernetes.io/ are both read"),
    Flag::new("label-filter", Kind::Text, "", "Only objects whose labels match").default_only(NO_FILTER),
    Flag::new("compatibility", Kind::Choice(&["", "mate", "molecule", "kops-dns-controller"]), "", "Read annotations of older controllers").default_only("they are not built yet"),
    Flag::new("dns-ingress-class", Kind::Repeat, "", "Only names of Ingresses of these classes (repeat)").was("ingress-class").default_only(NO_FILTER),
    Flag::new("service-type-filter", Kind::Choices(&["ClusterIP", "NodePort", "LoadBalancer", "ExternalName"]), "", "Only names of Services of these types (repeat)").default_only(NO_FILTER),
    Flag::new("fqdn-template", Kind::Repeat, "", "Template of names (repeat)").default_only(NO_TEMPLATES),
    Flag::new("target-template", Kind::Repeat, "", "Template of targets (repeat)").default_only(NO_TEMPLATES),
    Flag::new("fqdn-target-template", Kind::Repeat, "", "Template of names and targets (repeat)").default_only(NO_TEMPLATES),
    Flag::new("combine-fqdn-annotation", Kind::Bool, "false", "Names of templates and of objects").default_only(NO_TEMPLATES),
    Flag::new("ignore-hostname-annotation", Kind::Bool, "false", "No names of annotations").default_only(NO_FILTER),
    Flag::new("ignore-ingress-tls-spec", Kind::Bool, "false", "No names of Ingresses' TLS").default_only(NO_FILTER),
    Flag::new("ignore-ingress-rules-spec", Kind::Bool, "false", "No names of Ingresses' rules").default_only(NO_FILTER),
    Flag::new("ignore-non-host-network-pods", Kind::Bool, "false", "Only Pods on the host's network").no_effect(NO_SOURCE),
    Flag::new("pod-source-domain", Kind::Text, "", "Domain of Pods' names").no_effect(NO_SOURCE),
    Flag::new("publish-internal-services", Kind::Bool, "false", "Services of type ClusterIP lead to their cluster address"),
    Flag::new("publish-host-ip", Kind::Bool, "false", "The host's address for headless Services").default_only(NO_FILTER),
    Flag::new("always-publish-not-ready-addresses", Kind::Bool, "false", "Addresses that are not ready too").default_only(NO_FILTER),
    Flag::new("resolve-service-load-balancer-hostname", Kind::Bool, "false", "Addresses instead of a CNAME").default_only("a load balancer's name is written as it is"),
    Flag::new("exclude-unschedulable", Kind::Bool, "true", "No cordoned nodes").no_effect(NO_SOURCE),
    Flag::new("expose-internal-ipv6", Kind::Bool, "false", "Internal IPv6 addresses of nodes").no_effect(NO_SOURCE),
    Flag::new("gateway-name", Kind::Text, "", "Only this Gateway").no_effect(NO_SOURCE),
    Flag::new("gateway-namespace", Kind::Text, "", "Only Gateways of this namespace").no_effect(NO_SOURCE),
    Flag::new("gateway-label-filter", Kind::Text, "", "Only Gateways whose labels match").no_effect(NO_SOURCE),
    Flag::new("gateway-listener-sets", Kind::Bool, "false", "ListenerSets too").no_effect(NO_SOURCE),
    Flag::new("gloo-namespace", Kind::Repeat, "gloo-system", "Namespaces of Gloo's proxies (repeat)").no_effect(NO_SOURCE),
    Flag::new("skipper-routegroup-groupversion", Kind::Text, "zalando.org/v1", "API of RouteGroups").no_effect(NO_SOURCE),
    Flag::new("openshift-router-name", Kind::Text, "", "Only this router's Routes").no_effect(NO_SOURCE),
    Flag::new("traefik-enable-legacy", Kind::Bool, "false", "traefik.containo.us too").no_effect(NO_SOURCE),
    Flag::new("traefik-disable-new", Kind::Bool, "false", "No traefik.io").no_effect(NO_SOURCE),
    Flag::new("connector-source-server", Kind::Text, "localhost:8080", "Server of the connector source").no_effect(NO_SOURCE),
    Flag::new("crd-source-apiversion", Kind::Text, "externaldns.k8s.io/v1alpha1", "API of DNSEndpoints").no_effect("ExternalDNS does not read it either"),
    Flag::new("crd-source-kind", Kind::Text, "DNSEndpoint", "Kind of DNSEndpoints").no_effect("ExternalDNS does not read it either"),
    Flag::new("unstructured-resource", Kind::Repeat, "", "Resources of the unstructured source (repeat)").no_effect(NO_SOURCE),
    Flag::new("default-targets", Kind::Repeat, "", "Targets of names that have none (repeat)").default_only("a name without targets is held"),
    Flag::new("force-default-targets", Kind::Bool, "false", "Deprecated: always those targets").default_only("a name without targets is held"),
    Flag::new("target-net-filter", Kind::Repeat, "", "Only targets in these networks (repeat)").default_only("targets are not chosen by network yet"),
    Flag::new("exclude-target-net", Kind::Repeat, "", "No targets in these networks (repeat)").default_only("targets are not chosen by network yet"),
    Flag::new("nat64-networks", Kind::Repeat, "", "Networks whose AAAA targets get A records (repeat)").default_only("NAT64 is not built yet"),
    Flag::new("prefer-alias", Kind::Bool, "false", "Alias where a CNAME does not say").default_only("an alias is written where its annotation or its target says so"),
    Flag::new("create-ptr", Kind::Bool, "false", "PTR records too").default_only("PTR records are not built yet"),
    Flag::new("managed-record-types", Kind::Repeat, "A,AAAA,CNAME", "Record types that are managed (repeat)"),
    Flag::new("exclude-record-types", Kind::Repeat, "", "Record types that are not, whatever --managed-record-types says (repeat)"),
];
