//! A long and lossy link: moves IP packets between two TUN devices, late, and some of them never.
//!
//! `delay MILLISECONDS LOSS SEED RATE QUEUE [no-udp]`, with the one device as standard input and the
//! other as standard output. LOSS is in thousandths. RATE is what the link carries either way, in kB/s,
//! and QUEUE how many ms a packet may wait in front of it before it is lost; a RATE of 0 is none.
//! With `no-udp` no UDP gets through, as in some offices.
//! Plain `rustc -O` builds it; the kernel's `netem` does the same, but few kernels have it.

use std::{
    env,
    fs::File,
    io::{self, Read, Write},
    os::fd::AsFd,
    process::exit,
    sync::{
        Arc,
        mpsc::{Receiver, SyncSender, sync_channel},
    },
    thread,
    time::{Duration, Instant},
};

/// Packets under way in one direction; more are lost, as in any queue.
/// With 10 ms of delay that is 100,000 packets a second, more than a gigabit.
const UNDER_WAY: usize = 1000;
/// The largest packet there is.
const LARGEST: usize = 65_536;
/// Where the version and the protocol stand in an IPv4 header.
const VERSION_AT: usize = 0;
const PROTOCOL_AT: usize = 9;
const UDP: u8 = 17;
const THOUSAND: u64 = 1000;
const NANOS_PER_SECOND: u64 = 1_000_000_000;

#[derive(Clone, Copy)]
struct Road {
    delay: Duration,
    loss: u64,
    /// Bytes a second, where there is a limit.
    rate: Option<u64>,
    queue: Duration,
    udp: bool,
}

type Packet = (Instant, Vec<u8>);

fn main() {
    let args: Vec<String> = env::args().skip(1).collect();
    let numbers: Vec<u64> = args.iter().take(5).flat_map(|text| text.parse()).collect();
    let [delay, loss, seed, rate, queue] = numbers[..] else {
        eprintln!("`delay MILLISECONDS LOSS SEED RATE QUEUE [no-udp]`");
        exit(2);
    };
    let road = Road {
        delay: Duration::from_millis(delay),
        loss,
        rate: (rate > 0).then_some(rate * THOUSAND),
        queue: Duration::from_millis(queue),
        udp: args.get(5).is_none_or(|word| word != "no-udp"),
    };
    // No two directions of any links shall lose alike.
    let (seed, back_seed) = (2 * seed, 2 * seed + 1);
    let ends = [device(io::stdin()), device(io::stdout())];
    let (here, there) = (Arc::clone(&ends[0]), Arc::clone(&ends[1]));
    let back = thread::spawn(move || direction(there, here, road, back_seed));
    let [here, there] = ends;
    direction(here, there, road, seed);
    drop(back.join());
}

fn device(stream: impl AsFd) -> Arc<File> {
    match stream.as_fd().try_clone_to_owned() {
        Ok(owned) => Arc::new(File::from(owned)),
        Err(error) => {
            eprintln!("a device is missing: {error}");
            exit(1);
        }
    }
}

/// Takes packets from one device until it is gone, and has them written to the other when due.
fn direction(from: Arc<File>, to: Arc<File>, road: Road, seed: u64) {
    let (sender, packets) = sync_channel(UNDER_WAY);
    let writer = thread::spawn(move || deliver(packets, &to));
    if let Err(error) = take(&from, &sender, road, seed) {
        eprintln!("the link is down: {error}");
    }
    drop(sender);
    drop(writer.join());
}

fn take(mut from: &File, sender: &SyncSender<Packet>, road: Road, seed: u64) -> io::Result<()> {
    let mut random = Random::new(seed);
    let mut line = Line {
        road,
        free: Instant::now(),
    };
    let mut buffer = vec![0; LARGEST];
    loop {
        let length = from.read(&mut buffer)?;
        let packet = &buffer[..length];
        if packet.get(VERSION_AT).is_none_or(|first| first >> 4 != 4) {
            continue;
        }
        if !road.udp && packet.get(PROTOCOL_AT) == Some(&UDP) {
            continue;
        }
        if random.below(THOUSAND) >= road.loss
            && let Some(due) = line.carry(length)
        {
            // What does not fit is lost.
            drop(sender.try_send((due, packet.to_vec())));
        }
    }
}

/// A link that carries one packet after the other.
struct Line {
    road: Road,
    /// When all that was taken will have been carried.
    free: Instant,
}

impl Line {
    /// When a packet of `length` bytes arrives that is taken now; none when too much waits.
    fn carry(&mut self, length: usize) -> Option<Instant> {
        let now = Instant::now();
        let Some(rate) = self.road.rate else {
            return Some(now + self.road.delay);
        };
        let begins = self.free.max(now);
        if begins - now > self.road.queue {
            return None;
        }
        self.free = begins + Duration::from_nanos(length as u64 * NANOS_PER_SECOND / rate);
        Some(self.free + self.road.delay)
    }
}

fn deliver(packets: Receiver<Packet>, mut to: &File) {
    for (due, packet) in packets {
        let left = due.saturating_duration_since(Instant::now());
        if !left.is_zero() {
            thread::sleep(left);
        }
        // A device that takes nothing now loses it, as anything may be lost here.
        drop(to.write(&packet));
    }
}

/// Marsaglia's xorshift: the same packets are lost with the same seed.
struct Random(u64);

impl Random {
    fn new(seed: u64) -> Self {
        // Zero would stay zero; neighbouring seeds shall have nothing in common.
        let mut made = Self((seed + 1).wrapping_mul(0x9E37_79B9_7F4A_7C15));
        made.below(1);
        made
    }

    fn below(&mut self, bound: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 11) % bound
    }
}
