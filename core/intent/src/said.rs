//! What front ends do with what was said, whoever said it: values by key, and mistakes that cost more than
//! themselves.

use std::collections::BTreeMap;

use inroad_words::{Code, Diagnostic, Origin, Said};

/// Values by key, each with who said it.
pub(crate) type SaidMap = BTreeMap<String, Said<String>>;

/// Why something cannot be served.
pub(crate) type Mistake = Box<Diagnostic>;

pub(crate) fn mistake(
    code: Code,
    origin: &Origin,
    message: impl Into<String>,
    help: impl Into<String>,
) -> Mistake {
    Box::new(Diagnostic::error(code, origin.clone(), message).help(help))
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
