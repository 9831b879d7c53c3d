//! A short name for everything that a stack should be, noted on its load balancer when it is so: whoever
//! finds the same name again after a restart need not look at every part. In: a [`Desired`]. Out: the
//! value of one tag, and the steps that keep the tag true. Nothing is ever planned for its sake alone.

use std::collections::{BTreeMap, BTreeSet};

use inroad_desired::{Desired, is_note};
use inroad_words::{
    Field, Origin, ResourceKind, Tags, Unit, Value,
    balancer::{Listener, LoadBalancer, Rule},
    targets::TargetGroup,
};
use serde::{Serialize, Serializer};
use serde_json::json;
use sha2::{Digest, Sha256};

use crate::{
    Op, Plan,
    keep::{Kept, key_of},
    plan::{Change, OpId, Step, Subject},
};

/// The tag that holds it.
pub const FINGERPRINT_TAG: &str = "inroad/fingerprint";

/// Raised whenever what counts, how it is written down or what `diff` makes of it becomes different:
/// fingerprints of another format are as good as none.
const FORMAT: u32 = 2;
/// As many bytes of the hash as make a chance match unthinkable among a cluster's stacks.
const BYTES: usize = 12;

/// The fingerprint of what should be there: everything that `diff` compares, nothing that it passes over
/// (names, who said what, our own notes, subnets that a load balancer keeps).
pub fn fingerprint(desired: &Desired) -> String {
    let mut hash = Sha256::new();
    serde_json::to_writer(&mut hash, &compared(desired)).expect("a hash takes all, keys are text");
    let hash = hash.finalize();
    let hex: String = hash.iter().take(BYTES).map(|byte| format!("{byte:02x}")).collect();
    format!("{FORMAT}-{hex}")
}

/// Whether a stack with this tag is as it should be, as far as its last writer knew. What waits for
/// something, or keeps what nobody can say now, is never settled.
pub fn settled(tag: Option<&str>, desired: &Desired) -> bool {
    let waits = !desired.held.resources.is_empty() || desired.held.unit.is_some();
    !waits && desired.kept.parts.is_empty() && tag == Some(fingerprint(desired).as_str())
}

/// Written down item by item: the whole of a large stack as one value is many times its size.
fn compared(desired: &Desired) -> impl Serialize {
    let groups = Each(|| {
        let groups = desired.security_groups.iter();
        groups.map(|(id, it)| json!([id, it.spec.ingress, said(&it.spec.tags)]))
    });
    let targets = Each(|| desired.target_groups.iter().map(|(id, it)| target_group(id, &it.spec)));
    let balancers =
        Each(|| desired.load_balancers.iter().map(|(id, it)| load_balancer(id, &it.spec)));
    let listeners = Each(|| {
        desired.listeners.values().map(|it| {
            let spec = Listener { tags: said(&it.spec.tags), ..it.spec.clone() };
            json!(spec)
        })
    });
    let rules = Each(|| {
        desired.rules.iter().map(|((port, _), it)| {
            let spec = Rule { tags: said(&it.spec.tags), ..it.spec.clone() };
            json!([port, spec])
        })
    });
    (groups, targets, balancers, listeners, rules)
}

fn target_group(id: &str, spec: &TargetGroup) -> serde_json::Value {
    let kind = (spec.target_type, spec.protocol, spec.protocol_version);
    let fixed = json!([kind, spec.control_port]);
    json!([id, fixed, spec.health_check, spec.attributes, said(&spec.tags)])
}

fn load_balancer(id: &str, spec: &LoadBalancer) -> serde_json::Value {
    let subnets = (!spec.subnets.keep).then_some(&spec.subnets.prefer);
    let network = json!([spec.scheme, spec.ip_address_type, subnets, spec.security_groups]);
    let mut parts = vec![json!(id), network, json!(spec.attributes), json!(said(&spec.tags))];
    parts.extend(spec.web_acl.as_ref().map(|acl| json!({ "webACL": acl.arn() })));
    json!(parts)
}

/// A list whose items are made one at a time.
struct Each<F>(F);

impl<F, I> Serialize for Each<F>
where
    F: Fn() -> I,
    I: Iterator<Item = serde_json::Value>,
{
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq((self.0)())
    }
}

/// Tags but for our own notes.
fn said(tags: &Tags) -> Tags {
    tags.iter().filter(|(key, _)| !is_note(key)).map(|(k, v)| (k.clone(), v.clone())).collect()
}

