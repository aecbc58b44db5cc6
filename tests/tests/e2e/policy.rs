//! Who may use what, and how soon a change holds.

use anyhow::{Context, Result};
use e2e::{Home, OFFLINE, Origin, Pair, RawOrigin, client, wait_until, within};
use futures_util::{SinkExt, StreamExt};
use http_body_util::BodyExt;
use hyper::{Request, StatusCode};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

#[tokio::test]
async fn a_share_without_a_word_is_open_to_nobody_and_says_so() -> Result<()> {
    let origin = Origin::start().await?;
    let (home, visitor) = (Home::new()?, Home::new()?);
    let upstream = origin.address().to_string();
    let share = home.start(&["share", &upstream, "--json"])?;
    let shared = share.event("shared").await?;
    share.says("--anyone").await?;
    let link = shared["link"].as_str().context("no link")?;
    let bridge = visitor.start(&["bridge", link, "--json"])?;
    let bridged = bridge.event("bridged").await?;
    let url = bridged["url"].as_str().context("no url")?;
    assert_eq!(client::get(url).await?.status, StatusCode::FORBIDDEN);
    let told = share.event("access").await?;
    assert_eq!(told["decision"], "denied");
    assert_eq!(told["peer"], visitor.id().await?.as_str());
    assert_eq!(origin.requests(), Vec::<String>::new());
    Ok(())
}

#[tokio::test]
async fn anyone_means_everybody() -> Result<()> {
    let origin = Origin::start().await?;
    let (home, visitor) = (Home::new()?, Home::new()?);
    let upstream = origin.address().to_string();
    let share = home.start(&["share", &upstream, "--anyone", "--json"])?;
    let shared = share.event("shared").await?;
    let link = shared["link"].as_str().context("no link")?;
    let bridge = visitor.start(&["bridge", link, "--json"])?;
    let bridged = bridge.event("bridged").await?;
    let url = bridged["url"].as_str().context("no url")?;
    let reply = client::get(&format!("{url}sized")).await?;
    assert_eq!(reply.body.len(), 12_345);
    Ok(())
}

#[tokio::test]
async fn pet_names_and_groups_let_in_whom_they_name() -> Result<()> {
    let origin = Origin::start().await?;
    let pair = Pair::configured(origin.address(), "").await?;
    let (config, id) = (pair.share_home.config()?, &pair.bridge_id);
    let nobody = config.replace(&format!("allow = [\"{id}\"]"), "allow = []");
    let named = format!("\n[peer.bob]\nid = \"{id}\"\n");
    let groups = format!(
        "{named}\n[group.team]\nmembers = [\"group:ops\"]\n\n[group.ops]\nmembers = [\"bob\"]\n"
    );
    let by_name = nobody.replace("allow = []", "allow = [\"bob\"]") + &named;
    let by_group = nobody.replace("allow = []", "allow = [\"group:team\"]") + &groups;
    for (text, expected) in [
        (&nobody, StatusCode::FORBIDDEN),
        (&by_name, StatusCode::OK),
        (&nobody, StatusCode::FORBIDDEN),
        (&by_group, StatusCode::OK),
    ] {
        pair.share_home.configure(text)?;
        wait_until("the change to hold", || async {
            Ok(client::get(&pair.url("/sized")).await?.status == expected)
        })
        .await
        .with_context(|| text.clone())?;
    }
    Ok(())
}

#[tokio::test]
async fn taking_the_permission_away_cuts_what_is_running() -> Result<()> {
    let origin = Origin::start().await?;
    let pair = Pair::configured(origin.address(), "").await?;
    let request = Request::get(pair.url("/gated")).body(client::empty())?;
    let mut response = client::open(request).await?;
    let first = client::piece(response.body_mut()).await?;
    assert_eq!(first.as_deref(), Some("first"));

    let config = pair.share_home.config()?;
    let allow = format!("allow = [\"{}\"]", pair.bridge_id);
    pair.share_home
        .configure(&config.replace(&allow, "allow = []"))?;
    let rest = within("the cut", response.into_body().collect()).await?;
    rest.err().context("the body looks complete")?;
    let reply = client::get(&pair.url("/sized")).await?;
    assert_eq!(reply.status, StatusCode::FORBIDDEN);
    Ok(())
}

