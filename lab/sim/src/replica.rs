//! One process as `inroad run` puts it together: lease, feed, engine, writer, AWS, DNS. Its one lease stands for
//! both halves.

use std::{
    collections::BTreeSet,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use aws_credential_types::Credentials;
use aws_smithy_runtime_api::client::http::{SharedHttpConnector, http_client_fn};
use inroad_aws::{Aws, Connect, Throttle};
use inroad_cluster::{
    Gate, Leadership, LeaseSettings, Writer,
    lease::{BALANCERS_LEASE, contend},
    live::{Watching, feed},
};
use inroad_dns::{Cached, Route53};
use inroad_engine::{
    Edges,
    live::{Engine, Halves, Lead, Pace, Setup, Told},
};
use inroad_words::Kind;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use crate::{account, door::Door, life::Life, stage::LEASES, stage::Stage, wire::Wire};

/// One process.
pub(crate) struct Replica {
    pub(crate) stage: Arc<Stage>,
    pub(crate) life: Life,
    /// Its name in the lease and in the trace.
    pub(crate) identity: String,
    /// Asks it to end as SIGTERM does.
    pub(crate) stop: CancellationToken,
    /// Where its engine's chance comes from.
    pub(crate) seed: u64,
}

/// The lead, once there is one to be asked for.
#[derive(Clone, Default)]
struct Term(Arc<Mutex<Option<Leadership>>>);

impl Term {
    fn gate(&self) -> Gate {
        let term = self.0.clone();
        Arc::new(move || {
            let term = term.lock().unwrap_or_else(PoisonError::into_inner);
            term.as_ref().is_some_and(Leadership::may_write)
        })
    }
}

impl Replica {
    /// From its start to its end.
    pub(crate) async fn live(self) {
        let door = Door {
            stage: self.stage.clone(),
            life: self.life.clone(),
            identity: self.identity.clone(),
        };
        let client = door.client();
        let term = Term::default();
        let (tell, lead) = watch::channel(Lead::default());
        let kinds: BTreeSet<Kind> = Kind::ALL.iter().copied().collect();
        let engine = Engine::new(Setup {
            edges: self.edges(&term.gate()).await,
            writer: Writer::new(client.clone(), term.gate()),
            controller: account::controller(),
            halves: Halves { balancers: true, dns: true },
            pace: Pace { zones: Duration::from_secs(300), ..Pace::default() },
            kinds: kinds.clone(),
            lead,
            act: true,
            seed: self.seed,
        });
        let over = CancellationToken::new();
        let lease = lease(&self.identity).idle(engine.idle());
        let (leadership, contest) = contend(client.clone(), lease, over.clone().cancelled_owned());
        *term.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(leadership.clone());
        let feed = feed(client, Watching { kinds, namespace: None });
        let mut note = |told: Told<'_>| self.note(&told);
        let work = async {
            engine.run(feed, self.stop.clone(), &mut note).await;
            over.cancel();
        };
        futures::join!(work, contest, follow(leadership, &tell, &over));
    }

    async fn edges(&self, gate: &Gate) -> Edges {
        let wire = SharedHttpConnector::new(Wire {
            stage: self.stage.clone(),
            life: self.life.clone(),
            identity: self.identity.clone(),
        });
        let aws = Aws::connect(Connect {
            region: Some("us-west-2".into()),
            http: Some(http_client_fn(move |_, _| wire.clone())),
            credentials: Some(Credentials::new("local", "local", None, None, "test")),
            gate: Some(gate.clone()),
            throttle: Some(Throttle::default()),
            ..Connect::default()
        })
        .await;
        let dns = Cached::new(Route53::new(aws.config()), Duration::MAX).gated(gate.clone());
        Edges { aws, dns: Arc::new(dns) }
    }

    fn note(&self, told: &Told<'_>) {
        let who = &self.identity;
        match told {
            Told::Turn { planned, outcome, .. } => {
                self.stage.count_turn(&format!("{who} {}", planned.unit));
                let (todo, done) = (planned.plan.ops.len(), outcome.done.len());
                if todo > 0 || !planned.plan.holds.is_empty() {
                    let held = planned.plan.holds.len();
                    let unit = &planned.unit;
                    self.stage.note(format!("{who} {unit}: {done} of {todo} done, {held} held"));
                }
            }
            Told::Failed(unit, error) => {
                let unit = unit.map(ToString::to_string).unwrap_or_default();
                self.stage.note(format!("{who} {unit}: {error}"));
            }
            Told::Orphan(stack) => self.stage.note(format!("{who} orphan {stack}")),
            Told::Leads(lead) => self.stage.note(format!("{who} leads: {}", lead.balancers)),
            Told::Quiet { units, failing } => {
                self.stage.note(format!("{who} quiet: {units} units, {failing} failing"));
            }
            Told::Listed(_) => self.stage.note(format!("{who} has listed everything")),
            Told::Cluster(_) => {}
        }
    }
}

/// Tells the engine who leads.
async fn follow(mut leadership: Leadership, tell: &watch::Sender<Lead>, over: &CancellationToken) {
    let say = |leads| tell.send_modify(|lead| *lead = Lead { balancers: leads, dns: leads });
    loop {
        say(leadership.leads());
        tokio::select! {
            biased;
            () = over.cancelled() => return,
            () = leadership.changed() => {}
        }
    }
}

/// With more patience than client-go's, so that most calls are about something else.
fn lease(identity: &str) -> LeaseSettings {
    let [duration, deadline, retry] = [45, 30, 10].map(Duration::from_secs);
    let patient = LeaseSettings::new(LEASES, BALANCERS_LEASE).timing(duration, deadline, retry);
    // The three fit together.
    patient.expect("client-go's own rule holds").identity(identity)
}
