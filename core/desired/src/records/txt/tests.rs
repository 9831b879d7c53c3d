//! The examples of dns.md 5.1, both ways.

use super::*;

fn naming(prefix: &str, suffix: &str, wildcard: &str) -> Naming {
    Naming::new(&DnsSettings {
        txt_prefix: prefix.into(),
        txt_suffix: suffix.into(),
        txt_wildcard_replacement: wildcard.into(),
        ..DnsSettings::default()
    })
}

#[test]
fn a_records_name_gives_its_txt_name_and_back() {
    use RecordType::{A, AAAA, CNAME};
    let cases = [
        ("", "", "", "www.ex.com", A, "a-www.ex.com"),
        ("", "", "", "www.ex.com", AAAA, "aaaa-www.ex.com"),
        ("x.", "", "", "www.ex.com", A, "x.a-www.ex.com"),
        ("X.", "", "", "www.ex.com", A, "x.a-www.ex.com"),
        ("%{record_type}-abc-.", "", "", "www.ex.com", CNAME, "cname-abc-.www.ex.com"),
        ("", "-txt", "", "www.ex.com", A, "a-www-txt.ex.com"),
        ("", "-.%{record_type}", "", "www.ex.com", CNAME, "www-.cname.ex.com"),
        ("", "", "", "ex.com", A, "a-ex.com"),
        ("x-%{record_type}.", "", "", "ex.com", A, "x-a.ex.com"),
        ("", "", "", "*.ex.com", A, "a-*.ex.com"),
        ("", "foo", "", "example", AAAA, "aaaa-examplefoo"),
    ];
    for (prefix, suffix, wildcard, name, record_type, txt) in cases {
        let naming = naming(prefix, suffix, wildcard);
        assert_eq!(naming.to_txt_name(name, record_type), txt);
        let back = naming.to_endpoint_name(txt);
        assert_eq!(back, Some((name.to_owned(), Some(record_type))), "{txt}");
    }
}

#[test]
fn a_wildcard_is_written_as_its_replacement_and_looked_up_so() {
    let naming = naming("", "", "any");
    assert_eq!(naming.to_txt_name("*.ex.com", RecordType::A), "a-any.ex.com");
    assert_eq!(naming.looked_up("*.ex.com"), "any.ex.com");
    assert_eq!(naming.looked_up("www.ex.com"), "www.ex.com");
}

#[test]
fn names_of_older_formats_are_read() {
    let old = Some(("www.ex.com".to_owned(), None));
    assert_eq!(naming("", "", "").to_endpoint_name("www.ex.com"), old);
    assert_eq!(naming("x.", "", "").to_endpoint_name("x.www.ex.com"), old);
    assert_eq!(naming("", "-txt", "").to_endpoint_name("www-txt.ex.com"), old);
    assert_eq!(naming("x.", "", "").to_endpoint_name("a-www.ex.com"), None);
    assert_eq!(naming("", "", "").to_legacy_alias_name("www.ex.com"), "cname-www.ex.com");
}

#[test]
fn values_are_read_and_written_byte_for_byte() {
    let value = "\"heritage=external-dns,external-dns/owner=me,\
                 external-dns/resource=ingress/shop/web\"";
    let labels = Labels::new("me", "ingress/shop/web");
    assert_eq!(labels.to_value(), value);
    assert_eq!(Labels::parse(value), Some(labels.clone()));
    let unquoted = value.trim_matches('"');
    assert_eq!(Labels::parse(unquoted), Some(labels));
    let more = "\"heritage=external-dns,junk,external-dns/zz=1,external-dns/owner=me\"";
    let read = Labels::parse(more).expect("heritage stands in it");
    assert_eq!(
        read.to_value(),
        "\"heritage=external-dns,external-dns/owner=me,external-dns/zz=1\""
    );
    for foreign in ["\"v=spf1 -all\"", "\"heritage=mate,external-dns/owner=me\"", "\"\""] {
        assert_eq!(Labels::parse(foreign), None);
    }
}
