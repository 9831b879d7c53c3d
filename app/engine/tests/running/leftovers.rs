//! Nothing is left of what goes, whoever made it and whenever that was.

use inroad_apiserver::{
    Place,
    faults::{Effect, Script},
};
use serde_json::Value;

use crate::account::canonical;
use crate::objects::{cluster, ingress, service};
use crate::stand::Stand;

const BINDINGS: &str = "elbv2.k8s.aws/v1beta1/targetgroupbindings";

fn web() -> Value {
    ingress("web", None, &[("a.example.com", "/", "cart")])
}

/// An Ingress that is not ours keeps a name: a world without any empties no zone.
fn keeper() -> Value {
    let mut keeper = ingress("keeper", None, &[]);
    keeper["spec"] = serde_json::json!({});
    keeper["metadata"]["annotations"] = serde_json::json!({
        "kubernetes.io/ingress.class": "nginx",
        "external-dns.kubernetes.io/hostname": "keeper.example.com",
        "external-dns.kubernetes.io/target": "192.0.2.9"});
    keeper
}

fn stand() -> Stand {
    let stand = Stand::new(cluster().into_iter().chain(service("cart", 21..24)));
    stand.apply([keeper()]);
    stand
}

/// A process that finds a stack and later takes it away leaves nothing, what all stacks share included.
#[tokio::test]
async fn what_stacks_share_goes_with_the_last_that_was_found() {
    let stand = stand();
    let (process, _) = stand.start().await;
    let before = canonical(&stand.lab.emulator);
    stand.after(|stand| stand.apply([web()])).await;
    process.end().await;
    let (process, _) = stand.start().await;
    stand.after(|stand| stand.api.delete(&Place::of(&web()))).await;
    assert_eq!(canonical(&stand.lab.emulator), before);
    assert_eq!(process.end().await, Vec::<String>::new());
}

/// A binding goes with its stack, even where the watch has not told of it yet.
#[tokio::test]
async fn a_binding_that_was_not_heard_of_yet_goes_too() {
    let stand = stand();
    let (process, _) = stand.start().await;
    let deaf = Script::new("watch", "targetgroupbindings", usize::MAX, Effect::Break);
    stand.api.script(deaf);
    stand.api.cut_watches();
    stand.after(|stand| stand.apply([web()])).await;
    assert_eq!(stand.api.all(BINDINGS).len(), 1);
    stand.after(|stand| stand.api.delete(&Place::of(&web()))).await;
    assert_eq!(stand.api.all(BINDINGS), Vec::<Value>::new());
    assert_eq!(process.end().await, Vec::<String>::new());
}
