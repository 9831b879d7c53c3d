//! Where two JSON values differ.

use serde_json::Value;

/// Paths are shown until here; more of them seldom say more.
const SHOWN: usize = 5;

/// Compares, and shows the first differing paths. A reference of the recording that names no resource
/// stands for a value that the recording lost: whatever is there is right.
pub(super) fn compare(want: &Value, got: &Value) -> Result<(), String> {
    let mut found = Vec::new();
    walk("", want, got, &mut found);
    if found.is_empty() {
        return Ok(());
    }
    let more = found.len().saturating_sub(SHOWN);
    found.truncate(SHOWN);
    if more > 0 {
        found.push(format!("and {more} more"));
    }
    Err(found.join("\n"))
}

fn walk(path: &str, want: &Value, got: &Value, found: &mut Vec<String>) {
    match (want, got) {
        (Value::Object(want), Value::Object(got)) if !is_lost(want) => {
            for (key, value) in want {
                let path = format!("{path}/{}", key.replace('/', "~1"));
                match got.get(key) {
                    Some(other) => walk(&path, value, other, found),
                    None => found.push(format!("{path}: missing {}", short(value))),
                }
            }
            for (key, value) in got.iter().filter(|(key, _)| !want.contains_key(*key)) {
                found.push(format!(
                    "{path}/{}: not wanted {}",
                    key.replace('/', "~1"),
                    short(value)
                ));
            }
        }
        (Value::Array(want), Value::Array(got)) if want.len() == got.len() => {
            for (nth, (want, got)) in want.iter().zip(got).enumerate() {
                walk(&format!("{path}/{nth}"), want, got, found);
            }
        }
        (Value::Object(want), _) if is_lost(want) => {}
        _ if want == got => {}
        _ => found.push(format!("{path}: want {} got {}", short(want), short(got))),
    }
}

fn is_lost(want: &serde_json::Map<String, Value>) -> bool {
    let reference = want.get("$ref").and_then(Value::as_str);
    want.len() == 1 && reference.is_some_and(|it| it.starts_with("#/resources///"))
}

fn short(value: &Value) -> String {
    let text = value.to_string();
    match text.char_indices().nth(100) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn the_first_differences_are_named() {
        let want = json!({ "a": { "b/c": [1, 2] }, "d": 1, "lost": { "$ref": "#/resources///x" } });
        let got = json!({ "a": { "b/c": [1, 3] }, "e": 1, "lost": "arn" });
        let error = compare(&want, &got).expect_err("they differ");
        assert_eq!(
            error.lines().collect::<Vec<_>>(),
            ["/a/b~1c/1: want 2 got 3", "/d: missing 1", "/e: not wanted 1"]
        );
        assert_eq!(compare(&want, &want), Ok(()));
        let long = json!([[], [], [], [], [], [], []]);
        let all = compare(&long, &json!([1, 2, 3, 4, 5, 6, 7])).expect_err("all differ");
        assert!(all.ends_with("and 2 more"), "{all}");
        assert!(compare(&json!({ "$ref": "#/resources/T/i" }), &json!("arn")).is_err());
    }
}
