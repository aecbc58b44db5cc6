//! The key, and the clock.

use std::{fs, os::unix::fs::PermissionsExt, path::PathBuf, time::Duration};

use anyhow::{Context, Result, ensure};
use e2e::{Home, Keychain, Origin, client, fault::Fault, within};
use hyper::{Request, StatusCode};
use nix::sys::signal::Signal;
use serde_json::Value;
use tokio::time::Instant;

use crate::ends::{self, Ends, network, serve};

/// Runs what must fail for want of a keychain; what it says.
async fn refused(home: &Home) -> Result<String> {
    let finished = home.run(&["serve", "--json"]).await?;
    ensure!(finished.code == 1, "{finished:?}");
    ensure!(!home.path("identity.key").exists(), "a key is in a file");
    ensure!(!home.path("control.sock").exists(), "an engine was there");
    let said = finished.stderr.lines().next().context("no word")?;
    Ok(said.replace(&home.dir().display().to_string(), "HOME"))
}

#[tokio::test]
async fn keychain_is_locked() -> Result<()> {
    let what = "malai starts while the keychain that has its key is locked";
    let mut fault = Fault::new("keychain-locked", what);
    let mut keychain = Keychain::unlocked().await?;
    let home = keychain.home(Home::new()?);
    let home = home.with_env("MALAI_KEY_STORE", "keychain");
    let id = home.id().await?;
    keychain.lock().await?;
    let began = Instant::now();
    let said = refused(&home).await?;
    fault.noticed(began.elapsed());
    ensure!(said.contains("locked"), "{said}");
    fault.says(&said.replace(&id, "ID52"));
    keychain.unlock().await?;
    assert_eq!(home.id().await?, id, "another identity");
    fault.held("nothing is shared, no key is written to the disk; the same identity once unlocked");
    fault.record()
}

#[tokio::test]
async fn keychain_is_missing() -> Result<()> {
    let what = "malai starts where it was told to use a keychain, and there is none";
    let mut fault = Fault::new("keychain-missing", what);
    let keychain = Keychain::absent().await?;
    let home = keychain.home(Home::new()?);
    let home = home.with_env("MALAI_KEY_STORE", "keychain");
    let began = Instant::now();
    fault.says(&refused(&home).await?);
    fault.noticed(began.elapsed());
    fault.held("no key is written to the disk");
    fault.record()
}

