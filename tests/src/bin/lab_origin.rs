//! A service in a process of its own, so that a test can kill it.
//!
//! It says `{"event":"ready","address":…}`, and each request as an event unless `quiet`; then it
//! serves until it is killed.

#![allow(clippy::print_stdout, reason = "this is how it tells the test")]

use anyhow::{Context, Result};
use e2e::Origin;
use serde_json::json;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<()> {
    let mut args = std::env::args().skip(1);
    let port = args.next().context("a port, or 0")?.parse()?;
    let tell: fn(&str) = match args.next().as_deref() {
        Some("quiet") => |_| {},
        _ => |request| println!("{}", json!({"event": "served", "request": request})),
    };
    let origin = Origin::telling(port, tell).await?;
    let address = origin.address().to_string();
    println!("{}", json!({"event": "ready", "address": address}));
    std::future::pending::<()>().await;
    drop(origin);
    Ok(())
}
