//! Watches: a place in the history that goes on.

use std::{collections::VecDeque, pin::pin, time::Duration};

use bytes::Bytes;
use futures::{Stream, stream};
use serde_json::{Value, json};
use tokio::time::Instant;

use crate::{
    Server,
    answer::Refusal,
    selector::Selector,
    state::{Change, State},
};

/// How often a watch in which nothing happens is told how far it is.
const BOOKMARK: Duration = Duration::from_secs(60);

/// One open watch.
pub(crate) struct Watch {
    server: Server,
    selector: Selector,
    position: u64,
    cuts: u64,
    end: Instant,
    bookmarks: bool,
    ready: VecDeque<Value>,
}

impl Watch {
    /// Opens a watch after a revision; 410 where that is not kept any more.
    pub(crate) fn open(
        server: Server,
        selector: Selector,
        from: u64,
        asked: (Duration, bool),
    ) -> Result<Self, Refusal> {
        let state = server.state();
        if from < state.compacted {
            return Err(Refusal::expired(from, state.compacted));
        }
        let (cuts, end, bookmarks) = (state.faults.cuts, Instant::now() + asked.0, asked.1);
        drop(state);
        Ok(Self { server, selector, position: from, cuts, end, bookmarks, ready: VecDeque::new() })
    }

    /// The events as the body of a response, a line each.
    pub(crate) fn body(self) -> impl Stream<Item = Bytes> + Send {
        stream::unfold(self, |mut watch| async {
            let event = watch.next().await?;
            Some((Bytes::from(format!("{event}\n")), watch))
        })
    }

    async fn next(&mut self) -> Option<Value> {
        let server = self.server.clone();
        let bookmark = Instant::now() + BOOKMARK;
        loop {
            // From here on no change is missed.
            let mut news = pin!(server.news().notified());
            news.as_mut().enable();
            let delay = {
                let state = self.server.state();
                if state.faults.cuts != self.cuts || Instant::now() >= self.end {
                    return None;
                }
                if let Some(event) = self.ready.pop_front() {
                    return Some(event);
                }
                self.is_due(&state).then_some(state.faults.delay)
            };
            match delay {
                Some(delay) => {
                    // Other changes may come while this one is on its way, and go with it.
                    if !delay.is_zero() {
                        tokio::time::sleep(delay).await;
                    }
                    self.collect();
                    continue;
                }
                None if self.bookmarks && Instant::now() >= bookmark => {
                    return Some(self.bookmark());
                }
                None => {}
            }
            let wake = bookmark.min(self.end);
            // Whichever comes first: what it was is seen above.
            let _ = tokio::time::timeout_at(wake, news).await;
        }
    }

    fn is_due(&self, state: &State) -> bool {
        let after = state.history.partition_point(|change| change.revision <= self.position);
        let mut rest = state.history[after..].iter();
        rest.any(|change| self.selector.meets(&change.place, &change.object))
    }

    /// Takes everything that happened.
    fn collect(&mut self) {
        let server = self.server.clone();
        let mut state = server.state();
        if self.position < state.compacted {
            let refusal = Refusal::expired(self.position, state.compacted);
            self.ready.push_back(json!({ "type": "ERROR", "object": refusal.body() }));
            self.position = state.revision;
            return;
        }
        let after = state.history.partition_point(|change| change.revision <= self.position);
        let rest = state.history[after..].iter();
        let meant = rest.filter(|change| self.selector.meets(&change.place, &change.object));
        let mut changes: Vec<Change> = meant.cloned().collect();
        if state.faults.coalesce {
            changes = coalesced(changes);
        }
        if !changes.is_empty() && state.faults.lose > 0 {
            state.faults.lose -= 1;
            self.end = Instant::now();
            return;
        }
        let events = changes.into_iter();
        self.ready
            .extend(events.map(|change| json!({ "type": change.what, "object": change.object })));
        self.position = state.revision;
    }

    fn bookmark(&mut self) -> Value {
        let revision = self.server.state().revision;
        self.position = revision;
        let version = revision.to_string();
        json!({ "type": "BOOKMARK", "object": {
            "kind": "Bookmark", "apiVersion": "v1", "metadata": { "resourceVersion": version },
        }})
    }
}

/// The last change of each object, in the order of those.
fn coalesced(changes: Vec<Change>) -> Vec<Change> {
    let is_last = |nth: usize, change: &Change| {
        !changes[nth + 1..].iter().any(|later| later.place == change.place)
    };
    let last = changes.iter().enumerate().filter(|(nth, change)| is_last(*nth, change));
    last.map(|(_, change)| change.clone()).collect()
}
