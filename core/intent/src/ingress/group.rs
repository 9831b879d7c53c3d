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

use super::{
    actions,
    class::{self, Class},
};
use crate::{
    codes,
    settings::{GROUP_NAME, GROUP_ORDER, LOAD_BALANCER_ATTRIBUTES, Layer, PREFIX, look},
};

/// The tag that says which stack a resource belongs to (ALBC).
const STACK_TAG: &str = "ingress.k8s.aws/stack";

/// An Ingress that takes part in a stack.
pub(crate) struct Member<'w> {
    pub(crate) key: ObjectKey,
    pub(crate) ingress: &'w Ingress,
    pub(crate) params: Option<(ObjectKey, &'w IngressClassParams)>,
    /// `group.order`; `None` where it cannot be read.
    pub(crate) order: Option<i32>,
}

impl Member<'_> {
    /// Where its settings stand: class params, then its annotations.
    pub(crate) fn layers(&self) -> Vec<Layer<'_>> {
        let params = self.params.iter().map(|(key, params)| Layer::Params(key, &params.spec));
        params.chain([self.annotations()]).collect()
    }

    /// Whether one of its paths, its default backend or its actions names this Service.
    pub(crate) fn names(&self, service: &str) -> bool {
        let Some(spec) = &self.ingress.spec else { return false };
        let paths = spec.rules.iter().flatten().filter_map(|rule| rule.http.as_ref());
        let backends = paths.flat_map(|http| http.paths.iter().map(|path| &path.backend));
        let mut backends = backends.chain(&spec.default_backend);
        backends.any(|it| it.service.as_ref().is_some_and(|it| it.name == service))
            || actions::leads_to(self, service)
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
    let member = Member { key: key.clone(), ingress, params, order: None };
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
/// has joined. Who has joined none is not served, and a name that is there waits.
pub(crate) fn balancer_of(
    lens: &Lens<'_>,
    key: &ObjectKey,
    ingress: &Ingress,
    settings: &BalancerSettings,
) -> Option<StackKey> {
    match standing(lens, key, ingress, settings) {
        Standing::Foreign => None,
        Standing::Member(stack, _) => Some(stack),
        Standing::Lost(_) => Some(joined(key, ingress).unwrap_or_else(|| own(key))),
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
    let stands = |stack: &StackKey| {
        let roster = roster(lens, stack, settings, &mut Vec::new());
        roster.held.is_some() || roster.lost.iter().any(|it| it.key == *key)
    };
    is_deleted(ingress) && !carried(key, ingress).any(|stack| stands(&stack))
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
    /// Torn from their place, or not let go; what is deployed for them stays.
    pub(crate) lost: Vec<Lost>,
    /// Why the stack must be left as it is.
    pub(crate) held: Option<Hold>,
}

/// An Ingress that has left its place without leave: a mistake hides where it belongs, or it protects the
/// load balancer. It may have rules in a stack.
pub(crate) struct Lost {
    pub(crate) key: ObjectKey,
    /// What of the stack waits for the mistake to be mended.
    pub(crate) hold: Hold,
    /// Whether it was in this stack to all appearances.
    pub(crate) certain: bool,
    /// Whether its finalizer proves that it was.
    pub(crate) torn: bool,
    /// Whether it has a default backend.
    pub(crate) gives_default: bool,
}

/// Gathers the members of a stack.
pub(crate) fn roster<'w>(
    lens: &Lens<'w>,
    stack: &StackKey,
    settings: &BalancerSettings,
    diagnostics: &mut Vec<Diagnostic>,
) -> Roster<'w> {
    let mut roster = Roster::default();
    for (key, ingress) in candidates(lens, stack) {
        match standing(lens, &key, ingress, settings) {
            _ if is_deleted(ingress) => roster.leaves(stack, key, ingress),
            Standing::Member(of, mut member) if of == *stack => {
                let order = look(&GROUP_ORDER, &[member.annotations()], diagnostics);
                let said = order.map(|said| said.unwrap_or_else(|| GROUP_ORDER.default(settings)));
                member.order = said.map(|said| said.value).ok();
                roster.members.push(*member);
            }
            Standing::Lost(diagnostic) => {
                let stays = stays(&key, ingress, stack, &diagnostic);
                if !matches!(stays, Stays::Not) {
                    let certain = matches!(stays, Stays::Certainly);
                    let (torn, hold) = (certain && holds(ingress, stack), hold(stack, &diagnostic));
                    let gives_default = gives_default(ingress);
                    roster.lost.push(Lost { key, hold, certain, torn, gives_default });
                    diagnostics.extend(certain.then_some(*diagnostic));
                }
            }
            Standing::Foreign | Standing::Member(..) => roster.leaves(stack, key, ingress),
        }
    }
    // Who cannot say its place comes last: there it shadows nobody.
    let place = |member: &Member<'_>| (member.order.unwrap_or(i32::MAX), member.key.short());
    roster.members.sort_by_key(place);
    if roster.members.is_empty() {
        roster.end(stack, diagnostics);
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
    /// was never in it keeps nothing of it, and who was torn from it keeps what is its own.
    fn end(&mut self, stack: &StackKey, diagnostics: &mut Vec<Diagnostic>) {
        if self.leaving.is_empty() && self.lost.is_empty() {
            let orphan = orphan(stack);
            self.held = Some(hold(stack, &orphan));
            diagnostics.push(orphan);
        } else if !self.leaving.is_empty() && !self.lost.iter().any(|it| it.torn) {
            self.lost.clear();
            self.protect(stack, diagnostics);
        }
        if self.leaving.is_empty() && self.held.is_none() {
            self.held = self.lost.first().map(|it| it.hold.clone());
        }
    }

    /// Who protects the load balancer does not leave it; others do.
    fn protect(&mut self, stack: &StackKey, diagnostics: &mut Vec<Diagnostic>) {
        let all = self.leaving.iter();
        let guards: Vec<_> =
            all.filter_map(|(key, it)| Some((key.clone(), *it, protected(key, it)?))).collect();
        for (key, ingress, diagnostic) in guards {
            self.leaving.remove(&key);
            let hold = hold(stack, &diagnostic);
            let gives_default = gives_default(ingress);
            self.lost.push(Lost { key, hold, certain: true, torn: true, gives_default });
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

fn gives_default(ingress: &Ingress) -> bool {
    ingress.spec.as_ref().is_some_and(|spec| spec.default_backend.is_some())
}

/// Whether an Ingress that a mistake has torn from its place may have been in a stack: taking its routes
/// away would make a slip, perhaps in another object, an outage.
enum Stays {
    /// It is the stack that the Ingress was in, to all appearances.
    Certainly,
    /// The mistake hides which group it was in; it may have been this one.
    Perhaps,
    /// The Ingress has no part in it.
    Not,
}

fn stays(key: &ObjectKey, ingress: &Ingress, stack: &StackKey, diagnostic: &Diagnostic) -> Stays {
    let is_group = matches!(stack, StackKey::Group(_));
    let class_is_wrong = diagnostic.code == codes::BAD_CLASS;
    let names = || named(ingress).is_some_and(|group| *stack == StackKey::Group(group));
    let appears = holds(ingress, stack) || (class_is_wrong && names());
    if own(key) == *stack || appears {
        Stays::Certainly
    } else if is_group
        && joined(key, ingress).is_none()
        && !(class_is_wrong && named(ingress).is_some())
    {
        Stays::Perhaps
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
        StackKey::Service { .. } => Vec::new(),
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
