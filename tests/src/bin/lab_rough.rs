//! A bad road for UDP: it delays, loses, doubles and overtakes packets by a seed, both ways.
//!
//! `lab-rough LISTEN TARGET key=number…` with `delay`, `jitter` and `overtake` in milliseconds, and
//! `loss`, `double` and `reorder` in thousandths. With `rate` no more kB a second get through, and
//! what would wait longer than `queue` milliseconds is lost. It says `ready` and serves until it is
//! killed.
//! The kernel's `netem` does the same, but few kernels of build machines have it.

#![allow(
    clippy::print_stdout,
    clippy::disallowed_methods,
    reason = "this is how it tells the test, and tasks end with it"
)]

use std::{
    collections::{BTreeMap, HashMap},
    net::SocketAddr,
    sync::Arc,
    time::Duration,
};

use anyhow::{Context, Result};
use e2e::Random;
use tokio::{
    net::UdpSocket,
    sync::mpsc,
    time::{Instant, sleep_until},
};

/// The largest packet.
const LARGEST: usize = 65_536;
/// Packets that may be under way in one direction; more are lost, as in any queue.
const UNDER_WAY: usize = 4096;

/// How bad it is.
#[derive(Debug, Clone, Default)]
struct Road(HashMap<String, u64>);

impl Road {
    fn of(&self, key: &str) -> u64 {
        self.0.get(key).copied().unwrap_or(0)
    }

    /// After how long a packet arrives; never, once, or twice.
    fn arrivals(&self, random: &mut Random) -> Vec<Duration> {
        if random.below(1000) < self.of("loss") {
            return Vec::new();
        }
        let copies = 1 + usize::from(random.below(1000) < self.of("double"));
        let mut late = self.of("delay") + random.below(self.of("jitter") + 1);
        if random.below(1000) < self.of("reorder") {
            late += self.of("overtake");
        }
        vec![Duration::from_millis(late); copies]
    }
}

/// What lets so many bytes through at a time.
#[derive(Debug)]
struct Narrow {
    free: Instant,
}

impl Narrow {
    /// How long a packet waits until all of it has passed; nothing when the queue is full.
    fn wait(&mut self, road: &Road, bytes: usize) -> Option<Duration> {
        let rate = road.of("rate");
        if rate == 0 {
            return Some(Duration::ZERO);
        }
        let now = Instant::now();
        let begins = self.free.max(now);
        if begins - now > Duration::from_millis(road.of("queue")) {
            return None;
        }
        self.free = begins + Duration::from_micros(bytes as u64 * 1000 / rate);
        Some(self.free - now)
    }
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<()> {
    let mut args = std::env::args().skip(1);
    let listen: SocketAddr = args.next().context("where to listen")?.parse()?;
    let target: SocketAddr = args.next().context("where to send to")?.parse()?;
    let mut road = Road::default();
    for arg in args {
        let (key, value) = arg.split_once('=').context("key=number")?;
        road.0.insert(key.to_owned(), value.parse()?);
    }
    let near = Arc::new(UdpSocket::bind(listen).await?);
    println!("ready");

    let mut ways = HashMap::new();
    let mut buffer = vec![0; LARGEST];
    loop {
        let (length, from) = near.recv_from(&mut buffer).await?;
        let way = match ways.get(&from) {
            Some(way) => way,
            None => {
                let far = Arc::new(UdpSocket::bind("0.0.0.0:0").await?);
                far.connect(target).await?;
                tokio::spawn(back(
                    Arc::clone(&far),
                    Arc::clone(&near),
                    from,
                    road.clone(),
                ));
                ways.entry(from).or_insert(Way::new(&road, far, target))
            }
        };
        way.take(&buffer[..length]);
    }
}

async fn back(far: Arc<UdpSocket>, near: Arc<UdpSocket>, to: SocketAddr, road: Road) {
    let way = Way::new(&road, near, to);
    let mut buffer = vec![0; LARGEST];
    loop {
        // Nobody at the target is told as an error, and may be there later.
        if let Ok(length) = far.recv(&mut buffer).await {
            way.take(&buffer[..length]);
        }
    }
}

/// One direction.
#[derive(Debug)]
struct Way(mpsc::Sender<Vec<u8>>);

impl Way {
    fn new(road: &Road, out: Arc<UdpSocket>, to: SocketAddr) -> Self {
        let (sender, packets) = mpsc::channel(UNDER_WAY);
        tokio::spawn(carry(packets, road.clone(), out, to));
        Self(sender)
    }

    fn take(&self, packet: &[u8]) {
        // What does not fit is lost.
        drop(self.0.try_send(packet.to_vec()));
    }
}

async fn carry(
    mut packets: mpsc::Receiver<Vec<u8>>,
    road: Road,
    out: Arc<UdpSocket>,
    to: SocketAddr,
) {
    let mut random = Random::new(road.of("seed") + u64::from(to.port()));
    // By time of arrival, and then by time of departure: a plain delay overtakes nothing.
    let mut under_way: BTreeMap<(Instant, u64), Vec<u8>> = BTreeMap::new();
    let mut number = 0_u64;
    let free = Instant::now();
    let mut narrow = Narrow { free };
    loop {
        let next = under_way.first_key_value().map(|((at, _), _)| *at);
        let arrival = async {
            match next {
                Some(at) => sleep_until(at).await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            () = arrival => {
                if let Some((_, packet)) = under_way.pop_first() {
                    send(&out, &packet, to).await;
                }
            }
            packet = packets.recv() => {
                let Some(packet) = packet else {
                    return;
                };
                let Some(waits) = narrow.wait(&road, packet.len()) else {
                    continue;
                };
                for late in road.arrivals(&mut random) {
                    let late = waits + late;
                    if under_way.len() < UNDER_WAY {
                        number += 1;
                        under_way.insert((Instant::now() + late, number), packet.clone());
                    }
                }
            }
        }
    }
}

async fn send(out: &UdpSocket, packet: &[u8], to: SocketAddr) {
    let sent = match out.peer_addr() {
        Ok(_) => out.send(packet).await,
        Err(_) => out.send_to(packet, to).await,
    };
    drop(sent); // Lost, as anything may be here.
}
