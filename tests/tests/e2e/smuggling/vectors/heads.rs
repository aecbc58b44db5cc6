//! Lines, Hosts, identities and upgrades.

use super::{
    super::vector::{
        Meant::{Either, Refused, Served},
        Vector,
    },
    get, post,
};

pub(super) fn lines() -> Vec<Vector> {
    let mut all: Vec<_> = [
        "X: a\nb\r\n",
        "X: a\rb\r\n",
        "X: a\0b\r\n",
        "X : a\r\n",
        "X\t: a\r\n",
        "X\r: a\r\n",
        "X\n: a\r\n",
        "X\r\n: a\r\n",
        ": a\r\n",
        "X\r\n",
        "X Y: a\r\n",
        " X: a\r\n",
        "\tX: a\r\n",
        "X: a\r\n b\r\n",
        "X: a\r\n\tb\r\n",
        " \r\n",
        "X: a\n",
        "X: a\r\r\n",
        "\u{feff}X: a\r\n",
        "X\u{b}: a\r\n",
        "(X): a\r\n",
        "X: a\r\n\r",
        "X: a\u{7f}\r\n",
        "X: a\u{1}\r\n",
    ]
    .into_iter()
    .map(|headers| Vector::new(format!("the lines {headers:?}"), Refused, get(headers)))
    .collect();
    for end in ["\n\n", "\n\r\n", "\r\n\n", "\r\r\n\r\n", "\r\r"] {
        let request = format!("GET {{P}} HTTP/1.1\r\nHost: {{H}}{end}");
        all.push(Vector::new(format!("the end {end:?}"), Refused, request));
    }
    let many = "X: y\r\n".repeat(20_000);
    all.push(Vector::new("20,000 lines", Refused, get(&many)));
    let long = format!("X: {}\r\n", "a".repeat(200_000));
    all.push(Vector::new("a line of 200,000 bytes", Refused, get(&long)));
    let latin: &[u8] = b"GET {P} HTTP/1.1\r\nHost: {H}\r\nX: \xe9\r\n\r\n";
    all.push(Vector::new("a byte that is no ASCII", Either, latin));
    all
}

pub(super) fn first_lines() -> Vec<Vector> {
    let refused = [
        "GET  {P} HTTP/1.1",
        "GET\t{P}\tHTTP/1.1",
        "GET {P}\tHTTP/1.1",
        "GET {P}  HTTP/1.1",
        "GET {P} {S} HTTP/1.1",
        " GET {P} HTTP/1.1",
        "\nGET {P} HTTP/1.1",
        "GET {P} HTTP/1.1 ",
        "GET {P} HTTP/1.1\r",
        "GET {P} HTTP/1.2",
        "GET {P} HTTP/2.0",
        "GET {P} HTTP/0.9",
        "GET {P} http/1.1",
        "GET {P} HTTP/1",
        "GET {P} HTTP/01.1",
        "GET {P} HTTP/1.10",
        "GET {P} HTTP/1,1",
        "GET {P} XTTP/1.1",
        "GET {P}",
        "{P} HTTP/1.1",
        "GET HTTP/1.1",
        "G\0T {P} HTTP/1.1",
        "G(T {P} HTTP/1.1",
        "GET {P}\0 HTTP/1.1",
        "GET {P}\r HTTP/1.1",
        "GET\r {P} HTTP/1.1",
        "CONNECT {H} HTTP/1.1",
        "CONNECT 127.0.0.1:22 HTTP/1.1",
        "PRI {P} HTTP/1.1 HTTP/2.0",
        "GET {P}\u{b}HTTP/1.1",
    ];
    let either = [
        "\r\nGET {P} HTTP/1.1",
        "\r\n\r\nGET {P} HTTP/1.1",
        "GET http://{H}{P} HTTP/1.1",
        "GET http://evil.example{P} HTTP/1.1",
        "GET https://evil.example:1{P} HTTP/1.1",
        "GET http://evil.example@{H}{P} HTTP/1.1",
        "GET {P} HTTP/1.0",
    ];
    let with = |first: &str| format!("{first}\r\nHost: {{H}}\r\n\r\n");
    let refused = refused
        .into_iter()
        .map(|it| Vector::new(format!("the line {it:?}"), Refused, with(it)));
    let either = either
        .into_iter()
        .map(|it| Vector::new(format!("the line {it:?}"), Either, with(it)));
    refused.chain(either).collect()
}

