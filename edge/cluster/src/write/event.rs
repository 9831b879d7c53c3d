//! Which Events become new objects and which only count up an earlier one, as client-go's recorder has
//! it: equal ones are counted, many alike on one object are gathered, and an object that is told about all
//! the time is told about seldom. In: what happened, and when. Out: what to send. No I/O, no clock.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use inroad_status::Event;
use k8s_openapi::jiff::{SignedDuration, Timestamp};

/// Different messages of one reason on one object until they are gathered into one Event.
const SIMILAR: usize = 10;
/// After so much silence the counting of different messages begins anew.
const SIMILAR_WINDOW: SignedDuration = SignedDuration::from_mins(10);
/// How many Events on one object may come in a row.
const BURST: f64 = 25.0;
/// How often one more may come after that.
const REFILL: Duration = Duration::from_secs(300);
/// How many Events and objects are remembered; the oldest are forgotten first.
const MEMORY: usize = 4096;
/// What a gathered Event's message begins with.
const GATHERED: &str = "(combined from similar events): ";

/// What to send for an Event.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Send {
    /// A new object.
    Create(Told),
    /// A higher count on an object that is there.
    Count(Told),
    /// Nothing: too much has been told about this object.
    Nothing,
}

/// An Event as the cluster is told of it.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Told {
    /// Object name.
    pub(crate) name: String,
    /// Its message.
    pub(crate) message: String,
    /// How often it happened.
    pub(crate) count: i32,
    /// When it happened first.
    pub(crate) first: Timestamp,
    /// When it happened last.
    pub(crate) last: Timestamp,
}

/// Object with its uid, type and reason.
type Alike = (String, String, &'static str, String);

/// What has been told so far.
#[derive(Debug, Default)]
pub(crate) struct Correlator {
    told: BTreeMap<(Alike, String), Told>,
    similar: BTreeMap<Alike, (BTreeSet<String>, Timestamp)>,
    budgets: BTreeMap<(String, String), (f64, Timestamp)>,
}

impl Correlator {
    /// Takes in that `event` happened to the object with `uid` at `now`.
    pub(crate) fn observe(&mut self, event: &Event, uid: &str, now: Timestamp) -> Send {
        let object = (event.object.to_string(), uid.to_owned());
        let alike = (object.0.clone(), object.1.clone(), kind(event), event.reason.clone());
        let (message, key) = self.gather(alike, &event.message, now);
        let known = self.told.get(&key);
        let told = Told {
            name: known.map_or_else(|| name(event, now), |it| it.name.clone()),
            message,
            count: known.map_or(1, |it| it.count.saturating_add(1)),
            first: known.map_or(now, |it| it.first),
            last: now,
        };
        let again = known.is_some();
        self.told.insert(key, told.clone());
        let send = match (self.spend(object, now), again) {
            (false, _) => Send::Nothing,
            (true, true) => Send::Count(told),
            (true, false) => Send::Create(told),
        };
        self.forget();
        send
    }

    /// The message as it is told, and what it is counted under.
    fn gather(&mut self, alike: Alike, message: &str, now: Timestamp) -> (String, (Alike, String)) {
        let (messages, last) = self.similar.entry(alike.clone()).or_insert((BTreeSet::new(), now));
        if now.duration_since(*last) > SIMILAR_WINDOW {
            messages.clear();
        }
        *last = now;
        messages.insert(message.to_owned());
        if messages.len() < SIMILAR {
            return (message.to_owned(), (alike, message.to_owned()));
        }
        messages.pop_first();
        (format!("{GATHERED}{message}"), (alike, String::new()))
    }

    /// Takes one Event from the object's budget; false where it is used up.
    fn spend(&mut self, object: (String, String), now: Timestamp) -> bool {
        let (left, last) = self.budgets.entry(object).or_insert((BURST, now));
        let waited = now.duration_since(*last).as_secs_f64().max(0.0);
        *left = (*left + waited / REFILL.as_secs_f64()).min(BURST);
        *last = now;
        let enough = *left >= 1.0;
        if enough {
            *left -= 1.0;
        }
        enough
    }

    fn forget(&mut self) {
        drop_oldest(&mut self.told, |told| told.last);
        drop_oldest(&mut self.similar, |(_, last)| *last);
        drop_oldest(&mut self.budgets, |(_, last)| *last);
    }
}

/// The older half goes when the memory is full.
fn drop_oldest<K: Ord + Clone, V>(map: &mut BTreeMap<K, V>, last: impl Fn(&V) -> Timestamp) {
    if map.len() <= MEMORY {
        return;
    }
    let mut times: Vec<_> = map.values().map(&last).collect();
    times.sort_unstable();
    let middle = times[times.len() / 2];
    map.retain(|_, value| last(value) > middle);
}

/// `type` of the Event.
pub(crate) fn kind(event: &Event) -> &'static str {
    match event.kind {
        inroad_status::EventKind::Normal => "Normal",
        inroad_status::EventKind::Warning => "Warning",
    }
}

