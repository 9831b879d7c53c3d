//! The flags of both peers, once, for every subcommand: clap in, [`Controller`] out.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::{Context, bail};
use clap::{ArgAction, Args, ValueEnum};
use inroad_words::{
    balancer::Scheme,
    controller::{BalancerSettings, BalancerSwitches, Controller, DnsPolicy, DnsSettings},
    record::RecordType,
    targets::TargetType,
};

/// What the operator says, in the peers' own flag names.
#[derive(Debug, Clone, Args)]
pub(crate) struct SettingsArgs {
    #[command(flatten)]
    balancers: BalancerArgs,
    #[command(flatten)]
    switches: SwitchArgs,
    #[command(flatten)]
    dns: DnsArgs,
    #[command(flatten)]
    txt: TxtArgs,
}

/// Load balancers (the flags of AWS Load Balancer Controller).
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Load balancers (flags of AWS Load Balancer Controller)")]
struct BalancerArgs {
    /// Name of the cluster: part of every ownership tag and generated name
    #[arg(long, default_value = "local", value_name = "NAME")]
    cluster_name: String,
    /// AWS region
    #[arg(long, default_value = "us-west-2", value_name = "REGION")]
    aws_region: String,
    /// VPC of the cluster; found out where it is not given
    #[arg(long, default_value = "", value_name = "VPC")]
    aws_vpc_id: String,
    /// Class that is ours; empty: Ingresses without a class are ours too
    #[arg(long, default_value = "alb", value_name = "CLASS")]
    ingress_class: String,
    /// Target type where an Ingress says none
    #[arg(long, default_value = "instance", value_enum)]
    default_target_type: TargetTypeArg,
    /// Scheme where an Ingress says none
    #[arg(long, default_value = "internal", value_enum)]
    default_load_balancer_scheme: SchemeArg,
    /// TLS policy where an Ingress says none
    #[arg(long, default_value = "ELBSecurityPolicy-2016-08", value_name = "POLICY")]
    default_ssl_policy: String,
    /// Tags for everything: k=v,k=v
    #[arg(long, default_value = "", value_name = "TAGS")]
    default_tags: String,
    /// Tag keys that others keep: a,b
    #[arg(long, value_delimiter = ',', value_name = "KEYS")]
    external_managed_tags: Vec<String>,
    /// Gates of AWS Load Balancer Controller: Name=true,Name=false
    #[arg(long, default_value = "", value_name = "GATES")]
    feature_gates: String,
}

/// A flag that is `--x`, `--x=true` or `--x=false`, as Go's flag packages read it.
macro_rules! go_bool {
    ($(#[$doc:meta])* struct $name:ident { $($(#[$field_doc:meta])* $field:ident = $default:literal,)* }) => {
        #[derive(Debug, Clone, Args)]
        $(#[$doc])*
        struct $name {
            $($(#[$field_doc])*
            #[arg(long, default_value = $default, default_missing_value = "true", num_args = 0..=1,
                  require_equals = true, action = ArgAction::Set, value_name = "BOOL")]
            $field: bool,)*
            /// A security group to use as the shared one instead of making it
            #[arg(long, value_name = "SG")]
            backend_security_group: Option<String>,
        }
    };
}

go_bool! {
    #[command(next_help_heading = "Load balancers (flags of AWS Load Balancer Controller)")]
    struct SwitchArgs {
        /// One shared security group that load balancers reach targets from
        enable_backend_security_group = "true",
        /// Keep target rules for load balancers with given security groups too
        enable_manage_backend_security_group_rules = "false",
        /// Open all TCP ports of targets instead of the needed ones
        disable_restricted_sg_rules = "false",
        /// Answer 503 for a Service that is not there
        tolerate_non_existent_backend_service = "true",
        /// Answer 503 for an action annotation that is not there
        tolerate_non_existent_backend_action = "true",
    }
}

/// DNS (the flags of ExternalDNS).
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "DNS (flags of ExternalDNS)")]
struct DnsArgs {
    /// Prefix of DNS annotations; not given: external-dns.alpha.kubernetes.io/ and
    /// external-dns.kubernetes.io/ are both read
    #[arg(long, value_name = "PREFIX")]
    annotation_prefix: Option<String>,
    /// What may happen to records
    #[arg(long, default_value = "sync", value_enum)]
    policy: PolicyArg,
    /// Only names under these domains (repeat)
    #[arg(long, value_name = "DOMAIN")]
    domain_filter: Vec<String>,
    /// No names under these domains (repeat)
    #[arg(long, value_name = "DOMAIN")]
    exclude_domains: Vec<String>,
    /// Record types that are managed (repeat)
    #[arg(long, value_name = "TYPE", default_values = ["A", "AAAA", "CNAME"])]
    managed_record_types: Vec<String>,
    /// Let alias records follow the health of their targets (--no-aws-evaluate-target-health: not)
    #[arg(long, default_value_t = true, overrides_with = "no_aws_evaluate_target_health")]
    aws_evaluate_target_health: bool,
    #[arg(long, hide = true)]
    no_aws_evaluate_target_health: bool,
    /// CNAME instead of alias records
    #[arg(long)]
    aws_prefer_cname: bool,
}

