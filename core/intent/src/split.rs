//! Conditions in pieces that AWS takes: a rule may have so many values and wildcards and no more. In: the
//! conditions of a route. Out: conditions for several rules, which together match what the route
//! matches. Forbidden: a different order of fields or of values.

use inroad_words::balancer::{Condition, Patterns};

/// Values in all conditions of a rule (ELB's quota "condition values per rule").
const VALUES: usize = 5;
/// Wildcards in all of them (ELB's quota "condition wildcards per rule").
const WILDCARDS: usize = 6;
/// More rules than a load balancer has (ELB's quota "rules per Application Load Balancer").
const PIECES: usize = 100;

/// The conditions of the rules that a route becomes; one that fits is one rule. `None`: no number of
/// rules that a load balancer can have says the same.
pub fn split(conditions: &[Condition]) -> Option<Vec<Vec<Condition>>> {
    let mut done: Vec<Vec<Condition>> = Vec::new();
    let mut left = vec![conditions.to_vec()];
    while let Some(next) = left.pop() {
        if fits(&next) {
            done.push(next);
        } else {
            let (head, tail) = halve(&next)?;
            left.extend([tail, head]);
        }
        if done.len() + left.len() > PIECES {
            return None;
        }
    }
    Some(done)
}

fn fits(conditions: &[Condition]) -> bool {
    let values: usize = conditions.iter().map(count).sum();
    let wildcards: usize = conditions.iter().map(wildcards).sum();
    values <= VALUES && wildcards <= WILDCARDS
}

/// The longest list of alternatives in two: as many in the first part as fit beside the other
/// conditions, else half of them. `None`: nowhere is there more than one.
fn halve(conditions: &[Condition]) -> Option<(Vec<Condition>, Vec<Condition>)> {
    // Of equally long ones the first, so that the same route always becomes the same rules.
    let longest = conditions.iter().enumerate().rev().max_by_key(|(_, it)| count(it));
    let (at, len) = longest.map(|(at, it)| (at, count(it))).filter(|(_, len)| *len > 1)?;
    let with = |from: usize, to: usize| {
        let mut part = conditions.to_vec();
        part[at] = slice(&conditions[at], from, to);
        part
    };
    let most = (1..len).rev().find(|to| fits(&with(0, *to)));
    let to = most.unwrap_or(len.div_ceil(2));
    Some((with(0, to), with(to, len)))
}

fn count(condition: &Condition) -> usize {
    match condition {
        Condition::HostHeader(it) | Condition::PathPattern(it) => patterns(it),
        Condition::HttpHeader { patterns: it, .. } => patterns(it),
        Condition::HttpRequestMethod(values) | Condition::SourceIp(values) => values.len(),
        Condition::QueryString(pairs) => pairs.len(),
        Condition::Foreign(_) => 1,
    }
}

fn patterns(patterns: &Patterns) -> usize {
    patterns.values.len() + patterns.regex_values.len()
}

/// Only values have wildcards: in regular expressions the same characters mean something else.
fn wildcards(condition: &Condition) -> usize {
    let in_text = |text: &String| text.chars().filter(|it| matches!(it, '*' | '?')).count();
    match condition {
        Condition::HostHeader(it)
        | Condition::PathPattern(it)
        | Condition::HttpHeader { patterns: it, .. } => it.values.iter().map(in_text).sum(),
        Condition::QueryString(pairs) => pairs.iter().map(|(_, value)| in_text(value)).sum(),
        Condition::HttpRequestMethod(_) | Condition::SourceIp(_) | Condition::Foreign(_) => 0,
    }
}

/// The same condition with a part of its alternatives: values first, then regular expressions.
fn slice(condition: &Condition, from: usize, to: usize) -> Condition {
    fn part<T: Clone>(all: &[T], from: usize, to: usize) -> Vec<T> {
        all.iter().take(to).skip(from).cloned().collect()
    }
    let some = |it: &Patterns| {
        let values = it.values.len();
        Patterns {
            values: part(&it.values, from, to),
            regex_values: part(
                &it.regex_values,
                from.saturating_sub(values),
                to.saturating_sub(values),
            ),
        }
    };
    match condition {
        Condition::HostHeader(it) => Condition::HostHeader(some(it)),
        Condition::PathPattern(it) => Condition::PathPattern(some(it)),
        Condition::HttpHeader { name, patterns } => {
            Condition::HttpHeader { name: name.clone(), patterns: some(patterns) }
        }
        Condition::HttpRequestMethod(all) => Condition::HttpRequestMethod(part(all, from, to)),
        Condition::SourceIp(all) => Condition::SourceIp(part(all, from, to)),
        Condition::QueryString(all) => Condition::QueryString(part(all, from, to)),
        Condition::Foreign(field) => Condition::Foreign(field.clone()),
    }
}

#[cfg(test)]
mod tests;
