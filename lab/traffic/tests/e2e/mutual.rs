//! Mutual TLS: who comes in at a listener, and what its targets are told of them.

use std::sync::Arc;

use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair, date_time_ymd};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

use crate::client::request;
use crate::lab::{Lab, forward, quick};
use crate::secure::certificate;

const STORE: &str =
    "arn:aws:elasticloadbalancing:us-west-2:000000000000:truststore/staff/0123456789abcdef";
const NAME: &str = "a.example.com";

/// Somebody who issues certificates.
struct Authority {
    pem: String,
    issuer: Issuer<'static, KeyPair>,
}

/// A certificate with its key.
type Identity = (CertificateDer<'static>, PrivateKeyDer<'static>);

impl Authority {
    fn new(name: &str) -> Self {
        let mut params = named(name, 2099);
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let key = KeyPair::generate().expect("a key");
        let pem = params.self_signed(&key).expect("a certificate").pem();
        Self { pem, issuer: Issuer::new(params, key) }
    }

    /// A certificate that runs out when this year begins.
    fn issue(&self, name: &str, until: i32) -> Identity {
        let key = KeyPair::generate().expect("a key");
        let made = named(name, until).signed_by(&key, &self.issuer).expect("a certificate");
        let key = PrivateKeyDer::from_pem_slice(key.serialize_pem().as_bytes()).expect("PEM");
        (made.der().clone(), key)
    }
}

fn named(name: &str, until: i32) -> CertificateParams {
    let mut params = CertificateParams::new(Vec::new()).expect("no names to be wrong");
    params.distinguished_name = rcgen::DistinguishedName::new();
    params.distinguished_name.push(DnType::CountryName, "DE");
    params.distinguished_name.push(DnType::OrganizationName, "Shop, Inc");
    params.distinguished_name.push(DnType::CommonName, name);
    (params.not_before, params.not_after) = (date_time_ymd(2020, 1, 1), date_time_ymd(until, 1, 1));
    params
}

/// The headers that the target got; `None` where the client was not let in.
async fn ask(lab: &Lab, server: &str, identity: Option<&Identity>) -> Option<Value> {
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from_pem_slice(server.as_bytes()).expect("PEM")).expect("a root");
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let builder = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .expect("default versions")
        .with_root_certificates(roots);
    let config = match identity {
        Some((leaf, key)) => builder
            .with_client_auth_cert(vec![leaf.clone()], key.clone_key())
            .expect("certificate and key fit"),
        None => builder.with_no_client_auth(),
    };
    let stream = TcpStream::connect(lab.socket("web", 18443)).await.expect("it is open");
    let name = ServerName::try_from(NAME).expect("a name");
    let stream = TlsConnector::from(Arc::new(config)).connect(name, stream).await.ok()?;
    // With TLS 1.3 it is the first answer that tells whether the server liked the certificate.
    let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await.ok()?;
    tokio::spawn(connection);
    let forged = request("a.example.com/").header("x-amzn-mtls-clientcert-subject", "CN=forged");
    let forged = forged.body(Full::<Bytes>::default()).expect("a request");
    let answer = sender.send_request(forged).await.ok()?;
    let body = answer.into_body().collect().await.ok()?.to_bytes();
    let told: Value = serde_json::from_slice(&body).expect("the echo's JSON");
    Some(told["headers"].clone())
}

fn mutual(lab: &Lab, how: Value) {
    let input = json!({ "ListenerArn": "web/18443", "MutualAuthentication": how });
    lab.elb("ModifyListener", input);
}

async fn stand(trusted: &Authority) -> (Lab, String) {
    let lab = Lab::start(quick()).await;
    lab.balancer("web", "application");
    lab.group("app", json!({}));
    lab.pod("app", "app-1").await;
    let (arn, server) = certificate(&lab, &[NAME]);
    lab.secure_listener("web", (18443, "HTTPS"), forward("app"), &[arn]);
    let store = json!({ "Name": "staff", "TrustStoreArn": STORE, "Status": "ACTIVE",
                        "CaCertificatesBundle": trusted.pem });
    let store = serde_json::from_value(store).expect("a trust store");
    lab.emulator.account().elbv2.trust_stores.insert(STORE.into(), store);
    lab.ready().await;
    (lab, server)
}

