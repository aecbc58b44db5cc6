//! What each request passes through, part by part: `cargo bench -p malai-core`.
//!
//! To see where a change tells, not how fast malai is: `bench/` measures that, with real processes.

#![expect(clippy::expect_used, reason = "a benchmark that cannot run says so")]

use std::{fmt::Write as _, hint::black_box, time::Duration};

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use fastn_p2p::{SecretKey, copy_both};
use malai_core::{
    access::Grants, clock::Clock, config, fuzzing, measuring::Requests, policy::Policy,
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt, duplex},
    runtime::Builder,
    time::Instant,
};

/// Peers and services of somebody who has many.
const PEERS: u8 = 100;
const SERVICES: u8 = 20;
const KIB: usize = 1024;
/// As QUIC's window for one stream.
const PIPE_BYTES: usize = 1_250_000;

/// A pooled connection to a server of ours, there and back, in memory.
fn pool(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("pool");
    for (name, bytes) in [("1 KiB", KIB), ("100 KiB", 100 * KIB)] {
        let requests = Requests::new(bytes).expect("a runtime");
        group.bench_function(name, |bencher| {
            bencher.iter(|| assert_eq!(black_box(&requests).one(), Some(bytes)));
        });
    }
}

/// What opens a stream, written and read; and the framing of one request.
fn wire(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("wire");
    let opening = fastn_p2p::fuzzing::stream("malai/http/1", r#"{"service":"shop"}"#);
    let opening = opening.expect("an opening");
    group.bench_function("opening", |bencher| {
        bencher.iter(|| fuzzing::stream(black_box(&opening)));
    });
    let request: &[u8] = b"\xffGET /a/path HTTP/1.1\r\nHost: localhost:3000\r\nAccept: */*\r\n\r\n";
    group.bench_function("framing", |bencher| {
        bencher.iter(|| fuzzing::http_pieces(black_box(request)));
    });
}

/// Whether a peer may use a service.
fn policy(criterion: &mut Criterion) {
    let mut text = String::from("version = 1\n");
    let keys: Vec<_> = (0..PEERS)
        .map(|n| SecretKey::from_bytes([n; 32]).public())
        .collect();
    for (n, key) in keys.iter().enumerate() {
        writeln!(text, "[peer.peer{n}]\nid = \"{key}\"").expect("text");
    }
    for n in 0..SERVICES {
        let allow = (0..PEERS)
            .map(|n| format!("\"peer{n}\""))
            .collect::<Vec<_>>()
            .join(",");
        let port = 3000 + u16::from(n);
        writeln!(text, "[service.s{n}]\nupstream = {port}\nallow = [{allow}]").expect("text");
    }
    let parsed = config::parse(&text).expect("a configuration");
    let policy = Policy::new(&parsed.config, &Grants::default());
    let (clock, stranger) = (Clock::start(), SecretKey::from_bytes([255; 32]).public());
    let mut group = criterion.benchmark_group("policy");
    for (name, peer) in [("friend", keys[50]), ("stranger", stranger)] {
        group.bench_function(name, |bencher| {
            bencher.iter(|| policy.decide(black_box(&peer), "s7", clock.now()));
        });
    }
}

/// Bytes through both directions of a connection.
fn copy(criterion: &mut Criterion) {
    let runtime = Builder::new_current_thread()
        .enable_time()
        .build()
        .expect("a runtime");
    let mut group = criterion.benchmark_group("copy");
    for (name, bytes) in [("64 B there and back", 64), ("1 MiB one way", KIB * KIB)] {
        group.throughput(Throughput::Bytes(bytes as u64));
        group.bench_function(name, |bencher| {
            let sent = vec![7; bytes];
            bencher.to_async(&runtime).iter_custom(|rounds| {
                let sent = sent.clone();
                async move { copied(&sent, rounds).await }
            });
        });
    }
}

async fn copied(sent: &[u8], rounds: u64) -> Duration {
    let (mut client, near) = duplex(PIPE_BYTES);
    let (far, mut service) = duplex(PIPE_BYTES);
    let mut came = vec![0; sent.len()];
    let work = async {
        let begun = Instant::now();
        for _ in 0..rounds {
            client.write_all(sent).await.expect("a pipe");
            service.read_exact(&mut came).await.expect("a pipe");
            service.write_all(&came[..1]).await.expect("a pipe");
            client.read_exact(&mut came[..1]).await.expect("a pipe");
        }
        let took = begun.elapsed();
        drop((client, service));
        took
    };
    let (_, took) = tokio::join!(copy_both(near, far, |_, _| {}), work);
    took
}

criterion_group!(benches, pool, wire, policy, copy);
criterion_main!(benches);
