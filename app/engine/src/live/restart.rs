//! What a new process need not look at: a stack whose fingerprint says that it is as it should be, and a
//! target group whose binding says that its targets are. In: a turn. Out: what such a turn comes to, or
//! none where AWS must be asked. A check for drift looks all the same when its time has come.

use inroad_desired::{Desired, Shaped, shape};
use inroad_plan::{Plan, settled};
use inroad_words::{StackKey, Unit};

use super::turn::{Hands, Turn};
use crate::{
    Planned,
    pipeline::{self, Ground, Look},
};

impl Turn {
    /// What the first turn of a unit comes to where nothing has changed since somebody wrote last.
    pub(super) async fn as_it_was(&self, hands: &Hands) -> Option<Planned> {
        // Who only wants to know what would be done wants to know it truly.
        if self.seen.is_some() || !hands.act {
            return None;
        }
        match &self.unit {
            Unit::Stack(key) => self.stack_as_it_was(hands, key).await,
            Unit::Targets(_) => self.targets_as_they_were(),
            Unit::Foundation | Unit::Zone(_) => None,
        }
    }

    async fn stack_as_it_was(&self, hands: &Hands, key: &StackKey) -> Option<Planned> {
        let listed = self.listed.as_ref()?;
        let print = listed.fingerprint(key)?;
        let look = Look::Listed(listed);
        let ground = Ground { controller: &hands.controller, outputs: &self.outputs, look };
        let mut facts = pipeline::facts_of(&self.edges, &ground, &self.compiled.intent).await;
        let known = listed.known(&self.unit);
        facts.outputs.0.extend(known.0.clone());
        let shaped = shape(&self.compiled.intent, &facts, &hands.controller);
        if !settled(Some(&print), &shaped.desired) {
            return None;
        }
        let plan = Plan { known, ..Plan::nothing(self.unit.clone()) };
        Some(self.planned(shaped, plan))
    }

    fn targets_as_they_were(&self) -> Option<Planned> {
        self.listed.as_ref().filter(|_| self.vouched_for())?;
        let desired = Desired::nothing(self.unit.clone());
        let shaped = Shaped { desired, diagnostics: Vec::new() };
        Some(self.planned(shaped, Plan::nothing(self.unit.clone())))
    }

    fn planned(&self, shaped: Shaped, plan: Plan) -> Planned {
        Planned { unit: self.unit.clone(), compiled: self.compiled.clone(), shaped, plan }
    }
}
