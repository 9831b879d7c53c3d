use std::collections::BTreeSet;

use proptest::{collection::vec, prelude::*};

use super::*;

fn texts(prefix: &str, n: usize) -> Vec<String> {
    (0..n).map(|nth| format!("{prefix}{nth}")).collect()
}

fn hosts(n: usize) -> Condition {
    Condition::HostHeader(Patterns::values(texts("h", n)))
}

fn paths(n: usize) -> Condition {
    Condition::PathPattern(Patterns::values(texts("/", n)))
}

/// Every combination of alternatives, one of each condition: what the rules match, written out.
fn matched(rules: &[Vec<Condition>]) -> BTreeSet<Vec<Condition>> {
    let mut all = BTreeSet::new();
    for conditions in rules {
        let mut combinations = vec![Vec::new()];
        for condition in conditions {
            let one = |nth| slice(condition, nth, nth + 1);
            let longer = combinations.iter().flat_map(|combination: &Vec<Condition>| {
                (0..count(condition)).map(|nth| [combination.clone(), vec![one(nth)]].concat())
            });
            combinations = longer.collect();
        }
        all.extend(combinations);
    }
    all
}

#[test]
fn a_route_becomes_as_few_rules_as_the_longest_list_allows() {
    let wild = |n: usize, stars: &str| {
        Condition::PathPattern(Patterns::values((0..n).map(|nth| format!("/{nth}{stars}"))))
    };
    let methods = |n| Condition::HttpRequestMethod(texts("M", n));
    let cases = [
        (vec![hosts(1), paths(4)], Some(1)),
        (vec![hosts(1), paths(5)], Some(2)),
        (vec![hosts(9), paths(1)], Some(3)),
        (vec![hosts(3), paths(4)], Some(2)),
        (vec![hosts(4), methods(4)], Some(3)),
        (vec![wild(3, "*/*/*")], Some(2)),
        (vec![wild(1, "*/*/*/*/*/*")], Some(1)),
        (vec![wild(1, "*/*/*/*/*/*/*")], None),
        (vec![hosts(1), paths(1), methods(1), methods(1), methods(1), methods(1)], None),
        (vec![hosts(300), methods(1)], Some(75)),
        (vec![hosts(100), paths(100), methods(100)], None),
    ];
    for (conditions, want) in cases {
        let rules = split(&conditions);
        assert_eq!(rules.as_ref().map(Vec::len), want, "{conditions:?}");
        assert!(rules.into_iter().flatten().all(|rule| fits(&rule)));
    }
    let stars = Patterns { values: vec![], regex_values: vec!["^/.*/.*/.*/.*/.*/.*/.*$".into()] };
    let regex = vec![Condition::PathPattern(stars)];
    assert_eq!(split(&regex), Some(vec![regex]), "a regular expression has no wildcards");
}

fn condition() -> impl Strategy<Value = Condition> {
    let words = || vec("[a-c*?]{1,3}", 1..7);
    prop_oneof![
        words().prop_map(|it| Condition::HostHeader(Patterns::values(it))),
        words()
            .prop_map(|it| Condition::PathPattern(Patterns { values: vec![], regex_values: it })),
        words().prop_map(|it| Condition::HttpHeader {
            name: "x-a".into(),
            patterns: Patterns::values(it),
        }),
        words().prop_map(Condition::HttpRequestMethod),
        words().prop_map(Condition::SourceIp),
        vec((proptest::option::of("[a-b]"), "[a-c*]{1,3}"), 1..7).prop_map(Condition::QueryString),
    ]
}

proptest! {
    /// Splitting keeps the union of what is matched, and each piece is one that AWS takes.
    #[test]
    fn pieces_match_what_the_whole_matches(conditions in vec(condition(), 1..4)) {
        if let Some(rules) = split(&conditions) {
            prop_assert_eq!(matched(&rules), matched(&[conditions]));
            prop_assert!(rules.iter().all(|rule| fits(rule)));
        }
    }
}
