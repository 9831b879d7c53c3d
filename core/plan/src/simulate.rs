//! What will be there when a plan has been carried out: pure, with made-up ARNs. The same rules as
//! AWS's for what a call changes; none of its checks.

use std::collections::{BTreeMap, BTreeSet};

use inroad_words::{
    Arn, Field, ResourceKey, Tags, Value,
    balancer::{Listener, ListenerProtocol, WebAcl},
    facts::Outputs,
    network::IngressRule,
    observed::{
        Observed, SeenBalancer, SeenGroup, SeenListener, SeenRule, SeenTargetGroup, SeenTargets,
        SeenWebAcl, TargetHealth,
    },
    targets::Target,
};

use crate::{FINGERPRINT_TAG, Op, Plan, RecordChange, order::created, phrase, refers};

/// The observation that the plan leaves behind.
pub fn simulate(plan: &Plan, observed: &Observed) -> Observed {
    let mut simulation = Simulation::new(plan, observed);
    plan.ops.values().for_each(|step| simulation.apply(&step.op));
    simulation.observed
}

/// The observation that a plan has left behind which went through whole: `outputs` are what its steps
/// turned out to make. Whoever remembers it need not look again.
pub fn left_behind(plan: &Plan, observed: &Observed, outputs: &Outputs) -> Observed {
    let mut simulation = Simulation { made: outputs.clone(), ..Simulation::new(plan, observed) };
    plan.ops.values().for_each(|step| simulation.apply(&step.op));
    simulation.observed
}

/// A simulation step by step, for whoever looks at what is there in between.
#[derive(Debug, Clone)]
pub struct Simulation {
    /// What is there now.
    pub observed: Observed,
    known: Outputs,
    /// What is made in truth; empty where nothing has happened and everything is made up.
    made: Outputs,
    foreign_users: BTreeMap<Arn, BTreeSet<Arn>>,
    taken: BTreeSet<String>,
}

impl Simulation {
    /// Nothing of the plan has happened yet.
    pub fn new(plan: &Plan, observed: &Observed) -> Self {
        let ours: BTreeSet<&Arn> =
            observed.load_balancers.values().flatten().map(|it| &it.arn).collect();
        let foreign = |it: &SeenTargetGroup| {
            let users = it.load_balancers.iter().filter(|user| !ours.contains(user));
            (it.arn.clone(), users.cloned().collect())
        };
        Self {
            foreign_users: observed.target_groups.values().flatten().map(foreign).collect(),
            observed: observed.clone(),
            known: plan.known.clone(),
            made: Outputs::default(),
            taken: phrase::names(observed).into_keys().collect(),
        }
    }

    /// Carries out one step.
    pub fn apply(&mut self, op: &Op) {
        let mut op = op.clone();
        refers::resolve(&mut op, &self.known);
        let made = created(&op).map(|key| self.make_up(key)).unwrap_or_default();
        self.networks(&op, &made);
        self.groups(&op, &made);
        self.balancers(&op, &made);
        self.listeners(&op, &made);
        self.rules(&op, &made);
        self.registrations(&op);
        self.tags(&op);
        self.count_users();
    }

    /// The ARN or id of what is made: the true one, or one that nothing else has.
    fn make_up(&mut self, key: &ResourceKey) -> String {
        let fields = [Field::Arn, Field::GroupId];
        if let Some(made) = fields.iter().find_map(|field| self.made.get(key, *field)) {
            let (made, all) = (made.to_owned(), self.made.0.iter());
            let of_key = all.filter(|((of, _), _)| of == key);
            self.known.0.extend(of_key.map(|(field, text)| (field.clone(), text.clone())));
            return made;
        }
        let mut made = format!("simulated:{key}");
        while !self.taken.insert(made.clone()) {
            made.push('\'');
        }
        for field in [Field::Arn, Field::GroupId, Field::DnsName] {
            self.known.0.insert((key.clone(), field), made.clone());
        }
        made
    }

