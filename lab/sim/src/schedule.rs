//! The order of events of one seed, and the verdict. A schedule has a few phases: from a state that is as it
//! should be, edits and troubles mix; then all trouble ends, and the state must become what is wished.

use std::{cell::RefCell, rc::Rc, sync::Arc, time::Duration};

use fastrand::Rng;
use tokio::{task::spawn_local, time::sleep};
use tokio_util::sync::CancellationToken;

use crate::{
    hand,
    life::{Fuse, Life},
    replica::Replica,
    settle,
    stage::Stage,
    weather::Weather,
    wish::{Edit, Wish, host, place},
};

/// What came of a seed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Report {
    /// The seed.
    pub seed: u64,
    /// What must not be; empty: nothing.
    pub wrongs: Vec<String>,
    /// Everything that happened, a line each.
    pub trace: Vec<String>,
}

/// Runs the schedule of a seed. The same seed gives the same report.
///
/// # Panics
/// Where the runtime cannot be made, or where the code under test panics.
pub fn run(seed: u64) -> Report {
    // The libraries' own chance.
    fastrand::seed(seed);
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .start_paused(true)
        .build()
        .expect("a runtime without I/O needs nothing of the system");
    let local = tokio::task::LocalSet::new();
    // Even the first look at the clock must be at the paused one.
    local.block_on(&runtime, async { Schedule::new(seed).run(seed).await })
}

/// One process after another in the same place.
struct Slot {
    name: String,
    now: RefCell<(Life, CancellationToken)>,
}

struct Schedule {
    dice: Rng,
    wish: Wish,
    stage: Arc<Stage>,
    slots: Vec<Rc<Slot>>,
    /// The cluster's revision when the trouble began.
    began_at: u64,
}

impl Schedule {
    fn new(seed: u64) -> Self {
        let mut dice = Rng::with_seed(seed);
        let wish = Wish::draw(&mut dice);
        let stage = Arc::new(Stage::new(dice.fork(), &wish));
        let replicas = if dice.u8(..3) == 0 { 2 } else { 1 };
        let slots = (0..replicas).map(|nth| {
            let now = RefCell::default();
            Rc::new(Slot { name: format!("r{nth}"), now })
        });
        let (slots, began_at) = (slots.collect(), stage.server.revision());
        Self { slots, dice, wish, stage, began_at }
    }

    async fn run(mut self, seed: u64) -> Report {
        for slot in &self.slots {
            spawn_local(supervise(slot.clone(), self.stage.clone(), self.dice.fork()));
        }
        if let Err(wrong) = self.phases().await {
            self.stage.wrong(wrong);
        }
        let (wrongs, trace) = self.stage.verdict();
        Report { seed, wrongs, trace }
    }

    async fn phases(&mut self) -> Result<(), String> {
        for _ in 0..self.dice.u8(2..=3) {
            self.trouble().await;
            self.heal();
            settle::settle(&self.stage, &self.wish).await?;
            if self.stage.is_wrong() {
                return Ok(());
            }
            self.stage.note("as wished");
            self.stage.promise(self.wish.ways());
            self.began_at = self.stage.server.revision();
        }
        settle::rest(&self.stage, &self.wish).await
    }

    async fn trouble(&mut self) {
        let draw = |dice: &mut Rng| match dice.u8(..3) {
            0 => Weather::default(),
            _ => Weather::draw(dice),
        };
        let (aws, api) = (draw(&mut self.dice), draw(&mut self.dice));
        self.stage.note(format!("weather: AWS {aws:?}, API server {api:?}"));
        self.stage.set_weather(aws, api);
        for _ in 0..self.dice.u8(2..=8) {
            let most = if self.dice.u8(..4) == 0 { 60_000 } else { 3_000 };
            sleep(Duration::from_millis(self.dice.u64(..most))).await;
            self.event();
            if self.stage.is_wrong() {
                return;
            }
        }
    }

    /// All trouble ends; what was begun goes on.
    fn heal(&mut self) {
        self.stage.note("all is well from here");
        self.stage.set_weather(Weather::default(), Weather::default());
        // What was lost in a watch that goes on would be lost for ever: no API server does that.
        self.stage.server.heal();
        self.stage.server.compact();
        self.stage.server.cut_watches();
        for slot in &self.slots {
            let (life, _) = &*slot.now.borrow();
            life.disarm();
            life.freeze(false);
        }
    }

