use inroad_desired::{Desired, Resource};
use inroad_plan::{
    Op, OpId, Outcome, Run, StepError,
    plan::{Change, FieldChange, Step, Subject},
};
use inroad_words::{
    Arn, Diagnostic, Kind, Origin, Origins, Pick, StackKey, Tags, Unit, Value,
    balancer::{IpAddressType, Listener, ListenerProtocol, LoadBalancer, Scheme},
    hold::{Hold, HoldReason},
};
use inroad_world::Reads;

use super::*;

/// A pass over the group `shop`, to be told about.
struct Pass {
    stack: StackIntent,
    said: Vec<Diagnostic>,
    shaped: Shaped,
    plan: Plan,
    failing: &'static [u32],
    joined: BTreeSet<ObjectKey>,
    settled: bool,
}

fn ingress(name: &str) -> ObjectKey {
    ObjectKey::new(Kind::Ingress, "shop", name)
}

fn pass(members: &[&str], leaving: &[&str]) -> Pass {
    let key = StackKey::Group("shop".into());
    let unit = Unit::Stack(key.clone());
    let stack = StackIntent {
        key,
        members: members.iter().map(|name| ingress(name)).collect(),
        leaving: leaving.iter().map(|name| ingress(name)).collect(),
        uid: String::new(),
        torn: BTreeSet::new(),
        balancer: None,
        backends: BTreeMap::new(),
        kept: Default::default(),
        held: None,
        undecided: None,
    };
    let shaped = Shaped { desired: Desired::nothing(unit.clone()), diagnostics: Vec::new() };
    let plan = Plan::nothing(unit);
    let (said, joined) = (Vec::new(), BTreeSet::new());
    Pass { stack, said, shaped, plan, failing: &[], joined, settled: false }
}

impl Pass {
    fn step(mut self, kind: &'static str, change: Change, origin: Origin) -> Self {
        let id = OpId(u32::try_from(self.plan.ops.len()).expect("tests are short"));
        let op = Op::DeleteRule { arn: Arn(format!("arn:{}", id.0)) };
        let subject = Subject { kind, name: id.0.to_string(), change };
        self.plan.ops.insert(id, Step { op, subject, origin, why: Vec::new() });
        self
    }

    fn after(mut self, later: u32, earlier: u32) -> Self {
        self.plan.after.entry(OpId(later)).or_default().insert(OpId(earlier));
        self
    }

    fn failing(self, failing: &'static [u32]) -> Self {
        Self { failing, ..self }
    }

    fn says(mut self, diagnostic: Diagnostic) -> Self {
        self.said.push(diagnostic);
        self
    }

    fn held(mut self, reason: HoldReason) -> Self {
        let hold = Hold { subject: "stack shop".into(), reason, origin: Origin::Default };
        self.shaped.desired.held.unit = Some(hold.clone());
        self.plan.holds.push(hold);
        self
    }

    fn report(&self, before: Option<&Report>) -> Report {
        let mut run = Run::new(self.plan.clone());
        while !run.is_done() {
            for (id, _) in run.ready() {
                let error =
                    StepError { message: "no more of these".into(), ..StepError::default() };
                let fails = self.failing.contains(&id.0);
                run.settle(id, if fails { Err(error) } else { Ok(Default::default()) });
            }
        }
        self.told(&run.finish(), before)
    }

    fn told(&self, outcome: &Outcome, before: Option<&Report>) -> Report {
        let compiled = Compiled {
            intent: Intent::Stack(Box::new(self.stack.clone())),
            diagnostics: self.said.clone(),
            reads: Reads::default(),
        };
        let (shaped, plan, joined) = (&self.shaped, &self.plan, &self.joined);
        let settled = self.settled;
        report(&Ran { compiled: &compiled, shaped, plan, outcome, joined, settled }, before)
    }

    fn released(&self) -> Vec<String> {
        self.report(None).release.into_iter().map(|(object, _)| object.name).collect()
    }
}

fn lines(report: &Report) -> Vec<String> {
    let line = |it: &Event| format!("{:?} {} {}: {}", it.kind, it.object, it.reason, it.message);
    report.events.iter().map(line).collect()
}

fn missing_service() -> Diagnostic {
    let origin = Origin::field(&ingress("a"), "/spec/rules/0");
    Diagnostic::error(inroad_intent::codes::NO_SERVICE, origin, "there is no Service cart")
        .help("create it")
}

#[test]
fn finalizers_stand_before_the_first_step_under_albcs_names() {
    let group = before(&pass(&["a", "b"], &["c"]).stack);
    let finalizer = || "group.ingress.k8s.aws/shop".to_owned();
    assert_eq!(group, BTreeSet::from([(ingress("a"), finalizer()), (ingress("b"), finalizer())]));
    let mut alone = pass(&["a"], &[]).stack;
    alone.key = StackKey::parse("shop/a");
    assert_eq!(
        before(&alone),
        BTreeSet::from([(ingress("a"), "ingress.k8s.aws/resources".into())])
    );
    for (object, finalizer) in group.into_iter().chain(before(&alone)) {
        let stack = StackKey::of_finalizer(&finalizer, &object).expect("it is ours");
        assert_eq!(stack.finalizer(), finalizer);
    }
    assert_eq!(StackKey::of_finalizer("service.k8s.aws/resources", &ingress("a")), None);
}

