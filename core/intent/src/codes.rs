//! The codes of mistakes in load balancing and in names. Stable and never reused; each has its row in
//! docs/codes.md.

use inroad_words::Code;

/// An annotation or class-params field cannot be read as what it should be.
pub const BAD_VALUE: Code = Code("LB0001");
/// Two members of a group say different things where only one can be.
pub const CONFLICT: Code = Code("LB0002");
/// An annotation with our prefix that nobody knows.
pub const UNKNOWN_ANNOTATION: Code = Code("LB0003");
/// An annotation that is known and not served yet.
pub const NOT_SERVED: Code = Code("LB0004");
/// The Ingress's class, or its params, cannot be used.
pub const BAD_CLASS: Code = Code("LB0005");
/// `group.name` is not a group name.
pub const BAD_GROUP: Code = Code("LB0006");
/// The Service does not exist.
pub const NO_SERVICE: Code = Code("LB0007");
/// The Service has no such port.
pub const NO_PORT: Code = Code("LB0008");
/// The Service port cannot be reached this way (no nodePort, no port number).
pub const NO_TARGET_PORT: Code = Code("LB0009");
/// A backend is not a Service.
pub const NOT_A_SERVICE: Code = Code("LB0010");
/// A path has characters that its path type does not allow.
pub const BAD_PATH: Code = Code("LB0011");
/// `ssl-redirect` leads to a port without an HTTPS listener.
pub const BAD_REDIRECT: Code = Code("LB0012");
/// Target type `ip` where the operator does not allow it.
pub const NO_IP_TARGETS: Code = Code("LB0013");
/// IPv6 targets behind a load balancer without IPv6.
pub const NO_IPV6: Code = Code("LB0014");
/// A tag whose key the operator leaves to others.
pub const FOREIGN_TAG: Code = Code("LB0015");
/// A node that cannot be a target.
pub const BAD_NODE: Code = Code("LB0016");
/// The last member is deleted while its load balancer is protected against deletion.
pub const PROTECTED: Code = Code("LB0017");
/// Backend rules are asked for while the shared backend group is switched off.
pub const NO_BACKEND_GROUP: Code = Code("LB0018");
/// A backend asks for an action that no annotation says.
pub const NO_ACTION: Code = Code("LB0019");
/// The conditions of a path cannot be put into rules.
pub const BAD_CONDITIONS: Code = Code("LB0020");
/// A condition of a field that is unknown; it is passed over.
pub const UNKNOWN_CONDITION: Code = Code("LB0021");
/// `mutual-authentication` names a port on which the Ingress has no HTTPS listener.
pub const NO_CLIENTS_TO_ASK: Code = Code("LB0025");
/// An action that leads to several target groups where the operator does not allow it.
pub const NO_WEIGHTS: Code = Code("LB0026");
/// A Service asks for something of its load balancer that is not served: it is left alone.
pub const UNSERVED: Code = Code("LB0029");
/// A stack in AWS without an object that asks for it, or for its end.
pub const ORPHAN: Code = Code("LB0030");
/// `ttl` is no number of seconds and no duration.
pub const BAD_TTL: Code = Code("DN0001");
/// `ingress-hostname-source` is neither of the two that there are.
pub const BAD_HOSTNAME_SOURCE: Code = Code("DN0002");
/// A Service of a type whose names are not served.
pub const UNSERVED_SERVICE: Code = Code("DN0003");
