//! Requesting and importing certificates.

use base64::Engine;
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use x509_parser::certificate::X509Certificate;
use x509_parser::extensions::GeneralName;
use x509_parser::pem::parse_x509_pem;
use x509_parser::public_key::PublicKey;

use super::issue::{fresh_arn, pending};
use super::state::{Certificate, Pem};
use super::{check_arn, tags};
use crate::{Account, Fault};

/// Names on one certificate and certificates of one account (ACM guide, "Quotas").
const NAMES: usize = 10;
const CERTIFICATES: usize = 2500;
/// For how long the same token means the same request.
const TOKEN: SignedDuration = SignedDuration::from_hours(1);

fn invalid(message: impl Into<String>) -> Fault {
    Fault::new("InvalidParameterException", message)
}

fn check_count(account: &Account) -> Result<(), Fault> {
    if account.acm.certificates.len() < CERTIFICATES {
        return Ok(());
    }
    Err(Fault::new("LimitExceededException", "The account's quota on certificates is reached"))
}

pub(super) fn request(account: &mut Account, input: &Value) -> Result<Value, Fault> {
    let domain = input["DomainName"].as_str().unwrap_or_default().to_ascii_lowercase();
    let others = input["SubjectAlternativeNames"].as_array().into_iter().flatten();
    let others: Vec<String> =
        others.filter_map(|name| Some(name.as_str()?.to_ascii_lowercase())).collect();
    let tags = tags::given(input)?;
    check_request(&domain, &others, input)?;
    let token = input["IdempotencyToken"].as_str().map(str::to_owned);
    let mut made = pending(account, String::new(), &domain, &others);
    if made.names.len() > NAMES {
        let message = format!("A certificate can have at most {NAMES} names");
        return Err(Fault::new("LimitExceededException", message));
    }
    if let Some(twin) = twin(account, &token, &made) {
        return Ok(json!({ "CertificateArn": twin }));
    }
    check_count(account)?;
    made.arn = fresh_arn(account);
    made.tags = tags;
    made.idempotency_token = token;
    made.key_algorithm = input["KeyAlgorithm"].as_str().unwrap_or("RSA_2048").to_owned();
    let method = input["ValidationMethod"].as_str().unwrap_or("EMAIL");
    made.details.insert("DomainValidationOptions".into(), validations(&made, method, input));
    for (member, value) in [("Options", &input["Options"]), ("ManagedBy", &input["ManagedBy"])] {
        if !value.is_null() {
            made.details.insert(member.into(), value.clone());
        }
    }
    let answer = json!({ "CertificateArn": made.arn });
    account.acm.certificates.insert(made.arn.clone(), made);
    Ok(answer)
}

fn check_request(domain: &str, others: &[String], input: &Value) -> Result<(), Fault> {
    let all = || std::iter::once(domain).chain(others.iter().map(String::as_str));
    if let Some(wrong) = all().find(|name| !is_domain(name)) {
        return Err(invalid(format!("'{wrong}' is not a domain name")));
    }
    if domain.len() > 64 {
        return Err(invalid("The first domain name must have at most 64 characters"));
    }
    if let Some(authority) = input["CertificateAuthorityArn"].as_str() {
        let message = format!("There is no certificate authority '{authority}'");
        return Err(Fault::new("InvalidArnException", message));
    }
    for option in input["DomainValidationOptions"].as_array().into_iter().flatten() {
        let own = option["DomainName"].as_str().unwrap_or_default();
        let at = option["ValidationDomain"].as_str().unwrap_or_default();
        let above = own == at || own.ends_with(&format!(".{at}"));
        if !all().any(|name| name == own) || !above {
            let message = format!("'{own}' cannot be validated at '{at}'");
            return Err(Fault::new("InvalidDomainValidationOptionsException", message));
        }
    }
    Ok(())
}

