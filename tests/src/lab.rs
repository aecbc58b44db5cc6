//! Networks of its own for a test: namespaces that the kernel takes away with the test.
//!
//! ```text
//!  host-a ── nat-a ──┐
//!  10.1.0.2          ├── wan 10.99.0.1   (the relay runs here)
//!  host-b ── nat-b ──┘
//!  10.2.0.2
//! ```
//!
//! Nothing of the machine's own network is touched, and the internet is not there.

mod networks;

use std::process::Stdio;

use anyhow::{Context, Result, bail, ensure};
use nix::unistd::Uid;
use tokio::process::{Child, Command};

use self::networks::{BUILD, BUILD_LAN, BUILD_ROAD};
use crate::{binary, lines::Lines};

/// Where the relay listens.
const RELAY: &str = "10.99.0.1:3340";

/// What the NATs let through.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Nat {
    /// As home routers do: holes can be punched.
    Home,
    /// No UDP leaves, as in some offices and hotels: only the relay is left.
    WithoutUdp,
}

/// The namespaces and the relay; dropping it ends both.
#[derive(Debug)]
pub struct Lab {
    holder: Child,
    relay: Option<Child>,
}

impl Lab {
    /// Two hosts, each behind a NAT, and a relay that both can reach.
    ///
    /// # Errors
    /// When this system lets this user make no network namespaces.
    pub async fn two_nats(nat: Nat) -> Result<Self> {
        let filter = match nat {
            Nat::Home => "",
            Nat::WithoutUdp => "meta l4proto udp drop",
        };
        let mut lab = Self::build(BUILD, filter, "").await?;
        lab.start_relay().await?;
        Ok(lab)
    }

    /// Starts the relay, where there is none or it was stopped.
    ///
    /// # Errors
    /// When it does not come up.
    pub async fn start_relay(&mut self) -> Result<()> {
        let mut relay = Command::new(binary("lab-relay")?);
        relay.arg(RELAY);
        self.relay = Some(ready(self.inside("wan", &relay)?).await?);
        Ok(())
    }

    /// Kills the relay, as a machine that fails.
    ///
    /// # Errors
    /// When the system does not let us.
    pub async fn kill_relay(&mut self) -> Result<()> {
        if let Some(mut relay) = self.relay.take() {
            relay.kill().await?;
        }
        Ok(())
    }

    /// Two hosts with a router between them, without a relay. `forward` is whether it lets the one
    /// reach the other; without, only what runs at `wan` can be reached by both.
    ///
    /// # Errors
    /// When this system lets this user make no network namespaces.
    pub async fn road(forward: bool) -> Result<Self> {
        let forward = if forward { "1" } else { "0" };
        Self::build(BUILD_ROAD, "", forward).await
    }

    /// One local network of `host-a`, `host-b` and `host-c`, without a relay.
    ///
    /// # Errors
    /// When this system lets this user make no network namespaces.
    pub async fn lan() -> Result<Self> {
        Self::build(BUILD_LAN, "", "").await
    }

    /// The same with a relay that all of them can reach.
    ///
    /// # Errors
    /// When this system lets this user make no network namespaces.
    pub async fn lan_with_relay() -> Result<Self> {
        let mut lab = Self::lan().await?;
        lab.start_relay().await?;
        Ok(lab)
    }

    /// Runs a shell script at `place`, with the programs of the administrator.
    ///
    /// # Errors
    /// When it fails.
    pub async fn shell(&self, place: &str, script: &str) -> Result<()> {
        let mut shell = Command::new("sh");
        let path = "PATH=\"$PATH:/usr/sbin:/sbin\"";
        shell.args(["-ec", &format!("{path}\n{script}")]);
        let done = self.inside(place, &shell)?.output().await?;
        ensure!(done.status.success(), "`{script}` at {place}: {done:?}");
        Ok(())
    }

    async fn build(script: &str, filter: &str, forward: &str) -> Result<Self> {
        let mut unshare = Command::new("unshare");
        unshare.args(["--net", "--mount"]);
        if !Uid::effective().is_root() {
            unshare.args(["--user", "--map-root-user"]);
        }
        unshare
            .args(["bash", "-c", script])
            .env("FILTER", filter)
            .env("FORWARD", forward)
            .env("NAT", "");
        let holder = ready(unshare).await.context(
            "cannot make network namespaces for this test: run it as root, or allow users to make \
             them (`sysctl kernel.unprivileged_userns_clone=1`), and see that `ip`, `nft`, \
             `unshare` and `nsenter` are there (`scripts/setup test` installs them)",
        )?;
        Ok(Self {
            holder,
            relay: None,
        })
    }

    /// The relay's URL, as `malai.toml` wants it.
    #[must_use]
    pub fn relay_url() -> String {
        format!("http://{RELAY}")
    }

    /// Ends the relay, for good.
    ///
    /// # Errors
    /// When it has ended already.
    pub async fn end_relay(&mut self) -> Result<()> {
        let mut relay = self.relay.take().context("there is no relay")?;
        Ok(relay.kill().await?)
    }

    /// The same command, run at `place`: `host-a`, `host-b` or `wan`.
    ///
    /// # Errors
    /// When the namespaces are gone.
    pub fn inside(&self, place: &str, command: &Command) -> Result<Command> {
        let holder = self.holder.id().context("the namespaces are gone")?;
        let network = match place {
            "wan" => format!("--net=/proc/{holder}/ns/net"),
            other => format!("--net=/proc/{holder}/root/run/netns/{other}"),
        };
        let mut inside = entering(holder, &[network], command);
        if let Some(directory) = command.as_std().get_current_dir() {
            inside.current_dir(directory);
        }
        Ok(inside)
    }
}

/// The same command, run in those namespaces of the process `holder`.
pub(crate) fn entering(holder: u32, namespaces: &[String], command: &Command) -> Command {
    let command = command.as_std();
    let mut inside = Command::new("nsenter");
    if !Uid::effective().is_root() {
        inside.arg(format!("--user=/proc/{holder}/ns/user"));
        inside.arg("--preserve-credentials");
    }
    inside.args(namespaces);
    inside.arg("--").arg(command.get_program());
    inside.args(command.get_args());
    for (name, value) in command.get_envs() {
        match value {
            Some(value) => inside.env(name, value),
            None => inside.env_remove(name),
        };
    }
    inside
}

/// Starts a command that says `ready` and goes on.
pub(crate) async fn ready(mut command: Command) -> Result<Child> {
    let mut child = command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .with_context(|| format!("cannot start {:?}", command.as_std().get_program()))?;
    let stdout = Lines::read(child.stdout.take().context("stdout is piped")?);
    let stderr = Lines::read(child.stderr.take().context("stderr is piped")?);
    match stdout.first(|line| (line == "ready").then_some(())).await? {
        Some(()) => Ok(child),
        None => bail!("it ended: {}", stderr.text()),
    }
}
