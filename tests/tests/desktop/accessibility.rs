//! The window in the real web view, looked at by axe: names, roles, contrast.

use std::{fs, path::Path};

use anyhow::{Context, Result};
use e2e::{Origin, desktop::Window};
use serde_json::{Value, json};

use crate::desk::{Desk, shared_with};

/// Runs axe and hands over what it found wrong, and how many rules were kept.
const LOOK: &str = "
const done = arguments[arguments.length - 1];
axe.run(document, { resultTypes: ['violations'] }).then(
    ({ violations, passes }) => done({
        passes: passes.length,
        violations: violations.map(({ id, help, nodes }) =>
            ({ id, help, where: nodes.map((node) => node.html) })),
    }),
    (error) => done({ passes: 0, violations: [String(error)] }),
);
";

/// axe as `npm ci` has brought it.
fn axe() -> Result<String> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent();
    let root = root.context("the package is in the repository")?;
    let path = root.join("node_modules/axe-core/axe.min.js");
    fs::read_to_string(path).context("no axe: run `npm ci`")
}

/// Checks that axe finds nothing wrong with what the window shows.
async fn is_accessible(window: &Window, what: &str) -> Result<()> {
    window.run(&axe()?, vec![]).await?;
    let found = window.run_async(LOOK, vec![]).await?;
    assert_eq!(found["violations"], json!([]), "{what}");
    let passes = found["passes"].as_u64().unwrap_or(0);
    assert!(passes > 10, "{what}: it looked at nothing: {found}");
    Ok(())
}

#[tokio::test]
async fn no_view_has_violations() -> Result<()> {
    let mut desk = Desk::new().await?;
    let (home, friend) = (desk.home()?, desk.home()?);
    let origin = Origin::start().await?;
    let (_share, link) = shared_with(&home, &friend, origin.address()).await?;
    let opened = desk.open(&home, &[&link]).await?;
    let window = &opened.window;
    window.test_id("question").await?;
    is_accessible(window, "the question about a link").await?;
    window.press("open-link").await?;
    window.test_id("address").await?;
    is_accessible(window, "an opened link").await?;
    window.press("nav-home").await?;
    window.press("go-share").await?;
    window
        .press(&format!("server-{}", origin.address().port()))
        .await?;
    is_accessible(window, "sharing").await?;
    window.press("share").await?;
    window.test_id("qr").await?;
    is_accessible(window, "a share").await?;
    for (hash, id) in [
        ("#/", "shared"),
        ("#/connect", "connect-form"),
        ("#/peers", "add-peer"),
        ("#/settings", "files"),
        ("#/connection", "reach"),
    ] {
        let go = vec![Value::from(hash)];
        window.run("location.hash = arguments[0]", go).await?;
        window.test_id(id).await?;
        is_accessible(window, hash).await?;
    }
    opened.quit().await
}
