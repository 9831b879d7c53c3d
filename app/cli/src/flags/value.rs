//! Values as the peers' flag packages write them. In: a flag and a text. Out: the value, or a sentence that
//! says what would do. Forbidden: where the text came from.

use std::time::Duration;

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

/// What Go's `strconv.ParseBool` takes.
pub(crate) fn boolean(text: &str) -> Result<bool, String> {
    match text {
        "1" | "t" | "T" | "true" | "TRUE" | "True" => Ok(true),
        "0" | "f" | "F" | "false" | "FALSE" | "False" => Ok(false),
        _ => Err("it is true or false".into()),
    }
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

/// What Go's `time.ParseDuration` takes, but for negative lengths: `1m30s`, `1.5h`, `.5s`, `0`.
pub(super) fn duration(text: &str) -> Result<Duration, String> {
    let wrong = || "it is a length of time such as 90s, 1m30s or 1.5h".to_owned();
    let mut rest = text.strip_prefix('+').unwrap_or(text);
    if rest == "0" {
        return Ok(Duration::ZERO);
    }
    if rest.is_empty() {
        return Err(wrong());
    }
    let mut seconds = 0.0;
    while !rest.is_empty() {
        let digits = rest.find(|c: char| !c.is_ascii_digit() && c != '.').ok_or_else(wrong)?;
        let (count, after) = rest.split_at(digits);
        let unit = after.find(|c: char| c.is_ascii_digit() || c == '.').unwrap_or(after.len());
        let (unit, after) = after.split_at(unit);
        let scale = match unit {
            "ns" => 1e-9,
            "us" | "µs" | "μs" => 1e-6,
            "ms" => 1e-3,
            "s" => 1.0,
            "m" => 60.0,
            "h" => 3600.0,
            _ => return Err(wrong()),
        };
        seconds += count.parse::<f64>().map_err(|_| wrong())? * scale;
        rest = after;
    }
    Duration::try_from_secs_f64(seconds).map_err(|_| wrong())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_of_time_are_gos() {
        for (text, millis) in [
            ("0", Some(0)),
            ("0s", Some(0)),
            ("1m30s", Some(90_000)),
            ("1.5h", Some(5_400_000)),
            (".5s", Some(500)),
            ("1h0m2.25s", Some(3_602_250)),
            ("+150ms", Some(150)),
            ("1000s", Some(1_000_000)),
            ("", None),
            ("5", None),
            ("1d", None),
            ("1m30", None),
            ("-1s", None),
            (".s", None),
            ("1..5s", None),
        ] {
            let read = duration(text).ok().map(|it| it.as_millis());
            assert_eq!(read, millis, "{text:?}");
        }
    }

    #[test]
    fn booleans_are_gos() {
        for text in ["1", "t", "T", "TRUE", "true", "True"] {
            assert_eq!(boolean(text), Ok(true), "{text}");
        }
        for text in ["0", "f", "F", "FALSE", "false", "False"] {
            assert_eq!(boolean(text), Ok(false), "{text}");
        }
        for text in ["", "yes", "tRUE", "on", "2"] {
            assert!(boolean(text).is_err(), "{text}");
        }
    }
}
