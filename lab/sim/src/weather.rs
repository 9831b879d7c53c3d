//! What goes wrong with single calls, by chance.

use std::time::Duration;

use fastrand::Rng;

/// How likely which trouble is, out of a hundred calls.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Weather {
    pub(crate) throttled: u8,
    pub(crate) broken: u8,
    pub(crate) unanswered: u8,
    pub(crate) slow: u8,
    /// Nothing gets through.
    pub(crate) out: bool,
}

/// What happens to one call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Luck {
    Good,
    Throttled,
    Broken,
    Unanswered,
    /// Answered so much later than done.
    Slow(Duration),
}

impl Weather {
    /// Some weather.
    pub(crate) fn draw(dice: &mut Rng) -> Self {
        let mut some = |most: u8| if dice.u8(..3) == 0 { dice.u8(1..=most) } else { 0 };
        Self {
            throttled: some(20),
            broken: some(15),
            unanswered: some(15),
            slow: some(30),
            out: false,
        }
    }

    /// What happens to the next call.
    pub(crate) fn luck(&self, dice: &mut Rng) -> Luck {
        let mut roll = dice.u8(..100);
        let mut under = |odds: u8| {
            let hit = roll < odds;
            roll = if hit { 100 } else { roll - odds };
            hit
        };
        if self.out {
            Luck::Broken
        } else if under(self.throttled) {
            Luck::Throttled
        } else if under(self.broken) {
            Luck::Broken
        } else if under(self.unanswered) {
            Luck::Unanswered
        } else if under(self.slow) {
            Luck::Slow(Duration::from_millis(dice.u64(1..4000)))
        } else {
            Luck::Good
        }
    }
}
