//! Services that are not HTTP learn who comes, by PROXY protocol.

use std::{
    net::{Ipv6Addr, SocketAddr},
    sync::{Arc, Mutex},
};

use anyhow::{Context, Result, anyhow, ensure};
use e2e::{Home, Pair, RawOrigin, wait_until, within};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

/// How every header of version 2 begins.
const SIGNATURE: &[u8; 12] = b"\r\n\r\n\0\r\nQUIT\n";

/// A header as a server reads it.
#[derive(Debug, Default, Clone, PartialEq)]
struct Header {
    source: Option<Ipv6Addr>,
    destination: Option<(Ipv6Addr, u16)>,
    id52: String,
    name: String,
}

/// Reads the one header that comes first.
async fn read_header(stream: &mut TcpStream) -> Result<Header> {
    let mut start = [0; 16];
    stream.read_exact(&mut start).await?;
    ensure!(start.starts_with(SIGNATURE), "no header: {start:?}");
    ensure!(start[12..14] == [0x21, 0x21], "not PROXY of TCP over IPv6");
    let mut body = vec![0; usize::from(u16::from_be_bytes([start[14], start[15]]))];
    stream.read_exact(&mut body).await?;
    let (addresses, mut values) = body.split_at_checked(36).context("too short")?;
    let address = |at: usize| -> Result<Ipv6Addr> {
        Ok(Ipv6Addr::from(<[u8; 16]>::try_from(
            &addresses[at..at + 16],
        )?))
    };
    let mut header = Header {
        source: Some(address(0)?),
        destination: Some((
            address(16)?,
            u16::from_be_bytes([addresses[34], addresses[35]]),
        )),
        ..Header::default()
    };
    while let [kind, high, low, rest @ ..] = values {
        let length = usize::from(u16::from_be_bytes([*high, *low]));
        let (value, next) = rest.split_at_checked(length).context("a value too long")?;
        let value = String::from_utf8(value.to_vec())?;
        match kind {
            0xE0 => header.id52 = value,
            0xE1 => header.name = value,
            other => anyhow::bail!("an unknown value {other:#x}"),
        }
        values = next;
    }
    Ok(header)
}

/// A service that reads the header, then all there is, and answers with how much that was and with
/// how it began.
async fn origin() -> Result<(RawOrigin, Arc<Mutex<Vec<Header>>>)> {
    let seen: Arc<Mutex<Vec<Header>>> = Arc::default();
    let kept = Arc::clone(&seen);
    let origin = RawOrigin::start(move |mut stream, _| {
        let kept = Arc::clone(&kept);
        async move {
            let header = read_header(&mut stream).await?;
            kept.lock()
                .map_err(|error| anyhow!("{error}"))?
                .push(header);
            let mut all = Vec::new();
            stream.read_to_end(&mut all).await?;
            let begins = all.starts_with(SIGNATURE);
            let answer = format!("{} bytes, a header: {begins}", all.len());
            stream.write_all(answer.as_bytes()).await?;
            Ok(stream.shutdown().await?)
        }
    })
    .await?;
    Ok((origin, seen))
}

async fn ask(local: SocketAddr, what: &[u8]) -> Result<String> {
    let mut stream = TcpStream::connect(local).await?;
    stream.write_all(what).await?;
    stream.shutdown().await?;
    let mut answer = String::new();
    within("the answer", stream.read_to_string(&mut answer)).await??;
    Ok(answer)
}

#[tokio::test]
async fn the_service_learns_who_comes_before_the_first_byte() -> Result<()> {
    let (origin, seen) = origin().await?;
    let upstream = origin.address().to_string();
    let more = ["--tcp", "--proxy-protocol"];
    let pair = Pair::between(Home::new()?, Home::new()?, &upstream, &more).await?;
    for length in [0, 5, 200_000] {
        let answer = ask(pair.local, &vec![b'x'; length]).await?;
        assert_eq!(answer, format!("{length} bytes, a header: false"));
    }
    let header = seen.lock().unwrap()[0].clone();
    assert!(seen.lock().unwrap().iter().all(|other| *other == header));
    assert_eq!(header.id52, pair.bridge_id);
    assert_eq!(header.name, "");
    let source = header.source.context("no source")?;
    assert!(source.is_unique_local(), "{source}");
    let (ip, port) = header.destination.context("no destination")?;
    assert_eq!(ip.to_ipv4_mapped(), Some([127, 0, 0, 1].into()));
    assert_eq!(port, origin.address().port());
    Ok(())
}

#[tokio::test]
async fn a_header_of_the_peer_is_payload() -> Result<()> {
    let (origin, seen) = origin().await?;
    let keys = "protocol = \"tcp\"\nproxy_protocol = true";
    let pair = Pair::configured(origin.address(), keys).await?;
    let mut forged = SIGNATURE.to_vec();
    forged.extend([0x21, 0x11, 0, 12, 6, 6, 6, 6, 127, 0, 0, 1, 0, 1, 0, 2]);
    let answer = ask(pair.local, &forged).await?;
    assert_eq!(answer, format!("{} bytes, a header: true", forged.len()));
    assert_eq!(seen.lock().unwrap()[0].id52, pair.bridge_id);

    let named = pair.share_home.config()?;
    let named = format!("{named}\n[peer.alice]\nid = \"{}\"\n", pair.bridge_id);
    pair.share_home.configure(&named)?;
    wait_until("the pet name", || async {
        ask(pair.local, b"").await?;
        let seen = seen.lock().unwrap();
        Ok(seen.last().is_some_and(|header| header.name == "alice"))
    })
    .await
}

#[tokio::test]
async fn http_services_have_no_such_header() -> Result<()> {
    let home = Home::new()?;
    let refused = home.run(&["share", "3000", "--proxy-protocol"]).await?;
    assert_eq!(refused.code, 2, "{refused:?}");
    assert!(refused.stderr.contains("--tcp"), "{refused:?}");
    let wrong = "\n[service.shop]\nupstream = 3000\nproxy_protocol = true\n";
    let home = Home::with_config(&format!("{}{wrong}", e2e::OFFLINE))?;
    let checked = home.run(&["config", "check"]).await?;
    assert_eq!(checked.code, 6, "{checked:?}");
    assert!(
        checked.stdout.contains("service.shop.proxy_protocol"),
        "{checked:?}"
    );
    Ok(())
}
