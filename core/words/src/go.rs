//! Values as Go's standard library reads them: both peers are written in it, so their flags and annotations
//! take exactly these.

use std::time::Duration;

/// What `strconv.ParseBool` takes.
#[must_use]
pub fn boolean(text: &str) -> Option<bool> {
    match text {
        "1" | "t" | "T" | "true" | "TRUE" | "True" => Some(true),
        "0" | "f" | "F" | "false" | "FALSE" | "False" => Some(false),
        _ => None,
    }
}

/// What `time.ParseDuration` takes, but for negative lengths: `1m30s`, `1.5h`, `.5s`, `0`.
#[must_use]
pub fn duration(text: &str) -> Option<Duration> {
    let mut rest = text.strip_prefix('+').unwrap_or(text);
    if rest == "0" {
        return Some(Duration::ZERO);
    }
    let mut seconds = (!rest.is_empty()).then_some(0.0)?;
    while !rest.is_empty() {
        let (count, after) = rest.split_at(rest.find(|c| !is_of_number(c))?);
        let (unit, after) = after.split_at(after.find(is_of_number).unwrap_or(after.len()));
        seconds += count.parse::<f64>().ok()? * in_seconds(unit)?;
        rest = after;
    }
    Duration::try_from_secs_f64(seconds).ok()
}

fn is_of_number(c: char) -> bool {
    c.is_ascii_digit() || c == '.'
}

fn in_seconds(unit: &str) -> Option<f64> {
    Some(match unit {
        "ns" => 1e-9,
        "us" | "µs" | "μs" => 1e-6,
        "ms" => 1e-3,
        "s" => 1.0,
        "m" => 60.0,
        "h" => 3600.0,
        _ => return None,
    })
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
            ("+", None),
            ("5", None),
            ("1d", None),
            ("1m30", None),
            ("5 m", None),
            ("-1s", None),
            (".s", None),
            ("1..5s", None),
        ] {
            let read = duration(text).map(|it| it.as_millis());
            assert_eq!(read, millis, "{text:?}");
        }
    }

    #[test]
    fn booleans_are_gos() {
        for text in ["1", "t", "T", "TRUE", "true", "True"] {
            assert_eq!(boolean(text), Some(true), "{text}");
        }
        for text in ["0", "f", "F", "FALSE", "false", "False"] {
            assert_eq!(boolean(text), Some(false), "{text}");
        }
        for text in ["", "yes", "tRUE", "on", "2"] {
            assert_eq!(boolean(text), None, "{text}");
        }
    }
}
