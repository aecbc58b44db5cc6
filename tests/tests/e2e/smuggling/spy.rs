//! A service that notes every byte it gets and reads it as strictly as can be.

use std::{
    net::SocketAddr,
    sync::{Arc, Mutex, PoisonError},
};

use anyhow::{Context, Result, bail, ensure};
use e2e::{RawOrigin, wait_until};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

const ANSWER: &[u8] = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";
const LONGEST: usize = 1 << 20;

/// One request as it came.
#[derive(Debug, Clone)]
pub(super) struct Seen {
    pub(super) head: String,
    pub(super) body: Vec<u8>,
    /// Whether it came to its end.
    pub(super) is_whole: bool,
}

#[derive(Debug, Clone)]
pub(super) struct Spy {
    origin: RawOrigin,
    seen: Arc<Mutex<Vec<Seen>>>,
}

impl Spy {
    pub(super) async fn start() -> Result<Self> {
        let seen = Arc::<Mutex<Vec<Seen>>>::default();
        let noted = Arc::clone(&seen);
        let origin = RawOrigin::start(move |stream, _| listen(stream, Arc::clone(&noted))).await?;
        Ok(Self { origin, seen })
    }

    pub(super) fn address(&self) -> SocketAddr {
        self.origin.address()
    }

    pub(super) fn seen(&self) -> Vec<Seen> {
        self.seen
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    pub(super) async fn saw(&self, path: &str) -> Result<()> {
        wait_until("a request", || async {
            Ok(self
                .seen()
                .iter()
                .any(|it| it.starts("GET", path) && it.is_whole))
        })
        .await
    }
}

impl Seen {
    pub(super) fn starts(&self, method: &str, path: &str) -> bool {
        self.head
            .starts_with(&format!("{method} {path} HTTP/1.1\r\n"))
    }

    /// Whether it can be read in one way only.
    pub(super) fn is_plain(&self) -> Result<()> {
        let head = self
            .head
            .strip_suffix("\r\n\r\n")
            .context("no end of the head")?;
        let mut lines = head.split("\r\n");
        let first = lines.next().unwrap_or_default();
        ensure!(
            first.split(' ').count() == 3 && first.ends_with(" HTTP/1.1"),
            "`{first}`"
        );
        let mut names = Vec::new();
        for line in lines {
            let (name, value) = line.split_once(':').context("a line without a name")?;
            let is_token =
                |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte);
            ensure!(
                !name.is_empty() && name.bytes().all(is_token),
                "the name `{name}`"
            );
            ensure!(
                !value
                    .bytes()
                    .any(|byte| byte < b' ' && byte != b'\t' || byte == 0x7f),
                "`{line}`"
            );
            names.push((
                name.to_ascii_lowercase().replace('_', "-"),
                value.trim().to_owned(),
            ));
        }
        let count = |wanted: &str| names.iter().filter(|(name, _)| name == wanted).count();
        ensure!(count("host") == 1, "one Host");
        ensure!(
            count("content-length") + count("transfer-encoding") <= 1,
            "one length"
        );
        ensure!(
            count("malai-peer") == 1 && count("x-forwarded-for") == 1,
            "who asks"
        );
        let forged = names.iter().any(|(_, value)| value.contains("forged"));
        ensure!(!forged, "forged: {names:?}");
        Ok(())
    }
}

async fn listen(mut stream: TcpStream, seen: Arc<Mutex<Vec<Seen>>>) -> Result<()> {
    loop {
        let mut one = Seen {
            head: String::new(),
            body: Vec::new(),
            is_whole: false,
        };
        let read = read(&mut stream, &mut one).await;
        let is_whole = read.is_ok();
        if !one.head.is_empty() {
            one.is_whole = is_whole;
            seen.lock()
                .unwrap_or_else(PoisonError::into_inner)
                .push(one);
        }
        if !is_whole {
            return Ok(());
        }
        stream.write_all(ANSWER).await?;
    }
}

async fn read(stream: &mut TcpStream, one: &mut Seen) -> Result<()> {
    let mut head = Vec::new();
    let end = loop {
        match stream.read_u8().await {
            Ok(byte) => head.push(byte),
            Err(error) => break Err(error),
        }
        if head.ends_with(b"\r\n\r\n") {
            break Ok(());
        }
    };
    // Every byte one character, so that nothing is lost.
    one.head = head.iter().map(|byte| char::from(*byte)).collect();
    end?;
    let lower = one.head.to_ascii_lowercase();
    if lower.contains("\r\ntransfer-encoding:") {
        return read_chunks(stream, &mut one.body).await;
    }
    let Some((_, rest)) = lower.split_once("\r\ncontent-length: ") else {
        return Ok(());
    };
    let length: usize = rest.split("\r\n").next().unwrap_or_default().parse()?;
    ensure!(length < LONGEST, "too long");
    one.body = vec![0; length];
    stream.read_exact(&mut one.body).await?;
    Ok(())
}

async fn read_chunks(stream: &mut TcpStream, body: &mut Vec<u8>) -> Result<()> {
    loop {
        let size = usize::from_str_radix(&line(stream).await?, 16)?;
        ensure!(size < LONGEST, "too long");
        if size == 0 {
            while !line(stream).await?.is_empty() {}
            return Ok(());
        }
        let start = body.len();
        body.resize(start + size, 0);
        stream.read_exact(&mut body[start..]).await?;
        ensure!(line(stream).await?.is_empty(), "more than the chunk");
    }
}

async fn line(stream: &mut TcpStream) -> Result<String> {
    let mut bytes = Vec::new();
    while !bytes.ends_with(b"\r\n") {
        let byte = stream.read_u8().await?;
        if byte == b'\n' && bytes.last() != Some(&b'\r') {
            bail!("a bare LF");
        }
        bytes.push(byte);
    }
    Ok(String::from_utf8(bytes)?.trim_end().to_owned())
}
