//! The clients, and the one door that every call goes through: its turn, a span, one kind of error. In
//! comes a [`Connect`], out goes [`Aws`]. Nothing here knows what is asked.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use aws_config::SdkConfig;
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_runtime_api::client::result::SdkError;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;
use aws_types::request_id::RequestId;
use tracing::Instrument;

use crate::attempts::{Answer, Attempts, Sum};
use crate::facts::limits;
use crate::memory::Memory;
use crate::throttle::{Lane, Limiter};
use crate::{Connect, Error};

/// The clients of the services that load balancers need. Cheap to clone.
#[derive(Clone)]
pub struct Aws {
    pub(crate) ec2: aws_sdk_ec2::Client,
    pub(crate) elbv2: aws_sdk_elasticloadbalancingv2::Client,
    pub(crate) acm: aws_sdk_acm::Client,
    pub(crate) tagging: aws_sdk_resourcegroupstagging::Client,
    pub(crate) wafv2: aws_sdk_wafv2::Client,
    pub(crate) memory: Arc<Memory>,
    attempts: Attempts,
    lane: Lane,
    connect: Arc<Connect>,
    config: SdkConfig,
}

impl fmt::Debug for Aws {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Aws").field("region", &self.config.region()).finish_non_exhaustive()
    }
}

impl Aws {
    /// Connects; no call is made but those that credentials and region take.
    pub async fn connect(connect: Connect) -> Self {
        let config = connect.config().await;
        Self::over(config, connect)
    }

    /// The configuration in force, for clients of other services.
    pub fn config(&self) -> &SdkConfig {
        &self.config
    }

    /// The endpoint that was given for one service, by its SDK service id; it is not part of
    /// [`Aws::config`].
    pub fn endpoint(&self, service: &str) -> Option<&str> {
        self.connect.endpoint_of(service).map(String::as_str)
    }

    /// The same account for work that nobody waits for: its calls leave a share of each rate to the
    /// others.
    #[must_use]
    pub fn background(&self) -> Self {
        Self { lane: Lane::Background, ..self.clone() }
    }

    /// Forgets what was learned of the surroundings (network, certificates, interfaces): whoever knows
    /// or suspects that they have changed is told anew. Without this they hold for ten minutes,
    /// certificates for one.
    pub fn forget(&self) {
        self.memory.forget();
    }

    /// Attempts so far, the SDK's own retries included, by `service:operation` as IAM spells it.
    pub fn calls(&self) -> BTreeMap<String, u64> {
        self.attempts.sent()
    }

    /// What came of the attempts so far.
    pub fn answers(&self) -> BTreeMap<Answer, Sum> {
        self.attempts.answered()
    }

    fn over(config: SdkConfig, connect: Connect) -> Self {
        let limiter = Limiter::new(connect.throttle.clone());
        let attempts = Attempts::new(connect.gate.clone(), limiter);
        // One builder type for each service, all alike.
        macro_rules! client {
            ($sdk:ident, $service:expr) => {{
                let mut builder =
                    $sdk::config::Builder::from(&config).interceptor(attempts.clone());
                if let Some(url) = connect.endpoint_of($service.id()) {
                    builder.set_endpoint_url(Some(url.clone()));
                }
                $sdk::Client::from_conf(builder.build())
            }};
        }
        Self {
            ec2: client!(aws_sdk_ec2, Service::Ec2),
            elbv2: client!(aws_sdk_elasticloadbalancingv2, Service::Elbv2),
            acm: client!(aws_sdk_acm, Service::Acm),
            tagging: client!(aws_sdk_resourcegroupstagging, Service::Tagging),
            wafv2: client!(aws_sdk_wafv2, Service::Wafv2),
            memory: Arc::default(),
            attempts,
            lane: Lane::Urgent,
            connect: Arc::new(connect),
            config,
        }
    }

    /// Asks AWS once, when it is this call's turn: one span, one verdict. The SDK's own attempts are
    /// inside.
    pub(crate) fn send<O, E>(
        &self,
        service: Service,
        operation: &'static str,
        call: impl Future<Output = Result<O, SdkError<E, HttpResponse>>> + Send,
    ) -> impl Future<Output = Result<O, Error>> + Send
    where
        O: RequestId + Send,
        E: ProvideErrorMetadata + std::error::Error + Send + Sync + 'static,
    {
        // The SDK's futures are several kilobytes each; boxed at once, they do not grow ours.
        let call = Box::pin(call);
        async move {
            // Waited for out here: in an attempt, the wait would count against its time-out.
            self.attempts.limiter().turn(service, operation, self.lane).await;
            let span = span(service, operation);
            let answer = call.instrument(span.clone()).await;
            answer
                .map_err(|error| Error::from_sdk(service.prefix(), operation, error))
                .inspect_err(|error| {
                    limits::note_refusal(&self.memory, error);
                    if let Some(refusal) = error.refusal() {
                        span.record("request_id", refusal.request_id.as_deref());
                        span.record("code", refusal.code.as_str());
                    }
                })
                .inspect(|output| {
                    limits::note_room(&self.memory, operation);
                    span.record("request_id", output.request_id());
                })
        }
    }

    /// Asks for page after page: `ask` takes the marker of a page, `take` gives its items and the
    /// marker of the next one.
    pub(crate) async fn pages<O, E, T, F>(
        &self,
        service: Service,
        operation: &'static str,
        ask: impl Fn(Option<String>) -> F,
        take: impl Fn(O) -> (Vec<T>, Option<String>),
    ) -> Result<Vec<T>, Error>
    where
        O: RequestId + Send,
        E: ProvideErrorMetadata + std::error::Error + Send + Sync + 'static,
        F: Future<Output = Result<O, SdkError<E, HttpResponse>>> + Send,
    {
        let mut all = Vec::new();
        let mut marker = None;
        loop {
            let (items, next) = take(self.send(service, operation, ask(marker)).await?);
            all.extend(items);
            // The tagging API ends with an empty token, the others with none.
            match next.filter(|next| !next.is_empty()) {
                Some(next) => marker = Some(next),
                None => return Ok(all),
            }
        }
    }
}

fn span(service: Service, operation: &'static str) -> tracing::Span {
    tracing::debug_span!(
        "aws",
        service = service.prefix(),
        operation,
        request_id = tracing::field::Empty,
        code = tracing::field::Empty
    )
}

/// The services.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Service {
    Ec2,
    Elbv2,
    Acm,
    Tagging,
    Wafv2,
}

impl Service {
    const ALL: [Service; 5] =
        [Service::Ec2, Service::Elbv2, Service::Acm, Service::Tagging, Service::Wafv2];

    /// IAM's prefix.
    pub(crate) fn prefix(self) -> &'static str {
        match self {
            Service::Ec2 => "ec2",
            Service::Elbv2 => "elasticloadbalancing",
            Service::Acm => "acm",
            Service::Tagging => "tag",
            Service::Wafv2 => "wafv2",
        }
    }

    /// The service id of the AWS SDKs.
    pub(crate) fn id(self) -> &'static str {
        match self {
            Service::Ec2 => "EC2",
            Service::Elbv2 => "Elastic Load Balancing v2",
            Service::Acm => "ACM",
            Service::Tagging => "Resource Groups Tagging API",
            Service::Wafv2 => "WAFV2",
        }
    }

    /// The service of this id, in any case.
    pub(crate) fn of_id(id: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|service| service.id().eq_ignore_ascii_case(id))
    }
}
