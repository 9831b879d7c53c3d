//! The certificates of HTTPS and TLS listeners.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::answer::{page, text};
use super::state::Listener;
use crate::{Account, Fault};

/// The ARNs of the `Certificates` member; each must be an issued certificate of the account.
pub(super) fn given(account: &Account, input: &Value) -> Result<Vec<String>, Fault> {
    let items = input["Certificates"].as_array().into_iter().flatten();
    let mut arns = Vec::new();
    for item in items {
        let arn = text(item, "CertificateArn")?;
        let missing =
            || Fault::new("CertificateNotFound", format!("Certificate '{arn}' not found"));
        let found = account.acm.certificates.get(arn).ok_or_else(missing)?;
        if found.status != "ISSUED" {
            let message = format!(
                "The certificate '{arn}' must have a fully-qualified domain name, a supported \
                 signature, and a supported key size"
            );
            return Err(Fault::new("UnsupportedCertificate", message));
        }
        arns.push(arn.to_owned());
    }
    Ok(arns)
}

/// Certificates that the load balancer's listeners use, the default ones not counted, as the quota does.
fn in_use(account: &Account, load_balancer: &str) -> BTreeSet<String> {
    let listeners = account.elbv2.listeners_of(load_balancer).into_iter();
    listeners.flat_map(|listener| listener.certificates.clone()).collect()
}

pub(super) fn views(listener: &Listener) -> Vec<Value> {
    let one = |arn: &String, default: bool| json!({ "CertificateArn": arn, "IsDefault": default });
    let default = listener.default_certificate.iter().map(|arn| one(arn, true));
    default.chain(listener.certificates.iter().map(|arn| one(arn, false))).collect()
}

pub(super) fn add(account: &mut Account, input: &Value) -> Result<Value, Fault> {
    let listener = account.elbv2.listener(text(input, "ListenerArn")?)?.clone();
    if !listener.protocol.is_secure() {
        return Err(super::answer::invalid(
            "The listener has no certificates: it is not HTTPS or TLS",
        ));
    }
    let wanted = given(account, input)?;
    let limit = account.settings.quotas.certificates_per_load_balancer;
    let mut all = in_use(account, &listener.load_balancer_arn);
    all.extend(wanted.iter().cloned());
    if all.len() > limit {
        let message = format!("A load balancer can have at most {limit} certificates");
        return Err(Fault::new("TooManyCertificates", message));
    }
    let stored = account.elbv2.listener_mut(&listener.arn)?;
    for arn in &wanted {
        if !stored.certificates.contains(arn) {
            stored.certificates.push(arn.clone());
        }
    }
    let added = wanted.iter().map(|arn| json!({ "CertificateArn": arn, "IsDefault": false }));
    Ok(json!({ "Certificates": added.collect::<Vec<_>>() }))
}

pub(super) fn remove(account: &mut Account, input: &Value) -> Result<Value, Fault> {
    let listener = account.elbv2.listener_mut(text(input, "ListenerArn")?)?;
    let items = input["Certificates"].as_array().into_iter().flatten();
    let gone: Vec<&str> = items.filter_map(|item| item["CertificateArn"].as_str()).collect();
    let default = listener.default_certificate.as_deref();
    let is_default =
        |arn: &&str| default == Some(*arn) && !listener.certificates.iter().any(|c| c == arn);
    if let Some(arn) = gone.iter().find(|arn| is_default(arn)) {
        let message = format!("The default certificate '{arn}' cannot be removed");
        return Err(Fault::new("OperationNotPermitted", message));
    }
    listener.certificates.retain(|arn| !gone.contains(&arn.as_str()));
    Ok(json!({}))
}

pub(super) fn describe(account: &mut Account, input: &Value) -> Result<Value, Fault> {
    let listener = account.elbv2.listener(text(input, "ListenerArn")?)?;
    page("Certificates", views(listener), input)
}
