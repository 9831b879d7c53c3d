//! What a listing tells without another call. It may lag behind, so whatever stands in it twice is not
//! told at all.

use std::collections::{BTreeMap, BTreeSet};

use inroad_plan::FINGERPRINT_TAG;
use inroad_words::facts::Outputs;
use inroad_words::{Arn, Field, ResourceKey, ResourceKind, StackKey, Tags, TargetKey, Unit};

use super::Inventory;
use crate::ownership::{SHARED_RESOURCE, tags_of as ownership_tags};
use crate::{Aws, Error, Ownership};

/// A value of a resource: its kind, its id, which value, the value.
type Part<'a> = (ResourceKind, &'a str, Field, &'a str);

/// Resource id -> every value that the listing gives for it.
type Given<'a> = BTreeMap<(ResourceKind, &'a str, Field), BTreeSet<&'a str>>;

impl Inventory {
    /// What is known of the unit's own resources: ARNs and DNS names of load balancers, ARNs of target
    /// groups, ids of security groups. Nothing for targets and zones, which own none.
    pub fn known(&self, unit: &Unit) -> Outputs {
        let given = match unit {
            Unit::Stack(key) => self.parts_of(key),
            Unit::Foundation => {
                let ours = |tags: &Tags| self.own.owns(tags);
                self.security_groups(SHARED_RESOURCE, &ours)
            }
            Unit::Targets(_) | Unit::Zone(_) => Vec::new(),
        };
        let mut all = Given::new();
        for (kind, id, field, value) in given {
            all.entry((kind, id, field)).or_default().insert(value);
        }
        let only = all.into_iter().filter(|(_, values)| values.len() == 1);
        let known = only.flat_map(|((kind, id, field), values)| {
            let key = ResourceKey::new(unit.clone(), kind, id);
            values.into_iter().map(move |it| ((key.clone(), field), it.to_owned()))
        });
        Outputs(known.collect())
    }

    /// The fingerprint on the stack's load balancer; `None` too where anything of the stack stands in
    /// the listing twice, since then nothing is settled.
    pub fn fingerprint(&self, stack: &StackKey) -> Option<String> {
        let mut seen = BTreeSet::new();
        let twice = |it: &Part<'_>| !seen.insert((it.0, it.1.to_owned(), it.2));
        if self.parts_of(stack).iter().any(twice) {
            return None;
        }
        let mut balancers = self.balancers.iter().map(|(_, tags)| tags);
        let tags = balancers.find(|tags| self.own.stack(tags).as_ref() == Some(stack))?;
        tags.get(FINGERPRINT_TAG).cloned()
    }

    /// The target group of a stack with this id, where there is exactly one.
    pub(super) fn target_group(&self, key: &TargetKey) -> Option<Arn> {
        let given = self.parts_of(&key.stack).into_iter();
        let mut found = given
            .filter(|(kind, id, ..)| *kind == ResourceKind::TargetGroup && *id == key.group)
            .map(|(.., arn)| Arn(arn.to_owned()));
        found.next().filter(|_| found.next().is_none())
    }

    fn parts_of(&self, key: &StackKey) -> Vec<Part<'_>> {
        let is_its = |tags: &Tags| self.own.stack(tags).as_ref() == Some(key);
        let (_, resource) = ownership_tags(key);
        let mut given = Vec::new();
        for (balancer, tags) in self.balancers.iter().filter(|(_, tags)| is_its(tags)) {
            let Some(id) = tags.get(resource) else { continue };
            let told =
                [(Field::Arn, balancer.load_balancer_arn()), (Field::DnsName, balancer.dns_name())];
            let told = told.into_iter().filter_map(|(field, text)| Some((field, text?)));
            given.extend(
                told.map(|(field, it)| (ResourceKind::LoadBalancer, id.as_str(), field, it)),
            );
        }
        let groups =
            self.tags.iter().filter(|(arn, tags)| arn.contains(":targetgroup/") && is_its(tags));
        given.extend(groups.filter_map(|(arn, tags)| {
            Some((
                ResourceKind::TargetGroup,
                tags.get(resource)?.as_str(),
                Field::Arn,
                arn.as_str(),
            ))
        }));
        given.extend(self.security_groups(resource, &is_its));
        given
    }

    fn security_groups(&self, tag: &str, is_its: &dyn Fn(&Tags) -> bool) -> Vec<Part<'_>> {
        let its = self.groups.iter().filter(|it| is_its(&it.spec.tags));
        let parts = its.filter_map(|it| {
            let id = it.spec.tags.get(tag)?.as_str();
            Some((ResourceKind::SecurityGroup, id, Field::GroupId, it.id.as_str()))
        });
        parts.collect()
    }
}

/// The ARN of the target group that a stack keeps under this id; the first of several.
pub(crate) async fn target_group_of(
    aws: &Aws,
    own: &Ownership,
    key: &TargetKey,
) -> Result<Option<Arn>, Error> {
    let inventory = Inventory::of_stack(aws, own, &key.stack).await?;
    let (_, resource) = ownership_tags(&key.stack);
    let is_it = |tags: &Tags| {
        own.stack(tags).as_ref() == Some(&key.stack) && tags.get(resource) == Some(&key.group)
    };
    let groups = inventory.target_groups(aws).await?.iter();
    Ok(groups.filter(|group| is_it(&group.spec.tags)).map(|group| group.arn.clone()).min())
}
