//! For hand tests.
use driftless_simulator::{Options, Simulator};
#[tokio::main]
async fn main() -> std::io::Result<()> {
    let mut args = std::env::args().skip(1);
    let mut options = Options::default();
    let mut listen = "127.0.0.1:0".to_string();
    while let Some(arg) = args.next() {
        match arg.as_str() {
            "--listen" => listen = args.next().unwrap(),
            "--pace" => options.pace = args.next().unwrap().parse().unwrap(),
            "--quotas" => options.quotas = true,
            "--auto-clusters" => options.auto_clusters = true,
            "--page" => options.page_size = Some(args.next().unwrap().parse().unwrap()),
            "--lag" => options.eventual_consistency = Some(std::time::Duration::from_secs(args.next().unwrap().parse().unwrap())),
            _ => {}
        }
    }
    let simulator = Simulator::start_on(listen.parse().unwrap(), options).await?;
    println!("listening on {}", simulator.url());
    std::future::pending().await
}
