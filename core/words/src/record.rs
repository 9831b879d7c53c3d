//! DNS records, zones and who owns what.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
};

use serde::{Deserialize, Serialize};

use crate::ZoneKey;

/// A DNS record type that inroad manages.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
#[allow(clippy::upper_case_acronyms)] // the types' own spelling (RFC 1035)
pub enum RecordType {
    /// IPv4 address.
    A,
    /// IPv6 address.
    AAAA,
    /// Canonical name.
    CNAME,
    /// Name server.
    NS,
    /// Mail exchanger.
    MX,
    /// Reverse name.
    PTR,
    /// Service location.
    SRV,
    /// Naming authority pointer.
    NAPTR,
    /// Text.
    TXT,
    /// Delegation of a subtree.
    DNAME,
}

impl RecordType {
    /// All of them, in the order in which ownership names are tried (dns.md 5.1).
    pub const ALL: [RecordType; 10] = [
        RecordType::A,
        RecordType::AAAA,
        RecordType::CNAME,
        RecordType::NS,
        RecordType::MX,
        RecordType::PTR,
        RecordType::SRV,
        RecordType::NAPTR,
        RecordType::TXT,
        RecordType::DNAME,
    ];

    /// The type's name.
    pub fn as_str(self) -> &'static str {
        match self {
            RecordType::A => "A",
            RecordType::AAAA => "AAAA",
            RecordType::CNAME => "CNAME",
            RecordType::NS => "NS",
            RecordType::MX => "MX",
            RecordType::PTR => "PTR",
            RecordType::SRV => "SRV",
            RecordType::NAPTR => "NAPTR",
            RecordType::TXT => "TXT",
            RecordType::DNAME => "DNAME",
        }
    }

    /// The type of this name, `None` where inroad does not manage it.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|t| t.as_str() == name)
    }
}

impl fmt::Display for RecordType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// What makes a record set one: at most one of each per zone.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct RecordKey {
    /// Fully qualified, lower case, no trailing dot, `*` as it is.
    pub name: String,
    /// Its type.
    pub record_type: RecordType,
    /// Routing-policy identifier; empty for a simple record.
    pub set_identifier: String,
}

impl fmt::Display for RecordKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.record_type, self.name)?;
        if self.set_identifier.is_empty() {
            Ok(())
        } else {
            write!(f, " [{}]", self.set_identifier)
        }
    }
}

/// What a record set holds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum RecordData {
    /// Plain values, as the provider spells them in presentation form (TXT with its quotes).
    Values(BTreeSet<String>),
    /// An address that the provider follows by itself (Route 53 alias).
    Alias {
        /// The name that it follows, lower case, no trailing dot.
        target: String,
        /// The zone that the target lives in; `None`: the record's own zone.
        zone: Option<String>,
        /// Whether the target's health decides.
        evaluate_health: bool,
    },
}

/// A record set.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Record {
    /// Name, type, set identifier.
    pub key: RecordKey,
    /// Seconds; `None`: the provider's default, and never a difference. Aliases have none.
    pub ttl: Option<u32>,
    /// What it holds.
    pub data: RecordData,
    /// Provider-specific properties (`aws/weight`), compared by name and value.
    pub properties: BTreeMap<String, String>,
}

/// A hosted zone that a provider offers.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Zone {
    /// Name and id.
    pub key: ZoneKey,
    /// Private zones answer within their VPCs only.
    pub private: bool,
}
