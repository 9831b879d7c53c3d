//! The emulator as an HTTP client of the AWS SDK: no socket, no port, the SDK unmodified.

use aws_smithy_runtime_api::client::http::{
    HttpConnector, HttpConnectorFuture, SharedHttpClient, SharedHttpConnector, http_client_fn,
};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_types::body::SdkBody;
use bytes::Bytes;
use http_body_util::BodyExt;

use crate::Emulator;
use crate::faults::Delay;

impl Emulator {
    /// An HTTP client for `aws_config` or a service's config, answered by this account in process.
    pub fn connector(&self) -> SharedHttpClient {
        let emulator = self.clone();
        http_client_fn(move |_, _| SharedHttpConnector::new(emulator.clone()))
    }
}

impl HttpConnector for Emulator {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let emulator = self.clone();
        HttpConnectorFuture::new(async move { answer(&emulator, request).await })
    }
}

async fn answer(emulator: &Emulator, request: HttpRequest) -> Result<HttpResponse, ConnectorError> {
    let user = |error: Box<dyn std::error::Error + Send + Sync>| ConnectorError::user(error);
    let request = request.try_into_http1x().map_err(|error| user(error.into()))?;
    let (parts, body) = request.into_parts();
    let body: Bytes = body.collect().await.map_err(user)?.to_bytes();
    let response = emulator.http(http::Request::from_parts(parts, body));
    if let Some(Delay(wait)) = response.extensions().get() {
        tokio::time::sleep(*wait).await;
    }
    HttpResponse::try_from(response.map(SdkBody::from)).map_err(|error| user(error.into()))
}
