//! The life of one process: it runs, stands still, or is dead, at once and for good.

use std::{
    future::Future,
    pin::Pin,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    task::{Context, Poll, Waker},
};

/// A process as seen from outside. Clones are of the same process.
#[derive(Debug, Clone, Default)]
pub(crate) struct Life(Arc<Mutex<State>>);

#[derive(Debug, Default)]
struct State {
    dead: bool,
    frozen: bool,
    fuse: Option<Fuse>,
    waker: Option<Waker>,
}

/// When a process dies: after so many calls, before or after the last of them is done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Fuse {
    pub(crate) calls: u16,
    pub(crate) done: bool,
}

/// What becomes of a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fate {
    /// It is made.
    Made,
    /// It is made, and nobody is left to hear of it.
    Last,
    /// It is never made.
    Never,
}

impl Life {
    /// The process is gone from the end of the step that it is in.
    pub(crate) fn end(&self) {
        let mut state = self.state();
        state.dead = true;
        wake(&mut state);
    }

    /// The process stands still, or goes on.
    pub(crate) fn freeze(&self, frozen: bool) {
        let mut state = self.state();
        state.frozen = frozen;
        wake(&mut state);
    }

    /// The process will die at a call.
    pub(crate) fn arm(&self, fuse: Fuse) {
        self.state().fuse = Some(fuse);
    }

    pub(crate) fn disarm(&self) {
        self.state().fuse = None;
    }

    pub(crate) fn is_dead(&self) -> bool {
        self.state().dead
    }

    /// Counts a call.
    pub(crate) fn call(&self) -> Fate {
        let mut state = self.state();
        if state.dead {
            return Fate::Never;
        }
        match &mut state.fuse {
            Some(fuse) if fuse.calls == 0 => {
                let fate = if fuse.done { Fate::Last } else { Fate::Never };
                state.dead = true;
                fate
            }
            Some(fuse) => {
                fuse.calls -= 1;
                Fate::Made
            }
            None => Fate::Made,
        }
    }

    /// Runs as long as the process does.
    pub(crate) fn run<F>(&self, whole: F) -> impl Future<Output = ()> + use<F>
    where
        F: Future<Output = ()>,
    {
        Running { life: self.clone(), whole: Some(Box::pin(whole)) }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn wake(state: &mut State) {
    if let Some(waker) = state.waker.take() {
        waker.wake();
    }
}

struct Running<F> {
    life: Life,
    whole: Option<Pin<Box<F>>>,
}

impl<F: Future<Output = ()>> Future for Running<F> {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let life = self.life.clone();
        {
            let mut state = life.state();
            state.waker = Some(cx.waker().clone());
            if state.frozen && !state.dead {
                return Poll::Pending;
            }
        }
        let Some(whole) = &mut self.whole else { return Poll::Ready(()) };
        let done = !life.is_dead() && whole.as_mut().poll(cx).is_ready();
        if done || life.is_dead() {
            life.state().dead = true;
            self.whole = None;
            return Poll::Ready(());
        }
        Poll::Pending
    }
}
