//! Reading a file from disk, and hearing of its changes.

use std::{fs, path::PathBuf};

use tempfile::TempDir;
use tokio::sync::mpsc::Receiver;

use super::*;
use crate::shutdown::Shutdown;

/// How long a change may take to be told: far more than it ever does.
const SOON: Duration = Duration::from_secs(20);

fn home() -> (TempDir, PathBuf) {
    let home = tempfile::tempdir().unwrap();
    let path = home.path().join("malai.toml");
    (home, path)
}

fn service(name: &str) -> String {
    format!("version = 1\n[service.{name}]\nupstream = 3000\n")
}

async fn told(changes: &mut Receiver<Result<Parsed, ConfigError>>) -> Result<Parsed, ConfigError> {
    tokio::time::timeout(SOON, changes.recv())
        .await
        .expect("a change is told")
        .expect("watching")
}

/// Waits for the change after which the only service is `name`.
async fn told_of(changes: &mut Receiver<Result<Parsed, ConfigError>>, name: &str) {
    loop {
        if let Ok(parsed) = told(changes).await
            && parsed.config.services.keys().eq([name])
        {
            return;
        }
    }
}

#[test]
fn a_missing_file_means_defaults() {
    let (_home, path) = home();
    assert_eq!(load(&path).unwrap().config, Config::default());
}

#[test]
fn says_why_a_file_cannot_be_used() {
    let (home, path) = home();
    assert_eq!(load(home.path()).unwrap_err().code(), "config-unreadable");
    fs::write(&path, b"version = 1\n# \xff\n").unwrap();
    let error = load(&path).unwrap_err();
    assert_eq!(error.code(), "config-not-utf8");
    assert!(error.to_string().starts_with("line 2 of "), "{error}");
    fs::write(&path, vec![b' '; 5 * 1024 * 1024]).unwrap();
    assert_eq!(load(&path).unwrap_err().code(), "config-too-large");
    fs::write(&path, "version = 2").unwrap();
    let error = load(&path).unwrap_err();
    assert_eq!(error.code(), "config-invalid");
    assert_eq!(error.problems().unwrap().errors.len(), 1);
}

#[tokio::test]
async fn tells_every_way_of_changing_a_file() {
    let (home, path) = home();
    let shutdown = Shutdown::default();
    let mut changes = watch(&path, &shutdown);
    fs::write(&path, service("made")).unwrap();
    told_of(&mut changes, "made").await;
    fs::write(&path, service("in-place")).unwrap();
    told_of(&mut changes, "in-place").await;
    let other = home.path().join("malai.toml~");
    fs::write(&other, service("replaced")).unwrap();
    fs::rename(&other, &path).unwrap();
    told_of(&mut changes, "replaced").await;
    fs::write(&path, "[service").unwrap();
    assert_eq!(
        told(&mut changes).await.unwrap_err().code(),
        "config-invalid"
    );
    fs::remove_file(&path).unwrap();
    assert_eq!(told(&mut changes).await.unwrap().config, Config::default());
    assert_eq!(shutdown.drain(SOON).await, 0);
}

/// Without notices the file is looked at every two seconds of this test's own clock, so what is
/// seen when is known exactly.
#[tokio::test(start_paused = true)]
async fn a_file_that_comes_back_was_never_gone() {
    let (home, _) = home();
    let path = home.path().join("later").join("malai.toml");
    let shutdown = Shutdown::default();
    let mut changes = watch(&path, &shutdown);
    fs::create_dir(path.parent().unwrap()).unwrap();
    fs::write(&path, service("before")).unwrap();
    told_of(&mut changes, "before").await;
    fs::remove_file(&path).unwrap();
    tokio::time::sleep(Duration::from_millis(2500)).await;
    fs::write(&path, service("after")).unwrap();
    let parsed = told(&mut changes).await.unwrap();
    assert!(parsed.config.services.keys().eq(["after"]));
}

#[tokio::test(start_paused = true)]
async fn what_does_not_change_the_text_is_not_told() {
    let (home, _) = home();
    let path = home.path().join("later").join("malai.toml");
    let shutdown = Shutdown::default();
    let mut changes = watch(&path, &shutdown);
    fs::create_dir(path.parent().unwrap()).unwrap();
    fs::write(&path, service("same")).unwrap();
    told_of(&mut changes, "same").await;
    fs::write(&path, service("same")).unwrap();
    tokio::time::sleep(Duration::from_secs(10)).await;
    assert!(changes.try_recv().is_err());
}

#[tokio::test]
#[cfg(unix)]
async fn follows_a_symbolic_link() {
    let (home, path) = home();
    let elsewhere = tempfile::tempdir().unwrap();
    let target = elsewhere.path().join("dotfile");
    fs::write(&target, service("before")).unwrap();
    std::os::unix::fs::symlink(&target, &path).unwrap();
    let shutdown = Shutdown::default();
    let mut changes = watch(&path, &shutdown);
    fs::write(&target, service("after")).unwrap();
    told_of(&mut changes, "after").await;
    drop(home);
}

#[tokio::test(start_paused = true)]
async fn looks_now_and_then_where_nothing_is_noticed() {
    let (home, _) = home();
    let path = home.path().join("later").join("malai.toml");
    let shutdown = Shutdown::default();
    let mut changes = watch(&path, &shutdown);
    fs::create_dir(path.parent().unwrap()).unwrap();
    fs::write(&path, service("found")).unwrap();
    told_of(&mut changes, "found").await;
}

#[tokio::test]
async fn ends_with_the_engine() {
    let (_home, path) = home();
    let shutdown = Shutdown::default();
    let mut changes = watch(&path, &shutdown);
    assert_eq!(shutdown.drain(SOON).await, 0);
    assert!(changes.recv().await.is_none());
}