/// Adds the steps that keep the tag true: it goes before the first of several writes or where something
/// waits, and comes when all are through and nothing waits. A plan that does nothing stays so.
pub(crate) fn note(plan: &mut Plan, desired: &Desired, kept: &Kept<'_>) {
    let Some(subject) = subject(plan, desired) else { return };
    let id = &subject.1;
    let noted = kept.load_balancers.get(id.as_str()).and_then(|seen| {
        let tag = seen.spec.tags.get(FINGERPRINT_TAG)?;
        Some((Value::Known(seen.arn.clone()), tag.clone()))
    });
    let wanted = fingerprint(desired);
    let is_noted = noted.as_ref().is_some_and(|(_, tag)| *tag == wanted);
    let whole = plan.holds.is_empty() && desired.kept.parts.is_empty();
    let several = plan.ops.len() > 1;
    if whole && (several || !is_noted) {
        let key = key_of(desired, ResourceKind::LoadBalancer, id.clone());
        let balancer = kept.load_balancers.get(id.as_str());
        let balancer =
            balancer.map_or_else(|| key.output(Field::Arn), |it| Value::Known(it.arn.clone()));
        last(plan, step(balancer, Some(wanted), &subject.0));
    }
    if let (true, Some((balancer, _))) = (several || !whole, noted) {
        first(plan, step(balancer, None, &subject.0));
    }
}

/// The load balancer of a stack that is being changed, and its id there.
fn subject(plan: &Plan, desired: &Desired) -> Option<(Subject, String)> {
    let (id, balancer) = desired.load_balancers.first_key_value()?;
    let is_due = matches!(plan.unit, Unit::Stack(_)) && !plan.is_empty();
    let subject = Subject::new("load-balancer", &balancer.spec.name, Change::Change);
    is_due.then(|| (subject, id.clone()))
}

fn step(balancer: Value<inroad_words::Arn>, value: Option<String>, subject: &Subject) -> Step {
    Step::new(Op::Fingerprint { balancer, value }, subject.clone(), Origin::Default)
}

fn last(plan: &mut Plan, step: Step) {
    let before = plan.ops.keys().copied().collect();
    let id = OpId(plan.ops.last_key_value().map_or(0, |(id, _)| id.0 + 1));
    plan.ops.insert(id, step);
    plan.after.insert(id, before);
}

fn first(plan: &mut Plan, step: Step) {
    let later = |id: OpId| OpId(id.0 + 1);
    let ops = std::mem::take(&mut plan.ops).into_iter().map(|(id, step)| (later(id), step));
    plan.ops = ops.collect();
    let before = std::mem::take(&mut plan.after);
    let before: BTreeMap<OpId, BTreeSet<OpId>> = before
        .into_iter()
        .map(|(id, all)| (later(id), all.into_iter().map(later).collect()))
        .collect();
    plan.after = before;
    for id in plan.ops.keys() {
        plan.after.entry(*id).or_default().insert(OpId(0));
    }
    plan.ops.insert(OpId(0), step);
}

#[cfg(test)]
mod tests {
    use inroad_desired::Resource;
    use inroad_words::{
        Kind, ObjectKey, Origins, Pick, StackKey,
        balancer::{IpAddressType, Scheme},
        hold::{Hold, HoldReason},
    };

    use super::*;

    fn stack(change: impl FnOnce(&mut LoadBalancer)) -> Desired {
        let mut desired = Desired::nothing(Unit::Stack(StackKey::Group("shop".into())));
        let mut spec = LoadBalancer {
            kind: Default::default(),
            name: "k8s-shop".into(),
            scheme: Scheme::Internal,
            ip_address_type: IpAddressType::Ipv4,
            subnets: Pick { keep: true, prefer: ["subnet-1".to_owned()].into() },
            security_groups: Vec::new(),
            attributes: BTreeMap::new(),
            customer_owned_pool: None,
            web_acl: None,
            tags: Tags::from([("team".into(), "a".into())]),
        };
        change(&mut spec);
        let balancer = Resource { spec, origins: Origins::default() };
        desired.load_balancers.insert("LoadBalancer".into(), balancer);
        desired
    }

    #[test]
    fn only_what_is_compared_counts() {
        let plain = fingerprint(&stack(|_| {}));
        assert_eq!(plain, "2-7dea0cd359e5fb6f49c61876", "another format needs another number");
        for same in [
            stack(|it| it.name = "another".into()),
            stack(|it| it.subnets.prefer.clear()),
            stack(|it| drop(it.tags.insert("inroad/origin".into(), "shop/web".into()))),
        ] {
            assert_eq!(fingerprint(&same), plain);
        }
        for other in [
            stack(|it| it.scheme = Scheme::InternetFacing),
            stack(|it| it.subnets.keep = false),
            stack(|it| drop(it.tags.insert("team".into(), "b".into()))),
            stack(|it| {
                drop(it.attributes.insert("idle_timeout.timeout_seconds".into(), "9".into()))
            }),
        ] {
            assert_ne!(fingerprint(&other), plain);
        }
    }

    #[test]
    fn what_waits_is_never_settled() {
        let mut desired = stack(|_| {});
        let tag = fingerprint(&desired);
        assert!(settled(Some(&tag), &desired));
        assert!(!settled(None, &desired) && !settled(Some("0-"), &desired));
        desired.kept.parts.members.insert(ObjectKey::new(Kind::Ingress, "shop", "broken"));
        assert!(!settled(Some(&tag), &desired));
        desired.kept.parts.members.clear();
        desired.held.unit = Some(Hold {
            subject: String::new(),
            reason: HoldReason::MissingFact(String::new()),
            origin: Origin::Default,
        });
        assert!(!settled(Some(&tag), &desired));
    }
}
