//! Asking before letting in: who waits, who is told, and what each answer does.

use std::time::Duration;

use anyhow::{Context, Result, ensure};
use e2e::{Browser, DEADLINE, Home, Malai, OFFLINE, Origin, client, wait_until, within};
use hyper::{Request, StatusCode, header::ACCEPT};
use nix::sys::signal::Signal;
use serde_json::{Value, json};
use tokio::time::Instant;

/// An owner who is asked for up to `wait`, and shares `shop` and `books` with nobody.
pub(crate) struct Owner {
    pub(crate) home: Home,
    pub(crate) engine: Malai,
    pub(crate) link: String,
}

impl Owner {
    pub(crate) async fn asked_for(wait: &str, origin: &Origin, more: &str) -> Result<Self> {
        let upstream = origin.address();
        let home = Home::with_config(&format!(
            "{OFFLINE}\n[service.shop]\nupstream = \"{upstream}\"\n\
             [service.books]\nupstream = \"{upstream}\"\n{more}"
        ))?;
        let home = home.with_env("MALAI_ASK", wait);
        let engine = home.start(&["serve", "--json"])?;
        let shared = engine
            .event_where("shared", |event| event["service"] == "shop")
            .await?;
        let link = shared["link"].as_str().context("no link")?.to_owned();
        Ok(Self { home, engine, link })
    }

    /// What `malai requests` lists.
    pub(crate) async fn requests(&self) -> Result<Vec<Value>> {
        let answer = self.home.run(&["requests", "--json"]).await?.json()?;
        Ok(answer["requests"]
            .as_array()
            .context("no requests")?
            .clone())
    }

    /// Waits until exactly so many are listed.
    pub(crate) async fn has_requests(&self, count: usize) -> Result<Vec<Value>> {
        wait_until("the requests", || async {
            Ok(self.requests().await?.len() == count)
        })
        .await?;
        self.requests().await
    }

    /// Whom `malai status` shows as guests of a service.
    pub(crate) async fn guests(&self, service: &str) -> Result<Value> {
        let status = self.home.run(&["status", "--json"]).await?.json()?;
        let services = status["services"].as_array().context("no services")?;
        let found = services.iter().find(|it| it["name"] == service);
        Ok(found.context("no such service")?["guests"].clone())
    }

    /// A command that must be done.
    pub(crate) async fn says(&self, args: &[&str]) -> Result<()> {
        let done = self.home.run(args).await?;
        ensure!(done.code == 0, "{args:?}: {done:?}");
        Ok(())
    }
}

/// Somebody with a bridge to `link`.
pub(crate) struct Visitor {
    pub(crate) home: Home,
    pub(crate) bridge: Malai,
    pub(crate) url: String,
}

impl Visitor {
    pub(crate) async fn to(link: &str) -> Result<Self> {
        Self::of(Home::new()?, link).await
    }

    pub(crate) async fn of(home: Home, link: &str) -> Result<Self> {
        let bridge = home.start(&["bridge", link, "--json"])?;
        let bridged = bridge.event("bridged").await?;
        let url = bridged["url"].as_str().context("no url")?.to_owned();
        Ok(Self { home, bridge, url })
    }

    /// Gets something in a task of its own, as `curl` would.
    pub(crate) fn begin(&self) -> tokio::task::JoinHandle<Result<client::Reply>> {
        let url = format!("{}sized", self.url);
        tokio::spawn(async move { client::get(&url).await })
    }

    /// Ends the bridge, and with it the connection to the peer.
    pub(crate) async fn leave(mut self) -> Result<Home> {
        self.bridge.signal(Signal::SIGTERM)?;
        self.bridge.exit().await?;
        Ok(self.home)
    }
}

