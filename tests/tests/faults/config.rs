//! The configuration is broken, or changed by many at once.

use std::{collections::BTreeSet, fs};

use anyhow::{Context, Result, ensure};
use e2e::{Control, Home, Malai, Origin, Random, client, fault::Fault};
use hyper::StatusCode;
use nix::sys::signal::Signal;
use serde_json::json;
use tokio::task::JoinSet;

use crate::ends::{self, Ends, event_after, serve};

/// Code of a command whose configuration is not valid.
const INVALID: i32 = 6;

/// Changes of one byte that are tried.
const FLIPS: usize = 40;

/// Writers at once, and what each changes.
const WRITERS: usize = 8;
const CHANGES: usize = 5;

/// A file as disks, editors and bad luck leave it.
fn broken(good: &str, seed: u64) -> Vec<Vec<u8>> {
    let good = good.as_bytes();
    let mut random = Random::new(seed);
    let mut place = |length: usize| usize::try_from(random.below(length as u64)).unwrap_or(0);
    let mut all = Vec::new();
    for bit in (0..8).cycle().take(FLIPS) {
        let mut bytes = good.to_vec();
        bytes[place(good.len())] ^= 1 << bit;
        all.push(bytes);
    }
    for _ in 0..5 {
        all.push(good[..place(good.len())].to_vec());
        let mut holes = good.to_vec();
        let from = place(good.len());
        holes[from..].fill(0);
        all.push(holes);
    }
    all.push(vec![0; good.len()]);
    all.push([good, &b"#".repeat(100 << 20)].concat());
    all
}

/// Puts `bytes` in the place of `malai.toml`; whether malai takes them for a configuration.
async fn is_valid(home: &Home, bytes: &[u8]) -> Result<bool> {
    let other = Home::new()?;
    fs::write(other.path("malai.toml"), bytes)?;
    let code = other.run(&["config", "check"]).await?.code;
    ensure!([0, INVALID].contains(&code), "{code}");
    put(home, bytes)?;
    Ok(code == 0)
}

fn put(home: &Home, bytes: &[u8]) -> Result<()> {
    fs::write(home.path("malai.toml.new"), bytes)?;
    fs::rename(home.path("malai.toml.new"), home.path("malai.toml"))?;
    Ok(())
}

/// Somebody with the link whom nobody has let in.
async fn stranger(ends: &Ends) -> Result<(Home, Malai, String)> {
    let home = Home::new()?;
    let bridge = home.start(&["bridge", &ends.link(), "--json"])?;
    let url = format!("http://{}/secret", ends::local(&bridge).await?);
    Ok((home, bridge, url))
}

#[tokio::test]
async fn broken_while_it_runs() -> Result<()> {
    let what =
        "`malai.toml` is broken in dozens of ways while malai runs: bits, holes, ends, 100 MB";
    let mut fault = Fault::new("config-broken-running", what);
    let origin = Origin::start().await?;
    let ends = Ends::to(origin.address()).await?;
    let (_home, _bridge, url) = stranger(&ends).await?;
    let good = ends.share_home.config()?;
    let (mut kept, mut passed) = (0, 0);
    for bytes in broken(&good, 7) {
        let known = ends.share.events().len();
        if bytes == good.as_bytes() || is_blank(&bytes) {
            continue; // No damage, or a file that says: share nothing.
        }
        if is_valid(&ends.share_home, &bytes).await? {
            passed += 1;
        } else {
            let told = |event: &serde_json::Value| event["event"] == "error";
            event_after(&ends.share, known, "the damage to be told", told).await?;
            // The last good one goes on.
            assert_eq!(ends.get("/sized").await?.status, StatusCode::OK);
            kept += 1;
        }
        assert_eq!(client::get(&url).await?.status, StatusCode::FORBIDDEN);
        put(&ends.share_home, good.as_bytes())?;
        ends.works().await?;
    }
    ensure!(kept > 20, "{kept}");
    ensure!(!origin.requests().iter().any(|it| it.contains("secret")));
    let errors = ends.share.events();
    let error = errors.iter().find(|event| event["event"] == "error");
    let code = error.context("no error")?["code"].clone();
    fault.sees(format!(
        "the event `error` with {code} and the lines that are wrong"
    ));
    fault.held(format!(
        "{kept} times the last good one was kept; {passed} flips left a valid file; \
         the stranger came in 0 times"
    ));
    fault.record()
}

/// Nothing but white space is a file without a word.
fn is_blank(bytes: &[u8]) -> bool {
    bytes.iter().all(u8::is_ascii_whitespace)
}

