//! Text that nobody would write but somebody will.

use proptest::{collection::vec, prelude::*, sample::select};
use serde_json::{Value, json};

/// What has been the end of many a parser: nothing, separators alone, limits of numbers, half of a
/// syntax, letters that grow when their case changes, names that DNS, IDNA or a registry read their way.
#[rustfmt::skip] // one a line would be a page
const TEXTS: &[&str] = &[
    "", " ", "\t\n", ",", ",,", "=", "a=", "=a", "a=b,a=c", "a=b=c", "/", "//", "-", "--", ".", "..",
    "a..b", "*", "*.", "*.*", "**", "?", "0", "-0", "-1", "+80", "65535", "65536", "4294967296",
    "18446744073709551616", "-9223372036854775809", "1e400", "NaN", "inf", "0x10", "010", "1.5",
    "\u{663}", "true", "True", "null", "none", "\"", "'", "\\", "\\052", "\\052.example.com", "\\400",
    "\u{0}", "\u{7f}", "\u{feff}", "e\u{301}", "\u{130}", "\u{130}.example.com", "\u{df}.example.com",
    "\u{1f4a5}", "\u{1f4a5}.example.com", "xn--", "xn--a", "xn--a.example.com", "XN--ls8h.example.com",
    "example.com", "example.com.", ".example.com", "-.example.com", "_.example.com",
    "a.example.com,a.example.com", "*.example.com", "a.*.example.com", "EXAMPLE.com", "a b.example.com",
    "[", "[]", "{}", "[{}]", "[null]", "[[1]]", "{\"a\":", "[{\"HTTP\": 0}]", "[{\"HTTP\": -1}]",
    "[{\"HTTP\": 65536}]", "[{\"HTTP\": 80}, {\"HTTP\": 80}]", "[{\"HTTP\": 80}, {\"HTTPS\": 80}]",
    "[{\"HTTP\": 1e2}]", "[{\"http\": 80}]", "[{\"HTTPS\": 443}]", "[{\"TLS\": 443}]", "HTTP", "HTTP-80",
    "HTTPS-443", "-443", "GRPC", "ip", "instance", "internal", "internet-facing", "dualstack",
    "traffic-port", "use-annotation", "200", "200-", "-299", "200-299,", "300-200", "0-99", "99999",
    "0.0.0.0/0", "0.0.0.0/33", "10.0.0.0/8,", "::/0", "::/129", "::ffff:10.0.0.0/104", "10.0.0.1",
    "arn:", "arn:aws:acm:::", "arn:aws:acm:eu-west-1:1:certificate/", "sg-", "sg-1,sg-1", "subnet-",
    "subnet-1,subnet-1", "pl-", "edge", "1h30m", "1h1", "9999999999999999999h", "h", "-5s", "\u{b5}s",
    "\"heritage=external-dns\"", "heritage=external-dns,external-dns/owner=",
    "\"heritage=external-dns,external-dns/owner=default,external-dns/resource=\"",
    "\"heritage=external-dns,external-dns/owner=default,external-dns/resource=ingress\"",
    "\"heritage=external-dns,external-dns/owner=default,external-dns/resource=ingress/a/i0\"",
    "\"heritage=external-dns,external-dns/resource=service/a/s0,external-dns/owner=other\"",
    "\"heritage=external-dns,external-dns/owner=default\" \"external-dns/resource=ingress/a/i1\"",
];

/// Anything, hostile first.
pub(crate) fn text() -> impl Strategy<Value = String> {
    prop_oneof![
        8 => select(TEXTS).prop_map(str::to_owned),
        2 => vec(select(TEXTS), 2..4).prop_map(|some| some.concat()),
        2 => vec(select(TEXTS), 2..4).prop_map(|some| some.join(",")),
        2 => "\\PC{0,24}",
        1 => any::<String>(),
        1 => (select(TEXTS), 50..500_usize).prop_map(|(one, times)| one.repeat(times)),
    ]
}

/// A value of any type and size.
pub(crate) fn value() -> impl Strategy<Value = Value> {
    prop_oneof![
        6 => text().prop_map(Value::String),
        1 => Just(Value::Null),
        1 => any::<bool>().prop_map(Value::Bool),
        2 => any::<i64>().prop_map(|it| json!(it)),
        2 => (-2..3_i64).prop_map(|it| json!(it)),
        1 => any::<f64>().prop_map(|it| json!(it)),
        1 => select(vec![json!([]), json!({}), json!([null]), json!({"": ""}), json!([[[]]])]),
    ]
}
