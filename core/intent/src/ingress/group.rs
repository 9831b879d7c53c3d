//! Who belongs to a stack, in group order (load-balancers.md 4.2). In: the Ingresses. Out: the
//! members, and whether the stack must be left as it is.

use std::collections::{BTreeMap, BTreeSet};

use inroad_words::{
    Diagnostic, Kind, ObjectKey, Origin, StackKey,
    balancer::DELETION_PROTECTION,
    controller::BalancerSettings,
    hold::{Hold, HoldReason},
};
use inroad_world::{Lens, crd::IngressClassParams};
use k8s_openapi::api::networking::v1::Ingress;

use super::class::{self, Class};
use crate::{
    codes,
    settings::{GROUP_NAME, GROUP_ORDER, LOAD_BALANCER_ATTRIBUTES, Layer, PREFIX, look, resolve},
};

/// The tag that says which stack a resource belongs to (ALBC).
const STACK_TAG: &str = "ingress.k8s.aws/stack";

/// An Ingress that takes part in a stack.
pub(crate) struct Member<'w> {
    pub(crate) key: ObjectKey,
    pub(crate) ingress: &'w Ingress,
    pub(crate) params: Option<(ObjectKey, &'w IngressClassParams)>,
    order: i32,
}

impl Member<'_> {
    /// Where its settings stand: class params, then its annotations.
    pub(crate) fn layers(&self) -> Vec<Layer<'_>> {
        let params = self.params.iter().map(|(key, params)| Layer::Params(key, &params.spec));
        params.chain([self.annotations()]).collect()
    }

    /// Its annotations alone.
    pub(crate) fn annotations(&self) -> Layer<'_> {
        Layer::Annotations(&self.key, self.ingress.metadata.annotations.as_ref())
    }
}

/// How an Ingress stands to stacks.
pub(crate) enum Standing<'w> {
    /// Not ours.
    Foreign,
    /// A member of this stack, as far as it is not deleted.
    Member(StackKey, Box<Member<'w>>),
    /// It should be somebody's member, and a mistake leaves open whose.
    Lost(Box<Diagnostic>),
}

/// The stack that an Ingress belongs to.
pub(crate) fn standing<'w>(
    lens: &Lens<'w>,
    key: &ObjectKey,
    ingress: &'w Ingress,
    settings: &BalancerSettings,
) -> Standing<'w> {
    let params = match class::of(lens, key, ingress, settings) {
        Class::Foreign => return Standing::Foreign,
        Class::Unusable(diagnostic) => return Standing::Lost(diagnostic),
        Class::Ours(params) => params,
    };
    let member = Member { key: key.clone(), ingress, params, order: 0 };
    let mut diagnostics = Vec::new();
    match look(&GROUP_NAME, &member.layers(), &mut diagnostics) {
        Ok(Some(name)) => Standing::Member(StackKey::Group(name.value), Box::new(member)),
        Ok(None) => Standing::Member(own(key), Box::new(member)),
        Err(unreadable) => {
            let message = diagnostics.pop().map(|d| d.message).unwrap_or_default();
            let diagnostic = Diagnostic::error(codes::BAD_GROUP, unreadable.0, message);
            Standing::Lost(Box::new(diagnostic.help("the Ingress belongs to no load balancer")))
        }
    }
}

/// The stack of an Ingress alone.
pub(crate) fn own(key: &ObjectKey) -> StackKey {
    StackKey::Ingress { namespace: key.namespace.clone(), name: key.name.clone() }
}

/// The stack whose load balancer serves an Ingress; after a mistake that leaves it open, the one that it
/// served to all appearances before.
pub(crate) fn balancer_of(
    lens: &Lens<'_>,
    key: &ObjectKey,
    ingress: &Ingress,
    settings: &BalancerSettings,
) -> Option<StackKey> {
    match standing(lens, key, ingress, settings) {
        Standing::Foreign => None,
        Standing::Member(stack, _) => Some(stack),
        Standing::Lost(_) => {
            let before = joined(key, ingress).or_else(|| named(ingress).map(StackKey::Group));
            Some(before.unwrap_or_else(|| own(key)))
        }
    }
}

/// Whether a deleted Ingress takes its names with it: as long as its load balancer is left as it is, they
/// lead there.
pub(crate) fn takes_names(
    lens: &Lens<'_>,
    key: &ObjectKey,
    ingress: &Ingress,
    settings: &BalancerSettings,
) -> bool {
    let held = |stack: &StackKey| roster(lens, stack, settings, &mut Vec::new()).held.is_some();
    is_deleted(ingress) && !carried(key, ingress).any(|stack| held(&stack))
}

