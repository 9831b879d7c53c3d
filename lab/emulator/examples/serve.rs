//! An empty account on a port: `cargo run -p inroad-emulator --example serve -- 127.0.0.1:4566`.

use inroad_emulator::{Emulator, Settings, serve};
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

#[tokio::main]
async fn main() -> std::io::Result<()> {
    let address = std::env::args().nth(1).unwrap_or_else(|| "127.0.0.1:0".into());
    let listener = TcpListener::bind(address).await?;
    println!("http://{}", listener.local_addr()?);
    let stop = CancellationToken::new();
    let ended = stop.clone();
    tokio::spawn(async move {
        if tokio::signal::ctrl_c().await.is_ok() {
            ended.cancel();
        }
    });
    serve(listener, Emulator::new(Settings::default()), stop).await;
    Ok(())
}
