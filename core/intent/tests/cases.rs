//! Manifests and what they compile to. `tests/cases/NAME.yaml` -> `NAME.txt`; a line `# settings:
//! {…}` changes the settings in force. `INROAD_BLESS=1` rewrites the expectations.
#![allow(clippy::disallowed_methods)] // the walker reads its cases; core itself reads no files

mod support;

use std::{fs, path::Path};

use inroad_words::controller::Controller;
use serde_json::Value;

fn controller(text: &str) -> Controller {
    let mut value = serde_json::to_value(Controller::default()).expect("settings are plain data");
    for line in text.lines().filter_map(|line| line.strip_prefix("# settings: ")) {
        let patch: Value = serde_json::from_str(line).expect("a settings line is JSON");
        merge(&mut value, patch);
    }
    serde_json::from_value(value).expect("a settings line names settings")
}

fn merge(value: &mut Value, patch: Value) {
    match (value, patch) {
        (Value::Object(map), Value::Object(patch)) => {
            for (key, patch) in patch {
                merge(map.get_mut(&key).unwrap_or_else(|| panic!("no setting {key}")), patch);
            }
        }
        (value, patch) => *value = patch,
    }
}

#[test]
fn manifests_compile_to_what_is_written_down() {
    let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases");
    let bless = std::env::var("INROAD_BLESS").is_ok();
    let mut seen = 0;
    let mut differing = Vec::new();
    for entry in fs::read_dir(&dir).expect("tests/cases is there") {
        let path = entry.expect("the directory can be listed").path();
        if path.extension().is_none_or(|extension| extension != "yaml") {
            continue;
        }
        seen += 1;
        let text = fs::read_to_string(&path).expect("a case can be read");
        let world = support::world(support::objects(&text));
        let found = support::render(&world, &controller(&text));
        let expected = path.with_extension("txt");
        if bless {
            fs::write(&expected, &found).expect("an expectation can be written");
        } else if fs::read_to_string(&expected).unwrap_or_default() != found {
            differing.push(format!("{}:\n{found}", path.display()));
        }
    }
    assert!(seen >= 6, "only {seen} cases were found");
    assert!(differing.is_empty(), "not as blessed:\n{}", differing.join("\n"));
}

#[test]
fn every_code_has_its_row() {
    let rows = include_str!("../../../docs/codes.md");
    let source = concat!(include_str!("../src/codes.rs"), include_str!("../../world/src/codes.rs"));
    let codes: Vec<&str> =
        source.split("Code(\"").skip(1).filter_map(|rest| rest.get(..6)).collect();
    assert!(codes.len() >= 20, "{codes:?}");
    for code in codes {
        let row = format!("| {code} |");
        assert_eq!(rows.matches(&row).count(), 1, "{code} in docs/codes.md");
    }
}
