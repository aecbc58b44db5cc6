//! Two machines with a road between them that can break: `malai serve` at both, in network
//! namespaces.
//!
//! The test itself is in neither: clients and services meet malai at unix sockets, which know no
//! network namespaces.

use std::{
    path::{Path, PathBuf},
    time::Duration,
};

use anyhow::Result;
use e2e::{
    Home, Malai, Origin,
    client::{Connection, Reply},
    lab::Lab,
    wait_until,
};
use hyper::StatusCode;
use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt},
    net::{UnixListener, UnixStream},
    process::Command,
    time::Instant,
};

/// Where the share is in its namespace.
pub(crate) const SHARE: &str = "10.1.0.2:4433";

/// Where the bad road begins, for the bridge.
const ROUGH: &str = "10.2.0.1:4500";

/// Without a relay each is found at its port.
const AT_A_PORT: &str = "relay = \"none\"\nbind = \"0.0.0.0:4433\"";

/// Both machines and what is between; dropping it ends all.
#[derive(Debug)]
pub(crate) struct Road {
    pub(crate) lab: Lab,
    pub(crate) origin: Origin,
    pub(crate) share: Malai,
    pub(crate) bridge: Malai,
    pub(crate) bridge_home: Home,
    _share_home: Home,
    _rough: Option<Malai>,
}

impl Road {
    /// A road on which all goes well until the test says otherwise.
    pub(crate) async fn open() -> Result<Self> {
        Self::over(Lab::road(true).await?, AT_A_PORT, &peer_at(SHARE), None).await
    }

    /// The same where a relay is there, too; the bridge knows nothing but its address.
    pub(crate) async fn with_relay(forward: bool) -> Result<Self> {
        let mut lab = Lab::road(forward).await?;
        lab.start_relay().await?;
        let url = Lab::relay_url();
        let relay = format!("relay = [\"{url}\"]");
        Self::over(lab, &relay, &format!("relay = \"{url}\""), None).await
    }

    /// A road that can only be travelled through `lab-rough` with these arguments.
    pub(crate) async fn rough(manners: &[&str]) -> Result<Self> {
        let lab = Lab::road(false).await?;
        let mut rough = Command::new(e2e::binary("lab-rough")?);
        rough.args([ROUGH, SHARE]).args(manners);
        let rough = Malai::start(lab.inside("wan", &rough)?, "lab-rough")?;
        rough.prints("ready").await?;
        Self::over(lab, AT_A_PORT, &peer_at(ROUGH), Some(rough)).await
    }

    async fn over(lab: Lab, network: &str, peer: &str, rough: Option<Malai>) -> Result<Self> {
        let (share_home, bridge_home) = (Home::new()?, Home::new()?);
        let (share_id, bridge_id) = (share_home.id().await?, bridge_home.id().await?);
        let socket = |home: &Home, name: &str| format!("unix:{}", home.path(name).display());
        let origin = Origin::at_socket(&share_home.path("origin"))?;
        echo(&share_home.path("echo"))?;
        share_home.configure(&format!(
            "version = 1\n\n[network]\n{network}\nlookup = []\n\n\
             [service.shop]\nupstream = \"{}\"\nallow = [\"{bridge_id}\"]\n\n\
             [service.pipe]\nprotocol = \"tcp\"\nupstream = \"{}\"\nallow = [\"{bridge_id}\"]\n",
            socket(&share_home, "origin"),
            socket(&share_home, "echo"),
        ))?;
        bridge_home.configure(&format!(
            "version = 1\n\n[network]\n{network}\nlookup = []\n\n\
             [peer.alice]\nid = \"{share_id}\"\n{peer}\n\n\
             [bridge.shop]\nto = \"alice/shop\"\nlisten = \"{}\"\n\n\
             [bridge.pipe]\nto = \"alice/pipe\"\nprotocol = \"tcp\"\nlisten = \"{}\"\n",
            socket(&bridge_home, "shop"),
            socket(&bridge_home, "pipe"),
        ))?;
        let share = serve(&lab, "host-a", &share_home)?;
        share
            .event_where("shared", |it| it["service"] == "shop")
            .await?;
        let bridge = serve(&lab, "host-b", &bridge_home)?;
        for name in ["shop", "pipe"] {
            wait_until("the bridges", || async {
                Ok(bridge_home.path(name).exists())
            })
            .await?;
        }
        let road = Self {
            lab,
            origin,
            share,
            bridge,
            bridge_home,
            _share_home: share_home,
            _rough: rough,
        };
        road.works().await?;
        Ok(road)
    }

    /// A kept connection to the bridge of `shop`.
    pub(crate) async fn client(&self) -> Result<Connection> {
        Connection::open_socket(&self.socket("shop")).await
    }

    /// One request on a connection of its own.
    pub(crate) async fn get(&self, path: &str) -> Result<Reply> {
        let url = format!("http://localhost{path}");
        self.client().await?.get(&url).await
    }

    /// A connection of bytes through the bridge of `pipe`, whose other end says all again.
    pub(crate) async fn pipe(&self) -> Result<UnixStream> {
        Ok(UnixStream::connect(self.socket("pipe")).await?)
    }

    /// Waits until a request is answered by the service; how long that took.
    pub(crate) async fn works(&self) -> Result<Duration> {
        let began = Instant::now();
        wait_until("the service to answer", || async {
            let reply = self.get("/sized").await;
            Ok(reply.is_ok_and(|reply| reply.status == StatusCode::OK))
        })
        .await?;
        Ok(began.elapsed())
    }

    fn socket(&self, name: &str) -> PathBuf {
        self.bridge_home.path(name)
    }
}

fn peer_at(address: &str) -> String {
    format!("addresses = [\"{address}\"]")
}

fn serve(lab: &Lab, host: &str, home: &Home) -> Result<Malai> {
    let command = lab.inside(host, &home.command(&["serve", "--json"])?)?;
    Malai::start(command, &format!("{host}: malai serve"))
}

/// A service that says everything again.
fn echo(path: &Path) -> Result<()> {
    let listener = UnixListener::bind(path)?;
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            tokio::spawn(async move {
                let (mut reader, mut writer) = stream.split();
                tokio::io::copy(&mut reader, &mut writer).await
            });
        }
    });
    Ok(())
}

/// Says something and waits until it comes back.
pub(crate) async fn says_again(
    stream: &mut (impl AsyncRead + AsyncWrite + Unpin),
    what: &[u8],
) -> Result<()> {
    stream.write_all(what).await?;
    let mut heard = vec![0; what.len()];
    e2e::within("what was said", stream.read_exact(&mut heard)).await??;
    assert!(heard == what, "something else came back");
    Ok(())
}
