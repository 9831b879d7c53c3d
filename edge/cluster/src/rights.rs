//! What the API server must allow, as data: every verb that this crate uses, next to the code that uses it.
//! In: which kinds are read, and what is written. Out: [`Right`]s. Forbidden: more than is used; a test
//! compares them with the requests that are made.

use std::collections::{BTreeMap, BTreeSet};

use inroad_words::Kind;

use crate::kinds::resource;

/// Requests that must be allowed, as RBAC names them.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Right {
    /// `apiGroups`; empty: the core group.
    pub group: String,
    /// `resources`, with the subresource where one is meant (`ingresses/status`).
    pub resource: String,
    /// `verbs`.
    pub verbs: BTreeSet<&'static str>,
    /// Whether it can be given in one namespace only.
    pub namespaced: bool,
}

/// What is written into the cluster, besides a Lease.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Writes {
    /// Nothing: `plan --live`, `explain --live`.
    Nothing,
    /// Events: the DNS half.
    Events,
    /// Events, finalizers and statuses of Ingresses and Services, TargetGroupBindings: the
    /// load-balancer half.
    Everything,
}

/// The kinds that Events are on: those that intents have their origins in.
pub const TOLD: [Kind; 4] = [Kind::Ingress, Kind::Service, Kind::EndpointSlice, Kind::Node];

/// What a feed of these kinds uses, and a [`crate::Writer`] that writes so much.
pub fn rights(reads: &BTreeSet<Kind>, writes: Writes) -> Vec<Right> {
    let mut all = Rights::default();
    for kind in reads {
        all.on(*kind, "", &["list", "watch"]);
        // An Event bears the uid of the object that it is on.
        if writes != Writes::Nothing && TOLD.contains(kind) {
            all.on(*kind, "", &["get"]);
        }
    }
    if writes != Writes::Nothing {
        all.add(("", "events"), true, &["create", "patch"]);
    }
    if writes == Writes::Everything {
        for kind in [Kind::Ingress, Kind::Service] {
            all.on(kind, "", &["get", "patch"]);
            all.on(kind, "/status", &["patch"]);
        }
        let verbs = ["get", "create", "update", "patch", "delete"];
        all.on(Kind::TargetGroupBinding, "", &verbs);
        all.on(Kind::TargetGroupBinding, "/status", &["patch"]);
    }
    all.0.into_values().collect()
}

/// Rights by group and resource.
#[derive(Default)]
struct Rights(BTreeMap<(String, String), Right>);

impl Rights {
    fn on(&mut self, kind: Kind, subresource: &str, verbs: &[&'static str]) {
        let resource = resource(kind);
        let name = resource.plural + subresource;
        self.add((&resource.group, &name), kind.is_namespaced(), verbs);
    }

    fn add(&mut self, what: (&str, &str), namespaced: bool, verbs: &[&'static str]) {
        let (group, resource) = (what.0.to_owned(), what.1.to_owned());
        let right = self.0.entry((group.clone(), resource.clone()));
        let none = Right { group, resource, verbs: BTreeSet::new(), namespaced };
        right.or_insert(none).verbs.extend(verbs);
    }
}

/// The verbs on the Lease by name; and those on Leases that RBAC cannot tie to a name.
pub const LEASE_VERBS: ([&str; 2], [&str; 1]) = (["get", "update"], ["create"]);
