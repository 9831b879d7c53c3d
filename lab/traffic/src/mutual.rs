//! Mutual TLS: what a listener asks of clients' certificates, and what its targets are told of them
//! (Elastic Load Balancing user guide, "Mutual authentication with TLS in Application Load Balancer").
//! In comes a listener's `MutualAuthentication` with its trust store, out go a verifier for handshakes
//! and headers for requests. Revocation lists are not looked at.

use std::sync::Arc;
use std::time::Duration;

use http::HeaderMap;
use http::header::{HeaderName, HeaderValue};
use inroad_emulator::elbv2::{self, Elbv2};
use pem::{EncodeConfig, LineEnding, Pem};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use rustls::client::danger::HandshakeSignatureValid;
use rustls::crypto::{CryptoProvider, ring, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, UnixTime};
use rustls::server::WebPkiClientVerifier;
use rustls::server::danger::{ClientCertVerified, ClientCertVerifier};
use rustls::{
    CertificateError, DigitallySignedStruct, DistinguishedName, RootCertStore, SignatureScheme,
};
use x509_parser::prelude::{FromDer, X509Certificate, X509Name};

use crate::model::Attributes;

/// The headers of both modes, the one of `passthrough` first.
const HEADERS: [HeaderName; 6] = [
    HeaderName::from_static("x-amzn-mtls-clientcert"),
    HeaderName::from_static("x-amzn-mtls-clientcert-serial-number"),
    HeaderName::from_static("x-amzn-mtls-clientcert-issuer"),
    HeaderName::from_static("x-amzn-mtls-clientcert-subject"),
    HeaderName::from_static("x-amzn-mtls-clientcert-validity"),
    HeaderName::from_static("x-amzn-mtls-clientcert-leaf"),
];

/// What PEM text in a header keeps as it is.
const SAFE: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'_')
    .remove(b'.')
    .remove(b'~')
    .remove(b'+')
    .remove(b'=')
    .remove(b'/');

/// What a listener asks of its clients.
#[derive(Debug, Clone, Default)]
pub(crate) enum Clients {
    /// Nothing.
    #[default]
    Unasked,
    /// Whatever certificate they have, unverified.
    Passthrough,
    /// One that the trust store vouches for.
    Verify(Trust),
}

/// A trust store, and how it is used.
#[derive(Debug, Clone)]
pub(crate) struct Trust {
    /// `None` where it holds no certificate: then nobody comes in.
    by: Option<Arc<dyn ClientCertVerifier>>,
    ignore_expiry: bool,
    advertise: bool,
}

impl Clients {
    /// As the account has it.
    pub(crate) fn compile(elb: &Elbv2, listener: &elbv2::Listener) -> Self {
        let Some(asked) = &listener.mutual_authentication else { return Self::Unasked };
        match asked["Mode"].as_str() {
            Some("passthrough") => Self::Passthrough,
            Some("verify") => {
                let arn = asked["TrustStoreArn"].as_str().unwrap_or_default();
                let pem = elb.trust_stores.get(arn).map(|it| it.ca_certificates_bundle.as_str());
                Self::Verify(Trust {
                    by: verifier(pem.unwrap_or_default()),
                    ignore_expiry: asked["IgnoreClientCertificateExpiry"] == true,
                    advertise: asked["AdvertiseTrustStoreCaNames"] == "on",
                })
            }
            _ => Self::Unasked,
        }
    }

    /// Who judges certificates in handshakes; `None`: nobody is asked for one.
    pub(crate) fn verifier(&self) -> Option<Arc<dyn ClientCertVerifier>> {
        let trust = match self {
            Self::Unasked => return None,
            Self::Passthrough => None,
            Self::Verify(trust) => Some(trust.clone()),
        };
        Some(Arc::new(Doorkeeper { provider: ring::default_provider(), trust }))
    }

    /// What targets are told of the certificates that a client has shown; `None` where none are asked for.
    pub(crate) fn headers(&self, shown: &[CertificateDer<'_>]) -> Option<HeaderMap> {
        let told = match self {
            Self::Unasked => return None,
            Self::Passthrough => passed_through(shown),
            Self::Verify(_) => shown.first().and_then(verified).unwrap_or_default(),
        };
        let value = |text: String| HeaderValue::try_from(text).ok();
        Some(told.into_iter().filter_map(|(name, text)| Some((name, value(text)?))).collect())
    }
}

/// Puts what is known of a client into its request, under the names that listener attributes give; what it
/// says of itself in their place is not passed on.
pub(crate) fn forward(headers: &mut HeaderMap, told: &HeaderMap, attributes: &Attributes) {
    for name in HEADERS {
        let attribute = name.as_str().replace('-', "_");
        let given = attributes.text(&format!("routing.http.request.{attribute}.header_name"));
        let given = given.and_then(|text| HeaderName::try_from(text).ok());
        let value = told.get(&name).cloned();
        headers.remove(&name);
        let name = given.unwrap_or(name);
        headers.remove(&name);
        if let Some(value) = value {
            headers.insert(name, value);
        }
    }
}

fn verifier(pem: &str) -> Option<Arc<dyn ClientCertVerifier>> {
    let mut roots = RootCertStore::empty();
    let certificates = CertificateDer::pem_slice_iter(pem.as_bytes());
    roots.add_parsable_certificates(certificates.filter_map(Result::ok));
    let provider = Arc::new(ring::default_provider());
    let built = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider).build();
    built.ok().map(|verifier| verifier as Arc<dyn ClientCertVerifier>)
}

