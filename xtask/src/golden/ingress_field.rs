//! Tables about one field of a stack. In: the members of a recorded group as the peer's test had them in
//! hand. Out: the stack that they ask for, compiled and shaped as `plan` does it, of which a table's
//! adapter looks at its field. What such a test leaves out (names, classes, subnets) is filled in.
//! Forbidden: deciding anything that inroad decides.

use std::collections::BTreeMap;

use inroad_desired::{Desired, Shaped, shape, stack_json};
use inroad_intent::{Compiled, compile};
use inroad_words::{
    Diagnostic, Field, ResourceKey, ResourceKind, Severity, StackKey, Unit,
    controller::Controller,
    facts::{Facts, Subnet, Vpc},
    observed::Observed,
};
use inroad_world::Lens;
use serde_json::{Value, json};

use super::{ingress_world as given, tables::Case};

const GROUP: &str = "case";
const LISTENER: &str = "AWS::ElasticLoadBalancingV2::Listener";

/// A group of Ingresses in its surroundings; an adapter changes what its table says of them.
pub(super) struct Group {
    /// `{"ingress", "ingressClassParams"?}` in group order.
    pub(super) members: Vec<Value>,
    /// Further objects of the cluster.
    pub(super) others: Vec<Value>,
    /// The settings in force.
    pub(super) controller: Controller,
    /// What the account answers.
    pub(super) facts: Facts,
}

/// What was built of a group.
pub(super) struct Built {
    /// What should be there.
    pub(super) desired: Desired,
    /// The mistakes that were found on the way.
    pub(super) diagnostics: Vec<Diagnostic>,
}

impl Group {
    /// The group of a row: `fields.ingGroup.Members`, else `fields.ingList`.
    pub(super) fn of(case: &Case) -> Self {
        let group = list(case.at("/row/fields/ingGroup/Members"));
        let all = if group.is_empty() { list(case.at("/row/fields/ingList")) } else { group };
        let mut it = Self::new(all.iter().map(given::member).collect());
        it.controller.balancers.default_tags = texts(case.at("/row/fields/defaultTags"));
        it
    }

    /// A group of these members, in an account with two subnets of either kind.
    pub(super) fn new(members: Vec<Value>) -> Self {
        let mut controller = Controller::default();
        controller.balancers.cluster_name = "cluster".into();
        controller.balancers.vpc_id = "vpc-1".into();
        let subnets = ["a", "b"].map(subnet);
        let mut facts = Facts {
            vpc: Some(Vpc { id: "vpc-1".into(), cidrs: ["10.0.0.0/8".into()].into() }),
            subnets: subnets.into_iter().map(|it| (it.id.clone(), it)).collect(),
            deployed: Some(Observed::default()),
            ..Facts::default()
        };
        let shared = ResourceKey::new(Unit::Foundation, ResourceKind::SecurityGroup, "backend-sg");
        facts.outputs.0.insert((shared, Field::GroupId), "sg-shared".into());
        Self { members, others: Vec::new(), controller, facts }
    }

    /// Says an annotation (without its prefix) for every member that does not say it.
    pub(super) fn annotate(&mut self, suffix: &str, value: &str) {
        let key = format!("alb.ingress.kubernetes.io/{suffix}");
        for member in &mut self.members {
            let annotations = &mut member["ingress"]["metadata"]["annotations"];
            if annotations.get(&key).is_none() {
                annotations[&key] = json!(value);
            }
        }
    }

    /// Compiles and shapes the group.
    pub(super) fn build(&self) -> Result<Built, String> {
        let mut objects = self.others.clone();
        for (nth, member) in self.members.iter().enumerate() {
            let (name, order) = (format!("case-{nth}"), (nth + 1).to_string());
            let member = named(member, &name);
            objects.extend(given::classed(&name, &member, Some((GROUP, order.as_str()))));
        }
        let world = given::world_of(&objects)?;
        let unit = Unit::Stack(StackKey::Group(GROUP.into()));
        let Compiled { intent, mut diagnostics, .. } =
            compile(&Lens::new(&world), &unit, &self.controller);
        let Shaped { desired, diagnostics: later } = shape(&intent, &self.facts, &self.controller);
        diagnostics.extend(later);
        Ok(Built { desired, diagnostics })
    }
}

