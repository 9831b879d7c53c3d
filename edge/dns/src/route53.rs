//! Amazon Route 53. In: a zone, or a batch of changes in it. Out: hosted zones and record sets in our own
//! words. Nothing is decided here.

mod attempts;
mod convert;
mod refusal;

use std::collections::{BTreeMap, BTreeSet};

use async_trait::async_trait;
use aws_config::SdkConfig;
use aws_sdk_route53::{
    Client,
    config::retry::RetryConfig,
    types::{Change, ChangeAction, ChangeBatch, HostedZone, RrType},
};
use inroad_plan::RecordChange;
use inroad_words::{
    ZoneKey,
    capability::{Capabilities, ROUTE53},
    record::{Record, RecordKey, Zone},
};

use crate::{DnsError, Provider};
use attempts::Attempts;
use refusal::{refusal, refused_batch, unsayable};

const LIST_ZONES: &str = "route53:ListHostedZones";
const LIST_RECORDS: &str = "route53:ListResourceRecordSets";
const CHANGE: &str = "route53:ChangeResourceRecordSets";

/// Most record sets in one answer; Route 53 gives no more.
const PAGE: i32 = 300;

/// Route 53 as a provider. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Route53 {
    client: Client,
    attempts: Attempts,
}

impl Route53 {
    /// A client with the account, transport and retries that `config` says. Calls nobody.
    pub fn new(config: &SdkConfig) -> Self {
        let attempts = Attempts::default();
        let own = aws_sdk_route53::config::Builder::from(config).interceptor(attempts.clone());
        Self { client: Client::from_conf(own.build()), attempts }
    }

    async fn send(&self, zone: &ZoneKey, changes: Vec<Change>) -> Result<(), DnsError> {
        let batch = ChangeBatch::builder()
            .set_changes(Some(changes))
            .comment("inroad")
            .build()
            .map_err(unsayable)?;
        // A second attempt by the SDK would pass no gate, and what a lost answer has done would be
        // refused as being there already.
        let once = aws_sdk_route53::Config::builder().retry_config(RetryConfig::disabled());
        let call = self
            .client
            .change_resource_record_sets()
            .hosted_zone_id(&zone.id)
            .change_batch(batch)
            .customize()
            .config_override(once)
            .send();
        call.await.map(|_| ()).map_err(|error| refused_batch(zone, &error))
    }
}

#[async_trait]
impl Provider for Route53 {
    fn capabilities(&self) -> &'static Capabilities {
        &ROUTE53
    }

    async fn zones(&self) -> Result<BTreeSet<Zone>, DnsError> {
        let mut pages = self.client.list_hosted_zones().into_paginator().send();
        let mut zones = BTreeSet::new();
        while let Some(page) = pages.next().await {
            let page = page.map_err(|error| refusal(LIST_ZONES, None, &error))?;
            zones.extend(page.hosted_zones.iter().map(zone));
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
                .map_err(|error| refusal(LIST_RECORDS, Some(zone), &error))?;
            let sets = page.resource_record_sets.iter();
            let read = sets.filter_map(|set| convert::from_route53(set, &zone.id));
            records.extend(read.map(|record| (record.key.clone(), record)));
            if !page.is_truncated {
                return Ok(records);
            }
            next = (page.next_record_name, page.next_record_type, page.next_record_identifier);
        }
    }

    fn calls(&self) -> BTreeMap<String, u64> {
        self.attempts.sent()
    }

    async fn apply(&self, zone: &ZoneKey, changes: &[RecordChange]) -> Result<(), DnsError> {
        let sent: Result<Vec<Change>, DnsError> =
            changes.iter().map(|it| change(it, &zone.id)).collect();
        self.send(zone, sent?).await
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