fn passed_through(shown: &[CertificateDer<'_>]) -> Vec<(HeaderName, String)> {
    let chain: String = shown.iter().map(|one| text(one)).collect();
    if chain.is_empty() { Vec::new() } else { vec![(HEADERS[0].clone(), encoded(&chain))] }
}

fn verified(leaf: &CertificateDer<'_>) -> Option<Vec<(HeaderName, String)>> {
    let (_, parsed) = X509Certificate::from_der(leaf).ok()?;
    let at = |time: i64| jiff::Timestamp::from_second(time).map(|it| it.to_string()).ok();
    let validity = parsed.validity();
    let (from, to) = (validity.not_before.timestamp(), validity.not_after.timestamp());
    let texts = [
        hex::encode_upper(parsed.raw_serial()),
        distinguished(parsed.issuer()),
        distinguished(parsed.subject()),
        format!("NotBefore={};NotAfter={}", at(from)?, at(to)?),
        encoded(&text(leaf)),
    ];
    Some(HEADERS[1..].iter().cloned().zip(texts).collect())
}

/// A name as RFC 2253 writes it: the last part first.
fn distinguished(name: &X509Name<'_>) -> String {
    let part = |attribute: &x509_parser::x509::AttributeTypeAndValue<'_>| {
        let kind = attribute.attr_type();
        let known = x509_parser::objects::oid2abbrev(kind, x509_parser::objects::oid_registry());
        let kind = known.map_or_else(|_| kind.to_id_string(), str::to_owned);
        format!("{kind}={}", escaped(attribute.as_str().unwrap_or_default()))
    };
    let parts = name.iter().map(|set| set.iter().map(part).collect::<Vec<_>>().join("+"));
    let mut parts: Vec<String> = parts.collect();
    parts.reverse();
    parts.join(",")
}

/// Characters that mean something in a name stand behind a backslash (RFC 2253 section 2.4).
fn escaped(value: &str) -> String {
    let mut text = String::new();
    for (at, letter) in value.char_indices() {
        let edge = at == 0 || at + letter.len_utf8() == value.len();
        let special = ",+\"\\<>;".contains(letter) || (letter == '#' && at == 0);
        if special || (letter == ' ' && edge) {
            text.push('\\');
        }
        text.push(letter);
    }
    text
}

fn text(certificate: &CertificateDer<'_>) -> String {
    let unix = EncodeConfig::new().set_line_ending(LineEnding::LF);
    pem::encode_config(&Pem::new("CERTIFICATE", certificate.as_ref()), unix)
}

fn encoded(text: &str) -> String {
    utf8_percent_encode(text, SAFE).to_string()
}

/// Judges clients' certificates; without a trust store any will do, and none as well.
#[derive(Debug)]
struct Doorkeeper {
    provider: CryptoProvider,
    trust: Option<Trust>,
}

impl Doorkeeper {
    /// The same question at a time at which the certificate was good.
    fn in_its_time(
        by: &dyn ClientCertVerifier,
        leaf: &CertificateDer<'_>,
        chain: &[CertificateDer<'_>],
    ) -> Result<ClientCertVerified, rustls::Error> {
        let unreadable = || rustls::Error::InvalidCertificate(CertificateError::BadEncoding);
        let (_, parsed) = X509Certificate::from_der(leaf).map_err(|_| unreadable())?;
        let end = u64::try_from(parsed.validity().not_after.timestamp());
        let end = end.map_err(|_| unreadable())?;
        let then = UnixTime::since_unix_epoch(Duration::from_secs(end.saturating_sub(1)));
        by.verify_client_cert(leaf, chain, then)
    }
}

impl ClientCertVerifier for Doorkeeper {
    fn client_auth_mandatory(&self) -> bool {
        self.trust.is_some()
    }

    fn root_hint_subjects(&self) -> &[DistinguishedName] {
        let trust = self.trust.as_ref().filter(|trust| trust.advertise);
        trust.and_then(|trust| trust.by.as_ref()).map_or(&[], |by| by.root_hint_subjects())
    }

    fn verify_client_cert(
        &self,
        leaf: &CertificateDer<'_>,
        chain: &[CertificateDer<'_>],
        now: UnixTime,
    ) -> Result<ClientCertVerified, rustls::Error> {
        let Some(trust) = &self.trust else { return Ok(ClientCertVerified::assertion()) };
        let Some(by) = &trust.by else {
            return Err(rustls::Error::InvalidCertificate(CertificateError::UnknownIssuer));
        };
        let expired = |error: &rustls::Error| {
            let rustls::Error::InvalidCertificate(why) = error else { return false };
            matches!(why, CertificateError::Expired | CertificateError::ExpiredContext { .. })
        };
        match by.verify_client_cert(leaf, chain, now) {
            Err(error) if trust.ignore_expiry && expired(&error) => {
                Self::in_its_time(&**by, leaf, chain)
            }
            answer => answer,
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        verify_tls12_signature(message, certificate, signed, algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        verify_tls13_signature(message, certificate, signed, algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider.signature_verification_algorithms.supported_schemes()
    }
}
