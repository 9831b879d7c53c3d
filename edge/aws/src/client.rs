//! The clients, and the one door that every call goes through: a span, a count, one kind of error.
//! In comes where AWS is and who we are, out goes [`Aws`]. Nothing here knows what is asked.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use aws_config::{AppName, BehaviorVersion, Region, SdkConfig};
use aws_credential_types::Credentials;
use aws_credential_types::provider::SharedCredentialsProvider;
use aws_smithy_http_client::tls::{Provider, rustls_provider::CryptoMode};
use aws_smithy_runtime_api::box_error::BoxError;
use aws_smithy_runtime_api::client::http::SharedHttpClient;
use aws_smithy_runtime_api::client::interceptors::Intercept;
use aws_smithy_runtime_api::client::interceptors::context::BeforeTransmitInterceptorContextRef;
use aws_smithy_runtime_api::client::orchestrator::{HttpResponse, Metadata};
use aws_smithy_runtime_api::client::result::SdkError;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_types::config_bag::ConfigBag;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;
use aws_smithy_types::retry::RetryConfig;
use aws_smithy_types::timeout::TimeoutConfig;
use aws_types::request_id::RequestId;
use tokio::sync::OnceCell;
use tracing::Instrument;

use crate::Error;

/// Where AWS is and who asks. All absent: the standard chain of the AWS SDKs (environment, profile,
/// web identity, container and instance credentials).
#[derive(Debug, Clone, Default)]
pub struct Connect {
    /// Region; absent: from the environment, the profile or the instance.
    pub region: Option<String>,
    /// Another endpoint for all services.
    pub endpoint: Option<String>,
    /// Another transport than TLS to AWS: the emulator in process.
    pub http: Option<SharedHttpClient>,
    /// Fixed credentials.
    pub credentials: Option<Credentials>,
}

/// The clients of the services that load balancers need. Cheap to clone.
#[derive(Clone)]
pub struct Aws {
    pub(crate) ec2: aws_sdk_ec2::Client,
    pub(crate) elbv2: aws_sdk_elasticloadbalancingv2::Client,
    pub(crate) acm: aws_sdk_acm::Client,
    pub(crate) tagging: aws_sdk_resourcegroupstagging::Client,
    pub(crate) memory: Arc<Memory>,
    calls: Calls,
    config: SdkConfig,
}

/// What is learned once and holds for the life of the process.
#[derive(Debug, Default)]
pub(crate) struct Memory {
    /// ALBC's standard policy lacks `tag:GetResources`; once refused it is not asked again.
    pub(crate) tagging_denied: AtomicBool,
    /// Zone name -> kind of zone; a zone never changes its kind.
    pub(crate) zone_kinds: OnceCell<BTreeMap<String, String>>,
}

impl fmt::Debug for Aws {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Aws").field("region", &self.config.region()).finish_non_exhaustive()
    }
}

impl Aws {
    /// Connects; no call is made but those that credentials and region take.
    pub async fn connect(connect: Connect) -> Self {
        let config = match (&connect.http, &connect.credentials, &connect.region) {
            (Some(http), Some(credentials), Some(region)) => {
                closed(&connect, http, credentials, region)
            }
            _ => from_surroundings(connect).await,
        };
        Self::over(config)
    }

    /// The configuration in force, for clients of other services.
    pub fn config(&self) -> &SdkConfig {
        &self.config
    }

    /// Attempts so far, the SDK's own retries included, by `service:operation` as IAM spells it.
    pub fn calls(&self) -> BTreeMap<String, u64> {
        self.calls.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn over(config: SdkConfig) -> Self {
        let calls = Calls::default();
        let ec2 = aws_sdk_ec2::config::Builder::from(&config).interceptor(calls.clone()).build();
        let elbv2 = aws_sdk_elasticloadbalancingv2::config::Builder::from(&config)
            .interceptor(calls.clone())
            .build();
        let acm = aws_sdk_acm::config::Builder::from(&config).interceptor(calls.clone()).build();
        let tagging = aws_sdk_resourcegroupstagging::config::Builder::from(&config)
            .interceptor(calls.clone())
            .build();
        Self {
            ec2: aws_sdk_ec2::Client::from_conf(ec2),
            elbv2: aws_sdk_elasticloadbalancingv2::Client::from_conf(elbv2),
            acm: aws_sdk_acm::Client::from_conf(acm),
            tagging: aws_sdk_resourcegroupstagging::Client::from_conf(tagging),
            memory: Arc::default(),
            calls,
            config,
        }
    }
}

/// Everything is given: neither environment nor files are read, so a developer's own AWS profile can
/// neither break the local mode nor be reached by it.
fn closed(
    connect: &Connect,
    http: &SharedHttpClient,
    credentials: &Credentials,
    region: &str,
) -> SdkConfig {
    let mut builder = SdkConfig::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new(region.to_owned()))
        .credentials_provider(SharedCredentialsProvider::new(credentials.clone()))
        .http_client(http.clone())
        .retry_config(RetryConfig::standard())
        .timeout_config(timeouts())
        .app_name(app_name());
    builder.set_endpoint_url(connect.endpoint.clone());
    builder.build()
}

