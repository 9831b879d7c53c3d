//! Clients that come back to where they were.

use std::collections::BTreeSet;

use jiff::SignedDuration;
use serde_json::json;

use crate::client::{get, request, send};
use crate::lab::{Lab, quick, weighted};

async fn lab() -> Lab {
    let lab = Lab::start(quick()).await;
    lab.balancer("web", "application");
    for group in ["blue", "green"] {
        lab.group(group, json!({}));
        for number in 1..=3 {
            lab.pod(group, &format!("{group}-{number}")).await;
        }
    }
    lab
}

#[tokio::test]
async fn a_weighted_rule_keeps_a_client_at_its_target_group() {
    let lab = lab().await;
    let mut actions = weighted(&[("blue", 1), ("green", 1)]);
    actions[0]["ForwardConfig"]["TargetGroupStickinessConfig"] =
        json!({"Enabled": true, "DurationSeconds": 100});
    lab.listener("web", 18080, "HTTP", actions);
    lab.ready().await;
    let to = lab.socket("web", 18080);
    let first = get(to, "a.b/").await;
    let group = first.json()["service"].clone();
    let cookies = first.cookies();
    assert!(cookies.starts_with("AWSALBTG=") && cookies.contains("AWSALBTGCORS="), "{cookies}");
    let mut pods = BTreeSet::new();
    for _ in 0..12 {
        let again = send(to, request("a.b/").header("cookie", &cookies)).await.json();
        assert_eq!(again["service"], group);
        pods.insert(again["pod"].to_string());
    }
    assert_eq!(pods.len(), 3, "the target itself is not sticky");
    // A stale cookie says nothing.
    lab.emulator.advance(SignedDuration::from_secs(101));
    let mut groups = BTreeSet::new();
    for _ in 0..12 {
        let stale = send(to, request("a.b/").header("cookie", &cookies)).await.json();
        groups.insert(stale["service"].to_string());
    }
    assert_eq!(groups.len(), 2);
}

#[tokio::test]
async fn a_target_group_keeps_a_client_at_its_target_while_it_serves() {
    let lab = lab().await;
    lab.group_attributes(
        "blue",
        &[("stickiness.enabled", "true"), ("stickiness.type", "lb_cookie")],
    );
    lab.listener("web", 18080, "HTTP", weighted(&[("blue", 1)]));
    lab.ready().await;
    let to = lab.socket("web", 18080);
    let first = get(to, "a.b/").await;
    let cookies = first.cookies();
    assert!(cookies.starts_with("AWSALB=") && cookies.contains("AWSALBCORS="), "{cookies}");
    for _ in 0..6 {
        let again = send(to, request("a.b/").header("cookie", &cookies)).await;
        assert_eq!(again.pod(), first.pod());
    }
    // Its target leaves: the client is taken elsewhere, and sticks there.
    lab.deregister("blue", &lab.address_of(&first.pod()));
    let moved = send(to, request("a.b/").header("cookie", &cookies)).await;
    assert_ne!(moved.pod(), first.pod());
    assert_eq!(
        send(to, request("a.b/").header("cookie", moved.cookies())).await.pod(),
        moved.pod()
    );
}

#[tokio::test]
async fn the_applications_cookie_decides_where_the_group_says_so() {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};

    let lab = lab().await;
    lab.group_of_survivors("app");
    for number in 1..=2 {
        let (listener, socket) = crate::lab::free_socket().await;
        lab.register("app", socket);
        tokio::spawn(async move {
            loop {
                let (mut stream, _) = listener.accept().await.expect("a client");
                let mut request = [0; 4096];
                let read = stream.read(&mut request).await.expect("a request");
                let set = match request[..read].starts_with(b"GET /login") {
                    true => "Set-Cookie: session=1\r\n",
                    false => "",
                };
                let body = format!("{{\"pod\":\"{number}\"}}");
                let answer =
                    format!("HTTP/1.1 200 OK\r\n{set}Content-Length: {}\r\n\r\n{body}", body.len());
                stream.write_all(answer.as_bytes()).await.expect("a reader");
            }
        });
    }
    lab.group_attributes(
        "app",
        &[
            ("stickiness.enabled", "true"),
            ("stickiness.type", "app_cookie"),
            ("stickiness.app_cookie.cookie_name", "session"),
        ],
    );
    lab.listener("web", 18080, "HTTP", weighted(&[("app", 1)]));
    lab.ready().await;
    let to = lab.socket("web", 18080);
    assert_eq!(get(to, "a.b/").await.cookies(), "", "no session yet, nothing to stick to");
    let login = get(to, "a.b/login").await;
    let cookies = login.cookies();
    assert!(cookies.starts_with("session=1; AWSALBAPP-0="), "{cookies}");
    let ours = cookies.split("; ").nth(1).expect("the second cookie").to_owned();
    for _ in 0..4 {
        let with = send(to, request("a.b/").header("cookie", &cookies)).await;
        assert_eq!(with.pod(), login.pod());
    }
    let mut without = BTreeSet::new();
    for _ in 0..4 {
        without.insert(send(to, request("a.b/").header("cookie", &ours)).await.pod());
    }
    assert_eq!(without.len(), 2, "without the application's cookie its session is over");
}
