//! Services that are not HTTP.

use std::{path::Path, process::Stdio};

use anyhow::{Context, Result, ensure};
use e2e::{Pair, RawOrigin, wait_until, within};
use tokio::{
    io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader},
    net::{TcpStream, UnixStream},
    process::{Child, Command},
};

#[tokio::test]
async fn half_closing_passes_on_while_the_answer_still_comes() -> Result<()> {
    let origin = RawOrigin::start(|mut stream, _| async move {
        let mut all = String::new();
        stream.read_to_string(&mut all).await?;
        stream
            .write_all(format!("{} bytes", all.len()).as_bytes())
            .await?;
        Ok(stream.shutdown().await?)
    })
    .await?;
    let pair = Pair::tcp(origin.address()).await?;
    for length in [0, 5, 200_000] {
        let mut stream = TcpStream::connect(pair.local).await?;
        stream.write_all("x".repeat(length).as_bytes()).await?;
        stream.shutdown().await?;
        let mut answer = String::new();
        within("the answer", stream.read_to_string(&mut answer)).await??;
        assert_eq!(answer, format!("{length} bytes"));
    }
    Ok(())
}

#[tokio::test]
async fn the_service_may_speak_first_and_end_first() -> Result<()> {
    let origin = RawOrigin::start(|mut stream, _| async move {
        stream.write_all(b"220 welcome\r\n").await?;
        stream.shutdown().await?;
        let mut said = String::new();
        stream.read_to_string(&mut said).await?;
        ensure!(said == "bye", "the other half ended with it: {said:?}");
        Ok(())
    })
    .await?;
    let pair = Pair::tcp(origin.address()).await?;
    let mut stream = TcpStream::connect(pair.local).await?;
    let mut greeting = String::new();
    within("the greeting", stream.read_to_string(&mut greeting)).await??;
    assert_eq!(greeting, "220 welcome\r\n");
    stream.write_all(b"bye").await?;
    stream.shutdown().await?;
    Ok(())
}

#[tokio::test]
async fn a_broken_connection_is_broken_at_the_other_end_too() -> Result<()> {
    let origin = RawOrigin::start(|mut stream, _| async move {
        stream.write_all(b"part").await?;
        stream.read_u8().await?;
        stream.set_zero_linger()?;
        Ok(())
    })
    .await?;
    let pair = Pair::tcp(origin.address()).await?;
    let mut stream = TcpStream::connect(pair.local).await?;
    let mut part = [0; 4];
    within("a part", stream.read_exact(&mut part)).await??;
    stream.write_u8(1).await?;
    let end = within("the end", stream.read_u8()).await?;
    let error = end.err().context("more came")?;
    assert_eq!(error.kind(), std::io::ErrorKind::ConnectionReset);
    Ok(())
}

#[tokio::test]
async fn nothing_listening_at_the_service_ends_the_connection() -> Result<()> {
    let pair = Pair::tcp(e2e::dead_address().await?).await?;
    let mut stream = TcpStream::connect(pair.local).await?;
    let mut nothing = Vec::new();
    // Ended or reset, but not left hanging.
    let ended = within("the end", stream.read_to_end(&mut nothing)).await?;
    assert!(nothing.is_empty(), "{ended:?}");
    Ok(())
}

/// A Redis with nothing on disk, at a unix socket.
async fn redis(socket: &Path) -> Result<Child> {
    let child = Command::new("redis-server")
        .args([
            "--port",
            "0",
            "--save",
            "",
            "--appendonly",
            "no",
            "--daemonize",
            "no",
        ])
        .arg("--unixsocket")
        .arg(socket)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .kill_on_drop(true)
        .spawn()
        .context("redis-server does not start; `scripts/setup test` installs it")?;
    wait_until("redis", || async {
        Ok(UnixStream::connect(socket).await.is_ok())
    })
    .await?;
    Ok(child)
}

#[tokio::test]
async fn redis_at_a_unix_socket_works_through_it() -> Result<()> {
    let directory = tempfile::tempdir()?;
    let socket = directory.path().join("redis.sock");
    let _redis = redis(&socket).await?;
    let pair = Pair::tcp(format!("unix:{}", socket.display())).await?;
    let mut stream = BufReader::new(TcpStream::connect(pair.local).await?);
    for (command, expected) in [
        ("PING\r\n", "+PONG\r\n"),
        ("SET shop open\r\n", "+OK\r\n"),
        ("STRLEN shop\r\n", ":4\r\n"),
        ("INCRBY visits 41\r\n", ":41\r\n"),
        ("INCR visits\r\n", ":42\r\n"),
    ] {
        stream.write_all(command.as_bytes()).await?;
        let mut answer = String::new();
        within(command, stream.read_line(&mut answer)).await??;
        assert_eq!(answer, expected, "{command}");
    }
    let pipelined = "PING\r\n".repeat(1000);
    stream.write_all(pipelined.as_bytes()).await?;
    let mut answers = vec![0; 7 * 1000];
    within("1000 answers", stream.read_exact(&mut answers)).await??;
    assert_eq!(answers, b"+PONG\r\n".repeat(1000));
    Ok(())
}
