//! Single commands: what they print, how they exit, and what they say when they cannot.

use std::{
    fs,
    os::unix::fs::{PermissionsExt, symlink},
};

use anyhow::Result;
use e2e::{Finished, Home, Origin};
use tokio::net::TcpListener;

/// Checks the exit code, and that what it says names each of `words`.
fn fails(finished: &Finished, code: i32, words: &[&str]) {
    assert_eq!(finished.code, code, "{finished:?}");
    let said = finished.stderr.to_lowercase();
    for word in words {
        let word = word.to_lowercase();
        assert!(said.contains(&word), "`{word}` is not said: {finished:?}");
    }
    assert!(!said.contains("panicked"), "{finished:?}");
}

#[tokio::test]
async fn wrong_usage_is_2() -> Result<()> {
    let home = Home::new()?;
    for args in [
        &["no-such-command"] as &[_],
        &["share"],
        &["bridge"],
        &["share", "3000", "--no-such-flag"],
        &["share", "not a port"],
        &["share", "3000", "--for", "soon"],
        &["share", "3000", "--name", "Not A Name"],
    ] {
        let finished = home.run(args).await?;
        assert_eq!(finished.code, 2, "{args:?}: {finished:?}");
        assert!(!finished.stderr.is_empty(), "{args:?}");
    }
    Ok(())
}

#[tokio::test]
async fn without_an_engine_it_is_3_and_says_how_to_start_one() -> Result<()> {
    let home = Home::new()?;
    for args in [
        &["status"] as &[_],
        &["ls"],
        &["stop", "shop"],
        &["share", "3000", "--bg"],
        &["status", "--json"],
    ] {
        fails(&home.run(args).await?, 3, &["malai serve"]);
    }
    Ok(())
}

#[tokio::test]
async fn a_wrong_configuration_is_6_with_key_and_line_of_every_problem() -> Result<()> {
    let text = "version = 1\n\n[service.shop]\nupstream = \"127.0.0.1:3000\"\n\
                allow = [\"nobody\"]\ntimeouts = { connect = \"soon\" }\nhots = \"keep\"\n";
    let home = Home::with_config(text)?;
    let checked = home.run(&["config", "check"]).await?;
    assert_eq!(checked.code, 6, "{checked:?}");
    let said = format!("{}{}", checked.stdout, checked.stderr);
    for place in [
        "malai.toml:5: service.shop.allow",
        "malai.toml:6: service.shop.timeouts.connect",
        "malai.toml:7: service.shop.hots",
    ] {
        assert!(said.contains(place), "{place}: {said}");
    }
    for args in [&["serve"] as &[_], &["share", "3000"]] {
        fails(&home.run(args).await?, 6, &["malai.toml"]);
    }
    let json = home.run(&["config", "check", "--json"]).await?;
    let told: serde_json::Value = serde_json::from_str(&json.stdout)?;
    assert_eq!((json.code, &told["valid"]), (6, &false.into()));
    assert_eq!(told["problems"][0]["key"], "service.shop.allow");
    assert_eq!(told["problems"][0]["line"], 5);
    assert_eq!(home.config()?, text, "the user's file is theirs");

    home.configure("version = 1\n[service.shop\n")?;
    fails(&home.run(&["serve"]).await?, 6, &["malai.toml:2"]);
    fs::write(home.path("malai.toml"), [b'a', 0xff, 0xfe])?;
    fails(&home.run(&["serve"]).await?, 6, &["malai.toml"]);
    fs::remove_file(home.path("malai.toml"))?;
    fs::create_dir(home.path("malai.toml"))?;
    fails(&home.run(&["serve"]).await?, 6, &["malai.toml"]);
    Ok(())
}

#[tokio::test]
async fn a_right_configuration_is_0() -> Result<()> {
    let home = Home::new()?;
    let checked = home.run(&["config", "check"]).await?;
    assert_eq!(checked.code, 0, "{checked:?}");
    let path = home.run(&["config", "path"]).await?;
    assert_eq!(
        path.stdout.trim(),
        home.path("malai.toml").display().to_string()
    );
    Ok(())
}

#[tokio::test]
async fn wrong_links_are_told_apart() -> Result<()> {
    let home = Home::new()?;
    let id = home.id().await?;
    for (link, word) in [
        (format!("malai://{}/shop", &id[1..]), "52"),
        (format!("malai://{}w/shop", &id[..51]), "0-9"),
        ("malai:///shop".to_owned(), "id52"),
        ("http://example.org/shop".to_owned(), ""),
        ("".to_owned(), ""),
        ("nobody/shop".to_owned(), "nobody"),
    ] {
        let finished = home.run(&["bridge", &link]).await?;
        assert!([1, 2].contains(&finished.code), "{link}: {finished:?}");
        fails(&finished, finished.code, &[word]);
    }
    Ok(())
}

