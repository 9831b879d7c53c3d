//! Ingresses to stacks. In: the Ingresses of a group with their classes and Services. Out: a
//! [`StackIntent`]. Whatever is wrong costs what depends on it and nothing else.

mod actions;
mod admission;
mod backend;
mod balancer;
mod call;
mod class;
mod conditions;
pub(crate) mod group;
mod listeners;
mod merge;
mod rules;

use std::collections::{BTreeMap, BTreeSet};

use inroad_words::{Diagnostic, StackKey, controller::BalancerSettings, hold::Hold};
use inroad_world::Lens;

use self::{group::Member, merge::SaidMap};
use crate::{
    codes, kept,
    model::{Backend, StackIntent},
    settings::{TAGS, look, strange, strange_params},
};

/// What is at hand while a stack is compiled.
pub(crate) struct Desk<'a, 'w> {
    pub(crate) lens: &'a Lens<'w>,
    pub(crate) settings: &'a BalancerSettings,
    pub(crate) diagnostics: &'a mut Vec<Diagnostic>,
    pub(crate) backends: BTreeMap<String, Backend>,
    /// Backends with settings that cannot be read.
    pub(crate) unsure: BTreeSet<String>,
    /// Ports whose default action somebody should give and cannot.
    pub(crate) defaults: BTreeSet<u16>,
    /// Why some backend, and so its targets, cannot be told.
    pub(crate) untold: Option<Hold>,
    /// Whether clients, and so targets, may use IPv6.
    pub(crate) has_ipv6: bool,
}

/// Compiles one stack.
pub(crate) fn stack(
    lens: &Lens<'_>,
    key: &StackKey,
    settings: &BalancerSettings,
    diagnostics: &mut Vec<Diagnostic>,
) -> StackIntent {
    let mut found = Vec::new();
    let roster = group::roster(lens, key, settings, &mut found);
    let mut intent = StackIntent {
        members: roster.members.iter().map(|member| member.key.clone()).collect(),
        leaving: roster.leaving.into_keys().collect(),
        torn: { roster.lost.iter() }.filter(|it| it.torn).map(|it| it.key.clone()).collect(),
        held: roster.held,
        ..StackIntent::nothing(key.clone())
    };
    for member in &roster.members {
        let annotations = member.ingress.metadata.annotations.as_ref();
        found.extend(strange(&member.key, annotations));
        if let Some((key, params)) = &member.params {
            found.extend(strange_params(key, &params.spec));
        }
    }
    let desk = Desk {
        lens,
        settings,
        diagnostics: &mut found,
        backends: BTreeMap::new(),
        unsure: BTreeSet::new(),
        defaults: BTreeSet::new(),
        untold: None,
        has_ipv6: false,
    };
    balancer::compile(desk, &roster.members, &mut intent);
    kept::note(&mut intent, &roster.members, roster.lost, &found);
    diagnostics.append(&mut found);
    balancer::drop_unused(&mut intent);
    intent
}

/// What a member wants on its resources: class params before annotations, key by key; keys that the
/// operator leaves to others are taken out.
fn tags(member: &Member<'_>, desk: &mut Desk<'_, '_>) -> SaidMap {
    let mut tags = SaidMap::new();
    for layer in member.layers() {
        let said = look(&TAGS, &[layer], desk.diagnostics);
        merge::fill(&mut tags, own_tags(said.unwrap_or_default(), desk));
    }
    tags
}

fn own_tags(
    said: Option<inroad_words::Said<BTreeMap<String, String>>>,
    desk: &mut Desk<'_, '_>,
) -> SaidMap {
    let mut tags = said.map(merge::spread).unwrap_or_default();
    tags.retain(|key, said| {
        let foreign = desk.settings.external_managed_tags.contains(key);
        if foreign {
            let message = format!("the tag {key} is left to others by --external-managed-tags");
            desk.diagnostics.push(Diagnostic::error(
                codes::FOREIGN_TAG,
                said.origin.clone(),
                message,
            ));
        }
        !foreign
    });
    tags
}
