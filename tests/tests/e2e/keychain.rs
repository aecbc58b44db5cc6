//! The identity in the system's keychain. Each test has a session of its own, and they run one at a
//! time.

use std::fs;

use anyhow::{Context, Result};
use e2e::{Finished, Home, Keychain, Origin, Pair, client};
use nix::sys::signal::Signal;

/// A home whose owner chose the keychain.
fn home_in(keychain: &Keychain) -> Result<Home> {
    let home = keychain.home(Home::new()?);
    Ok(home.with_env("MALAI_KEY_STORE", "keychain"))
}

/// What the keychain has for `home`, by the name that other programs see.
async fn secret_of(keychain: &Keychain, home: &Home) -> Result<String> {
    let user = format!("identity@{}", fs::canonicalize(home.dir())?.display());
    keychain.look_up("malai", &user).await
}

/// Checks that it failed with one clear message.
fn fails(finished: &Finished, words: &[&str]) {
    assert_eq!(finished.code, 1, "{finished:?}");
    for word in words {
        assert!(finished.stderr.contains(word), "{word}: {finished:?}");
    }
    assert!(!finished.stderr.contains("panicked"), "{finished:?}");
}

#[tokio::test]
async fn keychain_keeps_the_identity_and_no_output_shows_it() -> Result<()> {
    let keychain = Keychain::unlocked().await?;
    let home = home_in(&keychain)?.with_env("MALAI_LOG", "trace");
    let first = home.run(&["id", "--json"]).await?;
    let second = home.run(&["id", "--json"]).await?;
    assert_eq!(first.json()?["store"], "keychain");
    assert_eq!(first.json()?["id52"], second.json()?["id52"]);
    assert!(!first.stderr.contains("warning"), "not silent: {first:?}");

    let origin = Origin::start().await?;
    let mut share = home.start(&["share", &origin.address().to_string(), "--json"])?;
    let shared = share.event("shared").await?;
    assert_eq!(shared["id52"], first.json()?["id52"]);
    share.signal(Signal::SIGTERM)?;
    share.exit().await?;

    let secret = secret_of(&keychain, &home).await?;
    assert_eq!(secret.len(), 64, "the key in hexadecimal digits");
    for said in [
        format!("{first:?}"),
        format!("{second:?}"),
        share.said(),
        fs::read_to_string(home.path("state/identity.toml"))?,
    ] {
        assert!(!said.contains(&secret), "the secret is shown");
    }
    assert!(!home.path("identity.key").exists());
    Ok(())
}

#[tokio::test]
async fn keychain_identities_share_and_bridge() -> Result<()> {
    let keychain = Keychain::unlocked().await?;
    let (share, bridge) = (home_in(&keychain)?, home_in(&keychain)?);
    let origin = Origin::start().await?;
    let pair = Pair::between(share, bridge, &origin.address().to_string(), &[]).await?;
    assert_ne!(pair.share_id, pair.bridge_id, "two homes have two keys");
    let reply = client::get(&pair.url("/sized")).await?;
    assert_eq!(reply.body.len(), 12_345);
    Ok(())
}

#[tokio::test]
async fn keychain_that_is_locked_never_leads_to_a_second_identity() -> Result<()> {
    let mut keychain = Keychain::unlocked().await?;
    let home = home_in(&keychain)?;
    let id = home.id().await?;
    let secret = secret_of(&keychain, &home).await?;

    keychain.lock().await?;
    for args in [&["id"] as &[_], &["share", "3000"], &["serve"]] {
        fails(&home.run(args).await?, &[&id, "locked", "unlock it"]);
    }
    // Nor to a first one in a place that its owner did not choose, with or without a word of theirs.
    for fresh in [home_in(&keychain)?, keychain.home(Home::new()?)] {
        fails(&fresh.run(&["id"]).await?, &["locked", "unlock it"]);
        assert!(!fresh.path("identity.key").exists());
    }

    keychain.unlock().await?;
    assert_eq!(home.id().await?, id);
    assert_eq!(secret_of(&keychain, &home).await?, secret);
    assert!(!home.path("identity.key").exists());
    Ok(())
}

