//! The web UI in a real Chromium: the page itself, as a person uses it.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};
use e2e::{Browser, Control, Home, Malai, Origin, client, wait_until};
use fantoccini::Locator;
use serde_json::{Value, json};

/// An engine with its web UI, and a browser that is signed in to it.
pub(crate) struct Page {
    pub(crate) browser: Browser,
    pub(crate) home: Home,
    pub(crate) serve: Malai,
    url: String,
}

impl Page {
    pub(crate) async fn open() -> Result<Self> {
        Self::of(Home::new()?).await
    }

    pub(crate) async fn of(home: Home) -> Result<Self> {
        let serve = home.start(&["serve", "--ui", "--json"])?;
        let told = serve.event("ui").await?;
        let url = told["url"].as_str().context("no url")?.to_owned();
        let browser = Browser::start().await?;
        browser.goto(&url).await?;
        browser.test_id("go-share").await?;
        Ok(Self {
            browser,
            home,
            serve,
            url,
        })
    }

    /// Shares `upstream` as `shop`, with whoever gets the link, the way a person does; ends on its
    /// view.
    pub(crate) async fn share(&self, upstream: &str) -> Result<()> {
        let browser = &self.browser;
        browser.press("go-share").await?;
        browser.fill("port", upstream).await?;
        browser.fill("name", "shop").await?;
        browser.press("share").await?;
        browser.test_id("copy-link").await?;
        Ok(())
    }
}

#[tokio::test]
async fn the_token_leaves_the_address_and_a_reload_is_still_signed_in() -> Result<()> {
    let page = Page::open().await?;
    let browser = &page.browser;
    let shown = browser.url().await?;
    assert!(!shown.contains("token"), "{shown}");
    let seen = browser.run("return document.cookie", vec![]).await?;
    assert_eq!(seen, "", "scripts see the cookie");
    browser.client().refresh().await?;
    browser.test_id("go-share").await?;
    page.browser.quit().await
}

#[tokio::test]
async fn an_address_that_was_used_says_what_to_do_and_a_new_one_works() -> Result<()> {
    let page = Page::open().await?;
    let other = Browser::start().await?;
    other.goto(&page.url).await?;
    other.says("Open a new address").await?;
    let used = page.url.clone();
    let next = page
        .serve
        .event_where("ui", |event| event["url"] != used.as_str())
        .await?;
    // In the same tab, as somebody pastes it: only what is after `#` is another.
    other.goto(next["url"].as_str().context("no url")?).await?;
    other.test_id("go-share").await?;
    other.quit().await?;
    page.browser.quit().await
}

#[tokio::test]
async fn shares_copies_the_link_and_stops() -> Result<()> {
    let origin = Origin::start().await?;
    let page = Page::open().await?;
    let browser = &page.browser;
    page.share(&origin.address().to_string()).await?;
    browser.press("copy-link").await?;
    browser.says("copied").await?;
    let link = browser.clipboard().await?;
    assert!(
        link.starts_with("malai://") && link.contains("k="),
        "{link}"
    );
    browser.find("svg[role=\"img\"]").await?;

    // Whoever gets that link uses the service, and the page sees it without being asked.
    let visitor = Home::new()?;
    let bridge = visitor.start(&["bridge", &link, "--json"])?;
    let bridged = bridge.event("bridged").await?;
    let url = bridged["url"].as_str().context("no url")?;
    let reply = client::get(&format!("{url}sized")).await?;
    assert_eq!(reply.body.len(), 12_345);
    browser.says("/sized").await?;

    browser.press("stop").await?;
    browser.says("shop stopped").await?;
    browser.gone("share-shop").await?;
    wait_until("the share to end", || async {
        let status = page.home.run(&["status", "--json"]).await?.json()?;
        Ok(status["services"] == Value::Array(Vec::new()))
    })
    .await?;
    page.browser.quit().await
}

