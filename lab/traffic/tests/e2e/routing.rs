//! Which rule catches a request, and what it does with it.

use serde_json::json;
use tokio::net::TcpStream;

use crate::client::{exchange_body, get, request, send};
use crate::lab::{Lab, fixed, forward, hosts, paths, quick, weighted};

#[tokio::test]
async fn the_first_rule_by_priority_answers() {
    let lab = Lab::start(quick()).await;
    lab.balancer("web", "application");
    for group in ["cart", "shop"] {
        lab.group(group, json!({}));
        lab.pod(group, group).await;
    }
    lab.listener("web", 18080, "HTTP", fixed("404", "nobody"));
    let rule = |priority, conditions, actions| {
        let rule = json!({"Conditions": conditions, "Actions": actions});
        lab.rule("web/18080", priority, rule);
    };
    rule(20, json!([hosts(&["shop.example.com"])]), forward("shop"));
    rule(10, json!([hosts(&["shop.example.com"]), paths(&["/cart", "/cart/*"])]), forward("cart"));
    let tenant = json!({"Field": "http-header",
        "HttpHeaderConfig": {"HttpHeaderName": "X-Tenant", "Values": ["blue"]}});
    rule(5, json!([tenant]), fixed("200", "blue"));
    let to = json!({"Protocol": "HTTPS", "Port": "443", "StatusCode": "HTTP_302"});
    rule(
        30,
        json!([hosts(&["*.old.example.com"])]),
        json!([{"Type": "redirect", "RedirectConfig": to}]),
    );
    lab.ready().await;
    let to = lab.socket("web", 18080);

    for (url, pod) in [
        ("shop.example.com/", "shop"),
        ("SHOP.example.com:18080/cartoon", "shop"),
        ("shop.example.com/cart", "cart"),
        ("shop.example.com/cart/7?q=1", "cart"),
    ] {
        assert_eq!(get(to, url).await.pod(), pod, "{url}");
    }
    let blue = send(to, request("shop.example.com/cart").header("x-tenant", "Blue")).await;
    assert_eq!((blue.status.as_u16(), &blue.body[..]), (200, &b"blue"[..]));
    let nobody = get(to, "other.example.com/").await;
    assert_eq!(nobody.status, 404);
    assert_eq!(nobody.header("content-type"), "text/plain; charset=utf-8");
    assert_eq!(nobody.header("server"), "awselb/2.0");
    let moved = get(to, "a.old.example.com/x?y=z").await;
    assert_eq!(moved.status, 302);
    assert_eq!(moved.header("location"), "https://a.old.example.com:443/x?y=z");
    // A call that has returned is obeyed by the next request.
    lab.elb("DeleteRule", json!({"RuleArn": "web/18080#10"}));
    assert_eq!(get(to, "shop.example.com/cart").await.pod(), "shop");
}

#[tokio::test]
async fn the_target_sees_what_an_alb_tells_it() {
    let lab = Lab::start(quick()).await;
    lab.balancer("web", "application");
    lab.group("app", json!({}));
    lab.pod("app", "app-1").await;
    lab.listener("web", 18080, "HTTP", forward("app"));
    let rewrites =
        |regex: &str, replace: &str| json!({"Rewrites": [{"Regex": regex, "Replace": replace}]});
    lab.rule(
        "web/18080",
        1,
        json!({"Conditions": [paths(&["/api/*"])], "Actions": forward("app"), "Transforms": [
            {"Type": "url-rewrite", "UrlRewriteConfig": rewrites("^/api/(.*)$", "/v2/$1")},
            {"Type": "host-header-rewrite", "HostHeaderRewriteConfig": rewrites("^.*$", "in.local")},
        ]}),
    );
    lab.ready().await;
    let to = lab.socket("web", 18080);

    let plain = request("a.example.com/x%20y?q=%2F&r").header("x-forwarded-for", "192.0.2.1");
    let seen = send(to, plain.header("te", "gzip").header("x-app", "1")).await.json();
    assert_eq!(seen["service"], "shop/app");
    assert_eq!((&seen["path"], &seen["query"]), (&json!("/x%20y"), &json!("q=%2F&r")));
    assert_eq!(seen["host"], "a.example.com:18080");
    let headers = &seen["headers"];
    assert_eq!(headers["x-forwarded-for"], "192.0.2.1, 127.0.0.1");
    assert_eq!(headers["x-forwarded-proto"], "http");
    assert_eq!(headers["x-forwarded-port"], "18080");
    assert_eq!((&headers["x-app"], &headers["te"]), (&json!("1"), &json!(null)));
    let trace = headers["x-amzn-trace-id"].as_str().expect("a trace id");
    assert_eq!((trace.len(), &trace[..7]), ("Root=1-12345678-".len() + 24, "Root=1-"));

    let stream = TcpStream::connect(to).await.expect("open");
    let upload = request("a.example.com/upload").method("POST");
    let large = exchange_body(stream, upload, vec![b'x'; 3_000_000].into()).await.json();
    assert_eq!((&large["method"], &large["path"]), (&json!("POST"), &json!("/upload")));
    assert_eq!(large["headers"]["content-length"], "3000000");

    let rewritten = get(to, "a.example.com/api/items?q=1").await.json();
    assert_eq!((&rewritten["path"], &rewritten["query"]), (&json!("/v2/items"), &json!("q=1")));
    assert_eq!(rewritten["host"], "in.local");

    let attribute = ("routing.http.preserve_host_header.enabled", "true");
    lab.balancer_attributes(
        "web",
        &[attribute, ("routing.http.xff_header_processing.mode", "remove")],
    );
    let kept = get(to, "a.example.com:99/").await.json();
    assert_eq!(kept["host"], "a.example.com:99");
    assert_eq!(kept["headers"]["x-forwarded-for"], json!(null));
}

#[tokio::test]
async fn weights_share_out_the_requests() {
    let lab = Lab::start(quick()).await;
    lab.balancer("web", "application");
    for group in ["blue", "green", "off"] {
        lab.group(group, json!({}));
        lab.pod(group, group).await;
    }
    lab.pod("green", "green").await;
    lab.listener("web", 18080, "HTTP", weighted(&[("blue", 80), ("green", 20), ("off", 0)]));
    lab.ready().await;
    let to = lab.socket("web", 18080);
    let mut counts = std::collections::BTreeMap::<String, u32>::new();
    for _ in 0..200 {
        *counts.entry(get(to, "a.b/").await.pod()).or_default() += 1;
    }
    assert_eq!(counts.values().sum::<u32>(), 200, "{counts:?}");
    assert_eq!(counts.keys().collect::<Vec<_>>(), ["blue", "green"]);
    assert!(counts["blue"].abs_diff(160) <= 4, "{counts:?}");
}