/// The group that an Ingress names itself, whatever its class says.
fn named(ingress: &Ingress) -> Option<String> {
    let annotations = ingress.metadata.annotations.as_ref()?;
    annotations.get(&format!("{PREFIX}{}", GROUP_NAME.row.ingress)).cloned()
}

fn joined(key: &ObjectKey, ingress: &Ingress) -> Option<StackKey> {
    carried(key, ingress).next()
}

/// The stacks whose finalizers an Ingress carries.
fn carried(key: &ObjectKey, ingress: &Ingress) -> impl Iterator<Item = StackKey> {
    let finalizers = ingress.metadata.finalizers.iter().flatten();
    finalizers.filter_map(|name| StackKey::of_finalizer(name, key))
}

fn is_deleted(ingress: &Ingress) -> bool {
    ingress.metadata.deletion_timestamp.is_some()
}

/// The members of a stack.
#[derive(Default)]
pub(crate) struct Roster<'w> {
    /// In group order: `group.order`, then namespace/name.
    pub(crate) members: Vec<Member<'w>>,
    /// Deleted, or gone elsewhere, and still with the stack's finalizer.
    pub(crate) leaving: BTreeMap<ObjectKey, &'w Ingress>,
    /// Torn from their place by a mistake; the stack stays for their sake.
    pub(crate) torn: BTreeSet<ObjectKey>,
    /// Why the stack must be left as it is.
    pub(crate) held: Option<Hold>,
}

/// Gathers the members of a stack.
pub(crate) fn roster<'w>(
    lens: &Lens<'w>,
    stack: &StackKey,
    settings: &BalancerSettings,
    diagnostics: &mut Vec<Diagnostic>,
) -> Roster<'w> {
    let mut roster = Roster::default();
    let mut suspects = None;
    for (key, ingress) in candidates(lens, stack) {
        match standing(lens, &key, ingress, settings) {
            _ if is_deleted(ingress) => roster.leaves(stack, key, ingress),
            Standing::Member(of, mut member) if of == *stack => {
                let order = resolve(&GROUP_ORDER, &[member.annotations()], settings, diagnostics);
                member.order = order.value;
                roster.members.push(*member);
            }
            Standing::Lost(diagnostic) => match stays(&key, ingress, stack, &diagnostic) {
                Stays::Certainly => {
                    roster.held = Some(hold(stack, &diagnostic));
                    if holds(ingress, stack) {
                        roster.torn.insert(key);
                    }
                    diagnostics.push(*diagnostic);
                }
                Stays::IfEmpty => {
                    suspects.get_or_insert_with(|| hold(stack, &diagnostic));
                }
                Stays::Not => {}
            },
            Standing::Foreign | Standing::Member(..) => roster.leaves(stack, key, ingress),
        }
    }
    roster.members.sort_by_key(|member| (member.order, member.key.short()));
    if roster.members.is_empty() {
        roster.end(stack, suspects, diagnostics);
    }
    roster
}

impl<'w> Roster<'w> {
    /// Who has no part in the stack any more leaves it; who never had one does not.
    fn leaves(&mut self, stack: &StackKey, key: ObjectKey, ingress: &'w Ingress) {
        if holds(ingress, stack) {
            self.leaving.insert(key, ingress);
        }
    }

    /// Nobody is left. A stack goes for the sake of somebody who leaves it, and for no other reason; who
    /// was never in it keeps nothing of it.
    fn end(&mut self, stack: &StackKey, suspects: Option<Hold>, diagnostics: &mut Vec<Diagnostic>) {
        if self.leaving.is_empty() {
            self.held = self.held.take().or(suspects);
        } else if self.torn.is_empty() {
            self.held = None;
        }
        if self.held.is_some() {
            return;
        }
        let guard = self.leaving.iter().find_map(|(key, ingress)| protected(key, ingress));
        let orphan = || self.leaving.is_empty().then(|| orphan(stack));
        if let Some(diagnostic) = guard.or_else(orphan) {
            self.held = Some(hold(stack, &diagnostic));
            diagnostics.push(diagnostic);
        }
    }
}

