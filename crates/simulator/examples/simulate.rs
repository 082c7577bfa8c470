//! A simulator on a port of one's own, for trying clients on it by hand: `cargo run -p driftless-simulator --example
//! simulate -- 4999 60` (port, and logical seconds per real second).

use std::net::SocketAddr;

use driftless_simulator::{Options, Simulator};

#[tokio::main]
async fn main() -> std::io::Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let port = arguments.first().and_then(|port| port.parse().ok()).unwrap_or(0);
    let pace = arguments.get(1).and_then(|pace| pace.parse().ok()).unwrap_or(1.0);
    let simulator = Simulator::start_on(SocketAddr::from(([127, 0, 0, 1], port)), Options { pace, ..Options::default() }).await?;
    println!("{}", simulator.url());
    std::future::pending().await
}
