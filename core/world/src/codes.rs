//! The codes of mistakes that stop an object from being read. Listed in docs/codes.md.

use inroad_words::Code;

/// The text is not YAML.
pub const MALFORMED: Code = Code("MF0001");
/// A field does not have the type that Kubernetes gives it.
pub const WRONG_FIELD: Code = Code("MF0002");
/// An object has no `metadata.name`.
pub const NAMELESS: Code = Code("MF0003");
