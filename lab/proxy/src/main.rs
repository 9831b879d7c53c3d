//! A scripted proxy in front of an AWS endpoint: it names and counts every attempt of a client and, as a
//! test tells it over its control port, cuts, delays, halves or refuses some of them. It knows AWS's
//! protocols as far as a call's name and the shape of an error; nothing of inroad.

mod control;
mod front;
mod moto;
mod name;
mod refusal;
mod rules;
mod stage;
mod upstream;

use std::net::SocketAddr;

use clap::Parser;
use http::Uri;
use serde_json::json;
use tokio::net::TcpListener;

use crate::{
    stage::Stage,
    upstream::{Failure, Upstream},
};

#[derive(Parser)]
#[command(name = "inroad-proxy", about = "A scripted proxy in front of an AWS endpoint")]
struct Cli {
    /// Where AWS clients are answered.
    #[arg(long, default_value = "127.0.0.1:0")]
    listen: SocketAddr,
    /// Where tests say what shall happen.
    #[arg(long, default_value = "127.0.0.1:0")]
    control: SocketAddr,
    /// The account: `http://HOST:PORT`.
    #[arg(long)]
    upstream: Uri,
    /// One call after the other.
    #[arg(long)]
    lock: bool,
    /// The account is moto: one call after the other, and what it does otherwise than AWS is repaired.
    #[arg(long)]
    moto: bool,
}

#[tokio::main]
async fn main() -> Result<(), Failure> {
    let cli = Cli::parse();
    let stage = Stage::new(Upstream::new(cli.upstream, cli.lock, cli.moto));
    let aws = TcpListener::bind(cli.listen).await?;
    let control = TcpListener::bind(cli.control).await?;
    let url = |address: SocketAddr| format!("http://{address}");
    println!("{}", json!({ "aws": url(aws.local_addr()?), "control": url(control.local_addr()?) }));
    let told = axum::serve(control, control::router(stage.clone()));
    tokio::try_join!(front::serve(aws, stage), async { told.await })?;
    Ok(())
}
