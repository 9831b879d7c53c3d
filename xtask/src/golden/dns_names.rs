//! Names and values of ownership records, both ways.

use inroad_desired::txt::{Labels, Naming};
use inroad_words::{controller::DnsSettings, record::RecordType};
use serde_json::Value;

use super::tables::Case;

/// A record's name to its TXT record's.
pub(super) fn to_txt_name(case: &Case) -> Result<(), String> {
    let record_type = text(case.at("/row/recordType"));
    let kind = RecordType::parse(record_type).ok_or_else(|| format!("type {record_type}"))?;
    let got = naming(case).to_txt_name(text(case.at("/row/dns")), kind);
    equal(text(case.at("/row/wantTXTName")), &got)
}

/// A TXT record's name to the record's.
pub(super) fn to_endpoint_name(case: &Case) -> Result<(), String> {
    let (name, kind) =
        naming(case).to_endpoint_name(text(case.at("/row/input"))).unwrap_or_default();
    equal(text(case.at("/row/wantEndpointName")), &name)?;
    equal(text(case.at("/row/wantRecordType")), kind.map_or("", RecordType::as_str))
}

/// Whether an affix says the record type.
pub(super) fn says_type(case: &Case) -> Result<(), String> {
    let want = case.at("/row/want").as_bool().ok_or("no want")?;
    let got = naming(case).is_template();
    (want == got).then_some(()).ok_or_else(|| format!("want {want}, got {got}"))
}

/// There and back.
pub(super) fn both_ways(case: &Case) -> Result<(), String> {
    let kind = text(case.at("/row/recordType"));
    let kind = RecordType::parse(kind).ok_or_else(|| format!("type {kind}"))?;
    let (domain, txt) = (text(case.at("/row/domain")), text(case.at("/row/txtDomain")));
    equal(txt, &naming(case).to_txt_name(domain, kind))?;
    let (name, back) = naming(case).to_endpoint_name(txt).unwrap_or_default();
    equal(domain, &name)?;
    equal(kind.as_str(), back.map_or("", RecordType::as_str))
}

/// A TXT value to its labels.
pub(super) fn labels(case: &Case) -> Result<(), String> {
    let labels = Labels::parse(text(case.at("/row/labelText"))).unwrap_or_default();
    let want = case.at("/row/expected");
    let got = serde_json::to_value(&labels.0).map_err(|error| error.to_string())?;
    (*want == got).then_some(()).ok_or_else(|| format!("want {want}\ngot {got}"))
}

fn naming(case: &Case) -> Naming {
    let affix = |name: &str| text(case.at(&format!("/row/mapper/{name}"))).to_owned();
    Naming::new(&DnsSettings {
        txt_prefix: affix("prefix"),
        txt_suffix: affix("suffix"),
        txt_wildcard_replacement: affix("wildcardReplacement"),
        ..DnsSettings::default()
    })
}

fn equal(want: &str, got: &str) -> Result<(), String> {
    (want == got).then_some(()).ok_or_else(|| format!("want {want:?}\ngot {got:?}"))
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}
