//! A loopback that nobody else is on, so that every port is free and no foreign server is found.

use anyhow::{Context, Result, ensure};
use nix::{
    sched::{CloneFlags, unshare},
    unistd::Uid,
};
use tokio::process::Command;

/// Moves the calling thread, and every program that it starts, to a network of its own.
///
/// A test's runtime is that one thread, so its own servers and clients are there, too.
/// Only root may do that to a running program; for others the machine's own loopback has to do.
pub(super) async fn leave() -> Result<()> {
    if !Uid::effective().is_root() {
        return Ok(());
    }
    unshare(CloneFlags::CLONE_NEWNET).context("cannot make a network namespace")?;
    let path = std::env::var("PATH").unwrap_or_default();
    let mut ip = Command::new("ip");
    ip.args(["link", "set", "lo", "up"])
        .env("PATH", format!("{path}:/usr/sbin:/sbin"));
    let status = ip
        .status()
        .await
        .context("no ip: run `scripts/setup test`")?;
    ensure!(status.success(), "the loopback does not come up: {status}");
    Ok(())
}
