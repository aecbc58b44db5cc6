//! Services that speak HTTPS.

use std::fs;

use anyhow::Result;
use e2e::{Authority, Home, Origin, Pair, client};
use hyper::{Request, StatusCode};

/// Shares `https://localhost` at `origin` from a machine that trusts `trusted` and nobody else.
async fn pair(origin: &Origin, trusted: &str) -> Result<Pair> {
    let home = Home::new()?;
    let file = home.path("trusted.pem");
    fs::write(&file, trusted)?;
    let home = home.with_env("SSL_CERT_FILE", &file);
    let upstream = format!("https://localhost:{}", origin.address().port());
    Pair::between(home, Home::new()?, &upstream, &[]).await
}

/// What a client is told of an upstream that cannot be used.
async fn told(pair: &Pair) -> Result<String> {
    let request = Request::get(pair.url("/echo")).header("accept", "application/json");
    let reply = client::send(request.body(client::empty())?).await?;
    assert_eq!(reply.status, StatusCode::BAD_GATEWAY, "{reply:?}");
    assert_eq!(reply.header("malai-error"), "upstream-down", "{reply:?}");
    Ok(reply.json()?["message"].as_str().unwrap_or("").to_owned())
}

#[tokio::test]
async fn a_service_behind_https_with_a_trusted_certificate() -> Result<()> {
    let authority = Authority::new("Ours")?;
    let origin = Origin::start_tls(authority.acceptor("localhost")?).await?;
    let pair = pair(&origin, authority.pem()).await?;
    let request = Request::post(pair.url("/echo")).body(client::full("private"))?;
    let reply = client::send(request).await?;
    assert_eq!(reply.status, StatusCode::OK, "{reply:?}");
    let seen = reply.json()?;
    assert_eq!(seen["body"], "private");
    let host = format!(r#"["host","localhost:{}"]"#, origin.address().port());
    assert!(seen["headers"].to_string().contains(&host), "{seen}");

    let reply = client::get(&pair.url("/download/3000000")).await?;
    assert_eq!(reply.body.len(), 3_000_000);
    let mut socket = e2e::websocket::open(pair.local, "/websocket").await?;
    socket.close(None).await?;
    Ok(())
}

#[tokio::test]
async fn a_certificate_that_nobody_here_trusts_is_502_and_says_so() -> Result<()> {
    let (theirs, ours) = (Authority::new("Theirs")?, Authority::new("Ours")?);
    let origin = Origin::start_tls(theirs.acceptor("localhost")?).await?;
    let pair = pair(&origin, ours.pem()).await?;
    let message = told(&pair).await?;
    for word in ["certificate", "shared service", "SSL_CERT_FILE"] {
        assert!(message.contains(word), "{word}: {message}");
    }
    assert_eq!(origin.requests(), Vec::<String>::new());
    Ok(())
}

#[tokio::test]
async fn a_machine_that_trusts_no_certificate_at_all_says_so() -> Result<()> {
    let authority = Authority::new("Ours")?;
    let origin = Origin::start_tls(authority.acceptor("localhost")?).await?;
    let pair = pair(&origin, "").await?;
    let message = told(&pair).await?;
    assert!(message.contains("certificate"), "{message}");
    Ok(())
}

#[tokio::test]
async fn a_certificate_of_another_name_is_502_and_says_so() -> Result<()> {
    let authority = Authority::new("Ours")?;
    let origin = Origin::start_tls(authority.acceptor("shop.example")?).await?;
    let pair = pair(&origin, authority.pem()).await?;
    let message = told(&pair).await?;
    for word in ["certificate", "shared service", "another name"] {
        assert!(message.contains(word), "{word}: {message}");
    }
    Ok(())
}

#[tokio::test]
async fn a_service_without_tls_behind_https_is_502_and_says_so() -> Result<()> {
    let origin = Origin::start().await?;
    let pair = pair(&origin, Authority::new("Ours")?.pem()).await?;
    let message = told(&pair).await?;
    assert!(message.contains("does not speak TLS"), "{message}");
    assert!(message.contains("http://"), "what to try: {message}");
    Ok(())
}
