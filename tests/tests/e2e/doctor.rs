//! `malai doctor`: what works and what does not, at both ends, in words and without secrets.

use std::{
    fs::{self, Permissions},
    net::TcpListener,
    os::unix::fs::PermissionsExt,
};

use anyhow::{Context, Result};
use e2e::{
    Dns, Finished, Home, Malai, Manner, OFFLINE, Origin, Pair, RawOrigin, dead_address,
    lab::{Lab, Nat},
    read_head,
};
use serde_json::Value;
use tokio::io::AsyncWriteExt;

/// What `malai doctor` says in JSON, whatever its exit code.
fn diagnosis(finished: &Finished) -> Result<Value> {
    serde_json::from_str(finished.stdout.trim()).with_context(|| format!("{finished:?}"))
}

async fn doctor(home: &Home, more: &[&str]) -> Result<(i32, Value)> {
    let finished = home.run(&[&["doctor", "--json"], more].concat()).await?;
    Ok((finished.code, diagnosis(&finished)?))
}

/// The verdicts of all findings of `check`, and what they say.
fn found(findings: &Value, check: &str) -> Vec<(String, String)> {
    let all = findings.as_array().cloned().unwrap_or_default();
    let those = all.iter().filter(|it| it["check"] == check);
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    those
        .map(|it| (text(&it["verdict"]), text(&it["seen"])))
        .collect()
}

fn verdict(findings: &Value, check: &str) -> String {
    let found = found(findings, check);
    let verdicts: Vec<_> = found.into_iter().map(|(verdict, _)| verdict).collect();
    verdicts.join(" ")
}

#[tokio::test]
async fn both_ends_of_a_healthy_pair_are_well() -> Result<()> {
    let origin = Origin::start().await?;
    let pair = Pair::http(origin.address()).await?;
    let home = pair.share_home.dir();
    fs::set_permissions(home, Permissions::from_mode(0o755))?;
    let (code, here) = doctor(&pair.share_home, &[]).await?;
    assert_eq!(code, 0, "{here}");
    assert_eq!(verdict(&here["findings"], "home"), "warning");
    fs::set_permissions(home, Permissions::from_mode(0o700))?;
    let (_, here) = doctor(&pair.share_home, &[]).await?;
    assert_eq!(verdict(&here["findings"], "upstream"), "ok");
    assert_eq!(verdict(&here["findings"], "home"), "ok");

    let (code, there) = doctor(&pair.bridge_home, &[&pair.link]).await?;
    assert_eq!(code, 0, "{there}");
    assert_eq!(there["peer"]["reached"], true);
    assert_eq!(there["peer"]["id52"], pair.share_id);
    let findings = &there["peer"]["findings"];
    for check in [
        "path",
        "seen",
        "peer-clock",
        "speed",
        "offers",
        "peer-checks",
    ] {
        assert_eq!(verdict(findings, check), "ok", "{check}: {there}");
    }
    let (_, seen) = found(findings, "seen").remove(0);
    assert!(seen.contains("sees this machine directly"), "{seen}");
    let speed = findings.as_array().and_then(|all| {
        all.iter()
            .find(|it| it["check"] == "speed")
            .map(|it| it["figures"].clone())
    });
    assert!(speed.is_some_and(|it| it[0]["value"].as_f64() > Some(0.0)));

    fs::set_permissions(pair.bridge_home.dir(), Permissions::from_mode(0o700))?;
    let page = pair.bridge_home.run(&["doctor", &pair.link]).await?;
    assert!(page.stdout.contains("  ✓ ok       Path: "), "{page:?}");
    assert!(page.stdout.contains("Nothing is wrong."), "{page:?}");
    Ok(())
}

#[tokio::test]
async fn a_service_that_is_down_and_a_port_that_is_taken_are_problems() -> Result<()> {
    let taken = TcpListener::bind("127.0.0.1:0")?;
    let (port, down) = (taken.local_addr()?.port(), dead_address().await?);
    let peer = Home::new()?.id().await?;
    let home = Home::with_config(&format!(
        "{OFFLINE}\n[service.shop]\nupstream = \"{down}\"\n\n\
         [[service.shop.route]]\npath = \"/api\"\nupstream = [\"{down}\", \"{}\"]\n\n\
         [bridge.orders]\nto = [\"{peer}/orders\"]\nlisten = \"{port}\"\n",
        dead_address().await?
    ))?;
    let told = |findings: &Value| {
        assert_eq!(verdict(findings, "upstream"), "problem warning");
        let (how, seen) = found(findings, "ports").remove(0);
        assert_eq!(how, "problem", "{findings}");
        assert!(seen.contains(&format!("127.0.0.1:{port}")), "{seen}");
        assert!(seen.contains("`orders`"), "{seen}");
    };
    // Without an engine, and with one.
    let (code, without) = doctor(&home, &[]).await?;
    assert_eq!(code, 1);
    told(&without["findings"]);
    assert_eq!(verdict(&without["findings"], "identity"), "skipped");
    assert!(!home.path("identity.key").exists(), "looking makes no key");
    let serve = home.start(&["serve", "--json"])?;
    serve.event("identity").await?;
    let (code, with) = doctor(&home, &[]).await?;
    assert_eq!(code, 1);
    told(&with["findings"]);
    assert_eq!(verdict(&with["findings"], "identity"), "ok");

    // A bad edit: the engine goes on, and the lines are named.
    home.configure("version = 1\nnonsense = 1\n")?;
    let (_, broken) = doctor(&home, &[]).await?;
    let (how, seen) = found(&broken["findings"], "config").remove(0);
    assert_eq!(how, "problem");
    assert!(
        seen.contains("malai.toml:2") && seen.contains("goes on"),
        "{seen}"
    );
    drop(serve);
    drop(taken);
    Ok(())
}

