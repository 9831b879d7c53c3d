//! Values as the peers' flag packages write them. In: a flag and a text. Out: the value, or a sentence that
//! says what would do. Forbidden: where the text came from.

use std::time::Duration;

use inroad_words::go;

use super::{Flag, Kind};

/// Says what would do where the text will not.
pub(super) fn check(flag: &Flag, text: &str) -> Result<(), String> {
    match flag.kind {
        Kind::Text | Kind::Secret | Kind::Commas | Kind::Repeat => Ok(()),
        Kind::Bool => boolean(text).map(drop),
        Kind::Number => number(text).map(drop),
        Kind::Duration => duration(text).map(drop),
        Kind::Pairs => pairs(text).map(drop),
        Kind::Choice(all) | Kind::Choices(all) => match all.contains(&text) {
            true => Ok(()),
            false => Err(format!("it is one of {}", all.join(", "))),
        },
    }
}

pub(crate) fn boolean(text: &str) -> Result<bool, String> {
    go::boolean(text).ok_or_else(|| "it is true or false".into())
}

/// A whole number; a rate such as `5.0` has nothing behind its point.
pub(super) fn number(text: &str) -> Result<u64, String> {
    let whole = text.split_once('.').filter(|(_, rest)| rest.bytes().all(|b| b == b'0'));
    let digits = whole.map_or(text, |(whole, _)| whole);
    digits.parse().map_err(|_| "it is a whole number, 0 or more".into())
}

/// `k=v,k=v`; no text is no pair.
pub(super) fn pairs(text: &str) -> Result<Vec<(String, String)>, String> {
    let pairs = text.split(',').filter(|pair| !pair.trim().is_empty());
    pairs
        .map(|pair| {
            let (key, value) =
                pair.split_once('=').ok_or_else(|| format!("{pair:?} is not key=value"))?;
            Ok((key.trim().to_owned(), value.trim().to_owned()))
        })
        .collect()
}

pub(super) fn duration(text: &str) -> Result<Duration, String> {
    go::duration(text).ok_or_else(|| "it is a length of time such as 90s, 1m30s or 1.5h".into())
}
