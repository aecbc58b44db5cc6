//! What is logged, for people and for machines.

use std::{fs, path::PathBuf};

use anyhow::{Context, Result};
use e2e::{Home, Malai, OFFLINE, Origin, client, wait_until};
use nix::sys::signal::Signal;
use serde_json::Value;

/// Serves one request with this log format at the finest level; what the engine wrote on stderr.
async fn logged(format: &str) -> Result<(String, String, Home)> {
    let origin = Origin::start().await?;
    let (home, visitor) = (Home::new()?, Home::new()?);
    let config = home.config()?;
    let service = format!(
        "\n[service.shop]\nupstream = \"{}\"\nallow = [\"anyone\"]\n",
        origin.address()
    );
    home.configure(&(config + &service))?;
    let args = ["serve", "--json", "--log-format", format, "--log", "trace"];
    let mut serve: Malai = home.start(&args)?;
    let shared = serve.event("shared").await?;
    let link = shared["link"].as_str().context("no link")?;
    let bridge = visitor.start(&["bridge", link, "--json"])?;
    let bridged = bridge.event("bridged").await?;
    let url = bridged["url"].as_str().context("no url")?;
    client::get(&format!("{url}secret-path")).await?;
    serve.signal(Signal::SIGTERM)?;
    serve.exit().await?;
    Ok((serve.stderr(), visitor.id().await?, home))
}

#[tokio::test]
async fn json_lines_are_read_by_machines_and_hold_no_secret() -> Result<()> {
    let (text, visitor, home) = logged("json").await?;
    let lines: Vec<Value> = text
        .lines()
        .filter_map(|line| serde_json::from_str(line).ok())
        .collect();
    assert!(lines.len() > 20, "it logged everything:\n{text}");
    let words = text.lines().filter(|line| !line.starts_with('{'));
    assert!(words.count() < 5, "nearly nothing is said beside:\n{text}");
    for line in &lines {
        for field in ["timestamp", "level", "target"] {
            assert!(line[field].is_string(), "{field}: {line}");
        }
        // A peer or a path is nobody's business who only looks after the machine.
        let above_debug = ["INFO", "WARN", "ERROR"]
            .iter()
            .any(|it| line["level"] == *it);
        let ours = line["target"]
            .as_str()
            .is_some_and(|it| it.starts_with("malai"));
        let line = line.to_string();
        let private = line.contains(&visitor) || line.contains("secret-path");
        assert!(!(above_debug && ours && private), "{line}");
    }
    let secret = fs::read_to_string(home.path("identity.key"))?;
    assert!(!text.contains(secret.trim()), "the secret key is logged");
    Ok(())
}

#[tokio::test]
async fn text_lines_are_read_by_people() -> Result<()> {
    let (text, ..) = logged("text").await?;
    assert!(text.contains(" INFO "), "{text}");
    assert!(!text.contains('\u{1b}'), "no colours without a terminal");
    Ok(())
}

#[tokio::test]
async fn what_is_no_log_filter_is_wrong_usage() -> Result<()> {
    let home = Home::new()?;
    for args in [["--log", "a=b=c"], ["--log-format", "xml"]] {
        let finished = home.run(&[&["id"], &args[..]].concat()).await?;
        assert_eq!(finished.code, 2, "{finished:?}");
        assert!(finished.stderr.contains(args[1]), "{finished:?}");
    }
    Ok(())
}

/// The log files of this home, by name.
fn log_files(home: &Home) -> Result<Vec<PathBuf>> {
    let entries = fs::read_dir(home.path("logs"))?;
    let mut files = entries
        .map(|entry| Ok(entry?.path()))
        .collect::<Result<Vec<_>>>()?;
    files.sort();
    Ok(files)
}

/// What they take; one that was removed since they were listed takes nothing.
fn bytes(files: &[PathBuf]) -> u64 {
    let lengths = files
        .iter()
        .map(|file| fs::metadata(file).map_or(0, |it| it.len()));
    lengths.sum()
}

