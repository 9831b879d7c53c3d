//! Which finalizers are to go. A stack goes on to exist as long as anybody else is in it, and whatever is
//! left of somebody who went is taken away with the next pass; only the last one must be waited for.

use std::collections::BTreeSet;

use inroad_intent::model::StackIntent;
use inroad_plan::plan::Change;
use inroad_words::{ObjectKey, hold::HoldReason};

use super::Ran;

/// The finalizers of those who left, once nothing of theirs is left in the stack.
pub(super) fn release(ran: &Ran<'_>, stack: &StackIntent) -> BTreeSet<(ObjectKey, String)> {
    if !is_gone(ran, stack) {
        return BTreeSet::new();
    }
    let finalizer = stack.key.finalizer();
    stack.leaving.iter().map(|object| (object.clone(), finalizer.clone())).collect()
}

fn is_gone(ran: &Ran<'_>, stack: &StackIntent) -> bool {
    let others = !stack.members.is_empty() || !stack.torn.is_empty();
    match &ran.shaped.desired.held.unit {
        // Somebody else's mistake holds the stack, and it is theirs to wait for.
        Some(hold) => others && matches!(hold.reason, HoldReason::Diagnostic(_)),
        None => deleted(ran) && (others || ran.outcome.held.is_empty()),
    }
}

/// Whether everything has gone that was to go. What others wanted and did not get is theirs.
fn deleted(ran: &Ran<'_>) -> bool {
    let mut deletes = ran.plan.ops.iter().filter(|(_, step)| step.subject.change == Change::Delete);
    deletes.all(|(id, _)| ran.outcome.done.contains(id))
}
