//! What is told to the cluster about its objects: statuses and events, as data. Forbidden: clients,
//! clocks; `edge/cluster` writes these down.

use std::collections::BTreeSet;

use inroad_words::ObjectKey;

/// What an Ingress's `status.loadBalancer` says: where its traffic comes in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IngressStatus {
    /// The load balancer's DNS name, lower case.
    pub hostname: String,
    /// Ports of all its listeners, 1 to 65535.
    pub ports: BTreeSet<u16>,
}

/// One Event on an object (`v1` Event).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Event {
    /// The object that it is about.
    pub object: ObjectKey,
    /// Good news or bad.
    pub kind: EventKind,
    /// One word for machines, CamelCase (`SuccessfullyReconciled`).
    pub reason: String,
    /// A sentence for people.
    pub message: String,
}

/// `type` of an Event.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum EventKind {
    /// Nothing to worry about.
    Normal,
    /// Somebody should look.
    Warning,
}
