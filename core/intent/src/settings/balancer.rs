//! Settings of groups and load balancers.

use std::collections::BTreeMap;

use inroad_words::balancer::{IpAddressType, Scheme};
use inroad_world::crd::{ClassSubnets, Pair};

use super::{Fallback, Merge, Row, Scope, Setting, grammar, no_params};
use crate::model::{SubnetChoice, WebAclChoice};

pub(crate) static GROUP_NAME: Setting<String> = Setting {
    row: Row {
        id: "group.name",
        ingress: "group.name",
        service: None,
        gateway: None,
        params: Some("group"),
        scope: Scope::Group,
        merge: Merge::PerMember,
        doc: "Ingresses of one group share a load balancer.",
    },
    parse: group_name,
    fallback: Fallback::Nothing,
    params: |spec| spec.group.as_ref().map(|group| group_name(&group.name)),
};

pub(crate) static GROUP_ORDER: Setting<i32> = Setting {
    row: Row {
        id: "group.order",
        ingress: "group.order",
        service: None,
        gateway: None,
        params: None,
        scope: Scope::Group,
        merge: Merge::PerMember,
        doc: "Where the Ingress stands in its group, from -1000 to 1000; low comes first.",
    },
    parse: grammar::integer::<-1000, 1000>,
    fallback: Fallback::Text("0"),
    params: no_params,
};

pub(crate) static LOAD_BALANCER_NAME: Setting<String> = Setting {
    row: Row {
        id: "load-balancer.name",
        ingress: "load-balancer-name",
        service: Some("aws-load-balancer-name"),
        gateway: Some("LoadBalancerConfiguration:/loadBalancerName"),
        params: Some("loadBalancerName"),
        scope: Scope::Balancer,
        merge: Merge::Exclusive,
        doc: "Name of the load balancer, at most 32 characters; used when it is created.",
    },
    parse: name,
    fallback: Fallback::Nothing,
    params: |spec| said(&spec.load_balancer_name).map(name),
};

pub(crate) static SCHEME: Setting<Scheme> = Setting {
    row: Row {
        id: "load-balancer.scheme",
        ingress: "scheme",
        service: Some("aws-load-balancer-scheme"),
        gateway: Some("LoadBalancerConfiguration:/scheme"),
        params: Some("scheme"),
        scope: Scope::Balancer,
        merge: Merge::Exclusive,
        doc: "internal or internet-facing; a change replaces the load balancer.",
    },
    parse: scheme,
    fallback: Fallback::Flag("default-load-balancer-scheme", |s| s.scheme.as_str().into()),
    params: |spec| said(&spec.scheme).map(scheme),
};

pub(crate) static IP_ADDRESS_TYPE: Setting<IpAddressType> = Setting {
    row: Row {
        id: "load-balancer.ip-address-type",
        ingress: "ip-address-type",
        service: Some("aws-load-balancer-ip-address-type"),
        gateway: Some("LoadBalancerConfiguration:/ipAddressType"),
        params: Some("ipAddressType"),
        scope: Scope::Balancer,
        merge: Merge::Exclusive,
        doc: "ipv4, dualstack or dualstack-without-public-ipv4.",
    },
    parse: ip_address_type,
    fallback: Fallback::Text("ipv4"),
    params: |spec| said(&spec.ip_address_type).map(ip_address_type),
};

pub(crate) static SUBNETS: Setting<SubnetChoice> = Setting {
    row: Row {
        id: "load-balancer.subnets",
        ingress: "subnets",
        service: Some("aws-load-balancer-subnets"),
        gateway: Some("LoadBalancerConfiguration:/loadBalancerSubnets"),
        params: Some("subnets"),
        scope: Scope::Balancer,
        merge: Merge::Exclusive,
        doc: "Subnets by id or Name tag; without it they are discovered by their tags.",
    },
    parse: |text| grammar::list(text).map(SubnetChoice::Named),
    fallback: Fallback::Nothing,
    params: |spec| {
        let ClassSubnets { ids, tags } = spec.subnets.as_ref()?;
        if ids.is_empty() && tags.is_empty() {
            return None;
        }
        Some(Ok(if tags.is_empty() {
            SubnetChoice::Named(ids.clone())
        } else {
            let tags = tags.iter();
            SubnetChoice::Tagged(
                tags.map(|(k, v)| (k.clone(), v.iter().cloned().collect())).collect(),
            )
        }))
    },
};

pub(crate) static SECURITY_GROUPS: Setting<Vec<String>> = Setting {
    row: Row {
        id: "load-balancer.security-groups",
        ingress: "security-groups",
        service: Some("aws-load-balancer-security-groups"),
        gateway: Some("LoadBalancerConfiguration:/securityGroups"),
        params: None,
        scope: Scope::Balancer,
        merge: Merge::Exclusive,
        doc: "Security groups by id or Name tag, instead of a managed one.",
    },
    parse: grammar::list,
    fallback: Fallback::Nothing,
    params: no_params,
};

pub(crate) static MANAGE_BACKEND_RULES: Setting<bool> = Setting {
    row: Row {
        id: "load-balancer.manage-backend-rules",
        ingress: "manage-backend-security-group-rules",
        service: Some("aws-load-balancer-manage-backend-security-group-rules"),
        gateway: Some("LoadBalancerConfiguration:/manageBackendSecurityGroupRules"),
        params: None,
        scope: Scope::Balancer,
        merge: Merge::Exclusive,
        doc: "With security-groups: whether the targets' groups are opened for the load balancer.",
    },
    parse: grammar::boolean,
    fallback: Fallback::Flag("enable-manage-backend-security-group-rules", |s| {
        s.switches.manage_backend_rules.to_string()
    }),
    params: no_params,
};

