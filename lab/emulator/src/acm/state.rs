//! What ACM remembers. A certificate is its API description plus, where we made it or were given it, the
//! PEM of chain and key from which the data plane serves TLS.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde_json::{Map, Value};

/// Everything that ACM holds, by ARN.
#[derive(Debug, Default)]
pub struct Acm {
    pub certificates: BTreeMap<String, Certificate>,
}

/// A certificate.
#[derive(Debug, Clone)]
pub struct Certificate {
    pub arn: String,
    pub domain: String,
    /// The domain itself is the first of them.
    pub names: Vec<String>,
    /// `PENDING_VALIDATION`, `ISSUED`, ... (`CertificateStatus`).
    pub status: String,
    /// `AMAZON_ISSUED`, `IMPORTED` or `PRIVATE`.
    pub kind: String,
    /// `RSA_2048`, `EC_prime256v1`, ... (`KeyAlgorithm`).
    pub key_algorithm: String,
    pub created: Timestamp,
    pub validity: Option<(Timestamp, Timestamp)>,
    /// None while it is pending, and for one that a snapshot brought without its key.
    pub pem: Option<Pem>,
    pub tags: BTreeMap<String, String>,
    pub idempotency_token: Option<String>,
    /// Members of the API's `CertificateDetail` that nothing here decides by: `Serial`, `Issuer`, `Options`, ...
    pub details: Map<String, Value>,
}

/// A certificate in PEM.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pem {
    pub certificate: String,
    /// Intermediates, leaf's issuer first; empty for a self-signed certificate.
    pub chain: String,
    pub private_key: String,
}
