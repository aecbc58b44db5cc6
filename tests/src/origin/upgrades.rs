//! Connections that stop speaking HTTP: WebSocket, and a protocol that nobody knows.

use futures_util::{SinkExt, StreamExt};
use hyper::{
    Request, Response, StatusCode,
    body::Incoming,
    header::{CONNECTION, HeaderValue, SEC_WEBSOCKET_ACCEPT, SEC_WEBSOCKET_KEY, UPGRADE},
    upgrade::{OnUpgrade, Upgraded},
};
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio_tungstenite::{
    WebSocketStream,
    tungstenite::{handshake::derive_accept_key, protocol::Role},
};

use super::{Body, answers::empty};

pub(super) fn websocket(mut request: Request<Incoming>) -> Response<Body> {
    let Some(key) = request.headers().get(SEC_WEBSOCKET_KEY) else {
        return refusal();
    };
    let accept = derive_accept_key(key.as_bytes());
    let upgrade = hyper::upgrade::on(&mut request);
    tokio::spawn(async move {
        if let Some(stream) = upgraded(upgrade).await {
            echo_messages(stream).await;
        }
    });
    let mut response = switching("websocket");
    if let Ok(accept) = HeaderValue::from_str(&accept) {
        response.headers_mut().insert(SEC_WEBSOCKET_ACCEPT, accept);
    }
    response
}

async fn echo_messages(stream: TokioIo<Upgraded>) {
    let mut socket = WebSocketStream::from_raw_socket(stream, Role::Server, None).await;
    while let Some(Ok(message)) = socket.next().await {
        if (message.is_text() || message.is_binary()) && socket.send(message).await.is_err() {
            return;
        }
    }
}

/// Answers every byte with its capital, until the client ends its half; then says `BYE`.
pub(super) fn shout(mut request: Request<Incoming>) -> Response<Body> {
    if request.headers().get(UPGRADE).map(HeaderValue::as_bytes) != Some(b"shout/1") {
        return refusal();
    }
    let upgrade = hyper::upgrade::on(&mut request);
    tokio::spawn(async move {
        let Some(mut stream) = upgraded(upgrade).await else {
            return;
        };
        let mut buffer = [0; 1024];
        while let Ok(length @ 1..) = stream.read(&mut buffer).await {
            buffer[..length].make_ascii_uppercase();
            if stream.write_all(&buffer[..length]).await.is_err() {
                return;
            }
        }
        if stream.write_all(b"BYE").await.is_ok() && stream.shutdown().await.is_err() {
            eprintln!("the client of /shout was gone before the end");
        }
    });
    switching("shout/1")
}

async fn upgraded(upgrade: OnUpgrade) -> Option<TokioIo<Upgraded>> {
    upgrade.await.ok().map(TokioIo::new)
}

fn switching(protocol: &'static str) -> Response<Body> {
    let mut response = Response::new(empty());
    *response.status_mut() = StatusCode::SWITCHING_PROTOCOLS;
    let headers = response.headers_mut();
    headers.insert(CONNECTION, HeaderValue::from_static("upgrade"));
    headers.insert(UPGRADE, HeaderValue::from_static(protocol));
    response
}

fn refusal() -> Response<Body> {
    let mut response = Response::new(empty());
    *response.status_mut() = StatusCode::UPGRADE_REQUIRED;
    response
}
