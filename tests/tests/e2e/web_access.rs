//! Letting in and shutting out by the web UI, in a real Chromium and with real strangers.

use std::time::Duration;

use anyhow::{Context, Result, ensure};
use e2e::{Home, OFFLINE, Origin, client, wait_until, within};
use hyper::{Request, StatusCode};
use serde_json::{Value, json};
use tokio::time::Instant;

use crate::{
    asking::Visitor,
    web_browser::{Page, audit},
};

/// Somebody who shares `shop` with nobody, is asked for up to `wait`, and looks at the web UI.
struct Owner {
    page: Page,
    link: String,
}

impl Owner {
    async fn asked_for(wait: &str, origin: &Origin) -> Result<Self> {
        let home = Home::with_config(&format!(
            "{OFFLINE}\n[service.shop]\nupstream = \"{}\"\n",
            origin.address()
        ))?;
        let page = Page::of(home.with_env("MALAI_ASK", wait)).await?;
        let shared = page.serve.event("shared").await?;
        let link = shared["link"].as_str().context("no link")?.to_owned();
        Ok(Self { page, link })
    }

    async fn goes_to(&self, view: &str) -> Result<()> {
        let script = "location.hash = arguments[0]";
        self.page.browser.run(script, vec![view.into()]).await?;
        Ok(())
    }

    /// Reads the log in the window until it says `part`.
    async fn reads(&self, part: &str) -> Result<()> {
        let browser = &self.page.browser;
        self.goes_to("/settings").await?;
        browser.press("go-log").await?;
        wait_until("the log", || async {
            browser.press("look-again").await?;
            Ok(browser.text().await?.contains(part))
        })
        .await
    }

    async fn status(&self) -> Result<Value> {
        self.page.home.run(&["status", "--json"]).await?.json()
    }
}

#[tokio::test]
async fn a_stranger_is_let_in_for_an_hour_from_any_view() -> Result<()> {
    let origin = Origin::start().await?;
    let owner = Owner::asked_for("25s", &origin).await?;
    let browser = &owner.page.browser;
    let visitor = Visitor::to(&owner.link).await?;
    let id = visitor.home.id().await?;
    owner.goes_to("/connection").await?;
    let asking = visitor.begin();
    let card = format!("ask-{id}-shop");
    let words = browser.test_id(&card).await?.text().await?;
    for part in ["A stranger", "wants to open shop", "waits"] {
        assert!(words.contains(part), "{words}");
    }
    let found = audit(browser, "somebody asks").await?;
    ensure!(found.is_empty(), "{}", found.join("\n"));

    browser.press("admit-hour").await?;
    let reply = within("the answer", asking).await???;
    assert_eq!(reply.body.len(), 12_345);
    browser.gone(&card).await?;
    owner.goes_to("/service/shop").await?;
    browser.says("let in by you").await?;
    let guest = owner.status().await?["services"][0]["guests"][0].clone();
    assert_eq!(guest["peer"], id.as_str());
    assert!(guest["until"].is_u64(), "{guest}");
    owner.reads("was let in to shop (for 1h)").await?;
    owner.page.browser.quit().await
}

#[tokio::test]
async fn a_stranger_who_is_denied_waits_as_long_as_one_who_is_not_answered() -> Result<()> {
    let origin = Origin::start().await?;
    let owner = Owner::asked_for("8s", &origin).await?;
    let browser = &owner.page.browser;
    let visitor = Visitor::to(&owner.link).await?;
    let begun = Instant::now();
    let asking = visitor.begin();
    browser.press("deny").await?;
    browser.gone("asking").await?;
    let reply = within("the answer", asking).await???;
    assert_eq!(reply.status, StatusCode::FORBIDDEN);
    assert_eq!(reply.header("malai-error"), "pending");
    assert!(begun.elapsed() >= Duration::from_secs(8));
    owner.reads("was denied shop").await?;
    assert_eq!(origin.requests(), Vec::<String>::new());
    owner.page.browser.quit().await
}

