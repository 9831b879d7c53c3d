//! YAML text to plain values, each with its place. In: the text of one file. Out: documents, as far
//! as they can be read. Scalars are resolved as kubectl resolves them (YAML 1.1 booleans and
//! octals).

mod depth;

use inroad_words::Mark;
use saphyr::{MarkedYaml, Marker, ScalarStyle, ScanError, Tag, YamlData, YamlLoader};
use saphyr_parser::{Parser, SpannedEventReceiver};
use serde_json::{Map, Number, Value};

use crate::object::{Marks, escape};
use depth::{Depth, MOST};

/// One document: its value and where each part of it stands.
pub(crate) struct Document {
    pub(crate) value: Value,
    pub(crate) marks: Marks,
}

/// A document that cannot be read: where and why.
pub(crate) struct Unreadable {
    pub(crate) mark: Mark,
    pub(crate) message: String,
}

/// The documents of a file. The text is cut at `---` lines first, as kubectl does, so that a
/// mistake in one document does not take the others with it.
pub(crate) fn documents(file: &str, text: &str) -> Vec<Result<Document, Unreadable>> {
    let mut found = Vec::new();
    for (line, chunk) in chunks(text) {
        let reader = Reader { file, line };
        match reader.load(&chunk) {
            Ok(nodes) => found.extend(nodes.iter().map(|node| reader.document(node))),
            Err(error) => found.push(Err(error)),
        }
    }
    found
}

/// Pieces between `---` lines, each with the number of lines before it. Pieces without content
/// (blank, comments, directives, `...`) are dropped.
fn chunks(text: &str) -> Vec<(usize, String)> {
    let mut pieces = vec![(0, String::new())];
    for (number, line) in text.trim_start_matches('\u{feff}').split_inclusive('\n').enumerate() {
        let rest = line.strip_prefix("---");
        if rest.is_some_and(|rest| rest.is_empty() || rest.starts_with(char::is_whitespace)) {
            pieces.push((number, String::new()));
        }
        // `pieces` starts with one element and only grows.
        if let Some((_, piece)) = pieces.last_mut() {
            piece.push_str(line);
        }
    }
    pieces.retain(|(_, piece)| piece.lines().any(has_content));
    pieces
}

fn has_content(line: &str) -> bool {
    let line = line.strip_prefix("---").unwrap_or(line).trim_start();
    !(line.is_empty() || line.starts_with('#') || line.starts_with('%') || line == "...")
}

struct Reader<'a> {
    file: &'a str,
    line: usize,
}

impl Reader<'_> {
    fn load<'t>(&self, chunk: &'t str) -> Result<Vec<MarkedYaml<'t>>, Unreadable> {
        let refused = |error: &ScanError| self.unreadable(*error.marker(), error.info());
        let mut loader = YamlLoader::default();
        loader.early_parse(false);
        let mut depth = Depth::default();
        // One by one: the parser's own loop takes a frame of stack for each level.
        for event in Parser::new_from_str(chunk) {
            let (event, span) = event.map_err(|error| refused(&error))?;
            if !depth.admits(&event) {
                let message = format!("lists and mappings are nested deeper than {MOST} levels");
                return Err(self.unreadable(span.start, message));
            }
            loader.on_event(event, span);
        }
        match loader.error() {
            Some(error) => Err(refused(error)),
            None => Ok(loader.into_documents()),
        }
    }

    fn mark(&self, at: Marker) -> Mark {
        Mark { file: self.file.into(), line: self.line + at.line(), column: at.col() + 1 }
    }

    fn unreadable(&self, at: Marker, message: impl Into<String>) -> Unreadable {
        Unreadable { mark: self.mark(at), message: message.into() }
    }

    fn document(&self, node: &MarkedYaml<'_>) -> Result<Document, Unreadable> {
        let mut marks = Marks::default();
        let value = self.value(node, &mut String::new(), &mut marks)?;
        marks.insert(String::new(), self.mark(node.span.start));
        Ok(Document { value, marks })
    }

    /// The value of a node whose JSON pointer is `path`; the places of all within it go into
    /// `marks`.
    fn value(
        &self,
        node: &MarkedYaml<'_>,
        path: &mut String,
        marks: &mut Marks,
    ) -> Result<Value, Unreadable> {
        match &node.data {
            YamlData::Representation(text, style, tag) => Ok(scalar(text, *style, tag.as_deref())),
            YamlData::Tagged(_, inner) => self.value(inner, path, marks),
            YamlData::Sequence(items) => {
                let mut values = Vec::with_capacity(items.len());
                for (index, item) in items.iter().enumerate() {
                    let step = index.to_string();
                    values.push(self.child(item, item.span.start, &step, path, marks)?);
                }
                Ok(Value::Array(values))
            }
            YamlData::Mapping(_) => self.mapping(node, path, marks).map(Value::Object),
            _ => Ok(Value::Null),
        }
    }

    fn child(
        &self,
        node: &MarkedYaml<'_>,
        at: Marker,
        step: &str,
        path: &mut String,
        marks: &mut Marks,
    ) -> Result<Value, Unreadable> {
        let parent = path.len();
        path.push('/');
        path.push_str(&escape(step));
        marks.insert(path.clone(), self.mark(at));
        let value = self.value(node, path, marks);
        path.truncate(parent);
        value
    }

    /// A mapping; what `<<` brings in gives way to the mapping's own keys.
    fn mapping(
        &self,
        node: &MarkedYaml<'_>,
        path: &mut String,
        marks: &mut Marks,
    ) -> Result<Map<String, Value>, Unreadable> {
        let YamlData::Mapping(entries) = &node.data else {
            return Err(self.unreadable(node.span.start, "only a mapping can be merged with <<"));
        };
        let mut map = Map::new();
        for (_, source) in entries.iter().filter(|(key, _)| is_merge(key)) {
            for one in merge_sources(source) {
                for (key, value) in self.mapping(one, path, marks)? {
                    map.entry(key).or_insert(value);
                }
            }
        }
        for (key, node) in entries.iter().filter(|(key, _)| !is_merge(key)) {
            let name = self.key(key)?;
            let value = self.child(node, key.span.start, &name, path, marks)?;
            map.insert(name, value);
        }
        Ok(map)
    }

    fn key(&self, key: &MarkedYaml<'_>) -> Result<String, Unreadable> {
        match &key.data {
            YamlData::Representation(text, ..) => Ok(text.to_string()),
            _ => Err(self.unreadable(key.span.start, "a key must be a scalar")),
        }
    }
}