#[tokio::test]
async fn secrets_are_in_no_output() -> Result<()> {
    let what = "Everything is logged (`--log trace`) while secrets are used: key, invite, PIN, \
                passphrase, web token";
    let mut fault = Fault::new("secrets-unseen", what);
    let origin = Origin::start().await?;
    let (home, guest) = (Home::new()?, Home::new()?);
    home.configure(&format!(
        "{}[service.shop]\nupstream = \"{}\"\n",
        network(1),
        origin.address()
    ))?;
    let trace = ["serve", "--json", "--ui", "127.0.0.1:0", "--log", "trace"];
    let mut engine = home.start(&trace)?;
    let ui = engine.event("ui").await?;
    let (_, token) = ui["url"]
        .as_str()
        .and_then(|it| it.split_once("token="))
        .context("token")?;
    let invited = home
        .run(&["invite", "shop", "--pin", "--json"])
        .await?
        .json()?;
    let text = |key: &str| invited[key].as_str().unwrap_or_default().to_owned();
    let (link, pin) = (text("link"), text("pin"));
    let (_, secret) = link.split_once("k=").context("no secret in the link")?;
    let secret = secret.split('&').next().unwrap_or_default();
    let args = ["bridge", &link, "--pin", &pin, "--json", "--log", "trace"];
    let mut bridge = guest.start(&args)?;
    let url = format!("http://{}/sized", ends::local(&bridge).await?);
    assert_eq!(client::get(&url).await?.status, StatusCode::OK);
    fs::write(home.path("words"), "correct horse battery")?;
    let args = [
        "backup",
        "backup.age",
        "--passphrase-file",
        "words",
        "--log",
        "trace",
    ];
    let backup = home.run(&args).await?;
    ensure!(backup.code == 0, "{backup:?}");

    let mut said = format!("{backup:?}");
    for args in [
        &["status", "--json"] as &[_],
        &["log", "--json"],
        &["invites", "--json"],
    ] {
        said += &format!("{:?}", home.run(args).await?);
    }
    for process in [&mut engine, &mut bridge] {
        process.signal(Signal::SIGTERM)?;
        process.exit().await?;
        said += &process.said();
    }
    // The one place where the token is said is the event that is asked for.
    let said = said.replace(ui["url"].as_str().unwrap_or_default(), "");
    let mut files = 0;
    for file in fs::read_dir(home.path("state"))? {
        said_in(&file?.path(), &mut files)?;
    }
    let keys = [&home, &guest].map(|home| fs::read_to_string(home.path("identity.key")));
    let mut secrets = vec![
        secret.trim_start_matches('~').to_owned(),
        token.to_owned(),
        "correct horse battery".to_owned(),
    ];
    for key in keys {
        secrets.push(key?.trim().to_owned());
    }
    for (number, secret) in secrets.iter().enumerate() {
        ensure!(secret.len() > 8, "secret {number} is none");
        // The link was an argument of the command itself, which the harness repeats.
        let said = said.replace(&link, "");
        ensure!(!said.contains(secret.as_str()), "secret {number} is said");
    }
    fault.sees("nothing of them");
    fault.held(format!(
        "{} secrets looked for in {} KiB of logs and answers: 0 found",
        secrets.len(),
        said.len() / 1024
    ));
    fault.record()
}

/// Files of the state are their owner's alone.
fn said_in(path: &PathBuf, files: &mut usize) -> Result<()> {
    let mode = fs::metadata(path)?.permissions().mode() & 0o077;
    ensure!(mode == 0, "{} is open to others: {mode:o}", path.display());
    *files += 1;
    Ok(())
}

#[tokio::test]
async fn files_and_sockets_are_their_owners_alone() -> Result<()> {
    let what = "Another user of the machine looks for keys and sockets; a key is open to others";
    let mut fault = Fault::new("owner-only", what);
    let origin = Origin::start().await?;
    let socket = "listen = \"unix:SOCKET\"";
    let (home, visitor) = (Home::new()?, Home::new()?);
    let socket = socket.replace("SOCKET", &visitor.path("shop.sock").display().to_string());
    let share_id = home.id().await?;
    let bridge_id = visitor.id().await?;
    home.configure(&format!(
        "{}[service.shop]\nupstream = \"{}\"\nallow = [\"{bridge_id}\"]\n",
        network(1),
        origin.address()
    ))?;
    let link = format!("malai://{share_id}/shop?a={}", ends::place(1));
    visitor.configure(&format!(
        "{}[bridge.shop]\nto = \"{link}\"\n{socket}\n",
        network(2)
    ))?;
    let engines = [serve(&home)?, serve(&visitor)?];
    engines[0].event("shared").await?;
    engines[1].event("bridged").await?;
    home.run(&["peer", "add", "bob", &bridge_id])
        .await?
        .json()
        .ok();
    let mut looked = 0;
    for path in [
        home.path("identity.key"),
        home.path("control.sock"),
        home.path("malai.toml"),
        home.path("state"),
        visitor.path("shop.sock"),
    ] {
        said_in(&path, &mut looked)?;
    }
    for file in fs::read_dir(home.path("state"))? {
        said_in(&file?.path(), &mut looked)?;
    }
    for mut engine in engines {
        engine.signal(Signal::SIGTERM)?;
        engine.exit().await?;
    }
    let key = home.path("identity.key");
    fs::set_permissions(&key, fs::Permissions::from_mode(0o644))?;
    let refused = home.run(&["serve"]).await?;
    ensure!(refused.code != 0, "{refused:?}");
    let said = refused.stderr.lines().next().unwrap_or_default();
    fault.says(&said.replace(&home.dir().display().to_string(), "HOME"));
    fault.held(format!(
        "{looked} files and sockets looked at, 0 open to others"
    ));
    fault.record()
}

