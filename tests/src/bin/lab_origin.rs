//! A service to share in a process of its own, which a test can kill: at the port that it is given.
//!
//! It says `ready` and then serves until it is killed.

#![allow(clippy::print_stdout, reason = "this is how it tells the test")]

use anyhow::{Context, Result};
use e2e::Origin;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<()> {
    let port = std::env::args().nth(1).context("a port to listen at")?;
    let origin = Origin::at(port.parse()?).await?;
    println!("ready");
    std::future::pending::<()>().await;
    drop(origin);
    Ok(())
}
