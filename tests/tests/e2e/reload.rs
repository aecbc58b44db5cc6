//! `malai.toml` changes while everything runs.

use anyhow::Result;
use e2e::{Origin, Pair, client, wait_until};
use hyper::{Request, StatusCode};

#[tokio::test]
async fn a_new_service_does_not_disturb_a_running_download() -> Result<()> {
    let origin = Origin::start().await?;
    let pair = Pair::configured(origin.address(), "").await?;
    let request = Request::get(pair.url("/gated")).body(client::empty())?;
    let mut response = client::open(request).await?;
    let first = client::piece(response.body_mut()).await?;
    assert_eq!(first.as_deref(), Some("first"));

    let config = pair.share_home.config()?;
    let more = "\n[service.books]\nupstream = \"127.0.0.1:9\"\nallow = [\"anyone\"]\n";
    pair.share_home.configure(&(config.clone() + more))?;
    let shared = pair
        .share
        .event_where("shared", |event| event["service"] == "books")
        .await?;
    assert_eq!(shared["upstream"], "127.0.0.1:9");
    pair.share_home.configure(&config)?;
    pair.share
        .event_where("stopped", |event| event["service"] == "books")
        .await?;

    origin.gate().open();
    assert_eq!(client::read(response).await?.text(), "last");
    Ok(())
}

#[tokio::test]
async fn another_upstream_takes_over_and_the_running_download_ends_well() -> Result<()> {
    let (old, new) = (Origin::start().await?, Origin::start().await?);
    let pair = Pair::configured(old.address(), "").await?;
    let request = Request::get(pair.url("/gated")).body(client::empty())?;
    let mut response = client::open(request).await?;
    client::piece(response.body_mut()).await?;

    let config = pair.share_home.config()?;
    let changed = config.replace(&old.address().to_string(), &new.address().to_string());
    pair.share_home.configure(&changed)?;
    wait_until("the new upstream", || async {
        client::get(&pair.url("/sized")).await?;
        Ok(!new.requests().is_empty())
    })
    .await?;
    old.gate().open();
    assert_eq!(client::read(response).await?.text(), "last");
    Ok(())
}

#[tokio::test]
async fn a_bad_edit_changes_nothing_and_is_told() -> Result<()> {
    let origin = Origin::start().await?;
    let pair = Pair::configured(origin.address(), "").await?;
    let good = pair.share_home.config()?;
    for bad in [
        format!("{good}\n[service.books"),
        good.replace("allow = [", "allow = [\"nobody-of-this-name\", "),
        good.replace("upstream", "upstraem"),
    ] {
        let told = pair.share.events().len();
        pair.share_home.configure(&bad)?;
        wait_until("the error to be told", || async {
            let events = pair.share.events();
            Ok(events[told..].iter().any(|event| event["event"] == "error"))
        })
        .await?;
        let reply = client::get(&pair.url("/sized")).await?;
        assert_eq!(reply.status, StatusCode::OK);
    }
    pair.share_home
        .configure(&good.replace("allow = [", "allow = [ "))?;
    assert_eq!(
        client::get(&pair.url("/sized")).await?.status,
        StatusCode::OK
    );
    Ok(())
}
