//! The table of what is tried; behind each a second request follows, as smuggling would make one.

mod heads;

use super::vector::{
    Meant::{Either, Refused, Served},
    Vector,
};
use heads::{first_lines, hosts, identities, lines, upgrades};

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
