//! One life of a process: it knows nothing but the manifests, with the finalizers that the cluster keeps,
//! and what AWS tells it.

use std::time::Duration;

use inroad_engine::{Event, Memory, Session, Settled, live::Halves};
use inroad_sim::account::controller;
use inroad_world::{Change, World, manifest};

use crate::account::Lab;

/// Settles and demands that nothing is left to do.
pub(crate) async fn run(lab: &Lab, manifests: &str) {
    let (settled, failures) = attempt(lab, manifests).await.expect("AWS answers");
    let waiting = settled.waiting.is_empty() && settled.succeeding.is_empty();
    assert!(settled.failed.is_empty() && waiting, "{settled:?} {failures:?}");
}

/// Settles as far as AWS lets it.
pub(crate) async fn attempt(lab: &Lab, manifests: &str) -> Option<(Settled, Vec<String>)> {
    let parsed = manifest::parse("in.yaml", manifests);
    assert!(parsed.diagnostics.is_empty(), "{:?}", parsed.diagnostics);
    let objects = parsed.objects.into_iter().map(|object| (object.key.clone(), object)).collect();
    let objects = lab.finalizers().over(objects, true);
    let (world, _) = World::default().absorb_all(objects.into_values().map(Change::Applied));
    let edges = lab.edges().await;
    let mut memory = Memory { world, ..Memory::default() };
    let mut failures = Vec::new();
    let mut session = Session {
        edges: &edges,
        memory: &mut memory,
        controller: &controller(),
        halves: Halves::BOTH,
        act: true,
        handover: Duration::ZERO,
    };
    let settled = session
        .settle(&mut |event| match event {
            Event::Failed(unit, error) => failures.push(format!("{unit}: {error}")),
            Event::Applied(_, outcome) => {
                failures.extend(outcome.failed.values().map(ToString::to_string));
            }
            Event::Joining(all) => {
                all.iter().for_each(|(object, name)| lab.finalizers().add(object, name));
            }
            Event::Reported(_, report) => {
                let all = report.release.iter();
                all.for_each(|(object, name)| lab.finalizers().release(object, name));
            }
            Event::Planned(_) => {}
        })
        .await
        .ok()?;
    Some((settled, failures))
}
