//! TLS with certificates from the account, HTTP/2 on both sides, websockets, and network load balancers.

use std::net::SocketAddr;
use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use futures::{SinkExt, StreamExt};
use http::Request;
use http_body_util::Full;
use inroad_emulator::elbv2::State;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use rustls::{ClientConfig, RootCertStore, ServerConfig};
use serde_json::json;
use tokio::net::TcpStream;
use tokio_rustls::client::TlsStream;
use tokio_rustls::{TlsAcceptor, TlsConnector};
use tokio_tungstenite::tungstenite::Message;

use crate::client::{exchange, exchange_http2, request};
use crate::lab::{Lab, echo_backend, forward, free_socket, paths, quick};

/// Imports a self-signed certificate into ACM; its ARN and its PEM.
pub(crate) fn certificate(lab: &Lab, names: &[&str]) -> (String, String) {
    let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
    let made = rcgen::generate_simple_self_signed(names).expect("a certificate");
    let pem = made.cert.pem();
    let base64 = |text: &str| STANDARD.encode(text);
    let key = made.signing_key.serialize_pem();
    let input = json!({"Certificate": base64(&pem), "PrivateKey": base64(&key)});
    let answer = lab.emulator.call("acm", "ImportCertificate", &input).expect("it is imported");
    (answer["CertificateArn"].as_str().expect("an ARN").to_owned(), pem)
}

/// A TLS client that trusts `pems` and nothing else.
async fn tls(
    to: SocketAddr,
    name: &str,
    pems: &[&String],
    alpn: &[&str],
) -> std::io::Result<TlsStream<TcpStream>> {
    let mut roots = RootCertStore::empty();
    for pem in pems {
        roots.add(CertificateDer::from_pem_slice(pem.as_bytes()).expect("PEM")).expect("a root");
    }
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let mut config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .expect("default versions")
        .with_root_certificates(roots)
        .with_no_client_auth();
    config.alpn_protocols = alpn.iter().map(|name| name.as_bytes().to_vec()).collect();
    let stream = TcpStream::connect(to).await?;
    let name = ServerName::try_from(name.to_owned()).expect("a name");
    TlsConnector::from(Arc::new(config)).connect(name, stream).await
}

#[tokio::test]
async fn a_listener_shows_the_certificate_for_the_name_and_speaks_http2() {
    let lab = Lab::start(quick()).await;
    lab.balancer("web", "application");
    lab.group("app", json!({}));
    lab.pod("app", "app-1").await;
    let (default, plain) = certificate(&lab, &["default.example.com"]);
    let (second, wild) = certificate(&lab, &["*.example.com"]);
    let (third, exact) = certificate(&lab, &["shop.example.com"]);
    let certificates = [default, second, third];
    lab.secure_listener("web", (18443, "HTTPS"), forward("app"), &certificates);
    lab.ready().await;
    let to = lab.socket("web", 18443);

    for (name, expected) in [
        ("shop.example.com", &exact),
        ("other.example.com", &wild),
        ("default.example.com", &plain),
    ] {
        for pem in [&plain, &wild, &exact] {
            let trusted = tls(to, name, &[pem], &[]).await.is_ok();
            assert_eq!(trusted, pem == expected, "{name}");
        }
    }
    let stream = tls(to, "shop.example.com", &[&exact], &["h2", "http/1.1"]).await.expect("TLS");
    assert_eq!(stream.get_ref().1.alpn_protocol(), Some(&b"h2"[..]));
    let uri = "https://shop.example.com/x?y";
    let two = Request::get(uri).header("cookie", "a=1").header("cookie", "b=2");
    let two = two.body(Full::<Bytes>::default()).expect("a request");
    let seen = exchange_http2(stream, two).await.json();
    assert_eq!((&seen["host"], &seen["path"]), (&json!("shop.example.com:18443"), &json!("/x")));
    assert_eq!(seen["headers"]["x-forwarded-proto"], "https");
    assert_eq!(seen["headers"]["cookie"], "a=1; b=2");

    lab.balancer_attributes("web", &[("routing.http2.enabled", "false")]);
    let stream = tls(to, "shop.example.com", &[&exact], &["h2", "http/1.1"]).await.expect("TLS");
    assert_eq!(stream.get_ref().1.alpn_protocol(), Some(&b"http/1.1"[..]));
    assert_eq!(exchange(stream, request("shop.example.com/")).await.pod(), "app-1");
}

