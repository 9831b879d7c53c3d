//! Record values. In comes the text of a `ResourceRecord`, out goes what DNS carries, or what Route
//! 53 finds wrong with it. The check of a change and the DNS answer use the same reading.

use std::str::FromStr;

use hickory_proto::rr::rdata::{A, AAAA, CNAME, MX, NS, NULL, PTR, SOA, SRV, TXT};
use hickory_proto::rr::{Name, RData, RecordType};

use super::name::{DnsName, Problem, octal};

/// RFC 7208 retired the SPF type; Route 53 still has it, hickory does not.
const SPF: u16 = 99;

/// Reads one value of a record of type `kind`.
pub(crate) fn rdata(kind: &str, value: &str) -> Result<RData, Problem> {
    Ok(match kind {
        "A" => RData::A(A(address(kind, value, "IPv4")?)),
        "AAAA" => RData::AAAA(AAAA(address(kind, value, "IPv6")?)),
        "CNAME" => RData::CNAME(CNAME(host(value)?)),
        "NS" => RData::NS(NS(host(value)?)),
        "PTR" => RData::PTR(PTR(host(value)?)),
        "MX" => mx(value)?,
        "SRV" => srv(value)?,
        "SOA" => soa(value)?,
        "TXT" => {
            let strings = strings(value)?;
            RData::TXT(TXT::from_bytes(strings.iter().map(Vec::as_slice).collect()))
        }
        "SPF" => spf(&strings(value)?),
        "DS" => ds(value)?,
        _ => other(kind, value)?,
    })
}

/// The DNS type of a record type of the API.
pub(crate) fn record_type(kind: &str) -> RecordType {
    match kind {
        "SPF" => RecordType::Unknown(SPF),
        _ => RecordType::from_str(kind).unwrap_or(RecordType::NULL),
    }
}

fn address<T: FromStr>(kind: &str, value: &str, family: &str) -> Result<T, Problem> {
    if value.contains(char::is_whitespace) {
        let code = format!("{kind}RRDATANotSingleField");
        return Err(Problem::new(code, "Value contains spaces", value));
    }
    value.parse().map_err(|_| {
        let meaning = format!("Value is not a valid {family} address");
        Problem::new(format!("{kind}RRDATAIllegal{family}Address"), meaning, value)
    })
}

fn host(value: &str) -> Result<Name, Problem> {
    DnsName::parse(value).map(|name| name.to_wire())
}

fn fields<'a, const N: usize>(kind: &str, value: &'a str) -> Result<[&'a str; N], Problem> {
    let fields: Vec<&str> = value.split_whitespace().collect();
    fields.try_into().map_err(|_| {
        let meaning = format!("Value does not have {N} fields");
        Problem::new(format!("{kind}RRDATAWrongNumberOfFields"), meaning, value)
    })
}

fn number<T: FromStr>(kind: &str, field: &str, value: &str) -> Result<T, Problem> {
    field.parse().map_err(|_| {
        let meaning = format!("'{field}' is not a number in range");
        Problem::new(format!("{kind}RRDATAIllegalNumber"), meaning, value)
    })
}

fn mx(value: &str) -> Result<RData, Problem> {
    let [preference, exchange] = fields("MX", value)?;
    Ok(RData::MX(MX::new(number("MX", preference, value)?, host(exchange)?)))
}

fn srv(value: &str) -> Result<RData, Problem> {
    let [priority, weight, port, target] = fields("SRV", value)?;
    let target = if target == "." { Name::root() } else { host(target)? };
    Ok(RData::SRV(SRV::new(
        number("SRV", priority, value)?,
        number("SRV", weight, value)?,
        number("SRV", port, value)?,
        target,
    )))
}

fn soa(value: &str) -> Result<RData, Problem> {
    let [primary, mailbox, serial, refresh, retry, expire, minimum] = fields("SOA", value)?;
    Ok(RData::SOA(SOA::new(
        host(primary)?,
        host(mailbox)?,
        number("SOA", serial, value)?,
        number("SOA", refresh, value)?,
        number("SOA", retry, value)?,
        number("SOA", expire, value)?,
        number("SOA", minimum, value)?,
    )))
}

/// The quoted strings of a TXT value. Route 53 reads `\ddd` as octal where master files are
/// decimal, so that a library for master files would read another text.
fn strings(value: &str) -> Result<Vec<Vec<u8>>, Problem> {
    let unquoted = || {
        let meaning = "Value should be enclosed in quotation marks";
        Problem::new("InvalidCharacterString", meaning, value)
    };
    let mut strings = Vec::new();
    let mut bytes = value.trim().bytes().peekable();
    while let Some(byte) = bytes.next() {
        match byte {
            b' ' | b'\t' => continue,
            b'"' => strings.push(quoted(&mut bytes).ok_or_else(unquoted)?),
            _ => return Err(unquoted()),
        }
    }
    if strings.is_empty() {
        return Err(unquoted());
    }
    if strings.iter().any(|string: &Vec<u8>| string.len() > 255) {
        return Err(Problem::new("CharacterStringTooLong", "Value is too long", value));
    }
    Ok(strings)
}