/// A clock that the test moves, for the commands of a home.
struct Clock(PathBuf);

impl Clock {
    fn of(home: Home) -> Result<(Home, Self)> {
        let file = home.path("clock");
        fs::write(&file, "+0")?;
        let library = fs::read_dir("/usr/lib")?
            .filter_map(|entry| Some(entry.ok()?.path().join("faketime/libfaketimeMT.so.1")))
            .find(|path| path.exists())
            .context("no libfaketime: run `scripts/setup test`")?;
        let home = home
            .with_env("LD_PRELOAD", library)
            .with_env("FAKETIME_TIMESTAMP_FILE", &file)
            .with_env("FAKETIME_NO_CACHE", "1")
            .with_env("FAKETIME_DONT_FAKE_MONOTONIC", "1");
        Ok((home, Self(file)))
    }

    fn set(&self, offset: &str) -> Result<()> {
        fs::write(self.0.with_extension("new"), offset)?;
        Ok(fs::rename(self.0.with_extension("new"), &self.0)?)
    }
}

#[tokio::test]
async fn the_clock_jumps_by_two_days() -> Result<()> {
    let what = "The clock of the sharing machine jumps two days ahead, and then two days behind";
    let mut fault = Fault::new("clock-jumps", what);
    let origin = Origin::start().await?;
    let (share_home, clock) = Clock::of(Home::new()?)?;
    let ends = Ends::between(share_home, Home::new()?, origin.address(), "", "").await?;
    let args = ["invite", "shop", "--for", "1h", "--json"];
    let invited = ends.share_home.run(&args).await?.json()?;
    let link = invited["link"].as_str().context("no link")?.to_owned();
    let (guest, late) = (Home::new()?, Home::new()?);
    let guest_bridge = guest.start(&["bridge", &link, "--json"])?;
    let guest = format!("http://{}/sized", ends::local(&guest_bridge).await?);
    assert_eq!(client::get(&guest).await?.status, StatusCode::OK);
    let request = Request::get(ends.url("/gated")).body(client::empty())?;
    let mut response = client::open(request).await?;
    client::piece(response.body_mut()).await?;

    clock.set("+2d")?;
    let began = Instant::now();
    e2e::wait_until("the invite to be over", || async {
        Ok(client::get(&guest).await?.status == StatusCode::FORBIDDEN)
    })
    .await?;
    fault.noticed(began.elapsed());
    fault.sees_answer(&client::get(&guest).await?)?;
    assert_eq!(ends.get("/sized").await?.status, StatusCode::OK);
    clock.set("-2d")?;
    let late_bridge = late.start(&["bridge", &link, "--json"])?;
    let late = format!("http://{}/sized", ends::local(&late_bridge).await?);
    for url in [&guest, &late] {
        let reply = client::get(url).await?;
        assert_eq!(reply.status, StatusCode::FORBIDDEN, "{url} is back");
    }
    assert_eq!(ends.get("/sized").await?.status, StatusCode::OK);
    origin.gate().open();
    assert_eq!(
        within("the download", client::read(response))
            .await??
            .text(),
        "last"
    );
    let status: Value = ends.share_home.run(&["status", "--json"]).await?.json()?;
    ensure!(
        status["uptime_secs"].as_u64().is_some_and(|it| it < 3600),
        "{status}"
    );
    ensure!(began.elapsed() < Duration::from_secs(60));
    fault.held(
        "1 download went on through both jumps; who is named stays; an invite for 1 h ended and \
         did not come back",
    );
    fault.record()
}