pub(crate) static LOAD_BALANCER_ATTRIBUTES: Setting<BTreeMap<String, String>> = Setting {
    row: Row {
        id: "load-balancer.attributes",
        ingress: "load-balancer-attributes",
        service: Some("aws-load-balancer-attributes"),
        gateway: Some("LoadBalancerConfiguration:/loadBalancerAttributes"),
        params: Some("loadBalancerAttributes"),
        scope: Scope::Balancer,
        merge: Merge::Union,
        doc: "Attributes of the load balancer as key=value; others are left as they are.",
    },
    parse: grammar::map,
    fallback: Fallback::Text(""),
    params: |spec| pairs(&spec.load_balancer_attributes),
};

pub(crate) static CUSTOMER_OWNED_POOL: Setting<String> = Setting {
    row: Row {
        id: "load-balancer.customer-owned-ipv4-pool",
        ingress: "customer-owned-ipv4-pool",
        service: None,
        gateway: Some("LoadBalancerConfiguration:/customerOwnedIpv4Pool"),
        params: None,
        scope: Scope::Balancer,
        merge: Merge::Exclusive,
        doc: "Pool of customer-owned addresses on an Outpost; used when the load balancer is created.",
    },
    parse: said_text,
    fallback: Fallback::Nothing,
    params: no_params,
};

pub(crate) static WAFV2_ACL_ARN: Setting<WebAclChoice> = Setting {
    row: Row {
        id: "load-balancer.wafv2-acl-arn",
        ingress: "wafv2-acl-arn",
        service: None,
        gateway: None,
        params: Some("wafv2AclArn"),
        scope: Scope::Balancer,
        merge: Merge::Exclusive,
        doc: "ARN of the regional web ACL that protects the load balancer; none or empty takes it away.",
    },
    parse: web_acl_arn,
    fallback: Fallback::Nothing,
    params: |spec| said(&spec.wafv2_acl_arn).map(web_acl_arn),
};

pub(crate) static WAFV2_ACL_NAME: Setting<WebAclChoice> = Setting {
    row: Row {
        id: "load-balancer.wafv2-acl-name",
        ingress: "wafv2-acl-name",
        service: None,
        gateway: None,
        params: Some("wafv2AclName"),
        scope: Scope::Balancer,
        merge: Merge::Exclusive,
        doc: "Name of that web ACL, or none; where a member says a name, no ARN counts.",
    },
    parse: web_acl_name,
    fallback: Fallback::Nothing,
    params: |spec| said(&spec.wafv2_acl_name).map(web_acl_name),
};

pub(crate) static TAGS: Setting<BTreeMap<String, String>> = Setting {
    row: Row {
        id: "tags",
        ingress: "tags",
        service: Some("aws-load-balancer-additional-resource-tags"),
        gateway: Some("LoadBalancerConfiguration:/tags"),
        params: Some("tags"),
        scope: Scope::Balancer,
        merge: Merge::Union,
        doc: "Tags as key=value on every AWS resource of the object.",
    },
    parse: grammar::map,
    fallback: Fallback::Text(""),
    params: |spec| pairs(&spec.tags),
};

/// A text of class params; an empty one says nothing.
pub(super) fn said(text: &Option<String>) -> Option<&str> {
    text.as_deref().filter(|text| !text.is_empty())
}

/// Keys and values of a CRD list, nothing where it is empty.
pub(super) fn pairs(list: &[Pair]) -> Option<Result<BTreeMap<String, String>, String>> {
    let pairs = || list.iter().map(|pair| (pair.key.clone(), pair.value.clone())).collect();
    (!list.is_empty()).then(|| Ok(pairs()))
}

fn said_text(text: &str) -> Result<String, String> {
    if text.is_empty() { Err("expected a text".into()) } else { Ok(text.into()) }
}

/// What ALBC takes for an ARN is not looked into: AWS knows its own.
fn web_acl_arn(text: &str) -> Result<WebAclChoice, String> {
    Ok(match text {
        "" | "none" => WebAclChoice::Nothing,
        arn => WebAclChoice::Arn(arn.into()),
    })
}

fn web_acl_name(text: &str) -> Result<WebAclChoice, String> {
    match text {
        "" => Err("expected the name of a web ACL, or none".into()),
        "none" => Ok(WebAclChoice::Nothing),
        name => Ok(WebAclChoice::Named(name.into())),
    }
}

fn name(text: &str) -> Result<String, String> {
    if text.len() <= 32 { Ok(text.into()) } else { Err("expected at most 32 characters".into()) }
}

/// `^([a-z0-9][-a-z0-9.]*)?[a-z0-9]$`, at most 63 characters.
fn group_name(text: &str) -> Result<String, String> {
    let alphanumeric = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit();
    let inner = text.chars().all(|c| alphanumeric(c) || c == '-' || c == '.');
    let ends = text.starts_with(alphanumeric) && text.ends_with(alphanumeric);
    if inner && ends && text.len() <= 63 {
        Ok(text.into())
    } else {
        Err("expected at most 63 of a-z, 0-9, '-' and '.', with a letter or digit at both ends"
            .into())
    }
}

fn scheme(text: &str) -> Result<Scheme, String> {
    [Scheme::Internal, Scheme::InternetFacing]
        .into_iter()
        .find(|scheme| scheme.as_str() == text)
        .ok_or_else(|| "expected internal or internet-facing".into())
}

fn ip_address_type(text: &str) -> Result<IpAddressType, String> {
    use IpAddressType::{Dualstack, DualstackWithoutPublicIpv4, Ipv4};
    [Ipv4, Dualstack, DualstackWithoutPublicIpv4]
        .into_iter()
        .find(|kind| kind.as_str() == text)
        .ok_or_else(|| "expected ipv4, dualstack or dualstack-without-public-ipv4".into())
}