    fn networks(&mut self, op: &Op, made: &str) {
        let groups = &mut self.observed.security_groups;
        match op {
            Op::CreateSecurityGroup { key, spec } => {
                let mut spec = spec.clone();
                spec.ingress.clear();
                let id = made.to_owned();
                groups.entry(key.id.clone()).or_default().push(SeenGroup { id, spec });
            }
            Op::DeleteSecurityGroup { id } => retain(groups, |it| it.id != *id),
            Op::AuthorizeIngress { group: Value::Known(group), rules } => {
                self.ingress(group).extend(rules.iter().cloned());
            }
            Op::RevokeIngress { group: Value::Known(group), rules } => {
                self.ingress(group).retain(|rule| !rules.contains(rule));
                self.observed.shared_rules.retain(|_, it| !it.spec.ingress.is_empty());
            }
            _ => {}
        }
    }

    /// The rules of a group: of one of ours, else of one of others that carries some of ours.
    fn ingress(&mut self, group: &str) -> &mut BTreeSet<IngressRule> {
        let mut ours = self.observed.security_groups.values_mut().flatten();
        match ours.find(|it| it.id == *group) {
            Some(seen) => &mut seen.spec.ingress,
            None => {
                let shared = &mut self.observed.shared_rules;
                let seen = shared.entry(group.into()).or_insert_with(|| SeenGroup::empty(group));
                &mut seen.spec.ingress
            }
        }
    }

    fn groups(&mut self, op: &Op, made: &str) {
        let groups = &mut self.observed.target_groups;
        let mut change = |arn: &Arn, f: &dyn Fn(&mut SeenTargetGroup)| {
            groups.values_mut().flatten().filter(|it| it.arn == *arn).for_each(f);
        };
        match op {
            Op::ModifyHealthCheck { group: Value::Known(arn), spec } => {
                change(arn, &|it| it.spec.health_check = spec.clone());
            }
            Op::ModifyTargetGroupAttributes { group: Value::Known(arn), set } => {
                change(arn, &|it| it.spec.attributes.extend(set.clone()));
            }
            Op::CreateTargetGroup { key, spec } => {
                let mut spec = spec.clone();
                spec.attributes.clear();
                let arn = Arn(made.into());
                let seen =
                    SeenTargetGroup { arn, spec, load_balancers: BTreeSet::new(), healthy: None };
                groups.entry(key.id.clone()).or_default().push(seen);
            }
            Op::DeleteTargetGroup { arn } => retain(groups, |it| it.arn != *arn),
            _ => {}
        }
    }

    fn balancers(&mut self, op: &Op, made: &str) {
        let all = &mut self.observed.load_balancers;
        let mut change = |arn: &Arn, f: &dyn Fn(&mut SeenBalancer)| {
            all.values_mut().flatten().filter(|it| it.arn == *arn).for_each(f);
        };
        match op {
            Op::SetSubnets { balancer, subnets } => {
                change(balancer, &|it| it.spec.subnets.prefer.clone_from(subnets));
            }
            Op::SetSecurityGroups { balancer, groups } => {
                change(balancer, &|it| it.spec.security_groups.clone_from(groups));
            }
            Op::SetIpAddressType { balancer, ip_address_type } => {
                change(balancer, &|it| it.spec.ip_address_type = *ip_address_type);
            }
            Op::ModifyLoadBalancerAttributes { balancer: Value::Known(arn), set } => {
                change(arn, &|it| it.spec.attributes.extend(set.clone()));
            }
            Op::AssociateWebAcl { balancer: Value::Known(arn), acl } => {
                change(arn, &|it| it.web_acl = SeenWebAcl::Known(WebAcl::Arn(acl.clone())));
            }
            Op::DisassociateWebAcl { balancer: Value::Known(arn) } => {
                change(arn, &|it| it.web_acl = SeenWebAcl::Known(WebAcl::Nothing));
            }
            Op::CreateLoadBalancer { key, spec } => {
                let mut spec = spec.clone();
                spec.attributes.clear();
                spec.web_acl = None;
                let name = self.made.get(key, Field::DnsName).unwrap_or(made);
                all.entry(key.id.clone()).or_default().push(SeenBalancer {
                    dns_name: name.into(),
                    arn: Arn(made.into()),
                    state: "active".into(),
                    kind: spec.kind.as_str().into(),
                    spec,
                    web_acl: SeenWebAcl::Known(WebAcl::Nothing),
                    listeners: BTreeMap::new(),
                });
            }
            Op::DeleteLoadBalancer { arn } => retain(all, |it| it.arn != *arn),
            _ => {}
        }
    }

