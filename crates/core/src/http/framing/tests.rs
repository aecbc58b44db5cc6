use proptest::prelude::*;

use super::*;

/// Whether the bytes are accepted, however they are cut into reads; and where not.
fn check(bytes: &[u8]) -> Result<State, usize> {
    let mut whole = Framing::default();
    let outcome = whole.read(bytes).map(|()| whole.state);
    for size in 1..bytes.len().min(7) {
        let mut framing = Framing::default();
        let mut at = 0;
        let mut piecewise = Ok(());
        for piece in bytes.chunks(size) {
            piecewise = framing.read(piece).map_err(|offence| at + offence);
            if piecewise.is_err() {
                break;
            }
            at += piece.len();
        }
        assert_eq!(
            piecewise.map(|()| framing.state),
            outcome,
            "in pieces of {size}"
        );
    }
    outcome
}

fn accepts(text: &str) -> bool {
    check(text.as_bytes()) == Ok(State::RequestLine)
}

fn refuses(text: &str) -> bool {
    check(text.as_bytes()).is_err()
}

#[test]
fn accepts_what_clients_send() {
    assert!(accepts("GET / HTTP/1.1\r\nHost: a\r\n\r\n"));
    assert!(accepts("GET / HTTP/1.0\r\n\r\n"));
    assert!(accepts(
        "\r\nGET / HTTP/1.1\r\nhost: a\r\n\r\nGET / HTTP/1.1\r\nhost: a\r\n\r\n"
    ));
    assert!(accepts(
        "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\n\nGET "
    ));
    assert!(accepts(
        "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n\
         3;ext=1\r\nabc\r\nA\r\n0123456789\r\n0\r\nX-Sum: 1\r\n\r\n"
    ));
}

#[test]
fn refuses_what_two_programs_could_read_differently() {
    let post = |headers: &str| format!("POST / HTTP/1.1\r\nHost: a\r\n{headers}\r\n\r\n");
    assert!(refuses(&post(
        "Content-Length: 5\r\nTransfer-Encoding: chunked"
    )));
    assert!(refuses(&post("Content-Length: 5\r\nContent-Length: 5")));
    assert!(refuses(&post("Content-Length: 5, 5")));
    assert!(refuses(&post("Content-Length: +5")));
    assert!(refuses(&post("Transfer-Encoding: chunked, identity")));
    assert!(refuses(&post(
        "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked"
    )));
    assert!(refuses(&post("X: a\r\n folded")));
    assert!(refuses(&post("X: a\rb")));
    assert!(refuses("GET / HTTP/1.1\nHost: a\r\n\r\n"));
    assert!(refuses("GET / HTTP/1.1\r\nHost: a\n\r\n"));
    assert!(refuses("GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n"));
    assert!(refuses("GET / HTTP/1.1\r\n\r\n"));
    assert!(refuses("GET / HTTP/1.1\r\nHost:\r\n\r\n"));
    assert!(refuses(
        "POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n"
    ));
}

#[test]
fn refuses_bad_chunks() {
    let chunked = |body: &str| {
        format!("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n{body}")
    };
    assert!(refuses(&chunked("x\r\n")));
    assert!(refuses(&chunked("3\r\nabcd\r\n")));
    assert!(refuses(&chunked("3\nabc\r\n")));
    assert!(refuses(&chunked("-1\r\n")));
    assert!(refuses(&chunked("fffffffffffffffff\r\n")));
}

#[test]
fn leaves_http2_and_upgrades_alone() {
    assert_eq!(
        check(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\n"),
        Ok(State::Through)
    );
    let mut framing = Framing::default();
    let asking = b"GET / HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nConnection: upgrade\r\n\r\n";
    framing.read(asking).unwrap();
    framing.wrote(b"HTTP/1.1 101 Switching Protocols\r\n");
    framing.read(b"\n\0 anything \n").unwrap();
}

proptest! {
    #[test]
    fn digits_are_a_number_and_nothing_else_is(text in "[0-9]{0,22}|[0-9+ -]{0,4}") {
        let is_plain = text.bytes().all(|it| it.is_ascii_digit());
        prop_assert_eq!(digits(text.as_bytes()), text.parse().ok().filter(|_| is_plain));
    }

    #[test]
    fn never_panics(bytes in any::<Vec<u8>>()) {
        let mut framing = Framing::default();
        prop_assert!(framing.read(&bytes).is_ok_and(|()| true) || framing.state == State::Refused);
    }
}

#[test]
fn framing_headers_with_an_underscore_are_refused_and_others_are_not() {
    let with = |line: &str| format!("POST / HTTP/1.1\r\nHost: a\r\n{line}\r\n\r\n");
    assert!(refuses(&with("Content_Length: 5")));
    assert!(refuses(&with("transfer_encoding: chunked")));
    assert!(accepts(&with("X_Custom_Header: 5")));
    assert!(accepts(&with("a_fourteen_chr: 5")));
}

#[tokio::test(start_paused = true)]
async fn a_slow_head_is_refused_as_such_and_a_quiet_connection_is_not() {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    let (idle, head) = (Duration::from_secs(90), Duration::from_secs(5));
    let whole = b"GET / HTTP/1.1\r\nHost: a\r\n\r\n";
    let (mut client, server) = tokio::io::duplex(1024);
    let mut checked = Checked::new(server, idle, head);
    let mut buffer = vec![0; 1024];
    client.write_all(whole).await.unwrap();
    assert_eq!(checked.read(&mut buffer).await.unwrap(), whole.len());
    // Between two requests it may be quiet for longer.
    let quiet = tokio::time::timeout(2 * idle, checked.read(&mut buffer)).await;
    assert!(quiet.is_err());
    let trickle = async {
        for byte in b"GET / HTTP/1.1\r\nX: yyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyy" {
            client.write_all(&[*byte]).await.unwrap();
            tokio::time::sleep(Duration::from_millis(500)).await;
        }
    };
    let reading = async {
        loop {
            let count = checked.read(&mut buffer).await.unwrap();
            if buffer[..count].starts_with(POISON) {
                return;
            }
        }
    };
    tokio::select! {
        () = trickle => panic!("it was read to its end"),
        () = reading => {}
    }
    let answer = b"HTTP/1.1 400 Bad Request\r\n\r\n";
    checked.write_all(answer).await.unwrap();
    let mut said = vec![0; answer.len()];
    client.read_exact(&mut said).await.unwrap();
    assert_eq!(said, b"HTTP/1.1 408 Not In Time\r\n\r\n");
}