#[tokio::test]
async fn a_dead_relay_and_a_dead_dns_are_told_apart() -> Result<()> {
    let dead = dead_address().await?;
    let dns = Dns::start().await?;
    dns.behave(Manner::Silent);
    let network = format!(
        "version = 1\n\n[network]\nrelay = [\"http://{dead}\"]\nlookup = []\n\
         bind = \"127.0.0.1:0\"\n\n{}",
        dns.config()
    );
    let home = Home::with_config(&network)?;
    let (code, told) = doctor(&home, &[]).await?;
    assert_eq!(code, 1);
    let (how, seen) = found(&told["findings"], "relay").remove(0);
    assert_eq!(how, "problem");
    assert!(seen.contains("nothing listens there"), "{seen}");
    // Nothing needs it yet.
    let (how, seen) = found(&told["findings"], "dns").remove(0);
    assert_eq!(how, "warning", "{seen}");
    assert!(seen.contains("answered in time"), "{seen}");

    home.configure(&format!(
        "{network}\n[bridge.shop]\nto = [\"shop.example/shop\"]\n"
    ))?;
    let (_, told) = doctor(&home, &[]).await?;
    assert_eq!(verdict(&told["findings"], "dns"), "problem");
    dns.behave(Manner::Honest);
    let (_, told) = doctor(&home, &[]).await?;
    assert_eq!(verdict(&told["findings"], "dns"), "ok");
    Ok(())
}

#[tokio::test]
async fn a_clock_that_differs_from_every_server_is_told() -> Result<()> {
    // It answers as a relay does when it is only asked whether it is one.
    let old = RawOrigin::start(|mut stream, _| async move {
        read_head(&mut stream).await?;
        let answer = "HTTP/1.1 200 OK\r\ndate: Tue, 15 Nov 1994 08:12:31 GMT\r\n\
                      content-length: 0\r\n\r\n";
        Ok(stream.write_all(answer.as_bytes()).await?)
    })
    .await?;
    let home = Home::with_config(&format!(
        "version = 1\n\n[network]\nrelay = [\"http://{}\"]\nlookup = []\nbind = \"127.0.0.1:0\"\n",
        old.address()
    ))?;
    let (code, told) = doctor(&home, &[]).await?;
    assert_eq!(code, 1);
    let (how, seen) = found(&told["findings"], "clock").remove(0);
    assert_eq!(how, "problem");
    assert!(seen.contains("ahead of"), "{seen}");
    Ok(())
}

#[tokio::test]
async fn a_peer_that_is_away_ends_with_its_own_code() -> Result<()> {
    let home = Home::new()?;
    let nobody = Home::new()?.id().await?;
    let away = format!("malai://{nobody}/shop?a={}", dead_address().await?);
    let (code, told) = doctor(&home, &[&away]).await?;
    assert_eq!(code, 5, "{told}");
    assert_eq!(told["peer"]["reached"], false);
    assert_eq!(verdict(&told["peer"]["findings"], "path"), "problem");
    let own = home.id().await?;
    let refused = home.run(&["doctor", &own]).await?;
    assert_eq!(refused.code, 2, "{refused:?}");
    let unknown = home.run(&["doctor", "carol"]).await?;
    assert_eq!(unknown.code, 1, "{unknown:?}");
    Ok(())
}