#[tokio::test]
async fn who_asks_is_let_in_from_the_terminal_and_nobody_else_is() -> Result<()> {
    let origin = Origin::start().await?;
    let owner = Owner::asked_for("6s", &origin, "").await?;
    let (alice, other) = (
        Visitor::to(&owner.link).await?,
        Visitor::to(&owner.link).await?,
    );
    let id = alice.home.id().await?;
    owner.says(&["peer", "add", "alice", &id]).await?;
    let (fetching, also) = (alice.begin(), other.begin());
    let requests = owner.has_requests(2).await?;
    let asked = owner
        .engine
        .event_where("access", |event| event["name"] == "alice")
        .await?;
    assert_eq!(asked["decision"], "pending");
    assert_eq!(asked["service"], "shop");
    let hers = requests.iter().find(|it| it["name"] == "alice");
    let hers = hers.context("alice does not ask")?;
    assert_eq!(hers["peer"], id.as_str());
    assert!(
        hers["known_since"].as_u64().is_some_and(|it| it > 0),
        "{hers}"
    );
    assert!(hers["waits_secs"].as_u64().is_some_and(|it| it <= 6));
    assert_eq!(origin.requests(), Vec::<String>::new());

    owner.says(&["allow", "alice", "--for", "1h"]).await?;
    let reply = within("the answer", fetching).await???;
    assert_eq!((reply.status, reply.body.len()), (StatusCode::OK, 12_345));
    let left = owner.requests().await?;
    assert_eq!(left.len(), 1, "{left:?}");
    assert_eq!(left[0]["name"], Value::Null);
    let refused = within("the refusal", also).await???;
    assert_eq!(refused.status, StatusCode::FORBIDDEN);
    assert_eq!(refused.header("malai-error"), "pending");
    // It was let in to this service alone.
    assert_eq!(
        client::get(&format!("{}sized", alice.url)).await?.status,
        StatusCode::OK
    );
    let to_books = owner.link.replace("/shop?", "/books?");
    let books = Visitor::of(alice.leave().await?, &to_books).await?;
    let fetching = books.begin();
    owner.has_requests(2).await?;
    fetching.abort();
    Ok(())
}

#[tokio::test]
async fn once_ends_with_the_connection_and_always_does_not() -> Result<()> {
    let origin = Origin::start().await?;
    let owner = Owner::asked_for("20s", &origin, "").await?;
    let visitor = Visitor::to(&owner.link).await?;
    let id = visitor.home.id().await?;
    let fetching = visitor.begin();
    owner.has_requests(1).await?;
    owner.says(&["allow", &id[..8], "--once"]).await?;
    assert_eq!(
        within("the answer", fetching).await???.status,
        StatusCode::OK
    );
    assert_eq!(client::get(&visitor.url).await?.status, StatusCode::OK);
    let kept = std::fs::read_to_string(owner.home.path("state/access.json"));
    assert!(
        !kept.unwrap_or_default().contains(&id),
        "it was written down"
    );
    let home = visitor.leave().await?;
    wait_until("the end of the visit", || async {
        Ok(owner.guests("shop").await? == json!([]))
    })
    .await?;

    let again = Visitor::of(home, &owner.link).await?;
    let fetching = again.begin();
    owner.has_requests(1).await?;
    owner.says(&["allow", &id, "shop"]).await?;
    assert_eq!(
        within("the answer", fetching).await???.status,
        StatusCode::OK
    );
    let back = Visitor::of(again.leave().await?, &owner.link).await?;
    assert_eq!(client::get(&back.url).await?.status, StatusCode::OK);
    assert_eq!(owner.guests("shop").await?[0]["through"], "owner");
    Ok(())
}

#[tokio::test]
async fn without_an_answer_it_is_no_and_can_still_become_yes() -> Result<()> {
    let origin = Origin::start().await?;
    let owner = Owner::asked_for("2s", &origin, "").await?;
    let visitor = Visitor::to(&owner.link).await?;
    let began = Instant::now();
    let reply = within("the refusal", visitor.begin()).await???;
    assert_eq!(reply.status, StatusCode::FORBIDDEN);
    assert_eq!(reply.header("malai-error"), "pending");
    assert!(began.elapsed() >= Duration::from_secs(2));
    let requests = owner.requests().await?;
    assert_eq!(requests.len(), 1);
    assert_eq!(requests[0]["waits_secs"], Value::Null);
    // Asking again right away is not heard, and waits all the same.
    let again = within("the refusal", visitor.begin()).await???;
    assert_eq!((again.status, &again.body), (reply.status, &reply.body));
    let pending = owner.engine.events();
    let pending = pending.iter().filter(|it| it["decision"] == "pending");
    assert_eq!(pending.count(), 1);

    let id = visitor.home.id().await?;
    owner.says(&["allow", &id[..6]]).await?;
    assert_eq!(client::get(&visitor.url).await?.status, StatusCode::OK);
    assert_eq!(owner.requests().await?.len(), 0);
    Ok(())
}

