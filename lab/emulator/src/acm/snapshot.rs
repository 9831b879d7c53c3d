//! Certificates in a snapshot of an account: the API's own description of each, with tags and, where we
//! have it, the PEM (members `Tags`, `CertificatePem`, `CertificateChainPem`, `PrivateKeyPem`).

use jiff::Timestamp;
use serde_json::{Map, Value, json};

use super::describe::detail;
use super::state::{Certificate, Pem};
use crate::Account;

const PEM: [&str; 3] = ["CertificatePem", "CertificateChainPem", "PrivateKeyPem"];
/// Members of the description that are fields of ours, or follow from other state.
const OWN: [&str; 13] = [
    "CertificateArn",
    "DomainName",
    "SubjectAlternativeNames",
    "Status",
    "Type",
    "KeyAlgorithm",
    "CreatedAt",
    "NotBefore",
    "NotAfter",
    "InUseBy",
    "Tags",
    "RenewalEligibility",
    "IdempotencyToken",
];

/// Every certificate, under `Certificates`.
pub fn snapshot(account: &Account) -> Value {
    let all = account.acm.certificates.values().map(|one| view(account, one));
    json!({ "Certificates": all.collect::<Vec<_>>() })
}

fn view(account: &Account, certificate: &Certificate) -> Value {
    let mut view = detail(account, certificate);
    if let Some(pem) = &certificate.pem {
        for (member, text) in PEM.iter().zip([&pem.certificate, &pem.chain, &pem.private_key]) {
            view[*member] = text.as_str().into();
        }
    }
    if let Some(token) = &certificate.idempotency_token {
        view["IdempotencyToken"] = token.as_str().into();
    }
    let tags = certificate.tags.iter().map(|(key, value)| json!({ "Key": key, "Value": value }));
    view["Tags"] = tags.collect();
    view
}

/// Puts a snapshot's certificates in the place of the account's.
///
/// # Errors
/// A sentence when one has no ARN.
pub fn restore(account: &mut Account, document: &Value) -> Result<(), String> {
    let mut certificates = std::collections::BTreeMap::new();
    for tree in document["Certificates"].as_array().into_iter().flatten() {
        let one = read(account, tree)?;
        certificates.insert(one.arn.clone(), one);
    }
    account.acm.certificates = certificates;
    Ok(())
}

fn read(account: &Account, tree: &Value) -> Result<Certificate, String> {
    let own = |member: &str| tree[member].as_str().map(str::to_owned);
    let time = |member: &str| tree[member].as_str().and_then(|text| text.parse::<Timestamp>().ok());
    let arn = own("CertificateArn");
    let arn = arn.ok_or_else(|| format!("CertificateArn is missing in {tree}"))?;
    let domain = own("DomainName").unwrap_or_default();
    let names: Vec<String> =
        serde_json::from_value(tree["SubjectAlternativeNames"].clone()).unwrap_or_default();
    let mut made = super::issue::pending(account, arn, &domain, &names);
    made.status = own("Status").unwrap_or_else(|| "ISSUED".into());
    made.kind = own("Type").unwrap_or(made.kind);
    made.key_algorithm = own("KeyAlgorithm").unwrap_or_else(|| "RSA_2048".into());
    made.validity = time("NotBefore").zip(time("NotAfter"));
    made.created = time("CreatedAt").or(time("ImportedAt")).unwrap_or(made.created);
    made.idempotency_token = own("IdempotencyToken");
    let pair = |tag: &Value| Some((tag["Key"].as_str()?.into(), tag["Value"].as_str()?.into()));
    made.tags = tree["Tags"].as_array().into_iter().flatten().filter_map(pair).collect();
    let [certificate, chain, key] = PEM.map(own);
    made.pem = certificate.zip(key).map(|(certificate, private_key)| Pem {
        certificate,
        chain: chain.unwrap_or_default(),
        private_key,
    });
    made.details = rest(tree);
    Ok(made)
}

fn rest(tree: &Value) -> Map<String, Value> {
    let members = tree.as_object().into_iter().flatten();
    let others = members
        .filter(|(member, _)| !OWN.contains(&member.as_str()) && !PEM.contains(&member.as_str()));
    others.map(|(member, value)| (member.clone(), value.clone())).collect()
}