fn quoted(bytes: &mut std::iter::Peekable<impl Iterator<Item = u8>>) -> Option<Vec<u8>> {
    let mut string = Vec::new();
    loop {
        match bytes.next()? {
            b'"' => return Some(string),
            b'\\' if bytes.peek()?.is_ascii_digit() => string.push(octal(bytes)?),
            b'\\' => string.push(bytes.next()?),
            byte => string.push(byte),
        }
    }
}

fn spf(strings: &[Vec<u8>]) -> RData {
    let mut wire = Vec::new();
    for string in strings {
        wire.push(u8::try_from(string.len()).expect("no string is longer than 255 octets"));
        wire.extend_from_slice(string);
    }
    RData::Unknown { code: RecordType::Unknown(SPF), rdata: NULL::with(wire) }
}

/// RFC 4034 section 5.1. The library leaves DS to its own signer and does not read the text.
fn ds(value: &str) -> Result<RData, Problem> {
    let [tag, algorithm, digest_type, digest] = fields("DS", value)?;
    let mut wire = number::<u16>("DS", tag, value)?.to_be_bytes().to_vec();
    wire.push(number("DS", algorithm, value)?);
    wire.push(number("DS", digest_type, value)?);
    let digest = hex::decode(digest)
        .map_err(|_| Problem::new("DSRRDATAIllegalDigest", "Digest is not hexadecimal", value))?;
    wire.extend(digest);
    Ok(RData::Unknown { code: RecordType::DS, rdata: NULL::with(wire) })
}

fn other(kind: &str, value: &str) -> Result<RData, Problem> {
    let invalid = |detail: String| Problem::new(format!("{kind}RRDATAInvalid"), detail, value);
    let kind = RecordType::from_str(kind).map_err(|error| invalid(error.to_string()))?;
    RData::try_from_str(kind, value).map_err(|error| invalid(error.to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_read_or_refused_by_type() {
        let long = format!("\"{}\"", "x".repeat(256));
        for (kind, value, verdict) in [
            ("A", "192.0.2.1", "192.0.2.1"),
            ("A", "192.0.2.256", "!ARRDATAIllegalIPv4Address"),
            ("A", "192.0.2.1, 192.0.2.2", "!ARRDATANotSingleField"),
            ("AAAA", "2001:DB8::1", "2001:db8::1"),
            ("AAAA", "192.0.2.1", "!AAAARRDATAIllegalIPv6Address"),
            ("CNAME", "Target.example.com", "target.example.com."),
            ("CNAME", "a..b", "!DomainLabelEmpty"),
            ("MX", "10 mail.example.com", "10 mail.example.com."),
            ("MX", "mail.example.com", "!MXRRDATAWrongNumberOfFields"),
            ("MX", "70000 mail.example.com", "!MXRRDATAIllegalNumber"),
            ("SRV", "1 2 443 srv.example.com.", "1 2 443 srv.example.com."),
            ("SRV", "1 2 443", "!SRVRRDATAWrongNumberOfFields"),
            ("TXT", r#""a \"b\" \101" "c""#, r#"a "b" Ac"#),
            ("TXT", "bare", "!InvalidCharacterString"),
            ("TXT", "\"open", "!InvalidCharacterString"),
            ("TXT", "", "!InvalidCharacterString"),
            ("TXT", &long, "!CharacterStringTooLong"),
            ("CAA", "0 issue \"ca.example.com\"", "0 issue \"ca.example.com\""),
            ("CAA", "issue", "!CAARRDATAInvalid"),
            ("DS", "1 5 1 zz", "!DSRRDATAIllegalDigest"),
            ("DS", "70000 5 1 2bb1", "!DSRRDATAIllegalNumber"),
            ("SOA", "ns. host. 1 2 3 4 5", "ns. host. 1 2 3 4 5"),
            ("SOA", "ns. host. 1", "!SOARRDATAWrongNumberOfFields"),
        ] {
            match (rdata(kind, value), verdict.strip_prefix('!')) {
                (Ok(data), None) => assert_eq!(data.to_string(), verdict, "{kind} {value}"),
                (Err(problem), Some(code)) => {
                    let text = problem.to_string();
                    assert!(text.starts_with(&format!("FATAL problem: {code} (")), "{text}");
                    assert!(text.ends_with(&format!("encountered with '{value}'")), "{text}");
                }
                (read, _) => panic!("{kind} {value}: {read:?} instead of {verdict}"),
            }
        }
    }
}