#[tokio::test]
async fn a_stranger_hears_the_same_from_who_shares_and_who_does_not() -> Result<()> {
    let origin = Origin::start().await?;
    let (owner, idle, stranger) = (Home::new()?, Home::new()?, Home::new()?);
    let friend = Home::new()?.id().await?;
    let upstream = origin.address().to_string();
    let share = owner.start(&["share", &upstream, "--allow", &friend, "--json"])?;
    let link = share.event("shared").await?["link"].clone();
    let link = link.as_str().context("no link")?.to_owned();
    // The same for one who shares nothing with anybody but would, and one whose service is misspelt.
    let empty = idle.start(&["share", &upstream, "--json"])?;
    let other = empty.event("shared").await?["link"].clone();
    let other = other.as_str().context("no link")?.to_owned();
    let mut heard = Vec::new();
    for link in [&link, &other] {
        let (code, told) = doctor(&stranger, &[link]).await?;
        assert_eq!(code, 0, "{told}");
        let findings = &told["peer"]["findings"];
        assert_eq!(verdict(findings, "seen"), "warning");
        for nothing in ["peer-clock", "speed", "offers", "peer-checks"] {
            assert_eq!(verdict(findings, nothing), "", "{findings}");
        }
        let name = told["peer"]["name"].as_str().context("no name")?;
        let mut findings = findings.clone();
        // How long the way took is not said by the peer.
        for finding in findings.as_array_mut().context("no findings")? {
            finding["figures"].take();
        }
        heard.push(findings.to_string().replace(name, "NAME"));
    }
    assert_eq!(heard[0], heard[1]);
    assert!(!heard[0].contains("0.1.0"), "not even a version: {heard:?}");

    // Being looked at lets nobody in: the invite is there for who opens it.
    let args = ["invite", "--once", "--json", &service(&link)?];
    let invited = owner.run(&args).await?.json()?;
    let invited = invited["link"].as_str().context("no link")?.to_owned();
    let (_, told) = doctor(&stranger, &[&invited]).await?;
    assert_eq!(verdict(&told["peer"]["findings"], "seen"), "warning");
    let invites = owner.run(&["invites", "--json"]).await?.json()?;
    assert_eq!(invites["invites"][0]["open"], true, "{invites}");
    Ok(())
}

/// The service that a link names.
fn service(link: &str) -> Result<String> {
    let path = link.rsplit_once('/').context("no path")?.1;
    Ok(path.split('?').next().unwrap_or(path).to_owned())
}

#[tokio::test]
async fn the_report_names_nobody_and_nothing() -> Result<()> {
    let origin = Origin::start().await?;
    let pair = Pair::http(origin.address()).await?;
    let home = &pair.bridge_home;
    let file = home.path("report.txt");
    let path = file.to_str().context("no path")?;
    let written = home.run(&["doctor", &pair.link, "--report", path]).await?;
    assert_eq!(written.code, 0, "{written:?}");
    let text = fs::read_to_string(&file)?;
    let dir = home.dir().display().to_string();
    let secrets = [
        pair.share_id.as_str(),
        pair.bridge_id.as_str(),
        &dir,
        "shop",
        "127.0.0.1",
        &fs::read_to_string(home.path("identity.key"))?,
    ];
    for secret in secrets {
        assert!(!text.contains(secret.trim()), "{secret}: {text}");
    }
    assert!(text.contains("ok       path: "), "{text}");
    assert!(text.contains(&format!("The peer {}…", &pair.share_id[..7])));
    // What is there is not written over.
    let again = home.run(&["doctor", "--report", path]).await?;
    assert_eq!(again.code, 1, "{again:?}");
    let printed = home.run(&["doctor", "--report", "-"]).await?;
    assert!(printed.stdout.starts_with("malai "), "{printed:?}");
    let both = home.run(&["doctor", "--report", "-", "--json"]).await?;
    assert_eq!(both.code, 2, "{both:?}");
    Ok(())
}

/// Both in networks out of which no UDP goes, so that only their relay is left.
#[tokio::test]
async fn where_nothing_goes_directly_the_relay_is_named_as_the_way() -> Result<()> {
    let lab = Lab::two_nats(Nat::WithoutUdp).await?;
    let network = format!(
        "version = 1\n\n[network]\nrelay = [\"{}\"]\nlookup = []\n",
        Lab::relay_url()
    );
    let (home, visitor) = (Home::with_config(&network)?, Home::with_config(&network)?);
    let id = visitor.id().await?;
    let args = ["share", "3000", "--name", "shop", "--allow", &id, "--json"];
    let share = lab.inside("host-a", &home.command(&args)?)?;
    let share = Malai::start(share, "host-a: malai share")?;
    let link = share.event("shared").await?["link"].clone();
    let link = link.as_str().context("no link")?.to_owned();

    let mut asked = lab.inside("host-b", &visitor.command(&["doctor", &link, "--json"])?)?;
    let output = asked.output().await?;
    let told: Value = serde_json::from_slice(&output.stdout)
        .with_context(|| String::from_utf8_lossy(&output.stderr).into_owned())?;
    assert_eq!(output.status.code(), Some(0), "{told}");
    assert_eq!(verdict(&told["findings"], "relay"), "ok", "{told}");
    assert_eq!(verdict(&told["findings"], "clock"), "ok", "{told}");
    let findings = &told["peer"]["findings"];
    let (how, seen) = found(findings, "path").remove(0);
    assert_eq!(how, "warning", "{findings}");
    assert!(seen.contains("through the relay only"), "{seen}");
    let (_, seen) = found(findings, "seen").remove(0);
    assert!(seen.contains("through the relay"), "{seen}");
    assert_eq!(verdict(findings, "speed"), "ok", "{findings}");
    Ok(())
}