    fn listeners(&mut self, op: &Op, made: &str) {
        match op {
            Op::CreateListener { spec, .. } => self.create_listener(&Arn(made.into()), spec),
            Op::DeleteListener { arn } => {
                for balancer in self.observed.load_balancers.values_mut().flatten() {
                    balancer.listeners.retain(|_, it| it.arn != *arn);
                }
            }
            Op::ModifyListener { listener, spec } => {
                self.listener(listener, &|seen| modify_listener(seen, spec));
            }
            Op::AddCertificate { listener: Value::Known(listener), certificate } => {
                self.listener(listener, &|it| it.spec.certificates.push(certificate.clone()));
            }
            Op::RemoveCertificate { listener, certificate } => self.listener(listener, &|it| {
                let mut place = 0;
                it.spec.certificates.retain(|it| {
                    place += 1;
                    place == 1 || it != certificate
                });
            }),
            Op::ModifyListenerAttributes { listener: Value::Known(listener), set } => {
                self.listener(listener, &|it| it.spec.attributes.extend(set.clone()));
            }
            _ => {}
        }
    }

    fn create_listener(&mut self, arn: &Arn, spec: &Listener) {
        let mut spec = spec.clone();
        spec.attributes.clear();
        spec.certificates.truncate(1);
        for balancer in self.observed.load_balancers.values_mut().flatten() {
            if spec.load_balancer == Value::Known(balancer.arn.clone()) {
                let (arn, spec) = (arn.clone(), spec.clone());
                let seen = SeenListener { arn, spec, rules: Vec::new() };
                balancer.listeners.insert(seen.spec.port, seen);
            }
        }
    }

    fn listener(&mut self, arn: &Arn, change: &dyn Fn(&mut SeenListener)) {
        let all = self.observed.load_balancers.values_mut().flatten();
        let listeners = all.flat_map(|it| it.listeners.values_mut());
        listeners.filter(|it| it.arn == *arn).for_each(change);
    }

    fn rules(&mut self, op: &Op, made: &str) {
        match op {
            Op::CreateRule { spec, .. } => {
                if let Value::Known(listener) = &spec.listener {
                    let rule = SeenRule { arn: Arn(made.into()), spec: spec.clone() };
                    self.listener(listener, &|it| it.rules.push(rule.clone()));
                }
            }
            Op::ModifyRule { rule, spec } => self.rule(&|it| {
                if it.arn == *rule {
                    it.spec.conditions.clone_from(&spec.conditions);
                    it.spec.actions.clone_from(&spec.actions);
                    it.spec.transforms.clone_from(&spec.transforms);
                }
            }),
            Op::SetRulePriorities { priorities, .. } => self.rule(&|it| {
                it.spec.priority = priorities.get(&it.arn).copied().unwrap_or(it.spec.priority);
            }),
            Op::DeleteRule { arn } => {
                for balancer in self.observed.load_balancers.values_mut().flatten() {
                    for listener in balancer.listeners.values_mut() {
                        listener.rules.retain(|it| it.arn != *arn);
                    }
                }
            }
            _ => {}
        }
    }

    fn rule(&mut self, change: &dyn Fn(&mut SeenRule)) {
        let all = self.observed.load_balancers.values_mut().flatten();
        let listeners = all.flat_map(|it| it.listeners.values_mut());
        listeners.flat_map(|it| &mut it.rules).for_each(change);
    }

    fn registrations(&mut self, op: &Op) {
        match op {
            Op::RegisterTargets { group: Value::Known(group), targets } => {
                let fresh = || SeenTargets { group: group.clone(), targets: BTreeMap::new() };
                let seen = self.observed.targets.get_or_insert_with(fresh);
                if seen.group != *group {
                    *seen = fresh();
                }
                let health = TargetHealth { state: "initial".into(), ..Default::default() };
                let new = targets.iter().map(|it: &Target| (it.clone(), health.clone()));
                seen.targets.extend(new);
            }
            Op::DeregisterTargets { targets, .. } => {
                if let Some(seen) = &mut self.observed.targets {
                    seen.targets.retain(|it, _| !targets.contains(it));
                }
            }
            Op::ChangeRecords { changes, .. } => changes.iter().for_each(|it| self.record(it)),
            _ => {}
        }
    }

