//! Where AWS is, who asks, and how patiently: what a connection is made of. In come settings, out goes
//! the SDK's configuration; no call is made but those that credentials and region take.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use aws_config::{AppName, BehaviorVersion, Region, SdkConfig};
use aws_credential_types::Credentials;
use aws_credential_types::provider::SharedCredentialsProvider;
use aws_smithy_http_client::tls::{Provider, rustls_provider::CryptoMode};
use aws_smithy_runtime_api::client::http::SharedHttpClient;
use aws_smithy_types::retry::RetryConfig;
use aws_smithy_types::timeout::TimeoutConfig;

use crate::Throttle;

/// Whether we may write now. Asked right before every attempt of an operation that changes something.
pub type Gate = Arc<dyn Fn() -> bool + Send + Sync>;

/// Where AWS is and who asks. All absent: the standard chain of the AWS SDKs (environment, profile,
/// web identity, container and instance credentials), and nobody holds us back.
#[derive(Clone, Default)]
pub struct Connect {
    /// Region; absent: from the environment, the profile or the instance.
    pub region: Option<String>,
    /// Another endpoint for all services.
    pub endpoint: Option<String>,
    /// Another endpoint for one service, by the SDK's service id (`Elastic Load Balancing v2`, `EC2`,
    /// `ACM`, `Resource Groups Tagging API`, `WAFV2`, `Route 53`) in any case.
    pub endpoints: BTreeMap<String, String>,
    /// Another transport than TLS to AWS: the emulator in process.
    pub http: Option<SharedHttpClient>,
    /// Fixed credentials.
    pub credentials: Option<Credentials>,
    /// What may be written and when; absent: always.
    pub gate: Option<Gate>,
    /// How fast is asked; absent: as fast as work comes.
    pub throttle: Option<Throttle>,
    /// How long is waited, how often is tried.
    pub patience: Patience,
}

/// How long an answer may take, and how often a call is tried.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Patience {
    /// Attempts of one call, the first included; at least 1.
    pub attempts: u32,
    /// For a connection.
    pub connect: Duration,
    /// For one attempt.
    pub attempt: Duration,
    /// For a call with all its attempts; the wait for its turn ([`Throttle`]) does not count.
    pub call: Duration,
}

impl Default for Patience {
    /// A call that hangs must not hold its unit for ever; EC2's slowest listings take some ten seconds.
    fn default() -> Self {
        let seconds = Duration::from_secs;
        Self { attempts: 3, connect: seconds(5), attempt: seconds(30), call: seconds(90) }
    }
}

impl fmt::Debug for Connect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Connect")
            .field("region", &self.region)
            .field("endpoint", &self.endpoint)
            .field("endpoints", &self.endpoints)
            .field("patience", &self.patience)
            .finish_non_exhaustive()
    }
}

impl Connect {
    /// The endpoint of a service, where one was given.
    pub(crate) fn endpoint_of(&self, service: &str) -> Option<&String> {
        self.endpoints.iter().find(|(id, _)| id.eq_ignore_ascii_case(service)).map(|(_, url)| url)
    }

    /// The SDK's configuration.
    pub(crate) async fn config(&self) -> SdkConfig {
        match (&self.http, &self.credentials, &self.region) {
            (Some(http), Some(credentials), Some(region)) => self.closed(http, credentials, region),
            _ => self.of_surroundings().await,
        }
    }

    /// Everything is given: neither environment nor files are read, so a developer's own AWS profile
    /// can neither break the local mode nor be reached by it.
    fn closed(
        &self,
        http: &SharedHttpClient,
        credentials: &Credentials,
        region: &str,
    ) -> SdkConfig {
        let mut builder = SdkConfig::builder()
            .behavior_version(BehaviorVersion::latest())
            .region(Region::new(region.to_owned()))
            .credentials_provider(SharedCredentialsProvider::new(credentials.clone()))
            .http_client(http.clone())
            .retry_config(self.retries())
            .timeout_config(self.timeouts())
            .app_name(app_name());
        builder.set_endpoint_url(self.endpoint.clone());
        builder.build()
    }

    /// `AWS_ENDPOINT_URL` and `AWS_ENDPOINT_URL_<SERVICE>` are the chain's own; what is given here
    /// beats them.
    async fn of_surroundings(&self) -> SdkConfig {
        let http = self.http.clone().unwrap_or_else(https);
        let mut loader = aws_config::defaults(BehaviorVersion::latest())
            .http_client(http)
            .retry_config(self.retries())
            .timeout_config(self.timeouts())
            .app_name(app_name());
        if let Some(region) = &self.region {
            loader = loader.region(Region::new(region.clone()));
        }
        if let Some(credentials) = &self.credentials {
            loader = loader.credentials_provider(credentials.clone());
        }
        if let Some(endpoint) = &self.endpoint {
            loader = loader.endpoint_url(endpoint);
        }
        loader.load().await
    }

    fn retries(&self) -> RetryConfig {
        RetryConfig::standard().with_max_attempts(self.patience.attempts.max(1))
    }

    fn timeouts(&self) -> TimeoutConfig {
        TimeoutConfig::builder()
            .connect_timeout(self.patience.connect)
            .operation_attempt_timeout(self.patience.attempt)
            .operation_timeout(self.patience.call)
            .build()
    }
}

/// The transport that is used where none is given: TLS to AWS.
pub fn https() -> SharedHttpClient {
    aws_smithy_http_client::Builder::new()
        .tls_provider(Provider::Rustls(CryptoMode::Ring))
        .build_https()
}

fn app_name() -> AppName {
    AppName::new("inroad").expect("letters are what an app name may hold")
}
