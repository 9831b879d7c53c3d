//! Codes of what AWS keeps from us, listed in docs/codes.md.

use inroad_words::Code;

/// The credentials may not do something; what needs it waits.
pub const DENIED: Code = Code("AW0001");
