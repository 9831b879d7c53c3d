//! The settings in force: what both peers take as flags, as plain data. `app/cli` fills it from flags.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use crate::{Kind, balancer::Scheme, record::RecordType, targets::TargetType};

/// Everything that compile, shape and diff are told by the operator.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Controller {
    /// The load-balancer half (ALBC's flags).
    pub balancers: BalancerSettings,
    /// What of it is about Services alone.
    #[serde(default)]
    pub services: ServiceSettings,
    /// The DNS half (ExternalDNS's flags).
    pub dns: DnsSettings,
    /// What names are read from (ExternalDNS's source flags).
    pub sources: SourceSettings,
    /// How far records may be deleted.
    pub guard: DeletionGuard,
}

/// ALBC's flags (load-balancers.md 11.1).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BalancerSettings {
    /// `--cluster-name`; part of every ownership tag and generated name.
    pub cluster_name: String,
    /// `--aws-vpc-id`; empty where it is found out.
    pub vpc_id: String,
    /// `--ingress-class`; `None` when given empty: Ingresses of no class are ours too.
    pub ingress_class: Option<String>,
    /// `--default-target-type`.
    pub target_type: TargetType,
    /// `--default-load-balancer-scheme`.
    pub scheme: Scheme,
    /// `--default-ssl-policy`.
    pub ssl_policy: String,
    /// `--default-tags`: on everything; beats every tag but the ownership tags.
    pub default_tags: BTreeMap<String, String>,
    /// `--external-managed-tags`: keys that others keep; never written, never removed.
    pub external_managed_tags: BTreeSet<String>,
    /// `--allowed-certificate-authority-arns`: certificates of others are not found by host; empty: all.
    #[serde(default)]
    pub certificate_authorities: BTreeSet<String>,
    /// Gate `EnhancedDefaultBehavior`: what nobody says of mutual authentication means off.
    #[serde(default)]
    pub enhanced_defaults: bool,
    /// `--service-target-eni-security-group-tags`: which of several security groups of a target is
    /// opened carries these too.
    #[serde(default)]
    pub target_group_tags: BTreeMap<String, String>,
    /// What may be switched.
    pub switches: BalancerSwitches,
}

/// ALBC's flags of Services that ask for a load balancer of their own.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ServiceSettings {
    /// Gate `EnableServiceController`: whether any Service is ours.
    pub served: bool,
    /// `--load-balancer-class`: the `loadBalancerClass` of Services that are ours.
    pub class: String,
    /// Gate `ServiceTypeLoadBalancerOnly`: those of another type are not, whatever their class.
    pub load_balancers_only: bool,
    /// Gate `NLBSecurityGroup`: load balancers of Services wear security groups.
    pub security_groups: bool,
}

impl Default for ServiceSettings {
    fn default() -> Self {
        let class = "service.k8s.aws/nlb".into();
        Self { served: true, class, load_balancers_only: false, security_groups: true }
    }
}

/// ALBC's boolean flags and feature gates that change what is built. More than twelve, because they stand
/// side by side there.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BalancerSwitches {
    /// `--enable-backend-security-group`: one shared group that load balancers reach targets from.
    pub backend_security_group: bool,
    /// `--backend-security-group`: a given shared group instead of one of ours.
    pub given_backend_security_group: Option<String>,
    /// `--enable-manage-backend-security-group-rules`.
    pub manage_backend_rules: bool,
    /// `--disable-restricted-sg-rules`: all TCP ports instead of the needed ones.
    pub unrestricted_rules: bool,
    /// `--tolerate-non-existent-backend-service`: a missing Service is a fixed 503.
    pub tolerate_missing_service: bool,
    /// `--tolerate-non-existent-backend-action`: a missing action annotation is a fixed 503.
    pub tolerate_missing_action: bool,
    /// Gate `EnableIPTargetType`.
    pub ip_targets: bool,
    /// Gate `ALBSingleSubnet`.
    pub single_subnet: bool,
    /// Gate `SubnetsClusterTagCheck`.
    pub check_subnet_cluster_tag: bool,
    /// Gate `SubnetDiscoveryByReachability`.
    pub discover_by_reachability: bool,
    /// Gate `ListenerRulesTagging`.
    pub tag_listeners_and_rules: bool,
    /// Gate `EndpointsFailOpen`.
    pub endpoints_fail_open: bool,
    /// Gate `EnableDefaultTagsLowPriority`: `--default-tags` beat no other tag.
    #[serde(default)]
    pub default_tags_low_priority: bool,
    /// Gate `WeightedTargetGroups`: one action may lead to several target groups.
    #[serde(default = "on")]
    pub weighted_target_groups: bool,
    /// `--enable-wafv2`: web ACLs are associated as members say.
    #[serde(default = "on")]
    pub wafv2: bool,
}

