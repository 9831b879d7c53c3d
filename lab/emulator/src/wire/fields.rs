//! The flat `key=value` fields of a query request, in body and URL, and the tree that their dots make.

use std::collections::BTreeMap;

use bytes::Bytes;
use http::Request;

/// A node of the tree: `Tags.member.1.Key=a` is a leaf four levels down.
#[derive(Debug, Default)]
pub(super) struct Node {
    pub(super) text: Option<String>,
    pub(super) below: BTreeMap<String, Node>,
}

impl Node {
    /// The numbered children in numeric order, gaps closed as AWS closes them.
    pub(super) fn numbered(&self) -> Option<Vec<&Node>> {
        let numbers = self.below.keys().map(|key| key.parse::<u32>().ok());
        let numbers: Option<Vec<u32>> = numbers.collect();
        let mut numbers = numbers?;
        numbers.sort_unstable();
        Some(numbers.iter().filter_map(|number| self.below.get(&number.to_string())).collect())
    }
}

fn pairs(request: &Request<Bytes>) -> impl Iterator<Item = (String, String)> {
    let query = request.uri().query().unwrap_or_default().as_bytes();
    let both = url::form_urlencoded::parse(query)
        .chain(url::form_urlencoded::parse(request.body().as_ref()));
    both.map(|(key, value)| (key.into_owned(), value.into_owned()))
}

/// The first field of that name.
pub(super) fn one(request: &Request<Bytes>, name: &str) -> Option<String> {
    pairs(request).find(|(key, _)| key == name).map(|(_, value)| value)
}

/// All fields but those that every request carries.
pub(super) fn tree(request: &Request<Bytes>) -> Node {
    let mut root = Node::default();
    for (key, value) in pairs(request) {
        if key == "Action" || key == "Version" || key.starts_with("X-Amz-") {
            continue;
        }
        let step = |node, part: &str| -> &mut Node {
            let node: &mut Node = node;
            node.below.entry(part.to_owned()).or_default()
        };
        key.split('.').fold(&mut root, step).text = Some(value);
    }
    root
}