/// What stands in AWS and whose objects are not to be found. It may serve somebody: its objects may have
/// been taken away by force, be in a cluster of the same name, or in a namespace that is not watched.
fn orphan(stack: &StackKey) -> Diagnostic {
    let origin = Origin::Stack(stack.clone());
    let message = format!("no Ingress is in stack {stack}, and none has left it");
    Diagnostic::warning(codes::ORPHAN, origin, message).help(format!(
        "if nobody needs it, delete the load balancer, then the target groups and security groups, \
         that carry the tag {STACK_TAG}={stack}; else bring its Ingress back"
    ))
}

fn holds(ingress: &Ingress, stack: &StackKey) -> bool {
    let finalizer = stack.finalizer();
    ingress.metadata.finalizers.iter().flatten().any(|name| *name == finalizer)
}

/// Whether a stack stays as it is because of an Ingress that a mistake has torn from its place: taking
/// its routes away would make a slip, perhaps in another object, an outage.
enum Stays {
    /// It is the stack that the Ingress was in, to all appearances.
    Certainly,
    /// The class that went wrong may have put the Ingress in this group, and nobody else is in it.
    IfEmpty,
    /// The Ingress has no part in it.
    Not,
}

fn stays(key: &ObjectKey, ingress: &Ingress, stack: &StackKey, diagnostic: &Diagnostic) -> Stays {
    let is_group = matches!(stack, StackKey::Group(_));
    let class_is_wrong = diagnostic.code == codes::BAD_CLASS;
    let appears = match named(ingress) {
        Some(group) => *stack == StackKey::Group(group),
        None => holds(ingress, stack),
    };
    if own(key) == *stack || (class_is_wrong && appears) {
        Stays::Certainly
    } else if is_group && class_is_wrong && named(ingress).is_none() {
        Stays::IfEmpty
    } else {
        Stays::Not
    }
}

/// A whole stack that waits for a mistake to be mended.
pub(crate) fn hold(stack: &StackKey, diagnostic: &Diagnostic) -> Hold {
    Hold {
        subject: format!("stack {stack}"),
        reason: HoldReason::Diagnostic(diagnostic.code.to_string()),
        origin: diagnostic.origin.clone(),
    }
}

/// An Ingress that protects its load balancer by its own annotation, and leaves it all the same.
fn protected(key: &ObjectKey, ingress: &Ingress) -> Option<Diagnostic> {
    let annotations = Layer::Annotations(key, ingress.metadata.annotations.as_ref());
    let attributes = look(&LOAD_BALANCER_ATTRIBUTES, &[annotations], &mut Vec::new());
    let attributes = attributes.ok()??;
    (attributes.value.get(DELETION_PROTECTION).map(String::as_str) == Some("true")).then(|| {
        let does = if is_deleted(ingress) { "is deleted" } else { "leaves its stack" };
        let message = format!("{} {does} while {DELETION_PROTECTION} is true", key.short());
        Diagnostic::error(codes::PROTECTED, attributes.origin, message)
            .help("set it to false first; until then the load balancer stays as it is")
    })
}

/// An implicit stack can only hold its own Ingress; a group may hold any.
fn candidates<'w>(lens: &Lens<'w>, stack: &StackKey) -> Vec<(ObjectKey, &'w Ingress)> {
    match stack {
        StackKey::Group(_) => lens.all().map(|(key, ingress)| (key.clone(), ingress)).collect(),
        StackKey::Ingress { namespace, name } => {
            let key = ObjectKey::new(Kind::Ingress, namespace, name);
            lens.by_key(&key).map(|ingress| (key, ingress)).into_iter().collect()
        }
    }
}

/// Every stack that an Ingress of the world asks for, or asked for before it left.
pub(crate) fn stacks(lens: &Lens<'_>, settings: &BalancerSettings) -> BTreeSet<StackKey> {
    let all = lens.all::<Ingress>();
    all.flat_map(|(key, ingress)| {
        let asked = stack_of(lens, key, ingress, settings).filter(|_| !is_deleted(ingress));
        carried(key, ingress).chain(asked).collect::<Vec<_>>()
    })
    .collect()
}

/// The stack where an Ingress, or what is wrong with it, is to be seen.
fn stack_of(
    lens: &Lens<'_>,
    key: &ObjectKey,
    ingress: &Ingress,
    settings: &BalancerSettings,
) -> Option<StackKey> {
    match standing(lens, key, ingress, settings) {
        Standing::Foreign => None,
        Standing::Member(stack, _) => Some(stack),
        Standing::Lost(_) => Some(own(key)),
    }
}
