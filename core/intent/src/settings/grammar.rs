//! How annotation values are written (load-balancers.md 1.0). In: text. Out: a value, or what was
//! expected, as the end of the sentence "… is not readable: ".

use std::collections::BTreeMap;

use inroad_words::go;

/// The spellings of Go's `strconv.ParseBool`.
pub fn boolean(text: &str) -> Result<bool, String> {
    go::boolean(text).ok_or_else(|| "expected true or false".into())
}

/// A signed 32-bit number in base 10 within `MIN..=MAX`; white space is not forgiven.
pub fn integer<const MIN: i32, const MAX: i32>(text: &str) -> Result<i32, String> {
    let expected = || format!("expected a whole number from {MIN} to {MAX}");
    let number: i32 = text.parse().map_err(|_| expected())?;
    if (MIN..=MAX).contains(&number) { Ok(number) } else { Err(expected()) }
}

/// The same where no negative number is allowed.
pub(crate) fn unsigned<const MIN: i32, const MAX: i32>(text: &str) -> Result<u32, String> {
    integer::<MIN, MAX>(text).map(i32::unsigned_abs)
}

/// A port.
pub(crate) fn port(text: &str) -> Result<u16, String> {
    let number = integer::<1, 65535>(text)?;
    u16::try_from(number).map_err(|_| "expected a port".into())
}

/// Any text.
pub fn text(text: &str) -> Result<String, String> {
    Ok(text.into())
}

/// Words between commas; empty ones are dropped.
pub fn list(text: &str) -> Result<Vec<String>, String> {
    Ok(text.split(',').map(str::trim).filter(|word| !word.is_empty()).map(String::from).collect())
}

/// `key=value` pairs between commas. A backslash takes the next character as it is; a comma parts
/// two pairs only where a `=` follows somewhere behind it, and a last comma belongs to the value.
pub fn map(text: &str) -> Result<BTreeMap<String, String>, String> {
    let mut pairs = BTreeMap::new();
    let mut pair = Pair::default();
    let mut letters = text.char_indices();
    while let Some((at, letter)) = letters.next() {
        let rest = &text[at + letter.len_utf8()..];
        match letter {
            '\\' => pair.push(letters.next().map_or('\\', |(_, escaped)| escaped)),
            '=' if pair.value.is_none() => pair.value = Some(String::new()),
            ',' if rest.contains('=') => std::mem::take(&mut pair).finish(&mut pairs)?,
            ',' if !rest.is_empty() => return Err(format!("expected key=value, found {rest:?}")),
            _ => pair.push(letter),
        }
    }
    if !text.is_empty() {
        pair.finish(&mut pairs)?;
    }
    Ok(pairs)
}

#[derive(Default)]
struct Pair {
    key: String,
    value: Option<String>,
}

impl Pair {
    fn push(&mut self, letter: char) {
        self.value.as_mut().unwrap_or(&mut self.key).push(letter);
    }

    fn finish(self, pairs: &mut BTreeMap<String, String>) -> Result<(), String> {
        let (key, value) = (self.key.trim(), self.value);
        match value {
            Some(value) if !key.is_empty() => {
                pairs.insert(key.into(), value.trim().into());
                Ok(())
            }
            _ => Err(format!("expected key=value, found {key:?}")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn maps_are_read_with_their_escapes_and_odd_commas() {
        let cases: [(&str, Option<&[(&str, &str)]>); 12] = [
            ("", Some(&[])),
            ("a=b", Some(&[("a", "b")])),
            (" a = b , c=d ", Some(&[("a", "b"), ("c", "d")])),
            ("a=b=c", Some(&[("a", "b=c")])),
            ("a=", Some(&[("a", "")])),
            ("a=b\\,c,d=e", Some(&[("a", "b,c"), ("d", "e")])),
            ("a=x\\\\y", Some(&[("a", "x\\y")])),
            ("a=b,", Some(&[("a", "b,")])),
            ("a=b,c", None),
            ("a=b,c,d=e", None),
            ("=b", None),
            ("a", None),
        ];
        for (text, want) in cases {
            let want = want.map(|pairs| {
                pairs
                    .iter()
                    .map(|(k, v)| (k.to_string(), v.to_string()))
                    .collect::<BTreeMap<_, _>>()
            });
            assert_eq!(map(text).ok(), want, "{text:?}");
        }
    }

    #[test]
    fn scalars_and_lists_are_read_as_go_reads_them() {
        for text in ["yes", "tRUE", " true", ""] {
            assert!(boolean(text).is_err(), "{text:?}");
        }
        assert_eq!((boolean("T"), boolean("0")), (Ok(true), Ok(false)));
        for text in ["1", "301", " 10", "10s", "0x10", ""] {
            assert!(unsigned::<5, 300>(text).is_err(), "{text:?}");
        }
        assert_eq!(unsigned::<5, 300>("+10"), Ok(10));
        assert_eq!(integer::<-1000, 1000>("-7"), Ok(-7));
        assert_eq!(list(" a, ,b,"), Ok(vec!["a".into(), "b".into()]));
    }
}
