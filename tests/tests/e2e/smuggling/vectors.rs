//! The table of what is tried; behind each a second request follows, as smuggling would make one.

use Meant::{Either, Refused, Served};

/// What a vector means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Meant {
    /// Nothing that could be agreed on.
    Refused,
    /// Something that may be refused or forwarded.
    Either,
    /// Something that is right, and must be forwarded.
    Served,
}

/// What is sent: `{P}` is its path, `{S}` the path of the second request, `{H}` the Host.
#[derive(Debug, Clone)]
pub(super) struct Vector {
    pub(super) name: String,
    pub(super) meant: Meant,
    request: Vec<u8>,
    method: &'static str,
    body: &'static str,
}

impl Vector {
    fn new(name: impl Into<String>, meant: Meant, request: impl AsRef<[u8]>) -> Self {
        Self {
            name: name.into(),
            meant,
            request: request.as_ref().to_vec(),
            method: "GET",
            body: "",
        }
    }

    fn posting(mut self, body: &'static str) -> Self {
        (self.method, self.body) = ("POST", body);
        self
    }

    /// The method and body that the service may see.
    pub(super) fn meaning(&self) -> Option<(String, Vec<u8>)> {
        let meaning = (self.method.to_owned(), self.body.as_bytes().to_vec());
        (self.meant != Refused).then_some(meaning)
    }

    pub(super) fn bytes(&self, path: &str, next: &str, host: &str) -> Vec<u8> {
        let second = b"GET {S} HTTP/1.1\r\nHost: {H}\r\nConnection: close\r\n\r\n";
        let mut left = [&self.request[..], second].concat();
        for (mark, value) in [("{P}", path), ("{S}", next), ("{H}", host)] {
            left = replaced(&left, mark.as_bytes(), value.as_bytes());
        }
        left
    }
}

fn replaced(bytes: &[u8], mark: &[u8], value: &[u8]) -> Vec<u8> {
    let mut left = bytes;
    let mut whole = Vec::new();
    while let Some(at) = left.windows(mark.len()).position(|part| part == mark) {
        whole.extend_from_slice(&left[..at]);
        whole.extend_from_slice(value);
        left = &left[at + mark.len()..];
    }
    whole.extend_from_slice(left);
    whole
}

pub(super) fn all() -> Vec<Vector> {
    let mut all = lengths();
    all.extend(codings());
    all.extend(chunks());
    all.extend(lines());
    all.extend(first_lines());
    all.extend(hosts());
    all.extend(identities());
    all.extend(upgrades());
    all
}

fn post(headers: &str, body: &str) -> String {
    format!("POST {{P}} HTTP/1.1\r\nHost: {{H}}\r\n{headers}\r\n{body}")
}

fn get(headers: &str) -> String {
    format!("GET {{P}} HTTP/1.1\r\nHost: {{H}}\r\n{headers}\r\n")
}

fn lengths() -> Vec<Vector> {
    let mut all = vec![
        Vector::new(
            "a plain length",
            Served,
            post("Content-Length: 5\r\n", "hello"),
        )
        .posting("hello"),
        Vector::new("no length", Either, post("", "")).posting(""),
        Vector::new(
            "a length of nothing",
            Served,
            post("Content-Length: 0\r\n", ""),
        )
        .posting(""),
        Vector::new(
            "zeros in front",
            Either,
            post("Content-Length: 0005\r\n", "hello"),
        )
        .posting("hello"),
        Vector::new(
            "space around",
            Either,
            post("Content-Length: \t 5 \t\r\n", "hello"),
        )
        .posting("hello"),
    ];
    for value in [
        "5, 5",
        "5,5",
        "5,",
        ",5",
        "+5",
        "-5",
        "5 5",
        "0x5",
        "5;",
        "5.0",
        "5e0",
        "\"5\"",
        "'5'",
        "",
        "five",
        "5h",
        "\u{b}5",
        "5\u{b}",
        "\u{ff15}",
        "99999999999999999999",
        "18446744073709551616",
        "-0",
        "5\r",
        "5\0",
        "0 5",
        "5\t5",
        "5_0",
    ] {
        let request = post(&format!("Content-Length: {value}\r\n"), "hello");
        all.push(Vector::new(
            format!("the length {value:?}"),
            Refused,
            request,
        ));
    }
    for (one, two) in [
        ("Content-Length: 5", "Content-Length: 5"),
        ("Content-Length: 5", "Content-Length: 6"),
        ("Content-Length: 0", "content-length: 5"),
        ("Content-Length: 5", "CONTENT-LENGTH: 0"),
        ("Content-Length: 5", "Content_Length: 0"),
        ("content_length: 9", "Content-Length: 5"),
        ("Content-Length: 5", "Content-Length : 0"),
        ("Content-Length: 5", " Content-Length: 0"),
    ] {
        let request = post(&format!("{one}\r\n{two}\r\n"), "hello");
        all.push(Vector::new(
            format!("two lengths, {one:?} and {two:?}"),
            Refused,
            request,
        ));
    }
    all
}

