//! Tells that something in a folder was saved, once per burst: editors write a file in several steps.

use std::{path::Path, time::Duration};

use notify::{RecommendedWatcher, RecursiveMode, Watcher};
use tokio::sync::mpsc;

use crate::FeedError;

/// How long it must be quiet before a burst of writes counts as one save.
const QUIET: Duration = Duration::from_millis(150);

/// Saves of a folder.
#[derive(Debug)]
pub struct Saves {
    events: mpsc::UnboundedReceiver<()>,
    _watcher: RecommendedWatcher,
}

/// Watches a folder and everything below it.
///
/// # Errors
/// [`FeedError::Unwatchable`] where the system has no watch left, or the folder is gone.
pub fn saves(root: &Path) -> Result<Saves, FeedError> {
    let unwatchable = |source| FeedError::Unwatchable { path: root.to_owned(), source };
    let (tell, events) = mpsc::unbounded_channel();
    let mut watcher = notify::recommended_watcher(move |event: notify::Result<notify::Event>| {
        // Reading a file is an event too, and each scan reads: only writes may wake us.
        if event.is_ok_and(|e| !e.kind.is_access()) {
            // The receiver is gone only at the end of the program.
            let _ = tell.send(());
        }
    })
    .map_err(unwatchable)?;
    watcher.watch(root, RecursiveMode::Recursive).map_err(unwatchable)?;
    Ok(Saves { events, _watcher: watcher })
}

impl Saves {
    /// Waits for the next burst of writes and for its end.
    pub async fn next(&mut self) {
        if self.events.recv().await.is_none() {
            std::future::pending::<()>().await;
        }
        while let Ok(Some(())) = tokio::time::timeout(QUIET, self.events.recv()).await {}
    }
}
