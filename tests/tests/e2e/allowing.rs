//! Who may use what, changed while the engine runs: by a request, as the tray and the window do.

use anyhow::{Context, Result, ensure};
use e2e::{Home, Malai, OFFLINE, Origin, client, within};
use http_body_util::BodyExt;
use hyper::{Request, StatusCode};
use serde_json::{Value, json};
use tokio::{
    io::{AsyncBufReadExt, AsyncWriteExt, BufReader},
    net::UnixStream,
};

/// Asks the engine of `home` over its control socket.
async fn ask(home: &Home, request: &Value) -> Result<Value> {
    let mut stream = BufReader::new(UnixStream::connect(home.path("control.sock")).await?);
    stream.write_all(format!("{request}\n").as_bytes()).await?;
    let mut line = String::new();
    within("a response", stream.read_line(&mut line)).await??;
    Ok(serde_json::from_str(&line)?)
}

async fn done(home: &Home, request: &Value) -> Result<()> {
    let response = ask(home, request).await?;
    ensure!(response["response"] == "done", "{request}: {response}");
    Ok(())
}

/// An engine with these lines in its `malai.toml`.
async fn engine(text: &str) -> Result<(Home, Malai)> {
    let home = Home::with_config(&format!("{OFFLINE}{text}"))?;
    let engine = home.start(&["serve", "--json"])?;
    engine.event("identity").await?;
    Ok((home, engine))
}

async fn invite(home: &Home) -> Result<String> {
    let response = ask(home, &json!({"request": "invite", "service": "shop"})).await?;
    let link = response["link"].as_str();
    Ok(link.with_context(|| response.to_string())?.to_owned())
}

async fn bridge(home: &Home, link: &str) -> Result<(Malai, String)> {
    let bridge = home.start(&["bridge", link, "--json"])?;
    let bridged = bridge.event("bridged").await?;
    let url = bridged["url"].as_str().context("no url")?.to_owned();
    Ok((bridge, url))
}

/// A guest's download is cut by `allow`, the old link lets nobody in again, and whoever is named is.
async fn cut_by_allow(home: &Home, origin: &Origin) -> Result<()> {
    let (guest, named) = (Home::new()?, Home::new()?);
    let link = invite(home).await?;
    assert_eq!(invite(home).await?, link, "the same link again");
    let (_bridge, url) = bridge(&guest, &link).await?;
    let request = Request::get(format!("{url}gated")).body(client::empty())?;
    let mut response = client::open(request).await?;
    let first = client::piece(response.body_mut()).await?;
    assert_eq!(first.as_deref(), Some("first"));

    let allow = json!([named.id().await?]);
    let request = json!({"request": "allow", "service": "shop", "allow": allow});
    done(home, &request).await?;
    let rest = within("the cut", response.into_body().collect()).await?;
    rest.err().context("the body looks complete")?;
    let reply = client::get(&format!("{url}sized")).await?;
    assert_eq!(reply.status, StatusCode::FORBIDDEN);
    let (_other, url) = bridge(&named, &link).await?;
    let reply = client::get(&format!("{url}sized")).await?;
    assert_eq!(reply.status, StatusCode::OK);
    assert_ne!(
        invite(home).await?,
        link,
        "the old link let in somebody who is out"
    );
    assert!(!origin.requests().is_empty());
    Ok(())
}

#[tokio::test]
async fn allow_cuts_a_guest_of_a_kept_share_and_keeps_the_file() -> Result<()> {
    let origin = Origin::start().await?;
    let text = format!(
        "\n# The shop, for tests.\n[service.shop]\nupstream = \"{}\" # local\n",
        origin.address()
    );
    let (home, _engine) = engine(&text).await?;
    cut_by_allow(&home, &origin).await?;
    let config = home.config()?;
    assert!(config.contains("# The shop, for tests."), "{config}");
    assert!(config.contains("# local\nallow = [\""), "{config}");
    Ok(())
}

#[tokio::test]
async fn allow_cuts_a_guest_of_a_temporary_share() -> Result<()> {
    let origin = Origin::start().await?;
    let (home, _engine) = engine("").await?;
    let upstream = origin.address().to_string();
    let share = home.start(&["share", &upstream, "--name", "shop", "--json"])?;
    share.event("shared").await?;
    cut_by_allow(&home, &origin).await?;
    assert!(!home.config()?.contains("shop"));
    Ok(())
}

