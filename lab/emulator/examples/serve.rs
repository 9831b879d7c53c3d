//! An empty account on a port: `cargo run -p inroad-emulator --example serve -- 127.0.0.1:4566`.
//!
//! `--quota rules_per_load_balancer=3` (`route53.hosted_zones=1`) sets a quota by its name in `Quotas`;
//! `--throttle elasticloadbalancing:CreateRule=2` throttles the next two calls of an operation (`*`: of any).
//! `--seed FILE` starts with what a snapshot holds, in its region and account; `--region NAME`: of an
//! empty one.

use inroad_emulator::faults::{Effect, Script};
use inroad_emulator::{Emulator, Settings, seed, serve};
use serde_json::{Map, Value};
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

/// What the command line asks for.
struct Wanted {
    address: String,
    settings: Settings,
    scripts: Vec<Script>,
    seed: Option<Value>,
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let wanted = read(std::env::args().skip(1))?;
    let listener = TcpListener::bind(wanted.address).await?;
    println!("http://{}", listener.local_addr()?);
    let emulator = Emulator::new(wanted.settings);
    if let Some(document) = wanted.seed {
        seed::restore(&mut emulator.account(), &document)?;
    }
    for script in wanted.scripts {
        emulator.script(script);
    }
    let stop = CancellationToken::new();
    let ended = stop.clone();
    tokio::spawn(async move {
        if tokio::signal::ctrl_c().await.is_ok() {
            ended.cancel();
        }
    });
    serve(listener, emulator, stop).await;
    Ok(())
}

fn read(mut words: impl Iterator<Item = String>) -> Result<Wanted, String> {
    let mut address = "127.0.0.1:0".to_owned();
    let (mut quotas, mut scripts) = (Map::new(), Vec::new());
    let (mut settings, mut seed) = (Settings::default(), None);
    while let Some(word) = words.next() {
        match word.as_str() {
            "--quota" => quota(&mut quotas, &number(words.next())?),
            "--throttle" => scripts.push(throttle(&number(words.next())?)?),
            "--region" => settings.region = words.next().ok_or("--region needs a name")?,
            "--seed" => {
                let document = snapshot(&words.next().ok_or("--seed needs a file")?)?;
                settings = seed::settings_of(&document);
                seed = Some(document);
            }
            flag if flag.starts_with('-') => return Err(format!("there is no {flag}")),
            _ => address = word,
        }
    }
    settings.quotas = serde_json::from_value(Value::Object(quotas)).map_err(|e| e.to_string())?;
    Ok(Wanted { address, settings, scripts, seed })
}

fn snapshot(path: &str) -> Result<Value, String> {
    let text = std::fs::read(path).map_err(|e| format!("{path}: {e}"))?;
    serde_json::from_slice(&text).map_err(|e| format!("{path}: {e}"))
}

/// `NAME=NUMBER`.
fn number(word: Option<String>) -> Result<(String, usize), String> {
    let word = word.unwrap_or_default();
    let parts = word.split_once('=').and_then(|(name, n)| Some((name.to_owned(), n.parse().ok()?)));
    parts.ok_or_else(|| format!("'{word}' is not NAME=NUMBER"))
}

/// A dot leads into the quotas of one service.
fn quota(quotas: &mut Map<String, Value>, (name, limit): &(String, usize)) {
    match name.split_once('.') {
        Some((service, name)) => {
            let own = quotas.entry(service).or_insert_with(|| Value::Object(Map::new()));
            own[name] = (*limit).into();
        }
        None => {
            quotas.insert(name.clone(), (*limit).into());
        }
    }
}

fn throttle((name, times): &(String, usize)) -> Result<Script, String> {
    let (service, operation) =
        name.split_once(':').ok_or_else(|| format!("'{name}' is not SERVICE:OPERATION"))?;
    Ok(Script::new(service, operation, *times, Effect::Throttle))
}
