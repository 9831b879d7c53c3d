//! Tags that say whose a resource is, and those that users ask for. Adoption rests on the former: they
//! are AWS Load Balancer Controller's, character for character.

use std::collections::BTreeMap;

use inroad_words::{
    Origin, Origins, Said, StackKey, Tags,
    controller::{BalancerSettings, Controller},
};

/// Which cluster a resource belongs to; on everything of ours.
pub const CLUSTER_TAG: &str = "elbv2.k8s.aws/cluster";
/// Which stack of Ingresses a resource belongs to.
pub const STACK_TAG: &str = "ingress.k8s.aws/stack";
/// Which stack of a Service a resource belongs to.
pub const SERVICE_STACK_TAG: &str = "service.k8s.aws/stack";
/// Labels that name the stack of a Service.
const SERVICE_NAMESPACE: &str = "service.k8s.aws/stack-namespace";
const SERVICE_NAME: &str = "service.k8s.aws/stack-name";
/// Labels that name the stack of an Ingress alone: a label's value takes no slash.
const STACK_NAMESPACE: &str = "ingress.k8s.aws/stack-namespace";
const STACK_NAME: &str = "ingress.k8s.aws/stack-name";
/// What a resource is within its stack.
pub const RESOURCE_TAG: &str = "ingress.k8s.aws/resource";
/// The same in the stack of a Service.
pub const SERVICE_RESOURCE_TAG: &str = "service.k8s.aws/resource";
/// What a resource is that all stacks share.
pub const SHARED_RESOURCE_TAG: &str = "elbv2.k8s.aws/resource";

/// Which Ingress (`<namespace>/<name>`) a rule serves. A note of ours: nothing is written because it is
/// absent or says something else.
pub const ORIGIN_TAG: &str = "inroad/origin";
/// How keys of our own notes begin.
const NOTES: &str = "inroad";

/// Whether a tag key is a note of our own: it rides on writes that are due anyway, and whoever
/// compares tags passes over it.
pub fn is_note(key: &str) -> bool {
    key.starts_with(NOTES)
}

/// Whether a tag key is one of those that say whose a resource is.
pub fn is_ownership(key: &str) -> bool {
    let of_stacks = [STACK_TAG, RESOURCE_TAG, SERVICE_STACK_TAG, SERVICE_RESOURCE_TAG];
    of_stacks.contains(&key) || [CLUSTER_TAG, SHARED_RESOURCE_TAG].contains(&key)
}

/// The labels that ALBC finds a stack's TargetGroupBindings by.
pub fn binding_labels(stack: &StackKey) -> BTreeMap<String, String> {
    let pairs = match stack {
        StackKey::Group(name) => vec![(STACK_TAG, name)],
        StackKey::Ingress { namespace, name } => {
            vec![(STACK_NAMESPACE, namespace), (STACK_NAME, name)]
        }
        StackKey::Service { namespace, name } => {
            vec![(SERVICE_NAMESPACE, namespace), (SERVICE_NAME, name)]
        }
    };
    pairs.into_iter().map(|(key, value)| (key.to_owned(), value.clone())).collect()
}

/// The stack whose bindings carry these labels; `None` for those that users made.
pub fn stack_of_labels(labels: &BTreeMap<String, String>) -> Option<StackKey> {
    let label = |key: &str| labels.get(key).cloned();
    if let Some(name) = label(STACK_TAG) {
        return Some(StackKey::Group(name));
    }
    if let Some((namespace, name)) = label(STACK_NAMESPACE).zip(label(STACK_NAME)) {
        return Some(StackKey::Ingress { namespace, name });
    }
    let (namespace, name) = label(SERVICE_NAMESPACE).zip(label(SERVICE_NAME))?;
    Some(StackKey::Service { namespace, name })
}

/// Tags of one stack's resources.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Tagger<'a> {
    settings: &'a BalancerSettings,
    stack: &'a StackKey,
}

impl<'a> Tagger<'a> {
    pub(crate) fn new(controller: &'a Controller, stack: &'a StackKey) -> Self {
        Self { settings: &controller.balancers, stack }
    }

    /// Tags of a resource, each key from the first that says it: ownership, `--default-tags`, users; with
    /// the gate `EnableDefaultTagsLowPriority` users come before the flag.
    pub(crate) fn tags(
        &self,
        resource: &str,
        user: &BTreeMap<String, Said<String>>,
        origins: &mut Origins,
    ) -> Tags {
        let mut tags = user_tags(self.settings, user, origins);
        tags.insert(CLUSTER_TAG.into(), self.settings.cluster_name.clone());
        let (stack_tag, resource_tag) = match self.stack {
            StackKey::Service { .. } => (SERVICE_STACK_TAG, SERVICE_RESOURCE_TAG),
            _ => (STACK_TAG, RESOURCE_TAG),
        };
        tags.insert(stack_tag.into(), self.stack.to_string());
        tags.insert(resource_tag.into(), resource.into());
        tags
    }

