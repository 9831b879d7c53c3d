//! TLS: the certificates of a listener as ACM holds them (in comes PEM, out goes the key for a server
//! name), and how targets are spoken to, whose certificates an ALB does not verify.

use std::collections::BTreeMap;
use std::sync::Arc;

use inroad_emulator::acm::{Certificate, Pem};
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, ring};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName, UnixTime};
use rustls::server::danger::ClientCertVerifier;
use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;
use rustls::{ClientConfig, DigitallySignedStruct, ServerConfig, SignatureScheme};

use crate::serve::Served;

/// A certificate with the names it is for.
#[derive(Debug, Clone)]
pub(crate) struct Named {
    names: Vec<String>,
    key: Arc<CertifiedKey>,
}

/// Parsed keys by certificate ARN, kept from one generation to the next with the PEM they came from.
#[derive(Debug, Default)]
pub(crate) struct Keys(BTreeMap<String, (Pem, Arc<CertifiedKey>)>);

impl Keys {
    /// The certificate ready for use; `None` while it has no key or one that cannot be read.
    pub(crate) fn named(&mut self, certificate: &Certificate) -> Option<Named> {
        let pem = certificate.pem.as_ref()?;
        let known = self.0.get(&certificate.arn).filter(|(of, _)| of == pem);
        let key = match known {
            Some((_, key)) => key.clone(),
            None => {
                let key = Arc::new(parse(pem)?);
                self.0.insert(certificate.arn.clone(), (pem.clone(), key.clone()));
                key
            }
        };
        Some(Named { names: certificate.names.clone(), key })
    }
}

fn parse(pem: &Pem) -> Option<CertifiedKey> {
    let text = format!("{}\n{}", pem.certificate, pem.chain);
    let chain = CertificateDer::pem_slice_iter(text.as_bytes()).collect::<Result<Vec<_>, _>>();
    let key = PrivateKeyDer::from_pem_slice(pem.private_key.as_bytes()).ok()?;
    CertifiedKey::from_der(chain.ok()?, key, &ring::default_provider()).ok()
}

/// The certificate for a server name: one that has it, else one whose wildcard covers it, else the
/// default, which is the first.
pub(crate) fn choose<'a>(certificates: &'a [Named], server: Option<&str>) -> Option<&'a Named> {
    let server = server.unwrap_or_default().to_ascii_lowercase();
    let wildcard = server.split_once('.').map(|(_, parent)| format!("*.{parent}"));
    let has = |wanted: &str| {
        certificates.iter().find(|c| c.names.iter().any(|name| name.eq_ignore_ascii_case(wanted)))
    };
    has(&server).or_else(|| has(&wildcard?)).or_else(|| certificates.first())
}

/// Looks the certificate up in the present state at each handshake.
#[derive(Debug)]
struct Resolver {
    served: Arc<Served>,
    listener: String,
}

impl ResolvesServerCert for Resolver {
    fn resolve(&self, hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        let model = self.served.current();
        let listener = model.listeners.get(&self.listener)?;
        choose(&listener.certificates, hello.server_name()).map(|named| named.key.clone())
    }
}

/// The server side of one listener, offering the given application protocols. Clients are asked for
/// certificates where somebody judges them.
pub(crate) fn server(
    served: &Arc<Served>,
    listener: &str,
    alpn: &[&[u8]],
    judge: Option<Arc<dyn ClientCertVerifier>>,
) -> Arc<ServerConfig> {
    let resolver = Resolver { served: served.clone(), listener: listener.to_owned() };
    let builder = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .expect("the ring provider has the default protocol versions");
    let builder = match judge {
        Some(judge) => builder.with_client_cert_verifier(judge),
        None => builder.with_no_client_auth(),
    };
    let mut config = builder.with_cert_resolver(Arc::new(resolver));
    config.alpn_protocols = alpn.iter().map(|protocol| protocol.to_vec()).collect();
    Arc::new(config)
}

/// The client side towards targets: any certificate will do, as with an ALB.
pub(crate) fn client(alpn: &[&[u8]]) -> Arc<ClientConfig> {
    let provider = Arc::new(ring::default_provider());
    let mut config = ClientConfig::builder_with_provider(provider.clone())
        .with_safe_default_protocol_versions()
        .expect("the ring provider has the default protocol versions")
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(AnyCertificate(provider)))
        .with_no_client_auth();
    config.alpn_protocols = alpn.iter().map(|protocol| protocol.to_vec()).collect();
    Arc::new(config)
}

#[derive(Debug)]
struct AnyCertificate(Arc<CryptoProvider>);

impl ServerCertVerifier for AnyCertificate {
    fn verify_server_cert(
        &self,
        _end_entity: &CertificateDer<'_>,
        _intermediates: &[CertificateDer<'_>],
        _server_name: &ServerName<'_>,
        _ocsp_response: &[u8],
        _now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        _message: &[u8],
        _cert: &CertificateDer<'_>,
        _dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        Ok(HandshakeSignatureValid::assertion())
    }

    fn verify_tls13_signature(
        &self,
        _message: &[u8],
        _cert: &CertificateDer<'_>,
        _dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        Ok(HandshakeSignatureValid::assertion())
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.signature_verification_algorithms.supported_schemes()
    }
}
