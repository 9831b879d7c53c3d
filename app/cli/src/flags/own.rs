//! Flags that both peers mean alike, and those that neither has.

use super::{Flag, Kind};

/// One process, one log, one API server.
#[rustfmt::skip] // a table: one line a flag
pub(super) const SHARED: &[Flag] = &[
    Flag::new(
        "kubeconfig",
        Kind::Text,
        "",
        "Access to the cluster; not given: ~/.kube/config where there is one, else the Pod's own",
    ),
    Flag::new(
        "log-level",
        Kind::Choice(&["panic", "fatal", "error", "warning", "warn", "info", "debug", "trace"]),
        "info",
        "How much is told",
    ),
];

/// inroad's own.
#[rustfmt::skip] // a table: one line a flag
pub(super) const FLAGS: &[Flag] = &[
    Flag::new("config", Kind::Text, "", "YAML file with any of these flags as keys; the environment and the command line go first"),
    Flag::new("controllers", Kind::Choices(&["balancers", "dns"]), "balancers,dns", "Which halves work (repeat); the DNS half also needs a --source"),
    Flag::new("max-deletes", Kind::Number, "500", "Where more names of a zone than this should go at once, none goes; 0: any number may"),
    Flag::new("dns-enable-leader-election", Kind::Bool, "true", "Let only the holder of a Lease write records"),
    Flag::new("dns-leader-election-id", Kind::Text, "inroad-dns-leader", "Name of the DNS half's Lease"),
];