    fn event(&mut self) {
        match self.dice.u8(..18) {
            0..8 => self.edit(),
            8 | 9 => self.arm(),
            10 => self.kill(),
            11 => self.stop(),
            12 => self.freeze(),
            13 => self.cut_off(),
            14 => self.meddle(),
            _ => self.confuse(),
        }
    }

    /// Nobody gets through to AWS, or to the API server, for a while.
    fn cut_off(&mut self) {
        let (aws, long) = (self.dice.bool(), Duration::from_millis(self.dice.u64(500..60_000)));
        let stage = self.stage.clone();
        stage.note(format!("cut off for {long:?} from AWS: {aws}"));
        stage.set_out(aws, true);
        spawn_local(async move {
            sleep(long).await;
            stage.set_out(aws, false);
        });
    }

    fn meddle(&mut self) {
        let snapshot = self.stage.snapshot();
        let done = hand::meddle(&self.stage.emulator, &snapshot, &mut self.dice);
        done.into_iter().for_each(|done| self.stage.note(done));
        self.stage.forgive();
    }

    /// Watches end, forget, lag, or tell less than everything.
    fn confuse(&mut self) {
        let (server, dice) = (&self.stage.server, &mut self.dice);
        let what = dice.u8(..6);
        match what {
            0 => {}
            1 => server.compact(),
            // Not from before these edits: what was promised then would not have been asked for.
            2 => server.lag_lists(dice.u64(1..20).min(server.revision() - self.began_at)),
            3 => server.delay_events(Duration::from_millis(dice.u64(100..30_000))),
            4 => server.coalesce_events(true),
            _ => server.lose_events(dice.usize(1..4)),
        }
        self.stage.note(format!("the API server is confused: {what}"));
        // Those watches end at once, or after some events.
        if what < 3 || dice.bool() {
            server.cut_watches();
        }
    }

    fn edit(&mut self) {
        let server = &self.stage.server;
        let is_free = |name: &str| server.get(&place(name)).is_none();
        let Some(edit) = self.wish.edit(&mut self.dice, is_free) else { return };
        self.stage.note(format!("{edit:?}"));
        let moved = match &edit {
            Edit::Move(name) => host(name),
            _ => String::new(),
        };
        let ways = self.wish.ways();
        self.stage.keep_promised(|way| ways.contains(way) && way.host != moved);
        match edit {
            Edit::Delete(name) => self.stage.server.delete(&place(&name)),
            Edit::Move(name) => self.write(&name),
            Edit::Apply(names) => names.iter().for_each(|name| self.write(name)),
        }
    }

    fn write(&self, name: &str) {
        if let Some(object) = self.wish.object(name) {
            self.stage.server.apply(&object);
        }
    }

    fn slot(&mut self) -> Rc<Slot> {
        self.slots[self.dice.usize(..self.slots.len())].clone()
    }

    /// A process will die at one of its next calls.
    fn arm(&mut self) {
        let fuse = Fuse { calls: self.dice.u16(..60), done: self.dice.bool() };
        let slot = self.slot();
        self.stage.note(format!("{} will die: {fuse:?}", slot.name));
        slot.now.borrow().0.arm(fuse);
    }

    fn kill(&mut self) {
        let slot = self.slot();
        self.stage.note(format!("{} is killed", slot.name));
        slot.now.borrow().0.end();
    }

    fn stop(&mut self) {
        let slot = self.slot();
        self.stage.note(format!("{} is asked to stop", slot.name));
        slot.now.borrow().1.cancel();
    }

    /// A process stands still for so long that its lease may be somebody else's when it wakes.
    fn freeze(&mut self) {
        let (slot, long) = (self.slot(), Duration::from_millis(self.dice.u64(500..100_000)));
        self.stage.note(format!("{} stands still for {long:?}", slot.name));
        let life = slot.now.borrow().0.clone();
        life.freeze(true);
        spawn_local(async move {
            sleep(long).await;
            life.freeze(false);
        });
    }
}

/// Starts a process whenever there is none.
async fn supervise(slot: Rc<Slot>, stage: Arc<Stage>, mut dice: Rng) {
    for nth in 0_u32.. {
        let (life, stop) = (Life::default(), CancellationToken::new());
        *slot.now.borrow_mut() = (life.clone(), stop.clone());
        let replica = Replica {
            stage: stage.clone(),
            life: life.clone(),
            identity: format!("{}-{nth}", slot.name),
            stop,
            seed: dice.u64(..),
        };
        stage.note(format!("{} starts", replica.identity));
        life.run(replica.live()).await;
        stage.note(format!("{}-{nth} is gone", slot.name));
        sleep(Duration::from_millis(dice.u64(100..20_000))).await;
    }
}
