//! How two machines find and reach each other without anybody else's servers.

use std::net::SocketAddr;

use anyhow::{Context, Result};
use e2e::{
    Home, Malai, Origin, client,
    lab::{Lab, Nat},
    wait_until,
};
use hyper::StatusCode;
use tokio::process::Command;

/// The link without what `keep` does not take of its query.
fn with_only(link: &str, keep: impl Fn(&str) -> bool) -> String {
    let (place, query) = link.split_once('?').unwrap_or((link, ""));
    let kept: Vec<_> = query.split('&').filter(|pair| keep(pair)).collect();
    format!("{place}?{}", kept.join("&"))
}

#[tokio::test]
async fn on_one_network_a_link_without_addresses_is_enough() -> Result<()> {
    let network = "version = 1\n\n[network]\nrelay = \"none\"\nlookup = [\"mdns\"]\n\
                   bind = \"127.0.0.1:0\"\n";
    let origin = Origin::start().await?;
    let (home, visitor) = (Home::with_config(network)?, Home::with_config(network)?);
    let upstream = origin.address().to_string();
    let share = home.start(&["share", &upstream, "--anyone", "--json"])?;
    let shared = share.event("shared").await?;
    let link = with_only(shared["link"].as_str().context("no link")?, |_| false);
    let bridge = visitor.start(&["bridge", &link, "--json"])?;
    let bridged = bridge.event("bridged").await?;
    let url = bridged["url"].as_str().context("no url")?;
    wait_until("mDNS", || async {
        let reply = client::get(&format!("{url}sized")).await?;
        Ok(reply.status == StatusCode::OK)
    })
    .await
}

/// `malai` at one host of the lab.
fn at(lab: &Lab, host: &str, home: &Home, args: &[&str]) -> Result<Malai> {
    let command = lab.inside(host, &home.command(args)?)?;
    Malai::start(command, &format!("{host}: malai {}", args.join(" ")))
}

#[tokio::test]
async fn hosts_behind_nats_reach_the_relay_and_not_each_other() -> Result<()> {
    for nat in [Nat::Home, Nat::WithoutUdp] {
        let lab = Lab::two_nats(nat).await?;
        for (host, other) in [("host-a", "10.2.0.2"), ("host-b", "10.1.0.2")] {
            let mut relay = Command::new("curl");
            relay.args([
                "--silent",
                "--show-error",
                "--max-time",
                "20",
                &Lab::relay_url(),
            ]);
            let answer = lab.inside(host, &relay)?.output().await?;
            assert!(answer.status.success(), "{answer:?}");
            let mut neighbour = Command::new("ip");
            neighbour.args(["route", "get", other]);
            let way = lab.inside(host, &neighbour)?.output().await?;
            let way = String::from_utf8_lossy(&way.stdout).into_owned();
            assert!(way.contains("via 10."), "only by the NAT: {way}");
            let mut ping = Command::new("curl");
            ping.args(["--silent", "--max-time", "5", &format!("http://{other}:1/")]);
            let code = lab.inside(host, &ping)?.status().await?.code();
            // Refused (7) by the NAT, which knows no way, or no answer (28).
            assert!([Some(7), Some(28)].contains(&code), "{code:?}");
        }
    }
    Ok(())
}

/// A share at host-a and a bridge at host-b, from which the service has been fetched.
struct Crossing {
    bridge: Malai,
    _share: Malai,
    _service: Malai,
    _homes: [Home; 2],
    _lab: Lab,
}

/// Crosses both NATs with a link that names the relay and no address.
async fn crosses(nat: Nat) -> Result<Crossing> {
    let lab = Lab::two_nats(nat).await?;
    let network = format!(
        "version = 1\n\n[network]\nrelay = [\"{}\"]\nlookup = []\n",
        Lab::relay_url()
    );
    let (home, visitor) = (Home::with_config(&network)?, Home::with_config(&network)?);
    let id = visitor.id().await?;
    let mut service = Command::new("python3");
    std::fs::write(home.path("index.html"), "from the other side")?;
    service.args(["-m", "http.server", "--bind", "127.0.0.1", "3000"]);
    service.current_dir(home.dir());
    let service = Malai::start(lab.inside("host-a", &service)?, "python3 -m http.server")?;

    let share = at(
        &lab,
        "host-a",
        &home,
        &["share", "3000", "--name", "shop", "--allow", &id, "--json"],
    )?;
    let shared = share.event("shared").await?;
    let link = shared["link"].as_str().context("no link")?;
    assert!(link.contains("r="), "the link names the relay: {link}");
    let link = with_only(link, |pair| pair.starts_with("r="));

    let bridge = at(&lab, "host-b", &visitor, &["bridge", &link, "--json"])?;
    let bridged = bridge.event("bridged").await?;
    let local: SocketAddr = bridged["local"].as_str().context("no local")?.parse()?;
    wait_until("the way through both NATs", || async {
        Ok(fetched(&lab, local).await?.contains("from the other side"))
    })
    .await?;
    Ok(Crossing {
        bridge,
        _share: share,
        _service: service,
        _homes: [home, visitor],
        _lab: lab,
    })
}

/// What a client at host-b gets from the bridge there.
async fn fetched(lab: &Lab, local: SocketAddr) -> Result<String> {
    let mut curl = Command::new("curl");
    curl.args(["--silent", "--max-time", "20"]);
    curl.arg(format!("http://{local}/index.html"));
    let output = lab.inside("host-b", &curl)?.output().await?;
    Ok(String::from_utf8(output.stdout)?)
}

#[tokio::test]
async fn two_machines_behind_nats_meet_through_a_relay_of_their_own() -> Result<()> {
    let crossing = crosses(Nat::Home).await?;
    let met = crossing
        .bridge
        .event_where("peer", |event| event["state"] != "connecting")
        .await?;
    assert!(
        met["state"] == "relayed" || met["state"] == "direct",
        "{met}"
    );
    Ok(())
}

#[tokio::test]
async fn where_no_udp_leaves_the_relay_carries_everything() -> Result<()> {
    let crossing = crosses(Nat::WithoutUdp).await?;
    let bridge = &crossing.bridge;
    bridge
        .event_where("peer", |event| event["state"] == "relayed")
        .await?;
    let direct = bridge.events();
    let direct = direct.iter().any(|event| event["state"] == "direct");
    assert!(!direct, "{}", bridge.said());
    Ok(())
}
