//! Clients of every kind at a bridge.

use std::os::unix::fs::PermissionsExt;

use anyhow::{Context, Result};
use e2e::{Home, OFFLINE, Origin, Pair, client, wait_until, within};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, UnixStream},
};

#[tokio::test]
async fn an_old_client_gets_whole_answers_in_its_own_way() -> Result<()> {
    let origin = Origin::start().await?;
    let pair = Pair::http(origin.address()).await?;
    for (path, length) in [("/sized", 12_345), ("/chunked/5000", 5000)] {
        let request = format!("GET {path} HTTP/1.0\r\nHost: localhost\r\n\r\n");
        let mut stream = tokio::net::TcpStream::connect(pair.local).await?;
        stream.write_all(request.as_bytes()).await?;
        let mut answer = Vec::new();
        within("the end of the answer", stream.read_to_end(&mut answer)).await??;
        let end = answer.windows(4).position(|four| four == b"\r\n\r\n");
        let (head, body) = answer.split_at(end.context("no head")? + 4);
        let head = String::from_utf8_lossy(head).to_lowercase();
        assert!(
            head.starts_with("http/1.") && head.contains(" 200 "),
            "{head}"
        );
        assert!(
            !head.contains("transfer-encoding"),
            "not in HTTP/1.0: {head}"
        );
        assert_eq!(body.len(), length, "{head}");
    }
    let post = "POST /echo HTTP/1.0\r\nHost: localhost\r\nContent-Length: 4\r\n\r\nold!";
    let answer = client::exchange(pair.local, post.as_bytes(), false).await?;
    assert!(answer.contains(r#""body":"old!""#), "{answer}");
    Ok(())
}

#[tokio::test]
async fn requests_sent_ahead_are_answered_in_order() -> Result<()> {
    let origin = Origin::start().await?;
    let pair = Pair::http(origin.address()).await?;
    let mut ahead = String::new();
    for number in 0..5 {
        ahead += &format!("GET /echo?number={number} HTTP/1.1\r\nHost: localhost\r\n\r\n");
    }
    ahead += "GET /last HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";
    let answer = client::exchange(pair.local, ahead.as_bytes(), false).await?;
    let paths = answer.split(r#""path":""#).skip(1);
    let paths: Vec<_> = paths.filter_map(|rest| rest.split('"').next()).collect();
    let expected = ["0", "1", "2", "3", "4"].map(|number| format!("/echo?number={number}"));
    assert_eq!(paths[..5], expected);
    assert_eq!(paths[5..], ["/last"]);
    Ok(())
}

#[tokio::test]
async fn a_unix_socket_is_for_this_user_alone() -> Result<()> {
    let origin = Origin::start().await?;
    let pair = Pair::http(origin.address()).await?;
    let socket = pair.bridge_home.path("shop.sock");
    let listen = format!("unix:{}", socket.display());
    let args = [
        "bridge", &pair.link, "--name", "quiet", "--listen", &listen, "--json",
    ];
    let bridge = pair.bridge_home.start(&args)?;
    bridge
        .event_where("bridged", |event| event["local"] != pair.local.to_string())
        .await?;
    let mode = std::fs::metadata(&socket)?.permissions().mode();
    assert_eq!(mode & 0o077, 0, "{mode:o}");
    let mut stream = UnixStream::connect(&socket).await?;
    let request = "GET /echo HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";
    stream.write_all(request.as_bytes()).await?;
    let mut answer = String::new();
    within("the answer", stream.read_to_string(&mut answer)).await??;
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    Ok(())
}

#[tokio::test]
async fn a_bridge_by_pet_name_needs_no_link() -> Result<()> {
    let origin = Origin::start().await?;
    let pair = Pair::http(origin.address()).await?;
    let address = pair.share_home.run(&["status", "--json"]).await?.json()?;
    let address = address["addresses"][0].as_str().context("no address")?;
    let known = pair.bridge_home.config()?
        + &format!(
            "\n[peer.alice]\nid = \"{}\"\naddresses = [\"{address}\"]\n",
            pair.share_id
        );
    let Pair {
        share: _share,
        mut bridge,
        bridge_home,
        ..
    } = pair;
    bridge_home.configure(&known)?;
    for to in ["alice/shop", "alice"] {
        // Gone for good: the next command must not meet the engine that is just ending.
        bridge.signal(nix::sys::signal::Signal::SIGTERM)?;
        bridge.exit().await?;
        bridge = bridge_home.start(&["bridge", to, "--json"])?;
        let event = bridge.event("bridged").await?;
        let url = event["url"].as_str().context("no url")?;
        let reply = client::get(&format!("{url}sized")).await?;
        assert_eq!(reply.body.len(), 12_345, "{to}: {reply:?}");
    }
    Ok(())
}

#[tokio::test]
async fn a_taken_port_of_one_bridge_is_told_and_stops_nothing_else() -> Result<()> {
    let taken = TcpListener::bind("127.0.0.1:0").await?;
    let port = taken.local_addr()?.port();
    let id = Home::new()?.id().await?;
    let home = Home::with_config(&format!(
        "{OFFLINE}\n[bridge.taken]\nto = \"{id}/a\"\nlisten = {port}\n\n\
         [bridge.free]\nto = \"{id}/b\"\n"
    ))?;
    let serve = home.start(&["serve", "--json"])?;
    serve
        .event_where("bridged", |event| event["service"] == "b")
        .await?;
    let told = serve.event("error").await?;
    let said = told["message"].as_str().context("no message")?;
    assert!(said.contains(&port.to_string()), "{told}");
    // And once the port is free, the bridge is there.
    drop(taken);
    wait_until("the bridge", || async {
        let status = home.run(&["status", "--json"]).await?.json()?;
        let bridges = status["bridges"].as_array().context("no bridges")?;
        let taken = bridges.iter().find(|bridge| bridge["name"] == "taken");
        Ok(taken.is_some_and(|bridge| bridge["local"] == format!("127.0.0.1:{port}")))
    })
    .await
}
