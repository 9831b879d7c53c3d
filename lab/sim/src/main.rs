//! `cargo xtask sim`: runs schedules and tells of those that went wrong.

use std::{
    process::ExitCode,
    sync::atomic::{AtomicU64, Ordering},
    time::{Duration, Instant},
};

use clap::Parser;
use inroad_sim::{Report, run};

/// Which schedules to run.
#[derive(Parser)]
struct Args {
    /// The first seed.
    #[arg(long, default_value_t = 0)]
    seed: u64,
    /// How many seeds from there; one by default when a seed is given.
    #[arg(long)]
    count: Option<u64>,
    /// No new schedule begins after so many seconds.
    #[arg(long)]
    seconds: Option<u64>,
    /// Print everything that happens.
    #[arg(long)]
    trace: bool,
}

fn main() -> ExitCode {
    let args = Args::parse();
    let count = args.count.unwrap_or(if args.seconds.is_some() { u64::MAX } else { 1 });
    let (began, next, failed) = (Instant::now(), AtomicU64::new(0), AtomicU64::new(0));
    let end = args.seconds.map(|seconds| began + Duration::from_secs(seconds));
    let work = || {
        while end.is_none_or(|end| Instant::now() < end) {
            let nth = next.fetch_add(1, Ordering::Relaxed);
            if nth >= count {
                break;
            }
            let report = run(args.seed + nth);
            failed.fetch_add(u64::from(!report.wrongs.is_empty()), Ordering::Relaxed);
            tell(&report, args.trace);
        }
    };
    let workers = std::thread::available_parallelism().map_or(1, usize::from);
    std::thread::scope(|scope| (0..workers).for_each(|_| drop(scope.spawn(work))));
    let (done, failed) = (next.into_inner().min(count), failed.into_inner());
    let seconds = began.elapsed().as_secs_f64();
    println!("{done} schedules in {seconds:.1} s, {failed} failed");
    ExitCode::from(u8::from(failed > 0))
}

fn tell(report: &Report, trace: bool) {
    if trace {
        report.trace.iter().for_each(|line| println!("{line}"));
    }
    if !report.wrongs.is_empty() {
        report.wrongs.iter().for_each(|wrong| println!("{wrong}"));
        println!("again: cargo xtask sim --seed {}", report.seed);
    }
}
