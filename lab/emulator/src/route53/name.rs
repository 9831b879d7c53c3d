//! Names as Route 53 keeps them. In comes a name as a caller writes it (any case, with or without
//! the final dot, with octal escapes), out go its text in answers and its place in a listing.

use std::fmt;

use hickory_proto::rr::Name;

/// What Route 53's own parser says about a name or a value that it refuses.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Problem {
    code: String,
    meaning: String,
    with: String,
}

impl Problem {
    pub(crate) fn new(code: impl Into<String>, meaning: impl Into<String>, with: &str) -> Self {
        Self { code: code.into(), meaning: meaning.into(), with: with.into() }
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "FATAL problem: {} ({}) encountered with '{}'",
            self.code, self.meaning, self.with
        )
    }
}

/// A fully qualified name in lower case. Its order is that of ListResourceRecordSets: labels from
/// the right, each followed by a dot, so `a-b.x.` comes before `a.x.`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct DnsName {
    order: Vec<u8>,
    labels: Vec<Vec<u8>>,
}

impl DnsName {
    pub(crate) fn parse(text: &str) -> Result<Self, Problem> {
        let body = text.strip_suffix('.').unwrap_or(text);
        if body.is_empty() {
            return Err(Problem::new("DomainNameEmpty", "Domain name is empty", text));
        }
        let labels = split(body, text)?;
        if labels.iter().any(Vec::is_empty) {
            return Err(Problem::new("DomainLabelEmpty", "Domain label is empty", text));
        }
        if labels.iter().any(|label| label.len() > 63) {
            return Err(Problem::new("DomainLabelTooLong", "Domain label is too long", text));
        }
        if labels.iter().map(|label| label.len() + 1).sum::<usize>() > 254 {
            return Err(Problem::new("DomainNameTooLong", "Domain name is too long", text));
        }
        Ok(Self::from_labels(labels))
    }

    fn from_labels(labels: Vec<Vec<u8>>) -> Self {
        let mut order = Vec::new();
        for label in labels.iter().rev() {
            order.extend_from_slice(label);
            order.push(b'.');
        }
        Self { order, labels }
    }

    pub(crate) fn from_wire(name: &Name) -> Self {
        Self::from_labels(name.iter().map(<[u8]>::to_ascii_lowercase).collect())
    }

    pub(crate) fn to_wire(&self) -> Name {
        let mut name = Name::from_labels(self.labels.iter().map(Vec::as_slice))
            .expect("labels and length were checked when the name was parsed");
        name.set_fqdn(true);
        name
    }

    pub(crate) fn is_within(&self, zone: &Self) -> bool {
        self.labels.ends_with(&zone.labels)
    }

    /// True for the name itself and for each name below it.
    pub(crate) fn covers_in_order(&self, other: &Self) -> bool {
        other.order.starts_with(&self.order)
    }

    pub(crate) fn depth(&self) -> usize {
        self.labels.len()
    }

    /// The name without its leftmost label.
    pub(crate) fn parent(&self) -> Option<Self> {
        (self.labels.len() > 1).then(|| Self::from_labels(self.labels[1..].to_vec()))
    }

    /// The wildcard directly below this name.
    pub(crate) fn wildcard(&self) -> Self {
        let star = std::iter::once(b"*".to_vec());
        Self::from_labels(star.chain(self.labels.iter().cloned()).collect())
    }
}

/// As Route 53 answers: a final dot, and whatever is no letter, digit, `-` or `_` in octal.
impl fmt::Display for DnsName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for label in &self.labels {
            for &byte in label {
                match byte {
                    b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_' => write!(f, "{}", byte as char)?,
                    _ => write!(f, "\\{byte:03o}")?,
                }
            }
            write!(f, ".")?;
        }
        Ok(())
    }
}

fn split(body: &str, text: &str) -> Result<Vec<Vec<u8>>, Problem> {
    let mut labels = vec![Vec::new()];
    let mut bytes = body.bytes();
    while let Some(byte) = bytes.next() {
        let octet = match byte {
            b'.' => {
                labels.push(Vec::new());
                continue;
            }
            b'\\' => octal(&mut bytes)
                .ok_or_else(|| Problem::new("InvalidEscape", "Invalid escape sequence", text))?,
            b'!'..=b'~' => byte,
            _ => {
                let meaning = "Value contains unsupported characters";
                return Err(Problem::new("UnsupportedCharacter", meaning, text));
            }
        };
        if let Some(label) = labels.last_mut() {
            label.push(octet.to_ascii_lowercase());
        }
    }
    Ok(labels)
}

/// The octet that three octal digits stand for.
pub(crate) fn octal(bytes: &mut impl Iterator<Item = u8>) -> Option<u8> {
    let digits: Vec<u8> = bytes.take(3).collect();
    let text = std::str::from_utf8(&digits).ok().filter(|text| text.len() == 3)?;
    u8::from_str_radix(text, 8).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_answered_in_lower_case_with_octal_escapes() {
        for (given, answered) in [
            ("WWW.Example.com", "www.example.com."),
            ("*.example.com.", "\\052.example.com."),
            ("\\052.example.com", "\\052.example.com."),
            ("a\\137b.example.com", "a_b.example.com."),
            ("a!b.example.com", "a\\041b.example.com."),
        ] {
            let name = DnsName::parse(given).expect(given);
            assert_eq!(name.to_string(), answered);
            assert_eq!(DnsName::parse(answered).expect(answered), name);
            assert_eq!(DnsName::from_wire(&name.to_wire()), name);
        }
    }

    #[test]
    fn names_that_dns_cannot_carry_are_refused_with_a_reason() {
        let long = "a".repeat(64);
        let many = "abcdefg.".repeat(32);
        for (given, code) in [
            ("", "DomainNameEmpty"),
            ("a..b", "DomainLabelEmpty"),
            (long.as_str(), "DomainLabelTooLong"),
            (many.as_str(), "DomainNameTooLong"),
            ("a b.c", "UnsupportedCharacter"),
            ("a\\9.c", "InvalidEscape"),
        ] {
            let problem = DnsName::parse(given).expect_err(given).to_string();
            assert!(problem.starts_with(&format!("FATAL problem: {code} (")), "{problem}");
        }
    }

    #[test]
    fn order_is_by_labels_from_the_right_with_the_final_dot() {
        let sorted = ["x.", "*.x.", "a-b.x.", "a.x.", "z.a.x.", "b.x.", "a.y."];
        let mut names: Vec<DnsName> =
            sorted.iter().rev().map(|name| DnsName::parse(name).expect(name)).collect();
        names.sort();
        let back: Vec<String> =
            names.iter().map(|name| name.to_string().replace("\\052", "*")).collect();
        assert_eq!(back, sorted);
    }
}
