//! A policy that lacks an action costs what needs it, names it, and is not asked again and again.

use inroad_emulator::Fault;
use inroad_emulator::faults::{Effect, Script};
use serde_json::json;

use crate::objects::{cluster, ingress, service};
use crate::stand::Stand;

fn denies(service: &str, operation: &str) -> Script {
    let fault = Fault::new("AccessDenied", "User: x is not authorized to perform this").status(403);
    Script::new(service, operation, usize::MAX, Effect::Refuse(fault))
}

/// The messages of Events that warn.
fn warnings(stand: &Stand) -> Vec<String> {
    let all = stand.api.all("v1/events").into_iter();
    let warns = all.filter(|event| event["type"] == "Warning");
    warns.map(|event| event["message"].as_str().unwrap_or_default().to_owned()).collect()
}

fn registered(stand: &Stand) -> usize {
    stand.registered("").iter().sum()
}

#[tokio::test]
async fn targets_follow_pods_where_nothing_may_be_created() {
    let services = [service("cart", 21..24), service("pay", 31..34)];
    let stand = Stand::new(cluster().into_iter().chain(services.into_iter().flatten()));
    stand.apply([ingress("web", None, &[("a.example.com", "/", "cart")])]);
    let (process, _) = stand.start().await;
    let creates = ["CreateTargetGroup", "CreateRule", "CreateListener", "CreateLoadBalancer"];
    for operation in creates {
        stand.lab.emulator.script(denies("elasticloadbalancing", operation));
    }
    let paths = [("a.example.com", "/", "cart"), ("b.example.com", "/", "pay")];
    let refused = stand.after(|stand| stand.apply([ingress("web", None, &paths)])).await;
    assert_eq!(refused.of(&creates), 1, "one attempt, and nothing that comes after it");
    let told = warnings(&stand);
    let named = |it: &&String| it.contains("elasticloadbalancing:CreateTargetGroup");
    let told: Vec<&String> = told.iter().filter(named).collect();
    assert!(told.iter().any(|it| it.contains("AW0001")), "{:#?}", warnings(&stand));

    assert_eq!(registered(&stand), 3);
    let moved = stand.after(|stand| stand.apply(service("cart", 21..26))).await;
    assert_eq!((moved.of(&["RegisterTargets"]), registered(&stand)), (1, 5), "{:#?}", moved.0);
    assert_eq!(moved.of(&creates), 0, "nobody tries again meanwhile: {:#?}", moved.0);

    stand.lab.emulator.unscript();
    let paths = [("a.example.com", "/", "cart"), ("b.example.com", "/pay", "pay")];
    let allowed = stand.after(|stand| stand.apply([ingress("web", None, &paths)])).await;
    assert_eq!(allowed.of(&creates), 2, "{:#?}", allowed.0);
    assert_eq!(registered(&stand), 8);
    process.end().await;
}

/// Without the listing by tag, and without notes on load balancers.
#[tokio::test]
async fn the_policy_of_the_peer_is_enough() {
    let stand = Stand::new(cluster().into_iter().chain(service("cart", 21..24)));
    stand.lab.emulator.script(denies("tagging", "GetResources"));
    stand.lab.emulator.script(denies("elasticloadbalancing", "AddTags"));
    stand.apply([ingress("web", None, &[("a.example.com", "/", "cart")])]);
    let (process, made) = stand.start().await;
    assert_eq!(made.of(&["GetResources"]), 1, "asked once: {:#?}", made.0);
    assert_eq!(registered(&stand), 3);
    assert_eq!(process.end().await, Vec::<String>::new());
    let writes = stand.lab.writes();
    let (process, again) = stand.start().await;
    assert_eq!(stand.lab.writes(), writes, "{:#?}", again.0);
    assert_eq!(process.end().await, Vec::<String>::new());
    assert_eq!(json!(warnings(&stand)), json!([]));
}