impl Built {
    /// A field of the stack in the peer's schema, by JSON pointer below `resources`; null where there is
    /// none.
    pub(super) fn field(&self, pointer: &str) -> Value {
        let stack = stack_json(&self.desired);
        stack["resources"].pointer(pointer).cloned().unwrap_or(Value::Null)
    }

    /// A member of a listener's spec.
    pub(super) fn listener(&self, port: u16, member: &str) -> Value {
        self.field(&format!("/{LISTENER}/{port}/spec/{member}"))
    }

    /// That somebody's mistake was found in what they say with this annotation (without its prefix).
    pub(super) fn refuses(&self, annotation: &str) -> Result<(), String> {
        self.refuses_at(&format!("@{annotation}"))
    }

    /// That a mistake was found in a place whose name ends so.
    pub(super) fn refuses_at(&self, place: &str) -> Result<(), String> {
        let mut errors = self.diagnostics.iter().filter(|it| it.severity == Severity::Error);
        match errors.any(|it| it.origin.to_string().ends_with(place)) {
            true => Ok(()),
            false => Err(self.with_diagnostics(format!("want an error at {place}"))),
        }
    }

    /// Why a case differs, with the mistakes that were found.
    pub(super) fn with_diagnostics(&self, why: String) -> String {
        let lines = self.diagnostics.iter().map(ToString::to_string);
        [why].into_iter().chain(lines).collect::<Vec<_>>().join("\n")
    }
}

/// What a row wants; `None`: the peer's error. Absent and empty say the same.
pub(super) fn wanted<'a>(case: &'a Case, member: &str) -> Option<&'a Value> {
    let fails = match case.at("/row/wantErr") {
        Value::Null | Value::Bool(false) => false,
        Value::Object(check) => check.get("$func") != Some(&json!("assert.NoError")),
        _ => true,
    };
    (!fails).then(|| case.at(&format!("/row/{member}")))
}

/// `{"Key", "Value"}` or `{"key", "value"}` pairs as a map.
pub(super) fn pairs(value: &Value) -> BTreeMap<String, String> {
    let text = |it: &Value, upper: &str, lower: &str| {
        [upper, lower].iter().find_map(|name| it[*name].as_str()).unwrap_or_default().to_owned()
    };
    let of = |it: &Value| (text(it, "Key", "key"), text(it, "Value", "value"));
    list(value).iter().map(of).collect()
}

/// A map of texts; anything else is an empty one.
pub(super) fn texts(value: &Value) -> BTreeMap<String, String> {
    let members = value.as_object().into_iter().flatten();
    members.map(|(key, it)| (key.clone(), it.as_str().unwrap_or_default().to_owned())).collect()
}

pub(super) fn list(value: &Value) -> &[Value] {
    value.as_array().map_or(&[], Vec::as_slice)
}

/// A member with what the API server would ask of its Ingress.
fn named(member: &Value, name: &str) -> Value {
    let mut member = member.clone();
    let ingress = &mut member["ingress"];
    ingress["apiVersion"] = json!("networking.k8s.io/v1");
    ingress["kind"] = json!("Ingress");
    for (field, value) in [("name", name), ("namespace", "case")] {
        if ingress["metadata"][field].as_str().is_none_or(str::is_empty) {
            ingress["metadata"][field] = json!(value);
        }
    }
    if ingress["spec"].is_null() {
        ingress["spec"] = json!({});
    }
    member
}

fn subnet(zone: &str) -> Subnet {
    let roles = ["kubernetes.io/role/elb", "kubernetes.io/role/internal-elb"];
    Subnet {
        id: format!("subnet-{zone}"),
        zone: zone.into(),
        locale: "availability-zone".into(),
        cidr: "10.0.0.0/16".into(),
        has_ipv6: true,
        available_addresses: 256,
        public: false,
        tags: roles.map(|role| (role.to_owned(), "1".to_owned())).into(),
    }
}
