//! The seat belt: what the operator forbids becomes a Hold before anybody could do it. A step comes
//! in; what of it is allowed, and the Holds for the rest, go out.

use inroad_words::{
    Origin,
    controller::{Controller, DnsPolicy},
    hold::{Hold, HoldReason},
};

use crate::{Op, RecordChange, codes::DNS_POLICY, plan::Step};

/// The step with what is forbidden taken out of it (`None`: nothing is left), and what that holds.
pub(crate) fn admit(step: Step, controller: &Controller) -> (Option<Step>, Vec<Hold>) {
    let Op::ChangeRecords { zone, changes } = step.op else { return (Some(step), Vec::new()) };
    let policy = controller.dns.policy;
    let (allowed, denied): (Vec<_>, Vec<_>) =
        changes.into_iter().partition(|change| allows(policy, change));
    let holds = denied.iter().map(|change| held(policy, change, &step.origin)).collect();
    let op = Op::ChangeRecords { zone, changes: allowed };
    let is_empty = matches!(&op, Op::ChangeRecords { changes, .. } if changes.is_empty());
    ((!is_empty).then_some(Step { op, ..step }), holds)
}

/// `--policy` of ExternalDNS: upsert-only never deletes, create-only never changes either.
pub(crate) fn allows(policy: DnsPolicy, change: &RecordChange) -> bool {
    match (policy, change) {
        (DnsPolicy::Sync, _) | (_, RecordChange::Create { .. }) => true,
        (DnsPolicy::UpsertOnly, RecordChange::Upsert { .. }) => true,
        (DnsPolicy::UpsertOnly | DnsPolicy::CreateOnly, _) => false,
    }
}

pub(crate) fn held(policy: DnsPolicy, change: &RecordChange, origin: &Origin) -> Hold {
    let key = match change {
        RecordChange::Create { record } | RecordChange::Upsert { record, .. } => &record.key,
        RecordChange::Delete { before } => &before.key,
    };
    let name = match policy {
        DnsPolicy::Sync => "sync",
        DnsPolicy::UpsertOnly => "upsert-only",
        DnsPolicy::CreateOnly => "create-only",
    };
    Hold {
        subject: key.to_string(),
        reason: HoldReason::Policy(format!("{name} [{DNS_POLICY}]")),
        origin: origin.clone(),
    }
}