#[tokio::test]
async fn target_groups_speak_their_protocol_version() {
    let lab = Lab::start(quick()).await;
    lab.balancer("web", "application");
    lab.group("app", json!({"ProtocolVersion": "HTTP2"}));
    lab.pod("app", "app-1").await;
    let (arn, pem) = certificate(&lab, &["a.example.com"]);
    lab.secure_listener("web", (18443, "HTTPS"), forward("app"), &[arn]);
    lab.ready().await;
    let to = lab.socket("web", 18443);
    let stream = tls(to, "a.example.com", &[&pem], &["h2"]).await.expect("TLS");
    let post =
        Request::post("https://a.example.com/p").body(Full::from("body")).expect("a request");
    let seen = exchange_http2(stream, post).await.json();
    assert_eq!((&seen["method"], &seen["path"]), (&json!("POST"), &json!("/p")));
    assert_eq!(seen["host"], "a.example.com:18443");
    let stream = tls(to, "a.example.com", &[&pem], &["http/1.1"]).await.expect("TLS");
    assert_eq!(exchange(stream, request("a.example.com/")).await.status, 464);

    let url = "https://id.example.com/";
    let oidc = json!({"Issuer": url, "AuthorizationEndpoint": url, "TokenEndpoint": url,
        "UserInfoEndpoint": url, "ClientId": "c", "ClientSecret": "s"});
    let actions = json!([
        {"Type": "forward", "Order": 2, "TargetGroupArn": "app"},
        {"Type": "authenticate-oidc", "Order": 1, "AuthenticateOidcConfig": oidc},
    ]);
    let rule = json!({"Conditions": [paths(&["/login"])], "Actions": actions});
    lab.rule("web/18443", 1, rule);
    let stream = tls(to, "a.example.com", &[&pem], &["http/1.1"]).await.expect("TLS");
    let login = exchange(stream, request("a.example.com/login")).await;
    assert_eq!(login.status, 500);
    assert!(login.body.starts_with(b"AuthenticateOidc is not served"), "{:?}", login.body);
}

/// A backend that speaks TLS with a certificate that nobody trusts.
async fn secure_backend() -> SocketAddr {
    let made = rcgen::generate_simple_self_signed(["nobody.invalid".to_owned()]).expect("a key");
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let key = PrivateKeyDer::from_pem_slice(made.signing_key.serialize_pem().as_bytes());
    let config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .expect("default versions")
        .with_no_client_auth()
        .with_single_cert(vec![made.cert.der().clone()], key.expect("a key"))
        .expect("certificate and key belong together");
    let (listener, socket) = free_socket().await;
    let inner = echo_backend("app", "secure-1").await;
    let acceptor = TlsAcceptor::from(Arc::new(config));
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let Ok(mut outer) = acceptor.accept(stream).await else { continue };
            let mut inner = TcpStream::connect(inner).await.expect("the backend is there");
            tokio::spawn(async move {
                let _ = tokio::io::copy_bidirectional(&mut outer, &mut inner).await;
            });
        }
    });
    socket
}

#[tokio::test]
async fn https_target_groups_take_any_certificate() {
    let lab = Lab::start(quick()).await;
    lab.balancer("web", "application");
    lab.group("app", json!({"Protocol": "HTTPS", "HealthCheckProtocol": "HTTPS"}));
    lab.register("app", secure_backend().await);
    // One that does not speak TLS is no target for such a group.
    lab.pod("app", "plain-1").await;
    lab.listener("web", 18080, "HTTP", forward("app"));
    lab.ready().await;
    assert_eq!(lab.states("app"), [State::Healthy, State::Unhealthy]);
    let stream = TcpStream::connect(lab.socket("web", 18080)).await.expect("open");
    assert_eq!(exchange(stream, request("a.example.com/")).await.pod(), "secure-1");
}

