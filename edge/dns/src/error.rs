//! What a provider refuses, by what to do about it.

use std::{collections::BTreeMap, time::Duration};

use inroad_words::{ZoneKey, record::RecordKey, retry::Retry};

/// Nobody tells us when a policy is mended.
const MENDED: Duration = Duration::from_secs(300);

/// A provider's refusal, or silence. `message` is in the provider's own words.
#[derive(Debug, Clone, thiserror::Error)]
pub enum DnsError {
    /// Too many requests, even after some waiting. Nothing of this one was done.
    #[error("{operation}: throttled: {message}")]
    Busy {
        /// The call.
        operation: &'static str,
        /// What the provider said.
        message: String,
    },
    /// The batch is not acceptable as it is.
    #[error("{operation}: {code}: {message}")]
    Refused {
        /// The call.
        operation: &'static str,
        /// The provider's error code.
        code: String,
        /// What the provider said.
        message: String,
    },
    /// Something in the batch is wrong, all of it being as it was: smaller batches show what.
    #[error("{operation}: {code}: {message}")]
    Invalid {
        /// The call.
        operation: &'static str,
        /// The provider's error code.
        code: String,
        /// What the provider said.
        message: String,
    },
    /// These records were refused, each by itself; the others of the batch are done.
    #[error("{}", each(.0))]
    Rejected(Vec<Rejection>),
    /// It is not for us to write now: somebody else holds the lease, or ours has run out. Nothing was
    /// sent.
    #[error("nothing was written: another replica leads")]
    NotLeading,
    /// Our credentials do not allow it.
    #[error("not allowed ({operation}{} is missing): {code}: {message}", on(zone.as_ref()))]
    Denied {
        /// The call, as the provider's permissions name it (`route53:ChangeResourceRecordSets`).
        operation: &'static str,
        /// The zone that it was about.
        zone: Option<ZoneKey>,
        /// The provider's error code.
        code: String,
        /// What the provider said.
        message: String,
    },
    /// No answer, or one that says nothing about the request (5xx): it may have been done.
    #[error("{operation}: no answer: {message}")]
    Silent {
        /// The call.
        operation: &'static str,
        /// What the transport said.
        message: String,
    },
}

/// A record that was refused with what belongs to it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rejection {
    /// The changes that were not done: the record and its ownership record.
    pub keys: Vec<RecordKey>,
    /// The provider's error code.
    pub code: String,
    /// What the provider said.
    pub message: String,
}

fn on(zone: Option<&ZoneKey>) -> String {
    zone.map(|zone| format!(" on hosted zone {} ({})", zone.id, zone.name)).unwrap_or_default()
}

fn each(rejections: &[Rejection]) -> String {
    let all = rejections.iter().map(|it| {
        let key = it.keys.first().map(ToString::to_string).unwrap_or_default();
        format!("{key}: {}: {}", it.code, it.message)
    });
    all.collect::<Vec<_>>().join("; ")
}

impl DnsError {
    /// When it is worth asking again.
    pub fn retry(&self) -> Retry {
        match self {
            DnsError::Busy { .. } | DnsError::Silent { .. } | DnsError::NotLeading => Retry::Soon,
            DnsError::Denied { .. } => Retry::After(MENDED),
            DnsError::Refused { .. } | DnsError::Invalid { .. } | DnsError::Rejected(_) => {
                Retry::OnChange
            }
        }
    }

    /// The provider's own error code, where there was an answer with one.
    pub fn code(&self) -> Option<String> {
        match self {
            DnsError::Refused { code, .. }
            | DnsError::Invalid { code, .. }
            | DnsError::Denied { code, .. } => Some(code.clone()),
            DnsError::Rejected(all) => all.first().map(|it| it.code.clone()),
            _ => None,
        }
    }

    /// Of a batch that was done in part: the first record set of each name that was not, as text, with
    /// the reason.
    pub fn parts(&self) -> BTreeMap<String, String> {
        let DnsError::Rejected(all) = self else { return BTreeMap::new() };
        let each = all.iter().filter_map(|it| Some((it.keys.first()?, it)));
        each.map(|(key, it)| (key.to_string(), format!("{}: {}", it.code, it.message))).collect()
    }
}
