//! Domains in place of peers: what the DNS says, what is remembered, and what is not followed.

use std::net::SocketAddr;

use anyhow::{Context, Result};
use e2e::{Control, Dns, Finished, Home, Malai, Manner, OFFLINE, Origin, client, wait_until};
use hyper::StatusCode;
use serde_json::{Value, json};

const DOMAIN: &str = "shop.example";
const OURS: &str = "_malai.shop.example";

/// Somebody who shares `shop`.
struct Owner {
    id: String,
    address: String,
    origin: Origin,
    _share: Malai,
    _home: Home,
}

impl Owner {
    async fn start() -> Result<Self> {
        let (home, origin) = (Home::new()?, Origin::start().await?);
        let upstream = origin.address().to_string();
        let share = home.start(&["share", &upstream, "--name", "shop", "--anyone", "--json"])?;
        let shared = share.event("shared").await?;
        let link = shared["link"].as_str().context("no link")?;
        let (_, query) = link.split_once("?a=").context("no address")?;
        Ok(Self {
            id: shared["id52"].as_str().context("no id52")?.to_owned(),
            address: query.split('&').next().unwrap_or(query).to_owned(),
            origin,
            _share: share,
            _home: home,
        })
    }

    fn record(&self) -> String {
        format!("malai={}", self.id)
    }

    fn short(&self) -> &str {
        &self.id[..7]
    }

    fn reached(&self) -> usize {
        self.origin.requests().len()
    }
}

/// Two who share, a DNS, and a visitor who knows where both of them are, and asks that DNS who.
struct Town {
    alice: Owner,
    bob: Owner,
    dns: Dns,
    visitor: Home,
}

impl Town {
    async fn start() -> Result<Self> {
        Self::with("").await
    }

    /// The same with more lines in the visitor's `malai.toml`.
    async fn with(more: &str) -> Result<Self> {
        let (alice, bob) = tokio::try_join!(Owner::start(), Owner::start())?;
        let dns = Dns::start().await?;
        let mut text = format!("{OFFLINE}\n{}\n", dns.config());
        for (name, owner) in [("alice", &alice), ("bob", &bob)] {
            let (id, address) = (&owner.id, &owner.address);
            text.push_str(&format!(
                "[peer.{name}]\nid = \"{id}\"\naddresses = [\"{address}\"]\n\n"
            ));
        }
        let visitor = Home::with_config(&format!("{text}{more}"))?;
        Ok(Self {
            alice,
            bob,
            dns,
            visitor,
        })
    }

    /// Opens a bridge to `to`; also where it listens.
    async fn bridge(&self, to: &str) -> Result<(Malai, SocketAddr)> {
        let bridge = self.visitor.start(&["bridge", to, "--json"])?;
        let local = local(&bridge).await?;
        Ok((bridge, local))
    }

    async fn engine(&self) -> Result<(Malai, Control)> {
        let serve = self.visitor.start(&["serve", "--json"])?;
        serve.event("identity").await?;
        let control = Control::connect(&self.visitor).await?;
        Ok((serve, control))
    }

    async fn dns_report(&self, more: &[&str]) -> Result<(i32, Value)> {
        let args = [&["dns", DOMAIN, "--json"], more].concat();
        let finished = self.visitor.run(&args).await?;
        let report = serde_json::from_str(finished.stdout.trim());
        let report = report.with_context(|| format!("no report: {finished:?}"))?;
        Ok((finished.code, report))
    }
}

async fn local(bridge: &Malai) -> Result<SocketAddr> {
    let bridged = bridge.event("bridged").await?;
    Ok(bridged["local"].as_str().context("no address")?.parse()?)
}

async fn fetch(local: SocketAddr) -> Result<client::Reply> {
    client::get(&format!("http://{local}/sized")).await
}

/// What a command that was refused said last: its code and its words.
fn refusal(finished: &Finished) -> Result<(String, String)> {
    let line = finished.stdout.lines().last().unwrap_or_default();
    let event: Value = serde_json::from_str(line).with_context(|| format!("{finished:?}"))?;
    let text = |key: &str| event[key].as_str().unwrap_or_default().to_owned();
    Ok((text("code"), text("message")))
}

