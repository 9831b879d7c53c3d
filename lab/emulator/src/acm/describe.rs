//! Listing, describing, handing out and deleting certificates.

use serde_json::{Value, json};

use super::state::Certificate;
use super::{arn_of, find};
use crate::{Account, Fault};

/// The load balancers whose listeners use the certificate.
fn in_use_by(account: &Account, arn: &str) -> Vec<String> {
    let listeners = account.elbv2.listeners.values().filter(|listener| {
        listener.default_certificate.as_deref() == Some(arn)
            || listener.certificates.iter().any(|own| own == arn)
    });
    let mut users: Vec<String> =
        listeners.map(|listener| listener.load_balancer_arn.clone()).collect();
    users.sort();
    users.dedup();
    users
}

/// Members that the detail and the summary share.
fn common(certificate: &Certificate) -> Value {
    let mut view = json!({
        "CertificateArn": certificate.arn,
        "DomainName": certificate.domain,
        "Status": certificate.status,
        "Type": certificate.kind,
        "KeyAlgorithm": certificate.key_algorithm,
        "CreatedAt": certificate.created.to_string(),
        "RenewalEligibility": "INELIGIBLE",
    });
    for member in ["IssuedAt", "ImportedAt", "ManagedBy"] {
        if let Some(value) = certificate.details.get(member) {
            view[member] = value.clone();
        }
    }
    if let Some((from, to)) = certificate.validity {
        view["NotBefore"] = from.to_string().into();
        view["NotAfter"] = to.to_string().into();
    }
    view
}

/// The API's `CertificateDetail`.
pub(super) fn detail(account: &Account, certificate: &Certificate) -> Value {
    let mut view = common(certificate);
    view["SubjectAlternativeNames"] = json!(certificate.names);
    view["InUseBy"] = json!(in_use_by(account, &certificate.arn));
    view["KeyUsages"] = json!([]);
    view["ExtendedKeyUsages"] = json!([]);
    view["Options"] = json!({ "CertificateTransparencyLoggingPreference": "ENABLED" });
    for (member, value) in &certificate.details {
        view[member] = value.clone();
    }
    view
}

/// The API's `CertificateSummary`; more than 100 names are cut.
fn summary(account: &Account, certificate: &Certificate) -> Value {
    let mut view = common(certificate);
    let names = &certificate.names;
    view["SubjectAlternativeNameSummaries"] = names.iter().take(100).cloned().collect();
    view["HasAdditionalSubjectAlternativeNames"] = (names.len() > 100).into();
    view["InUse"] = (!in_use_by(account, &certificate.arn).is_empty()).into();
    view["Exported"] = false.into();
    view
}

pub(super) fn describe(account: &mut Account, input: &Value) -> Result<Value, Fault> {
    let found = find(account, arn_of(input)?)?;
    Ok(json!({ "Certificate": detail(account, found) }))
}

pub(super) fn get(account: &mut Account, input: &Value) -> Result<Value, Fault> {
    let found = find(account, arn_of(input)?)?;
    let Some(pem) = &found.pem else {
        let message = format!("The certificate '{}' is not issued yet", found.arn);
        return Err(Fault::new("RequestInProgressException", message));
    };
    let mut answer = json!({ "Certificate": pem.certificate });
    if !pem.chain.is_empty() {
        answer["CertificateChain"] = pem.chain.as_str().into();
    }
    Ok(answer)
}

pub(super) fn delete(account: &mut Account, input: &Value) -> Result<Value, Fault> {
    let arn = find(account, arn_of(input)?)?.arn.clone();
    if !in_use_by(account, &arn).is_empty() {
        let message = format!("Certificate {arn} is in use by another AWS service");
        return Err(Fault::new("ResourceInUseException", message));
    }
    account.acm.certificates.remove(&arn);
    Ok(json!({}))
}

fn strings(list: &Value) -> Vec<&str> {
    list.as_array().into_iter().flatten().filter_map(Value::as_str).collect()
}

/// Whether the filters let it through. Without key types only small RSA keys do (API `Filters`).
fn wanted(input: &Value, certificate: &Certificate) -> bool {
    let statuses = strings(&input["CertificateStatuses"]);
    let mut types = strings(&input["Includes"]["keyTypes"]);
    if types.is_empty() {
        types = vec!["RSA_1024", "RSA_2048"];
    }
    let manager = input["Includes"]["managedBy"].as_str();
    (statuses.is_empty() || statuses.contains(&certificate.status.as_str()))
        && types.contains(&certificate.key_algorithm.as_str())
        && manager.is_none_or(|manager| {
            certificate.details.get("ManagedBy").is_some_and(|own| own == manager)
        })
}

pub(super) fn list(account: &mut Account, input: &Value) -> Result<Value, Fault> {
    if input["SortBy"].is_null() != input["SortOrder"].is_null() {
        let message = "SortBy and SortOrder go together";
        return Err(Fault::new("ValidationException", message));
    }
    let start: usize = match input["NextToken"].as_str() {
        None => 0,
        Some(token) => token
            .parse()
            .map_err(|_| Fault::new("InvalidArgsException", "The next token is not valid"))?,
    };
    let all = account.acm.certificates.values();
    let mut found: Vec<&Certificate> = all.filter(|one| wanted(input, one)).collect();
    match input["SortOrder"].as_str() {
        Some("ASCENDING") => found.sort_by_key(|one| one.created),
        Some(_) => found.sort_by_key(|one| std::cmp::Reverse(one.created)),
        None => {}
    }
    let size = input["MaxItems"].as_u64().map_or(1000, |size| size as usize);
    let shown = found.iter().skip(start).take(size);
    let shown: Vec<Value> = shown.map(|one| summary(account, one)).collect();
    let end = start + shown.len();
    let mut answer = json!({ "CertificateSummaryList": shown });
    if end < found.len() {
        answer["NextToken"] = end.to_string().into();
    }
    Ok(answer)
}
