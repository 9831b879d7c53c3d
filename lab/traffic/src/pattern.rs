//! The two ways in which a rule names text: ELBv2's wildcards (`*`: any run of characters, `?`: exactly
//! one) and its regular expressions. In comes the text of the API, out goes a matcher; a pattern that
//! cannot be compiled matches nothing, as a rule must never catch what its author did not name.

use std::sync::OnceLock;

use regex::{Regex, RegexBuilder};

/// Whether letters are compared with or without their case.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Case {
    Sensitive,
    Insensitive,
}

/// One value of a condition. It is built when it is first asked: the rules are read again with each
/// change of the account, and most changes come before the first request.
#[derive(Debug, Clone)]
pub(crate) struct Pattern {
    regex: String,
    case: Case,
    built: OnceLock<Option<Regex>>,
}

impl Pattern {
    /// A wildcard pattern, matched against the whole text.
    pub(crate) fn wildcard(text: &str, case: Case) -> Self {
        Self::of(translate(text, false), case)
    }

    /// A wildcard pattern in which `\*` and `\?` stand for the characters themselves: the API gives
    /// this escape to query strings only.
    pub(crate) fn escaped_wildcard(text: &str, case: Case) -> Self {
        Self::of(translate(text, true), case)
    }

    /// A regular expression, found anywhere in the text unless it is anchored.
    pub(crate) fn regex(text: &str, case: Case) -> Self {
        Self::of(text.to_owned(), case)
    }

    pub(crate) fn matches(&self, text: &str) -> bool {
        let built = self.built.get_or_init(|| build(&self.regex, self.case));
        built.as_ref().is_some_and(|regex| regex.is_match(text))
    }

    fn of(regex: String, case: Case) -> Self {
        Self { regex, case, built: OnceLock::new() }
    }
}

fn build(regex: &str, case: Case) -> Option<Regex> {
    RegexBuilder::new(regex).case_insensitive(case == Case::Insensitive).build().ok()
}

fn translate(text: &str, escapes: bool) -> String {
    let mut regex = String::from(r"(?s)\A");
    let mut chars = text.chars().peekable();
    while let Some(char) = chars.next() {
        match char {
            '*' => regex.push_str(".*"),
            '?' => regex.push('.'),
            '\\' if escapes => match chars.next_if(|next| matches!(next, '*' | '?' | '\\')) {
                Some(literal) => regex.push_str(&regex::escape(&literal.to_string())),
                None => regex.push_str(r"\\"),
            },
            literal => regex.push_str(&regex::escape(literal.encode_utf8(&mut [0; 4]))),
        }
    }
    regex.push_str(r"\z");
    regex
}