#[tokio::test]
async fn a_kept_share_made_anew_begins_with_nobody() -> Result<()> {
    let origin = Origin::start().await?;
    let upstream = origin.address().to_string();
    let (home, _engine) = engine("").await?;
    let guest = Home::new()?;
    let share = json!({"request": "share", "upstream": [upstream], "name": "shop", "keep": true});
    assert_eq!(ask(&home, &share).await?["response"], "shared");
    let link = invite(&home).await?;
    let (_bridge, url) = bridge(&guest, &link).await?;
    let url = format!("{url}sized");
    assert_eq!(client::get(&url).await?.status, StatusCode::OK);

    let stop = json!({"request": "stop", "name": "shop"});
    assert_eq!(ask(&home, &stop).await?["kept"], true);
    assert_eq!(client::get(&url).await?.status, StatusCode::FORBIDDEN);
    let again = ask(&home, &share).await?;
    assert_eq!(again["service"]["guests"], json!([]), "{again}");
    assert_eq!(again["service"]["invites"], false, "{again}");
    assert_eq!(client::get(&url).await?.status, StatusCode::FORBIDDEN);
    Ok(())
}

#[tokio::test]
async fn groups_are_kept_in_the_file_and_refused_when_they_make_no_sense() -> Result<()> {
    let (alice, bob) = (Home::new()?.id().await?, Home::new()?.id().await?);
    let text =
        format!("\n[peer.alice]\nid = \"{alice}\"\n\n# My team.\n[group.team]\nmembers = []\n");
    let (home, _engine) = engine(&text).await?;
    let put = |name: &str, members: &[&str]| json!({"request": "group-put", "name": name, "members": members});
    done(&home, &put("ops", &[&bob])).await?;
    done(&home, &put("team", &["alice", "group:ops"])).await?;
    let config = home.config()?;
    assert!(
        config.contains("# My team.\n[group.team]\nmembers = [\"alice\", \"group:ops\"]"),
        "{config}"
    );
    let status = home.run(&["status", "--json"]).await?.json()?;
    assert_eq!(
        status["groups"],
        json!([
            {"name": "ops", "members": [bob]},
            {"name": "team", "members": ["alice", "group:ops"]}
        ])
    );
    for (request, code) in [
        (put("ops", &["carol"]), "peer-unknown"),
        (put("ops", &["group:nobody"]), "peer-unknown"),
        (put("ops", &["anyone"]), "argument-invalid"),
        (put("ops", &["group:ops"]), "argument-invalid"),
        (put("ops", &["group:team"]), "config-change-refused"),
        (put("No Name", &[]), "name-invalid"),
        (
            json!({"request": "group-remove", "name": "ops"}),
            "group-in-use",
        ),
        (
            json!({"request": "group-remove", "name": "nobody"}),
            "name-unknown",
        ),
        (
            json!({"request": "allow", "service": "shop", "allow": []}),
            "name-unknown",
        ),
    ] {
        let response = ask(&home, &request).await?;
        assert_eq!(response["code"], code, "{request}: {response}");
    }
    assert_eq!(home.config()?, config, "a refused change leaves the file");
    done(&home, &put("team", &[])).await?;
    done(&home, &json!({"request": "group-remove", "name": "ops"})).await?;
    assert!(!home.config()?.contains("ops"));
    Ok(())
}

#[tokio::test]
async fn a_link_is_read_without_any_network() -> Result<()> {
    let (alice, stranger) = (Home::new()?.id().await?, Home::new()?.id().await?);
    let text = format!(
        "\n[peer.alice]\nid = \"{alice}\"\n\n[bridge.books]\nto = \"alice/books\"\nlisten = \"127.0.0.1:0\"\n"
    );
    let (home, _engine) = engine(&text).await?;
    let own = home.id().await?;
    let read = async |link: &str| ask(&home, &json!({"request": "read", "link": link})).await;
    let invited = format!("malai://{alice}/shop?a=192.0.2.1:4433&k=sesame");
    assert_eq!(
        read(&invited).await?,
        json!({
            "response": "link", "peer": alice, "name": "alice", "service": "shop",
            "invite": true, "pin": false, "own": false
        })
    );
    let bridged = read(&format!("{alice}/books")).await?;
    assert_eq!(bridged["bridged_as"], "books");
    assert_eq!(read("alice/books").await?, bridged);
    let unnamed = read(&stranger).await?;
    assert_eq!(
        (&unnamed["name"], &unnamed["own"]),
        (&Value::Null, &json!(false))
    );
    assert_eq!(read(&own).await?["own"], true);
    assert_eq!(read("carol/shop").await?["code"], "peer-unknown");
    assert_eq!(
        read("https://example.org/").await?["code"],
        "argument-invalid"
    );
    Ok(())
}
