//! The wire between one client and the API server: it keeps what was asked, can fall silent, and lets
//! somebody else act just before a request.

use std::{
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
    },
    task::{Context, Poll},
};

use futures::future::BoxFuture;
use http::{Request, Response};
use inroad_apiserver::{Answer, Server};
use kube::client::Body;
use tower::{BoxError, Service};

/// One client's wire.
#[derive(Clone)]
pub(crate) struct Wire {
    server: Server,
    asked: Arc<Mutex<Vec<Asked>>>,
    silent: Arc<AtomicBool>,
    meddler: Arc<Mutex<Option<Meddler>>>,
}

/// Somebody else, told which request comes next.
type Meddler = Box<dyn FnMut(&Asked) + Send>;

/// A request, as RBAC sees it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Asked {
    pub(crate) verb: &'static str,
    pub(crate) group: String,
    /// With the subresource.
    pub(crate) resource: String,
}

impl Asked {
    /// Whether it changes something.
    pub(crate) fn is_write(&self) -> bool {
        !matches!(self.verb, "get" | "list" | "watch")
    }

    /// Reads method and path.
    fn of(request: &Request<Body>) -> Self {
        let steps: Vec<&str> =
            request.uri().path().split('/').filter(|it| !it.is_empty()).collect();
        let (group, rest) = match steps.as_slice() {
            ["api", _, rest @ ..] => ("", rest),
            ["apis", group, _, rest @ ..] => (*group, rest),
            other => panic!("no path of the API: {other:?}"),
        };
        let rest = match rest {
            ["namespaces", _, rest @ ..] if !rest.is_empty() => rest,
            rest => rest,
        };
        let (resource, named) = match rest {
            [plural] => ((*plural).to_owned(), false),
            [plural, _] => ((*plural).to_owned(), true),
            [plural, _, sub] => (format!("{plural}/{sub}"), true),
            other => panic!("no resource: {other:?}"),
        };
        let watches = request.uri().query().is_some_and(|query| query.contains("watch=true"));
        let verb = match (request.method().as_str(), named) {
            ("GET", true) => "get",
            ("GET", false) if watches => "watch",
            ("GET", false) => "list",
            ("POST", _) => "create",
            ("PUT", _) => "update",
            ("PATCH", _) => "patch",
            ("DELETE", true) => "delete",
            other => panic!("no verb: {other:?}"),
        };
        Self { verb, group: group.to_owned(), resource }
    }
}

impl Wire {
    pub(crate) fn to(server: &Server) -> Self {
        Self {
            server: server.clone(),
            asked: Arc::default(),
            silent: Arc::default(),
            meddler: Arc::default(),
        }
    }

    pub(crate) fn client(&self) -> kube::Client {
        kube::Client::new(self.clone(), "default")
    }

    /// What was asked since this was last called.
    pub(crate) fn asked(&self) -> Vec<Asked> {
        std::mem::take(&mut *self.asked.lock().expect("nobody panics while asking"))
    }

    /// What was asked that changes something, in short (`patch ingresses`), since the last look.
    pub(crate) fn writes(&self) -> Vec<String> {
        let asked = self.asked().into_iter().filter(Asked::is_write);
        asked.map(|it| format!("{} {}", it.verb, it.resource)).collect()
    }

    /// From now on requests arrive nowhere and are never answered; or they are again.
    pub(crate) fn silence(&self, silent: bool) {
        self.silent.store(silent, Ordering::SeqCst);
    }

    /// Calls this right before each request is served.
    pub(crate) fn meddle(&self, meddler: impl FnMut(&Asked) + Send + 'static) {
        *self.meddler.lock().expect("nobody panics while meddling") = Some(Box::new(meddler));
    }
}

impl Service<Request<Body>> for Wire {
    type Response = Response<Answer>;
    type Error = BoxError;
    type Future = BoxFuture<'static, Result<Self::Response, BoxError>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<Body>) -> Self::Future {
        let asked = Asked::of(&request);
        self.asked.lock().expect("nobody panics while asking").push(asked.clone());
        if self.silent.load(Ordering::SeqCst) {
            return Box::pin(std::future::pending());
        }
        if let Some(meddler) = &mut *self.meddler.lock().expect("nobody panics while meddling") {
            meddler(&asked);
        }
        self.server.call(request)
    }
}
