//! The engine against an account in process, cut off at every single call: before AWS has heard of it,
//! and after AWS has done it but before the answer. A new process then finds what is there and goes on
//! to the state that an undisturbed run leaves, with nothing twice, nothing left over, nothing foreign
//! touched.

mod account;
mod process;

use account::{Lab, canonical};
use inroad_emulator::faults::{Effect, Script};
use inroad_emulator::{Fault, Settings};

const BOTH: &str = include_str!("both.yaml");
const EDITED: &str = include_str!("edited.yaml");
/// Nothing of all that; somebody else's Ingress keeps a name in the zone.
const NOTHING: &str = r#"
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata:
  name: keeper
  namespace: other
  annotations:
    external-dns.kubernetes.io/hostname: keeper.example.com
    external-dns.kubernetes.io/target: 192.0.2.9
    kubernetes.io/ingress.class: nginx
spec: {}
"#;

/// The process dies at a call: nothing after it is heard. A refusal that nobody retries stands for that.
fn death(skip: usize) -> Script {
    let gone = Fault::new("AccessDenied", "the process is gone").status(403);
    Script::new("*", "*", usize::MAX, Effect::Refuse(gone)).after(skip)
}

/// How many calls it takes from one state to another, undisturbed, and what that leaves.
async fn undisturbed(from: &[&str], to: &str) -> (usize, String) {
    let lab = Lab::of(Settings::default());
    for manifests in from {
        process::run(&lab, manifests).await;
    }
    let before = lab.calls();
    process::run(&lab, to).await;
    let calls = lab.calls() - before;
    (calls, canonical(&lab.emulator))
}

async fn cut_everywhere(from: &[&str], to: &str) {
    let (calls, wanted) = undisturbed(from, to).await;
    assert!(calls > 10, "{calls} calls are no test");
    for after_effect in [false, true] {
        for cut in 0..calls {
            let lab = Lab::of(Settings::default());
            for manifests in from {
                process::run(&lab, manifests).await;
            }
            if after_effect {
                lab.emulator.script(Script::new("*", "*", 1, Effect::LoseAnswer).after(cut));
            }
            lab.emulator.script(death(cut + usize::from(after_effect)));
            process::attempt(&lab, to).await;
            lab.emulator.unscript();
            process::run(&lab, to).await;
            let found = canonical(&lab.emulator);
            assert_eq!(found, wanted, "cut at call {cut} of {calls}, done: {after_effect}");
        }
    }
}

#[tokio::test]
async fn a_creation_cut_anywhere_is_finished_by_the_next_process() {
    cut_everywhere(&[], BOTH).await;
}

#[tokio::test]
async fn a_change_cut_anywhere_is_finished_by_the_next_process() {
    cut_everywhere(&[BOTH], EDITED).await;
}

/// Another load balancer with other target groups takes the place of the one that stands.
#[tokio::test]
async fn a_replacement_cut_anywhere_is_finished_by_the_next_process() {
    let (type_of, scheme) =
        ("alb.ingress.kubernetes.io/target-type: ip", "alb.ingress.kubernetes.io/scheme");
    let public = BOTH.replace(type_of, &format!("{type_of}\n    {scheme}: internet-facing"));
    let (_, wanted) = undisturbed(&[BOTH], &public).await;
    assert!(wanted.contains("internet-facing"), "nothing is replaced");
    cut_everywhere(&[BOTH], &public).await;
}

#[tokio::test]
async fn a_deletion_cut_anywhere_is_finished_by_the_next_process() {
    cut_everywhere(&[BOTH], NOTHING).await;
    let (_, left) = undisturbed(&[BOTH], NOTHING).await;
    let (_, never) = undisturbed(&[], NOTHING).await;
    assert_eq!(left, never, "what was there before is what is left");
}

#[tokio::test]
async fn what_is_settled_costs_no_write() {
    let lab = Lab::of(Settings::default());
    process::run(&lab, BOTH).await;
    let writes = lab.writes();
    process::run(&lab, BOTH).await;
    assert_eq!(lab.writes(), writes);
}

#[tokio::test]
async fn throttling_only_costs_time() {
    let (_, wanted) = undisturbed(&[], BOTH).await;
    for service in ["ec2", "elasticloadbalancing", "route53"] {
        let lab = Lab::of(Settings::default());
        for skip in [0, 3, 9] {
            lab.emulator.script(Script::new(service, "*", 1, Effect::Throttle).after(skip));
        }
        process::run(&lab, BOTH).await;
        assert_eq!(canonical(&lab.emulator), wanted, "{service}");
    }
}
