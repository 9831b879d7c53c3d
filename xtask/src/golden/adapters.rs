//! Which table is put to which room of inroad.

use super::{
    dns_names, dns_plan, dns_registry, glob, ingress_backend, ingress_balancer, ingress_class,
    ingress_grammar, ingress_listener, ingress_model, ingress_network, ingress_rules, tables::Case,
};

/// Runs one case; the error says where inroad differs from what is recorded.
pub(super) type Adapter = fn(&Case) -> Result<(), String>;

/// Tables by path, each with the adapter that understands them; the first that matches counts.
const ADAPTERS: &[(&str, Adapter)] = &[
    ("albc/pkg/annotations/*_ParseBoolAnnotation.json", ingress_grammar::boolean),
    ("albc/pkg/annotations/*_ParseInt64Annotation.json", ingress_grammar::integer),
    ("albc/pkg/annotations/*_ParseJSONAnnotation.json", ingress_grammar::json),
    ("albc/pkg/annotations/*_ParseStringAnnotation.json", ingress_grammar::string),
    ("albc/pkg/annotations/*_ParseStringMapAnnotation.json", ingress_grammar::map),
    ("albc/pkg/annotations/*_ParseStringSliceAnnotation.json", ingress_grammar::list),
    ("albc/pkg/ingress/*__Test_defaultClassAnnotationMatcher_Matches.json", ingress_class::matches),
    ("albc/pkg/ingress/*__Test_defaultClassLoader_Load.json", ingress_class::load),
    ("albc/pkg/ingress/*__Test_defaultGroupLoader_loadGroupID.json", ingress_class::group_id),
    ("albc/pkg/ingress/*__Test_defaultGroupLoader_sortGroupMembers.json", ingress_class::order),
    ("albc/pkg/ingress/*__Test_validateGroupName.json", ingress_class::group_name),
    ("albc/pkg/networking/*_ResolveViaNameOrID.json", ingress_network::groups),
    ("albc/pkg/networking/*_ResolveViaDiscovery.json", ingress_network::discovered),
    ("albc/pkg/networking/*_ResolveViaNameOrIDSlice.json", ingress_network::named),
    ("albc/pkg/networking/*_ResolveViaSelector.json", ingress_network::selected),
    ("albc/pkg/networking/*_buildSDKSubnetLocaleType.json", ingress_network::locale),
    ("albc/pkg/networking/*_chooseSubnetsPerAZ.json", ingress_network::one_per_zone),
    ("albc/pkg/networking/*_computeSubnetsMinimalCount.json", ingress_network::least),
    ("albc/pkg/ingress/*_buildIngress*LoadBalancerAttributes.json", ingress_balancer::attributes),
    ("albc/pkg/ingress/*_buildLoadBalancerCOIPv4Pool.json", ingress_balancer::customer_owned_pool),
    ("albc/pkg/ingress/*_buildLoadBalancerIPAddressType.json", ingress_balancer::address_type),
    ("albc/pkg/ingress/*_buildLoadBalancerName.json", ingress_balancer::name),
    ("albc/pkg/ingress/*_buildLoadBalancerSubnets.json", ingress_network::mapped),
    ("albc/pkg/ingress/*_buildLoadBalancerTags*.json", ingress_balancer::balancer_tags),
    ("albc/pkg/ingress/*_buildManagedSecurityGroupTags*.json", ingress_balancer::group_tags),
    ("albc/pkg/ingress/*_buildManageSecurityGroupRulesFlag.json", ingress_balancer::manages_rules),
    ("albc/pkg/ingress/*_buildListenerRuleTags.json", ingress_balancer::rule_tags),
    ("albc/pkg/ingress/*_buildTargetGroupTags*.json", ingress_balancer::target_group_tags),
    ("albc/pkg/ingress/*_buildResourceTagsPriority.json", ingress_balancer::resource_tags),
    (
        "albc/pkg/ingress/*_buildIngressBackendResourceTags.json",
        ingress_balancer::target_group_tags,
    ),
    ("albc/pkg/ingress/*_buildIngressResourceTags.json", ingress_balancer::balancer_tags),
    (
        "albc/pkg/ingress/*_validateTagCollisionWithExternalManagedTags.json",
        ingress_balancer::foreign_tags,
    ),
    ("albc/pkg/ingress/*_buildWAFv2WebACLAssociation*.json", ingress_balancer::web_acl),
    ("albc/pkg/ingress/*__Test_defaultModelBuilder_Build.json", ingress_model::check),
    ("albc/pkg/ingress/*__Test_buildListenerAttributes.json", ingress_listener::attributes),
    ("albc/pkg/ingress/*_buildListenerTags.json", ingress_listener::tags),
    ("albc/pkg/ingress/*_buildSSLRedirectConfig.json", ingress_listener::redirect),
    ("albc/pkg/ingress/*_computeIngressListenPortConfigByPort_*.json", ingress_listener::ports),
    ("albc/pkg/ingress/*__Test_mergeListenPortConfigs_CertDedup.json", ingress_listener::merge),
    ("albc/pkg/ingress/*__Test_validateMutualAuthenticationConfig.json", ingress_listener::mutual),
    ("albc/pkg/certs/*_acmCertDiscovery_domainMatchesHost.json", ingress_listener::covers),
    (
        "albc/pkg/ingress/*_buildTargetGroupBindingMultiClusterFlag.json",
        ingress_backend::multi_cluster,
    ),
    ("albc/pkg/ingress/*_buildTargetGroupBindingNetworking.json", ingress_backend::networking),
    ("albc/pkg/ingress/*_buildTargetGroupBindingNodeSelector.json", ingress_backend::node_selector),
    ("albc/pkg/ingress/*_buildTargetGroupHealthCheckMatcher.json", ingress_backend::matcher),
    ("albc/pkg/ingress/*_buildTargetGroupHealthCheckPath.json", ingress_backend::health_path),
    ("albc/pkg/ingress/*_buildTargetGroupName.json", ingress_backend::name),
    ("albc/pkg/ingress/*_buildTargetGroupPort.json", ingress_backend::port),
    ("albc/pkg/ingress/*_buildTargetGroupSpec.json", ingress_backend::spec),
    ("albc/pkg/ingress/*_buildTargetGroupTargetControlPort.json", ingress_backend::control_port),
    ("albc/pkg/ingress/*_buildActionViaAnnotation.json", ingress_rules::actions),
    (
        "albc/pkg/ingress/*_defaultEnhancedBackendBuilder_buildConditions.json",
        ingress_rules::conditions,
    ),
    ("albc/pkg/ingress/*_defaultModelBuildTask_buildTransforms.json", ingress_rules::transforms),
    ("albc/pkg/ingress/*_defaultModelBuildTask_buildRuleConditions.json", ingress_rules::together),
    ("albc/pkg/ingress/*_buildPathPatterns.json", ingress_rules::patterns),
    ("albc/pkg/ingress/*_buildPathPatternsForExactPathType.json", ingress_rules::exact),
    ("albc/pkg/ingress/*_buildPathPatternsForPrefixPathType.json", ingress_rules::prefix),
    ("albc/pkg/ingress/*_buildImplementationSpecificPathPatterns.json", ingress_rules::specific),
    ("albc/pkg/ingress/*_classifyIngressPathsByType.json", ingress_rules::types),
    ("albc/pkg/ingress/*_sortIngressPath.json", ingress_rules::order),
    ("albc/pkg/ingress/*_defaultRuleOptimizer_Optimize.json", ingress_rules::optimise),
    ("external-dns/endpoint/labels_test__TestParseLabels.json", dns_names::labels),
    ("external-dns/plan/conflict_test__Suite.json", dns_plan::conflicts),
    ("external-dns/plan/plan_test__TestShouldUpdateProviderSpecific.json", dns_plan::properties),
    ("external-dns/plan/plan_test__*.json", dns_plan::check),
    ("external-dns/plan/policy_test__TestApply.json", dns_plan::policy),
    ("external-dns/registry/mapper/*_ToEndpointName.json", dns_names::to_endpoint_name),
    ("external-dns/registry/mapper/*_ToTXTName.json", dns_names::to_txt_name),
    ("external-dns/registry/mapper/*_RecordTypeInAffix.json", dns_names::says_type),
    ("external-dns/registry/mapper/*__TestToEndpointNameNewTXT.json", dns_names::both_ways),
    // Not TestCacheMethods: what it looks into is no part of a plan.
    ("external-dns/registry/txt/registry_test__TestFail*.json", dns_registry::check),
    ("external-dns/registry/txt/registry_test__TestGenerate*.json", dns_registry::check),
    ("external-dns/registry/txt/registry_test__TestMulti*.json", dns_registry::check),
    ("external-dns/registry/txt/registry_test__TestNew*.json", dns_registry::check),
    ("external-dns/registry/txt/registry_test__TestTXT*.json", dns_registry::check),
    ("external-dns/registry/txt/registry_test__testTXT*.json", dns_registry::check),
];

/// The adapter for a table.
pub(super) fn find(path: &str) -> Option<Adapter> {
    ADAPTERS.iter().find(|(pattern, _)| glob::matches(pattern, path)).map(|(_, adapter)| *adapter)
}
