//! What the transport alone moves: one stream of zeros between two processes, with nothing around.
//!
//! `raw serve` prints its key and address, and serves until it is killed; `raw fetch KEY ADDRESS
//! BYTES` reads that many bytes and prints how fast they came, as JSON. `bench/run` measures the
//! download of malai beside it. The windows are those of `recipe.rs`, which is not public.

#![allow(
    clippy::print_stdout,
    clippy::disallowed_methods,
    reason = "this is how it tells the measurement, and its tasks end with it"
)]

use std::{
    error::Error,
    net::{Ipv4Addr, SocketAddr},
};

use bytes::Bytes;
use iroh::{
    Endpoint, EndpointAddr, PublicKey, RelayMode, TransportAddr,
    endpoint::{Connection, QuicTransportConfig, VarInt, presets},
};
use tokio::time::Instant;

const ALPN: &[u8] = b"malai-raw/0";
/// As in `recipe.rs`.
const STREAM_WINDOW_BYTES: u32 = 1_250_000;
/// As a connection has whose peer may use a service, in `connections.rs`.
const CONNECTION_WINDOW_BYTES: u32 = 64 * 1024 * 1024;
/// How much is written at once.
const CHUNK_BYTES: usize = 64 * 1024;

type Outcome<T> = Result<T, Box<dyn Error + Send + Sync>>;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Outcome<()> {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let args: Vec<&str> = args.iter().map(String::as_str).collect();
    match args[..] {
        ["serve"] => serve().await,
        ["fetch", key, address, bytes] => {
            let address: SocketAddr = address.parse()?;
            fetch(key.parse()?, address, bytes.parse()?).await
        }
        _ => Err("`raw serve` or `raw fetch KEY ADDRESS BYTES`".into()),
    }
}

async fn bind() -> Outcome<Endpoint> {
    let transport = QuicTransportConfig::builder()
        .receive_window(VarInt::from_u32(CONNECTION_WINDOW_BYTES))
        .stream_receive_window(VarInt::from_u32(STREAM_WINDOW_BYTES))
        .build();
    let builder = Endpoint::builder(presets::Minimal)
        .alpns(vec![ALPN.to_vec()])
        .transport_config(transport)
        .relay_mode(RelayMode::Disabled)
        .clear_ip_transports()
        .bind_addr(SocketAddr::from((Ipv4Addr::LOCALHOST, 0)))?;
    Ok(Box::pin(builder.bind()).await?)
}

async fn serve() -> Outcome<()> {
    let endpoint = bind().await?;
    let address = endpoint.bound_sockets();
    let address = address.first().ok_or("no socket")?;
    println!("{} {address}", endpoint.id());
    while let Some(incoming) = endpoint.accept().await {
        let connection = incoming.await?;
        tokio::spawn(async move {
            // Whoever fetches says what went wrong; here the next one is waited for.
            drop(answer(connection).await);
        });
    }
    Ok(())
}

/// Sends as many zeros as were asked for.
async fn answer(connection: Connection) -> Outcome<()> {
    let (mut send, mut receive) = connection.accept_bi().await?;
    let mut asked = [0; 8];
    receive.read_exact(&mut asked).await?;
    let mut left = u64::from_be_bytes(asked);
    let zeros = Bytes::from(vec![0; CHUNK_BYTES]);
    while left > 0 {
        let length = usize::try_from(left).map_or(CHUNK_BYTES, |left| left.min(CHUNK_BYTES));
        send.write_chunk(zeros.slice(..length)).await?;
        left -= u64::try_from(length)?;
    }
    send.finish()?;
    connection.closed().await;
    Ok(())
}

async fn fetch(key: PublicKey, address: SocketAddr, bytes: u64) -> Outcome<()> {
    let endpoint = bind().await?;
    let peer = EndpointAddr::from_parts(key, [TransportAddr::Ip(address)]);
    let connection = endpoint.connect(peer, ALPN).await?;
    let began = Instant::now();
    let (mut send, mut receive) = connection.open_bi().await?;
    send.write_all(&bytes.to_be_bytes()).await?;
    let mut came = 0;
    while let Some(piece) = receive.read_chunk(usize::MAX).await? {
        came += u64::try_from(piece.len())?;
    }
    let seconds = began.elapsed().as_secs_f64();
    println!(r#"{{"bytes":{came},"seconds":{seconds:.6}}}"#);
    connection.close(VarInt::from_u32(0), b"done");
    endpoint.close().await;
    Ok(())
}
