//! A few schedules as a test; thousands are for `cargo xtask sim`. What a seed once found stays here.

use inroad_sim::run;

/// Seeds that found something that was wrong, and what that was.
const FOUND: &[(u64, &str)] = &[
    (3, "turns of a stack without a pause, since what could wait went before what had failed"),
    (8, "a security group of all stacks that outlived the last of them"),
    (3032, "a binding that was made while its watch was down, and outlived its stack"),
    (
        6024,
        "a stack that moved away in the middle of its turn, and was looked up in an old listing",
    ),
];

#[test]
fn seeds_that_found_something_find_nothing_any_more() {
    for (seed, what) in FOUND {
        let report = run(*seed);
        assert_eq!(report.wrongs, [""; 0], "seed {seed}, which found {what}");
    }
}

#[test]
fn a_seed_gives_the_same_trace_again() {
    for seed in 0..4 {
        let (once, again) = (run(seed), run(seed));
        let differs = once.trace.iter().zip(&again.trace).find(|(one, other)| one != other);
        assert_eq!(differs, None, "seed {seed}");
        assert_eq!(once, again, "seed {seed}");
        assert!(once.trace.len() > 100, "{} lines are no schedule", once.trace.len());
    }
}
