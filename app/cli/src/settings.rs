//! What the flags mean for compile, shape and diff. In: every flag's values. Out: [`Controller`], the place in
//! AWS, and which halves work. Forbidden: reading flags anywhere else but here and in [`crate::run`].

use anyhow::{Context, bail, ensure};
use inroad_words::{
    balancer::Scheme,
    controller::{
        BalancerSettings, BalancerSwitches, Controller, DeletionGuard, DnsPolicy, DnsSettings,
        ServiceSettings, Source, SourceSettings,
    },
    record::RecordType,
    targets::TargetType,
};

use crate::flags::{self, Values};

/// The region of folders that name none.
const OFFLINE_REGION: &str = "us-west-2";
/// The cluster's name in folders.
const OFFLINE_CLUSTER: &str = "local";

/// Sources that are built.
const SOURCES: [&str; 2] = ["ingress", "service"];

/// Which halves work.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Halves {
    /// Load balancers.
    pub(crate) balancers: bool,
    /// DNS.
    pub(crate) dns: bool,
}

/// The region of a folder.
pub(crate) fn region(values: &Values) -> String {
    values.some("aws-region").unwrap_or_else(|| OFFLINE_REGION.into())
}

/// The settings of a folder: what `run` must be told has a default here.
///
/// # Errors
/// As [`controller`].
pub(crate) fn offline(values: &Values) -> anyhow::Result<Controller> {
    let mut controller = controller(values)?;
    if !values.is_said("source") {
        controller.sources.sources = SourceSettings::default().sources;
    }
    if controller.balancers.cluster_name.is_empty() {
        controller.balancers.cluster_name = OFFLINE_CLUSTER.into();
    }
    Ok(controller)
}

/// The settings of a cluster, and which halves work.
///
/// # Errors
/// What [`controller`] refuses, and what the halves that are on must be told and are not.
pub(crate) fn online(values: &Values) -> anyhow::Result<(Controller, Halves)> {
    let mut controller = controller(values)?;
    let named = values.list("controllers");
    let on = |half: &str| named.iter().any(|name| name == half);
    let sources = !values.list("source").is_empty();
    let halves = Halves { balancers: on("balancers"), dns: on("dns") && sources };
    controller.sources.balancers_are_elsewhere = !halves.balancers;
    if halves.balancers {
        ensure!(
            !controller.balancers.cluster_name.is_empty(),
            "--cluster-name is needed: it is part of every tag (`inroad --help` shows all flags; \
             with --controllers=dns DNS works alone)"
        );
    }
    if halves.dns {
        ensure!(values.some("provider").is_some(), "--provider is needed with --source: aws");
        let policies = "sync, upsert-only or create-only";
        ensure!(values.some("policy").is_some(), "--policy is needed with --source: {policies}");
    }
    let nothing =
        "nothing to do: --controllers names no half that could work (DNS needs a --source)";
    ensure!(halves.balancers || halves.dns, nothing);
    namespaces(values, halves)?;
    Ok((controller, halves))
}

/// Both halves read one store of objects, which `--watch-namespace` may narrow; `--namespace` narrows what the
/// DNS half sees of it.
fn namespaces(values: &Values, halves: Halves) -> anyhow::Result<()> {
    let (balancers, dns) = (values.text("watch-namespace"), values.text("namespace"));
    ensure!(
        !(halves.balancers && halves.dns) || balancers.is_empty() || balancers == dns,
        "--watch-namespace={balancers} and --namespace={dns} differ: the DNS half would miss what only \
         its namespaces hold; two processes, each with its --controllers, can read two"
    );
    Ok(())
}

/// The namespace that is read; none: all.
pub(crate) fn namespace(values: &Values, halves: Halves) -> Option<String> {
    match halves {
        Halves { balancers: true, .. } => values.some("watch-namespace"),
        Halves { balancers: false, .. } => values.some("namespace"),
    }
}