#[tokio::test]
async fn opens_a_link_after_asking_and_disconnects() -> Result<()> {
    let origin = Origin::start().await?;
    let friend = Home::new()?;
    let upstream = origin.address().to_string();
    let share = friend.start(&["share", &upstream, "--name", "shop", "--anyone", "--json"])?;
    let shared = share.event("shared").await?;
    let link = shared["link"].as_str().context("no link")?;
    let page = Page::open().await?;
    let browser = &page.browser;
    browser.press("go-connect").await?;
    browser.fill("link-input", link).await?;
    browser.press("read").await?;
    let target = browser.test_id("target").await?.text().await?;
    assert!(target.starts_with("shop of"), "{target}");
    let status = page.home.run(&["status", "--json"]).await?.json()?;
    assert_eq!(status["bridges"], Value::Array(Vec::new()), "nobody asked");

    browser.press("open-link").await?;
    let url = browser.test_id("address").await?.text().await?;
    let reply = client::get(&format!("{url}sized")).await?;
    assert_eq!(reply.body.len(), 12_345);
    browser.press("copy-address").await?;
    browser.says("copied").await?;
    assert_eq!(browser.clipboard().await?, url);

    browser.press("nav-home").await?;
    browser.says("direct").await?;
    browser.press("stop").await?;
    browser.gone("bridge-shop").await?;
    assert!(client::get(&url).await.is_err(), "the port is still open");
    page.browser.quit().await
}

#[tokio::test]
async fn what_a_peer_offers_is_there_and_gone_as_it_says() -> Result<()> {
    let origin = Origin::start().await?;
    let page = Page::open().await?;
    let (browser, id) = (&page.browser, page.home.id().await?);
    let friend = Home::new()?;
    let serve = friend.start(&["serve", "--json"])?;
    serve.event("identity").await?;
    let mut control = Control::connect(&friend).await?;
    let share = |name: &str| {
        json!({
            "request": "share", "upstream": [origin.address().to_string()], "name": name,
            "allow": [id], "description": format!("The {name} of all"), "keep": true,
        })
    };
    control.get(&share("docs")).await?;
    let shared = control.get(&share("shop")).await?;
    let link = shared["service"]["link"].as_str().context("no link")?;
    assert_eq!(page.home.run(&["services", link]).await?.code, 0);
    let add = ["peer", "add", "alice", &friend.id().await?];
    assert_eq!(page.home.run(&add).await?.code, 0);

    browser.press("nav-peers").await?;
    browser.test_id("offer-alice-docs").await?;
    browser.says("The shop of all").await?;
    let revoke = json!({"request": "allow", "service": "docs", "allow": []});
    control.get(&revoke).await?;
    browser.gone("offer-alice-docs").await?;
    browser.test_id("offer-alice-shop").await?;
    control
        .get(&json!({"request": "stop", "name": "shop"}))
        .await?;
    browser.says("alice shares nothing with you").await?;
    control.get(&share("shop")).await?;
    browser.test_id("offer-alice-shop").await?;

    // The gateway is switched where the settings are, and its address is there at once.
    browser.press("nav-settings").await?;
    browser.press("gateway").await?;
    browser.says("Addresses with names are on").await?;
    browser.press("nav-peers").await?;
    browser.says("http://shop.alice.localhost:").await?;
    browser.press("connect-service").await?;
    browser.says("shop of alice").await?;
    page.browser.quit().await
}

#[tokio::test]
async fn a_port_where_nothing_answers_is_refused_beside_its_field() -> Result<()> {
    let page = Page::open().await?;
    let browser = &page.browser;
    let dead = e2e::dead_address().await?;
    browser.press("go-share").await?;
    browser.fill("port", &dead.to_string()).await?;
    browser.press("share").await?;
    browser.says("Nothing answers").await?;
    browser.test_id("share-anyway").await?;
    page.browser.quit().await
}

#[tokio::test]
async fn says_when_the_engine_is_gone() -> Result<()> {
    let page = Page::open().await?;
    page.serve.signal(nix::sys::signal::Signal::SIGTERM)?;
    page.browser.says("does not answer").await?;
    page.browser.quit().await
}

