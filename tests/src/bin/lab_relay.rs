//! A relay of one's own for the tests between NATs: plain HTTP at the address it is given.
//!
//! It says `ready` and then serves until it is killed.

#![allow(clippy::print_stdout, reason = "this is how it tells the test")]

use std::net::SocketAddr;

use anyhow::{Context, Result};
use iroh_relay::server::{RelayConfig, Server, ServerConfig};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<()> {
    let address = std::env::args().nth(1).context("an address to listen at")?;
    let address: SocketAddr = address.parse()?;
    let mut config = ServerConfig::default();
    config.relay = Some(RelayConfig::new(address));
    let server = Server::spawn(config).await?;
    println!("ready");
    std::future::pending::<()>().await;
    drop(server);
    Ok(())
}
