//! `albc.ingress-model/v1`: whole stacks of one IngressGroup. The case's objects are compiled and shaped
//! as `plan` does it, and the stack is compared with the recorded one. Where the peer refuses the whole
//! group, the same mistake is found at the same place, and a healthy member more is served as if alone.

use inroad_desired::{Desired, Shaped, shape, stack_json};
use inroad_intent::{Compiled, compile, settings::ALL};
use inroad_words::{Diagnostic, Severity, Unit};
use inroad_world::Lens;
use serde_json::Value;

use super::{diff, ingress_company, ingress_world as given, tables::Case};

/// Runs one case.
pub(super) fn check(case: &Case) -> Result<(), String> {
    let world = given::world(case)?;
    let controller = given::controller(case);
    let unit = Unit::Stack(given::stack(case));
    let Compiled { intent, mut diagnostics, .. } = compile(&Lens::new(&world), &unit, &controller);
    let Shaped { mut desired, diagnostics: later } =
        shape(&intent, &given::facts(case), &controller);
    diagnostics.extend(later);
    match case.at("/want/error").as_str() {
        Some(error) => {
            refused(case, error, &diagnostics).and_then(|()| ingress_company::check(case))
        }
        None => {
            keep_standing_subnets(case, &mut desired);
            let mut want = case.at("/want/stack").clone();
            let mut got = stack_json(&desired);
            sort_sets(&mut want);
            sort_sets(&mut got);
            let found = diff::compare(&want, &got);
            found.map_err(|why| with_diagnostics(why, &diagnostics))
        }
    }
}

fn with_diagnostics(why: String, diagnostics: &[Diagnostic]) -> String {
    let lines = diagnostics.iter().map(ToString::to_string);
    [why].into_iter().chain(lines).collect::<Vec<_>>().join("\n")
}

/// What planning does with a choice that may be kept.
fn keep_standing_subnets(case: &Case, desired: &mut Desired) {
    for balancer in desired.load_balancers.values_mut().map(|it| &mut it.spec) {
        if let Some(standing) = given::standing_subnets(case, balancer.scheme)
            && balancer.subnets.keep
        {
            balancer.subnets.prefer = standing;
        }
    }
}

/// Lists of the schema whose order says nothing.
fn sort_sets(stack: &mut Value) {
    let sets = [
        ("AWS::EC2::SecurityGroup", "ingress"),
        ("AWS::ElasticLoadBalancingV2::LoadBalancer", "subnetMapping"),
    ];
    for (kind, member) in sets {
        let resources = stack["resources"].get_mut(kind).and_then(Value::as_object_mut);
        for resource in resources.into_iter().flat_map(|all| all.values_mut()) {
            if let Some(set) = resource["spec"].get_mut(member).and_then(Value::as_array_mut) {
                set.sort_by_key(ToString::to_string);
            }
        }
    }
}

/// The same mistake is found where it is: on an object that the recorded text names, else on any of the
/// case's own, and in the annotation that it names. The words are ours.
fn refused(case: &Case, error: &str, diagnostics: &[Diagnostic]) -> Result<(), String> {
    let errors = diagnostics.iter().filter(|it| it.severity == Severity::Error);
    let found = errors.filter_map(|it| Some((it.origin.object()?, it.origin.to_string())));
    let blamed = |name: String, origin: String| {
        let named: Vec<String> = annotations(error).chain(settings(error)).collect();
        (!names_a_member(case, error) || error.contains(&name) || !is_member(case, &name))
            && (named.is_empty() || named.iter().any(|it| origin.ends_with(&format!("@{it}"))))
    };
    match found.into_iter().any(|(object, origin)| blamed(object.short(), origin)) {
        true => Ok(()),
        false => Err(with_diagnostics(format!("want an error: {error}"), diagnostics)),
    }
}

fn members(case: &Case) -> Vec<String> {
    let of = |pointer: &str| case.at(pointer).as_array().cloned().unwrap_or_default();
    let active = of("/input/ingressGroup/members").into_iter().map(|it| it["ingress"].clone());
    let all = active.chain(of("/input/ingressGroup/inactiveMembers"));
    let part = |it: &Value, name: &str| it["metadata"][name].as_str().unwrap_or("").to_owned();
    all.map(|it| format!("{}/{}", part(&it, "namespace"), part(&it, "name"))).collect()
}

fn is_member(case: &Case, name: &str) -> bool {
    members(case).iter().any(|member| member == name)
}

fn names_a_member(case: &Case, error: &str) -> bool {
    members(case).iter().any(|member| error.contains(member))
}

/// Annotations that a text names, without their prefix.
fn annotations(text: &str) -> impl Iterator<Item = String> {
    let named = text.split("alb.ingress.kubernetes.io/").skip(1);
    let ends = |c: char| !(c.is_ascii_alphanumeric() || "-.".contains(c));
    named.map(move |rest| rest.split(ends).next().unwrap_or_default().to_owned())
}

/// Annotations that a text calls by the name of a variable: `targetType`, `deletion_protection`.
fn settings(text: &str) -> impl Iterator<Item = String> {
    let words = text.split(|c: char| !(c.is_ascii_alphanumeric() || c == '_'));
    words.filter_map(|word| {
        if word == "deletion_protection" {
            return Some("load-balancer-attributes".to_owned());
        }
        let dashed = |c: char| match c.is_ascii_uppercase() {
            true => format!("-{}", c.to_ascii_lowercase()),
            false => c.to_string(),
        };
        let name: String = word.chars().map(dashed).collect();
        let is_one = name.contains('-') && ALL.iter().any(|it| it.row().ingress == name);
        is_one.then_some(name)
    })
}