#[tokio::test]
async fn a_page_says_that_it_waits_and_goes_on_by_itself() -> Result<()> {
    let origin = Origin::start().await?;
    let owner = Owner::asked_for("5m", &origin, "").await?;
    let visitor = Visitor::to(&owner.link).await?;
    let page = || async {
        let request = Request::get(&visitor.url).header(ACCEPT, "text/html");
        client::send(request.body(client::empty())?).await
    };
    let began = Instant::now();
    let reply = page().await?;
    assert!(began.elapsed() < DEADLINE);
    assert_eq!(reply.status, StatusCode::FORBIDDEN);
    assert_eq!(reply.header("malai-error"), "pending");
    assert!(!reply.header("refresh").is_empty());
    assert!(reply.text().contains("Waiting for approval"));
    let status = visitor.home.run(&["status", "--json"]).await?.json()?;
    assert_eq!(status["bridges"][0]["waiting"], true, "{status}");

    let browser = Browser::start().await?;
    browser.goto(&visitor.url).await?;
    browser.says("Waiting for approval").await?;
    owner.has_requests(1).await?;
    let id = visitor.home.id().await?;
    owner.says(&["allow", &id[..8], "--once"]).await?;
    // What the service answers with is what the browser has sent.
    browser.says("user-agent").await?;
    let status = visitor.home.run(&["status", "--json"]).await?.json()?;
    assert_eq!(status["bridges"][0]["waiting"], false, "{status}");
    Ok(())
}

#[tokio::test]
async fn a_page_that_waited_in_vain_says_so_once_it_is_over() -> Result<()> {
    let origin = Origin::start().await?;
    let owner = Owner::asked_for("3s", &origin, "").await?;
    let visitor = Visitor::to(&owner.link).await?;
    let over = wait_until("the end of the wait", || async {
        let request = Request::get(&visitor.url).header(ACCEPT, "text/html");
        let reply = client::send(request.body(client::empty())?).await?;
        ensure!(reply.status == StatusCode::FORBIDDEN, "{reply:?}");
        ensure!(reply.header("malai-error") == "pending", "{reply:?}");
        Ok(reply.header("refresh").is_empty())
    });
    over.await?;
    Ok(())
}

#[tokio::test]
async fn a_connection_of_bytes_waits_and_then_flows() -> Result<()> {
    let origin = Origin::start().await?;
    let more = format!(
        "[service.bytes]\nprotocol = \"tcp\"\nupstream = \"{}\"\n",
        origin.address()
    );
    let owner = Owner::asked_for("20s", &origin, &more).await?;
    let visitor = Home::new()?;
    let link = owner.link.replace("/shop?", "/bytes?");
    let bridge = visitor.start(&["bridge", &link, "--tcp", "--json"])?;
    let local = bridge.event("bridged").await?;
    let local = local["local"].as_str().context("no address")?;
    let url = format!("http://{local}/sized");
    let fetching = tokio::spawn(async move { client::get(&url).await });
    owner.has_requests(1).await?;
    let id = visitor.id().await?;
    owner.says(&["allow", &id[..8]]).await?;
    let reply = within("the answer", fetching).await???;
    assert_eq!(reply.body.len(), 12_345);
    Ok(())
}

#[tokio::test]
async fn a_service_that_asks_nobody_bothers_nobody() -> Result<()> {
    let origin = Origin::start().await?;
    let upstream = origin.address();
    let quiet = format!("[service.quiet]\nupstream = \"{upstream}\"\nask = false\n");
    let owner = Owner::asked_for("1s", &origin, &quiet).await?;
    let visitor = Visitor::to(&owner.link.replace("/shop?", "/quiet?")).await?;
    let began = Instant::now();
    let reply = client::get(&visitor.url).await?;
    assert_eq!(reply.header("malai-error"), "pending");
    assert!(began.elapsed() >= Duration::from_secs(1));
    assert_eq!(owner.requests().await?.len(), 0);
    Ok(())
}