fn on() -> bool {
    true
}

impl Default for BalancerSwitches {
    fn default() -> Self {
        Self {
            backend_security_group: true,
            given_backend_security_group: None,
            manage_backend_rules: false,
            unrestricted_rules: false,
            tolerate_missing_service: true,
            tolerate_missing_action: true,
            ip_targets: true,
            single_subnet: false,
            check_subnet_cluster_tag: true,
            discover_by_reachability: true,
            tag_listeners_and_rules: true,
            endpoints_fail_open: true,
            default_tags_low_priority: false,
            weighted_target_groups: true,
            wafv2: true,
        }
    }
}

impl Default for BalancerSettings {
    fn default() -> Self {
        Self {
            cluster_name: String::new(),
            vpc_id: String::new(),
            ingress_class: Some("alb".into()),
            target_type: TargetType::Instance,
            scheme: Scheme::Internal,
            ssl_policy: "ELBSecurityPolicy-2016-08".into(),
            default_tags: BTreeMap::new(),
            external_managed_tags: BTreeSet::new(),
            certificate_authorities: BTreeSet::new(),
            enhanced_defaults: false,
            target_group_tags: BTreeMap::new(),
            switches: BalancerSwitches::default(),
        }
    }
}

/// `--policy`: what may happen to records.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum DnsPolicy {
    /// Create, update and delete.
    Sync,
    /// Create and update.
    UpsertOnly,
    /// Create.
    CreateOnly,
}

/// ExternalDNS's flags (dns.md 1).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DnsSettings {
    /// `--annotation-prefix`, with its trailing slash; `None`: both known prefixes are read.
    pub annotation_prefix: Option<String>,
    /// `--policy`.
    pub policy: DnsPolicy,
    /// `--txt-owner-id`.
    pub owner: String,
    /// `--txt-prefix`.
    pub txt_prefix: String,
    /// `--txt-suffix`.
    pub txt_suffix: String,
    /// `--txt-wildcard-replacement`.
    pub txt_wildcard_replacement: String,
    /// `--domain-filter`; empty: all names.
    pub domain_filter: Vec<String>,
    /// `--exclude-domains`.
    pub exclude_domains: Vec<String>,
    /// `--managed-record-types`.
    pub managed_types: BTreeSet<RecordType>,
    /// `--aws-evaluate-target-health`.
    pub evaluate_target_health: bool,
    /// `--aws-prefer-cname`.
    pub prefer_cname: bool,
    /// `--migrate-from-txt-owner`: records of this owner are ours too, and are marked so.
    pub migrate_from_owner: Option<String>,
}