fn codings() -> Vec<Vector> {
    let chunked = "5\r\nhello\r\n0\r\n\r\n";
    let mut all = vec![
        Vector::new(
            "plain chunks",
            Served,
            post("Transfer-Encoding: chunked\r\n", chunked),
        )
        .posting("hello"),
        Vector::new(
            "cHuNkEd",
            Either,
            post("Transfer-Encoding: cHuNkEd\r\n", chunked),
        )
        .posting("hello"),
        Vector::new(
            "space around chunked",
            Either,
            post("Transfer-Encoding:\t chunked \t\r\n", chunked),
        )
        .posting("hello"),
    ];
    for value in [
        "chunked, chunked",
        "chunked, gzip",
        "gzip, chunked",
        "gzip,chunked",
        "identity",
        "identity, chunked",
        "chunked, identity",
        "x",
        "",
        "\"chunked\"",
        "chunked,",
        ",chunked",
        ", chunked",
        "chunked;q=1",
        "chunked ;a=b",
        "\u{b}chunked",
        "chunked\u{b}",
        "\u{c}chunked",
        "chunked\0",
        "xchunked",
        "chunkedx",
        "chunked chunked",
        "chunk",
        "chu\u{131}ked",
        "[chunked]",
        "chunked\r",
    ] {
        let request = post(&format!("Transfer-Encoding: {value}\r\n"), chunked);
        all.push(Vector::new(
            format!("the coding {value:?}"),
            Refused,
            request,
        ));
    }
    for headers in [
        "Content-Length: 15\r\nTransfer-Encoding: chunked",
        "Transfer-Encoding: chunked\r\nContent-Length: 15",
        "Content-Length: 0\r\nTransfer-Encoding: chunked",
        "Content-Length: 5\r\nTransfer-Encoding: identity",
        "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked",
        "Transfer-Encoding: chunked\r\nTransfer-Encoding: identity",
        "Transfer-Encoding: x\r\nTransfer-Encoding: chunked",
        "Transfer-Encoding : chunked",
        "Transfer-Encoding\t: chunked",
        "Transfer-Encoding\u{b}: chunked",
        "Transfer-Encoding\u{a0}: chunked",
        " Transfer-Encoding: chunked",
        "X: y\r\n Transfer-Encoding: chunked",
        "X: y\r\n\tTransfer-Encoding: chunked",
        "Transfer-Encoding:\r\n chunked",
        "Transfer-Encoding\r\n: chunked",
        "Transfer_Encoding: chunked",
        "Content-Length: 15\r\nTransfer_Encoding: chunked",
        "Transfer\0-Encoding: chunked",
        "Transfer-Encoding: chunked\nX: y",
        "X: y\rTransfer-Encoding: chunked",
        "Transfer-Encoding",
    ] {
        let request = post(&format!("{headers}\r\n"), chunked);
        all.push(Vector::new(format!("{headers:?}"), Refused, request));
    }
    let old = format!(
        "POST {{P}} HTTP/1.0\r\nHost: {{H}}\r\nTransfer-Encoding: chunked\r\n\r\n{chunked}"
    );
    all.push(Vector::new("chunks in HTTP/1.0", Refused, old));
    let old = format!(
        "POST {{P}} HTTP/1.0\r\nHost: {{H}}\r\nContent-Length: 15\r\nTransfer-Encoding: chunked\r\n\r\n{chunked}"
    );
    all.push(Vector::new("both in HTTP/1.0", Refused, old));
    all
}