pub(super) fn hosts() -> Vec<Vector> {
    let refused = [
        "",
        "Host:\r\n",
        "Host: \r\n",
        "Host: {H}\r\nHost: {H}\r\n",
        "Host: {H}\r\nHost: evil.example\r\n",
        "Host: evil.example\r\nHost: {H}\r\n",
        "Host: {H}\r\nhOsT: evil.example\r\n",
        "Host : {H}\r\n",
        "Host: {H}\r\n evil.example\r\n",
        " Host: {H}\r\n",
        "Host: {H}\r\nHost : evil.example\r\n",
        "Host: {H}\0\r\n",
    ];
    let either = [
        "Host: {H}, evil.example\r\n",
        "Host: evil.example@{H}\r\n",
        "Host: {H} evil.example\r\n",
        "Host: {H}/evil\r\n",
        "Host: {H}#\r\n",
        "Host: evil.example\r\n",
    ];
    let with = |hosts: &str| format!("GET {{P}} HTTP/1.1\r\n{hosts}\r\n");
    let refused = refused
        .into_iter()
        .map(|it| Vector::new(format!("the hosts {it:?}"), Refused, with(it)));
    let either = either
        .into_iter()
        .map(|it| Vector::new(format!("the hosts {it:?}"), Either, with(it)));
    refused.chain(either).collect()
}

pub(super) fn identities() -> Vec<Vector> {
    let served = [
        "Malai-Peer: forged\r\n",
        "malai_peer: forged\r\n",
        "MALAI-PEER-NAME: forged\r\n",
        "Malai_Peer_Name: forged\r\n",
        "X-Forwarded-For: forged\r\n",
        "X_Forwarded_For: forged\r\n",
        "X-Forwarded-Host: forged\r\n",
        "Forwarded: for=forged\r\n",
        "X-Real-IP: forged\r\n",
        "X_Real_IP: forged\r\n",
        "Malai-Peer: forged\r\nMalai-Peer: forged\r\n",
        "Connection: malai-peer\r\n",
        "Connection: malai-peer, x-forwarded-for, malai-peer-name\r\n",
        "Connection: Malai-Peer\r\nMalai-Peer: forged\r\n",
        "Connection: host\r\n",
        "Connection: x-private\r\nX-Private: forged\r\n",
        "Proxy-Connection: keep-alive\r\n",
        "Keep-Alive: timeout=5\r\n",
        "TE: trailers\r\n",
        "Connection: te, transfer-encoding\r\n",
    ];
    let mut all: Vec<_> = served
        .into_iter()
        .map(|headers| Vector::new(format!("{headers:?}"), Served, get(headers)))
        .collect();
    let nominated = post(
        "Connection: content-length\r\nContent-Length: 5\r\n",
        "hello",
    );
    all.push(Vector::new("a nominated length", Either, nominated).posting("hello"));
    let nominated = post(
        "Connection: transfer-encoding\r\nTransfer-Encoding: chunked\r\n",
        "5\r\nhello\r\n0\r\n\r\n",
    );
    all.push(Vector::new("a nominated coding", Either, nominated).posting("hello"));
    all
}

pub(super) fn upgrades() -> Vec<Vector> {
    let mut all: Vec<_> = [
        "Connection: Upgrade\r\nUpgrade: websocket\r\n", "Connection: upgrade\r\nUpgrade: x\r\n",
        "Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQAoAAAAAIAAAAA\r\n",
        "Upgrade: websocket\r\n", "Connection: Upgrade\r\n", "Connection: Upgrade\r\nUpgrade: TLS/1.0, HTTP/1.1\r\n",
    ]
    .into_iter()
    .map(|headers| Vector::new(format!("{headers:?}"), Either, get(headers)))
    .collect();
    let body = post(
        "Connection: Upgrade\r\nUpgrade: websocket\r\nContent-Length: 5\r\n",
        "hello",
    );
    all.push(Vector::new("an upgrade with a body", Either, body).posting("hello"));
    let both = post(
        "Connection: Upgrade\r\nUpgrade: websocket\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n",
        "0\r\n\r\n",
    );
    all.push(Vector::new("an upgrade with two lengths", Refused, both));
    let expecting = post("Expect: 100-continue\r\nContent-Length: 5\r\n", "hello");
    all.push(Vector::new("a body that does not wait", Either, expecting).posting("hello"));
    let expecting = post("Expect: 200-maybe\r\nContent-Length: 5\r\n", "hello");
    all.push(Vector::new("another expectation", Either, expecting).posting("hello"));
    all
}
