//! Amazon Route 53. In: a zone, or a batch of changes in it. Out: hosted zones and record sets in our own
//! words. Nothing is decided here but how a batch that was refused is cut into smaller ones.

mod convert;

use std::collections::{BTreeMap, BTreeSet};

use async_trait::async_trait;
use aws_config::SdkConfig;
use aws_sdk_route53::{
    Client,
    error::{ProvideErrorMetadata, SdkError},
    operation::change_resource_record_sets::ChangeResourceRecordSetsError,
    types::{Change, ChangeAction, ChangeBatch, HostedZone, RrType},
};
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_types::error::display::DisplayErrorContext;
use inroad_plan::{RecordChange, record_groups};
use inroad_words::{
    ZoneKey,
    capability::{Capabilities, ROUTE53},
    record::{Record, RecordKey, Zone},
};

use crate::{DnsError, Provider};

const LIST_ZONES: &str = "route53:ListHostedZones";
const LIST_RECORDS: &str = "route53:ListResourceRecordSets";
const CHANGE: &str = "route53:ChangeResourceRecordSets";

/// The code of a batch that has something wrong in it, all of it being as it was.
const INVALID_BATCH: &str = "InvalidChangeBatch";

/// Most record sets in one answer; Route 53 gives no more.
const PAGE: i32 = 300;

/// Route 53 as a provider. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Route53 {
    client: Client,
}

impl Route53 {
    /// A client with the account, transport and retries that `config` says. Calls nobody.
    pub fn new(config: &SdkConfig) -> Self {
        Self { client: Client::new(config) }
    }

    async fn send(&self, zone: &ZoneKey, changes: Vec<Change>) -> Result<(), DnsError> {
        let batch = ChangeBatch::builder()
            .set_changes(Some(changes))
            .comment("inroad")
            .build()
            .map_err(unsayable)?;
        let call = self
            .client
            .change_resource_record_sets()
            .hosted_zone_id(&zone.id)
            .change_batch(batch)
            .send();
        call.await.map(|_| ()).map_err(refused_batch)
    }
}

#[async_trait]
impl Provider for Route53 {
    fn capabilities(&self) -> &'static Capabilities {
        &ROUTE53
    }

    async fn zones(&self) -> Result<BTreeSet<Zone>, DnsError> {
        let mut pages = self.client.list_hosted_zones().into_paginator().items().send();
        let mut zones = BTreeSet::new();
        while let Some(zone) = pages.next().await {
            zones.insert(self::zone(&zone.map_err(|error| refusal(LIST_ZONES, &error))?));
        }
        Ok(zones)
    }

    async fn records(&self, zone: &ZoneKey) -> Result<BTreeMap<RecordKey, Record>, DnsError> {
        let mut records = BTreeMap::new();
        let mut next: (Option<String>, Option<RrType>, Option<String>) = Default::default();
        loop {
            let (name, kind, identifier) = next;
            let page = self
                .client
                .list_resource_record_sets()
                .hosted_zone_id(&zone.id)
                .max_items(PAGE)
                .set_start_record_name(name)
                .set_start_record_type(kind)
                .set_start_record_identifier(identifier)
                .send()
                .await
                .map_err(|error| refusal(LIST_RECORDS, &error))?;
            let sets = page.resource_record_sets.iter();
            let read = sets.filter_map(|set| convert::from_route53(set, &zone.id));
            records.extend(read.map(|record| (record.key.clone(), record)));
            if !page.is_truncated {
                return Ok(records);
            }
            next = (page.next_record_name, page.next_record_type, page.next_record_identifier);
        }
    }

    /// A refused batch is halved until what is wrong stands alone: the rest is done, and the error names
    /// each record that is not. A record and its ownership record are never parted.
    async fn apply(&self, zone: &ZoneKey, changes: &[RecordChange]) -> Result<(), DnsError> {
        let mut todo = vec![record_groups(changes)];
        let mut refused = Vec::new();
        while let Some(part) = todo.pop() {
            let sent: Result<Vec<Change>, DnsError> =
                part.iter().copied().flatten().map(|it| change(it, &zone.id)).collect();
            match self.send(zone, sent?).await {
                Ok(()) => {}
                Err(DnsError::Refused { code, .. }) if code == INVALID_BATCH && part.len() > 1 => {
                    let (first, second) = part.split_at(part.len() / 2);
                    todo.extend([second.to_vec(), first.to_vec()]);
                }
                Err(DnsError::Refused { code, message, .. }) if code == INVALID_BATCH => {
                    refused.push(message);
                }
                Err(error) => return Err(error),
            }
        }
        match refused.is_empty() {
            true => Ok(()),
            false => Err(DnsError::Refused {
                operation: CHANGE,
                code: INVALID_BATCH.into(),
                message: refused.join("; "),
            }),
        }
    }
}

fn zone(zone: &HostedZone) -> Zone {
    let key = ZoneKey {
        name: convert::name(&zone.name),
        id: zone.id.trim_start_matches("/hostedzone/").to_owned(),
    };
    Zone { key, private: zone.config.as_ref().is_some_and(|config| config.private_zone) }
}

fn change(change: &RecordChange, zone: &str) -> Result<Change, DnsError> {
    let (action, record) = match change {
        RecordChange::Create { record } => (ChangeAction::Create, record),
        RecordChange::Upsert { record, .. } => (ChangeAction::Upsert, record),
        RecordChange::Delete { before } => (ChangeAction::Delete, before),
    };
    let set = convert::to_route53(record, zone).map_err(unsayable)?;
    Change::builder().action(action).resource_record_set(set).build().map_err(unsayable)
}

/// What the SDK cannot even put into a request.
fn unsayable(error: aws_sdk_route53::error::BuildError) -> DnsError {
    DnsError::Refused { operation: CHANGE, code: "InvalidInput".into(), message: error.to_string() }
}

/// Route 53 says what is wrong with a batch in a list of its own, one sentence a record.
fn refused_batch(error: SdkError<ChangeResourceRecordSetsError, HttpResponse>) -> DnsError {
    let sentences = match error.as_service_error() {
        Some(ChangeResourceRecordSetsError::InvalidChangeBatch(it)) => it.messages().join("; "),
        _ => String::new(),
    };
    match refusal(CHANGE, &error) {
        DnsError::Refused { operation, code, .. } if !sentences.is_empty() => {
            DnsError::Refused { operation, code, message: sentences }
        }
        other => other,
    }
}

/// Sorts an error by what to do about it.
fn refusal<E>(operation: &'static str, error: &SdkError<E, HttpResponse>) -> DnsError
where
    E: ProvideErrorMetadata + std::error::Error + Send + Sync + 'static,
{
    let Some(answer) = error.as_service_error() else {
        return DnsError::Silent { operation, message: DisplayErrorContext(error).to_string() };
    };
    let code = answer.code().unwrap_or_default().to_owned();
    let message = answer.message().map_or_else(|| answer.to_string(), str::to_owned);
    let failed = error.raw_response().is_some_and(|raw| raw.status().is_server_error());
    match code.as_str() {
        "Throttling"
        | "ThrottlingException"
        | "PriorRequestNotComplete"
        | "RequestLimitExceeded"
        | "TooManyRequestsException" => DnsError::Busy { operation, message },
        "AccessDenied"
        | "AccessDeniedException"
        | "UnrecognizedClientException"
        | "InvalidClientTokenId"
        | "SignatureDoesNotMatch"
        | "ExpiredToken" => DnsError::Denied { operation, message },
        _ if failed => DnsError::Busy { operation, message },
        _ => DnsError::Refused { operation, code, message },
    }
}
