//! Events, in the words that ALBC's users know (load-balancers.md 8.6): its reasons and the beginnings of
//! its sentences, then our code and the same sentence that plan, explain and log have.

use std::collections::BTreeSet;

use inroad_intent::{Intent, model::StackIntent};
use inroad_plan::{StepError, plan::FieldChange};
use inroad_words::{
    Code, Diagnostic, Kind, ObjectKey, Severity,
    hold::{Hold, HoldReason},
};

use super::Ran;

/// How long a message may be, in bytes (Kubernetes API, `events.k8s.io/v1` Event, `note`).
const LONGEST: usize = 1024;

/// Whether an Event is good news.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum EventKind {
    /// `type: Normal`.
    Normal,
    /// `type: Warning`.
    Warning,
}

/// A line in `kubectl describe`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Event {
    /// The object that it is on.
    pub object: ObjectKey,
    /// Good or bad.
    pub kind: EventKind,
    /// One word for machines: ALBC's, or the code of a warning.
    pub reason: String,
    /// One sentence for people, at most 1024 bytes.
    pub message: String,
}

/// What has failed, as ALBC tells it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Failure {
    /// The finalizer cannot be added: nothing is done for the object.
    AddFinalizer,
    /// The group of an Ingress cannot be told.
    LoadGroup,
    /// What is asked for cannot be had.
    BuildModel,
    /// A step failed.
    DeployModel,
    /// The status cannot be written.
    UpdateStatus,
    /// The finalizer cannot be taken away.
    RemoveFinalizer,
}

impl Failure {
    fn words(self) -> (&'static str, &'static str) {
        match self {
            Failure::AddFinalizer => ("FailedAddFinalizer", "Failed add finalizer"),
            Failure::LoadGroup => ("FailedLoadGroupID", "Failed load group ID"),
            Failure::BuildModel => ("FailedBuildModel", "Failed build model"),
            Failure::DeployModel => ("FailedDeployModel", "Failed deploy model"),
            Failure::UpdateStatus => ("FailedUpdateStatus", "Failed update status"),
            Failure::RemoveFinalizer => ("FailedRemoveFinalizer", "Failed remove finalizer"),
        }
    }
}

/// The Event of a failure on one object.
pub fn failed(object: &ObjectKey, failure: Failure, why: &str) -> Event {
    let (reason, sentence) = failure.words();
    let message = cut(format!("{sentence} due to {why}"));
    Event { object: object.clone(), kind: EventKind::Warning, reason: reason.into(), message }
}

/// Everything that is wrong: mistakes, what waits for the outside, and steps that failed.
pub(super) fn mistakes(ran: &Ran<'_>) -> Vec<Event> {
    let said = ran.compiled.diagnostics.iter().chain(&ran.shaped.diagnostics);
    let mut events: Vec<Event> = said
        .flat_map(|diagnostic| {
            concerned(ran, diagnostic.origin.object(), true)
                .into_iter()
                .map(move |object| told(object, diagnostic))
        })
        .collect();
    for hold in ran.outcome.held.iter().filter(|hold| tells(hold)) {
        let why = format!("{}: {}", hold.subject, hold.reason);
        for object in concerned(ran, hold.origin.object(), true) {
            events.push(failed(&object, Failure::BuildModel, &why));
        }
    }
    for (id, error) in &ran.outcome.failed {
        let step = &ran.plan.ops[id];
        if !error.parts.is_empty() {
            events.extend(parts(&step.why, error));
            continue;
        }
        let why = format!("{}: {error}", step.subject);
        // Without a load balancer or a listener nobody is served, whoever asked for it first.
        let own = matches!(step.subject.kind, "rule" | "target-group" | "targets" | "records");
        for object in concerned(ran, step.origin.object(), own) {
            events.push(failed(&object, Failure::DeployModel, &why));
        }
    }
    events
}

/// Records that were refused one by one, each told to the object that asks for it.
fn parts(why: &[FieldChange], error: &StepError) -> Vec<Event> {
    let refused = why.iter().filter_map(|change| {
        let reason = error.parts.get(&change.field)?;
        let object = change.origin.object()?;
        Some(failed(object, Failure::DeployModel, &format!("{}: {reason}", change.field)))
    });
    refused.collect()
}

