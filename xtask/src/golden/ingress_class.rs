//! Which Ingresses are ours, which group they are in, and in which order. In: tables of ALBC's class
//! matcher, class loader and group loader. Each case is a cluster that `compile` is asked about.

use inroad_intent::{Compiled, Intent, compile, settings::ALL, stacks};
use inroad_words::{
    Diagnostic, Kind, ObjectKey, Severity, StackKey, Unit,
    controller::{BalancerSettings, Controller},
};
use inroad_world::{Lens, Read, World};
use serde_json::{Value, json};

use super::{ingress_world as given, tables::Case};

const GROUP_NAME: &str = "alb.ingress.kubernetes.io/group.name";
const GROUP: &str = "case";
const LEGACY_CLASS: &str = "kubernetes.io/ingress.class";
const CONTROLLER: &str = "ingress.k8s.aws/alb";

/// Whether the class annotation makes an Ingress ours.
pub(super) fn matches(case: &Case) -> Result<(), String> {
    let annotation = case.at("/row/args/ingClassAnnotation");
    let metadata =
        json!({ "namespace": "ns", "name": "ing", "annotations": { LEGACY_CLASS: annotation } });
    let ingress = json!({ "apiVersion": "networking.k8s.io/v1", "kind": "Ingress",
                          "metadata": metadata, "spec": {} });
    let class = case.at("/row/fields/ingressClass").as_str().filter(|class| !class.is_empty());
    let controller = controller(class);
    let world = given::world_of(std::slice::from_ref(&ingress))?;
    let is_ours = !alone(&world, &ingress, &controller).0.is_empty();
    equal(case.at("/row/want"), &json!(is_ours))
}

/// Which class an Ingress has, and with which params.
pub(super) fn load(case: &Case) -> Result<(), String> {
    let env = case.at("/row/env").as_object().into_iter().flat_map(|env| env.values());
    let mut objects: Vec<Value> = env.filter_map(Value::as_array).flatten().cloned().collect();
    let ingress = case.at("/row/args/ing");
    objects.push(ingress.clone());
    let world = given::world_of(&objects)?;
    let (members, compiled) = alone(&world, ingress, &controller(Some("alb")));
    if case.at("/row/wantErr").is_string() {
        let blamed = errors(&compiled.diagnostics).any(|it| {
            let kind = it.origin.object().map(|object| object.kind);
            matches!(kind, Some(Kind::Ingress | Kind::IngressClass))
        });
        return expect(blamed && members.is_empty(), "an error, and no member", &compiled);
    }
    let is_ours = case.at("/row/want/IngClass/spec/controller") == CONTROLLER;
    expect(is_ours != members.is_empty(), &format!("member: {is_ours}"), &compiled)?;
    let named = case.at("/row/want/IngClassParams/metadata/name").as_str();
    let read = |name: &str| {
        let key = ObjectKey::new(Kind::IngressClassParams, "", name);
        compiled.reads.0.contains(&Read::Object(key))
    };
    expect(named.is_none_or(read), "its params are read", &compiled)
}

/// Which group an Ingress is in.
pub(super) fn group_id(case: &Case) -> Result<(), String> {
    let member = given::member(case.at("/row/args/classifiedIng"));
    let world = given::world_of(&given::classed("case", &member, None))?;
    let controller = controller(Some("alb"));
    if case.at("/row/wantErr").is_string() {
        let (members, compiled) = alone(&world, &member["ingress"], &controller);
        let places = ["@group.name", "#/spec/group"];
        let blamed = errors(&compiled.diagnostics).any(|it| places.iter().any(|at| says(it, at)));
        return expect(blamed && members.is_empty(), "group.name cannot be read", &compiled);
    }
    let want = case.at("/row/want");
    let part = |name: &str| want[name].as_str().unwrap_or_default().to_owned();
    let want = match (part("Namespace"), part("Name")) {
        (namespace, name) if namespace.is_empty() => StackKey::Group(name),
        (namespace, name) => StackKey::Ingress { namespace, name },
    };
    let got: Vec<String> =
        stacks(&Lens::new(&world), &controller).iter().map(ToString::to_string).collect();
    equal(&json!([want.to_string()]), &json!(got))
}

/// The order of a group's members.
pub(super) fn order(case: &Case) -> Result<(), String> {
    let members = case.at("/row/members").as_array().ok_or("no members")?;
    let objects = members.iter().map(|member| {
        let mut ingress = given::member(member)["ingress"].take();
        ingress["metadata"]["annotations"][GROUP_NAME] = json!(GROUP);
        ingress
    });
    let world = given::world_of(&objects.collect::<Vec<_>>())?;
    let unit = Unit::Stack(StackKey::Group(GROUP.into()));
    let compiled = compile(&Lens::new(&world), &unit, &controller(Some("alb")));
    if case.at("/row/wantErr").is_string() {
        let blamed = errors(&compiled.diagnostics).any(|it| says(it, "@group.order"));
        return expect(blamed, "group.order cannot be read", &compiled);
    }
    let name = |ingress: &Value| {
        let metadata = &ingress["metadata"];
        let part = |name: &str| metadata[name].as_str().unwrap_or_default();
        format!("{}/{}", part("namespace"), part("name"))
    };
    let want = case.at("/row/want").as_array().into_iter().flatten();
    let want: Vec<String> = want.map(|member| name(&given::member(member)["ingress"])).collect();
    let got: Vec<String> = members_of(&compiled).iter().map(ObjectKey::short).collect();
    equal(&json!(want), &json!(got))
}

/// Whether a text can be a group's name.
pub(super) fn group_name(case: &Case) -> Result<(), String> {
    let setting = ALL.iter().find(|it| it.row().ingress == "group.name").ok_or("no such row")?;
    let read = setting.check(case.at("/row/groupName").as_str().unwrap_or_default());
    equal(&json!(!case.at("/row/wantErr").is_string()), &json!(read.is_ok()))
}

fn controller(class: Option<&str>) -> Controller {
    let ingress_class = class.map(str::to_owned);
    let balancers = BalancerSettings { ingress_class, ..BalancerSettings::default() };
    Controller { balancers, ..Controller::default() }
}

/// The members of the stack that this Ingress would have for itself.
fn alone(world: &World, ingress: &Value, controller: &Controller) -> (Vec<ObjectKey>, Compiled) {
    let part = |name: &str| ingress["metadata"][name].as_str().unwrap_or_default().to_owned();
    let stack = StackKey::Ingress { namespace: part("namespace"), name: part("name") };
    let compiled = compile(&Lens::new(world), &Unit::Stack(stack), controller);
    (members_of(&compiled), compiled)
}

fn members_of(compiled: &Compiled) -> Vec<ObjectKey> {
    match &compiled.intent {
        Intent::Stack(stack) => stack.members.clone(),
        _ => Vec::new(),
    }
}

fn errors(diagnostics: &[Diagnostic]) -> impl Iterator<Item = &Diagnostic> {
    diagnostics.iter().filter(|it| it.severity == Severity::Error)
}

fn says(diagnostic: &Diagnostic, place: &str) -> bool {
    diagnostic.origin.to_string().ends_with(place)
}

fn expect(holds: bool, want: &str, compiled: &Compiled) -> Result<(), String> {
    let got = || format!("members {:?}\n{:?}", members_of(compiled), compiled.diagnostics);
    holds.then_some(()).ok_or_else(|| format!("want {want}, got {}", got()))
}

fn equal(want: &Value, got: &Value) -> Result<(), String> {
    (want == got).then_some(()).ok_or_else(|| format!("want {want}\ngot {got}"))
}