/// The settings in force.
///
/// # Errors
/// What is not built, flags that exclude each other, a gate or record type that is none.
fn controller(values: &Values) -> anyhow::Result<Controller> {
    built(values)?;
    let max_deletes = usize::try_from(values.number("max-deletes")).unwrap_or(usize::MAX);
    let controller = Controller {
        balancers: balancers(values)?,
        services: services(values)?,
        dns: dns(values)?,
        sources: sources(values),
        guard: DeletionGuard { max_deletes, ..DeletionGuard::default() },
    };
    match controller.dns.contradiction() {
        Some(why) => bail!("{why}"),
        None => Ok(controller),
    }
}

/// Refuses providers, registries and sources that ExternalDNS has and inroad has not.
fn built(values: &Values) -> anyhow::Result<()> {
    let provider = values.text("provider");
    if !matches!(provider.as_str(), "" | "aws") {
        bail!("--provider={provider} is not built yet; what is: aws");
    }
    let registry = values.text("registry");
    if registry != "txt" {
        bail!("--registry={registry} is not built yet; what is: txt");
    }
    for source in values.list("source") {
        if !SOURCES.contains(&source.as_str()) {
            bail!("--source={source} is not built yet; what is: {}", SOURCES.join(", "));
        }
    }
    Ok(())
}

fn balancers(values: &Values) -> anyhow::Result<BalancerSettings> {
    Ok(BalancerSettings {
        cluster_name: values.text("cluster-name"),
        vpc_id: values.text("aws-vpc-id"),
        ingress_class: values.some("ingress-class"),
        target_type: match values.text("default-target-type").as_str() {
            "ip" => TargetType::Ip,
            _ => TargetType::Instance,
        },
        scheme: match values.text("default-load-balancer-scheme").as_str() {
            "internet-facing" => Scheme::InternetFacing,
            _ => Scheme::Internal,
        },
        ssl_policy: values.text("default-ssl-policy"),
        default_tags: values.pairs("default-tags"),
        external_managed_tags: values.list("external-managed-tags").into_iter().collect(),
        certificate_authorities: values
            .list("allowed-certificate-authority-arns")
            .into_iter()
            .collect(),
        enhanced_defaults: gate(values, "EnhancedDefaultBehavior", false)?,
        target_group_tags: values.pairs("service-target-eni-security-group-tags"),
        switches: switches(values)?,
    })
}

fn services(values: &Values) -> anyhow::Result<ServiceSettings> {
    Ok(ServiceSettings {
        served: gate(values, "EnableServiceController", true)?,
        class: values.text("load-balancer-class"),
        load_balancers_only: gate(values, "ServiceTypeLoadBalancerOnly", false)?,
        security_groups: gate(values, "NLBSecurityGroup", true)?,
    })
}

/// A feature gate, with what it is where nobody says otherwise.
fn gate(values: &Values, name: &str, default: bool) -> anyhow::Result<bool> {
    let Some(value) = values.pairs("feature-gates").remove(name) else { return Ok(default) };
    let value = flags::boolean(&value).map_err(anyhow::Error::msg);
    value.with_context(|| format!("--feature-gates: {name}"))
}