async fn from_surroundings(connect: Connect) -> SdkConfig {
    let http = connect.http.unwrap_or_else(|| {
        aws_smithy_http_client::Builder::new()
            .tls_provider(Provider::Rustls(CryptoMode::Ring))
            .build_https()
    });
    let mut loader = aws_config::defaults(BehaviorVersion::latest())
        .http_client(http)
        .retry_config(RetryConfig::standard())
        .timeout_config(timeouts())
        .app_name(app_name());
    if let Some(region) = connect.region {
        loader = loader.region(Region::new(region));
    }
    if let Some(credentials) = connect.credentials {
        loader = loader.credentials_provider(credentials);
    }
    if let Some(endpoint) = connect.endpoint {
        loader = loader.endpoint_url(endpoint);
    }
    loader.load().await
}

/// A call that hangs must not hold its unit for ever; EC2's slowest listings take some ten seconds.
fn timeouts() -> TimeoutConfig {
    TimeoutConfig::builder()
        .connect_timeout(Duration::from_secs(5))
        .operation_attempt_timeout(Duration::from_secs(30))
        .operation_timeout(Duration::from_secs(90))
        .build()
}

fn app_name() -> AppName {
    AppName::new("inroad").expect("letters are what an app name may hold")
}

/// The services, by IAM's prefix.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Service {
    Ec2,
    Elbv2,
    Acm,
    Tagging,
}

impl Service {
    fn prefix(self) -> &'static str {
        match self {
            Service::Ec2 => "ec2",
            Service::Elbv2 => "elasticloadbalancing",
            Service::Acm => "acm",
            Service::Tagging => "tag",
        }
    }
}

/// Asks AWS once: one span, one verdict. The SDK's own attempts are inside.
pub(crate) async fn send<O, E>(
    service: Service,
    operation: &'static str,
    call: impl Future<Output = Result<O, SdkError<E, HttpResponse>>>,
) -> Result<O, Error>
where
    O: RequestId,
    E: ProvideErrorMetadata + std::error::Error + Send + Sync + 'static,
{
    let service = service.prefix();
    let span = tracing::debug_span!(
        "aws",
        service,
        operation,
        request_id = tracing::field::Empty,
        code = tracing::field::Empty
    );
    // The SDK's futures are several kilobytes each; boxed, they do not grow ours.
    let answer = Box::pin(call).instrument(span.clone()).await;
    match answer {
        Ok(output) => {
            span.record("request_id", output.request_id());
            Ok(output)
        }
        Err(error) => {
            let error = Error::from_sdk(service, operation, error);
            if let Some(refusal) = error.refusal() {
                span.record("request_id", refusal.request_id.as_deref());
                span.record("code", refusal.code.as_str());
            }
            Err(error)
        }
    }
}

/// Asks for page after page: `ask` takes the marker of a page, `take` gives its items and the marker
/// of the next one.
pub(crate) async fn pages<O, E, T, F>(
    service: Service,
    operation: &'static str,
    ask: impl Fn(Option<String>) -> F,
    take: impl Fn(O) -> (Vec<T>, Option<String>),
) -> Result<Vec<T>, Error>
where
    O: RequestId,
    E: ProvideErrorMetadata + std::error::Error + Send + Sync + 'static,
    F: Future<Output = Result<O, SdkError<E, HttpResponse>>>,
{
    let mut all = Vec::new();
    let mut marker = None;
    loop {
        let (items, next) = take(send(service, operation, ask(marker)).await?);
        all.extend(items);
        // The tagging API ends with an empty token, the others with none.
        match next.filter(|next| !next.is_empty()) {
            Some(next) => marker = Some(next),
            None => return Ok(all),
        }
    }
}

/// Counts each attempt as it leaves.
#[derive(Debug, Clone, Default)]
struct Calls(Arc<Mutex<BTreeMap<String, u64>>>);

impl Intercept for Calls {
    fn name(&self) -> &'static str {
        "calls"
    }

    fn read_before_transmit(
        &self,
        _context: &BeforeTransmitInterceptorContextRef<'_>,
        _components: &RuntimeComponents,
        bag: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        if let Some(metadata) = bag.load::<Metadata>() {
            let prefix = match metadata.service() {
                "EC2" => "ec2",
                "Elastic Load Balancing v2" => "elasticloadbalancing",
                "ACM" => "acm",
                "Resource Groups Tagging API" => "tag",
                other => other,
            };
            let mut calls = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            let count = calls.entry(format!("{prefix}:{}", metadata.name())).or_default();
            *count += 1;
            tracing::trace!(service = prefix, operation = metadata.name(), "attempt");
        }
        Ok(())
    }
}