#[tokio::test]
async fn a_domain_leads_to_the_key_that_it_names_and_is_asked_once() -> Result<()> {
    let town = Town::start().await?;
    town.dns
        .set(OURS, 3600, &["v=spf1 -all", &town.alice.record()])?;
    let (bridge, local) = town.bridge("Shop.Example/shop").await?;
    for _ in 0..20 {
        assert_eq!(fetch(local).await?.status, StatusCode::OK);
    }
    assert_eq!(town.alice.reached(), 20);
    let said = bridge.says("stands for").await?;
    assert!(said.contains(town.alice.short()), "{said}");
    assert!(said.contains("not secured by DNSSEC"), "{said}");
    assert!(said.contains("for the first time"), "{said}");
    assert_eq!((town.dns.asked(OURS), town.dns.asked(DOMAIN)), (1, 0));

    let path = town.visitor.path("state/domains.json");
    let kept: Value = serde_json::from_str(&std::fs::read_to_string(&path)?)?;
    assert_eq!(kept["domains"][DOMAIN], town.alice.id);
    let mode = std::os::unix::fs::PermissionsExt::mode(&std::fs::metadata(path)?.permissions());
    assert_eq!(mode & 0o777, 0o600);
    Ok(())
}

#[tokio::test]
async fn where_the_legacy_tool_looked_is_looked_too_in_every_way_of_asking() -> Result<()> {
    let more = format!("[bridge.kept]\nto = [\"{DOMAIN}/shop\"]\n");
    let town = Town::with(&more).await?;
    let long = "x".repeat(600);
    town.dns.set(DOMAIN, 3600, &[&long, &town.alice.record()])?;
    let (serve, mut control) = town.engine().await?;
    assert_eq!(fetch(local(&serve).await?).await?.status, StatusCode::OK);
    assert!(
        town.dns.asked_by_tcp() > 0,
        "it does not fit into a datagram"
    );

    // Each name once, by datagram and then again by TCP.
    assert_eq!(town.dns.asked(DOMAIN), 2);

    let link = format!("{DOMAIN}/shop");
    let read = control
        .get(&json!({"request": "read", "link": link}))
        .await?;
    assert_eq!(read["peer"], town.alice.id.as_str());
    assert_eq!(
        (&read["name"], &read["service"]),
        (&json!("alice"), &json!("shop"))
    );
    assert_eq!(read["bridged_as"], "kept");
    let domain = json!({"name": DOMAIN, "secure": false, "first": false});
    assert_eq!(read["domain"], domain);
    let services = town
        .visitor
        .run(&["services", DOMAIN, "--json"])
        .await?
        .json()?;
    assert_eq!(services["services"][0]["name"], "shop");
    // The only service of theirs needs no name.
    let (_bridge, local) = town.bridge(DOMAIN).await?;
    assert_eq!(fetch(local).await?.status, StatusCode::OK);
    assert_eq!(town.dns.asked(DOMAIN), 2);
    Ok(())
}

#[tokio::test]
async fn looking_remembers_nothing_and_tells_what_dnssec_says() -> Result<()> {
    let town = Town::start().await?;
    town.dns.behave(Manner::Secure);
    town.dns.set_alias(OURS, "elsewhere.example")?;
    town.dns.set("elsewhere.example", 3600, &[&town.alice.id])?;
    let (_serve, mut control) = town.engine().await?;
    let read = json!({"request": "read", "link": DOMAIN});
    for _ in 0..2 {
        let read = control.get(&read).await?;
        let domain = json!({"name": DOMAIN, "secure": true, "first": true});
        assert_eq!(read["domain"], domain);
    }
    assert!(!town.visitor.path("state/domains.json").exists());
    let (bridge, _) = town.bridge(DOMAIN).await?;
    let said = bridge.says("stands for").await?;
    assert!(said.contains(", secured by DNSSEC"), "{said}");
    let (code, report) = town.dns_report(&[]).await?;
    assert_eq!((code, &report["secure"]), (0, &json!(true)), "{report}");
    assert_eq!(report["place"], OURS);
    assert_eq!(report["remembered"], town.alice.id.as_str());
    Ok(())
}

#[tokio::test]
async fn an_answer_is_asked_for_again_when_its_time_is_over() -> Result<()> {
    let town = Town::start().await?;
    // However short a time it says, it is kept for some seconds.
    town.dns.set(OURS, 0, &[&town.alice.record()])?;
    let (_bridge, local) = town.bridge(DOMAIN).await?;
    assert_eq!(fetch(local).await?.status, StatusCode::OK);
    assert_eq!(town.dns.asked(OURS), 1);
    wait_until("another query", || async {
        assert_eq!(fetch(local).await?.status, StatusCode::OK);
        Ok(town.dns.asked(OURS) > 1)
    })
    .await?;
    assert_eq!(town.dns.asked(OURS), 2);
    Ok(())
}

