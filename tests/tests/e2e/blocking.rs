//! Saying no: denying, blocking, and what those who are refused can tell.

use std::time::Duration;

use anyhow::{Context, Result};
use e2e::{Home, Origin, client, wait_until, within};
use http_body_util::BodyExt;
use hyper::{Request, StatusCode};
use tokio::time::Instant;

use crate::asking::{Owner, Visitor};

#[tokio::test]
async fn denying_takes_back_what_was_granted_and_cuts_what_is_running() -> Result<()> {
    let origin = Origin::start().await?;
    let owner = Owner::asked_for("2s", &origin, "").await?;
    let visitor = Visitor::to(&owner.link).await?;
    let id = visitor.home.id().await?;
    let fetching = visitor.begin();
    owner.has_requests(1).await?;
    owner.says(&["allow", &id[..8]]).await?;
    assert_eq!(
        within("the answer", fetching).await???.status,
        StatusCode::OK
    );

    let request = Request::get(format!("{}gated", visitor.url)).body(client::empty())?;
    let mut response = client::open(request).await?;
    assert_eq!(
        client::piece(response.body_mut()).await?.as_deref(),
        Some("first")
    );
    let denied = owner.home.run(&["deny", &id, "--json"]).await?.json()?;
    let began = Instant::now();
    assert_eq!(denied["services"], serde_json::json!(["shop"]));
    let rest = within("the cut", response.into_body().collect()).await?;
    rest.err().context("the body looks complete")?;
    assert!(
        began.elapsed() < Duration::from_secs(1),
        "{:?}",
        began.elapsed()
    );
    // It may ask again only after a while, and cannot tell.
    let reply = client::get(&visitor.url).await?;
    assert_eq!(reply.header("malai-error"), "pending");
    Ok(())
}

#[tokio::test]
async fn whoever_is_blocked_is_refused_what_everybody_may_use() -> Result<()> {
    let origin = Origin::start().await?;
    let upstream = origin.address();
    let open = format!("[service.open]\nupstream = \"{upstream}\"\nallow = [\"anyone\"]\n");
    let owner = Owner::asked_for("1s", &origin, &open).await?;
    let link = owner.link.replace("/shop?", "/open?");
    let (mallory, alice) = (Visitor::to(&link).await?, Visitor::to(&link).await?);
    let id = mallory.home.id().await?;
    owner.says(&["peer", "add", "mallory", &id]).await?;
    for visitor in [&mallory, &alice] {
        assert_eq!(client::get(&visitor.url).await?.status, StatusCode::OK);
    }
    let request = Request::get(format!("{}gated", mallory.url)).body(client::empty())?;
    let mut response = client::open(request).await?;
    client::piece(response.body_mut()).await?;

    owner.says(&["block", "mallory"]).await?;
    let rest = within("the cut", response.into_body().collect()).await?;
    rest.err().context("the body looks complete")?;
    let reply = client::get(&mallory.url).await?;
    assert_eq!(reply.header("malai-error"), "pending");
    assert_eq!(client::get(&alice.url).await?.status, StatusCode::OK);
    assert_eq!(owner.requests().await?.len(), 0);
    assert!(owner.home.config()?.contains("block = [\"mallory\"]"));
    let refused = owner.home.run(&["allow", "mallory", "open"]).await?;
    assert!(refused.stderr.contains("unblock"), "{refused:?}");

    owner.says(&["unblock", "mallory"]).await?;
    assert_eq!(client::get(&mallory.url).await?.status, StatusCode::OK);
    Ok(())
}

