//! A WebSocket client through a bridge.

use std::net::SocketAddr;

use anyhow::Result;
use tokio::net::TcpStream;
use tokio_tungstenite::{WebSocketStream, client_async};

use crate::within;

/// Opens a WebSocket at `path` of the bridge at `address`.
///
/// # Errors
/// When the upgrade is refused, or is not answered in time.
pub async fn open(address: SocketAddr, path: &str) -> Result<WebSocketStream<TcpStream>> {
    let stream = TcpStream::connect(address).await?;
    let url = format!("ws://{address}{path}");
    let (socket, _) = within("a WebSocket's upgrade", client_async(url, stream)).await??;
    Ok(socket)
}