    /// The same for a listener or a rule, which carry tags only where the operator leaves that on.
    pub(crate) fn gated(
        &self,
        resource: &str,
        user: &BTreeMap<String, Said<String>>,
        origins: &mut Origins,
    ) -> Tags {
        if self.settings.switches.tag_listeners_and_rules {
            self.tags(resource, user, origins)
        } else {
            Tags::new()
        }
    }

    /// Tags of a rule: those of [`Tagger::gated`], and a note of the Ingress that it serves.
    pub(crate) fn rule(
        &self,
        resource: &str,
        user: &BTreeMap<String, Said<String>>,
        origins: &mut Origins,
    ) -> Tags {
        let mut tags = self.gated(resource, user, origins);
        if let (false, Some(object)) = (tags.is_empty(), origins.get("").object()) {
            tags.insert(ORIGIN_TAG.into(), object.short());
        }
        tags
    }
}

/// Tags of what all stacks share.
pub(crate) fn shared(settings: &BalancerSettings, resource: &str, origins: &mut Origins) -> Tags {
    let mut tags = user_tags(settings, &BTreeMap::new(), origins);
    tags.insert(CLUSTER_TAG.into(), settings.cluster_name.clone());
    tags.insert(SHARED_RESOURCE_TAG.into(), resource.into());
    tags
}

fn user_tags(
    settings: &BalancerSettings,
    user: &BTreeMap<String, Said<String>>,
    origins: &mut Origins,
) -> Tags {
    let flag = Origin::Flag("default-tags".into());
    let defaults = settings.default_tags.iter().map(|(key, value)| (key, value, &flag));
    let asked = user.iter().map(|(key, said)| (key, &said.value, &said.origin));
    let mut tags = Tags::new();
    let mut take = |key: &String, value: &String, origin: &Origin| {
        if !is_ownership(key) && !settings.external_managed_tags.contains(key) {
            tags.insert(key.clone(), value.clone());
            origins.0.insert(format!("tags.{key}"), origin.clone());
        }
    };
    // Later inserts win, so what comes first in precedence is inserted last.
    if settings.switches.default_tags_low_priority {
        defaults.chain(asked).for_each(|(key, value, origin)| take(key, value, origin));
    } else {
        asked.chain(defaults).for_each(|(key, value, origin)| take(key, value, origin));
    }
    tags
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_that_says_a_tag_wins() {
        let mut controller = Controller::default();
        controller.balancers.cluster_name = "prod".into();
        controller.balancers.default_tags =
            BTreeMap::from([("team".into(), "platform".into()), (STACK_TAG.into(), "x".into())]);
        controller.balancers.external_managed_tags.insert("cost".into());
        let user = ["team", "env", "cost", CLUSTER_TAG]
            .map(|key| (key.to_owned(), Said::default_value("user".to_owned())))
            .into_iter()
            .collect();
        let stack = StackKey::Group("edge".into());
        let mut origins = Origins::default();
        let tags = Tagger::new(&controller, &stack).tags("LoadBalancer", &user, &mut origins);
        let want = [
            (CLUSTER_TAG, "prod"),
            ("env", "user"),
            (RESOURCE_TAG, "LoadBalancer"),
            (STACK_TAG, "edge"),
            ("team", "platform"),
        ];
        assert_eq!(tags, want.map(|(k, v)| (k.to_owned(), v.to_owned())).into_iter().collect());
        assert_eq!(origins.get("tags.team"), Origin::Flag("default-tags".into()));

        controller.balancers.switches.default_tags_low_priority = true;
        let tags = Tagger::new(&controller, &stack).tags("LoadBalancer", &user, &mut origins);
        assert_eq!((tags["team"].as_str(), tags[STACK_TAG].as_str()), ("user", "edge"));
        assert_eq!(origins.get("tags.team"), Origin::Default);

        controller.balancers.switches.tag_listeners_and_rules = false;
        let gated = Tagger::new(&controller, &stack).gated("80", &user, &mut origins);
        assert_eq!(gated, Tags::new());
        let mut origins = Origins::of(crate::testing::web("/spec/rules/0"));
        let rule = Tagger::new(&controller, &stack).rule("80:1", &user, &mut origins);
        assert_eq!(rule, Tags::new(), "rules without tags have no note either");
    }

    #[test]
    fn bindings_are_labelled_by_kind_of_stack() {
        let group = binding_labels(&StackKey::Group("edge".into()));
        assert_eq!(group[STACK_TAG], "edge");
        let alone = binding_labels(&StackKey::parse("shop/web"));
        assert_eq!(alone["ingress.k8s.aws/stack-namespace"], "shop");
        assert_eq!(alone["ingress.k8s.aws/stack-name"], "web");
        let service = StackKey::Service { namespace: "shop".into(), name: "tcp".into() };
        for stack in [StackKey::Group("edge".into()), StackKey::parse("shop/web"), service] {
            assert_eq!(stack_of_labels(&binding_labels(&stack)), Some(stack));
        }
        let users = BTreeMap::from([("ingress.k8s.aws/stack-name".into(), "web".into())]);
        assert_eq!(stack_of_labels(&users), None);
    }
}
