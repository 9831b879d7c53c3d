//! A provider that is asked as little as can be. In: any provider. Out: the same, whose zones are read once,
//! patched from our own successful batches, forgotten after a failed one and read again after a while. A
//! batch waits its turn where too much is asked, and is cut where something in it is wrong until that stands
//! alone. Forbidden: to send a batch twice that may have been done.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use async_trait::async_trait;
use inroad_plan::{RecordChange, record_groups};
use inroad_words::{
    ZoneKey,
    capability::Capabilities,
    record::{Record, RecordData, RecordKey, Zone},
};
use tokio::time::Instant;

use crate::{DnsError, Provider, Rejection};

/// Milliseconds before the next attempts of a batch that was throttled. One process writes a zone, so there is nobody
/// whom chance would have to keep apart from us.
const WAITS: [u64; 4] = [200, 400, 800, 1600];

type Records = BTreeMap<RecordKey, Record>;

/// A provider with a memory. What others change in a zone is seen when its time is over.
pub struct Cached<P> {
    provider: P,
    keep: Duration,
    gate: Arc<dyn Fn() -> bool + Send + Sync>,
    memory: Mutex<Memory>,
}

#[derive(Default)]
struct Memory {
    zones: Option<(Instant, BTreeSet<Zone>)>,
    records: BTreeMap<ZoneKey, Known>,
}

/// What is known of a zone.
#[derive(Default)]
struct Known {
    /// When it was listed, and what is there now.
    listed: Option<(Instant, Records)>,
    /// Rises with every batch: what was listed before it is not what is there after it.
    batches: u64,
    /// Whose turn it is to write: providers refuse a batch while another of the zone is under way.
    turn: Arc<tokio::sync::Mutex<()>>,
}

impl<P: Provider> Cached<P> {
    /// `keep`: how long a listing is good for; zero: not at all. May always write.
    pub fn new(provider: P, keep: Duration) -> Self {
        Self { provider, keep, gate: Arc::new(|| true), memory: Mutex::default() }
    }

    /// With somebody to ask right before every batch whether this process may write now.
    #[must_use]
    pub fn gated(mut self, gate: Arc<dyn Fn() -> bool + Send + Sync>) -> Self {
        self.gate = gate;
        self
    }

    fn memory(&self) -> MutexGuard<'_, Memory> {
        // Nothing in here can panic half-way through a change.
        self.memory.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn known<T>(&self, zone: &ZoneKey, with: impl FnOnce(&mut Known) -> T) -> T {
        with(self.memory().records.entry(zone.clone()).or_default())
    }

    fn is_good(&self, listed: Instant) -> bool {
        listed.elapsed() < self.keep
    }

    /// Only a throttled batch was certainly not done; all else is for whoever reads the zone again.
    async fn send(&self, zone: &ZoneKey, changes: &[RecordChange]) -> Result<(), DnsError> {
        let mut waits = WAITS.iter();
        loop {
            let answer = self.attempt(zone, changes).await;
            let (Err(DnsError::Busy { .. }), Some(wait)) = (&answer, waits.next()) else {
                return answer;
            };
            tokio::time::sleep(Duration::from_millis(*wait)).await;
        }
    }

    async fn attempt(&self, zone: &ZoneKey, changes: &[RecordChange]) -> Result<(), DnsError> {
        if !(self.gate)() {
            return Err(DnsError::NotLeading);
        }
        let sent = self.provider.apply(zone, changes).await;
        self.known(zone, |known| {
            known.batches += 1;
            match (&sent, &mut known.listed) {
                (Ok(()), Some((_, records))) => {
                    patch(records, changes, self.capabilities().default_ttl)
                }
                // Nobody guesses what half succeeded.
                (Err(_), listed) => *listed = None,
                (Ok(()), None) => {}
            }
        });
        sent
    }
}

