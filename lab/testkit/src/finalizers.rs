//! What the writer does to a cluster after a settling: finalizers come and go.

use inroad_intent::Intent;
use inroad_plan::Run;
use inroad_status::{Ran, before, report};
use inroad_world::Finalizers;

use crate::Planned;

/// Puts the finalizers of every plan on, and takes those away that are not needed any more; every step
/// has succeeded.
pub fn sign(finalizers: &mut Finalizers, plans: &[Planned]) {
    for planned in plans {
        let Intent::Stack(stack) = &planned.compiled.intent else { continue };
        for (object, finalizer) in before(stack) {
            finalizers.add(&object, &finalizer);
        }
        let mut run = Run::new(planned.plan.clone());
        while !run.is_done() {
            for (id, _) in run.ready() {
                run.settle(id, Ok(Default::default()));
            }
        }
        let ran = Ran {
            compiled: &planned.compiled,
            shaped: &planned.shaped,
            plan: &planned.plan,
            outcome: &run.finish(),
            joined: &Default::default(),
            settled: false,
        };
        for (object, finalizer) in report(&ran, None).release {
            finalizers.release(&object, &finalizer);
        }
    }
}
