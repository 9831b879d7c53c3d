//! The API server's side of one kind: lists in pages, watches, and what their errors mean.

use std::time::Duration;

use futures::{FutureExt, StreamExt, stream::BoxStream};
use inroad_words::Kind;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ListMeta;
use kube::{
    Client, Resource,
    api::{DynamicObject, ListParams, Request, WatchEvent, WatchParams},
};
use serde::Deserialize;
use serde_json::Value;

use crate::{error::chain, kinds::resource};

/// Objects a page: a page of large Pods is then a few megabytes at most, and gone before the next.
const PAGE: u32 = 250;
/// How long an answer, or a page, may take.
const PATIENCE: Duration = Duration::from_secs(60);
/// How long a watch lives at most; the server is asked to end it before that.
const WATCH: u32 = 290;
/// So many events are told at once, where they came at once.
const BURST: usize = 256;

/// One kind at an API server.
#[derive(Clone)]
pub(crate) struct Source {
    /// The kind.
    pub(crate) kind: Kind,
    client: Client,
    path: String,
    fields: Option<String>,
}

/// Why a list or a watch came to nothing.
#[derive(Debug)]
pub(crate) enum Trouble {
    /// The API server does not know the kind (404).
    Absent,
    /// The revision is no longer kept (410): list again.
    Gone,
    /// Anything else, in words.
    Failed(String),
}

/// One page of a list.
#[derive(Debug, Deserialize)]
pub(crate) struct Page {
    /// The revision and the way to the next page.
    pub(crate) metadata: ListMeta,
    /// The objects; Go writes no objects as `null`.
    pub(crate) items: Option<Vec<Value>>,
}

/// What happens in a watch.
pub(crate) type Events = BoxStream<'static, Result<WatchEvent<Value>, Trouble>>;

impl Source {
    pub(crate) fn new(client: Client, kind: Kind, namespace: Option<&str>) -> Self {
        let path =
            DynamicObject::url_path(&resource(kind), namespace.filter(|_| kind.is_namespaced()));
        let only = namespace.filter(|_| kind == Kind::Namespace);
        let fields = only.map(|namespace| format!("metadata.name={namespace}"));
        Self { kind, client, path, fields }
    }

    /// One page, most recent; `from` is where the last one ended. Without `paged` everything at once.
    pub(crate) async fn page(&self, from: Option<String>, paged: bool) -> Result<Page, Trouble> {
        let params = ListParams {
            limit: paged.then_some(PAGE),
            continue_token: from,
            field_selector: self.fields.clone(),
            ..ListParams::default()
        };
        let request = Request::new(&self.path).list(&params).map_err(unsendable)?;
        in_time(self.client.request(request)).await
    }

    /// Everything that happens after a revision.
    pub(crate) async fn watch(&self, version: &str) -> Result<Events, Trouble> {
        let mut params = WatchParams::default().timeout(WATCH);
        params.field_selector = self.fields.clone();
        let request = Request::new(&self.path).watch(&params, version).map_err(unsendable)?;
        let events = in_time(self.client.request_events::<Value>(request)).await?;
        Ok(events.map(|event| event.map_err(|error| trouble(&error))).boxed())
    }
}

/// Events that came at once.
#[derive(Debug, Default)]
pub(crate) struct Burst {
    /// The events, none of them an error.
    pub(crate) events: Vec<WatchEvent<Value>>,
    /// How the watch ended after them, where it did.
    pub(crate) end: Option<Result<(), Trouble>>,
}

/// Waits for the next event and takes what came with it. A connection that is dead without a word
/// ends like a watch that is over.
pub(crate) async fn burst(events: &mut Events) -> Burst {
    let patience = Duration::from_secs(u64::from(WATCH) + 15);
    let mut event = tokio::time::timeout(patience, events.next()).await.unwrap_or_default();
    let mut burst = Burst::default();
    loop {
        match event {
            None => burst.end = Some(Ok(())),
            Some(Err(trouble)) => burst.end = Some(Err(trouble)),
            Some(Ok(WatchEvent::Error(status))) => burst.end = Some(Err(status_trouble(&status))),
            Some(Ok(event)) => burst.events.push(event),
        }
        if burst.end.is_some() || burst.events.len() >= BURST {
            break;
        }
        let Some(next) = events.next().now_or_never() else { break };
        event = next;
    }
    burst
}

async fn in_time<T>(call: impl Future<Output = Result<T, kube::Error>>) -> Result<T, Trouble> {
    match tokio::time::timeout(PATIENCE, call).await {
        Ok(answer) => answer.map_err(|error| trouble(&error)),
        Err(_) => Err(Trouble::Failed(format!("no answer within {} s", PATIENCE.as_secs()))),
    }
}

fn unsendable(error: kube::core::request::Error) -> Trouble {
    Trouble::Failed(error.to_string())
}

/// What an error of the client means.
fn trouble(error: &kube::Error) -> Trouble {
    match error {
        kube::Error::Api(status) => status_trouble(status),
        other => Trouble::Failed(chain(other)),
    }
}

/// What an error that the API server answers means.
fn status_trouble(status: &kube::core::Status) -> Trouble {
    match status.code {
        404 => Trouble::Absent,
        410 => Trouble::Gone,
        code => Trouble::Failed(format!("{code} {}: {}", status.reason, status.message)),
    }
}
