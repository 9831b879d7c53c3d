//! JSON in annotations, as Go's `encoding/json` reads it into structs (load-balancers.md 1.0): whatever the
//! case of its keys, the last of several counts, and keys that nobody knows are passed over. In: text.
//! Out: a struct whose fields are spelt in lower case. Forbidden: types with free keys, whose case counts.

use std::fmt;

use serde::{
    Deserialize, Deserializer,
    de::{DeserializeOwned, MapAccess, SeqAccess, Visitor},
};
use serde_json::{Map, Value};

/// Reads it; the error names the field, in lower case, and what was expected there.
pub fn read<T: DeserializeOwned>(text: &str) -> Result<T, String> {
    let Folded(value) = serde_json::from_str(text).map_err(|error| format!("not JSON: {error}"))?;
    serde_path_to_error::deserialize(value).map_err(|error| error.to_string())
}

/// A value whose keys are all in lower case.
struct Folded(Value);

impl<'de> Deserialize<'de> for Folded {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Folding)
    }
}

struct Folding;

impl<'de> Visitor<'de> for Folding {
    type Value = Folded;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_unit<E>(self) -> Result<Folded, E> {
        Ok(Folded(Value::Null))
    }

    fn visit_bool<E>(self, value: bool) -> Result<Folded, E> {
        Ok(Folded(value.into()))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Folded, E> {
        Ok(Folded(value.into()))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Folded, E> {
        Ok(Folded(value.into()))
    }

    fn visit_f64<E>(self, value: f64) -> Result<Folded, E> {
        Ok(Folded(value.into()))
    }

    fn visit_str<E>(self, value: &str) -> Result<Folded, E> {
        Ok(Folded(value.into()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Folded, A::Error> {
        let mut all = Vec::new();
        while let Some(Folded(value)) = items.next_element()? {
            all.push(value);
        }
        Ok(Folded(all.into()))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Folded, A::Error> {
        let mut all = Map::new();
        while let Some((key, Folded(value))) = members.next_entry::<String, Folded>()? {
            all.insert(fold(&key), value);
        }
        Ok(Folded(all.into()))
    }
}

/// Lower case; the long s and the Kelvin sign are an `s` and a `k` to Go.
fn fold(key: &str) -> String {
    let one = |letter: char| match letter {
        '\u{17f}' => 's',
        '\u{212a}' => 'k',
        other => other.to_ascii_lowercase(),
    };
    key.chars().map(one).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, PartialEq, Default, Deserialize)]
    #[serde(default)]
    struct Inner {
        servicename: Option<String>,
        weight: Option<i32>,
    }

    #[derive(Debug, PartialEq, Default, Deserialize)]
    #[serde(default)]
    struct Outer {
        kind: Option<String>,
        groups: Option<Vec<Inner>>,
    }

    #[test]
    fn the_case_of_keys_does_not_matter_and_the_last_one_counts() {
        let want = Outer {
            kind: Some("a".into()),
            groups: Some(vec![Inner { servicename: Some("x".into()), weight: Some(3) }]),
        };
        for text in [
            r#"{"kind":"a","groups":[{"serviceName":"x","weight":3}]}"#,
            r#" {"Groups":[{"SERVICENAME":"x","Weight":3,"colour":1.5}],"KIND":"a","more":[true]} "#,
            r#"{"kind":"b","KIND":"a","groups":null,"Groups":[{"ſervicename":"x","weight":3}]}"#,
            "{\"\u{212a}ind\":\"a\",\"groups\":[{\"servicename\":\"x\",\"weight\":3}]}",
        ] {
            assert_eq!(read::<Outer>(text).as_ref(), Ok(&want), "{text}");
        }
        assert_eq!(read::<Option<Outer>>("null"), Ok(None));
    }

    #[test]
    fn what_is_no_json_or_of_another_type_is_told() {
        for (text, why) in [
            ("", "not JSON"),
            ("{} {}", "not JSON"),
            (r#"{"kind":"a",}"#, "not JSON"),
            (r#"{"Kind":503}"#, "kind: invalid type: integer `503`, expected a string"),
            (r#"{"groups":[{},{"Weight":"20"}]}"#, "groups[1].weight: invalid type: string"),
            (r#"{"groups":[{"weight":2.5}]}"#, "groups[0].weight"),
        ] {
            let error = read::<Outer>(text).expect_err("it cannot be read");
            assert!(error.starts_with(why), "{text}: {error}");
        }
    }
}