#[test]
fn a_record_that_is_refused_is_told_to_whoever_asks_for_it_and_to_nobody_else() {
    let mut pass =
        pass(&[], &[]).step("records", Change::Change, Origin::field(&ingress("a"), "/spec"));
    let asks = |name: &str| FieldChange {
        field: format!("{name}.example.com A"),
        before: None,
        after: None,
        origin: Origin::field(&ingress(name), "/spec"),
    };
    let step = pass.plan.ops.values_mut().next().expect("there is one");
    step.why = ["a", "b", "c"].map(asks).to_vec();
    let parts = BTreeMap::from([("b.example.com A".to_owned(), "it is taken".to_owned())]);
    let mut run = Run::new(pass.plan.clone());
    for (id, _) in run.ready() {
        let error = StepError { message: "refused".into(), parts: parts.clone(), code: None };
        run.settle(id, Err(error));
    }
    let warning = "Warning ingress/shop/b FailedDeployModel: Failed deploy model due to b.example.com A: it is taken";
    assert_eq!(lines(&pass.told(&run.finish(), None)), [warning]);
}

#[test]
fn a_success_is_told_where_something_was_done_or_somebody_is_new_or_well_again() {
    let success = |name: &str| {
        format!("Normal ingress/shop/{name} SuccessfullyReconciled: Successfully reconciled")
    };
    let did = pass(&["a", "b"], &[]).step("rule", Change::Add, Origin::Default);
    assert_eq!(lines(&did.report(None)), [success("a"), success("b")]);
    let idle = pass(&["a", "b"], &[]);
    assert_eq!(lines(&idle.report(None)), [""; 0]);
    let joined = Pass { joined: BTreeSet::from([ingress("b")]), ..pass(&["a", "b"], &[]) };
    assert_eq!(lines(&joined.report(None)), [success("b")]);
    let wrong = pass(&["a", "b"], &[]).says(missing_service()).report(None);
    assert_eq!(lines(&idle.report(Some(&wrong))), [success("a")]);
    let waiting = pass(&["a"], &[])
        .step("rule", Change::Add, Origin::Default)
        .held(HoldReason::Diagnostic("LB0001".into()));
    assert_eq!(lines(&waiting.report(None)), [""; 0]);
}

#[test]
fn a_mistake_is_told_once_in_the_words_of_everywhere_else() {
    let warning = Diagnostic::warning(
        inroad_intent::codes::UNKNOWN_ANNOTATION,
        Origin::annotation(&ingress("b"), "alb.ingress.kubernetes.io/shceme"),
        "nobody knows it",
    );
    let elsewhere = Diagnostic::error(
        inroad_intent::codes::BAD_CLASS,
        Origin::field(&ObjectKey::new(Kind::IngressClass, "", "alb"), "/spec/parameters"),
        "there are no IngressClassParams x",
    );
    let pass = pass(&["a", "b"], &[]).says(missing_service()).says(warning).says(elsewhere);
    let first = pass.report(None);
    let class = "ingressclass/alb#/spec/parameters: there are no IngressClassParams x";
    assert_eq!(
        lines(&first),
        [
            format!(
                "Warning ingress/shop/a FailedBuildModel: Failed build model due to LB0005 {class}"
            ),
            "Warning ingress/shop/a FailedBuildModel: Failed build model due to LB0007 \
             ingress/shop/a#/spec/rules/0: there is no Service cart (help: create it)"
                .into(),
            format!(
                "Warning ingress/shop/b FailedBuildModel: Failed build model due to LB0005 {class}"
            ),
            "Warning ingress/shop/b LB0003: ingress/shop/b@shceme: nobody knows it".into(),
        ]
    );
    assert_eq!(lines(&pass.report(Some(&first))), [""; 0]);
    assert_eq!(lines(&pass.report(None)), lines(&first));
}

#[test]
fn a_failed_step_is_told_to_whom_it_concerns() {
    let origin = || Origin::field(&ingress("a"), "");
    let rule = pass(&["a", "b"], &[])
        .step("rule", Change::Add, origin())
        .step("rule", Change::Add, Origin::field(&ingress("b"), ""))
        .failing(&[0]);
    let why = "FailedDeployModel: Failed deploy model due to rule 0: no more of these";
    let success = "Normal ingress/shop/b SuccessfullyReconciled: Successfully reconciled";
    assert_eq!(
        lines(&rule.report(None)),
        [format!("Warning ingress/shop/a {why}"), success.into()]
    );
    let balancer = pass(&["a", "b"], &[]).step("load-balancer", Change::Add, origin());
    let told = balancer.failing(&[0]).report(None);
    let objects: Vec<_> = told.events.iter().map(|event| event.object.name.as_str()).collect();
    assert_eq!(objects, ["a", "b"]);
}