/// Unique by time, as client-go names them.
fn name(event: &Event, now: Timestamp) -> String {
    format!("{}.{:x}", event.object.name, now.as_nanosecond())
}

#[cfg(test)]
mod tests {
    use inroad_status::EventKind;
    use inroad_words::{Kind, ObjectKey};

    use super::*;

    fn event(message: &str) -> Event {
        Event {
            object: ObjectKey::new(Kind::Ingress, "shop", "web"),
            kind: EventKind::Warning,
            reason: "FailedDeployModel".into(),
            message: message.into(),
        }
    }

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_second(1_700_000_000 + seconds).expect("a time in range")
    }

    #[test]
    fn equal_events_are_counted_and_a_new_object_of_the_name_begins_anew() {
        let mut correlator = Correlator::default();
        let Send::Create(first) = correlator.observe(&event("a"), "u1", at(0)) else {
            panic!("the first Event is a new object");
        };
        assert_eq!((first.count, first.name.as_str()), (1, "web.17979cfe362a0000"));
        let Send::Count(second) = correlator.observe(&event("a"), "u1", at(60)) else {
            panic!("an equal Event is counted");
        };
        assert_eq!(second, Told { count: 2, last: at(60), ..first });
        assert!(matches!(correlator.observe(&event("b"), "u1", at(61)), Send::Create(_)));
        assert!(matches!(correlator.observe(&event("a"), "u2", at(62)), Send::Create(_)));
    }

    #[test]
    fn many_alike_are_gathered_into_one() {
        let mut correlator = Correlator::default();
        let sent: Vec<_> = (0..13)
            .map(|nth| correlator.observe(&event(&format!("m{nth}")), "u", at(nth)))
            .collect();
        assert!(sent[..9].iter().all(|it| matches!(it, Send::Create(t) if t.count == 1)));
        assert!(matches!(&sent[9], Send::Create(t) if t.message == format!("{GATHERED}m9")));
        assert!(matches!(&sent[12], Send::Count(t) if t.count == 4 && t.message.ends_with("m12")));
        // After a long silence they are told one by one again.
        let later = correlator.observe(&event("m99"), "u", at(1000));
        assert!(matches!(later, Send::Create(t) if t.message == "m99"));
    }

    #[test]
    fn an_object_in_trouble_does_not_flood_the_cluster() {
        let mut correlator = Correlator::default();
        let sent = (0..100).map(|_| correlator.observe(&event("a"), "u", at(0)));
        assert_eq!(sent.filter(|it| *it != Send::Nothing).count(), 25);
        assert_eq!(correlator.observe(&event("a"), "u", at(299)), Send::Nothing);
        let after = correlator.observe(&event("a"), "u", at(301));
        assert!(matches!(after, Send::Count(told) if told.count == 102), "all of them count");
        let mut other = event("a");
        other.object.name = "api".into();
        assert!(matches!(correlator.observe(&other, "v", at(301)), Send::Create(_)));
    }

    #[test]
    fn memory_is_bounded() {
        let mut correlator = Correlator::default();
        for nth in 0..10_000 {
            correlator.observe(&event("a"), &format!("u{nth}"), at(nth));
        }
        assert!(correlator.told.len() <= MEMORY && correlator.budgets.len() <= MEMORY);
        assert!(correlator.similar.len() <= MEMORY);
        assert!(matches!(correlator.observe(&event("a"), "u9999", at(10_000)), Send::Count(_)));
    }
}