#[tokio::test]
async fn taking_the_permission_away_cuts_a_websocket() -> Result<()> {
    let origin = Origin::start().await?;
    let pair = Pair::configured(origin.address(), "").await?;
    let mut socket = e2e::websocket::open(pair.local, "/websocket").await?;
    socket.send("here".into()).await?;
    let echoed = within("the echo", socket.next()).await?;
    assert!(matches!(echoed, Some(Ok(_))), "{echoed:?}");

    let config = pair.share_home.config()?;
    let allow = format!("allow = [\"{}\"]", pair.bridge_id);
    pair.share_home
        .configure(&config.replace(&allow, "allow = []"))?;
    let cut = within("the cut", socket.next()).await?;
    assert!(!matches!(cut, Some(Ok(_))), "{cut:?}");
    Ok(())
}

#[tokio::test]
async fn permission_for_one_service_is_none_for_another() -> Result<()> {
    let (origin, secret) = (Origin::start().await?, Origin::start().await?);
    let visitor = Home::new()?;
    let id = visitor.id().await?;
    let home = Home::with_config(&format!(
        "{OFFLINE}\n[service.shop]\nupstream = \"{}\"\nallow = [\"{id}\"]\n\n\
         [service.books]\nupstream = \"{}\"\n",
        origin.address(),
        secret.address()
    ))?;
    let serve = home.start(&["serve", "--json"])?;
    let books = serve
        .event_where("shared", |event| event["service"] == "books")
        .await?;
    let link = books["link"].as_str().context("no link")?;
    let bridge = visitor.start(&["bridge", link, "--json"])?;
    let bridged = bridge.event("bridged").await?;
    let url = bridged["url"].as_str().context("no url")?;
    // Nor by the name of the service that is permitted.
    for host in ["shop.localhost", "localhost"] {
        let request = Request::get(url).header("host", host);
        let reply = client::send(request.body(client::empty())?).await?;
        assert_eq!(reply.status, StatusCode::FORBIDDEN);
    }
    assert_eq!(secret.requests(), Vec::<String>::new());
    assert_eq!(origin.requests(), Vec::<String>::new());
    Ok(())
}

#[tokio::test]
async fn groups_that_go_in_a_circle_are_refused_and_open_nothing() -> Result<()> {
    let origin = Origin::start().await?;
    let pair = Pair::configured(origin.address(), "").await?;
    let allow = format!("allow = [\"{}\"]", pair.bridge_id);
    let circle = pair
        .share_home
        .config()?
        .replace(&allow, "allow = [\"group:team\"]")
        + "\n[group.team]\nmembers = [\"group:ops\", \"anyone\"]\n\n\
           [group.ops]\nmembers = [\"group:team\"]\n";
    let home = Home::with_config(&circle)?;
    let checked = home.run(&["config", "check"]).await?;
    assert_eq!(checked.code, 6, "{checked:?}");
    assert!(checked.stdout.contains("circle"), "{checked:?}");

    pair.share_home.configure(&circle)?;
    let told = pair.share.event("error").await?;
    assert!(told.to_string().contains("circle"), "{told}");
    // What held before holds on: for those who may, and for those who may not.
    let reply = client::get(&pair.url("/sized")).await?;
    assert_eq!(reply.status, StatusCode::OK);
    let visitor = Home::new()?;
    let bridge = visitor.start(&["bridge", &pair.link, "--json"])?;
    let bridged = bridge.event("bridged").await?;
    let url = bridged["url"].as_str().context("no url")?;
    assert_eq!(client::get(url).await?.status, StatusCode::FORBIDDEN);
    Ok(())
}

#[tokio::test]
async fn bytes_are_denied_and_cut_as_requests_are() -> Result<()> {
    let origin = RawOrigin::start(|mut stream, _| async move {
        stream.write_all(b"hello").await?;
        stream.read_u8().await?;
        Ok(())
    })
    .await?;
    let pair = Pair::configured_tcp(origin.address()).await?;
    let mut stream = TcpStream::connect(pair.local).await?;
    let mut hello = [0; 5];
    within("a greeting", stream.read_exact(&mut hello)).await??;

    let config = pair.share_home.config()?;
    let allow = format!("allow = [\"{}\"]", pair.bridge_id);
    let nobody = config.replace(&allow, "allow = []");
    pair.share_home.configure(&nobody)?;
    let cut = within("the cut", stream.read_u8()).await?;
    assert!(cut.is_err(), "more came");
    let reached = origin.connections();
    // The end may come so soon that the connection is never seen to be there.
    let denied = async { TcpStream::connect(pair.local).await?.read_u8().await };
    let said = within("the end", denied).await?;
    assert!(said.is_err(), "it was let in");
    assert_eq!(origin.connections(), reached);
    Ok(())
}