#[tokio::test]
async fn keychain_that_is_absent_makes_a_file_with_a_notice_and_keeps_it() -> Result<()> {
    let mut keychain = Keychain::absent().await?;
    let home = keychain.home(Home::new()?);
    let made = home.run(&["id", "--json"]).await?;
    let id = made.json()?["id52"].clone();
    assert_eq!(made.json()?["store"], "file");
    for word in ["warning", "no keychain", "identity.key"] {
        assert!(made.stderr.contains(word), "{word}: {made:?}");
    }
    // Who asks for the keychain gets it or nothing.
    let strict = home_in(&keychain)?;
    fails(&strict.run(&["id"]).await?, &["no keychain answers"]);
    assert!(!strict.path("identity.key").exists());
    // No bus at all is no different.
    let alone = keychain.home(Home::new()?);
    let alone = alone.with_env("DBUS_SESSION_BUS_ADDRESS", "unix:path=/nowhere/bus");
    assert_eq!(alone.run(&["id", "--json"]).await?.json()?["store"], "file");

    // And when a keychain turns up, the key stays where it is.
    keychain.unlock().await?;
    let later = home.run(&["id", "--json"]).await?.json()?;
    assert_eq!((&later["id52"], &later["store"]), (&id, &"file".into()));
    Ok(())
}

#[tokio::test]
async fn keychain_identity_moves_to_a_file_and_back() -> Result<()> {
    let keychain = Keychain::unlocked().await?;
    let home = keychain.home(Home::new()?);
    let id = home.id().await?;
    for store in ["file", "keychain"] {
        let moved = home.run(&["import", "--move", store, "--json"]).await?;
        assert_eq!(moved.json()?["store"], store);
        assert_eq!(moved.json()?["id52"], id.as_str());
        let left = "also still in";
        assert!(moved.stderr.contains(left), "where it was: {moved:?}");
        assert_eq!(home.run(&["id", "--json"]).await?.json()?["store"], store);
    }
    assert_eq!(home.id().await?, id);
    Ok(())
}

/// Whether `malai import` in a directory of legacy malai finds the key of `id` in `origin`.
async fn is_taken_over(home: &Home, id: &str, origin: &str) -> Result<()> {
    fs::write(home.path(".malai.id52"), id)?;
    let imported = home.run(&["import", "--json"]).await?;
    let told = imported.json()?;
    assert_eq!(told["id52"], id);
    let from = told["origin"].as_str().context("no origin")?;
    assert!(from.contains(origin), "{origin}: {from}");
    assert_eq!(home.id().await?, id);
    Ok(())
}

#[tokio::test]
async fn keychain_keys_of_legacy_malai_and_of_fastn_are_taken_over() -> Result<()> {
    // 32 bytes that are text, too, so that `secret-tool` takes them as they are.
    let bytes = [b'7'; 32];
    let hex = "37".repeat(32);
    let other = Home::new()?;
    fs::write(other.path("key"), &hex)?;
    let id = other.run(&["import", "--file", "key"]).await?;
    let id = id.stdout.trim();
    for (service, secret) in [("kulfi", &bytes[..]), ("fastn", hex.as_bytes())] {
        let keychain = Keychain::unlocked().await?;
        keychain.store(service, id, secret).await?;
        let home = keychain.home(Home::new()?);
        is_taken_over(&home, id, service).await?;
        let here = secret_of(&keychain, &home).await?;
        assert_eq!(here, hex, "kept as every other key of ours");
    }
    Ok(())
}

#[tokio::test]
async fn keychain_of_legacy_malai_that_forgot_the_key_is_told() -> Result<()> {
    let keychain = Keychain::unlocked().await?;
    let home = keychain.home(Home::new()?);
    let id = Home::new()?.id().await?;
    fs::write(home.path(".malai.id52"), &id)?;
    fails(
        &home.run(&["import"]).await?,
        &[&id, ".malai.id52", "no keyring has that key", "--file"],
    );
    Ok(())
}

#[tokio::test]
async fn keychain_that_is_locked_later_does_not_stop_a_running_engine() -> Result<()> {
    let keychain = Keychain::unlocked().await?;
    let home = home_in(&keychain)?;
    let mut serve = home.start(&["serve", "--json"])?;
    let id = serve.event("identity").await?["id52"].clone();
    // The owner leaves; what runs goes on, and knows who it is.
    keychain.lock().await?;
    assert_eq!(home.id().await?, id.as_str().context("no id52")?);
    assert!(serve.is_running()?);
    Ok(())
}
