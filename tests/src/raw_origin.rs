//! A service that does with its connections whatever the test says, byte by byte.

use std::{
    future::Future,
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};

use anyhow::{Result, ensure};
use tokio::{
    io::AsyncReadExt,
    net::{TcpListener, TcpStream},
};

/// Bytes of a request's head that are read at most.
const LONGEST_HEAD: usize = 64 * 1024;

/// A running service; it ends with the test's runtime.
#[derive(Debug, Clone)]
pub struct RawOrigin {
    address: SocketAddr,
    connections: Arc<AtomicUsize>,
}

impl RawOrigin {
    /// Starts one on a free port of 127.0.0.1; `script` gets each connection and its number, from
    /// zero. What it returns is said on stderr when it is an error.
    ///
    /// # Errors
    /// When no port can be had.
    pub async fn start<F, Fut>(script: F) -> Result<Self>
    where
        F: Fn(TcpStream, usize) -> Fut + Send + 'static,
        Fut: Future<Output = Result<()>> + Send + 'static,
    {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let origin = Self {
            address: listener.local_addr()?,
            connections: Arc::default(),
        };
        let connections = Arc::clone(&origin.connections);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let number = connections.fetch_add(1, Ordering::SeqCst);
                let play = script(stream, number);
                tokio::spawn(async move {
                    if let Err(error) = play.await {
                        eprintln!("origin's connection {number}: {error:#}");
                    }
                });
            }
        });
        Ok(origin)
    }

    /// Where it listens.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// How many connections have come.
    #[must_use]
    pub fn connections(&self) -> usize {
        self.connections.load(Ordering::SeqCst)
    }
}

/// Reads up to and with the empty line that ends a head; nothing behind it.
///
/// # Errors
/// When the connection ends first, or the head never ends.
pub async fn read_head(stream: &mut (impl AsyncReadExt + Unpin)) -> Result<String> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        ensure!(head.len() < LONGEST_HEAD, "the head does not end");
        head.push(stream.read_u8().await?);
    }
    Ok(String::from_utf8(head)?)
}
