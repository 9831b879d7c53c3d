//! A user's mistake as data: the same words in Event, plan, explain, webhook and log.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::Origin;

/// How much a mistake costs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// Something of this object is not served.
    Error,
    /// It is served, but perhaps not as meant.
    Warning,
    /// Worth knowing, nothing is wrong.
    Note,
}

/// The stable name of a kind of mistake, listed in docs/codes.md.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Code(pub &'static str);

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }
}

/// One mistake: what, where, and what to do about it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Diagnostic {
    /// Its stable code.
    pub code: Code,
    /// How much it costs.
    pub severity: Severity,
    /// The object and field that is at fault.
    pub origin: Origin,
    /// What is wrong, in one sentence without a full stop.
    pub message: String,
    /// What the user can do, in one sentence.
    pub help: Option<String>,
}

impl Diagnostic {
    /// An error: something of the object is not served.
    pub fn error(code: Code, origin: Origin, message: impl Into<String>) -> Self {
        Self { code, severity: Severity::Error, origin, message: message.into(), help: None }
    }

    /// A warning: served, but perhaps not as meant.
    pub fn warning(code: Code, origin: Origin, message: impl Into<String>) -> Self {
        Self { severity: Severity::Warning, ..Self::error(code, origin, message) }
    }

    /// The same with a line on what to do.
    #[must_use]
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }
}

/// `error[LB0042] shop/web@scheme: message (help: …)`.
impl fmt::Display for Diagnostic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let severity = match self.severity {
            Severity::Error => "error",
            Severity::Warning => "warning",
            Severity::Note => "note",
        };
        write!(f, "{severity}[{}] {}: {}", self.code, self.origin, self.message)?;
        match &self.help {
            Some(help) => write!(f, " (help: {help})"),
            None => Ok(()),
        }
    }
}
