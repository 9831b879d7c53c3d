//! The account behind the proxy. In comes a request as the client wrote it; out goes the account's answer,
//! read whole. With [`Upstream::lock`] one call is executed after the other.

use std::sync::Arc;

use bytes::Bytes;
use http::{Request, Response, Uri, header::HOST, uri::PathAndQuery};
use http_body_util::{BodyExt, Full};
use hyper_util::{
    client::legacy::Client, client::legacy::connect::HttpConnector, rt::TokioExecutor,
};
use tokio::sync::Mutex;

/// What went wrong on the way to the account; for people.
pub(crate) type Failure = Box<dyn std::error::Error + Send + Sync>;

#[derive(Clone)]
pub(crate) struct Upstream {
    client: Client<HttpConnector, Full<Bytes>>,
    /// Scheme and authority; the path is the request's.
    base: Uri,
    lock: Option<Arc<Mutex<()>>>,
    /// Repairs what moto does otherwise than AWS (see [`crate::moto`]).
    moto: bool,
}

impl Upstream {
    pub(crate) fn new(base: Uri, lock: bool, moto: bool) -> Self {
        let client = Client::builder(TokioExecutor::new()).build_http();
        Self { client, base, lock: (lock || moto).then(Arc::default), moto }
    }

    /// Runs to its end even if the client leaves: an account that began a call finishes it, and the next
    /// one waits for that.
    pub(crate) async fn execute(
        &self,
        request: Request<Bytes>,
    ) -> Result<Response<Bytes>, Failure> {
        let upstream = self.clone();
        tokio::spawn(async move {
            let _turn = match &upstream.lock {
                Some(lock) => Some(lock.lock().await),
                None => None,
            };
            if upstream.moto {
                crate::moto::execute(&upstream, request).await
            } else {
                upstream.send(request).await
            }
        })
        .await?
    }

    /// One request to the account, as it is.
    pub(crate) async fn send(&self, request: Request<Bytes>) -> Result<Response<Bytes>, Failure> {
        let (mut parts, body) = request.into_parts();
        let path = parts.uri.path_and_query().cloned().unwrap_or(PathAndQuery::from_static("/"));
        let mut uri = self.base.clone().into_parts();
        uri.path_and_query = Some(path);
        parts.uri = Uri::from_parts(uri)?;
        parts.headers.remove(HOST);
        let answer = self.client.request(Request::from_parts(parts, Full::new(body))).await?;
        let (parts, body) = answer.into_parts();
        Ok(Response::from_parts(parts, body.collect().await?.to_bytes()))
    }
}
