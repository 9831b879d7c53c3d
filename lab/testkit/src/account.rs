//! An account in which plans come true at once: what each unit's ownership marks would find, and
//! strangers' things beside it.

use std::collections::{BTreeMap, BTreeSet};

use inroad_plan::{Op, plan::Step, simulate::Simulation};
use inroad_words::{
    Arn, Field, ResourceKey, ResourceKind, StackKey, TargetKey, Unit, Value, ZoneKey,
    balancer::{Action, Condition, FixedResponse, Patterns, Rule},
    facts::Outputs,
    network::{IngressRule, Peer},
    observed::{Observed, SeenGroup, SeenRule, SeenTargets},
    record::{Record, RecordData, RecordKey, RecordType},
};

use crate::Planned;

/// Everything that there is, by the unit that would observe it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Account {
    /// What each unit observes.
    pub observed: BTreeMap<Unit, Observed>,
    /// What resources are known to be.
    pub outputs: Outputs,
}

/// Things of strangers that come to stand beside ours.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mischief {
    /// Records that nobody marked as ours, some under names that Ingresses claim.
    Records,
    /// A rule without our label on the nodes' security group.
    NodeRule,
    /// A load balancer that forwards to a target group of ours.
    User,
    /// A rule that somebody wrote by hand on a listener of ours.
    Rule,
}

impl Mischief {
    /// All of them.
    pub const ALL: [Mischief; 4] =
        [Mischief::Records, Mischief::NodeRule, Mischief::User, Mischief::Rule];
}

/// The load balancer of [`Mischief::User`].
const STRANGER: &str = "stranger";

impl Account {
    /// What a unit finds. Target groups are found through their stack, registered targets or not.
    pub(crate) fn observe(&self, unit: &Unit) -> Observed {
        let mut observed = self.observed.get(unit).cloned().unwrap_or_default();
        match unit {
            Unit::Targets(key) => {
                let known =
                    self.outputs.get(&group_key(key), Field::Arn).map(|arn| Arn(arn.into()));
                let registered = observed.targets.take();
                observed.targets = known.map(|group| {
                    let same = registered.filter(|it| it.group == group);
                    same.unwrap_or(SeenTargets { group, targets: BTreeMap::new() })
                });
            }
            Unit::Zone(_) => drop(observed.records.get_or_insert_default()),
            Unit::Foundation | Unit::Stack(_) => {}
        }
        observed
    }

    /// Every unit that has something.
    pub(crate) fn stacks(&self) -> BTreeSet<Unit> {
        let has = |it: &Observed| {
            !it.load_balancers.is_empty()
                || !it.target_groups.is_empty()
                || !it.security_groups.is_empty()
        };
        let stacks =
            self.observed.iter().filter(|(unit, it)| matches!(unit, Unit::Stack(_)) && has(it));
        stacks.map(|(unit, _)| unit.clone()).collect()
    }

    /// Carries a plan out, step by step, in the order of the numbers.
    pub(crate) fn apply(&mut self, planned: &Planned, look: &mut dyn FnMut(&Account, &Step)) {
        let unit = &planned.unit;
        let mut simulation = Simulation::new(&planned.plan, &planned.observed);
        for step in planned.plan.ops.values() {
            simulation.apply(&step.op);
            self.observed.insert(unit.clone(), simulation.observed.clone());
            look(self, step);
        }
        let mut observed = simulation.observed;
        baptise(&mut observed);
        self.know(unit, planned.known(&observed));
        self.observed.insert(unit.clone(), observed);
        if let Unit::Stack(stack) = unit {
            self.forget_registrations(stack);
        }
    }

    /// Takes what is known of a unit's resources in place of what was known before.
    pub(crate) fn know(&mut self, unit: &Unit, outputs: Outputs) {
        self.outputs.0.retain(|(key, _), _| key.unit != *unit);
        self.outputs.0.extend(outputs.0);
    }

    /// What a plan would make stands for itself, but for a load balancer's name: which alias it takes
    /// depends on it.
    pub(crate) fn expect(&mut self, planned: &Planned) {
        self.know(&planned.unit, planned.plan.outputs());
        let made = planned.plan.ops.values().filter_map(|step| match &step.op {
            Op::CreateSecurityGroup { key, .. } => Some((key.clone(), Field::GroupId)),
            Op::CreateTargetGroup { key, .. } => Some((key.clone(), Field::Arn)),
            _ => None,
        });
        self.outputs.0.extend(made.map(|output| (output, "(known after apply)".to_owned())));
    }

    /// Registrations go with their target group.
    fn forget_registrations(&mut self, stack: &StackKey) {
        let outputs = &self.outputs;
        self.observed.retain(|unit, _| match unit {
            Unit::Targets(key) if key.stack == *stack => {
                outputs.get(&group_key(key), Field::Arn).is_some()
            }
            _ => true,
        });
    }

