//! Changes to what is right: in a JSON document at any place, in a text at any line or letter.

use proptest::{prelude::*, sample::Index};
use serde_json::Value;

use crate::hostile;

/// What happens to one place of a document.
#[derive(Debug, Clone)]
pub(crate) enum Edit {
    Put(Value),
    Remove,
    /// A list gets this item twice, an object this member under another name.
    Double(String),
    /// What stands at another place.
    Copy(Index),
}

/// A place, and what happens there.
pub(crate) fn edit() -> impl Strategy<Value = (Index, Edit)> {
    let edit = prop_oneof![
        6 => hostile::value().prop_map(Edit::Put),
        2 => Just(Edit::Remove),
        2 => hostile::text().prop_map(Edit::Double),
        2 => any::<Index>().prop_map(Edit::Copy),
    ];
    (any::<Index>(), edit)
}

/// Does an edit; a document of one scalar stays as it is.
pub(crate) fn document(document: &mut Value, (place, edit): &(Index, Edit)) {
    let mut paths = Vec::new();
    gather(document, "", &mut paths);
    if paths.is_empty() {
        return;
    }
    let path = place.get(&paths);
    let put = match edit {
        Edit::Put(value) => Some(value.clone()),
        Edit::Copy(from) => document.pointer(from.get(&paths).as_str()).cloned(),
        Edit::Remove | Edit::Double(_) => None,
    };
    if let (Some(value), Some(place)) = (put, document.pointer_mut(path)) {
        *place = value;
        return;
    }
    let (parent, step) = path.rsplit_once('/').expect("every path begins with a slash");
    let step = step.replace("~1", "/").replace("~0", "~");
    match (document.pointer_mut(parent), edit) {
        (Some(Value::Object(map)), Edit::Double(name)) => {
            if let Some(value) = map.get(&step).cloned() {
                map.insert(name.clone(), value);
            }
        }
        (Some(Value::Object(map)), _) => drop(map.remove(&step)),
        (Some(Value::Array(items)), edit) => {
            let at: usize = step.parse().expect("a step into a list is a number");
            match edit {
                Edit::Double(_) => items.push(items[at].clone()),
                _ => drop(items.remove(at)),
            }
        }
        _ => {}
    }
}

fn gather(value: &Value, path: &str, paths: &mut Vec<String>) {
    let mut below = |step: &str, value: &Value| {
        let path = format!("{path}/{}", step.replace('~', "~0").replace('/', "~1"));
        paths.push(path.clone());
        gather(value, &path, paths);
    };
    match value {
        Value::Object(map) => map.iter().for_each(|(key, value)| below(key, value)),
        Value::Array(items) => {
            items.iter().enumerate().for_each(|(at, value)| below(&at.to_string(), value));
        }
        _ => {}
    }
}

/// What happens to a text at one place.
#[derive(Debug, Clone)]
pub(crate) enum Slip {
    /// A line is lost.
    Lose,
    /// A line comes twice.
    Double,
    /// A line stands deeper.
    Indent(usize),
    /// A line's value is another one.
    Value(String),
    /// Something is typed into it.
    Type(String),
    /// The rest is lost.
    Cut,
}

/// A place, and what happens there.
pub(crate) fn slip() -> impl Strategy<Value = (Index, Slip)> {
    let slip = prop_oneof![
        1 => Just(Slip::Lose),
        1 => Just(Slip::Double),
        1 => (1..5_usize).prop_map(Slip::Indent),
        4 => hostile::text().prop_map(Slip::Value),
        2 => hostile::text().prop_map(Slip::Type),
        1 => Just(Slip::Cut),
    ];
    (any::<Index>(), slip)
}

/// Does a slip.
pub(crate) fn text(text: &str, (place, slip): &(Index, Slip)) -> String {
    let ends: Vec<usize> = text.char_indices().map(|(at, _)| at).chain([text.len()]).collect();
    let (before, after) = text.split_at(*place.get(&ends));
    let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
    if lines.is_empty() {
        return String::new();
    }
    let at = place.index(lines.len());
    match slip {
        Slip::Type(typed) => return format!("{before}{typed}{after}"),
        Slip::Cut => return before.to_owned(),
        Slip::Lose => drop(lines.remove(at)),
        Slip::Double => lines.insert(at, lines[at].clone()),
        Slip::Indent(by) => lines[at].insert_str(0, &" ".repeat(*by)),
        Slip::Value(value) => {
            let key = lines[at].split(": ").next().unwrap_or_default().to_owned();
            lines[at] = format!("{key}: {value}");
        }
    }
    lines.join("\n")
}