fn is_merge(key: &MarkedYaml<'_>) -> bool {
    match &key.data {
        YamlData::Representation(text, style, _) => text == "<<" && *style == ScalarStyle::Plain,
        _ => false,
    }
}

fn merge_sources<'n, 't>(source: &'n MarkedYaml<'t>) -> Vec<&'n MarkedYaml<'t>> {
    match &source.data {
        YamlData::Sequence(items) => items.iter().collect(),
        _ => vec![source],
    }
}

fn scalar(text: &str, style: ScalarStyle, tag: Option<&Tag>) -> Value {
    let is_string = tag.is_some_and(|tag| tag.suffix == "str");
    if style != ScalarStyle::Plain || is_string { Value::String(text.into()) } else { plain(text) }
}

/// A plain scalar by the rules of kubectl's parser.
fn plain(text: &str) -> Value {
    match text {
        "" | "~" | "null" | "Null" | "NULL" => Value::Null,
        "true" | "True" | "TRUE" | "yes" | "Yes" | "YES" | "on" | "On" | "ON" | "y" | "Y" => {
            true.into()
        }
        "false" | "False" | "FALSE" | "no" | "No" | "NO" | "off" | "Off" | "OFF" | "n" | "N" => {
            false.into()
        }
        _ => number(text).map_or_else(|| Value::String(text.into()), Value::Number),
    }
}

fn number(text: &str) -> Option<Number> {
    let starts = text.trim_start_matches(['+', '-', '.']).starts_with(|c: char| c.is_ascii_digit());
    if !starts {
        return None;
    }
    integer(&text.replace('_', "")).or_else(|| {
        let float = text.bytes().all(|byte| b"0123456789.eE+-".contains(&byte));
        text.parse().ok().filter(|_| float).and_then(Number::from_f64)
    })
}

/// Decimal, `0x`, `0b`, `0o` and, as in YAML 1.1, octal by a leading zero.
fn integer(text: &str) -> Option<Number> {
    let (negative, digits) = match text.strip_prefix('-') {
        Some(digits) => (true, digits),
        None => (false, text.strip_prefix('+').unwrap_or(text)),
    };
    let radix = |prefix: &str, radix| {
        digits.strip_prefix(prefix).and_then(|digits| u64::from_str_radix(digits, radix).ok())
    };
    let octal = || (digits.len() > 1).then(|| radix("0", 8)).flatten();
    let value = radix("0x", 16).or_else(|| radix("0b", 2)).or_else(|| radix("0o", 8));
    let value = value.or_else(octal).or_else(|| digits.parse().ok())?;
    if negative {
        i64::try_from(value).ok().map(|value| (-value).into())
    } else {
        Some(value.into())
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn scalars_are_what_kubectl_sends() {
        let cases = [
            ("yes", json!(true)),
            ("off", json!(false)),
            ("~", json!(null)),
            ("", json!(null)),
            ("0x1F", json!(31)),
            ("0755", json!(493)),
            ("0o17", json!(15)),
            ("1_000", json!(1000)),
            ("-7", json!(-7)),
            ("089", json!(89)),
            ("1.5", json!(1.5)),
            ("1e3", json!(1000.0)),
            ("1.2.3", json!("1.2.3")),
            ("10.0.0.0/8", json!("10.0.0.0/8")),
            ("12:30", json!("12:30")),
            ("-", json!("-")),
            ("nan", json!("nan")),
            ("2024-01-01", json!("2024-01-01")),
            ("18446744073709551615", json!(18446744073709551615u64)),
        ];
        for (text, want) in cases {
            assert_eq!(plain(text), want, "{text:?}");
        }
        assert_eq!(scalar("yes", ScalarStyle::DoubleQuoted, None), json!("yes"));
    }
}