#[tokio::test]
async fn another_key_is_told_of_and_not_followed_until_it_is_accepted() -> Result<()> {
    let town = Town::start().await?;
    town.dns.set(OURS, 0, &[&town.alice.record()])?;
    let (bridge, local) = town.bridge(DOMAIN).await?;
    assert_eq!(fetch(local).await?.status, StatusCode::OK);
    town.dns.set(OURS, 0, &[&town.bob.record()])?;
    wait_until("word of the other key", || async {
        assert_eq!(fetch(local).await?.status, StatusCode::OK);
        let is_told = |event: &Value| event["code"] == "domain-key-changed";
        Ok(bridge.events().iter().any(is_told))
    })
    .await?;
    assert_eq!(fetch(local).await?.status, StatusCode::OK, "it goes on");
    assert_eq!(town.bob.reached(), 0);

    let refused = town.visitor.run(&["bridge", DOMAIN, "--json"]).await?;
    let (code, message) = refusal(&refused)?;
    assert_eq!((refused.code, code.as_str()), (4, "domain-key-changed"));
    for part in [
        town.alice.short(),
        town.bob.short(),
        "malai dns shop.example --accept",
    ] {
        assert!(message.contains(part), "{part}: {message}");
    }
    let (code, report) = town.dns_report(&[]).await?;
    assert_eq!(code, 4, "{report}");
    assert_eq!(report["key"], town.bob.id.as_str());
    assert_eq!(report["remembered"], town.alice.id.as_str());
    assert_eq!(report["problem"]["code"], "domain-key-changed");

    let (code, report) = town.dns_report(&["--accept"]).await?;
    assert_eq!((code, &report["problem"]), (0, &Value::Null), "{report}");
    assert_eq!(report["remembered"], town.bob.id.as_str());
    let before = town.alice.reached();
    assert_eq!(fetch(local).await?.status, StatusCode::OK);
    assert_eq!((town.alice.reached(), town.bob.reached()), (before, 1));
    let (_second, local) = town.bridge(DOMAIN).await?;
    assert_eq!(fetch(local).await?.status, StatusCode::OK);
    assert_eq!(town.bob.reached(), 2);
    Ok(())
}

#[tokio::test]
async fn a_kept_bridge_answers_that_the_key_has_changed() -> Result<()> {
    let more = format!("[bridge.kept]\nto = \"{DOMAIN}/shop\"\n");
    let town = Town::with(&more).await?;
    town.dns.set(OURS, 3600, &[&town.alice.record()])?;
    let (code, report) = town.dns_report(&["--accept"]).await?;
    assert_eq!(code, 0, "{report}");
    town.dns.set(OURS, 3600, &[&town.bob.record()])?;
    let serve = town.visitor.start(&["serve", "--json"])?;
    let local = local(&serve).await?;
    let reply = fetch(local).await?;
    assert_eq!(reply.status, StatusCode::BAD_GATEWAY);
    assert_eq!(reply.header("malai-error"), "domain-key-changed");
    assert!(reply.text().contains("--accept"), "{}", reply.text());
    let is_told = |event: &Value| event["code"] == "domain-key-changed";
    serve.event_where("error", is_told).await?;
    assert_eq!((town.alice.reached(), town.bob.reached()), (0, 0));

    let accepted = town.visitor.run(&["dns", DOMAIN, "--accept"]).await?;
    assert_eq!(accepted.code, 0, "{accepted:?}");
    assert_eq!(fetch(local).await?.status, StatusCode::OK);
    assert_eq!((town.alice.reached(), town.bob.reached()), (0, 1));
    Ok(())
}

