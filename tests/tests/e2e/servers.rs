//! Local servers that an engine finds, and whether what it shares can be reached.

use std::net::{Ipv6Addr, SocketAddr};

use anyhow::{Context, Result};
use e2e::{Control, Home, Malai, OFFLINE, Origin, binary, client, wait_until};
use hyper::StatusCode;
use serde_json::{Value, json};
use tokio::{
    net::{TcpListener, TcpStream},
    process::Command,
};

/// An engine and a connection to it.
async fn engine(home: &Home) -> Result<(Malai, Control)> {
    let serve = home.start(&["serve", "--json"])?;
    serve.event("identity").await?;
    let control = Control::connect(home).await?;
    Ok((serve, control))
}

/// A port that nobody listens on at this moment.
async fn free_port() -> Result<u16> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    Ok(listener.local_addr()?.port())
}

async fn detected(control: &mut Control, port: u16) -> Result<Option<Value>> {
    let answer = control.get(&json!({"request": "detect"})).await?;
    let servers = answer["servers"].as_array().context("no servers")?;
    let mut found = servers.iter().filter(|server| server["port"] == port);
    Ok(found.next().cloned())
}

/// A real server of a project: Python's, in a directory that a `package.json` calls `@acme/shop`.
async fn project(port: u16) -> Result<(tempfile::TempDir, Malai)> {
    let place = tempfile::tempdir()?;
    let package = r#"{"name": "@acme/shop", "devDependencies": {"vite": "5"}}"#;
    std::fs::write(place.path().join("package.json"), package)?;
    let public = place.path().join("public");
    std::fs::create_dir(&public)?;
    let mut command = Command::new("python3");
    command.args([
        "-m",
        "http.server",
        "--bind",
        "127.0.0.1",
        &port.to_string(),
    ]);
    command.current_dir(&public);
    let server = Malai::start(command, "python3 -m http.server")?;
    wait_until("the server", || async {
        Ok(TcpStream::connect(("127.0.0.1", port)).await.is_ok())
    })
    .await?;
    Ok((place, server))
}

#[tokio::test]
async fn a_running_server_is_found_named_and_known_as_shared() -> Result<()> {
    let port = free_port().await?;
    let (_project, server) = project(port).await?;
    let home = Home::new()?;
    let (_serve, mut control) = engine(&home).await?;
    let found = detected(&mut control, port).await?.context("not found")?;
    assert_eq!(found["program"], "http.server", "{found}");
    assert_eq!(found["name"], "shop", "{found}");
    assert!(found.get("shared_as").is_none(), "{found}");

    let share = json!({
        "request": "share", "upstream": [port.to_string()], "name": "shop", "must_answer": true,
    });
    control.get(&share).await?;
    let found = detected(&mut control, port).await?.context("not found")?;
    assert_eq!(found["shared_as"], "shop", "{found}");

    drop(server);
    wait_until("the server's end", || async {
        Ok(TcpStream::connect(("127.0.0.1", port)).await.is_err())
    })
    .await?;
    assert_eq!(detected(&mut control, port).await?, None);
    Ok(())
}

#[tokio::test]
async fn malai_itself_is_never_offered() -> Result<()> {
    let origin = Origin::start().await?;
    let (home, other) = (Home::new()?, Home::new()?);
    let upstream = origin.address().to_string();
    let share = other.start(&["share", &upstream, "--anyone", "--json"])?;
    let shared = share.event("shared").await?;
    let (_serve, mut control) = engine(&home).await?;
    let link = shared["link"].as_str().context("no link")?;
    let bridge = json!({"request": "bridge", "to": link});
    let bridged = control.get(&bridge).await?;
    let local: SocketAddr = bridged["local"].as_str().context("no local")?.parse()?;
    assert_eq!(detected(&mut control, local.port()).await?, None);
    let third = Home::new()?;
    let (_serve, mut another) = engine(&third).await?;
    assert_eq!(detected(&mut another, local.port()).await?, None);
    Ok(())
}

#[tokio::test]
async fn a_port_that_answers_on_v6_alone_is_shared_and_fetched() -> Result<()> {
    let Ok(listener) = TcpListener::bind((Ipv6Addr::LOCALHOST, 0)).await else {
        // A machine without IPv6 has no such servers.
        return Ok(());
    };
    let port = listener.local_addr()?.port();
    let origin = Origin::on(listener)?;
    let (home, visitor) = (Home::new()?, Home::new()?);
    let share = home.start(&["share", &port.to_string(), "--anyone", "--json"])?;
    let shared = share.event("shared").await?;
    let bridge = visitor.start(&[
        "bridge",
        shared["link"].as_str().context("no link")?,
        "--json",
    ])?;
    let bridged = bridge.event("bridged").await?;
    let url = bridged["url"].as_str().context("no url")?;
    let reply = client::get(&format!("{url}sized")).await?;
    assert_eq!(reply.status, StatusCode::OK);
    drop(origin);
    Ok(())
}

/// Outcome and message of one thing that was checked.
fn outcome<'a>(answer: &'a Value, what: &str) -> Result<(&'a str, &'a str)> {
    let checks = answer["checks"].as_array().context("no checks")?;
    let check = checks.iter().find(|check| check["what"] == what);
    let check = check.with_context(|| format!("no {what}: {answer}"))?;
    let text = |key: &str| check[key].as_str().context("no text");
    Ok((text("outcome")?, text("message")?))
}

#[tokio::test]
async fn a_check_says_what_answers_and_which_ways_are_off() -> Result<()> {
    let origin = Origin::start().await?;
    let home = Home::with_config(&format!(
        "{OFFLINE}\n[service.shop]\nupstream = \"{}\"\n",
        origin.address()
    ))?;
    let (_serve, mut control) = engine(&home).await?;
    let answer = control
        .get(&json!({"request": "check", "service": "shop"}))
        .await?;
    let (upstream, message) = outcome(&answer, "upstream")?;
    assert_eq!(upstream, "good", "{answer}");
    assert!(message.starts_with("it answers with "), "{message}");
    assert_eq!(outcome(&answer, "lan")?.0, "off", "{answer}");
    assert_eq!(outcome(&answer, "relay")?.0, "off", "{answer}");
    let code = control
        .refused(&json!({"request": "check", "service": "nothing"}))
        .await?;
    assert_eq!(code, "name-unknown");
    Ok(())
}

#[tokio::test]
async fn a_check_goes_through_the_relay_and_tells_when_that_is_gone() -> Result<()> {
    let port = free_port().await?;
    let mut relay = Command::new(binary("lab-relay")?);
    relay.arg(format!("127.0.0.1:{port}"));
    let relay = Malai::start(relay, "lab-relay")?;
    let home = Home::with_config(&format!(
        "version = 1\n\n[network]\nrelay = [\"http://127.0.0.1:{port}\"]\nlookup = []\n\
         bind = \"127.0.0.1:0\"\n\n[service.shop]\nupstream = {port}\n"
    ))?;
    let (_serve, mut control) = engine(&home).await?;
    let check = json!({"request": "check", "service": "shop"});
    wait_until("the relay", || async {
        let mut control = Control::connect(&home).await?;
        let answer = control.get(&check).await?;
        Ok(outcome(&answer, "relay")?.0 == "good")
    })
    .await?;
    let status = control.get(&json!({"request": "status"})).await?;
    assert_eq!(status["reach"], "anywhere", "{status}");

    drop(relay);
    let answer = control.get(&check).await?;
    let (gone, message) = outcome(&answer, "relay")?;
    assert_eq!(gone, "bad", "{message}");
    Ok(())
}