    /// Strangers have their way.
    pub fn suffer(&mut self, mischief: Mischief) {
        match mischief {
            Mischief::Records => self.strange_records(),
            Mischief::NodeRule => {
                let foundation = self.observed.entry(Unit::Foundation).or_default();
                let nodes = foundation.shared_rules.entry("sg-nodes".into());
                nodes.or_insert_with(|| SeenGroup::empty("sg-nodes")).spec.ingress.insert(ssh());
            }
            Mischief::User => {
                let mut groups =
                    self.observed.values_mut().flat_map(|it| it.target_groups.values_mut());
                if let Some(seen) = groups.next() {
                    seen[0].load_balancers.insert(Arn(STRANGER.into()));
                }
            }
            Mischief::Rule => {
                let balancers = self.observed.values_mut().flat_map(|it| &mut it.load_balancers);
                let mut listeners = balancers.flat_map(|(_, it)| it[0].listeners.values_mut());
                if let Some(listener) = listeners.next() {
                    let rule = by_hand(&listener.arn);
                    listener.rules.retain(|it| it.arn != rule.arn);
                    listener.rules.push(rule);
                }
            }
        }
    }

    fn strange_records(&mut self) {
        let names =
            [("Z1", "example.com", "h0.example.com"), ("Z1", "example.com", "mail.example.com")];
        for (id, zone, name) in names {
            let unit = Unit::Zone(ZoneKey { name: zone.into(), id: id.into() });
            let records = self.observed.entry(unit).or_default().records.get_or_insert_default();
            let taken = records.keys().any(|key| key.name == name);
            if !taken {
                let record = strange_record(name);
                records.insert(record.key.clone(), record);
            }
        }
    }

    /// What strangers have, as text.
    pub fn strangers(&self) -> BTreeSet<String> {
        let mut found = BTreeSet::new();
        for (unit, observed) in &self.observed {
            let records = observed.records.iter().flat_map(|it| it.values());
            let strange = records.filter(|it| is_strange(it));
            found.extend(strange.map(|it| format!("{unit} {it:?}")));
            let rules = observed.shared_rules.values().flat_map(|it| &it.spec.ingress);
            found.extend(rules.filter(|it| **it == ssh()).map(|it| format!("{unit} {it:?}")));
            let groups = observed.target_groups.values().flatten();
            let used = groups.filter(|it| it.load_balancers.contains(&Arn(STRANGER.into())));
            found.extend(used.map(|it| format!("{unit} {}", it.arn)));
        }
        found
    }

    /// What is ours, as text.
    pub fn ours(&self) -> BTreeSet<String> {
        let strangers = self.strangers();
        let mut found = BTreeSet::new();
        for (unit, observed) in &self.observed {
            found.extend(everything(observed).into_iter().map(|id| format!("{unit} {id}")));
            let rules = observed.shared_rules.values().flat_map(|it| &it.spec.ingress);
            found.extend(rules.map(|it| format!("{unit} {it:?}")));
            let records = observed.records.iter().flat_map(|it| it.values());
            found.extend(records.map(|it| format!("{unit} {it:?}")));
        }
        found.difference(&strangers).cloned().collect()
    }
}

/// Every ARN and id of resources in an observation.
pub(crate) fn everything(observed: &Observed) -> BTreeSet<String> {
    let mut all = BTreeSet::new();
    all.extend(observed.security_groups.values().flatten().map(|it| it.id.clone()));
    all.extend(observed.target_groups.values().flatten().map(|it| it.arn.0.clone()));
    for balancer in observed.load_balancers.values().flatten() {
        all.insert(balancer.arn.0.clone());
        for listener in balancer.listeners.values() {
            all.insert(listener.arn.0.clone());
            all.extend(listener.rules.iter().map(|it| it.arn.0.clone()));
        }
    }
    all
}

fn group_key(key: &TargetKey) -> ResourceKey {
    let unit = Unit::Stack(key.stack.clone());
    ResourceKey::new(unit, ResourceKind::TargetGroup, key.group.clone())
}

/// New load balancers get names as AWS gives them: a simulation's are no DNS names.
fn baptise(observed: &mut Observed) {
    for balancer in observed.load_balancers.values_mut().flatten() {
        if balancer.dns_name == balancer.arn.0 {
            let internal = match balancer.spec.scheme {
                inroad_words::balancer::Scheme::Internal => "internal-",
                inroad_words::balancer::Scheme::InternetFacing => "",
            };
            let name = &balancer.spec.name;
            balancer.dns_name = format!("{internal}{name}-1.eu-west-1.elb.amazonaws.com");
        }
    }
}

fn ssh() -> IngressRule {
    IngressRule {
        protocol: "tcp".into(),
        from_port: Some(22),
        to_port: Some(22),
        peer: Peer::Ipv4("10.0.0.0/8".into()),
        description: "ssh".into(),
    }
}

fn by_hand(listener: &Arn) -> SeenRule {
    let spec = Rule {
        listener: Value::Known(listener.clone()),
        priority: 900,
        conditions: vec![Condition::HostHeader(Patterns::values(["by-hand.example.com".into()]))],
        actions: vec![Action::FixedResponse(FixedResponse {
            status_code: "418".into(),
            ..Default::default()
        })],
        transforms: Vec::new(),
        tags: Default::default(),
    };
    SeenRule { arn: Arn(format!("{listener}/by-hand")), spec }
}

fn strange_record(name: &str) -> Record {
    let key =
        RecordKey { name: name.into(), record_type: RecordType::A, set_identifier: String::new() };
    let data = RecordData::Values(BTreeSet::from([STRANGE_ADDRESS.into()]));
    Record { key, ttl: Some(300), data, properties: BTreeMap::new() }
}

const STRANGE_ADDRESS: &str = "192.0.2.7";

fn is_strange(record: &Record) -> bool {
    matches!(&record.data, RecordData::Values(values) if values.contains(STRANGE_ADDRESS))
}
