//! The mistakes that only facts can show. Each code stands in docs/codes.md.

pub(crate) use inroad_intent::codes::{BAD_VALUE, CONFLICT, UNSERVED as BARE};
use inroad_words::Code;

/// No subnet, or too few, can be found for the load balancer.
pub(crate) const SUBNETS_NOT_FOUND: Code = Code("LB0101");
/// A named subnet does not exist, or not as often as it is named.
pub(crate) const SUBNET_UNKNOWN: Code = Code("LB0102");
/// The chosen subnets cannot stand together.
pub(crate) const SUBNETS_UNFIT: Code = Code("LB0103");
/// A host has no certificate.
pub(crate) const HOST_WITHOUT_CERTIFICATE: Code = Code("LB0104");
/// An HTTPS listener has no certificate at all.
pub(crate) const LISTENER_WITHOUT_CERTIFICATE: Code = Code("LB0105");
/// A certificate is named by something that is no ARN.
pub(crate) const CERTIFICATE_NOT_AN_ARN: Code = Code("LB0109");
/// A named trust store does not exist.
pub(crate) const TRUST_STORE_UNKNOWN: Code = Code("LB0115");
/// A named security group does not exist.
pub(crate) const GROUP_UNKNOWN: Code = Code("LB0106");
/// A target group that is named does not exist.
pub(crate) const TARGET_GROUP_UNKNOWN: Code = Code("LB0110");
/// The network interface of a target cannot be found.
pub(crate) const INTERFACE_UNKNOWN: Code = Code("LB0107");
/// Which security group of a target is to be opened cannot be told.
pub(crate) const GROUP_AMBIGUOUS: Code = Code("LB0108");

/// A web ACL that is called by name does not exist.
pub(crate) const WEB_ACL_UNKNOWN: Code = Code("LB0112");

/// A label of a name has more than 63 characters.
pub(crate) const LONG_LABEL: Code = Code("DN0101");
/// The ownership record of a name cannot be.
pub(crate) const NO_MARK: Code = Code("DN0102");
/// A CNAME beside other records.
pub(crate) const CNAME_CONFLICT: Code = Code("DN0103");
/// Several names where one can be followed.
pub(crate) const SEVERAL_TARGETS: Code = Code("DN0104");
/// Objects that want a name to lead to different places.
pub(crate) const CONTESTED: Code = Code("DN0105");
