//! An ear at the wire between an SDK and any account, real or emulated. In: the SDK's own HTTP client. Out:
//! the same answers, and each exchange as trees with the API's member names, from which [`document`]
//! makes the document of an account ([`crate::seed`]). Forbidden: changing what passes.

mod document;
#[cfg(test)]
mod tests;

use std::sync::{Arc, Mutex, PoisonError};

use aws_smithy_runtime_api::client::http::{
    HttpClient, HttpConnector, HttpConnectorFuture, SharedHttpClient, SharedHttpConnector,
    http_client_fn,
};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_types::body::SdkBody;
use bytes::Bytes;
use http_body_util::BodyExt;
use serde_json::Value;

use crate::wire;

pub use document::document;

/// One question that was answered.
#[derive(Debug, Clone, PartialEq)]
pub struct Exchange {
    /// The service's name in signatures: `ec2`, `elasticloadbalancing`, `acm`, `route53`.
    pub service: &'static str,
    /// The operation.
    pub operation: &'static str,
    /// What was asked.
    pub input: Value,
    /// What was answered, as far as the models here know it.
    pub output: Value,
}

/// Keeps what passes. Clones keep together.
#[derive(Debug, Clone)]
pub struct Transcript {
    client: SharedHttpClient,
    kept: Kept,
}

type Kept = Arc<Mutex<Vec<Exchange>>>;

impl Transcript {
    /// Listens to everything that goes through `client`.
    pub fn over(client: SharedHttpClient) -> Self {
        Self { client, kept: Kept::default() }
    }

    /// The client to use in its place.
    pub fn client(&self) -> SharedHttpClient {
        let Self { client, kept } = self.clone();
        http_client_fn(move |settings, components| {
            let connector = client.http_connector(settings, components);
            SharedHttpConnector::new(Ear { connector, kept: Arc::clone(&kept) })
        })
    }

    /// What was kept since this was last called. Refusals, services without a model, and whatever hands
    /// out credentials are not.
    pub fn take(&self) -> Vec<Exchange> {
        std::mem::take(&mut *self.kept.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

#[derive(Debug)]
struct Ear {
    connector: SharedHttpConnector,
    kept: Kept,
}

impl HttpConnector for Ear {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let (connector, kept) = (self.connector.clone(), Arc::clone(&self.kept));
        HttpConnectorFuture::new(async move {
            let asked = asked(&request);
            let mut response = connector.call(request).await?;
            if let (Some(asked), true) = (asked, response.status().is_success()) {
                let body = read(&mut response).await?;
                if let Some(exchange) = wire::overheard(&asked, &body) {
                    kept.lock().unwrap_or_else(PoisonError::into_inner).push(exchange);
                }
            }
            Ok(response)
        })
    }
}

/// A copy of the request, where its body is in memory, as that of every call is.
fn asked(request: &HttpRequest) -> Option<http::Request<Bytes>> {
    let request = request.try_clone()?.try_into_http1x().ok()?;
    let (parts, body) = request.into_parts();
    let body = Bytes::copy_from_slice(body.bytes()?);
    Some(http::Request::from_parts(parts, body))
}

/// The whole body, which is then as it was.
async fn read(response: &mut HttpResponse) -> Result<Bytes, ConnectorError> {
    let body = std::mem::replace(response.body_mut(), SdkBody::taken());
    let body = body.collect().await.map_err(ConnectorError::io)?.to_bytes();
    *response.body_mut() = SdkBody::from(body.clone());
    Ok(body)
}
