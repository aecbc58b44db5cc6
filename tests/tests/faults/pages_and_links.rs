//! What web pages and those who send links try at a bridge.

use anyhow::{Result, ensure};
use e2e::{Control, Origin, Random, client, fault::Fault};
use serde_json::json;

use crate::ends::Ends;

#[tokio::test]
async fn pages_of_others_that_point_here() -> Result<()> {
    let what =
        "Requests with Hosts of others, as DNS rebinding sends them, and WebSockets of theirs";
    let mut fault = Fault::new("foreign-hosts", what);
    let origin = Origin::start().await?;
    let ends = Ends::to(origin.address()).await?;
    ends.works().await?;
    let known = origin.requests().len();
    let port = ends.local.port();
    let hosts = [
        "evil.example".to_owned(),
        format!("evil.example:{port}"),
        format!("127.0.0.1.evil.example:{port}"),
        format!("localhost.evil.example:{port}"),
        format!("evil-localhost:{port}"),
        format!("127.0.0.2.nip.io:{port}"),
        format!("192.168.1.1:{port}"),
        format!("0x7f.1.evil:{port}"),
        format!(":{port}"),
        String::new(),
        format!("localhost@evil.example:{port}"),
        format!("evil.example@localhost:{port}"),
        "localhost, evil.example".to_owned(),
        "localhost evil.example".to_owned(),
        "evil.example#localhost".to_owned(),
        "evil.example/localhost".to_owned(),
        "lоcalhost".to_owned(),
        "xn--lcalhost-2of".to_owned(),
    ];
    let upgrade = "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n\
                   Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n";
    let mut refused = 0;
    for host in &hosts {
        for (path, more) in [("/secret", ""), ("/websocket", upgrade)] {
            let request = format!("GET {path} HTTP/1.1\r\nHost: {host}\r\n{more}\r\n");
            let answer = client::exchange(ends.local, request.as_bytes(), false).await?;
            let status = answer.get(9..12).unwrap_or_default();
            ensure!(["400", "421"].contains(&status), "{host:?}: {answer}");
            refused += 1;
        }
    }
    assert_eq!(origin.requests().len(), known, "{:?}", origin.requests());
    for host in [
        format!("localhost:{port}"),
        format!("shop.localhost:{port}"),
    ] {
        let request = format!("GET /sized HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n");
        let answer = client::exchange(ends.local, request.as_bytes(), false).await?;
        ensure!(answer.starts_with("HTTP/1.1 200"), "{host}: {answer}");
    }
    let foreign = hyper::Request::get(ends.url("/")).header("host", "evil.example");
    let reply = client::send(foreign.body(client::empty())?).await?;
    fault.sees_answer(&reply)?;
    fault.held(format!(
        "{refused} of {refused} refused, 0 reached the service"
    ));
    fault.record()
}

#[tokio::test]
async fn links_that_make_no_sense() -> Result<()> {
    const TRIED: u32 = 5000;
    let what = "5,000 links that are damaged or invented are opened";
    let mut fault = Fault::new("invalid-links", what);
    let origin = Origin::start().await?;
    let mut ends = Ends::to(origin.address()).await?;
    let mut control = Control::connect(&ends.bridge_home).await?;
    let (good, mut random) = (ends.link(), Random::new(18));
    let (mut refused, mut read) = (0, 0);
    for number in 0..TRIED {
        let link = match number % 2 {
            0 => damaged(&good, &mut random),
            _ => invented(&mut random)?,
        };
        let answer = control
            .ask(&json!({"request": "read", "link": link}))
            .await?;
        match answer["response"] == "error" {
            true => refused += 1,
            false => read += 1,
        }
    }
    ensure!(refused > TRIED / 2, "{refused}");
    for _ in 0..20 {
        let link = format!("malai://{}", invented(&mut random)?);
        let finished = ends.bridge_home.run(&["bridge", "--", &link]).await?;
        ensure!([1, 2].contains(&finished.code), "{finished:?}");
        ensure!(!finished.stderr.contains("panicked"), "{finished:?}");
        let said = finished.stderr.lines().last().unwrap_or_default();
        ensure!(!said.is_empty(), "{finished:?}");
    }
    let finished = ends
        .bridge_home
        .run(&["bridge", "malai://nobody!/shop"])
        .await?;
    let said = finished.stderr.lines().next().unwrap_or_default();
    fault.says(said);
    ensure!(ends.bridge.is_running()? && !ends.bridge.said().contains("panicked"));
    ends.works().await?;
    fault.held(format!(
        "{refused} refused with a reason, {read} still name somebody, 0 crashes; nothing was opened"
    ));
    fault.record()
}

fn damaged(good: &str, random: &mut Random) -> String {
    let mut bytes = good.as_bytes().to_vec();
    for _ in 0..=random.below(3) {
        let at = usize::try_from(random.below(bytes.len() as u64)).unwrap_or(0);
        bytes[at] = u8::try_from(0x20 + random.below(0x5f)).unwrap_or(b'?');
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

fn invented(random: &mut Random) -> Result<String> {
    let length = usize::try_from(random.below(200))?;
    // A command's argument holds no NUL.
    Ok(String::from_utf8_lossy(&random.bytes(length)).replace('\0', "0"))
}