fn switches(values: &Values) -> anyhow::Result<BalancerSwitches> {
    let given = values.some("backend-security-group");
    if let Some(group) = &given {
        ensure!(group.starts_with("sg-"), "--backend-security-group={group} is no group's id");
    }
    let manage = values.on("enable-manage-backend-security-group-rules");
    let shared = values.on("enable-backend-security-group");
    ensure!(
        !manage || shared,
        "--enable-manage-backend-security-group-rules needs --enable-backend-security-group"
    );
    let mut switches = BalancerSwitches {
        backend_security_group: shared,
        given_backend_security_group: given,
        manage_backend_rules: manage,
        unrestricted_rules: values.on("disable-restricted-sg-rules"),
        tolerate_missing_service: values.on("tolerate-non-existent-backend-service"),
        tolerate_missing_action: values.on("tolerate-non-existent-backend-action"),
        wafv2: values.on("enable-wafv2"),
        ..BalancerSwitches::default()
    };
    for (gate, value) in values.pairs("feature-gates") {
        let value = flags::boolean(&value).map_err(anyhow::Error::msg);
        let value = value.with_context(|| format!("--feature-gates: {gate}"))?;
        match gate.as_str() {
            "EnableIPTargetType" => switches.ip_targets = value,
            "ALBSingleSubnet" => switches.single_subnet = value,
            "SubnetsClusterTagCheck" => switches.check_subnet_cluster_tag = value,
            "SubnetDiscoveryByReachability" => switches.discover_by_reachability = value,
            "ListenerRulesTagging" => switches.tag_listeners_and_rules = value,
            "EndpointsFailOpen" => switches.endpoints_fail_open = value,
            "WeightedTargetGroups" => switches.weighted_target_groups = value,
            "EnableDefaultTagsLowPriority" => switches.default_tags_low_priority = value,
            known if OTHER_GATES.contains(&known) => {}
            _ => bail!("--feature-gates: there is no gate {gate}"),
        }
    }
    Ok(switches)
}

fn sources(values: &Values) -> SourceSettings {
    SourceSettings {
        sources: values.list("source").iter().map(|name| Source::parse(name)).collect(),
        namespace: values.some("namespace"),
        publish_internal_services: values.on("publish-internal-services"),
        ..SourceSettings::default()
    }
}

fn dns(values: &Values) -> anyhow::Result<DnsSettings> {
    let annotations = values.some("annotation-prefix");
    if let Some(prefix) = &annotations {
        ensure!(prefix.ends_with('/'), "--annotation-prefix={prefix} must end with /");
    }
    let types = |flag: &str| -> anyhow::Result<Vec<RecordType>> {
        let names = values.list(flag).into_iter();
        let read = names.map(|name| {
            RecordType::parse(&name).with_context(|| format!("--{flag}: {name} is no record type"))
        });
        read.collect()
    };
    let excluded = types("exclude-record-types")?;
    let managed = types("managed-record-types")?;
    Ok(DnsSettings {
        annotation_prefix: annotations,
        policy: match values.text("policy").as_str() {
            "upsert-only" => DnsPolicy::UpsertOnly,
            "create-only" => DnsPolicy::CreateOnly,
            _ => DnsPolicy::Sync,
        },
        owner: values.text("txt-owner-id"),
        migrate_from_owner: values.some("migrate-from-txt-owner"),
        txt_prefix: values.text("txt-prefix"),
        txt_suffix: values.text("txt-suffix"),
        txt_wildcard_replacement: values.text("txt-wildcard-replacement"),
        domain_filter: values.list("domain-filter"),
        exclude_domains: values.list("exclude-domains"),
        managed_types: managed.into_iter().filter(|it| !excluded.contains(it)).collect(),
        evaluate_target_health: values.on("aws-evaluate-target-health"),
        prefer_cname: values.on("aws-prefer-cname"),
    })
}

/// Gates of AWS Load Balancer Controller v3.5 that change nothing of what is served today; they are taken,
/// so that a user's flags need not change.
const OTHER_GATES: [&str; 15] = [
    "ALBGatewayAPI",
    "ALBTargetControlAgent",
    "EnableCertificateManagement",
    "EnableRGTAPI",
    "EnableServiceController", // served with the Services
    "EnableTCPUDPListener",
    "EnhancedDefaultBehavior", // served beside the switches
    "GatewayListenerSet",
    "GlobalAcceleratorController",
    "IngressPlanAnnotation",
    "LBCapacityReservation",
    "NLBGatewayAPI",
    "NLBHealthCheckAdvancedConfig",
    "NLBSecurityGroup",            // served with the Services
    "ServiceTypeLoadBalancerOnly", // served with the Services
];
