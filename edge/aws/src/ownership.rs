//! Whose an AWS resource is: the tags that say it, read and compared in this one place.

use std::collections::BTreeSet;

use inroad_words::{StackKey, Tags};

/// The cluster that a resource belongs to; on everything.
pub(crate) const CLUSTER: &str = "elbv2.k8s.aws/cluster";
/// The same in resources of ALBC's first version.
pub(crate) const LEGACY_CLUSTER: &str = "ingress.k8s.aws/cluster";
/// The stack of Ingresses that a resource belongs to.
pub(crate) const STACK: &str = "ingress.k8s.aws/stack";
/// The resource's id in its stack.
pub(crate) const RESOURCE: &str = "ingress.k8s.aws/resource";
/// The stack of a Service that a resource belongs to.
pub(crate) const SERVICE_STACK: &str = "service.k8s.aws/stack";
/// The resource's id in it.
pub(crate) const SERVICE_RESOURCE: &str = "service.k8s.aws/resource";
/// The resource's id among what all stacks share.
pub(crate) const SHARED_RESOURCE: &str = "elbv2.k8s.aws/resource";

/// The tags that name a stack of this family and a resource's id in it.
pub(crate) fn tags_of(stack: &StackKey) -> (&'static str, &'static str) {
    if stack.is_of_service() { (SERVICE_STACK, SERVICE_RESOURCE) } else { (STACK, RESOURCE) }
}

/// Who we are to AWS.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Ownership {
    /// The cluster's name, the value of the cluster tag.
    pub cluster: String,
    /// The VPC; load balancers, target groups and security groups of others are not looked at.
    pub vpc: String,
    /// Whether any Service asks for a load balancer: only then those of Services are listed.
    pub services: bool,
    /// Security groups of targets that may carry rules of ours, besides those of the VPC that are
    /// tagged `kubernetes.io/cluster/<cluster>`.
    pub shared_groups: BTreeSet<String>,
}

impl Ownership {
    /// Whether the tags say that the resource is this cluster's, in today's spelling or the old one.
    pub(crate) fn owns(&self, tags: &Tags) -> bool {
        [CLUSTER, LEGACY_CLUSTER].iter().any(|key| tags.get(*key) == Some(&self.cluster))
    }

    /// The stack that the tags name, where the resource is this cluster's.
    pub(crate) fn stack(&self, tags: &Tags) -> Option<StackKey> {
        if !self.owns(tags) {
            return None;
        }
        match tags.get(STACK) {
            Some(stack) => Some(StackKey::parse(stack)),
            None => StackKey::parse_service(tags.get(SERVICE_STACK)?),
        }
    }
}

/// Whether what exists carries the ownership tags that were to be given to it: without this proof a
/// resource that is in the way of a creation is somebody else's.
pub(crate) fn proves(wanted: &Tags, seen: &Tags) -> bool {
    let tracking = [CLUSTER, STACK, RESOURCE, SERVICE_STACK, SERVICE_RESOURCE, SHARED_RESOURCE];
    let mut asked = tracking.iter().filter_map(|key| wanted.get_key_value(*key));
    wanted.contains_key(CLUSTER) && asked.all(|(key, value)| seen.get(key) == Some(value))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tags(pairs: &[(&str, &str)]) -> Tags {
        pairs.iter().map(|(key, value)| (key.to_string(), value.to_string())).collect()
    }

    #[test]
    fn only_the_full_set_of_tags_is_a_proof() {
        let ours = [(CLUSTER, "c"), (STACK, "shop"), (RESOURCE, "LoadBalancer"), ("team", "a")];
        for (seen, proof) in [
            (&ours[..], true),
            (&ours[..3], true),
            (&ours[..2], false),
            (&ours[1..], false),
            (&[(CLUSTER, "d"), ours[1], ours[2]][..], false),
        ] {
            assert_eq!(proves(&tags(&ours), &tags(seen)), proof, "{seen:?}");
        }
        assert!(!proves(&tags(&ours[1..]), &tags(&ours)), "no claim without a cluster");
    }

    #[test]
    fn a_stack_is_read_in_both_spellings_and_of_our_cluster_alone() {
        let own = Ownership { cluster: "c".into(), ..Ownership::default() };
        let group = Some(StackKey::Group("shop".into()));
        let service = StackKey::parse_service("shop/tcp");
        for (seen, stack) in [
            (tags(&[(CLUSTER, "c"), (STACK, "shop")]), group.clone()),
            (tags(&[(LEGACY_CLUSTER, "c"), (STACK, "shop")]), group),
            (tags(&[(CLUSTER, "d"), (STACK, "shop")]), None),
            (tags(&[(CLUSTER, "c"), (SERVICE_STACK, "shop/tcp")]), service),
            (tags(&[(CLUSTER, "c")]), None),
        ] {
            assert_eq!(own.stack(&seen), stack, "{seen:?}");
        }
    }
}
