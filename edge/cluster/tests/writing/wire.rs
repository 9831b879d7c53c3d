//! The wire between one client and the API server: it keeps what was asked, can fall silent, and lets
//! somebody else act just before a request.

use std::sync::{
    Arc, Mutex,
    atomic::{AtomicBool, Ordering},
};

use http::{Request, Response};
use inroad_apiserver::{Answer, Asked, Server};
use kube::client::Body;
use tower::{BoxError, service_fn};

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
        let wire = self.clone();
        kube::Client::new(service_fn(move |request| wire.clone().answer(request)), "default")
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

    async fn answer(self, request: Request<Body>) -> Result<Response<Answer>, BoxError> {
        let asked = Asked::of(&request).expect("a path of the API");
        self.asked.lock().expect("nobody panics while asking").push(asked.clone());
        if self.silent.load(Ordering::SeqCst) {
            std::future::pending::<()>().await;
        }
        if let Some(meddler) = &mut *self.meddler.lock().expect("nobody panics while meddling") {
            meddler(&asked);
        }
        self.server.answer(request).await
    }
}
