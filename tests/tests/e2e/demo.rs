//! `malai demo`: the first thing anyone sees.

use std::time::Duration;

use anyhow::Result;
use e2e::Home;

/// What it may take in all.
const TIME: Duration = Duration::from_secs(3);

#[tokio::test]
async fn shows_everything_in_under_three_seconds() -> Result<()> {
    let home = Home::new()?;
    let started = tokio::time::Instant::now();
    let shown = home.run(&["demo"]).await?;
    let took = started.elapsed();
    assert_eq!(shown.code, 0, "{shown:?}");
    assert!(took < TIME, "it took {took:?}: {shown:?}");
    let said = format!("{}{}", shown.stdout, shown.stderr);
    for word in ["malai://", "http://127.0.0.1:", "200", "ms"] {
        assert!(said.contains(word), "`{word}` is not there: {shown:?}");
    }
    assert!(
        !home.path("identity.key").exists(),
        "it leaves nothing behind"
    );
    Ok(())
}

#[tokio::test]
async fn tells_the_same_to_programs() -> Result<()> {
    let shown = Home::new()?.run(&["demo", "--json"]).await?;
    assert_eq!(shown.code, 0, "{shown:?}");
    let mut events = Vec::new();
    for line in shown.stdout.lines() {
        let event: serde_json::Value = serde_json::from_str(line)?;
        events.push(event["event"].as_str().unwrap_or_default().to_owned());
    }
    for event in ["identity", "shared", "bridged"] {
        assert!(events.iter().any(|one| one == event), "{event}: {shown:?}");
    }
    Ok(())
}
