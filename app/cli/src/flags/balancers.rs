//! The flags of AWS Load Balancer Controller v3.5.

use super::{Flag, Kind};

const ONE_QUEUE: &str = "all units share one queue; AWS's rate limits bound what runs at once";
const OWN_BACKOFF: &str = "a unit that fails backs off by what AWS answered, 5 minutes at most";
const NO_WEBHOOK: &str = "inroad has no admission webhook yet";
const NO_GATEWAYS: &str = "Gateways are not served yet";
const NO_ADDONS: &str =
    "WAF Classic and Shield are not served yet; their annotations are told as LB0004";

/// In the order of its documentation.
#[rustfmt::skip] // a table: one line a flag
pub(super) const FLAGS: &[Flag] = &[
    Flag::new("cluster-name", Kind::Text, "", "Name of the cluster: part of every ownership tag and generated name; `run` needs it, elsewhere it is `local`"),
    Flag::new("default-tags", Kind::Pairs, "", "Tags for everything"),
    Flag::new("default-target-type", Kind::Choice(&["instance", "ip"]), "instance", "Target type where an Ingress says none"),
    Flag::new("default-load-balancer-scheme", Kind::Choice(&["internal", "internet-facing"]), "internal", "Scheme where an Ingress says none"),
    Flag::new("external-managed-tags", Kind::Commas, "", "Tag keys that others keep"),
    Flag::new("default-ssl-policy", Kind::Text, "ELBSecurityPolicy-2016-08", "TLS policy where an Ingress says none"),
    Flag::new("required-secrets-label", Kind::Text, "", "Label that a Secret must carry to be read").no_effect("no Secret is read"),
    Flag::new("feature-gates", Kind::Pairs, "", "Gates: Name=true,Name=false"),
    // AWS
    Flag::new("aws-region", Kind::Text, "", "AWS region; not given: the environment, the profile, the instance or the nodes say it (offline: us-west-2)"),
    Flag::new("aws-vpc-id", Kind::Text, "", "VPC of the cluster; not given: --aws-vpc-tags, the instance or the nodes say it"),
    Flag::new("aws-vpc-tags", Kind::Pairs, "", "Tags that only the cluster's VPC has"),
    Flag::new("aws-vpc-tag-key", Kind::Text, "Name", "Deprecated").no_effect("AWS Load Balancer Controller ignores it too"),
    Flag::new("aws-api-endpoints", Kind::Pairs, "", "Endpoints by service: ec2=URL,elasticloadbalancing=URL"),
    Flag::new("aws-api-throttle", Kind::Text, "", "Client-side rates: SERVICE:OPERATION-REGEX=RATE:BURST; the first that matches an operation counts"),
    Flag::new("aws-max-retries", Kind::Number, "10", "How often the SDK tries a call again"),
    // the process
    Flag::new("metrics-bind-addr", Kind::Text, ":8080", "Where /metrics is served; 0: nowhere"),
    Flag::new("health-probe-bind-addr", Kind::Text, ":61779", "Where /healthz and /readyz are served; 0: nowhere"),
    Flag::new("webhook-bind-port", Kind::Number, "9443", "Port of the admission webhook").no_effect(NO_WEBHOOK),
    Flag::new("webhook-cert-dir", Kind::Text, "", "Folder of the webhook's certificate").no_effect(NO_WEBHOOK),
    Flag::new("webhook-cert-file", Kind::Text, "", "The webhook's certificate").no_effect(NO_WEBHOOK),
    Flag::new("webhook-key-file", Kind::Text, "", "The webhook's key").no_effect(NO_WEBHOOK),
    Flag::new("kube-ca-pem-filepath", Kind::Text, "", "The API server's CA").no_effect(NO_WEBHOOK),
    Flag::new("enable-leader-election", Kind::Bool, "true", "Let only the holder of a Lease write load balancers"),
    Flag::new("leader-election-id", Kind::Text, "aws-load-balancer-controller-leader", "Name of the load-balancer half's Lease: the one that AWS Load Balancer Controller holds, so that both never write together"),
    Flag::new("leader-election-namespace", Kind::Text, "", "Namespace of both Leases; not given: the Pod's own"),
    Flag::new("watch-namespace", Kind::Text, "", "Only this namespace's objects; not given: all"),
    Flag::new("sync-period", Kind::Duration, "10m", "How long until a load balancer is compared with AWS again where nothing changed (AWS Load Balancer Controller's default: 10h)"),
    // Ingress
    Flag::new("ingress-class", Kind::Text, "alb", "Class that is ours; empty: Ingresses without a class are ours too"),
    Flag::new("disable-ingress-class-annotation", Kind::Bool, "false", "Do not read kubernetes.io/ingress.class").default_only("the annotation is always read"),
    Flag::new("disable-ingress-group-name-annotation", Kind::Bool, "false", "Do not read group.name").default_only("the annotation is always read"),
    Flag::new("ingress-max-concurrent-reconciles", Kind::Number, "3", "Ingress groups at once").no_effect(ONE_QUEUE),
    Flag::new("tolerate-non-existent-backend-service", Kind::Bool, "true", "Answer 503 for a Service that is not there"),
    Flag::new("tolerate-non-existent-backend-action", Kind::Bool, "true", "Answer 503 for an action annotation that is not there"),
    Flag::new("allowed-certificate-authority-arns", Kind::Commas, "", "Only certificates of these authorities are found by host"),
    Flag::new("default-pca-arn", Kind::Text, "", "Private authority of new certificates").no_effect("certificates are found, never requested"),
    // Services and bindings
    Flag::new("load-balancer-class", Kind::Text, "service.k8s.aws/nlb", "loadBalancerClass of Services that are ours"),
    Flag::new("service-max-concurrent-reconciles", Kind::Number, "3", "Services at once").no_effect(ONE_QUEUE),
    Flag::new("service-target-eni-security-group-tags", Kind::Pairs, "", "Tags that, beside the cluster's, tell which of several security groups of a target is opened"),
    Flag::new("targetgroupbinding-max-concurrent-reconciles", Kind::Number, "3", "Target groups at once").no_effect(ONE_QUEUE),
    Flag::new("targetgroupbinding-max-exponential-backoff-delay", Kind::Duration, "1000s", "Longest wait of a target group that fails").no_effect(OWN_BACKOFF),
    Flag::new("targetgroupbinding-requeue-duration", Kind::Duration, "15s", "How soon targets that wait are looked at again").no_effect(OWN_BACKOFF),
    Flag::new("enable-endpoint-slices", Kind::Bool, "true", "Read EndpointSlices instead of Endpoints").no_effect("EndpointSlices are always read; Kubernetes keeps them for every Endpoints object"),
    Flag::new("max-targets-per-target-group", Kind::Number, "0", "Targets of a group at most").default_only("all targets are registered"),
    // Security groups
    Flag::new("enable-backend-security-group", Kind::Bool, "true", "One shared security group that load balancers reach targets from"),
    Flag::new("backend-security-group", Kind::Text, "", "A security group to use as the shared one instead of making it"),
    Flag::new("enable-manage-backend-security-group-rules", Kind::Bool, "false", "Keep target rules for load balancers with given security groups too"),
    Flag::new("disable-restricted-sg-rules", Kind::Bool, "false", "Open all TCP ports of targets instead of the needed ones"),
    // The rest
    Flag::new("lb-stabilization-monitor-interval", Kind::Duration, "2m", "How often a load balancer that is being made is looked at").no_effect("steps that wait for a load balancer are tried as soon as AWS takes them"),
    Flag::new("enable-waf", Kind::Bool, "true", "WAF Classic").no_effect(NO_ADDONS),
    Flag::new("enable-wafv2", Kind::Bool, "true", "Associate web ACLs of WAF as annotations and class params say; false: leave them to others"),
    Flag::new("enable-shield", Kind::Bool, "true", "Shield Advanced").no_effect(NO_ADDONS),
    Flag::new("enable-pod-readiness-gate-inject", Kind::Bool, "true", "Put readiness gates into Pods").no_effect(NO_WEBHOOK),
    Flag::new("quic-environment-variable-name", Kind::Text, "AWS_LBC_QUIC_SERVER_ID", "Variable that a Pod's QUIC server id is written to").no_effect(NO_WEBHOOK),
    Flag::new("gateway-class-max-concurrent-reconciles", Kind::Number, "3", "GatewayClasses at once").no_effect(NO_GATEWAYS),
    Flag::new("alb-gateway-max-concurrent-reconciles", Kind::Number, "3", "ALB Gateways at once").no_effect(NO_GATEWAYS),
    Flag::new("nlb-gateway-max-concurrent-reconciles", Kind::Number, "3", "NLB Gateways at once").no_effect(NO_GATEWAYS),
    Flag::new("globalaccelerator-max-concurrent-reconciles", Kind::Number, "1", "GlobalAccelerators at once").no_effect("GlobalAccelerators are not served yet"),
    Flag::new("globalaccelerator-max-exponential-backoff-delay", Kind::Duration, "1000s", "Longest wait of a GlobalAccelerator that fails").no_effect("GlobalAccelerators are not served yet"),
];
