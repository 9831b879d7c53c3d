//! `inroad run`: a cluster's API server is the feed, AWS and the zones are kept as its objects ask. In: flags. Out:
//! a process that works until it is told to stop. Forbidden: deciding anything about load balancers or records.

pub(crate) mod account;
mod listen;
mod logs;
mod metrics;
mod tell;
mod terms;

use std::{collections::BTreeSet, process::ExitCode, sync::Arc, time::Duration};

use anyhow::Context;
use clap::Args;
use inroad_aws::Aws;
use inroad_cluster::{
    Client, Gate, Writer,
    live::{Access, Watching, connect, feed},
};
use inroad_dns::{Cached, Route53};
use inroad_engine::{
    Edges,
    live::{Engine, Lead, Pace, Setup, Told},
};
use inroad_words::{Kind, controller::Controller};
use tokio::{
    signal::unix::{SignalKind, signal},
    sync::watch,
};
use tokio_util::sync::CancellationToken;
use tracing::info;

use self::{listen::Answers, metrics::Metrics, tell::Teller, terms::Terms};
use crate::{
    flags::{SettingsArgs, Values},
    settings::{self, Halves},
};

/// What `run` is told.
#[derive(Debug, Args)]
pub(crate) struct RunArgs {
    #[command(flatten)]
    settings: SettingsArgs,
}

/// Runs until SIGTERM or SIGINT; operations that run then may end.
///
/// # Errors
/// What keeps it from starting at all; later failures are told and tried again.
pub(crate) async fn run(args: RunArgs) -> anyhow::Result<ExitCode> {
    let values = args.settings.values()?;
    let (mut controller, halves) = settings::online(&values)?;
    logs::open(&values);
    info!(version = env!("CARGO_PKG_VERSION"), config = ?values.told(), "starting");
    let stop = stop_signal()?;
    let (ready, answer) = watch::channel(Some("not every kind is listed yet".to_owned()));
    let metrics = Arc::<Metrics>::default();
    let closed = CancellationToken::new();
    let answers = Answers { ready: answer, metrics: metrics.clone() };
    listen::listen(&places(&values), &answers, &closed).await?;
    let client = connect(&access(&values)).await?;
    let terms = Terms::default();
    let gates = (terms.balancers.gate(), terms.dns.gate());
    let edges = edges(&values, &client, gates, &mut controller).await?;
    metrics.watch(edges.clone());
    let failing = engine(
        (&values, halves, controller),
        (&client, edges),
        &terms,
        Teller::new(metrics, ready),
        &stop,
    )
    .await?;
    closed.cancel();
    info!("stopped");
    Ok(ExitCode::from(u8::from(values.on("once") && failing > 0)))
}

/// How the flags say that the API server is reached.
pub(crate) fn access(values: &Values) -> Access {
    let timeout = match values.time("kube-api-request-timeout") {
        same if same == Access::default().timeout => values.time("request-timeout"),
        other => other,
    };
    Access {
        kubeconfig: values.some("kubeconfig").map(Into::into),
        server: values.some("server"),
        timeout,
    }
}

/// AWS and DNS, each behind the gate of its half.
///
/// # Errors
/// A flag that cannot be read, or nobody who knows where the cluster is.
pub(crate) async fn edges(
    values: &Values,
    client: &Client,
    (balancers, dns): (Gate, Gate),
    controller: &mut Controller,
) -> anyhow::Result<Edges> {
    let aws = account::connect(values, client, balancers).await?;
    if !controller.sources.balancers_are_elsewhere {
        controller.balancers.vpc_id = account::vpc(values, client, &aws).await?;
    }
    // The engine says when a zone is to be read again.
    let dns = Cached::new(route53(&aws), Duration::MAX).gated(dns);
    Ok(Edges { aws, dns: Arc::new(dns) })
}

/// Route 53 in the same account, at the endpoint that was given for it.
pub(crate) fn route53(aws: &Aws) -> Route53 {
    match aws.endpoint("Route 53") {
        Some(endpoint) => {
            let config = aws.config().to_builder().endpoint_url(endpoint).build();
            Route53::new(&config)
        }
        None => Route53::new(aws.config()),
    }
}

/// Runs the engine until the end; how many units failed when it was last quiet.
async fn engine(
    (values, halves, controller): (&Values, Halves, Controller),
    (client, edges): (&Client, Edges),
    terms: &Terms,
    mut teller: Teller,
    stop: &CancellationToken,
) -> anyhow::Result<usize> {
    let (tell, lead) = watch::channel(Lead::default());
    let kinds = kinds(&controller, halves);
    let watching =
        Watching { kinds: kinds.clone(), namespace: settings::namespace(values, halves) };
    let engine = Engine::new(Setup {
        edges,
        writer: Writer::new(client.clone(), any(terms)),
        controller,
        halves: inroad_engine::live::Halves { balancers: halves.balancers, dns: halves.dns },
        pace: Pace {
            drift: values.time("sync-period"),
            zones: values.time("interval"),
            ..Pace::default()
        },
        kinds,
        lead,
        act: !values.on("dry-run"),
        seed: fastrand::u64(..),
    });
    let over = CancellationToken::new();
    let terms = terms.contend((values, halves), client, &engine.idle(), tell, &over)?;
    let (once, mut failing, mut leads) = (values.on("once"), 0, Lead::default());
    let mut tell = |told: Told<'_>| {
        teller.tell(&told);
        match told {
            Told::Leads(now) => leads = now,
            Told::Quiet { failing: now, .. } => {
                failing = now;
                let all = leads.balancers >= halves.balancers && leads.dns >= halves.dns;
                if once && all {
                    stop.cancel();
                }
            }
            _ => {}
        }
    };
    engine.run(feed(client.clone(), watching), stop.clone(), &mut tell).await;
    over.cancel();
    terms.await.context("giving the Leases back")?;
    Ok(failing)
}

/// The cluster may be written to by whoever leads either half.
fn any(terms: &Terms) -> Gate {
    let (balancers, dns) = (terms.balancers.gate(), terms.dns.gate());
    Arc::new(move || balancers() || dns())
}

/// What has to be read.
pub(crate) fn kinds(controller: &Controller, halves: Halves) -> BTreeSet<Kind> {
    let sources = &controller.sources.sources;
    let mut kinds: BTreeSet<Kind> =
        sources.iter().filter(|_| halves.dns).filter_map(|source| source.kind()).collect();
    if halves.balancers {
        kinds.extend(Kind::ALL);
    }
    kinds
}

fn places(values: &Values) -> Vec<(&'static str, String)> {
    let flags = ["health-probe-bind-addr", "metrics-bind-addr", "metrics-address"];
    flags.map(|flag| (flag, values.text(flag))).into()
}

/// Cancelled by the first SIGTERM or SIGINT; a second one ends the process where it stands.
fn stop_signal() -> std::io::Result<CancellationToken> {
    let stop = CancellationToken::new();
    let told = stop.clone();
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    tokio::spawn(async move {
        let mut either = async || {
            tokio::select! {
                _ = terminate.recv() => "SIGTERM",
                _ = interrupt.recv() => "SIGINT",
            }
        };
        let signal = either().await;
        info!(signal, "stopping: running operations end, no new one begins");
        told.cancel();
        either().await;
        std::process::exit(130);
    });
    Ok(stop)
}
