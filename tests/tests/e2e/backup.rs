//! Backups of the identity that only a passphrase opens.

use std::{fs, os::unix::fs::PermissionsExt};

use anyhow::Result;
use e2e::{Finished, Home, Origin, Pair, client};
use nix::sys::signal::Signal;

const PASSPHRASE: &str = "correct horse battery staple";

fn knowing(passphrase: &str) -> Result<Home> {
    Ok(Home::new()?.with_env("MALAI_PASSPHRASE", passphrase))
}

/// Checks that it failed, says each of `words`, and does not show the passphrase.
fn fails(finished: &Finished, words: &[&str]) {
    assert_eq!(finished.code, 1, "{finished:?}");
    for word in words {
        assert!(finished.stderr.contains(word), "{word}: {finished:?}");
    }
    assert!(!format!("{finished:?}").contains(PASSPHRASE));
}

#[tokio::test]
async fn a_backup_brings_an_identity_back_in_another_home() -> Result<()> {
    let first = knowing(PASSPHRASE)?.with_env("MALAI_LOG", "trace");
    let id = first.id().await?;
    let secret = fs::read_to_string(first.path("identity.key"))?;
    let made = first.run(&["backup", "me.age"]).await?;
    assert_eq!(
        (made.code, made.stdout.trim()),
        (0, id.as_str()),
        "{made:?}"
    );
    let file = first.path("me.age");
    assert_eq!(fs::metadata(&file)?.permissions().mode() & 0o777, 0o600);
    let text = fs::read_to_string(&file)?;
    assert!(text.starts_with("-----BEGIN AGE ENCRYPTED FILE-----"));
    for said in [&text, &format!("{made:?}")] {
        assert!(!said.contains(secret.trim()) && !said.contains(PASSPHRASE));
    }
    fails(&first.run(&["backup", "me.age"]).await?, &["there already"]);
    let path = file.display().to_string();

    // The first device is lost; who it let in knows the second by the same key.
    let second = Home::new()?;
    fs::write(second.path("secret"), format!("{PASSPHRASE}\n"))?;
    let args = ["restore", &path, "--passphrase-file", "secret"];
    let restored = second.run(&args).await?;
    assert_eq!(
        (restored.code, restored.stdout.trim()),
        (0, id.as_str()),
        "{restored:?}"
    );
    let mode = fs::metadata(second.path("identity.key"))?
        .permissions()
        .mode();
    assert_eq!(mode & 0o777, 0o600);
    let origin = Origin::start().await?;
    let upstream = origin.address().to_string();
    let pair = Pair::between(Home::new()?, second, &upstream, &[]).await?;
    assert_eq!(pair.bridge_id, id);
    let reply = client::get(&pair.url("/sized")).await?;
    assert_eq!(reply.body.len(), 12_345);
    Ok(())
}

#[tokio::test]
async fn without_the_right_passphrase_nothing_is_restored() -> Result<()> {
    let first = knowing(PASSPHRASE)?;
    first.id().await?;
    first.run(&["backup", "me.age"]).await?;
    let path = first.path("me.age").display().to_string();
    let wrong = knowing("correct horse battery")?;
    fails(
        &wrong.run(&["restore", &path]).await?,
        &["not the passphrase"],
    );
    let none = Home::new()?;
    let asked = none.run(&["restore", &path]).await?;
    fails(
        &asked,
        &["no terminal", "--passphrase-file", "MALAI_PASSPHRASE"],
    );
    let text = fs::read_to_string(&path)?;
    fs::write(wrong.path("cut.age"), &text[..text.len() / 2])?;
    fails(&wrong.run(&["restore", "cut.age"]).await?, &["damaged"]);
    fs::write(wrong.path("key"), "07".repeat(32))?;
    fails(
        &wrong.run(&["restore", "key"]).await?,
        &["no backup", "malai import"],
    );
    fails(
        &wrong.run(&["import", "--file", &path]).await?,
        &["malai restore"],
    );
    fails(&wrong.run(&["backup", "new.age"]).await?, &["no identity"]);
    for home in [&wrong, &none] {
        assert!(!home.path("identity.key").exists());
    }
    let short = knowing("1234567")?;
    short.id().await?;
    fails(&short.run(&["backup", "me.age"]).await?, &["at least 8"]);
    assert!(!short.path("me.age").exists());
    Ok(())
}

#[tokio::test]
async fn the_identity_that_is_there_is_replaced_only_when_asked_and_never_lost() -> Result<()> {
    let first = knowing(PASSPHRASE)?;
    let id = first.id().await?;
    first.run(&["backup", "me.age"]).await?;
    let path = first.path("me.age").display().to_string();

    let second = knowing(PASSPHRASE)?;
    let before = second.id().await?;
    fails(&second.run(&["restore", &path]).await?, &["--replace"]);
    assert_eq!(second.id().await?, before);
    let replaced = second.run(&["restore", &path, "--replace"]).await?;
    assert_eq!(replaced.code, 0, "{replaced:?}");
    assert_eq!(second.id().await?, id);
    let kept = second.path(&format!("identity.key.{before}.backup"));
    assert!(kept.exists(), "{}", kept.display());

    // With a running engine it is used from the next start on.
    let third = knowing(PASSPHRASE)?;
    let mut serve = third.start(&["serve", "--json"])?;
    let before = serve.event("identity").await?["id52"].clone();
    fails(&third.run(&["restore", &path]).await?, &["--replace"]);
    let restored = third.run(&["restore", &path, "--replace"]).await?;
    assert_eq!(restored.code, 0, "{restored:?}");
    assert!(restored.stderr.contains("start malai anew"), "{restored:?}");
    assert_eq!(third.id().await?, before.as_str().unwrap_or_default());
    let backed_up = third.run(&["backup", "third.age"]).await?;
    assert_eq!(backed_up.stdout.trim(), before.as_str().unwrap_or_default());
    serve.signal(Signal::SIGTERM)?;
    serve.exit().await?;
    assert_eq!(third.id().await?, id);
    assert!(!serve.said().contains(PASSPHRASE), "the passphrase is told");
    Ok(())
}
