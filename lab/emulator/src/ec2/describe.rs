//! What all Describe calls share: ids asked for, filters with wildcards, pages.

use serde_json::Value;

use crate::Fault;
use crate::wire::page;

/// How one Describe call names its things.
pub(super) struct Catalogue {
    /// Member of the answer that holds the list.
    pub(super) list: &'static str,
    /// Member of the request that names ids; empty when there is none.
    pub(super) ids: &'static str,
    /// Member of an item that is its id.
    pub(super) id: &'static str,
    /// Error code and noun for an id that does not exist.
    pub(super) missing: (&'static str, &'static str),
    /// Filter names with the path of what they look at; lists on the way are looked through.
    pub(super) filters: &'static [(&'static str, &'static str)],
}

/// The page of `items` that the request asks for.
pub(super) fn answer(
    catalogue: &Catalogue,
    input: &Value,
    items: Vec<Value>,
) -> Result<Value, Fault> {
    page::page(&page::EC2, input, catalogue.list, select(catalogue, input, items)?)
}

/// The items that the request asks for, all pages.
pub(super) fn select(
    catalogue: &Catalogue,
    input: &Value,
    mut items: Vec<Value>,
) -> Result<Vec<Value>, Fault> {
    if let Some(ids) = input[catalogue.ids].as_array() {
        for id in ids {
            if !items.iter().any(|item| item[catalogue.id] == *id) {
                let (code, noun) = catalogue.missing;
                let id = id.as_str().unwrap_or_default();
                return Err(Fault::new(code, format!("The {noun} ID '{id}' does not exist")));
            }
        }
        items.retain(|item| ids.contains(&item[catalogue.id]));
    }
    for filter in input["Filters"].as_array().into_iter().flatten() {
        let values: Vec<&str> = strings(&filter["Values"]);
        let seen = looks_at(catalogue, filter["Name"].as_str().unwrap_or_default())?;
        items.retain(|item| {
            let found = seen.values(item);
            found.iter().any(|text| values.iter().any(|pattern| matches(pattern, text)))
        });
    }
    Ok(items)
}

/// The texts of a list.
pub(super) fn strings(list: &Value) -> Vec<&str> {
    list.as_array().into_iter().flatten().filter_map(Value::as_str).collect()
}

/// What one filter looks at.
enum Looks<'a> {
    TagKey,
    TagValue,
    Tag(&'a str),
    Path(&'static str),
}

fn looks_at<'a>(catalogue: &Catalogue, name: &'a str) -> Result<Looks<'a>, Fault> {
    if let Some(key) = name.strip_prefix("tag:") {
        return Ok(Looks::Tag(key));
    }
    if let "tag-key" | "tag-value" = name {
        return Ok(if name == "tag-key" { Looks::TagKey } else { Looks::TagValue });
    }
    let found = catalogue.filters.iter().find(|(filter, _)| *filter == name);
    let (_, path) = found.ok_or_else(|| {
        Fault::new("InvalidParameterValue", format!("The filter '{name}' is invalid"))
    })?;
    Ok(Looks::Path(path))
}

impl Looks<'_> {
    fn values(&self, item: &Value) -> Vec<String> {
        let tags =
            || item["Tags"].as_array().or_else(|| item["TagSet"].as_array()).into_iter().flatten();
        let member = |tag: &Value, name: &str| tag[name].as_str().map(str::to_owned);
        match self {
            Self::TagKey => tags().filter_map(|tag| member(tag, "Key")).collect(),
            Self::TagValue => tags().filter_map(|tag| member(tag, "Value")).collect(),
            Self::Tag(key) => {
                let same = tags().filter(|tag| tag["Key"] == **key);
                same.filter_map(|tag| member(tag, "Value")).collect()
            }
            Self::Path(path) => {
                let mut found = Vec::new();
                let parts: Vec<&str> = path.split('.').collect();
                collect(item, &parts, &mut found);
                found
            }
        }
    }
}

fn collect(tree: &Value, path: &[&str], found: &mut Vec<String>) {
    match (tree, path) {
        (Value::Array(items), _) => items.iter().for_each(|item| collect(item, path, found)),
        (Value::Null, _) => {}
        (Value::String(text), []) => found.push(text.clone()),
        (scalar, []) => found.push(scalar.to_string()),
        (tree, [name, below @ ..]) => collect(&tree[*name], below, found),
    }
}

/// Wildcards of filter values: `*` any text, `?` any one character, a backslash takes the next
/// character as it is.
pub(super) fn matches(pattern: &str, text: &str) -> bool {
    if !pattern.contains(['*', '?', '\\']) {
        return pattern == text;
    }
    let mut regex = String::from("^(?s:");
    let mut chars = pattern.chars();
    while let Some(next) = chars.next() {
        match next {
            '*' => regex.push_str(".*"),
            '?' => regex.push('.'),
            '\\' => regex.push_str(&regex::escape(&chars.next().unwrap_or('\\').to_string())),
            other => regex.push_str(&regex::escape(&other.to_string())),
        }
    }
    regex.push_str(")$");
    // The pattern is escaped text and two constructs, so it always compiles.
    regex::Regex::new(&regex).is_ok_and(|regex| regex.is_match(text))
}
