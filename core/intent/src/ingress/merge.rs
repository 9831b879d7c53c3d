//! What members of a stack say together. The first in group order wins; whoever differs later gets
//! a Diagnostic and the others go on.

use std::collections::BTreeMap;

use inroad_words::{Diagnostic, Origin, Said};

use super::group::Member;
use crate::{
    codes,
    settings::{Setting, Unreadable, look},
};

/// Values by key, each with who said it.
pub(crate) type SaidMap = BTreeMap<String, Said<String>>;

/// What members said where all must agree.
pub(crate) struct Agreed<T> {
    /// The first that could be read.
    pub(crate) said: Option<Said<T>>,
    /// Whether somebody said something that cannot be read.
    pub(crate) unreadable: Option<Unreadable>,
}

/// One value for all members; `same` says when two values do not differ.
pub(crate) fn agree<T>(
    setting: &Setting<T>,
    members: &[&Member<'_>],
    same: impl Fn(&T, &T) -> bool,
    diagnostics: &mut Vec<Diagnostic>,
) -> Agreed<T> {
    let mut agreed = Agreed { said: None, unreadable: None };
    for member in members {
        match look(setting, &member.layers(), diagnostics) {
            Ok(None) => {}
            Ok(Some(said)) => match &agreed.said {
                Some(first) if !same(&first.value, &said.value) => {
                    diagnostics.push(conflict(setting.row.ingress, &first.origin, said.origin));
                }
                Some(_) => {}
                None => agreed.said = Some(said),
            },
            Err(unreadable) => agreed.unreadable = Some(unreadable),
        }
    }
    agreed
}

/// One value for all members where equality decides.
pub(crate) fn exclusive<T: PartialEq>(
    setting: &Setting<T>,
    members: &[&Member<'_>],
    diagnostics: &mut Vec<Diagnostic>,
) -> Agreed<T> {
    agree(setting, members, |a, b| a == b, diagnostics)
}

/// Takes keys in that are not there yet; a key that is there with another value is a conflict.
pub(crate) fn unite(
    all: &mut SaidMap,
    more: SaidMap,
    what: &str,
    diagnostics: &mut Vec<Diagnostic>,
) {
    for (key, said) in more {
        match all.get(&key) {
            None => drop(all.insert(key, said)),
            Some(first) if first.value != said.value => {
                let what = format!("{what} {key}");
                diagnostics.push(conflict(&what, &first.origin, said.origin));
            }
            Some(_) => {}
        }
    }
}

/// Takes keys in that are not there yet.
pub(crate) fn fill(all: &mut SaidMap, more: SaidMap) {
    for (key, said) in more {
        all.entry(key).or_insert(said);
    }
}

/// Each key with the origin of the whole.
pub(crate) fn spread(said: Said<BTreeMap<String, String>>) -> SaidMap {
    let origin = said.origin;
    said.value.into_iter().map(|(k, v)| (k, Said::new(v, origin.clone()))).collect()
}

fn conflict(what: &str, first: &Origin, later: Origin) -> Diagnostic {
    let message = format!("{what} differs from what {first} says, which comes first and counts");
    Diagnostic::error(codes::CONFLICT, later, message)
        .help("say the same in all Ingresses of the group, or in one only")
}
