//! Requests by which somebody tries to have two programs see two different things, sent raw to a
//! bridge's port and, as a hostile peer would, straight to the one who shares.
//!
//! Each is either refused, or the service sees exactly what was meant, in a form that can be read
//! in one way only. What the service sees is read by a parser of this test that takes nothing but
//! that form.

mod spy;
mod vector;
mod vectors;

use std::{collections::BTreeMap, time::Duration};

use anyhow::{Context, Result, ensure};
use e2e::{Home, Pair, within};
use iroh::{
    Endpoint,
    endpoint::{RecvStream, SendStream},
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

use self::{
    spy::{Seen, Spy},
    vector::{Meant, Vector},
};
use crate::strangers::{ALPN, stranger};

/// How long a connection that was answered may stay open before its client ends it.
const PATIENCE: Duration = Duration::from_secs(3);

/// A stream that the one who shares has accepted for `shop`, and that says whatever is written.
pub(super) async fn raw_stream(pair: &Pair) -> Result<(Endpoint, SendStream, RecvStream)> {
    let allowed = format!("allow = [\"{}\"]", pair.bridge_id);
    let config = pair.share_home.config()?;
    if config.contains(&allowed) {
        let anyone = config.replace(&allowed, "allow = [\"anyone\"]");
        pair.share_home.configure(&anyone)?;
    }
    let (endpoint, connection) = stranger(pair, ALPN).await?;
    let header = br#"{"protocol":"malai/http/1","open":{"service":"shop"}}"#;
    let length = u32::try_from(header.len())?.to_be_bytes();
    within("the share to let us in", async {
        loop {
            let (mut send, mut receive) = connection.open_bi().await?;
            send.write_all(&length).await?;
            send.write_all(header).await?;
            let mut answer = [0; 1];
            receive.read_exact(&mut answer).await?;
            if answer == [0] {
                return Ok((endpoint, send, receive));
            }
        }
    })
    .await?
}

/// Where the vectors are sent to.
enum Target<'a> {
    Bridge(&'a Pair),
    Share(&'a iroh::endpoint::Connection),
}

impl Target<'_> {
    /// Everything that comes back until the other end closes, and whether it did so by itself.
    async fn exchange(&self, bytes: &[u8]) -> Result<(String, bool)> {
        let mut answer = Vec::new();
        let closed = match self {
            Self::Bridge(pair) => {
                let mut stream = TcpStream::connect(pair.local).await?;
                drop(stream.write_all(bytes).await);
                let reading = stream.read_to_end(&mut answer);
                // A reset is an end, too.
                tokio::time::timeout(PATIENCE, reading).await.is_ok()
            }
            Self::Share(connection) => {
                let (mut send, mut receive) = connection.open_bi().await?;
                let header = br#"{"protocol":"malai/http/1","open":{"service":"shop"}}"#;
                send.write_all(&u32::try_from(header.len())?.to_be_bytes())
                    .await?;
                send.write_all(header).await?;
                let mut accepted = [0xff; 1];
                receive.read_exact(&mut accepted).await?;
                ensure!(accepted == [0], "the stream was refused");
                drop(send.write_all(bytes).await);
                let mut chunk = [0; 4096];
                let reading = async {
                    while let Ok(Some(count)) = receive.read(&mut chunk).await {
                        answer.extend_from_slice(&chunk[..count]);
                    }
                };
                tokio::time::timeout(PATIENCE, reading).await.is_ok()
            }
        };
        Ok((String::from_utf8_lossy(&answer).into_owned(), closed))
    }
}

#[derive(Debug, Default)]
struct Counts {
    refused: usize,
    forwarded: usize,
    wrong: BTreeMap<String, String>,
}

/// The statuses of the answers in `text`.
fn statuses(text: &str) -> Vec<&str> {
    let heads = text
        .match_indices("HTTP/1.1 ")
        .map(|(at, _)| &text[at + 9..]);
    heads.filter_map(|rest| rest.get(..3)).collect()
}

/// Whether a vector was refused or forwarded as it should be; else what is wrong.
fn judge(
    vector: &Vector,
    number: usize,
    answer: &str,
    closed: bool,
    seen: &[Seen],
) -> Result<bool> {
    let (path, next) = (format!("/v{number}"), format!("/s{number}"));
    let mine: Vec<&Seen> = seen
        .iter()
        .filter(|it| it.head.contains(&format!("{path} ")) || it.head.contains(&format!("{next} ")))
        .collect();
    for one in &mine {
        one.is_plain()
            .with_context(|| format!("the service saw {one:?}"))?;
    }
    let whole: Vec<_> = mine.iter().filter(|it| it.is_whole).collect();
    let all = statuses(answer);
    if whole.is_empty() {
        ensure!(
            vector.meant != Meant::Served,
            "was meant to be served: {answer}"
        );
        ensure!(
            !all.iter().any(|it| it.starts_with('2')),
            "answered well: {answer}"
        );
        ensure!(closed, "left open: {answer}");
        return Ok(false);
    }
    let meant = vector.meaning().context("was meant to be refused")?;
    let first = whole.first().context("there is one")?;
    ensure!(
        first.starts(&meant.0, &path),
        "another request came: {first:?}"
    );
    ensure!(first.body == meant.1, "another body came: {first:?}");
    match whole.get(1) {
        None => {}
        Some(second) => {
            ensure!(
                second.starts("GET", &next) && second.body.is_empty(),
                "{second:?}"
            );
        }
    }
    ensure!(whole.len() <= 2, "more requests than were sent: {whole:?}");
    ensure!(
        mine.len() == whole.len(),
        "half a request besides: {mine:?}"
    );
    Ok(true)
}

async fn run(target: &Target<'_>, spy: &Spy, first: usize, host: &str) -> Result<Counts> {
    let vectors = vectors::all();
    let mut answers = Vec::new();
    for (number, vector) in (first..).zip(&vectors) {
        let bytes = vector.bytes(&format!("/v{number}"), &format!("/s{number}"), host);
        answers.push(target.exchange(&bytes).await.context(vector.name.clone())?);
    }
    // What the service was still reading when it was given up has been noted by then.
    let sane = format!("GET /sane{first} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n");
    let (answer, _) = target.exchange(sane.as_bytes()).await?;
    ensure!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    spy.saw(&format!("/sane{first}")).await?;
    let seen = spy.seen();
    let mut counts = Counts::default();
    for ((number, vector), (answer, closed)) in (first..).zip(&vectors).zip(&answers) {
        match judge(vector, number, answer, *closed, &seen) {
            Ok(true) => counts.forwarded += 1,
            Ok(false) => counts.refused += 1,
            Err(error) => drop(
                counts
                    .wrong
                    .insert(vector.name.clone(), format!("{error:#}")),
            ),
        }
    }
    Ok(counts)
}

async fn shared_with_anyone(spy: &Spy) -> Result<Pair> {
    let upstream = spy.address().to_string();
    Pair::between(Home::new()?, Home::new()?, &upstream, &["--anyone"]).await
}

fn report(place: &str, counts: &Counts) {
    println!(
        "{place}: {} vectors, {} refused, {} forwarded as meant, {} wrong",
        vectors::all().len(),
        counts.refused,
        counts.forwarded,
        counts.wrong.len()
    );
    assert!(vectors::all().len() >= 100);
    assert!(counts.wrong.is_empty(), "{:#?}", counts.wrong);
}

#[tokio::test]
async fn at_the_port_of_a_bridge() -> Result<()> {
    let spy = Spy::start().await?;
    let pair = shared_with_anyone(&spy).await?;
    let host = pair.local.to_string();
    let counts = run(&Target::Bridge(&pair), &spy, 1000, &host).await?;
    report("a bridge", &counts);
    Ok(())
}

#[tokio::test]
async fn straight_to_the_one_who_shares() -> Result<()> {
    let spy = Spy::start().await?;
    let pair = shared_with_anyone(&spy).await?;
    let (endpoint, connection) = stranger(&pair, ALPN).await?;
    let counts = run(&Target::Share(&connection), &spy, 1000, "shop.example").await?;
    report("a share", &counts);
    endpoint.close().await;
    Ok(())
}