#[tokio::test]
async fn a_stranger_is_blocked_after_a_question_and_let_go_again() -> Result<()> {
    let origin = Origin::start().await?;
    let owner = Owner::asked_for("25s", &origin).await?;
    let browser = &owner.page.browser;
    let visitor = Visitor::to(&owner.link).await?;
    let id = visitor.home.id().await?;
    let asking = visitor.begin();
    browser.press("block").await?;
    browser.press("confirm-block").await?;
    browser.gone("asking").await?;
    assert_eq!(owner.status().await?["blocked"], json!([id]));
    owner.goes_to("/peers").await?;
    browser.press("unblock").await?;
    wait_until("nobody to be blocked", || async {
        Ok(owner.status().await?["blocked"] == json!([]))
    })
    .await?;
    asking.abort();
    owner.page.browser.quit().await
}

#[tokio::test]
async fn a_link_taken_back_cuts_whoever_came_with_it() -> Result<()> {
    let origin = Origin::start().await?;
    let owner = Owner::asked_for("0s", &origin).await?;
    let browser = &owner.page.browser;
    owner.goes_to("/service/shop").await?;
    browser.press("make-link").await?;
    let link = browser.test_id("link").await?.text().await?;
    let visitor = Visitor::to(&link).await?;
    let request = Request::get(format!("{}gated", visitor.url)).body(client::empty())?;
    let mut response = client::open(request).await?;
    let first = client::piece(response.body_mut()).await?;
    assert_eq!(first.as_deref(), Some("first"));

    browser.test_id("guest").await?;
    let id = visitor.home.id().await?;
    browser.says(&format!("used by {}", &id[..6])).await?;
    browser.press("revoke").await?;
    browser.press("confirm-revoke").await?;
    browser.gone("guest").await?;
    browser.says("The link to give away is revoked").await?;
    let cut = client::piece(response.body_mut()).await;
    assert!(cut.is_err(), "it goes on: {cut:?}");
    let reply = client::get(&visitor.url).await?;
    assert_eq!(reply.status, StatusCode::FORBIDDEN);
    owner.page.browser.quit().await
}

#[tokio::test]
async fn a_link_with_a_pin_is_made_in_one_window_and_opened_in_another() -> Result<()> {
    let origin = Origin::start().await?;
    let owner = Owner::asked_for("0s", &origin).await?;
    let browser = &owner.page.browser;
    owner.goes_to("/service/shop").await?;
    browser.press("new-invite").await?;
    browser.press("invite-pin").await?;
    let mut found = audit(browser, "a link is made").await?;
    browser.press("make-invite").await?;
    let link = browser.test_id("invite-link").await?.text().await?;
    let pin = browser.test_id("pin").await?.text().await?;
    found.extend(audit(browser, "a link was made").await?);

    let visitor = Page::open().await?;
    let window = &visitor.browser;
    window.press("go-connect").await?;
    window.fill("link-input", &link).await?;
    window.press("read").await?;
    let wrong = if pin == "000000" { "111111" } else { "000000" };
    window.fill("pin-input", wrong).await?;
    window.press("open-link").await?;
    window.says("does not open with this PIN").await?;
    found.extend(audit(window, "a PIN is wrong").await?);
    window.fill("pin-input", &pin).await?;
    window.press("open-link").await?;
    let url = window.test_id("address").await?.text().await?;
    let reply = client::get(&format!("{url}sized")).await?;
    assert_eq!(reply.body.len(), 12_345);
    browser.says("came with a link").await?;
    ensure!(found.is_empty(), "{}", found.join("\n"));
    visitor.browser.quit().await?;
    owner.page.browser.quit().await
}

#[tokio::test]
async fn a_share_ends_when_the_window_says() -> Result<()> {
    let origin = Origin::start().await?;
    let page = Page::open().await?;
    page.share(&origin.address().to_string()).await?;
    let browser = &page.browser;
    let ends_in = || async {
        let status = page.home.run(&["status", "--json"]).await?.json()?;
        anyhow::Ok(status["services"][0]["ends_in_secs"].as_u64())
    };
    assert_eq!(ends_in().await?, None);
    browser.press("change-end").await?;
    let select = browser.test_id("end").await?;
    select.select_by_value("3600").await?;
    browser.press("save-end").await?;
    browser.says("It ends ").await?;
    let left = ends_in().await?.context("it does not end")?;
    assert!((3000..=3600).contains(&left), "{left}");
    browser.press("change-end").await?;
    browser.press("save-end").await?;
    browser.says("When you stop it").await?;
    assert_eq!(ends_in().await?, None);
    page.browser.quit().await
}
