//! Whether some request could match two rules. In: their conditions. Out: false only where that is
//! certain: no host, path or method is common to both. Regular expressions, headers, queries and
//! addresses are taken to overlap.

use inroad_words::balancer::{Condition, Patterns, Rule};

/// Whether one request could match both.
pub(super) fn overlap(a: &Rule, b: &Rule) -> bool {
    let apart = |one: &Condition| b.conditions.iter().any(|other| are_apart(one, other));
    !a.conditions.iter().any(apart)
}

fn are_apart(a: &Condition, b: &Condition) -> bool {
    match (a, b) {
        (Condition::HostHeader(a), Condition::HostHeader(b)) => {
            let lower = |all: &Patterns| Patterns {
                values: all.values.iter().map(|it| it.to_ascii_lowercase()).collect(),
                regex_values: all.regex_values.clone(),
            };
            have_nothing_in_common(&lower(a), &lower(b))
        }
        (Condition::PathPattern(a), Condition::PathPattern(b)) => have_nothing_in_common(a, b),
        (Condition::HttpRequestMethod(a), Condition::HttpRequestMethod(b)) => {
            a.iter().all(|method| !b.contains(method))
        }
        _ => false,
    }
}

fn have_nothing_in_common(a: &Patterns, b: &Patterns) -> bool {
    let plain = a.regex_values.is_empty() && b.regex_values.is_empty();
    plain && a.values.iter().all(|one| b.values.iter().all(|other| !meet(one, other)))
}

/// Whether some text matches both patterns (`*`: any text, `?`: any character).
fn meet(a: &str, b: &str) -> bool {
    let (a, b): (Vec<char>, Vec<char>) = (a.chars().collect(), b.chars().collect());
    // `row[j]`: whether the first `i` characters of `a` and the first `j` of `b` have a text in common.
    let mut row: Vec<bool> = vec![true];
    row.extend(b.iter().scan(true, |so_far, it| {
        *so_far &= *it == '*';
        Some(*so_far)
    }));
    for one in &a {
        let mut next = vec![row[0] && *one == '*'];
        for (j, other) in b.iter().enumerate() {
            let either = |c: char| *one == c || *other == c;
            // A star stands for nothing, or takes the other side's character and goes on.
            let starred = either('*') && (row[j + 1] || next[j]);
            let same = one == other || either('*') || either('?');
            next.push(starred || (same && row[j]));
        }
        row = next;
    }
    row[b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_meet_where_a_text_matches_both() {
        for (a, b, wanted) in [
            ("/cart", "/cart", true),
            ("/cart", "/pay", false),
            ("/cart/*", "/cart", false),
            ("/cart/*", "/cart/", true),
            ("/*", "/cart/*", true),
            ("/a*c", "/ab*", true),
            ("/a*c", "/b*", false),
            ("/a?c", "/abc", true),
            ("/a?c", "/ac", false),
            ("*.example.com", "a.*.com", true),
            ("*.example.com", "*.example.org", false),
            ("*", "", true),
            ("?", "", false),
            ("*x", "*y", false),
            ("*x*", "*y*", true),
        ] {
            assert_eq!(meet(a, b), wanted, "{a} and {b}");
            assert_eq!(meet(b, a), wanted, "{b} and {a}");
        }
    }
}
