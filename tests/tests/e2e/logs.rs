//! What is logged, for people and for machines.

use std::fs;

use anyhow::{Context, Result};
use e2e::{Home, Malai, Origin, client};
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
