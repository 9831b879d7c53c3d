use std::time::Duration;

use tokio::time::Instant;

use super::limiter::Pace;
use super::*;

/// A service in a time of its own.
struct Clock {
    pace: Pace,
    now: Instant,
}

impl Clock {
    fn new(throttle: &Throttle) -> Self {
        let now = Instant::now();
        Self { pace: Pace::new(throttle.of(Service::Elbv2), now), now }
    }

    fn pass(&mut self, time: Duration) {
        self.now += time;
        self.pace.pass(self.now);
    }

    /// How long so many calls take, one after the other.
    fn seconds(&mut self, operation: &str, lane: Lane, calls: u32) -> u64 {
        let start = self.now;
        for _ in 0..calls {
            loop {
                let (wait, taken) = self.pace.take(operation, lane);
                self.pass(wait);
                if taken {
                    break;
                }
            }
        }
        // Sums of fractions may fall short of the whole second by a hair.
        (self.now.duration_since(start) + Duration::from_millis(1)).as_secs()
    }
}

fn at(rate: &str) -> Clock {
    let throttle = format!("Elastic Load Balancing v2:.*={rate}").parse();
    Clock::new(&throttle.expect("a rate"))
}

#[test]
fn rates_are_read_as_albc_spells_them_and_replace_those_of_their_service() {
    let read: Throttle =
        "elastic load balancing V2:^Create=2.5:3, WAFV2:^Get.*|^List=1:1,ACM:.*=1:2"
            .parse()
            .expect("it is well-formed");
    let rates = read.of(Service::Elbv2);
    assert_eq!((rates.len(), rates[0].per_second, rates[0].burst), (1, 2.5, 3));
    assert_eq!(read.of(Service::Acm).len(), 1);
    assert_eq!(Throttle::default().of(Service::Elbv2).len(), 3);
    for bad in ["EC2", "EC2:^A", "EC2:^A=1", "EC2:^A=0:1", "EC2:^A=1:0", "EC2:(=1:1", "EC2:^A=x:1"]
    {
        let error = bad.parse::<Throttle>().expect_err(bad).to_string();
        assert!(error.starts_with(bad), "{error}");
    }
}

#[test]
fn a_burst_is_free_and_the_rate_holds_after_it() {
    let mut clock = Clock::new(&Throttle::default());
    assert_eq!(clock.seconds("RegisterTargets", Lane::Urgent, 20), 0);
    assert_eq!(clock.seconds("RegisterTargets", Lane::Urgent, 40), 10);
    assert_eq!(clock.seconds("CreateRule", Lane::Urgent, 100), 0, "no rule, no wait");
}

#[test]
fn turns_are_promised_in_order() {
    let mut clock = at("1:1");
    let waits: Vec<_> =
        (0..3).map(|_| clock.pace.take("CreateRule", Lane::Urgent).0.as_secs()).collect();
    assert_eq!(waits, [0, 1, 2]);
}

#[test]
fn background_work_leaves_the_reserved_share() {
    let mut clock = Clock::new(&Throttle::default());
    assert_eq!(clock.seconds("RegisterTargets", Lane::Background, 10), 0);
    assert_eq!(clock.seconds("RegisterTargets", Lane::Background, 8), 2);
    assert_eq!(clock.seconds("RegisterTargets", Lane::Urgent, 10), 0);
}

#[test]
fn throttling_halves_the_pace_once_a_swarm_and_time_brings_it_back() {
    let mut clock = at("10:1");
    for _ in 0..50 {
        clock.pace.slow();
    }
    let slowed = clock.seconds("CreateRule", Lane::Urgent, 51);
    assert!((8..=10).contains(&slowed), "{slowed}");
    clock.pass(Duration::from_secs(60));
    assert_eq!(clock.seconds("CreateRule", Lane::Urgent, 51), 5);
}

#[tokio::test]
async fn a_retry_is_paid_for_by_who_comes_next_and_no_other_service() {
    let rate = "Elastic Load Balancing v2:.*=20:1";
    let limiter = Limiter::new(Some(rate.parse().expect("a rate")));
    let start = Instant::now();
    limiter.turn(Service::Elbv2, "CreateRule", Lane::Urgent).await;
    limiter.turn(Service::Ec2, "CreateTags", Lane::Background).await;
    assert!(start.elapsed() < Duration::from_millis(90), "nothing to wait for");
    limiter.also(Service::Elbv2, "CreateRule");
    limiter.turn(Service::Elbv2, "CreateRule", Lane::Urgent).await;
    assert!(start.elapsed() >= Duration::from_millis(90), "{:?}", start.elapsed());
}
