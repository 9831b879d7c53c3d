//! Every error shape of the API's model is in the table of refusals, or in docs/emulator.md with a reason.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

const DOCUMENT: &str = include_str!("../../../../../docs/emulator.md");

type Pairs = BTreeSet<(String, String)>;

/// Operation and wire code of each error that the model gives to an emulated operation.
fn modelled(model: &str, emulated: &[&str]) -> Pairs {
    let model: Value =
        serde_json::from_str(model).expect("the models are checked by the wire's tests");
    let mut pairs = Pairs::new();
    for operation in emulated {
        for shape in model["operations"][operation]["errors"].as_array().into_iter().flatten() {
            let shape = shape.as_str().expect("errors are names of shapes");
            let code = model["shapes"][shape]["error"]["code"].as_str().unwrap_or(shape);
            pairs.insert(((*operation).to_owned(), code.to_owned()));
        }
    }
    pairs
}

/// The rows `operation | error | reason` of a section; cells name one or more, separated by commas.
fn listed(section: &str) -> Pairs {
    let text = DOCUMENT.split("\n## ").find(|text| text.starts_with(section));
    let text = text.unwrap_or_else(|| panic!("docs/emulator.md has no section {section}"));
    let mut pairs = Pairs::new();
    for row in text.lines().filter(|line| line.starts_with('|')) {
        let cells: Vec<&str> = row.trim_matches('|').split('|').map(str::trim).collect();
        let [operations, errors, reason] = cells[..] else { continue };
        for operation in operations.split(", ") {
            for error in errors.split(", ").filter(|_| !reason.is_empty()) {
                pairs.insert((operation.to_owned(), error.to_owned()));
            }
        }
    }
    pairs
}

fn check(model: Pairs, exercised: Pairs, section: &str) {
    let listed = listed(section);
    let mut wrong = BTreeMap::new();
    for pair in &model {
        match (exercised.contains(pair), listed.contains(pair)) {
            (false, false) => wrong.insert(pair, "neither exercised nor listed"),
            (true, true) => wrong.insert(pair, "exercised, so not to be listed"),
            _ => None,
        };
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn every_error_of_load_balancing_is_raised_or_listed() {
    let emulated: Vec<&str> = crate::elbv2::OPERATIONS.iter().map(|(name, _)| *name).collect();
    let model = modelled(include_str!("../../../models/elbv2.json"), &emulated);
    let cases = super::errors::CASES.iter();
    let exercised = cases.map(|(name, code, _)| ((*name).to_owned(), (*code).to_owned())).collect();
    check(model, exercised, "Elastic Load Balancing");
}

#[test]
fn every_error_of_certificates_is_raised_or_listed() {
    let emulated: Vec<&str> = crate::acm::OPERATIONS.iter().map(|(name, _)| *name).collect();
    let model = modelled(include_str!("../../../models/acm.json"), &emulated);
    let cases = crate::acm::tests::CASES.iter();
    let exercised = cases.map(|(name, code, _)| ((*name).to_owned(), (*code).to_owned())).collect();
    check(model, exercised, "Certificate Manager");
}