fn chunks() -> Vec<Vector> {
    let mut all = Vec::new();
    for body in [
        "5;a=b\r\nhello\r\n0\r\n\r\n",
        "5;a=\"b;c\"\r\nhello\r\n0\r\n\r\n",
        "5 ;a\r\nhello\r\n0\r\n\r\n",
        "05\r\nhello\r\n0\r\n\r\n",
        "5 \r\nhello\r\n0\r\n\r\n",
        "5\r\nhello\r\n00\r\n\r\n",
        "5\r\nhello\r\n0;a=b\r\n\r\n",
        "5\r\nhello\r\n0\r\nX: y\r\n\r\n",
        "5\r\nhello\r\n0\r\nMalai-Peer: forged\r\n\r\n",
        "5\r\nhello\r\n0\r\nContent-Length: 9\r\n\r\n",
        "5\r\nhello\r\n0\r\nTransfer-Encoding: chunked\r\n\r\n",
        "2\r\nhe\r\n3\r\nllo\r\n0\r\n\r\n",
    ] {
        let request = post("Transfer-Encoding: chunked\r\n", body);
        all.push(Vector::new(format!("the chunks {body:?}"), Either, request).posting("hello"));
    }
    let long = format!("5;{}\r\nhello\r\n0\r\n\r\n", "a".repeat(100_000));
    for body in [
        "0x5\r\nhello\r\n0\r\n\r\n",
        "-5\r\nhello\r\n0\r\n\r\n",
        "+5\r\nhello\r\n0\r\n\r\n",
        " 5\r\nhello\r\n0\r\n\r\n",
        "g\r\nhello\r\n0\r\n\r\n",
        "\r\nhello\r\n0\r\n\r\n",
        ";a\r\nhello\r\n0\r\n\r\n",
        "5,6\r\nhello\r\n0\r\n\r\n",
        "5_\r\nhello\r\n0\r\n\r\n",
        "5.0\r\nhello\r\n0\r\n\r\n",
        "\u{ff15}\r\nhello\r\n0\r\n\r\n",
        "5h\r\nhello\r\n0\r\n\r\n",
        "000000000000000000005\r\nhello\r\n0\r\n\r\n",
        "10000000000000005\r\nhello\r\n0\r\n\r\n",
        "ffffffffffffffff\r\nhello\r\n0\r\n\r\n",
        "fffffffffffffffff\r\nhello\r\n0\r\n\r\n",
        "5\nhello\r\n0\r\n\r\n",
        "5\rhello\r\n0\r\n\r\n",
        "5\r\r\nhello\r\n0\r\n\r\n",
        "5\r\nhello\n0\r\n\r\n",
        "5\r\nhello\r0\r\n\r\n",
        "5\r\nhello0\r\n\r\n",
        "5\r\nhello!\r\n0\r\n\r\n",
        "6\r\nhello\r\n0\r\n\r\n",
        "4\r\nhello\r\n0\r\n\r\n",
        "5;a\nb\r\nhello\r\n0\r\n\r\n",
        "5;a\rb\r\nhello\r\n0\r\n\r\n",
        "5;a\0\r\nhello\r\n0\r\n\r\n",
        "5;a=\"\r\n\"\r\nhello\r\n0\r\n\r\n",
        "5\r\nhello\r\n0\n\r\n",
        "5\r\nhello\r\n0\r\n\n",
        "5\r\nhello\r\n0\r\nX: y\n\r\n",
        "5\r\nhello\r\n0\r\n X: y\r\n\r\n",
        "5\r\nhello\r\n0\r\nX: y\r\n z\r\n\r\n",
        "5\r\nhello\r\n0\r\nX\0: y\r\n\r\n",
        "5\r\nhello\r\n-0\r\n\r\n",
        "5\r\nhello\r\n0x0\r\n\r\n",
        "5\0\r\nhello\r\n0\r\n\r\n",
        &long,
    ] {
        let request = post("Transfer-Encoding: chunked\r\n", body);
        let name: String = format!("the chunks {body:?}").chars().take(80).collect();
        all.push(Vector::new(name, Refused, request));
    }
    all
}

fn lines() -> Vec<Vector> {
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

fn first_lines() -> Vec<Vector> {
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

fn hosts() -> Vec<Vector> {
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

fn identities() -> Vec<Vector> {
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

fn upgrades() -> Vec<Vector> {
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