/// What stands for itself: mistakes have their Diagnostic, what comes after a failed step has that, and
/// whoever waits for another unit is not in trouble.
fn tells(hold: &Hold) -> bool {
    matches!(
        hold.reason,
        HoldReason::MissingFact(_)
            | HoldReason::Policy(_)
            | HoldReason::Foreign(_)
            | HoldReason::Quota { .. }
    )
}

/// A mistake as an Event: errors under ALBC's reason, anything less under its own code.
fn told(object: ObjectKey, diagnostic: &Diagnostic) -> Event {
    let Diagnostic { code, origin, message, help, .. } = diagnostic;
    let help = help.as_ref().map(|help| format!(" (help: {help})")).unwrap_or_default();
    let sentence = format!("{origin}: {message}{help}");
    let kind = match diagnostic.severity {
        Severity::Error if is_of_balancers(*code) => {
            let why = format!("{code} {sentence}");
            return failed(&object, failure(*code), &why);
        }
        Severity::Error | Severity::Warning => EventKind::Warning,
        Severity::Note => EventKind::Normal,
    };
    Event { object, kind, reason: code.to_string(), message: cut(sentence) }
}

/// Mistakes in names have no word of ALBC's.
fn is_of_balancers(code: Code) -> bool {
    !code.0.starts_with("DN")
}

fn failure(code: Code) -> Failure {
    if code == inroad_intent::codes::BAD_GROUP { Failure::LoadGroup } else { Failure::BuildModel }
}

/// Who should read of something at this object: an Ingress itself; for a Service of a stack the members
/// that lead to it; else everybody in the stack. `own`: what concerns one member is not told to others.
fn concerned(ran: &Ran<'_>, object: Option<&ObjectKey>, own: bool) -> BTreeSet<ObjectKey> {
    let itself = || object.cloned().into_iter().collect();
    let Intent::Stack(stack) = &ran.compiled.intent else { return itself() };
    match object {
        Some(object) if own && object.kind == Kind::Ingress => itself(),
        Some(object) if stack.key.is_of_service() && object.kind == Kind::Service => itself(),
        Some(object) if own && object.kind == Kind::Service => {
            let users = stack.backends.values().filter(|backend| backend.service == *object);
            let users: BTreeSet<_> =
                users.filter_map(|backend| backend.origin.object().cloned()).collect();
            if users.is_empty() { itself() } else { users }
        }
        _ => [stack.members.iter().collect(), stack.torn.iter().collect(), leaving(stack)]
            .into_iter()
            .find(|all: &Vec<&ObjectKey>| !all.is_empty())
            .into_iter()
            .flatten()
            .cloned()
            .collect(),
    }
}

fn leaving(stack: &StackIntent) -> Vec<&ObjectKey> {
    stack.leaving.iter().collect()
}

/// Members that have everything they asked for, where that is news: something was done, they have just
/// joined, or something was wrong with them before.
pub(super) fn successes(
    ran: &Ran<'_>,
    stack: &StackIntent,
    wrong: &BTreeSet<Event>,
    before: Option<&BTreeSet<Event>>,
) -> Vec<Event> {
    let did = !ran.outcome.done.is_empty();
    let is_wrong = |all: &BTreeSet<Event>, member: &ObjectKey| {
        all.iter().any(|event| event.object == *member && event.reason.starts_with("Failed"))
    };
    let is_news = |member: &ObjectKey| {
        did || ran.joined.contains(member) || before.is_some_and(|all| is_wrong(all, member))
    };
    let waits = ran.shaped.desired.held.unit.is_some() || !is_whole(ran);
    let happy =
        stack.members.iter().filter(|member| !waits && is_news(member) && !is_wrong(wrong, member));
    happy.map(success).collect()
}

/// A step that never came up, or waits for another unit's output, is no success yet.
fn is_whole(ran: &Ran<'_>) -> bool {
    let waits = |hold: &Hold| matches!(hold.reason, HoldReason::Output { .. });
    !ran.outcome.held.iter().any(waits)
}

fn success(member: &ObjectKey) -> Event {
    Event {
        object: member.clone(),
        kind: EventKind::Normal,
        reason: "SuccessfullyReconciled".into(),
        message: "Successfully reconciled".into(),
    }
}

fn cut(mut message: String) -> String {
    if message.len() > LONGEST {
        let end = message.floor_char_boundary(LONGEST - '…'.len_utf8());
        message.truncate(end);
        message.push('…');
    }
    message
}