/// The pattern `DomainNameString` of the API.
fn is_domain(name: &str) -> bool {
    let labels: Vec<&str> = name.strip_prefix("*.").unwrap_or(name).split('.').collect();
    let legal = |label: &&str| {
        (1..=63).contains(&label.len())
            && label.chars().all(|c| c.is_ascii_alphanumeric() || c == '-')
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    labels.len() > 1 && name.len() <= 253 && labels.iter().all(legal)
}

fn twin(account: &Account, token: &Option<String>, made: &Certificate) -> Option<String> {
    token.as_ref()?;
    let mut all = account.acm.certificates.values();
    let same = |old: &&Certificate| {
        old.idempotency_token == *token
            && old.names == made.names
            && account.now.duration_since(old.created) < TOKEN
    };
    all.find(same).map(|old| old.arn.clone())
}

/// `DomainValidationOptions`: with DNS, the CNAME that proves each name; a wildcard shares its parent's.
fn validations(made: &Certificate, method: &str, input: &Value) -> Value {
    let one = |name: &String| {
        let bare = name.strip_prefix("*.").unwrap_or(name);
        let options = input["DomainValidationOptions"].as_array().into_iter().flatten();
        let mut options = options.filter(|option| option["DomainName"] == name.as_str());
        let at = options.next().and_then(|option| option["ValidationDomain"].as_str());
        let mut view = json!({
            "DomainName": name,
            "ValidationDomain": at.unwrap_or(name),
            "ValidationStatus": "PENDING_VALIDATION",
            "ValidationMethod": method,
        });
        if method == "DNS" {
            view["ResourceRecord"] = json!({
                "Name": format!("_{}.{bare}.", proof(&[bare])),
                "Type": "CNAME",
                "Value": format!("_{}.acm-validations.aws.", proof(&[bare, "value"])),
            });
        }
        view
    };
    made.names.iter().map(one).collect()
}

/// 32 hex digits that stay the same for a name, as ACM's do within an account.
fn proof(of: &[&str]) -> String {
    use sha2::Digest;
    hex::encode(sha2::Sha256::digest(of.join("/")))[..32].to_owned()
}

pub(super) fn import(account: &mut Account, input: &Value) -> Result<Value, Fault> {
    let tags = tags::given(input)?;
    let before = match input["CertificateArn"].as_str() {
        None => None,
        Some(arn) => Some(super::find(account, check_arn(arn)?)?.clone()),
    };
    if before.is_some() && !tags.is_empty() {
        return Err(invalid("Tags cannot be set with a reimport"));
    }
    let pem = Pem {
        certificate: decoded(input, "Certificate")?,
        chain: decoded(input, "CertificateChain")?,
        private_key: decoded(input, "PrivateKey")?,
    };
    if !pem.private_key.contains("PRIVATE KEY-----") {
        return Err(invalid("The private key is not in PEM"));
    }
    let mut made = read(account, pem)?;
    match before {
        Some(before) => {
            made.arn = before.arn;
            made.tags = before.tags;
            made.created = before.created;
        }
        None => {
            check_count(account)?;
            made.arn = fresh_arn(account);
            made.tags = tags;
        }
    }
    let answer = json!({ "CertificateArn": made.arn });
    account.acm.certificates.insert(made.arn.clone(), made);
    Ok(answer)
}

/// A blob is base64 inside the emulator, PEM inside that.
fn decoded(input: &Value, member: &str) -> Result<String, Fault> {
    let text = input[member].as_str().unwrap_or_default();
    let octets = base64::engine::general_purpose::STANDARD.decode(text);
    let octets = octets.map_err(|_| invalid(format!("{member} is not base64")))?;
    String::from_utf8(octets).map_err(|_| invalid(format!("{member} is not PEM")))
}

/// What the certificate says of itself.
fn read(account: &Account, pem: Pem) -> Result<Certificate, Fault> {
    let refused = || invalid("The certificate is not a valid PEM certificate");
    let (_, block) = parse_x509_pem(pem.certificate.as_bytes()).map_err(|_| refused())?;
    let parsed = block.parse_x509().map_err(|_| refused())?;
    let common = parsed.subject().iter_common_name().next().and_then(|name| name.as_str().ok());
    let names = names(&parsed);
    let domain = common.map(str::to_owned).or_else(|| names.first().cloned()).unwrap_or_default();
    let second = |time: i64| Timestamp::from_second(time).map_err(|_| refused());
    let validity = (
        second(parsed.validity().not_before.timestamp())?,
        second(parsed.validity().not_after.timestamp())?,
    );
    let mut made = pending(account, String::new(), &domain, &names);
    made.key_algorithm = key_algorithm(&parsed);
    made.kind = "IMPORTED".into();
    made.status = if account.now < validity.1 { "ISSUED" } else { "EXPIRED" }.into();
    made.validity = Some(validity);
    for (member, value) in [
        ("Serial", json!(parsed.raw_serial_as_string())),
        ("Subject", json!(parsed.subject().to_string())),
        ("Issuer", json!(parsed.issuer().to_string())),
        ("ImportedAt", json!(account.now.to_string())),
    ] {
        made.details.insert(member.into(), value);
    }
    if let Some(name) = signature_algorithm(&parsed) {
        made.details.insert("SignatureAlgorithm".into(), name.into());
    }
    made.pem = Some(pem);
    Ok(made)
}

/// The name that ACM gives to the signature's algorithm; `None` for one that ACM does not import.
fn signature_algorithm(certificate: &X509Certificate<'_>) -> Option<&'static str> {
    Some(match certificate.signature_algorithm.algorithm.to_id_string().as_str() {
        "1.2.840.113549.1.1.11" => "SHA256WITHRSA",
        "1.2.840.113549.1.1.12" => "SHA384WITHRSA",
        "1.2.840.113549.1.1.13" => "SHA512WITHRSA",
        "1.2.840.10045.4.3.2" => "SHA256WITHECDSA",
        "1.2.840.10045.4.3.3" => "SHA384WITHECDSA",
        "1.2.840.10045.4.3.4" => "SHA512WITHECDSA",
        _ => return None,
    })
}

fn names(parsed: &X509Certificate<'_>) -> Vec<String> {
    let extension = parsed.subject_alternative_name().ok().flatten();
    let names = extension.iter().flat_map(|extension| &extension.value.general_names);
    let dns = names.filter_map(|name| match name {
        GeneralName::DNSName(name) => Some((*name).to_owned()),
        _ => None,
    });
    dns.collect()
}

fn key_algorithm(parsed: &X509Certificate<'_>) -> String {
    match parsed.public_key().parsed() {
        Ok(PublicKey::RSA(key)) => format!("RSA_{}", key.key_size().next_multiple_of(1024)),
        Ok(PublicKey::EC(point)) => match point.key_size() {
            0..=256 => "EC_prime256v1".into(),
            257..=384 => "EC_secp384r1".into(),
            _ => "EC_secp521r1".into(),
        },
        _ => "RSA_2048".into(),
    }
}
