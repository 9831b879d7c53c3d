//! How annotations are read. In: tables of ALBC's annotation parser. Each case is an object with these
//! annotations and a setting of that grammar; keys are turned into those of our prefix.

use std::collections::BTreeMap;

use inroad_intent::{
    probe,
    settings::{Fallback, Layer, Merge, PREFIX, Row, Scope, Setting},
};
use inroad_words::{Kind, ObjectKey};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::{ingress_world as given, tables::Case};

/// Any text.
pub(super) fn string(case: &Case) -> Result<(), String> {
    check(case, probe::text, json!(""))
}

/// Go's booleans.
pub(super) fn boolean(case: &Case) -> Result<(), String> {
    check(case, probe::boolean, json!(false))
}

/// Whole numbers.
pub(super) fn integer(case: &Case) -> Result<(), String> {
    check(case, probe::integer::<{ i32::MIN }, { i32::MAX }>, json!(0))
}

/// Keys and values.
pub(super) fn map(case: &Case) -> Result<(), String> {
    check(case, probe::map, Value::Null)
}

/// Words between commas.
pub(super) fn list(case: &Case) -> Result<(), String> {
    check(case, probe::list, Value::Null)
}

/// JSON, whose members' case says nothing.
pub(super) fn json(case: &Case) -> Result<(), String> {
    let mut want = case.at("/row/wantValue").clone();
    if let Some(members) = want.as_object_mut() {
        let plain = std::mem::take(members).into_iter().filter(|(key, _)| !key.starts_with('$'));
        *members = plain.map(|(key, value)| (key.to_lowercase(), value)).collect();
    }
    let mut body = case.body.clone();
    body["row"]["wantValue"] = want;
    check(&Case { name: case.name.clone(), body }, probe::json::<Object>, Value::Null)
}

/// What the peer's test reads its JSON into.
#[derive(Default, Serialize, Deserialize)]
#[serde(default)]
struct Object {
    name: String,
    value: String,
    weight: i64,
}

fn check<T: Serialize + 'static>(
    case: &Case,
    parse: fn(&str) -> Result<T, String>,
    absent: Value,
) -> Result<(), String> {
    let suffix: &'static str = "case";
    let setting =
        Setting { row: row(suffix), parse, fallback: Fallback::Nothing, params: |_| None };
    let annotations = annotations(case, suffix);
    let object = ObjectKey::new(Kind::Ingress, "ns", "ing");
    let mut diagnostics = Vec::new();
    let layer = Layer::Annotations(&object, Some(&annotations));
    let got = probe::look(&setting, &[layer], &mut diagnostics);
    let got = got.map(|said| said.map(|said| json!(said.value)));
    // The peer leaves out what is empty: no value may be recorded where there is one.
    let want = case.at("/row/wantValue");
    let is_empty = |value: &Value| *value == absent || *value == json!([]) || *value == json!({});
    let fails = match case.at("/row/wantError") {
        Value::Bool(fails) => *fails,
        error => error.is_string(),
    };
    let good = match (&got, fails) {
        (Err(_), fails) => fails && !diagnostics.is_empty(),
        (Ok(None), fails) => !fails && case.at("/row/wantExist") == &json!(false),
        (Ok(Some(value)), false) => {
            case.at("/row/wantExist") == &json!(true)
                && (value == want || (want.is_null() && is_empty(value)))
        }
        (Ok(Some(_)), true) => false,
    };
    let why = || format!("want {want} (error: {fails}), got {got:?}");
    good.then_some(()).ok_or_else(why)
}

/// The case's annotations, those that the parser was told to look for with our prefix. Which other
/// prefixes it was told of is lost: with that option, every key that ends in the suffix is meant; with
/// the other one, the key that is the suffix.
fn annotations(case: &Case, ours: &str) -> BTreeMap<String, String> {
    let options = given::list(case.at("/row/opts")).iter();
    let options: Vec<_> = options.filter_map(|option| option["$option"].as_str()).collect();
    let suffix = given::text(case.at("/row/suffix"));
    let prefix = given::text(case.at("/row/prefix"));
    let rank = |key: &str| {
        let exact = options.contains(&"WithExact") && key == suffix;
        let usual = !prefix.is_empty() && key == format!("{prefix}/{suffix}");
        let other =
            options.contains(&"WithAlternativePrefixes") && key.ends_with(&format!("/{suffix}"));
        [exact, usual, other].iter().position(|is| *is)
    };
    let all = case.at("/row/annotations").as_object().into_iter().flatten();
    let mut all: Vec<_> = all.map(|(key, text)| (rank(key), key, given::text(text))).collect();
    all.sort();
    let mut annotations = BTreeMap::new();
    for (rank, key, text) in all {
        let key = rank.map_or(key.clone(), |_| format!("{PREFIX}{ours}"));
        annotations.entry(key).or_insert(text);
    }
    annotations
}

fn row(suffix: &'static str) -> Row {
    Row {
        id: suffix,
        ingress: suffix,
        service: None,
        gateway: None,
        params: None,
        scope: Scope::Balancer,
        merge: Merge::Exclusive,
        doc: "of a recorded case",
    }
}
