//! An API server as a feed: one shared watch a kind. In: a client and what to watch; out: [`News`].
//! Forbidden: intents, plans, anything that decides.
//!
//! Why not `kube::runtime::watcher`: it hands no list's revision out, and without one an answer
//! from an older revision (a lagging replica of the API server after a reconnect) looks like a
//! world in which objects vanished. Objects are read one by one from JSON by `inroad_world`, so a
//! mistake in one of them costs that object only and is told as precisely as one in a file.

mod backoff;
mod connect;
mod listing;
mod place;
mod reflect;
mod source;

use std::collections::BTreeSet;

use futures::{
    Stream, StreamExt,
    stream::{BoxStream, select_all},
};
use inroad_words::Kind;

pub use connect::{Access, ConnectError, connect};
pub use place::{Place, place};

use self::{reflect::Reflector, source::Source};
use crate::News;

/// What to watch.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Watching {
    /// The kinds.
    pub kinds: BTreeSet<Kind>,
    /// The only namespace whose objects are read (`--watch-namespace`, `--namespace`); all where
    /// `None`. Kinds that live in no namespace are read all the same, of Namespaces just this one.
    pub namespace: Option<String>,
}

/// Everything that happens to the objects of these kinds, beginning with what is there.
///
/// Never ends and never fails: what cannot be read is retried with growing, jittered waits (from
/// `fastrand`'s generator of this thread) and told as [`News`]. Dropping it ends every watch.
pub fn feed(client: kube::Client, watching: Watching) -> impl Stream<Item = News> + Send {
    let kinds = watching.kinds.into_iter().map(|kind| -> BoxStream<'static, News> {
        let source = Source::new(client.clone(), kind, watching.namespace.as_deref());
        let reflector = Reflector::new(source);
        futures::stream::unfold(reflector, |mut reflector| async {
            let news = reflector.next().await;
            Some((news, reflector))
        })
        .boxed()
    });
    // A feed of nothing waits too: the end of the stream would look like the end of the world.
    select_all(kinds.chain([futures::stream::pending().boxed()]))
}
