//! What once was a finding, and shapes that no generator is patient enough to make.

use inroad_testkit::{Account, Surroundings, strategies};

use inroad_world::manifest;

use crate::{read, told::holds};

/// It costs one Diagnostic, and nothing of the document that follows.
fn is_refused(text: &str, why: &str) {
    let parsed = manifest::parse("in.yaml", &format!("{text}\n---\n{SERVICE}"));
    assert_eq!(parsed.objects.len(), 1, "the other document goes on");
    assert!(parsed.diagnostics[0].message.contains(why), "{:?}", parsed.diagnostics);
    survives(text);
}

const SERVICE: &str = "{apiVersion: v1, kind: Service, metadata: {name: a}}";

fn survives(text: &str) {
    let (usual, controller) = (Surroundings::usual(), strategies::controller());
    holds(|| read(text), &usual, &Account::default(), &controller).expect("the same twice");
}

#[test]
fn depth_costs_no_stack() {
    let (why, scanners) = ("nested deeper than 200 levels", "recursion limit");
    let all = [("[", "]", scanners), ("{a: ", "}", scanners), ("- ", "", why), ("? ", "", why)];
    for (open, close, why) in all {
        let deep = format!("{}x{}", open.repeat(20_000), close.repeat(20_000));
        is_refused(&deep, why);
    }
    let mut aliases = "a0: &a0 [x]\n".to_owned();
    for nth in 1..250 {
        aliases += &format!("a{nth}: &a{nth} [*a{}]\n", nth - 1);
    }
    is_refused(&aliases, why);
    let allowed = format!("{}x{}", "[".repeat(199), "]".repeat(199));
    let fits = format!("{{apiVersion: v1, kind: Service, metadata: {{name: a}}, more: {allowed}}}");
    assert_eq!(read(&fits).len(), 1);
}

/// Each anchor is ten times the one before it.
#[test]
fn aliases_of_aliases_cost_no_memory() {
    let mut text = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n".to_owned();
    for nth in 1..12 {
        let before = format!("*a{}, ", nth - 1).repeat(10);
        text += &format!("a{nth}: &a{nth} [{before}]\n");
    }
    is_refused(&text, "alias expansion");
}
