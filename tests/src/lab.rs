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

use std::process::Stdio;

use anyhow::{Context, Result, bail};
use nix::unistd::Uid;
use tokio::process::{Child, Command};

use crate::{binary, lines::Lines};

/// Where the relay listens.
const RELAY: &str = "10.99.0.1:3340";

/// Makes the namespaces, says `ready`, and holds them until its standard input ends.
const BUILD: &str = r#"
set -e
PATH="$PATH:/usr/sbin:/sbin"
mount -t tmpfs tmpfs /run
mkdir /run/netns
ip link set lo up
ip link add wan type bridge
ip address add 10.99.0.1/16 dev wan
ip link set wan up

# side NAME NUMBER: a host behind a NAT of its own.
side() {
    ip netns add "nat-$1"
    ip netns add "host-$1"
    ip link add "wan-$1" type veth peer name wan netns "nat-$1"
    ip link set "wan-$1" master wan up
    ip -n "nat-$1" link add lan type veth peer name lan netns "host-$1"
    ip -n "nat-$1" address add "10.99.1.$2/16" dev wan
    ip -n "nat-$1" address add "10.$2.0.1/24" dev lan
    ip -n "host-$1" address add "10.$2.0.2/24" dev lan
    for place in nat host; do ip -n "$place-$1" link set lo up; done
    ip -n "nat-$1" link set wan up
    ip -n "nat-$1" link set lan up
    ip -n "host-$1" link set lan up
    ip -n "host-$1" route add default via "10.$2.0.1"
    nsenter --net="/run/netns/nat-$1" sh -ec '
        echo 1 > /proc/sys/net/ipv4/ip_forward
        nft -f -
    ' <<NFT
table ip home {
    chain leaving {
        type nat hook postrouting priority srcnat
        oifname "wan" masquerade $NAT
    }
    chain passing {
        type filter hook forward priority filter; policy accept
        # As home routers do: nobody outside begins a conversation.
        iifname "wan" ct state new drop
        $FILTER
    }
}
NFT
}
side a 1
side b 2
echo ready
cat
"#;

/// Makes one network of three hosts, likewise; multicast reaches all of them.
const BUILD_LAN: &str = r#"
set -e
PATH="$PATH:/usr/sbin:/sbin"
mount -t tmpfs tmpfs /run
mkdir /run/netns
ip link set lo up
ip link add wan type bridge mcast_snooping 0
ip address add 10.99.0.1/16 dev wan
ip link set wan up
ip route add 10.3.0.0/24 dev wan
number=2
for name in a b c; do
    ip netns add "host-$name"
    ip link add "lan-$name" type veth peer name lan netns "host-$name"
    ip link set "lan-$name" master wan up
    ip -n "host-$name" address add "10.3.0.$number/24" dev lan
    ip -n "host-$name" link set lo up
    ip -n "host-$name" link set lan multicast on up
    ip -n "host-$name" route add 224.0.0.0/4 dev lan
    ip -n "host-$name" route add 10.99.0.1 dev lan
    number=$((number + 1))
done
echo ready
cat
"#;

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
        Self::build(BUILD, filter).await?.with_relay().await
    }

    /// One local network of `host-a`, `host-b` and `host-c`, without a relay.
    ///
    /// # Errors
    /// When this system lets this user make no network namespaces.
    pub async fn lan() -> Result<Self> {
        Self::build(BUILD_LAN, "").await
    }

    /// The same with a relay that all of them can reach.
    ///
    /// # Errors
    /// When this system lets this user make no network namespaces.
    pub async fn lan_with_relay() -> Result<Self> {
        Self::lan().await?.with_relay().await
    }

    async fn with_relay(mut self) -> Result<Self> {
        let mut relay = Command::new(binary("lab-relay")?);
        relay.arg(RELAY);
        self.relay = Some(ready(self.inside("wan", &relay)?).await?);
        Ok(self)
    }

    async fn build(script: &str, filter: &str) -> Result<Self> {
        let mut unshare = Command::new("unshare");
        unshare.args(["--net", "--mount"]);
        if !Uid::effective().is_root() {
            unshare.args(["--user", "--map-root-user"]);
        }
        unshare
            .args(["bash", "-c", script])
            .env("FILTER", filter)
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
        let command = command.as_std();
        let mut inside = Command::new("nsenter");
        if !Uid::effective().is_root() {
            inside.arg(format!("--user=/proc/{holder}/ns/user"));
            inside.arg("--preserve-credentials");
        }
        inside.arg(match place {
            "wan" => format!("--net=/proc/{holder}/ns/net"),
            other => format!("--net=/proc/{holder}/root/run/netns/{other}"),
        });
        inside.arg("--").arg(command.get_program());
        inside.args(command.get_args());
        for (name, value) in command.get_envs() {
            match value {
                Some(value) => inside.env(name, value),
                None => inside.env_remove(name),
            };
        }
        if let Some(directory) = command.get_current_dir() {
            inside.current_dir(directory);
        }
        Ok(inside)
    }
}

/// Starts a command that says `ready` and goes on.
async fn ready(mut command: Command) -> Result<Child> {
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