#[tokio::test]
async fn only_who_the_trust_store_vouches_for_comes_in() {
    let (ours, theirs) = (Authority::new("ours"), Authority::new("theirs"));
    let (lab, server) = stand(&ours).await;
    let (good, late) = (ours.issue("ada", 2099), ours.issue("bob", 2021));
    let foreign = theirs.issue("eve", 2099);
    let verify = |ignore: bool| json!({ "Mode": "verify", "TrustStoreArn": STORE, "IgnoreClientCertificateExpiry": ignore });
    for (how, let_in) in [
        (json!({ "Mode": "off" }), [true, true, true, true]),
        (verify(false), [false, true, false, false]),
        (verify(true), [false, true, true, false]),
        (json!({ "Mode": "passthrough" }), [true, true, true, true]),
    ] {
        mutual(&lab, how.clone());
        for (who, wanted) in [None, Some(&good), Some(&late), Some(&foreign)].iter().zip(let_in) {
            assert_eq!(ask(&lab, &server, *who).await.is_some(), wanted, "{how}");
        }
    }
}

#[tokio::test]
async fn targets_are_told_of_the_certificate_and_not_what_a_client_says_of_itself() {
    let ours = Authority::new("ours");
    let (lab, server) = stand(&ours).await;
    let ada = ours.issue("ada", 2099);
    mutual(&lab, json!({ "Mode": "verify", "TrustStoreArn": STORE }));
    let told = ask(&lab, &server, Some(&ada)).await.expect("she comes in");
    assert_eq!(told["x-amzn-mtls-clientcert-subject"], r"CN=ada,O=Shop\, Inc,C=DE");
    assert_eq!(told["x-amzn-mtls-clientcert-issuer"], r"CN=ours,O=Shop\, Inc,C=DE");
    let validity = "NotBefore=2020-01-01T00:00:00Z;NotAfter=2099-01-01T00:00:00Z";
    assert_eq!(told["x-amzn-mtls-clientcert-validity"], validity);
    let serial = told["x-amzn-mtls-clientcert-serial-number"].as_str().unwrap_or_default();
    assert!(!serial.is_empty() && serial.bytes().all(|it| it.is_ascii_hexdigit()), "{serial}");
    let leaf = told["x-amzn-mtls-clientcert-leaf"].as_str().unwrap_or_default();
    let start = "-----BEGIN%20CERTIFICATE-----%0A";
    assert!(leaf.starts_with(start) && leaf.ends_with("-----END%20CERTIFICATE-----%0A"), "{leaf}");
    assert_eq!(told["x-amzn-mtls-clientcert"], Value::Null);

    let rename = json!({ "ListenerArn": "web/18443", "Attributes": [
        { "Key": "routing.http.request.x_amzn_mtls_clientcert.header_name", "Value": "x-chain" },
    ] });
    lab.elb("ModifyListenerAttributes", rename);
    mutual(&lab, json!({ "Mode": "passthrough" }));
    let told = ask(&lab, &server, Some(&ada)).await.expect("anybody comes in");
    assert_eq!(told["x-chain"], json!(leaf), "the leaf is the whole chain");
    assert_eq!(told["x-amzn-mtls-clientcert-subject"], Value::Null);
    let told = ask(&lab, &server, None).await.expect("so does who has none");
    assert_eq!(told["x-chain"], Value::Null);

    mutual(&lab, json!({ "Mode": "off" }));
    let told = ask(&lab, &server, Some(&ada)).await.expect("nobody is asked");
    assert_eq!(told["x-amzn-mtls-clientcert-subject"], "CN=forged", "it is a header as any other");
}
