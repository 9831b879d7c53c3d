//! Makes certificates: self-signed, with a key of their own, so that TLS really works with them.

use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use rcgen::{CertificateParams, DnType, KeyPair, SerialNumber};
use serde_json::json;

use super::state::{Certificate, Pem};
use crate::{Account, Fault};

/// ACM's own certificates live 13 months.
const LIFETIME: SignedDuration = SignedDuration::from_hours(395 * 24);

/// An issued certificate for a domain and further names, as a seed or a test wants it; its ARN is new.
pub fn issue(account: &mut Account, domain: &str, names: &[String]) -> Result<String, Fault> {
    let arn = fresh_arn(account);
    issue_with_arn(account, &arn, domain, names)?;
    Ok(arn)
}

/// The same under an ARN that somebody has written down already; a certificate that is there is replaced.
///
/// # Errors
/// `InvalidParameterException` for a name that no certificate can hold.
pub fn issue_with_arn(
    account: &mut Account,
    arn: &str,
    domain: &str,
    names: &[String],
) -> Result<(), Fault> {
    let mut made = pending(account, arn.to_owned(), domain, names);
    sign(account, &mut made)?;
    account.acm.certificates.insert(arn.to_owned(), made);
    Ok(())
}

/// Issues a certificate that waits for its validation.
///
/// # Errors
/// `ResourceNotFoundException`.
pub fn validate(account: &mut Account, arn: &str) -> Result<(), Fault> {
    let mut found = super::find(account, arn)?.clone();
    sign(account, &mut found)?;
    account.acm.certificates.insert(arn.to_owned(), found);
    Ok(())
}

/// `arn:PARTITION:acm:REGION:ACCOUNT:certificate/UUID`.
pub(super) fn fresh_arn(account: &mut Account) -> String {
    let hex = account.fresh_hex(32);
    let cuts = [0..8, 8..12, 12..16, 16..20, 20..32].map(|range| &hex[range]);
    let region = account.settings.region.clone();
    let partition = match region.as_str() {
        cn if cn.starts_with("cn-") => "aws-cn",
        gov if gov.starts_with("us-gov-") => "aws-us-gov",
        _ => "aws",
    };
    let id = &account.settings.account_id;
    format!("arn:{partition}:acm:{region}:{id}:certificate/{}", cuts.join("-"))
}

/// A requested certificate that nobody has validated.
pub(super) fn pending(
    account: &Account,
    arn: String,
    domain: &str,
    names: &[String],
) -> Certificate {
    let mut all = vec![domain.to_owned()];
    all.extend(names.iter().filter(|name| *name != domain).cloned());
    Certificate {
        arn,
        domain: domain.to_owned(),
        names: all,
        status: "PENDING_VALIDATION".into(),
        kind: "AMAZON_ISSUED".into(),
        key_algorithm: "EC_prime256v1".into(),
        created: account.now,
        validity: None,
        pem: None,
        tags: Default::default(),
        idempotency_token: None,
        details: Default::default(),
    }
}

fn sign(account: &mut Account, certificate: &mut Certificate) -> Result<(), Fault> {
    let refused = |error: rcgen::Error| Fault::new("InvalidParameterException", error.to_string());
    let serial = account.fresh_hex(32);
    let mut params = CertificateParams::new(certificate.names.clone()).map_err(refused)?;
    params.distinguished_name.push(DnType::CommonName, certificate.domain.clone());
    let octets = hex::decode(&serial).expect("fresh_hex gives hex digits, an even number of them");
    params.serial_number = Some(SerialNumber::from(octets));
    let (first, last) = (date(account.now), date(account.now + LIFETIME));
    let day = |date: Date| {
        let [month, day] = [date.month(), date.day()].map(i8::unsigned_abs);
        rcgen::date_time_ymd(i32::from(date.year()), month, day)
    };
    (params.not_before, params.not_after) = (day(first), day(last));
    let key = KeyPair::generate().map_err(refused)?;
    let signed = params.self_signed(&key).map_err(refused)?;
    certificate.pem = Some(Pem {
        certificate: signed.pem(),
        chain: String::new(),
        private_key: key.serialize_pem(),
    });
    certificate.validity = midnight(first).zip(midnight(last));
    describe(certificate, &serial, account.now);
    Ok(())
}

/// What the API tells of a certificate once it is issued.
fn describe(certificate: &mut Certificate, serial: &str, now: Timestamp) {
    certificate.status = "ISSUED".into();
    certificate.key_algorithm = "EC_prime256v1".into();
    let name = format!("CN={}", certificate.domain);
    let issued = now.to_string();
    for (member, value) in [
        ("Serial", json!(colons(serial))),
        ("Subject", json!(name)),
        ("Issuer", json!("Amazon")),
        ("SignatureAlgorithm", json!("SHA256WITHECDSA")),
        ("IssuedAt", json!(issued)),
    ] {
        certificate.details.insert(member.into(), value);
    }
}

/// `ab:cd:..`, as ACM writes serial numbers.
fn colons(hex: &str) -> String {
    let pairs = hex.as_bytes().chunks(2).map(|pair| String::from_utf8_lossy(pair).into_owned());
    pairs.collect::<Vec<_>>().join(":")
}

/// Certificates begin and end at midnight, as ACM's own do.
fn date(time: Timestamp) -> Date {
    time.to_zoned(TimeZone::UTC).date()
}

fn midnight(date: Date) -> Option<Timestamp> {
    date.to_zoned(TimeZone::UTC).ok().map(|midnight| midnight.timestamp())
}
