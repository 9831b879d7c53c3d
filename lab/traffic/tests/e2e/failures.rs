//! What clients see when there is nobody, nobody healthy, or nothing sensible behind a rule.

use std::time::{Duration, Instant};

use inroad_emulator::elbv2::State;
use jiff::SignedDuration;
use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use crate::client::{get, request, send};
use crate::lab::{Lab, forward, free_socket, paths, quick};

/// A target that answers whatever comes with `answer`, and then closes.
async fn says(lab: &Lab, group: &str, answer: &'static [u8]) {
    let (listener, socket) = free_socket().await;
    lab.register(group, socket);
    tokio::spawn(async move {
        loop {
            let (mut stream, _) = listener.accept().await.expect("a client");
            let mut request = [0; 4096];
            let _ = stream.read(&mut request).await;
            let _ = stream.write_all(answer).await;
        }
    });
}

#[tokio::test]
async fn each_failure_has_its_status() {
    let lab = Lab::start(quick()).await;
    lab.balancer("web", "application");
    lab.balancer_attributes("web", &[("idle_timeout.timeout_seconds", "1")]);
    lab.group("none", json!({}));
    lab.listener("web", 18080, "HTTP", forward("none"));
    let groups = ["empty", "refuses", "garbage", "hangs-up", "silent", "nowhere", "half"];
    for (group, priority) in groups.into_iter().zip(1..) {
        lab.group_of_survivors(group);
        let rule =
            json!({"Conditions": [paths(&[&format!("/{group}")])], "Actions": forward(group)});
        lab.rule("web/18080", priority, rule);
    }
    let (listener, refusing) = free_socket().await;
    drop(listener);
    lab.register("refuses", refusing);
    says(&lab, "garbage", b"\x15\x03\x01 what?\r\n\r\n").await;
    says(&lab, "hangs-up", b"").await;
    says(&lab, "half", b"HTTP/1.1 200 OK\r\nContent-Le").await;
    let (_silent, socket) = free_socket().await;
    lab.register("silent", socket);
    let nowhere = lab.register("nowhere", socket);
    lab.routes.set(nowhere, 8080, Vec::new());
    lab.ready().await;
    let to = lab.socket("web", 18080);

    for (path, status, title) in [
        ("empty", 503, "503 Service Temporarily Unavailable"),
        ("refuses", 502, "502 Bad Gateway"),
        ("garbage", 502, "502 Bad Gateway"),
        ("hangs-up", 502, "502 Bad Gateway"),
        ("half", 502, "502 Bad Gateway"),
        ("nowhere", 504, "504 Gateway Time-out"),
        ("silent", 504, "504 Gateway Time-out"),
    ] {
        let started = Instant::now();
        let reply = get(to, &format!("a.b/{path}")).await;
        assert_eq!(reply.status, status, "{path}");
        let page = String::from_utf8_lossy(&reply.body).into_owned();
        assert!(page.contains(&format!("<center><h1>{title}</h1></center>")), "{path}: {page}");
        assert_eq!(
            (reply.header("server"), reply.header("content-type")),
            ("awselb/2.0".into(), "text/html".into())
        );
        let waited = started.elapsed() >= Duration::from_secs(1);
        assert_eq!(waited, path == "silent", "{path}: {:?}", started.elapsed());
    }
    let chain = vec!["10.0.0.1"; 31].join(", ");
    let crowd = send(to, request("a.b/empty").header("x-forwarded-for", chain)).await;
    assert_eq!(crowd.status, 463);
    assert_eq!(send(to, request("a.b/empty").method("TRACE")).await.status, 405);
}

#[tokio::test]
async fn health_decides_who_serves_and_all_serve_when_nobody_is_healthy() {
    let lab = Lab::start(quick()).await;
    lab.balancer("web", "application");
    lab.group("app", json!({}));
    lab.listener("web", 18080, "HTTP", forward("app"));
    let good = lab.pod("app", "good").await;
    let answer =
        b"HTTP/1.1 500 Oops\r\nContent-Length: 14\r\nConnection: close\r\n\r\n{\"pod\":\"sick\"}";
    says(&lab, "app", answer).await;
    lab.ready().await;
    let to = lab.socket("web", 18080);
    assert_eq!(lab.states("app"), [State::Healthy, State::Unhealthy]);
    assert_eq!(lab.health("app")[1].reason.as_deref(), Some("Target.ResponseCodeMismatch"));
    for _ in 0..6 {
        assert_eq!(get(to, "a.b/").await.pod(), "good");
    }
    // The good one dies: after its threshold it is unhealthy too, and both get requests again.
    lab.routes.set(good, 8080, Vec::new());
    lab.until(|lab| lab.states("app") == [State::Unhealthy, State::Unhealthy]).await;
    let mut statuses = std::collections::BTreeSet::new();
    for _ in 0..6 {
        statuses.insert(get(to, "a.b/").await.status.as_u16());
    }
    assert_eq!(statuses.into_iter().collect::<Vec<_>>(), [500, 504]);
}

#[tokio::test]
async fn a_draining_target_ends_what_it_has_and_gets_nothing_new() {
    let lab = Lab::start(quick()).await;
    lab.balancer("web", "application");
    lab.group_of_survivors("app");
    lab.listener("web", 18080, "HTTP", forward("app"));
    let (listener, socket) = free_socket().await;
    let target = lab.register("app", socket);
    lab.ready().await;
    let to = lab.socket("web", 18080);
    let asked = tokio::spawn(async move { get(to, "a.b/slow").await });
    let (mut stream, _) = listener.accept().await.expect("the slow request arrives");
    let mut head = [0; 4096];
    assert!(stream.read(&mut head).await.expect("a request") > 0);
    lab.deregister("app", &target);
    assert_eq!(lab.states("app"), [State::Draining]);
    assert_eq!(get(to, "a.b/new").await.status, 503);
    let answer = b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\ndone";
    stream.write_all(answer).await.expect("the load balancer still listens");
    let reply = asked.await.expect("no panic");
    assert_eq!((reply.status.as_u16(), &reply.body[..]), (200, &b"done"[..]));
    lab.emulator.advance(SignedDuration::from_secs(301));
    assert_eq!(lab.states("app"), [], "draining has taken its time");
}