/// Everybody who may not waits just as long and gets the same words; nobody learns from either what
/// is here, or whether anybody is.
#[tokio::test]
async fn denied_unknown_and_blocked_cannot_be_told_apart() -> Result<()> {
    const WAIT: Duration = Duration::from_millis(400);
    const ROUNDS: usize = 9;
    /// Far less than what a network adds, and more than the machine's own unrest in a median.
    const SAME: Duration = Duration::from_millis(40);
    let origin = Origin::start().await?;
    let upstream = origin.address();
    let more = format!(
        "[service.quiet]\nupstream = \"{upstream}\"\nask = false\n\
         [service.off]\nupstream = \"{upstream}\"\nactive = false\n"
    );
    let owner = Owner::asked_for("400ms", &origin, &more).await?;
    let to = |service: &str| owner.link.replace("/shop?", &format!("/{service}?"));
    let denied = Visitor::to(&owner.link).await?;
    let known = Home::new()?;
    owner
        .says(&["peer", "add", "bob", &known.id().await?])
        .await?;
    let visitors = [
        ("unknown peer", Visitor::to(&owner.link).await?),
        ("unknown service", Visitor::to(&to("nothing")).await?),
        ("known peer", Visitor::of(known, &owner.link).await?),
        ("inactive", Visitor::to(&to("off")).await?),
        ("asks nobody", Visitor::to(&to("quiet")).await?),
        ("blocked", Visitor::to(&owner.link).await?),
        ("denied", denied),
    ];
    owner
        .says(&["block", &visitors[5].1.home.id().await?])
        .await?;
    let fetching = visitors[6].1.begin();
    owner.has_requests(1).await?;
    owner
        .says(&["deny", &visitors[6].1.home.id().await?])
        .await?;
    let first = within("the refusal", fetching).await???;

    let mut times = vec![Vec::new(); visitors.len()];
    for _ in 0..ROUNDS {
        for ((what, visitor), times) in visitors.iter().zip(&mut times) {
            let began = Instant::now();
            let reply = client::get(&visitor.url).await?;
            let took = began.elapsed();
            assert!(took >= WAIT, "{what} was refused after {took:?}");
            times.push(took);
            assert_eq!(reply.status, first.status, "{what}");
            assert_eq!(reply.body, first.body, "{what}");
            let mut headers = reply.headers.clone();
            headers.remove("date");
            let mut others = first.headers.clone();
            others.remove("date");
            assert_eq!(headers, others, "{what}");
        }
    }
    let medians: Vec<Duration> = times
        .iter_mut()
        .map(|times| {
            times.sort();
            times[ROUNDS / 2]
        })
        .collect();
    let (least, most) = (medians.iter().min(), medians.iter().max());
    let spread = *most.context("no times")? - *least.context("no times")?;
    assert!(spread < SAME, "told apart by {spread:?}: {medians:?}");
    Ok(())
}

#[tokio::test]
async fn a_few_wait_at_a_time_and_who_repeats_is_not_heard() -> Result<()> {
    let origin = Origin::start().await?;
    let upstream = origin.address();
    let more: String = (0..4)
        .map(|number| format!("[service.s{number}]\nupstream = \"{upstream}\"\n"))
        .collect();
    let owner = Owner::asked_for("20s", &origin, &more).await?;
    let mut home = Home::new()?;
    let mut fetching = Vec::new();
    let mut visitors = Vec::new();
    for number in 0..4 {
        let link = owner.link.replace("/shop?", &format!("/s{number}?"));
        let args = [
            "bridge",
            &link,
            "--bg",
            "--name",
            &format!("s{number}"),
            "--json",
        ];
        if number == 0 {
            let visitor = Visitor::of(home, &link).await?;
            fetching.push(visitor.begin());
            visitors.push(visitor);
            home = Home::new()?;
            continue;
        }
        // The same peer: its engine opens the other bridges, too.
        let bridged = visitors[0].home.run(&args).await?.json()?;
        let url = bridged["url"].as_str().context("no url")?.to_owned();
        fetching.push(tokio::spawn(async move { client::get(&url).await }));
    }
    owner.has_requests(3).await?;
    // Once more for one that waits: still three, and told to the owner three times.
    let again = visitors[0].begin();
    let other = Visitor::of(home, &owner.link).await?;
    let also = other.begin();
    wait_until("another peer's question", || async {
        Ok(owner.requests().await?.len() == 4)
    })
    .await?;
    let pending = owner.engine.events();
    let pending = pending.iter().filter(|it| it["decision"] == "pending");
    assert_eq!(pending.count(), 4);
    again.abort();
    also.abort();
    fetching.iter().for_each(tokio::task::JoinHandle::abort);
    Ok(())
}