#[test]
fn long_messages_are_cut_between_characters() {
    for letter in ["x", "ß", "…", "𝄞"] {
        let event = failed(&ingress("a"), Failure::DeployModel, &letter.repeat(2000));
        assert!((1020..=1024).contains(&event.message.len()), "{}", event.message.len());
        assert!(event.message.ends_with('…'));
    }
}

#[test]
fn who_left_is_released_once_nothing_of_theirs_is_left() {
    let delete = |pass: Pass| pass.step("rule", Change::Delete, Origin::Default);
    let mistake = || HoldReason::Diagnostic("LB0005".into());
    let torn = |mut pass: Pass| {
        pass.stack.torn.insert(ingress("t"));
        pass
    };
    let none: [&str; 0] = [];
    // The last one waits for everything; what went elsewhere counts like what is deleted.
    assert_eq!(delete(pass(&[], &["x", "y"])).released(), ["x", "y"]);
    assert_eq!(delete(pass(&[], &["x"])).failing(&[0]).released(), none);
    assert_eq!(pass(&[], &["x"]).released(), ["x"]);
    assert_eq!(pass(&[], &["x"]).held(mistake()).released(), none);
    let kept = Hold {
        subject: "security-group s".into(),
        reason: HoldReason::Policy("used".into()),
        origin: Origin::Default,
    };
    let mut waits = pass(&[], &["x"]);
    waits.plan.holds.push(kept);
    assert_eq!(waits.released(), none);
    waits.stack.members.push(ingress("a"));
    assert_eq!(waits.released(), ["x"]);
    // What others want and do not get is theirs, and so are their mistakes.
    let others = delete(pass(&["a"], &["x"]).step("rule", Change::Add, Origin::Default));
    assert_eq!(others.failing(&[0]).released(), ["x"]);
    assert_eq!(pass(&["a"], &["x"]).held(mistake()).released(), ["x"]);
    assert_eq!(torn(pass(&[], &["x"]).held(mistake())).released(), ["x"]);
    // But not what must go for the one who left, by itself or behind a step that failed.
    assert_eq!(delete(pass(&["a"], &["x"])).failing(&[0]).released(), none);
    let behind = delete(pass(&["a"], &["x"]).step("rule", Change::Change, Origin::Default));
    assert_eq!(behind.after(1, 0).failing(&[0]).released(), none);
    assert_eq!(
        pass(&["a"], &["x"]).held(HoldReason::MissingFact("AWS is away".into())).released(),
        none
    );
}

fn resource<T>(spec: T) -> Resource<T> {
    Resource { spec, origins: Origins::default() }
}

/// The group with a load balancer that should listen on these ports.
fn listening(ports: [u16; 3]) -> Pass {
    let mut pass = pass(&["a", "b"], &[]);
    let desired = &mut pass.shaped.desired;
    let balancer = LoadBalancer {
        kind: Default::default(),
        name: "k8s-shop".into(),
        scheme: Scheme::Internal,
        ip_address_type: IpAddressType::Ipv4,
        subnets: Pick { prefer: BTreeSet::new(), keep: false },
        security_groups: Vec::new(),
        attributes: BTreeMap::new(),
        customer_owned_pool: None,
        web_acl: None,
        tags: Tags::default(),
    };
    desired.load_balancers.insert("LoadBalancer".into(), resource(balancer));
    for port in ports {
        let listener = Listener {
            load_balancer: Value::Known(Arn("arn:balancer".into())),
            port,
            protocol: ListenerProtocol::Http,
            default_actions: Vec::new(),
            certificates: Vec::new(),
            ssl_policy: None,
            mutual: None,
            attributes: BTreeMap::new(),
            tags: Tags::default(),
        };
        desired.listeners.insert(port, resource(listener));
    }
    pass
}

#[test]
fn a_status_is_the_name_with_every_port_whose_listener_stands() {
    let mut pass = listening([80, 443, 8443]);
    assert_eq!(pass.report(None).statuses, BTreeMap::new(), "nothing stands");
    let key = |kind, id: &str| ResourceKey::new(pass.plan.unit.clone(), kind, id);
    let name = (key(ResourceKind::LoadBalancer, "LoadBalancer"), Field::DnsName);
    let ports = ["80", "443", "9000"].map(|port| (key(ResourceKind::Listener, port), Field::Arn));
    pass.plan.known.0.insert(name, "Internal-K8S-shop.elb.amazonaws.com".into());
    pass.plan.known.0.extend(ports.map(|port| (port, "arn:listener".into())));
    let status = IngressStatus {
        hostname: "internal-k8s-shop.elb.amazonaws.com".into(),
        ports: BTreeSet::from([80, 443]),
    };
    let both = BTreeMap::from([(ingress("a"), status.clone()), (ingress("b"), status)]);
    assert_eq!(pass.report(None).statuses, both);
    pass.settled = true;
    let all = BTreeSet::from([80, 443, 8443]);
    assert_eq!(pass.report(None).statuses[&ingress("a")].ports, all, "nobody looked for them");
    let held = pass.held(HoldReason::Diagnostic("LB0001".into()));
    assert_eq!(held.report(None).statuses, BTreeMap::new());
}
