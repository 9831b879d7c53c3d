//! Whether what is there is what is wished, and what an undisturbed process makes of the same wish.

use std::{collections::BTreeSet, sync::Arc, time::Duration};

use fastrand::Rng;
use tokio::time::{Instant, sleep};
use tokio_util::sync::CancellationToken;

use crate::{
    canonical::canonical,
    life::Life,
    reach::{items, reach},
    replica::Replica,
    stage::Stage,
    wish::{Wish, place},
};

/// How long after the last trouble the state may need: twice the longest wait between two attempts, and a
/// look at what exists.
const PATIENCE: Duration = Duration::from_secs(1500);
/// Within that, events that were late have arrived, and processes that stood still go on.
const ON_THE_WAY: Duration = Duration::from_secs(60);
/// Whoever takes over last may still have checkpoints to write, which the state does not show.
const LAST_WORDS: Duration = Duration::from_secs(120);
/// How long it must then stay so: two looks at what exists.
const PEACE: Duration = Duration::from_secs(1350);

/// Waits until the wish is true.
///
/// # Errors
/// What was still missing.
pub(crate) async fn settle(stage: &Stage, wish: &Wish) -> Result<(), String> {
    // Else a state that is as wished by chance would be promised to go on, before its controller has heard.
    sleep(ON_THE_WAY).await;
    until(stage, || missing(stage, wish)).await
}

/// Waits until the state is that of an undisturbed process, and sees that it stays so without a write.
///
/// # Errors
/// The difference.
pub(crate) async fn rest(stage: &Stage, wish: &Wish) -> Result<(), String> {
    let wanted = undisturbed(wish).await?;
    let state = || canonical(&stage.snapshot(), &stage.server);
    until(stage, || difference(&wanted, &state())).await?;
    sleep(LAST_WORDS).await;
    let writes = stage.writes();
    sleep(PEACE).await;
    match (stage.writes() - writes, difference(&wanted, &state())) {
        (0, None) => Ok(()),
        (0, Some(difference)) => Err(format!("it does not stay so: {difference}")),
        (more, _) => Err(format!("{more} writes when nothing was to be done")),
    }
}

async fn until(stage: &Stage, wrong: impl Fn() -> Option<String>) -> Result<(), String> {
    let end = Instant::now() + PATIENCE;
    loop {
        let writes = stage.writes();
        let Some(wrong) = wrong() else { return Ok(()) };
        while stage.writes() == writes {
            if Instant::now() >= end || stage.is_wrong() {
                return Err(wrong);
            }
            sleep(Duration::from_secs(5)).await;
        }
    }
}

/// What the wish asks for and the state lacks, or has too much.
fn missing(stage: &Stage, wish: &Wish) -> Option<String> {
    let snapshot = stage.snapshot();
    let ways: BTreeSet<_> = wish.ways().into_iter().map(|way| (way.host, way.path)).collect();
    for (host, path) in ways {
        let reached = reach(&snapshot, &host, path);
        if !reached.as_ref().is_some_and(|it| wish.asks_for(&host, path, it)) {
            return Some(format!("{host}{path} leads to {reached:?}"));
        }
    }
    let balancers = items(&snapshot["LoadBalancers"]).count() - 1;
    if balancers != wish.balancers() {
        return Some(format!("{balancers} load balancers instead of {}", wish.balancers()));
    }
    let there = (0..9).map(|nth| format!("i{nth}"));
    let mut there = there.filter(|name| stage.server.get(&place(name)).is_some());
    let left = there.find(|name| !wish.ingresses.contains_key(name));
    left.map(|name| format!("{name} is deleted and still there"))
}

/// The state that one process in good weather brings a new account and cluster to.
async fn undisturbed(wish: &Wish) -> Result<String, String> {
    let stage = Arc::new(Stage::new(Rng::with_seed(0), wish));
    let (life, stop) = (Life::default(), CancellationToken::new());
    let replica = Replica {
        stage: stage.clone(),
        life: life.clone(),
        identity: "undisturbed".into(),
        stop,
        seed: 0,
    };
    let process = tokio::task::spawn_local(life.run(replica.live()));
    let settled = settle(&stage, wish).await;
    // Statuses and bindings follow.
    sleep(Duration::from_secs(30)).await;
    life.end();
    let state = canonical(&stage.snapshot(), &stage.server);
    let ended = process.await.map_err(|error| error.to_string());
    settled.and(ended).map(|()| state).map_err(|wrong| format!("undisturbed: {wrong}"))
}

/// The first lines in which two states differ.
fn difference(wanted: &str, found: &str) -> Option<String> {
    if wanted == found {
        return None;
    }
    let diff = similar::TextDiff::from_lines(wanted, found);
    Some(diff.unified_diff().context_radius(6).header("undisturbed", "here").to_string())
}