/// What a batch leaves, as the provider would list it.
fn patch(records: &mut Records, changes: &[RecordChange], ttl: u32) {
    for change in changes {
        match change {
            RecordChange::Create { record } | RecordChange::Upsert { record, .. } => {
                let mut record = record.clone();
                if matches!(record.data, RecordData::Values(_)) {
                    record.ttl.get_or_insert(ttl);
                }
                records.insert(record.key.clone(), record);
            }
            RecordChange::Delete { before } => {
                records.remove(&before.key);
            }
        }
    }
}

#[async_trait]
impl<P: Provider> Provider for Cached<P> {
    fn capabilities(&self) -> &'static Capabilities {
        self.provider.capabilities()
    }

    fn calls(&self) -> BTreeMap<String, u64> {
        self.provider.calls()
    }

    fn forget(&self, zone: Option<&ZoneKey>) {
        let Some(zone) = zone else {
            let mut memory = self.memory();
            memory.zones = None;
            return memory.records.values_mut().for_each(|known| known.listed = None);
        };
        self.known(zone, |known| known.listed = None);
    }

    async fn zones(&self) -> Result<BTreeSet<Zone>, DnsError> {
        if let Some((listed, zones)) = &self.memory().zones
            && self.is_good(*listed)
        {
            return Ok(zones.clone());
        }
        let asked = Instant::now();
        let zones = self.provider.zones().await?;
        self.memory().zones = Some((asked, zones.clone()));
        Ok(zones)
    }

    async fn records(&self, zone: &ZoneKey) -> Result<Records, DnsError> {
        let (known, batches) = self.known(zone, |known| {
            let good = known.listed.as_ref().filter(|(listed, _)| self.is_good(*listed));
            (good.map(|(_, records)| records.clone()), known.batches)
        });
        if let Some(records) = known {
            return Ok(records);
        }
        let asked = Instant::now();
        let records = self.provider.records(zone).await?;
        self.known(zone, |known| {
            if known.batches == batches && !self.keep.is_zero() {
                known.listed = Some((asked, records.clone()));
            }
        });
        Ok(records)
    }

    /// A record and its ownership record are never parted. What is refused is told record by record,
    /// and the rest is done.
    async fn apply(&self, zone: &ZoneKey, changes: &[RecordChange]) -> Result<(), DnsError> {
        let turn = self.known(zone, |known| known.turn.clone());
        let _mine = turn.lock().await;
        let mut todo = vec![record_groups(changes)];
        let mut rejected = Vec::new();
        while let Some(part) = todo.pop() {
            match self.send(zone, &part.concat()).await {
                Ok(()) => {}
                Err(DnsError::Invalid { .. }) if part.len() > 1 => {
                    let (first, second) = part.split_at(part.len() / 2);
                    todo.extend([second.to_vec(), first.to_vec()]);
                }
                Err(DnsError::Invalid { code, message, .. }) => {
                    let keys = part.iter().copied().flatten().map(|it| it.key().clone()).collect();
                    rejected.push(Rejection { keys, code, message });
                }
                Err(error) => return Err(error),
            }
        }
        if rejected.is_empty() { Ok(()) } else { Err(DnsError::Rejected(rejected)) }
    }
}

/// What is shared is asked through whoever shares it.
#[async_trait]
impl<P: Provider + ?Sized> Provider for Arc<P> {
    fn capabilities(&self) -> &'static Capabilities {
        (**self).capabilities()
    }

    fn calls(&self) -> BTreeMap<String, u64> {
        (**self).calls()
    }

    fn forget(&self, zone: Option<&ZoneKey>) {
        (**self).forget(zone);
    }

    async fn zones(&self) -> Result<BTreeSet<Zone>, DnsError> {
        (**self).zones().await
    }

    async fn records(&self, zone: &ZoneKey) -> Result<Records, DnsError> {
        (**self).records(zone).await
    }

    async fn apply(&self, zone: &ZoneKey, changes: &[RecordChange]) -> Result<(), DnsError> {
        (**self).apply(zone, changes).await
    }
}
