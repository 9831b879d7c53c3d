//! One kind, for ever: list, watch, and again. In: a [`Source`]; out: one [`News`] after the other.
//!
//! A list is told only when its last page is in. A list of an older revision than one already seen
//! is no news but a failure: what it lacks may be new, not gone.

use std::{collections::VecDeque, time::Duration};

use inroad_world::manifest;
use kube::api::WatchEvent;
use serde_json::Value;
use tokio::time::Instant;

use super::{
    backoff::Backoff,
    listing::{self, Difference, Seen, Told},
    source::{self, Events, Source, Trouble},
};
use crate::News;

/// How often a kind that the API server does not know is asked for again.
const ABSENT: Duration = Duration::from_secs(30);
/// A watch that lives as long without a word did work; a shorter one may be a server that hangs up.
const LIVELY: Duration = Duration::from_secs(5);
/// So many failed watches in a row, and the list is tried again: it may say more.
const WATCH_TRIES: u32 = 5;

/// The feed of one kind.
pub(crate) struct Reflector {
    source: Source,
    phase: Phase,
    told: Told,
    /// The latest revision seen, of a list, an event or a bookmark.
    newest: String,
    health: Health,
    backoff: Backoff,
    /// How long nothing is asked.
    rest: Option<Duration>,
    news: VecDeque<News>,
}

enum Phase {
    List,
    Start,
    Watch { events: Events, since: Instant },
}

/// What was last said about how it goes.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Health {
    Unknown,
    Good,
    Failing,
    Absent,
}

impl Reflector {
    pub(crate) fn new(source: Source) -> Self {
        Self {
            source,
            phase: Phase::List,
            told: Told::default(),
            newest: String::new(),
            health: Health::Unknown,
            backoff: Backoff::default(),
            rest: None,
            news: VecDeque::new(),
        }
    }

    /// Waits for the next news.
    pub(crate) async fn next(&mut self) -> News {
        loop {
            if let Some(news) = self.news.pop_front() {
                return news;
            }
            if let Some(rest) = self.rest.take() {
                tokio::time::sleep(rest).await;
            }
            let done = match &mut self.phase {
                Phase::List => self.list().await,
                Phase::Start => self.start().await,
                Phase::Watch { .. } => self.watch().await,
            };
            if let Err(trouble) = done {
                self.endure(trouble);
            }
        }
    }

    async fn list(&mut self) -> Result<(), Trouble> {
        let (all, version) = pages(&self.source).await?;
        if is_older(&version, &self.newest) {
            let newest = &self.newest;
            return Err(Trouble::Failed(format!(
                "the API server answers from revision {version}, older than {newest} which was \
                 there before; restart inroad if it was restored from a backup"
            )));
        }
        self.newest = version;
        let difference = self.told.replace(all);
        self.health = Health::Good;
        self.tell(difference, true);
        self.phase = Phase::Start;
        Ok(())
    }

    async fn start(&mut self) -> Result<(), Trouble> {
        let events = self.source.watch(&self.newest).await?;
        self.phase = Phase::Watch { events, since: Instant::now() };
        // Nothing was missed: the watch goes on from the last revision.
        if self.health == Health::Failing {
            self.health = Health::Good;
            self.tell(Difference::default(), true);
        }
        Ok(())
    }

    async fn watch(&mut self) -> Result<(), Trouble> {
        let Phase::Watch { events, since } = &mut self.phase else { return Ok(()) };
        let burst = source::burst(events).await;
        if !burst.events.is_empty() || since.elapsed() >= LIVELY {
            self.backoff.reset();
        }
        let mut difference = Difference::default();
        for event in burst.events {
            self.absorb(event, &mut difference);
        }
        if !difference.is_empty() {
            self.tell(difference, false);
        }
        match burst.end {
            None => {}
            Some(Ok(())) => {
                self.phase = Phase::Start;
                self.rest = self.backoff.after_first();
            }
            Some(Err(trouble)) => return Err(trouble),
        }
        Ok(())
    }

    fn absorb(&mut self, event: WatchEvent<Value>, out: &mut Difference) {
        let (object, gone) = match event {
            WatchEvent::Added(object) | WatchEvent::Modified(object) => (object, false),
            WatchEvent::Deleted(object) => (object, true),
            WatchEvent::Bookmark(bookmark) => {
                self.newest = bookmark.metadata.resource_version;
                return;
            }
            // `burst` ends with it.
            WatchEvent::Error(_) => return,
        };
        if let Some(version) = object.pointer("/metadata/resourceVersion").and_then(Value::as_str) {
            version.clone_into(&mut self.newest);
        }
        if gone {
            let key = manifest::key(self.source.kind, &object);
            key.into_iter().for_each(|key| self.told.remove(key, out));
        } else if let Some(seen) = listing::read(self.source.kind, &object) {
            self.told.apply(seen, out);
        }
    }

    fn tell(&mut self, difference: Difference, complete: bool) {
        let Difference { changes, mistakes } = difference;
        if complete || !changes.is_empty() {
            let kind = self.source.kind;
            self.news.push_back(News::Changes { kind, changes, complete });
        }
        self.news.extend(mistakes.into_iter().map(News::Undecodable));
    }

    /// Says what is wrong, unless it was said, and decides when to try what again.
    fn endure(&mut self, trouble: Trouble) {
        let kind = self.source.kind;
        let watching = matches!(self.phase, Phase::Watch { .. });
        match trouble {
            Trouble::Gone => {
                self.phase = Phase::List;
                self.rest = self.backoff.after_first();
            }
            Trouble::Absent => {
                self.phase = Phase::List;
                self.rest = Some(ABSENT.mul_f64(0.5 + fastrand::f64() / 2.0));
                self.fall(Health::Absent, News::Absent { kind });
            }
            Trouble::Failed(why) => {
                self.rest = Some(self.backoff.next());
                if !matches!(self.phase, Phase::List) {
                    let again = self.backoff.failures().is_multiple_of(WATCH_TRIES);
                    self.phase = if again { Phase::List } else { Phase::Start };
                }
                // A connection that breaks once is how every watch may end.
                if !watching || self.backoff.failures() > 1 {
                    self.fall(Health::Failing, News::Failing { kind, why });
                }
            }
        }
    }

    fn fall(&mut self, health: Health, news: News) {
        if self.health != health {
            self.health = health;
            self.news.push_back(news);
        }
    }
}

/// Every page, or nothing. Pages that expire while they are read are read again as one.
async fn pages(source: &Source) -> Result<(Vec<Seen>, String), Trouble> {
    match read(source, true).await {
        Err(Trouble::Gone) => read(source, false).await,
        read => read,
    }
}

async fn read(source: &Source, paged: bool) -> Result<(Vec<Seen>, String), Trouble> {
    let (mut all, mut from) = (Vec::new(), None);
    loop {
        let page = source.page(from, paged).await?;
        let items = page.items.unwrap_or_default();
        all.extend(items.iter().filter_map(|item| listing::read(source.kind, item)));
        from = page.metadata.continue_.filter(|token| !token.is_empty());
        if from.is_none() {
            return Ok((all, page.metadata.resource_version.unwrap_or_default()));
        }
    }
}

/// Whether a revision is older than another. Revisions of one kind can be compared as numbers
/// (Kubernetes API concepts, "resource versions"); what is no number cannot.
fn is_older(version: &str, than: &str) -> bool {
    let number = |text: &str| text.parse::<u64>().ok();
    number(version).zip(number(than)).is_some_and(|(version, than)| version < than)
}
