//! Keys that come from elsewhere.

use std::{fs, os::unix::fs::PermissionsExt};

use anyhow::{Context, Result};
use e2e::{Finished, Home};

/// A secret key of legacy malai, and the id52 that it printed for it: 32 bytes of 7.
const SECRET: &str = "0707070707070707070707070707070707070707070707070707070707070707";
const ID: &str = "t956oov2jh90lfnla1th6bm5v6aketlenqv7n4i23rl6i526q8m0";

/// Checks that it failed, says each of `words`, and shows no secret.
fn fails(finished: &Finished, code: i32, words: &[&str]) {
    assert_eq!(finished.code, code, "{finished:?}");
    for word in words {
        assert!(finished.stderr.contains(word), "{word}: {finished:?}");
    }
    assert!(!format!("{finished:?}").contains(SECRET), "{finished:?}");
}

#[tokio::test]
async fn a_key_is_made_and_imported() -> Result<()> {
    let (maker, home) = (Home::new()?, Home::new()?);
    let made = maker.run(&["keygen", "--file", "key"]).await?;
    assert_eq!(made.code, 0, "{made:?}");
    let file = maker.path("key");
    assert_eq!(fs::metadata(&file)?.permissions().mode() & 0o777, 0o600);
    let again = maker.run(&["keygen", "--file", "key"]).await?;
    fails(&again, 1, &["key"]);
    let path = file.to_str().context("a path in UTF-8")?;
    let imported = home.run(&["import", "--file", path]).await?;
    assert_eq!(imported.code, 0, "{imported:?}");
    let id = home.id().await?;
    assert_eq!(made.stdout.trim(), id);

    let other = Home::new()?;
    let before = other.id().await?;
    let refused = other.run(&["import", "--file", path]).await?;
    fails(&refused, 1, &["--replace"]);
    assert_eq!(other.id().await?, before);
    let replaced = other.run(&["import", "--replace", "--file", path]).await?;
    assert_eq!(replaced.code, 0, "{replaced:?}");
    assert_eq!(other.id().await?, id);
    Ok(())
}

#[tokio::test]
async fn the_identity_of_a_legacy_malai_is_taken_over() -> Result<()> {
    let (here, there, variable) = (Home::new()?, Home::new()?, Home::new()?);
    fs::write(here.path(".malai.secret-key"), SECRET)?;
    let dir = here.dir().display().to_string();
    let variable = variable.with_env("KULFI_SECRET_KEY", SECRET);
    for (home, args) in [
        (&here, &["import"] as &[_]),
        (&there, &["import", "--dir", &dir]),
        (&variable, &["import"]),
    ] {
        let imported = home.run(args).await?;
        assert_eq!(imported.code, 0, "{imported:?}");
        assert_eq!(imported.stdout.trim(), ID);
        assert!(!format!("{imported:?}").contains(SECRET), "{imported:?}");
        assert_eq!(home.id().await?, ID);
    }
    assert_eq!(
        fs::read_to_string(here.path(".malai.secret-key"))?,
        SECRET,
        "legacy malai still works"
    );
    Ok(())
}

#[tokio::test]
async fn of_several_legacy_identities_one_is_chosen() -> Result<()> {
    let home = Home::new()?.with_env("KULFI_SECRET_KEY", "08".repeat(32));
    fs::write(home.path(".malai.secret-key"), SECRET)?;
    fails(&home.run(&["import"]).await?, 1, &["--id", ID]);
    assert!(!home.path("identity.key").exists());
    let chosen = home.run(&["import", "--id", ID]).await?;
    assert_eq!(chosen.code, 0, "{chosen:?}");
    assert_eq!(home.id().await?, ID);
    Ok(())
}

#[tokio::test]
async fn what_is_no_key_changes_nothing() -> Result<()> {
    let home = Home::new()?;
    fails(&home.run(&["import"]).await?, 1, &["--dir", "--file"]);
    fs::write(home.path(".malai.secret-key"), "not a key")?;
    let broken = home.run(&["import"]).await?;
    fails(&broken, 1, &[".malai.secret-key", "no secret key"]);
    fs::write(home.path("short"), &SECRET[1..])?;
    let short = home.run(&["import", "--file", "short"]).await?;
    fails(&short, 2, &["short", "no secret key"]);
    fails(
        &home.run(&["import", "--file", "gone"]).await?,
        1,
        &["gone"],
    );
    assert!(!home.path("identity.key").exists());
    let serve = home.start(&["serve", "--json"])?;
    let id = serve.event("identity").await?["id52"].clone();
    fs::write(home.path("key"), SECRET)?;
    let running = home.run(&["import", "--replace", "--file", "key"]).await?;
    fails(&running, 1, &["stop the running engine"]);
    assert_eq!(home.id().await?, id.as_str().context("no id52")?);
    Ok(())
}