#[tokio::test]
async fn an_engine_writes_files_that_never_take_more_than_they_may() -> Result<()> {
    let origin = Origin::start().await?;
    let service = format!(
        "\n[service.shop]\nupstream = \"{}\"\nallow = [\"anyone\"]\n",
        origin.address()
    );
    let logs = "\n[logs]\nsize = \"64KiB\"\ntotal = \"192KiB\"\n";
    let home = Home::with_config(&format!("{OFFLINE}{service}{logs}"))?;
    let serve = home.start(&["serve", "--json", "--log", "trace"])?;
    let shared = serve.event("shared").await?;
    let link = shared["link"].as_str().context("no link")?;
    let visitor = Home::new()?;
    let bridge = visitor.start(&["bridge", link, "--json"])?;
    let bridged = bridge.event("bridged").await?;
    let url = bridged["url"].as_str().context("no url")?;
    wait_until("many files", || async {
        client::get(&format!("{url}echo")).await?;
        let files = log_files(&home)?;
        anyhow::ensure!(bytes(&files) <= 192 << 10, "{files:?}");
        let is_fifth = |file: &PathBuf| file.to_string_lossy().ends_with(".5.log");
        Ok(files.iter().any(is_fifth))
    })
    .await?;
    drop(bridge);
    drop(serve);
    for file in log_files(&home)? {
        let text = fs::read_to_string(&file)?;
        let is_whole = |line: &str| line.starts_with("20") && line.contains("Z ");
        assert!(
            text.ends_with('\n') && text.lines().all(is_whole),
            "{file:?}"
        );
    }
    Ok(())
}

#[tokio::test]
async fn the_level_is_taken_up_at_once_unless_the_command_line_says_it() -> Result<()> {
    let quiet = format!("{OFFLINE}\n[logs]\nlevel = \"error\"\n");
    let home = Home::with_config(&quiet)?;
    let mut serve = home.start(&["serve", "--json"])?;
    serve.event("identity").await?;
    home.configure(OFFLINE)?;
    wait_until("the usual level", || async {
        // What is wrong with a file is a warning.
        home.configure("version = 1\nno = 1\n")?;
        home.configure(OFFLINE)?;
        Ok(serve.stderr().contains("needs a look"))
    })
    .await?;
    assert!(!serve.stderr().contains("malai runs"), "{}", serve.said());
    serve.signal(Signal::SIGTERM)?;
    serve.exit().await?;

    let home = Home::with_config(&quiet)?;
    let serve = home.start(&["serve", "--json", "--log", "info"])?;
    serve.says("malai runs").await?;
    Ok(())
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn a_full_disk_does_not_stop_an_engine_and_is_said_once() -> Result<()> {
    let origin = Origin::start().await?;
    let home = Home::new()?;
    let logs = home.path("logs");
    fs::create_dir(&logs)?;
    // The day may change in between: then there is a file for it, too.
    for days in 0..2 {
        let date = std::process::Command::new("date")
            .args(["-u", "+%F", "-d", &format!("{days} days")])
            .output()?;
        let date = String::from_utf8(date.stdout)?;
        let file = logs.join(format!("malai.{}.log", date.trim()));
        std::os::unix::fs::symlink("/dev/full", file)?;
    }
    let serve = home.start(&["serve", "--json", "--log", "debug"])?;
    serve.event("identity").await?;
    let port = origin.address().port().to_string();
    home.run(&["share", &port, "--name", "shop", "--anyone", "--bg"])
        .await?;
    let metrics = home.run(&["metrics"]).await?.stdout;
    let lost = metrics
        .lines()
        .find_map(|line| line.strip_prefix("malai_log_lines_lost_total "));
    assert!(lost.is_some_and(|lost| lost != "0"), "{metrics}");
    let said = serve.stderr();
    assert_eq!(said.matches("log lines are lost").count(), 1, "{said}");
    Ok(())
}
