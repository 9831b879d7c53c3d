//! What the members of a stack ask of a listener.

use std::collections::BTreeMap;

use inroad_words::{
    Origin, Said,
    balancer::{ListenerProtocol, Mutual},
};
use serde::Serialize;

use crate::model::{OpenListener, Route, RouteAction};

/// A listener as its members ask for it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ListenerIntent {
    /// Who asked for the port first.
    pub origin: Origin,
    /// Its protocol.
    pub protocol: ListenerProtocol,
    /// Who may come in, as CIDRs of both families; only those that fit the load balancer are used.
    pub inbound_cidrs: Said<Vec<String>>,
    /// `security-group-prefix-lists`.
    pub prefix_lists: Said<Vec<String>>,
    /// Where its certificates come from; `None` for HTTP.
    pub certificates: Option<CertificateChoice>,
    /// `ssl-policy`; `None` for HTTP.
    pub ssl_policy: Option<Said<String>>,
    /// `mutual-authentication`.
    pub clients: ClientCertificates,
    /// `listener-attributes.<PROTO>-<PORT>`.
    pub attributes: BTreeMap<String, Said<String>>,
    /// Tags of the members that use the port.
    pub tags: BTreeMap<String, Said<String>>,
    /// What happens where no route matches.
    pub default: Said<RouteAction>,
    /// Routes in the order in which they are tried. Empty where everything is redirected.
    pub routes: Vec<Route>,
    /// Where members differ.
    pub open: OpenListener,
}

/// Certificates of an HTTPS listener, member by member in group order: the first of all is the default
/// certificate.
pub type CertificateChoice = Vec<MemberCertificates>;

/// Where a member's certificates come from.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum MemberCertificates {
    /// ARNs in the order given.
    Named(Vec<Said<String>>),
    /// Hosts, each of whose certificates are to be found.
    Discover(Vec<Said<String>>),
}

/// What a listener asks of clients' certificates.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum ClientCertificates {
    /// Nobody says.
    #[default]
    Unsaid,
    /// This, with the trust store by ARN or by name.
    Said(Said<Mutual<String>>),
    /// Everybody who uses the listener means something and cannot say it: it is not made.
    Unreadable(Origin),
}

impl ClientCertificates {
    /// What is said.
    pub fn said(&self) -> Option<&Said<Mutual<String>>> {
        match self {
            ClientCertificates::Said(said) => Some(said),
            ClientCertificates::Unsaid | ClientCertificates::Unreadable(_) => None,
        }
    }
}
