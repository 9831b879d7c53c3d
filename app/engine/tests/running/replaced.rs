//! A load balancer takes the place of another, and both serve until names have followed.

use std::{
    collections::BTreeSet,
    time::{Duration, Instant},
};

use inroad_emulator::seed;
use serde_json::{Value, json};

use crate::objects::{cluster, ingress, service};
use crate::stand::Stand;

/// Long enough for a change of the endpoints in between.
const HANDOVER: Duration = Duration::from_secs(12);
/// Whoever has not handed over then never will.
const PATIENCE: Duration = Duration::from_secs(90);

fn web(scheme: &str) -> Value {
    let mut web = ingress("web", None, &[("a.example.com", "/", "cart")]);
    web["metadata"]["annotations"]["alb.ingress.kubernetes.io/scheme"] = json!(scheme);
    web
}

/// Schemes of the load balancers that stand, but for a stranger's.
fn schemes(stand: &Stand) -> BTreeSet<String> {
    let all = seed::snapshot(&stand.lab.emulator.account());
    let ours = list(&all["LoadBalancers"]).into_iter().filter(|it| {
        let name = it["LoadBalancerName"].as_str().unwrap_or_default();
        name.starts_with("k8s-shop-web")
    });
    ours.map(|it| it["Scheme"].as_str().unwrap_or_default().to_owned()).collect()
}

fn registered(stand: &Stand) -> Vec<usize> {
    stand.registered("k8s-shop-cart")
}

fn list(value: &Value) -> Vec<Value> {
    value.as_array().cloned().unwrap_or_default()
}

#[tokio::test]
async fn both_generations_hold_the_targets_while_both_stand() {
    let mut stand = Stand::new(cluster().into_iter().chain(service("cart", 21..24)));
    stand.pace.handover = HANDOVER;
    stand.apply([web("internal")]);
    let (process, _) = stand.start().await;
    assert_eq!(registered(&stand), [3]);

    stand.after(|stand| stand.apply([web("internet-facing")])).await;
    assert_eq!(schemes(&stand).len(), 2);
    assert_eq!(registered(&stand), [3, 3]);
    stand.after(|stand| stand.apply(service("cart", 22..26))).await;
    assert_eq!(registered(&stand), [4, 4]);

    let begun = Instant::now();
    while schemes(&stand).len() > 1 && begun.elapsed() < PATIENCE {
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
    stand.after(|_| ()).await;
    assert_eq!(schemes(&stand), BTreeSet::from(["internet-facing".to_owned()]));
    assert_eq!(registered(&stand), [4]);
    assert_eq!(stand.api.all("elbv2.k8s.aws/v1beta1/targetgroupbindings").len(), 1);
    assert_eq!(process.end().await, Vec::<String>::new());
}
