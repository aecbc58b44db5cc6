//! Requests whose bounds are in doubt are refused, and reach nobody.

use anyhow::Result;
use e2e::{Origin, Pair, client};

/// Sends `request`, with `HOST` replaced by the bridge's own address, and reads to the end.
async fn answers(pair: &Pair, request: &str) -> Result<String> {
    let request = request.replace("HOST", &pair.local.to_string());
    client::exchange(pair.local, request.as_bytes(), false).await
}

/// Checks that each is answered 400, that the connection is closed behind it, and that nothing
/// came to the service.
async fn are_refused(cases: &[(&str, &str)]) -> Result<()> {
    let origin = Origin::start().await?;
    let pair = Pair::http(origin.address()).await?;
    for (what, request) in cases {
        // A second request behind the first is what smuggling would make of it.
        let smuggled = format!("{request}GET /smuggled HTTP/1.1\r\nHost: HOST\r\n\r\n");
        let answer = answers(&pair, &smuggled).await?;
        assert!(answer.starts_with("HTTP/1.1 400"), "{what}: {answer}");
        assert_eq!(answer.matches("HTTP/1.1 ").count(), 1, "{what}: {answer}");
    }
    assert_eq!(origin.requests(), Vec::<String>::new());
    Ok(())
}

#[tokio::test]
async fn two_lengths() -> Result<()> {
    are_refused(&[
        (
            "a length and chunks",
            "POST / HTTP/1.1\r\nHost: HOST\r\nContent-Length: 5\r\n\
             Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        ),
        (
            "two different lengths",
            "POST / HTTP/1.1\r\nHost: HOST\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nhello",
        ),
        (
            "the same length twice",
            "POST / HTTP/1.1\r\nHost: HOST\r\nContent-Length: 5\r\nContent-Length: 5\r\n\r\nhello",
        ),
        (
            "a list of lengths",
            "POST / HTTP/1.1\r\nHost: HOST\r\nContent-Length: 5, 5\r\n\r\nhello",
        ),
        (
            "a signed length",
            "POST / HTTP/1.1\r\nHost: HOST\r\nContent-Length: +5\r\n\r\nhello",
        ),
        (
            "a negative length",
            "POST / HTTP/1.1\r\nHost: HOST\r\nContent-Length: -5\r\n\r\nhello",
        ),
    ])
    .await
}

#[tokio::test]
async fn transfer_codings_that_are_not_just_chunked() -> Result<()> {
    are_refused(&[
        (
            "chunked is not last",
            "POST / HTTP/1.1\r\nHost: HOST\r\nTransfer-Encoding: chunked, gzip\r\n\r\n0\r\n\r\n",
        ),
        (
            "chunked twice",
            "POST / HTTP/1.1\r\nHost: HOST\r\nTransfer-Encoding: chunked\r\n\
             Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        ),
        (
            "identity",
            "POST / HTTP/1.1\r\nHost: HOST\r\nTransfer-Encoding: identity\r\n\r\n",
        ),
        (
            "chunks in HTTP/1.0",
            "POST / HTTP/1.0\r\nHost: HOST\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        ),
    ])
    .await
}

#[tokio::test]
async fn lines_that_other_readers_see_otherwise() -> Result<()> {
    are_refused(&[
        ("a bare LF", "GET / HTTP/1.1\nHost: HOST\r\nX-A: b\r\n\r\n"),
        (
            "a bare LF at the end",
            "GET / HTTP/1.1\r\nHost: HOST\r\nX-A: b\n\r\n",
        ),
        (
            "a folded line",
            "GET / HTTP/1.1\r\nHost: HOST\r\nX-A: b\r\n c\r\n\r\n",
        ),
        (
            "space before the colon",
            "GET / HTTP/1.1\r\nHost: HOST\r\nX-A : b\r\n\r\n",
        ),
        (
            "a control character",
            "GET / HTTP/1.1\r\nHost: HOST\r\nX-A: b\0c\r\n\r\n",
        ),
        ("no version", "GET /\r\nHost: HOST\r\n\r\n"),
    ])
    .await
}

#[tokio::test]
async fn a_host_that_is_missing_or_there_twice() -> Result<()> {
    are_refused(&[
        ("no Host", "GET / HTTP/1.1\r\nX-A: b\r\n\r\n"),
        (
            "two Hosts",
            "GET / HTTP/1.1\r\nHost: HOST\r\nHost: HOST\r\n\r\n",
        ),
        ("an empty Host", "GET / HTTP/1.1\r\nHost:\r\n\r\n"),
    ])
    .await
}

#[tokio::test]
async fn chunks_that_are_none_never_become_a_whole_request() -> Result<()> {
    let origin = Origin::start().await?;
    let pair = Pair::http(origin.address()).await?;
    for chunk in [
        "zz\r\nhello\r\n",
        "5\r\nhello!\r\n",
        "5\nhello\r\n",
        "-1\r\n",
    ] {
        let request = format!(
            "POST /echo HTTP/1.1\r\nHost: HOST\r\nTransfer-Encoding: chunked\r\n\r\n{chunk}0\r\n\r\n"
        );
        let answer = answers(&pair, &request).await?;
        assert!(!answer.starts_with("HTTP/1.1 2"), "{chunk:?}: {answer}");
    }
    Ok(())
}

#[tokio::test]
async fn heads_beyond_all_bounds() -> Result<()> {
    let origin = Origin::start().await?;
    let pair = Pair::http(origin.address()).await?;
    let long = format!(
        "GET / HTTP/1.1\r\nHost: HOST\r\nX-A: {}\r\n\r\n",
        "a".repeat(2 * 1024 * 1024)
    );
    let many = format!(
        "GET / HTTP/1.1\r\nHost: HOST\r\n{}\r\n",
        "X-A: b\r\n".repeat(20_000)
    );
    for request in [long, many] {
        let answer = answers(&pair, &request).await?;
        assert!(
            answer.starts_with("HTTP/1.1 431") || answer.starts_with("HTTP/1.1 400"),
            "{answer}"
        );
    }
    assert_eq!(origin.requests(), Vec::<String>::new());
    Ok(())
}

#[tokio::test]
async fn a_connect_or_another_place_is_not_gone_to() -> Result<()> {
    let origin = Origin::start().await?;
    let other = Origin::start().await?;
    let pair = Pair::http(origin.address()).await?;
    let other_address = other.address();
    for request in [
        format!("CONNECT {other_address} HTTP/1.1\r\nHost: {other_address}\r\n\r\n"),
        format!("CONNECT {other_address} HTTP/1.1\r\nHost: HOST\r\n\r\n"),
        format!(
            "GET http://{other_address}/echo HTTP/1.1\r\nHost: HOST\r\nConnection: close\r\n\r\n"
        ),
        "GET http://evil.example/echo HTTP/1.1\r\nHost: HOST\r\nConnection: close\r\n\r\n".into(),
    ] {
        let answer = answers(&pair, &request).await?;
        assert!(answer.starts_with("HTTP/1.1 4"), "{request}: {answer}");
    }
    assert_eq!(other.requests(), Vec::<String>::new());
    assert_eq!(origin.requests(), Vec::<String>::new());
    Ok(())
}