    fn record(&mut self, change: &RecordChange) {
        let records = self.observed.records.get_or_insert_default();
        match change {
            RecordChange::Create { record } | RecordChange::Upsert { record, .. } => {
                records.insert(record.key.clone(), record.clone());
            }
            RecordChange::Delete { before } => {
                records.remove(&before.key);
            }
        }
    }

    fn tags(&mut self, op: &Op) {
        match op {
            Op::TagBalancing { arn, set, remove } => self.tag(&arn.0, set, remove),
            Op::TagEc2 { id, set, remove } => self.tag(id, set, remove),
            Op::Fingerprint { balancer: Value::Known(arn), value } => {
                let key = FINGERPRINT_TAG.to_owned();
                match value {
                    Some(value) => {
                        self.tag(&arn.0, &Tags::from([(key, value.clone())]), &BTreeSet::new());
                    }
                    None => self.tag(&arn.0, &Tags::new(), &BTreeSet::from([key])),
                }
            }
            _ => {}
        }
    }

    fn tag(&mut self, id: &str, set: &Tags, remove: &BTreeSet<String>) {
        let change = |this: &str, tags: &mut Tags| {
            if this == id {
                tags.extend(set.clone());
                tags.retain(|key, _| !remove.contains(key));
            }
        };
        let observed = &mut self.observed;
        for it in observed.security_groups.values_mut().flatten() {
            change(&it.id, &mut it.spec.tags);
        }
        for it in observed.target_groups.values_mut().flatten() {
            change(&it.arn.0, &mut it.spec.tags);
        }
        for balancer in observed.load_balancers.values_mut().flatten() {
            change(&balancer.arn.0, &mut balancer.spec.tags);
            for listener in balancer.listeners.values_mut() {
                change(&listener.arn.0, &mut listener.spec.tags);
                for rule in &mut listener.rules {
                    change(&rule.arn.0, &mut rule.spec.tags);
                }
            }
        }
    }

    /// AWS itself keeps book of which load balancers use a target group.
    fn count_users(&mut self) {
        let mut users = self.foreign_users.clone();
        for balancer in self.observed.load_balancers.values().flatten() {
            for listener in balancer.listeners.values() {
                let rules = listener.rules.iter().map(|it| &it.spec.actions);
                for actions in rules.chain([&listener.spec.default_actions]) {
                    for group in refers::groups_of(actions) {
                        users.entry(Arn(group)).or_default().insert(balancer.arn.clone());
                    }
                }
            }
        }
        for group in self.observed.target_groups.values_mut().flatten() {
            group.load_balancers = users.remove(&group.arn).unwrap_or_default();
        }
    }
}

/// A listener that becomes clear text forgets its certificates and policy (`ModifyListener`).
fn modify_listener(seen: &mut SeenListener, spec: &Listener) {
    seen.spec.protocol = spec.protocol;
    seen.spec.default_actions.clone_from(&spec.default_actions);
    match spec.certificates.first() {
        Some(default) if seen.spec.certificates.is_empty() => {
            seen.spec.certificates.push(default.clone());
        }
        Some(default) => seen.spec.certificates[0] = default.clone(),
        None => seen.spec.certificates.clear(),
    }
    if spec.ssl_policy.is_some() {
        seen.spec.ssl_policy.clone_from(&spec.ssl_policy);
    }
    if spec.protocol != ListenerProtocol::Https {
        seen.spec.mutual = None;
    } else if spec.mutual.is_some() {
        seen.spec.mutual.clone_from(&spec.mutual);
    }
}

fn retain<T>(all: &mut BTreeMap<String, Vec<T>>, keep: impl Fn(&T) -> bool) {
    all.values_mut().for_each(|it| it.retain(&keep));
    all.retain(|_, it| !it.is_empty());
}
