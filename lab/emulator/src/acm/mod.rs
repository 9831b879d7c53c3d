//! AWS Certificate Manager: certificates with real keys, so that listeners can serve TLS with them.
//! In come operations and seeds, out go answers and PEM; nothing here validates a domain by itself.

mod describe;
mod issue;
mod request;
mod snapshot;
mod state;
mod tags;

#[cfg(test)]
pub(crate) mod tests;

use serde_json::Value;

use crate::{Account, Fault};

pub use issue::{issue, issue_with_arn, validate};
pub use snapshot::{restore, snapshot};
pub use state::{Acm, Certificate, Pem};

pub(crate) type Operation = fn(&mut Account, &Value) -> Result<Value, Fault>;

pub(crate) const OPERATIONS: &[(&str, Operation)] = &[
    ("AddTagsToCertificate", tags::add),
    ("DeleteCertificate", describe::delete),
    ("DescribeCertificate", describe::describe),
    ("GetCertificate", describe::get),
    ("ImportCertificate", request::import),
    ("ListCertificates", describe::list),
    ("ListTagsForCertificate", tags::list),
    ("RemoveTagsFromCertificate", tags::remove),
    ("RequestCertificate", request::request),
];

/// One operation of the service.
pub(crate) fn call(account: &mut Account, operation: &str, input: &Value) -> Result<Value, Fault> {
    match OPERATIONS.iter().find(|(name, _)| *name == operation) {
        Some((_, run)) => run(account, input),
        None => Err(Fault::new("InvalidAction", format!("{operation} is not emulated"))),
    }
}

/// The ARN, when it is one of a certificate.
fn check_arn(arn: &str) -> Result<&str, Fault> {
    let parts: Vec<&str> = arn.splitn(6, ':').collect();
    match parts[..] {
        ["arn", _, "acm", _, _, resource] if resource.starts_with("certificate/") => Ok(arn),
        _ => Err(Fault::new("InvalidArnException", format!("'{arn}' is no certificate's ARN"))),
    }
}

fn arn_of(input: &Value) -> Result<&str, Fault> {
    check_arn(input["CertificateArn"].as_str().unwrap_or_default())
}

fn missing(arn: &str) -> Fault {
    let message = format!("Could not find certificate {arn}");
    Fault::new("ResourceNotFoundException", message)
}

fn find<'a>(account: &'a Account, arn: &str) -> Result<&'a Certificate, Fault> {
    account.acm.certificates.get(arn).ok_or_else(|| missing(arn))
}

fn find_mut<'a>(account: &'a mut Account, arn: &str) -> Result<&'a mut Certificate, Fault> {
    account.acm.certificates.get_mut(arn).ok_or_else(|| missing(arn))
}