#[tokio::test]
async fn broken_when_it_starts() -> Result<()> {
    let what = "malai starts with a `malai.toml` that is broken in dozens of ways";
    let mut fault = Fault::new("config-broken-start", what);
    let origin = Origin::start().await?;
    let mut ends = Ends::to(origin.address()).await?;
    let (_home, _bridge, url) = stranger(&ends).await?;
    let good = ends.share_home.config()?;
    ends.share.signal(Signal::SIGTERM)?;
    ends.share.exit().await?;
    let (mut refused, mut started) = (0, 0);
    for bytes in broken(&good, 11) {
        if !is_valid(&ends.share_home, &bytes).await? {
            let finished = ends.share_home.run(&["serve", "--json"]).await?;
            assert_eq!(finished.code, INVALID, "{finished:?}");
            assert_eq!(fs::read(ends.share_home.path("malai.toml"))?, bytes);
            refused += 1;
        } else if started < 5 {
            let mut serve = serve(&ends.share_home)?;
            if serve.event("identity").await.is_err() {
                // Well said, and not possible here: an address of somebody else, say.
                ensure!(serve.exit().await? != 0, "{}", serve.said());
                continue;
            }
            let reply = client::get(&url).await?;
            ensure!(reply.status.as_u16() > 400, "{}", reply.status);
            started += 1;
            serve.signal(Signal::SIGKILL)?;
            serve.exit().await?;
        }
    }
    ensure!(refused > 20, "{refused}");
    ensure!(!origin.requests().iter().any(|it| it.contains("secret")));
    put(&ends.share_home, good.as_bytes())?;
    ends.restart_share().await?;
    ends.works().await?;
    fault.sees(format!("exit code {INVALID} and the lines that are wrong"));
    fault.held(format!(
        "{refused} starts refused, the broken file equal byte by byte; {started} valid ones \
         started; the stranger came in 0 times"
    ));
    fault.record()
}

#[tokio::test]
async fn changed_by_many_at_once() -> Result<()> {
    let what = "8 writers change `malai.toml` at once: by an engine, and by commands without one";
    let mut fault = Fault::new("config-concurrent-edits", what);
    for engine in [true, false] {
        let home = std::sync::Arc::new(Home::new()?);
        let running = engine.then(|| serve(&home)).transpose()?;
        if let Some(serve) = &running {
            serve.event("identity").await?;
        }
        let mut writers = JoinSet::new();
        for writer in 0..WRITERS {
            let home = std::sync::Arc::clone(&home);
            writers.spawn(async move { changes(&home, writer, engine).await });
        }
        let (mut done, mut told) = (BTreeSet::new(), 0);
        while let Some(one) = writers.join_next().await {
            let (names, refused) = one??;
            done.extend(names);
            told += refused;
        }
        let text = home.config()?;
        let there: BTreeSet<_> = text
            .lines()
            .filter_map(|line| line.strip_prefix("[peer.")?.strip_suffix(']'))
            .map(str::to_owned)
            .collect();
        assert_eq!(there, done, "what was said to be done, and what is there");
        assert_eq!(done.len() + told, WRITERS * CHANGES);
        assert_eq!(home.run(&["config", "check"]).await?.code, 0);
        let how = if engine {
            "an engine"
        } else {
            "commands alone"
        };
        fault.held(format!(
            "by {how}: {} changes, 0 lost, {told} refused and told",
            done.len()
        ));
    }
    fault.sees("every change is there, or its writer was told to try again");
    fault.record()
}

/// Adds peers; which were added, and how many were refused.
async fn changes(home: &Home, writer: usize, engine: bool) -> Result<(Vec<String>, usize)> {
    let (mut names, mut refused) = (Vec::new(), 0);
    for number in 0..CHANGES {
        let name = format!("w{writer}-{number}");
        let id = Home::new()?.id().await?;
        let done = if engine && writer.is_multiple_of(2) {
            let request = json!({"request": "peer-add", "name": name, "id52": id});
            let mut control = Control::connect(home).await?;
            control.ask(&request).await?["response"] != "error"
        } else {
            home.run(&["peer", "add", &name, &id]).await?.code == 0
        };
        match done {
            true => names.push(name),
            false => refused += 1,
        }
    }
    Ok((names, refused))
}

#[tokio::test]
async fn of_a_later_version() -> Result<()> {
    let what = "malai starts with a `malai.toml` of a later version";
    let mut fault = Fault::new("config-later-version", what);
    let home = Home::new()?;
    let later = home.config()?.replace("version = 1", "version = 2") + "\n[new]\nkey = true\n";
    home.configure(&later)?;
    let other = Home::new()?.id().await?;
    for args in [
        &["serve"] as &[_],
        &["config", "check"],
        &["peer", "add", "bob", &other],
    ] {
        let finished = home.run(args).await?;
        ensure!(finished.code != 0, "{finished:?}");
        assert_eq!(home.config()?, later);
        if args == ["config", "check"] {
            assert_eq!(finished.code, INVALID);
            let said = format!("{}{}", finished.stdout, finished.stderr);
            let line = said.lines().find(|line| line.contains("version"));
            let line = line.context("no word of the version")?;
            fault.says(&line.replace(&home.dir().display().to_string(), "HOME"));
        }
    }
    fault.held("3 commands refused, the file equal byte by byte");
    fault.record()
}