#[tokio::test]
async fn grpc_reaches_a_grpc_target_group_and_its_health_checks_are_grpc() {
    let lab = Lab::start(quick()).await;
    lab.balancer("web", "application");
    let grpc = json!({"ProtocolVersion": "GRPC", "Matcher": {"GrpcCode": "0-99"},
        "HealthCheckPath": "/AWS.ALB/healthcheck"});
    lab.group("app", grpc);
    lab.pod("app", "app-1").await;
    let (arn, pem) = certificate(&lab, &["a.example.com"]);
    lab.secure_listener("web", (18443, "HTTPS"), forward("app"), &[arn]);
    lab.ready().await;
    assert_eq!(lab.states("app"), [State::Healthy]);
    let to = lab.socket("web", 18443);
    let call = |kind: &str| {
        let call = Request::post("https://a.example.com/shop.Cart/Get").header("te", "trailers");
        call.header("content-type", kind).body(Full::from("")).expect("a request")
    };
    let stream = tls(to, "a.example.com", &[&pem], &["h2"]).await.expect("TLS");
    let reply = exchange_http2(stream, call("application/grpc")).await;
    assert_eq!(reply.header("grpc-status"), "12");
    assert_eq!(reply.header("grpc-message"), "shop/app app-1");
    // A matcher that the answer does not meet.
    let input = json!({"TargetGroupArn": "app", "Matcher": {"GrpcCode": "0"}});
    lab.elb("ModifyTargetGroup", input);
    lab.until(|lab| lab.states("app") == [State::Unhealthy]).await;
}

#[tokio::test]
async fn websockets_pass_through_a_load_balancer() {
    let lab = Lab::start(quick()).await;
    lab.balancer("web", "application");
    lab.group("app", json!({}));
    lab.pod("app", "app-1").await;
    lab.listener("web", 18080, "HTTP", forward("app"));
    lab.ready().await;
    let stream = TcpStream::connect(lab.socket("web", 18080)).await.expect("open");
    let (mut socket, answer) =
        tokio_tungstenite::client_async("ws://a.example.com/chat", stream).await.expect("a switch");
    assert_eq!(answer.status(), 101);
    for text in ["one", "two"] {
        socket.send(Message::text(text)).await.expect("a writer");
        let echoed = socket.next().await.expect("an echo").expect("a message");
        assert_eq!(echoed, Message::text(text));
    }
}

#[tokio::test]
async fn network_load_balancers_carry_bytes_with_and_without_tls() {
    let lab = Lab::start(quick()).await;
    lab.balancer("net", "network");
    lab.group(
        "tcp",
        json!({"Protocol": "TCP", "ProtocolVersion": null, "HealthCheckProtocol": "TCP",
        "HealthCheckPath": null, "Matcher": null}),
    );
    lab.pod("tcp", "tcp-1").await;
    lab.listener("net", 18081, "TCP", forward("tcp"));
    let (arn, pem) = certificate(&lab, &["net.example.com"]);
    lab.secure_listener("net", (18444, "TLS"), forward("tcp"), &[arn]);
    lab.group("udp", json!({"Protocol": "UDP"}));
    lab.listener("net", 18082, "UDP", forward("udp"));
    lab.ready().await;
    let stream = TcpStream::connect(lab.socket("net", 18081)).await.expect("open");
    let seen = exchange(stream, request("a.b/x")).await.json();
    assert_eq!((&seen["pod"], &seen["host"]), (&json!("tcp-1"), &json!("a.b")));
    assert_eq!(seen["headers"]["x-forwarded-for"], json!(null));
    let to = lab.socket("net", 18444);
    let stream = tls(to, "net.example.com", &[&pem], &[]).await.expect("TLS");
    assert_eq!(exchange(stream, request("a.b/x")).await.pod(), "tcp-1");

    // A load balancer is a target too, by its ARN.
    lab.balancer("web", "application");
    lab.group("app", json!({}));
    lab.pod("app", "app-1").await;
    lab.listener("web", 18080, "HTTP", forward("app"));
    lab.group("alb", json!({"Protocol": "TCP", "Port": 18080, "TargetType": "alb"}));
    lab.listener("net", 18083, "TCP", forward("alb"));
    lab.elb("RegisterTargets", json!({"TargetGroupArn": "alb", "Targets": [{"Id": "lb/web"}]}));
    lab.ready().await;
    let stream = TcpStream::connect(lab.socket("net", 18083)).await.expect("open");
    let seen = exchange(stream, request("a.b/x")).await.json();
    assert_eq!(
        (&seen["pod"], &seen["headers"]["x-forwarded-port"]),
        (&json!("app-1"), &json!("18080"))
    );

    let endpoint = lab.endpoint("net");
    let udp = endpoint.listeners.iter().find(|listener| listener.port == 18082).expect("named");
    assert_eq!(udp.error.as_deref(), Some("UDP is not served locally"));
}