#[tokio::test]
async fn what_names_nobody_for_certain_is_refused_with_what_to_do() -> Result<()> {
    let town = Town::start().await?;
    let bridge = ["bridge", DOMAIN, "--json"];
    let nobody = town.visitor.run(&bridge).await?;
    let (code, message) = refusal(&nobody)?;
    assert_eq!((nobody.code, code.as_str()), (1, "domain-unknown"));
    assert!(message.contains(OURS), "{message}");
    assert_eq!((town.dns.asked(OURS), town.dns.asked(DOMAIN)), (1, 1));

    town.dns
        .set(OURS, 300, &[&town.alice.id, &town.bob.record()])?;
    let ambiguous = town.visitor.run(&bridge).await?;
    let (code, message) = refusal(&ambiguous)?;
    assert_eq!((ambiguous.code, code.as_str()), (1, "domain-ambiguous"));
    for owner in [&town.alice, &town.bob] {
        assert!(message.contains(&owner.id), "{message}");
    }

    for (manner, wanted) in [
        (Manner::Garbage, "makes no sense"),
        (Manner::Failing, "Server Failure"),
        (Manner::Confused, "in time"),
    ] {
        town.dns.behave(manner);
        let failed = town.visitor.run(&bridge).await?;
        let (code, message) = refusal(&failed)?;
        assert_eq!((failed.code, code.as_str()), (5, "dns-failed"));
        assert!(message.contains(wanted), "{manner:?}: {message}");
    }
    assert!(!town.visitor.path("state/domains.json").exists());
    Ok(())
}

#[tokio::test]
async fn without_a_dns_server_what_is_remembered_goes_on() -> Result<()> {
    let town = Town::start().await?;
    town.dns.behave(Manner::Silent);
    let unknown = town.visitor.run(&["bridge", DOMAIN, "--json"]).await?;
    assert_eq!(
        (unknown.code, refusal(&unknown)?.0.as_str()),
        (5, "dns-failed")
    );

    town.dns.behave(Manner::Honest);
    town.dns.set(OURS, 300, &[&town.alice.record()])?;
    assert_eq!(town.dns_report(&["--accept"]).await?.0, 0);
    let Town { dns, .. } = &town;
    dns.behave(Manner::Silent);
    let (bridge, local) = town.bridge(DOMAIN).await?;
    let said = bridge.says("stands for").await?;
    assert!(said.contains("as it is remembered"), "{said}");
    assert_eq!(fetch(local).await?.status, StatusCode::OK);
    assert_eq!(town.alice.reached(), 1);
    Ok(())
}

#[tokio::test]
async fn other_dns_servers_are_asked_as_soon_as_they_are_named() -> Result<()> {
    let town = Town::start().await?;
    town.dns.set(OURS, 3600, &[&town.alice.record()])?;
    let (_serve, mut control) = town.engine().await?;
    let read = json!({"request": "read", "link": DOMAIN});
    assert_eq!(control.get(&read).await?["peer"], town.alice.id.as_str());
    let other = Dns::start().await?;
    other.set(OURS, 3600, &[&town.bob.record()])?;
    let text = town.visitor.config()?;
    let text = text.replace(&town.dns.config(), &other.config());
    town.visitor.configure(&text)?;
    wait_until("the other server", || async {
        let mut control = Control::connect(&town.visitor).await?;
        Ok(control.get(&read).await?["peer"] == town.bob.id.as_str())
    })
    .await?;
    assert_eq!((town.dns.asked(OURS), other.asked(OURS)), (1, 1));
    Ok(())
}

#[tokio::test]
async fn the_record_to_publish_is_printed_and_found_without_an_engine() -> Result<()> {
    let town = Town::start().await?;
    let id = town.visitor.id().await?;
    let record = format!("_malai.{DOMAIN}. 300 IN TXT \"malai={id}\"");
    let missing = town.visitor.run(&["dns", DOMAIN]).await?;
    assert_eq!((missing.code, missing.stdout.trim()), (1, record.as_str()));
    assert!(missing.stderr.contains("names nobody"), "{missing:?}");

    town.dns.set(OURS, 300, &[&format!("malai={id}")])?;
    let there = town.visitor.run(&["dns", DOMAIN]).await?;
    assert_eq!((there.code, there.stdout.trim()), (0, record.as_str()));
    assert!(there.stderr.contains("names you"), "{there:?}");
    let (code, report) = town.dns_report(&[]).await?;
    assert_eq!((code, &report["own"]), (0, &json!(true)), "{report}");
    assert_eq!(report["record"], record.as_str());

    // Somebody else's domain is all right, too.
    town.dns.set(OURS, 300, &[&town.bob.record()])?;
    let (code, report) = town.dns_report(&[]).await?;
    assert_eq!((code, &report["own"]), (0, &json!(false)), "{report}");
    let wrong = town.visitor.run(&["dns", "not a domain"]).await?;
    assert_eq!(wrong.code, 2, "{wrong:?}");
    Ok(())
}
