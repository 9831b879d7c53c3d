//! Target groups are published as TargetGroupBindings, which say how far their targets are.

use inroad_apiserver::Place;
use serde_json::Value;

use crate::objects::{cluster, ingress, service};
use crate::stand::Stand;

const BINDINGS: &str = "elbv2.k8s.aws/v1beta1/targetgroupbindings";

fn web() -> Value {
    ingress("web", None, &[("a.example.com", "/", "cart")])
}

fn stand() -> Stand {
    let stand = Stand::new(cluster().into_iter().chain(service("cart", 21..24)));
    stand.apply([web()]);
    stand
}

fn checkpoint(binding: &Value) -> &str {
    binding["metadata"]["annotations"]["elbv2.k8s.aws/checkpoint"].as_str().unwrap_or_default()
}

#[tokio::test]
async fn a_binding_stands_as_long_as_its_target_group() {
    let stand = stand();
    let (process, _) = stand.start().await;
    let [before] = &stand.api.all(BINDINGS)[..] else { panic!("one target group") };
    assert_eq!(before["spec"]["serviceRef"]["name"], "cart");
    assert_eq!(before["metadata"]["finalizers"], serde_json::json!(["elbv2.k8s.aws/resources"]));
    assert!(!checkpoint(before).is_empty());

    stand.after(|stand| stand.apply(service("cart", 21..25))).await;
    let [after] = &stand.api.all(BINDINGS)[..] else { panic!("still one") };
    assert!(!checkpoint(after).is_empty());
    assert_ne!(checkpoint(after), checkpoint(before));

    let all = stand.after(|stand| stand.api.delete(&Place::of(&web()))).await;
    assert_eq!(stand.api.all(BINDINGS), Vec::<Value>::new());
    assert_eq!(stand.api.get(&Place::of(&web())), None, "nothing holds it: {:#?}", all.0);
    assert_eq!(process.end().await, Vec::<String>::new());
}

/// What is registered is not known while it is being changed: who comes next looks.
#[tokio::test]
async fn targets_that_were_not_registered_are_not_called_so() {
    use inroad_emulator::{Fault, faults};
    let stand = stand();
    let (process, _) = stand.start().await;
    let refused = faults::Effect::Refuse(Fault::new("InvalidTarget", "no"));
    let script = |times| {
        faults::Script::new("elasticloadbalancing", "RegisterTargets", times, refused.clone())
    };
    stand.lab.emulator.script(script(usize::MAX));
    stand.after(|stand| stand.apply(service("cart", 21..25))).await;
    let [binding] = &stand.api.all(BINDINGS)[..] else { panic!("one target group") };
    assert_eq!(checkpoint(binding), "");
    process.end().await;
    stand.lab.emulator.unscript();
    let (process, looked) = stand.start().await;
    assert_eq!(looked.of(&["DescribeTargetHealth", "RegisterTargets"]), 2, "{:#?}", looked.0);
    let [binding] = &stand.api.all(BINDINGS)[..] else { panic!("one target group") };
    assert_ne!(checkpoint(binding), "");
    assert_eq!(process.end().await, Vec::<String>::new());
}

#[tokio::test]
async fn a_cluster_without_the_kind_is_served_too() {
    let stand = stand();
    stand.api.serve(BINDINGS, false);
    let (process, made) = stand.start().await;
    assert_eq!(made.of(&["RegisterTargets"]), 1);
    assert_eq!(process.end().await, Vec::<String>::new());
    let (process, again) = stand.start().await;
    assert_eq!(again.of(&["DescribeTargetHealth"]), 1, "nothing says what is registered");
    assert_eq!(process.end().await, Vec::<String>::new());
}
