//! What can go wrong outside.

use std::path::PathBuf;

/// The folder cannot be read or watched. What is in a file is never an error here: that is a
/// `Diagnostic`.
#[derive(Debug, thiserror::Error)]
pub enum FeedError {
    /// The path is not a folder, or is not there.
    #[error("{path} is not a folder that can be read")]
    Unreadable {
        /// What was asked for.
        path: PathBuf,
        /// The system's reason.
        source: std::io::Error,
    },
    /// The system refuses to tell of changes.
    #[error("{path} cannot be watched")]
    Unwatchable {
        /// What was asked for.
        path: PathBuf,
        /// The system's reason.
        source: notify::Error,
    },
}

/// An error with its causes: «connection refused» is never on top.
pub(crate) fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        let sentence = cause.to_string();
        if !text.contains(&sentence) {
            text = format!("{text}: {sentence}");
        }
        source = cause.source();
    }
    text
}