impl DnsSettings {
    /// What contradicts itself among the settings of ownership, in words; `None`: nothing. The same that
    /// ExternalDNS refuses to start with.
    pub fn contradiction(&self) -> Option<&'static str> {
        if self.owner.is_empty() {
            return Some("--txt-owner-id must not be empty");
        }
        let both = !self.txt_prefix.is_empty() && !self.txt_suffix.is_empty();
        both.then_some("--txt-prefix and --txt-suffix exclude each other")
    }

    /// Whether names like this one (lower case, no trailing dot) are ours to keep: `--domain-filter` and
    /// `--exclude-domains`. A filter `.x` means the names below `x`, `x` itself too without the dot.
    pub fn admits(&self, name: &str) -> bool {
        let covers = |filter: &String| {
            let filter = filter.trim().trim_end_matches('.').to_lowercase();
            match name.strip_suffix(filter.trim_start_matches('.')) {
                Some("") => !filter.starts_with('.'),
                Some(rest) => rest.ends_with('.'),
                None => false,
            }
        };
        let included = self.domain_filter.is_empty() || self.domain_filter.iter().any(covers);
        included && !self.exclude_domains.iter().any(|it| !it.is_empty() && covers(it))
    }
}

impl Default for DnsSettings {
    fn default() -> Self {
        Self {
            annotation_prefix: None,
            policy: DnsPolicy::Sync,
            owner: "default".into(),
            txt_prefix: String::new(),
            txt_suffix: String::new(),
            txt_wildcard_replacement: String::new(),
            domain_filter: Vec::new(),
            exclude_domains: Vec::new(),
            managed_types: BTreeSet::from([RecordType::A, RecordType::AAAA, RecordType::CNAME]),
            evaluate_target_health: true,
            prefer_cname: false,
            migrate_from_owner: None,
        }
    }
}

/// What names are read from (`--source`).
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Source {
    /// `ingress`.
    Ingress,
    /// `service`.
    Service,
    /// A source of ExternalDNS that is not served. Records whose label does not say which object they
    /// are for may be of one, and stay.
    Other(String),
}

impl Source {
    /// The source of this name.
    pub fn parse(name: &str) -> Self {
        match name {
            "ingress" => Source::Ingress,
            "service" => Source::Service,
            other => Source::Other(other.to_owned()),
        }
    }

    /// The kind of object that it reads; `None` where it is not served.
    pub fn kind(&self) -> Option<Kind> {
        match self {
            Source::Ingress => Some(Kind::Ingress),
            Source::Service => Some(Kind::Service),
            Source::Other(_) => None,
        }
    }
}

/// ExternalDNS's flags of what is read (dns.md 1.2).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SourceSettings {
    /// `--source`; empty: the DNS half claims nothing, and deletes nothing.
    pub sources: BTreeSet<Source>,
    /// `--namespace`; `None`: all.
    pub namespace: Option<String>,
    /// `--publish-internal-services`: Services of type ClusterIP lead to their cluster address.
    pub publish_internal_services: bool,
    /// Somebody else makes the load balancers (the other half is off): Ingresses of our class lead where
    /// their status says, as all others do.
    pub balancers_are_elsewhere: bool,
}

impl Default for SourceSettings {
    fn default() -> Self {
        Self {
            sources: BTreeSet::from([Source::Ingress]),
            namespace: None,
            publish_internal_services: false,
            balancers_are_elsewhere: false,
        }
    }
}

impl SourceSettings {
    /// Whether objects of this kind and namespace are read.
    pub fn reads(&self, kind: Kind, namespace: &str) -> bool {
        let is_source = self.sources.iter().any(|source| source.kind() == Some(kind));
        is_source && self.namespace.as_ref().is_none_or(|only| only == namespace)
    }
}

/// What keeps a mistake from emptying a zone.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeletionGuard {
    /// `--max-deletes`: where more names of a zone than this should go in one run, none of them goes;
    /// 0: any number may.
    pub max_deletes: usize,
    /// Kinds that were not listed completely yet: while one of them is a source, no record goes.
    pub incomplete: BTreeSet<Kind>,
}

impl Default for DeletionGuard {
    fn default() -> Self {
        Self { max_deletes: Self::MAX_DELETES, incomplete: BTreeSet::new() }
    }
}

impl DeletionGuard {
    /// `--max-deletes` where nobody says it: more than a busy day takes, less than most zones hold.
    pub const MAX_DELETES: usize = 500;
}
