//! A share and a bridge to it: the whole way of a request, in two processes.

use std::{fmt::Display, net::SocketAddr};

use anyhow::{Context, Result};

use crate::{Home, Malai, OFFLINE};

/// Both ends; dropping it ends both.
#[derive(Debug)]
pub struct Pair {
    /// The home of the one who shares.
    pub share_home: Home,
    /// The home of the one who opens the bridge.
    pub bridge_home: Home,
    /// `malai share` or `malai serve`.
    pub share: Malai,
    /// `malai bridge`.
    pub bridge: Malai,
    /// The id52 of the one who shares.
    pub share_id: String,
    /// The id52 of the one who opens the bridge.
    pub bridge_id: String,
    /// The share link.
    pub link: String,
    /// Where the bridge listens.
    pub local: SocketAddr,
}

impl Pair {
    /// Shares the HTTP service at `upstream` as `shop` with the other end, and opens a bridge.
    ///
    /// # Errors
    /// When either end does not come up.
    pub async fn http(upstream: impl Display) -> Result<Self> {
        Self::open(&upstream.to_string(), &[]).await
    }

    /// The same for a TCP service.
    ///
    /// # Errors
    /// When either end does not come up.
    pub async fn tcp(upstream: impl Display) -> Result<Self> {
        Self::open(&upstream.to_string(), &["--tcp"]).await
    }

    async fn open(upstream: &str, more: &[&str]) -> Result<Self> {
        Self::between(Home::new()?, Home::new()?, upstream, more).await
    }

    /// The same between these homes, with `more` arguments for `malai share`.
    ///
    /// # Errors
    /// When either end does not come up.
    pub async fn between(
        share_home: Home,
        bridge_home: Home,
        upstream: &str,
        more: &[&str],
    ) -> Result<Self> {
        let bridge_id = bridge_home.id().await?;
        let mut args = vec!["share", upstream, "--name", "shop", "--json"];
        args.extend(["--allow", &bridge_id]);
        args.extend(more);
        let share = share_home.start(&args)?;
        Self::bridge_to(share_home, share, bridge_home).await
    }

    /// Serves `[service.shop]` with `keys` (TOML lines) from `malai.toml`, open to the other end.
    ///
    /// # Errors
    /// When either end does not come up.
    pub async fn configured(upstream: impl Display, keys: &str) -> Result<Self> {
        Self::served(&format!("upstream = \"{upstream}\"\n{keys}")).await
    }

    /// The same with several upstreams, each as it is written in `malai.toml`.
    ///
    /// # Errors
    /// When either end does not come up.
    pub async fn several(upstreams: &[String], keys: &str) -> Result<Self> {
        Self::served(&format!("upstream = {upstreams:?}\n{keys}")).await
    }

    /// The same for a TCP service.
    ///
    /// # Errors
    /// When either end does not come up.
    pub async fn configured_tcp(upstream: impl Display) -> Result<Self> {
        Self::served(&format!("upstream = \"{upstream}\"\nprotocol = \"tcp\"")).await
    }

    async fn served(keys: &str) -> Result<Self> {
        let bridge_home = Home::new()?;
        let bridge_id = bridge_home.id().await?;
        let share_home = Home::with_config(&config(&bridge_id, keys))?;
        let share = share_home.start(&["serve", "--json"])?;
        Self::bridge_to(share_home, share, bridge_home).await
    }

    async fn bridge_to(share_home: Home, share: Malai, bridge_home: Home) -> Result<Self> {
        let shared = share
            .event_where("shared", |event| event["service"] == "shop")
            .await?;
        let link = shared["link"].as_str().context("no link")?.to_owned();
        let share_id = shared["id52"].as_str().context("no id52")?.to_owned();
        let bridge_id = bridge_home.id().await?;
        let mut args = vec!["bridge", &link, "--json"];
        if shared["protocol"] == "tcp" {
            args.push("--tcp");
        }
        let bridge = bridge_home.start(&args)?;
        let local = local(&bridge).await?;
        Ok(Self {
            share_home,
            bridge_home,
            share,
            bridge,
            share_id,
            bridge_id,
            link,
            local,
        })
    }

    /// The bridge's URL of `path`.
    #[must_use]
    pub fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.local)
    }

    /// What both ends said, for a failure's message.
    #[must_use]
    pub fn said(&self) -> String {
        format!("{}\n{}", self.share.said(), self.bridge.said())
    }
}

/// A `malai.toml` with one service `shop` that `peer` may use; `keys` are more lines for it.
fn config(peer: &str, keys: &str) -> String {
    format!("{OFFLINE}\n[service.shop]\nallow = [\"{peer}\"]\n{keys}\n")
}

/// Where a bridge says that it listens.
async fn local(bridge: &Malai) -> Result<SocketAddr> {
    let event = bridge.event("bridged").await?;
    let local = event["local"].as_str().context("no local address")?;
    Ok(local.parse()?)
}
