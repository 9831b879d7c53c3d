//! Who looks at the account after every write. In: a snapshot. Out: what is wrong with it. Two laws: nothing
//! of somebody else's ever changes; and a way in that worked when the trouble began, and that the manifests
//! have asked for without a break since, works after every single step.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use crate::{account, reach::reach, wish::Way};

#[derive(Debug)]
pub(crate) struct Watchman {
    theirs: Vec<Value>,
    pub(crate) promised: BTreeSet<Way>,
}

impl Watchman {
    pub(crate) fn new(snapshot: &Value) -> Self {
        Self { theirs: account::of_theirs(snapshot), promised: BTreeSet::new() }
    }

    pub(crate) fn look(&self, snapshot: &Value) -> Vec<String> {
        let mut wrongs = Vec::new();
        if account::of_theirs(snapshot) != self.theirs {
            wrongs.push("something of somebody else's was touched".to_owned());
        }
        for way in self.broken(snapshot) {
            let Way { host, path, service, address } = way;
            wrongs.push(format!("{host}{path} does not lead to {address} of {service} any more"));
        }
        wrongs
    }

    /// Promises no more what does not work.
    pub(crate) fn forgive(&mut self, snapshot: &Value) {
        let broken: BTreeSet<Way> = self.broken(snapshot).cloned().collect();
        self.promised.retain(|way| !broken.contains(way));
    }

    fn broken<'a>(&'a self, snapshot: &'a Value) -> impl Iterator<Item = &'a Way> {
        let mut reached = BTreeMap::new();
        self.promised.iter().filter(move |way| {
            let all = reached
                .entry((&way.host, way.path))
                .or_insert_with(|| reach(snapshot, &way.host, way.path));
            !all.as_ref().is_some_and(|it| it.addresses.contains(&way.address))
        })
    }
}
