//! What the outside refused, for one unit; other units go on.

use inroad_words::retry::Retry;

/// A unit could not be planned.
#[derive(Debug, thiserror::Error)]
pub enum EngineError {
    /// AWS did not say what is there.
    #[error(transparent)]
    Aws(#[from] inroad_aws::Error),
    /// The DNS provider did not say what is there.
    #[error(transparent)]
    Dns(#[from] inroad_dns::DnsError),
    /// The API server did not take what had to be written before anything else.
    #[error(transparent)]
    Cluster(#[from] inroad_cluster::WriteError),
}

impl EngineError {
    /// When it is worth trying again.
    pub fn retry(&self) -> Retry {
        match self {
            EngineError::Aws(error) => error.retry(),
            EngineError::Dns(error) => error.retry(),
            EngineError::Cluster(error) => error.retry(),
        }
    }
}
