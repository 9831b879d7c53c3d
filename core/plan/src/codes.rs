//! Codes of what a plan holds back, listed in docs/codes.md.

use inroad_words::Code;

/// Something that should go is still used by something that stays or waits.
pub const STILL_USED: Code = Code("PL0001");
/// A second load balancer carries the same ownership tags and has listeners.
pub const SECOND_BALANCER: Code = Code("PL0002");
/// The DNS policy forbids the change.
pub const DNS_POLICY: Code = Code("PL0003");
/// A load balancer should be replaced or removed while something on it is held.
pub const HELD_ON_BALANCER: Code = Code("PL0004");
/// The changes of one name are more than a batch of the provider holds.
pub const TOO_MANY_CHANGES: Code = Code("PL0005");
/// A record is kept for an object of a kind, namespace or type that is not read.
pub const NOT_READ: Code = Code("PL0006");
/// A record should go before all that could want it was listed.
pub const NOT_LISTED: Code = Code("PL0007");
/// Nothing asks for any name of a zone, and why is not known.
pub const UNACCOUNTED: Code = Code("PL0008");
/// More names of a zone should go in one run than may.
pub const TOO_MANY_DELETES: Code = Code("PL0009");