#[tokio::test]
async fn a_port_in_use_is_named_and_what_to_do() -> Result<()> {
    let home = Home::new()?;
    let other = Home::new()?.id().await?;
    let taken = TcpListener::bind("127.0.0.1:0").await?;
    let port = taken.local_addr()?.port().to_string();
    let to = format!("{other}/shop");
    let finished = home.run(&["bridge", &to, "--port", &port]).await?;
    fails(&finished, 1, &[&port, "--port"]);
    Ok(())
}

#[tokio::test]
async fn a_second_engine_on_the_same_home_is_told_of_the_first() -> Result<()> {
    let home = Home::new()?;
    let mut serve = home.start(&["serve", "--json"])?;
    serve.event("identity").await?;
    let second = home.run(&["serve"]).await?;
    fails(&second, 1, &["already"]);
    assert!(serve.is_running()?);
    Ok(())
}

#[tokio::test]
async fn a_home_that_cannot_be_used_is_named() -> Result<()> {
    let home = Home::new()?;
    let file = home.path("a-file");
    fs::write(&file, "")?;
    // Not even root can make a directory inside a file, or in /proc.
    for place in [file.join("home"), "/proc/home".into()] {
        let place = place.display().to_string();
        for command in ["id", "serve"] {
            let finished = home.run(&["--home", &place, command]).await?;
            fails(&finished, 1, &[&place, "--home"]);
        }
    }
    Ok(())
}

#[tokio::test]
async fn the_identity_is_made_once_and_kept_to_its_owner() -> Result<()> {
    let home = Home::new()?;
    let first = home.id().await?;
    assert_eq!(first.len(), 52);
    assert_eq!(home.id().await?, first);
    let printed = home.run(&["id"]).await?;
    assert_eq!(printed.stdout.trim(), first);
    let mode = fs::metadata(home.path("identity.key"))?
        .permissions()
        .mode();
    assert_eq!(mode & 0o777, 0o600);
    Ok(())
}

#[tokio::test]
async fn a_key_that_others_can_read_or_that_is_gone_makes_no_new_one() -> Result<()> {
    let home = Home::new()?;
    let id = home.id().await?;
    let key = home.path("identity.key");
    fs::set_permissions(&key, fs::Permissions::from_mode(0o644))?;
    fails(&home.run(&["id"]).await?, 1, &["chmod 600"]);
    fs::set_permissions(&key, fs::Permissions::from_mode(0o600))?;
    assert_eq!(home.id().await?, id);

    let kept = fs::read(&key)?;
    fs::rename(&key, home.path("elsewhere"))?;
    fails(&home.run(&["id"]).await?, 1, &["identity.key"]);
    fs::write(&key, "not a key")?;
    fs::set_permissions(&key, fs::Permissions::from_mode(0o600))?;
    fails(&home.run(&["id"]).await?, 1, &["identity.key"]);
    fs::write(&key, kept)?;
    assert_eq!(home.id().await?, id);
    Ok(())
}

#[tokio::test]
async fn secrets_are_never_said() -> Result<()> {
    let home = Home::new()?;
    home.id().await?;
    let secret = fs::read_to_string(home.path("identity.key"))?;
    let secret = secret.trim();
    assert!(secret.len() >= 52, "the file is the key as text");
    let origin = Origin::start().await?;
    let mut command = home.command(&["share", &origin.address().to_string(), "--json"])?;
    command.env("MALAI_LOG", "trace");
    let mut share = e2e::Malai::start(command, "malai share")?;
    share.event("shared").await?;
    share.signal(nix::sys::signal::Signal::SIGTERM)?;
    share.exit().await?;
    assert!(share.stderr().len() > 1000, "it logged everything");
    assert!(
        !share.said().contains(secret),
        "the secret key is in the log"
    );
    for secret in [home.path("identity.key"), home.path("state")] {
        let mode = fs::metadata(&secret)?.permissions().mode();
        let name = secret.display();
        assert_eq!(mode & 0o077, 0, "{name} is its owner's alone: {mode:o}");
    }
    Ok(())
}

#[tokio::test]
async fn completions_are_there_for_the_usual_shells() -> Result<()> {
    let home = Home::new()?;
    for shell in ["bash", "zsh", "fish"] {
        let printed = home.run(&["completions", shell]).await?;
        assert_eq!(printed.code, 0, "{printed:?}");
        for word in ["share", "bridge", "serve"] {
            assert!(printed.stdout.contains(word), "{shell}: {word}");
        }
    }
    Ok(())
}

#[tokio::test]
async fn a_linked_configuration_stays_a_link() -> Result<()> {
    let home = Home::new()?;
    let there = home.path("dotfiles.toml");
    fs::rename(home.path("malai.toml"), &there)?;
    symlink(&there, home.path("malai.toml"))?;
    let id = Home::new()?.id().await?;
    let added = home.run(&["peer", "add", "alice", &id]).await?;
    assert_eq!(added.code, 0, "{added:?}");
    assert!(fs::symlink_metadata(home.path("malai.toml"))?.is_symlink());
    assert!(fs::read_to_string(there)?.contains(&id));
    Ok(())
}
