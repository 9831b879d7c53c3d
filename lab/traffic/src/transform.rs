//! Transforms of a rule: they rewrite the host header or the URL on the way to the target and change
//! nothing about which rule was chosen (Elastic Load Balancing user guide, "Transforms for listener rules").

use inroad_emulator::elbv2;
use regex::Regex;

/// One compiled transform.
#[derive(Debug, Clone)]
pub(crate) enum Transform {
    Host(Rewrite),
    Url(Rewrite),
}

/// A regular expression and what takes the place of its match; `$1` is its first group.
#[derive(Debug, Clone)]
pub(crate) struct Rewrite {
    regex: Regex,
    replace: String,
}

impl Transform {
    /// Compiles a `RuleTransform`; `None` where its type or regular expression is not understood, as
    /// the request then goes on unchanged.
    pub(crate) fn compile(transform: &elbv2::Transform) -> Option<Self> {
        match transform.kind.as_str() {
            "host-header-rewrite" => {
                Rewrite::compile(transform.host_header_rewrite_config.as_ref()?).map(Self::Host)
            }
            "url-rewrite" => {
                Rewrite::compile(transform.url_rewrite_config.as_ref()?).map(Self::Url)
            }
            _ => None,
        }
    }
}

impl Rewrite {
    fn compile(config: &elbv2::Rewrites) -> Option<Self> {
        let rewrite = config.rewrites.first()?;
        Some(Self { regex: Regex::new(&rewrite.regex).ok()?, replace: braced(&rewrite.replace) })
    }

    /// The rewritten text; `None` when the expression does not match.
    pub(crate) fn apply(&self, text: &str) -> Option<String> {
        self.regex.is_match(text).then(|| self.regex.replace(text, &self.replace).into_owned())
    }
}

/// `$1x` means group 1 followed by x; the regex crate would take it for a group called `1x`.
fn braced(replace: &str) -> String {
    let mut out = String::new();
    let mut chars = replace.chars().peekable();
    while let Some(char) = chars.next() {
        out.push(char);
        if char != '$' {
            continue;
        }
        let mut digits = String::new();
        while let Some(digit) = chars.next_if(char::is_ascii_digit) {
            digits.push(digit);
        }
        match (digits.as_str(), chars.peek()) {
            ("", Some('{')) => {}
            ("", _) => out.push('$'),
            (group, _) => out.push_str(&format!("{{{group}}}")),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn rewrites_take_groups_and_leave_what_does_not_match() {
        let table = [
            ("^/api/(.*)$", "/v2/$1", "/api/a?b=c", Some("/v2/a?b=c")),
            ("^/dp/([A-Z0-9]+)/?$", "/product.php?id=$1", "/dp/B09G", Some("/product.php?id=B09G")),
            ("^/api/", "/", "/web/x", None),
            ("^(/a)(/b)", "$2x$1", "/a/b/c", Some("/bx/a/c")),
            ("price", "$", "/price", Some("/$")),
        ];
        for (regex, replace, url, expected) in table {
            let config = json!({"Type": "url-rewrite",
                "UrlRewriteConfig": {"Rewrites": [{"Regex": regex, "Replace": replace}]}});
            let parsed = serde_json::from_value(config.clone()).expect("a RuleTransform");
            let Some(Transform::Url(rewrite)) = Transform::compile(&parsed) else {
                panic!("{config} is a URL rewrite")
            };
            assert_eq!(rewrite.apply(url).as_deref(), expected, "{config}");
        }
    }
}