/// Ownership records.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "DNS (flags of ExternalDNS)")]
struct TxtArgs {
    /// Who we are in ownership records
    #[arg(long, default_value = "default", value_name = "ID")]
    txt_owner_id: String,
    /// Prefix of ownership records' names
    #[arg(long, default_value = "", value_name = "PREFIX", conflicts_with = "txt_suffix")]
    txt_prefix: String,
    /// Suffix of ownership records' first label
    #[arg(long, default_value = "", value_name = "SUFFIX")]
    txt_suffix: String,
    /// Stands for * in ownership records' names
    #[arg(long, default_value = "", value_name = "TEXT")]
    txt_wildcard_replacement: String,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum TargetTypeArg {
    Instance,
    Ip,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum SchemeArg {
    Internal,
    InternetFacing,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum PolicyArg {
    Sync,
    UpsertOnly,
    CreateOnly,
}

impl SettingsArgs {
    /// The region that AWS is asked in.
    pub(crate) fn region(&self) -> &str {
        &self.balancers.aws_region
    }

    /// The settings in force.
    ///
    /// # Errors
    /// A tag list, gate or record type that is none.
    pub(crate) fn controller(&self) -> anyhow::Result<Controller> {
        let (balancers, dns) = (self.balancer_settings()?, self.dns_settings()?);
        Ok(Controller { balancers, dns, ..Controller::default() })
    }

    fn balancer_settings(&self) -> anyhow::Result<BalancerSettings> {
        let args = &self.balancers;
        Ok(BalancerSettings {
            cluster_name: args.cluster_name.clone(),
            vpc_id: args.aws_vpc_id.clone(),
            ingress_class: Some(args.ingress_class.clone()).filter(|class| !class.is_empty()),
            target_type: match args.default_target_type {
                TargetTypeArg::Instance => TargetType::Instance,
                TargetTypeArg::Ip => TargetType::Ip,
            },
            scheme: match args.default_load_balancer_scheme {
                SchemeArg::Internal => Scheme::Internal,
                SchemeArg::InternetFacing => Scheme::InternetFacing,
            },
            ssl_policy: args.default_ssl_policy.clone(),
            default_tags: pairs(&args.default_tags).context("--default-tags")?,
            external_managed_tags: BTreeSet::from_iter(args.external_managed_tags.iter().cloned()),
            switches: self.balancer_switches()?,
        })
    }

    fn balancer_switches(&self) -> anyhow::Result<BalancerSwitches> {
        let args = &self.switches;
        let mut switches = BalancerSwitches {
            backend_security_group: args.enable_backend_security_group,
            given_backend_security_group: args.backend_security_group.clone(),
            manage_backend_rules: args.enable_manage_backend_security_group_rules,
            unrestricted_rules: args.disable_restricted_sg_rules,
            tolerate_missing_service: args.tolerate_non_existent_backend_service,
            tolerate_missing_action: args.tolerate_non_existent_backend_action,
            ..BalancerSwitches::default()
        };
        for (gate, value) in pairs(&self.balancers.feature_gates).context("--feature-gates")? {
            let value: bool = value.parse().with_context(|| format!("--feature-gates: {gate}"))?;
            match gate.as_str() {
                "EnableIPTargetType" => switches.ip_targets = value,
                "ALBSingleSubnet" => switches.single_subnet = value,
                "SubnetsClusterTagCheck" => switches.check_subnet_cluster_tag = value,
                "SubnetDiscoveryByReachability" => switches.discover_by_reachability = value,
                "ListenerRulesTagging" => switches.tag_listeners_and_rules = value,
                "EndpointsFailOpen" => switches.endpoints_fail_open = value,
                known if OTHER_GATES.contains(&known) => {}
                _ => bail!("--feature-gates: there is no gate {gate}"),
            }
        }
        Ok(switches)
    }

    fn dns_settings(&self) -> anyhow::Result<DnsSettings> {
        let (args, txt) = (&self.dns, &self.txt);
        let types = args.managed_record_types.iter().map(|name| {
            RecordType::parse(name)
                .with_context(|| format!("--managed-record-types: {name} is no record type"))
        });
        Ok(DnsSettings {
            annotation_prefix: args.annotation_prefix.clone(),
            policy: match args.policy {
                PolicyArg::Sync => DnsPolicy::Sync,
                PolicyArg::UpsertOnly => DnsPolicy::UpsertOnly,
                PolicyArg::CreateOnly => DnsPolicy::CreateOnly,
            },
            owner: txt.txt_owner_id.clone(),
            txt_prefix: txt.txt_prefix.clone(),
            txt_suffix: txt.txt_suffix.clone(),
            txt_wildcard_replacement: txt.txt_wildcard_replacement.clone(),
            domain_filter: args.domain_filter.clone(),
            exclude_domains: args.exclude_domains.clone(),
            managed_types: types.collect::<anyhow::Result<_>>()?,
            evaluate_target_health: !args.no_aws_evaluate_target_health,
            prefer_cname: args.aws_prefer_cname,
            migrate_from_owner: None,
        })
    }
}

/// Gates of AWS Load Balancer Controller v3.5 that change nothing of what is served today; they are taken,
/// so that a user's flags need not change.
const OTHER_GATES: [&str; 17] = [
    "ALBGatewayAPI",
    "ALBTargetControlAgent",
    "EnableCertificateManagement",
    "EnableDefaultTagsLowPriority",
    "EnableRGTAPI",
    "EnableServiceController",
    "EnableTCPUDPListener",
    "EnhancedDefaultBehavior",
    "GatewayListenerSet",
    "GlobalAcceleratorController",
    "IngressPlanAnnotation",
    "LBCapacityReservation",
    "NLBGatewayAPI",
    "NLBHealthCheckAdvancedConfig",
    "NLBSecurityGroup",
    "ServiceTypeLoadBalancerOnly",
    "WeightedTargetGroups",
];

/// `k=v,k=v`; empty text is no pair.
fn pairs(text: &str) -> anyhow::Result<BTreeMap<String, String>> {
    text.split(',')
        .filter(|pair| !pair.trim().is_empty())
        .map(|pair| {
            let (key, value) =
                pair.split_once('=').with_context(|| format!("{pair:?} is not key=value"))?;
            Ok((key.trim().to_owned(), value.trim().to_owned()))
        })
        .collect()
}
