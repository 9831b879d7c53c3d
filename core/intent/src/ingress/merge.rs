//! What members of a stack say together. The first in group order speaks first; what later ones say
//! otherwise is left open beside it.

use inroad_words::{Diagnostic, Said};

use super::group::Member;
pub(crate) use crate::said::{SaidMap, fill, spread};
use crate::{
    model::{Open, OpenKeys},
    settings::{Setting, look},
};

/// What members said where all must agree: the first that could be read, and what is open beside it.
pub(crate) type Agreed<T> = (Option<Said<T>>, Open<T>);

/// One value for all members: of what each says, the `part` that matters, if any; `same` says when two
/// of these do not differ.
pub(crate) fn agree<T, U>(
    setting: &Setting<T>,
    members: &[&Member<'_>],
    part: impl Fn(T) -> Option<U>,
    same: impl Fn(&U, &U) -> bool,
    diagnostics: &mut Vec<Diagnostic>,
) -> Agreed<U> {
    let (mut first, mut open): Agreed<U> = (None, Open::default());
    for member in members {
        let said = look(setting, &member.layers(), diagnostics);
        let of = |said: Said<T>| Some(Said::new(part(said.value)?, said.origin));
        match said.map(|said| said.and_then(of)) {
            Ok(None) => {}
            Ok(Some(said)) => match &first {
                Some(first) if !same(&first.value, &said.value) => open.others.push(said),
                Some(_) => {}
                None => first = Some(said),
            },
            Err(unreadable) => open.unreadable = Some(unreadable.0),
        }
    }
    (first, open)
}

/// One value for all members where equality decides.
pub(crate) fn exclusive<T: PartialEq>(
    setting: &Setting<T>,
    members: &[&Member<'_>],
    diagnostics: &mut Vec<Diagnostic>,
) -> Agreed<T> {
    agree(setting, members, Some, |a, b| a == b, diagnostics)
}

/// Takes keys in that are not there yet; a key that is there with another value is left open.
pub(crate) fn unite(all: &mut SaidMap, more: SaidMap, open: &mut OpenKeys) {
    for (key, said) in more {
        match all.get(&key) {
            None => drop(all.insert(key, said)),
            Some(first) if first.value != said.value => open.entry(key).or_default().push(said),
            Some(_) => {}
        }
    }
}