/// Every view, in light and in dark, against the rules of axe.
#[tokio::test]
async fn everybody_can_read_and_operate_every_view() -> Result<()> {
    let origin = Origin::start().await?;
    let page = Page::open().await?;
    let browser = &page.browser;
    let mut found = audit(browser, "welcome").await?;
    page.share(&origin.address().to_string()).await?;
    for view in [
        "/",
        "/share",
        "/service/shop",
        "/connect",
        "/peers",
        "/settings",
        "/connection",
        "/log",
    ] {
        let script = "location.hash = arguments[0]";
        browser.run(script, vec![view.into()]).await?;
        browser.find("main h1").await?;
        found.extend(audit(browser, view).await?);
    }
    ensure!(found.is_empty(), "{}", found.join("\n"));
    // And it does find what is wrong.
    let script = "document.body.append(document.createElement('button'))";
    browser.run(script, vec![]).await?;
    let found = audit(browser, "a button without a name").await?;
    ensure!(found.iter().any(|line| line.contains("button-name")));
    page.browser.quit().await
}

/// What axe finds wrong with the page as it is, one line each.
pub(crate) async fn audit(browser: &Browser, view: &str) -> Result<Vec<String>> {
    let mut lines = Vec::new();
    let axe = repository().join("node_modules/axe-core/axe.min.js");
    browser.run_file(&axe).await?;
    for scheme in ["light", "dark"] {
        browser.prefer(scheme).await?;
        let found = browser
            .run_async(
                "await document.fonts.ready;
                 await Promise.all(document.getAnimations().map((each) => each.finished));
                 const { violations, passes } = await axe.run(document);
                 return {
                     checked: passes.length,
                     lines: violations.flatMap(({ id, help, nodes }) =>
                         nodes.map((node) => `${id}: ${help}: ${node.html} ${node.failureSummary}`)),
                 };",
            )
            .await?;
        ensure!(
            found["checked"].as_u64() > Some(5),
            "axe looked at nothing: {found}"
        );
        let found = found["lines"].as_array().cloned().unwrap_or_default();
        let texts = found.iter().filter_map(Value::as_str);
        lines.extend(texts.map(|line| format!("{view} in {scheme}: {line}")));
    }
    Ok(lines)
}

/// The pages of another origin cannot reach the web UI, whatever they try.
#[tokio::test]
async fn a_page_of_another_origin_gets_nothing() -> Result<()> {
    let origin = Origin::start().await?;
    let page = Page::open().await?;
    let browser = &page.browser;
    let own = page.url.split("/#").next().unwrap_or_default().to_owned();
    // Another port of the same host: the cookie goes there and comes from there.
    browser
        .goto(&format!("http://{}/", origin.address()))
        .await?;
    let tried = browser
        .run_async(&format!(
            "const tries = [
                 fetch('{own}/api/session', {{ credentials: 'include' }}),
                 fetch('{own}/api/dispatch', {{ method: 'POST', credentials: 'include',
                     body: JSON.stringify({{ request: 'identity' }}) }}),
                 fetch('{own}/api/dispatch', {{ method: 'POST', credentials: 'include', mode: 'no-cors',
                     body: JSON.stringify({{ request: 'identity' }}) }}).then(async (answer) => {{
                         if (answer.type === 'opaque') throw new Error('opaque');
                     }}),
                 fetch('{own}/'),
             ];
             const outcomes = await Promise.allSettled(tries);
             return outcomes.map(({{ status }}) => status);"
        ))
        .await?;
    let all_refused = tried
        .as_array()
        .is_some_and(|all| all.len() == 4 && all.iter().all(|outcome| outcome == "rejected"));
    assert!(all_refused, "{tried}");
    let framed = browser
        .run_async(&format!(
            "const frame = document.createElement('iframe');
             frame.src = '{own}/';
             const loaded = new Promise((done) => frame.addEventListener('load', done));
             document.body.append(frame);
             await loaded;
             try {{ return frame.contentWindow.document.title; }} catch {{ return null; }}"
        ))
        .await?;
    assert_ne!(framed, "malai");
    let frames = browser.client().find_all(Locator::Css("iframe")).await?;
    assert_eq!(frames.len(), 1);
    page.browser.quit().await
}

fn repository() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}
