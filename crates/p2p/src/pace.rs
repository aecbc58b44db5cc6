//! So many bytes a second, fairly between peers, by making them wait and by nothing else.
//!
//! What has passed is paid for before the next bytes of the same stream may: whoever owes stands in
//! a line of its peer, and the lines are served in turn (start-time fair queueing, Goyal, Vin and
//! Cheng, 1996), so that a peer with a hundred streams gets no more than one with a single one, and
//! what one leaves over goes to the others. No byte is held: a stream that waits is not read.

use std::{
    collections::{BTreeMap, HashMap},
    pin::Pin,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    task::{Context, Poll, Waker, ready},
    time::Duration,
};

use tokio::time::{Instant, Sleep};

use crate::PublicKey;

/// What may pass at once after a pause: a timer wakes us no more often than every millisecond.
const BURST: Duration = Duration::from_millis(100);
/// The same at least, for the slowest rates.
const LEAST_BURST: f64 = 16.0 * 1024.0;
/// Peers whose lines are remembered before those that got all they wanted are forgotten.
const MANY_PEERS: usize = 1024;

/// So many bytes a second for all that pass by it; clones are the same.
#[derive(Debug, Clone)]
pub struct Throttle(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    is_limited: AtomicBool,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    lines: Lines,
    wakers: HashMap<Ticket, Waker>,
}

impl Default for Throttle {
    fn default() -> Self {
        Self::new(None)
    }
}

impl Throttle {
    /// Lets `bytes_per_second` pass, or anything.
    #[must_use]
    pub fn new(bytes_per_second: Option<u64>) -> Self {
        let throttle = Self(Arc::new(Inner {
            is_limited: AtomicBool::new(false),
            state: Mutex::new(State {
                lines: Lines::new(Instant::now()),
                wakers: HashMap::new(),
            }),
        }));
        throttle.set(bytes_per_second);
        throttle
    }

    /// The same from here on, also for streams that are open.
    pub fn set(&self, bytes_per_second: Option<u64>) {
        self.0
            .is_limited
            .store(bytes_per_second.is_some(), Ordering::Relaxed);
        let mut state = self.lock();
        state.lines.rate = bytes_per_second.map(|rate| Duration::from_secs(rate).as_secs_f64());
        for (_, waker) in state.wakers.drain() {
            waker.wake();
        }
    }

    /// Whether anything else has it, too.
    #[must_use]
    pub fn is_used(&self) -> bool {
        Arc::strong_count(&self.0) > 1
    }

    fn is_limited(&self) -> bool {
        self.0.is_limited.load(Ordering::Relaxed)
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn leave(&self, ticket: Ticket) {
        let mut state = self.lock();
        state.wakers.remove(&ticket);
        state.lines.leave(ticket);
        state.wake_first();
    }
}

impl State {
    fn wake_first(&mut self) {
        let first = self.lines.first();
        if let Some(waker) = first.and_then(|first| self.wakers.remove(&first)) {
            waker.wake();
        }
    }
}

/// What one direction of a stream owes, to whom, and where it stands in line.
#[derive(Debug)]
pub(crate) struct Pace {
    peer: PublicKey,
    throttles: [Option<Throttle>; 2],
    owed: u64,
    /// The throttle that is being paid; those before it have been.
    paying: usize,
    ticket: Option<Ticket>,
    timer: Option<Pin<Box<Sleep>>>,
}

impl Pace {
    pub(crate) fn new(peer: PublicKey, throttle: Throttle) -> Self {
        Self {
            peer,
            throttles: [Some(throttle), None],
            owed: 0,
            paying: 0,
            ticket: None,
            timer: None,
        }
    }

    /// Another limit beside that of the node.
    pub(crate) fn limit(&mut self, throttle: Throttle) {
        self.throttles[1] = Some(throttle);
    }

    /// Whether anything is to be paid for.
    pub(crate) fn is_limited(&self) -> bool {
        self.throttles.iter().flatten().any(Throttle::is_limited)
    }

    /// Notes what has passed.
    pub(crate) fn owe(&mut self, bytes: usize) {
        self.owed += bytes as u64;
    }

    /// Waits until all that has passed is paid for. Cancel safe.
    pub(crate) fn poll_paid(&mut self, context: &mut Context<'_>) -> Poll<()> {
        if self.owed == 0 {
            return Poll::Ready(());
        }
        while let Some(throttle) = self.throttles.get(self.paying) {
            if let Some(throttle) = throttle.clone() {
                ready!(self.poll_one(&throttle, context));
            }
            self.paying += 1;
        }
        (self.owed, self.paying) = (0, 0);
        Poll::Ready(())
    }

    fn poll_one(&mut self, throttle: &Throttle, context: &mut Context<'_>) -> Poll<()> {
        loop {
            let wait = {
                let mut state = throttle.lock();
                let now = Instant::now();
                let turn = match self.ticket {
                    Some(ticket) => state.lines.turn(ticket, now),
                    None => match state.lines.owe(self.peer, self.owed, now) {
                        None => return Poll::Ready(()),
                        Some(ticket) => {
                            self.ticket = Some(ticket);
                            continue;
                        }
                    },
                };
                let Some(ticket) = self.ticket else { continue };
                match turn {
                    Turn::Paid => {
                        self.ticket = None;
                        state.wakers.remove(&ticket);
                        state.wake_first();
                        return Poll::Ready(());
                    }
                    Turn::In(wait) => {
                        state.wakers.insert(ticket, context.waker().clone());
                        wait
                    }
                    Turn::Behind => {
                        state.wakers.insert(ticket, context.waker().clone());
                        return Poll::Pending;
                    }
                }
            };
            let timer = self
                .timer
                .get_or_insert_with(|| Box::pin(tokio::time::sleep(wait)));
            timer.as_mut().reset(Instant::now() + wait);
            ready!(timer.as_mut().poll(context));
        }
    }
}

impl Drop for Pace {
    fn drop(&mut self) {
        if let (Some(ticket), Some(Some(throttle))) =
            (self.ticket.take(), self.throttles.get(self.paying))
        {
            throttle.leave(ticket);
        }
    }
}

/// A place in a line: when its turn comes, and a number.
type Ticket = (u64, u64);

/// Whose turn it is; pure.
#[derive(Debug)]
struct Lines {
    rate: Option<f64>,
    /// Below zero when more has passed than was there.
    tokens: f64,
    at: Instant,
    queue: BTreeMap<Ticket, (PublicKey, u64)>,
    /// In bytes, as if each peer were served alone: the turn of the one that was served last, and
    /// where the line of each peer ends.
    served: u64,
    ends: HashMap<PublicKey, u64>,
    numbers: u64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Turn {
    Paid,
    /// First in line; to be asked again then.
    In(Duration),
    Behind,
}

impl Lines {
    fn new(now: Instant) -> Self {
        Self {
            rate: None,
            tokens: 0.0,
            at: now,
            queue: BTreeMap::new(),
            served: 0,
            ends: HashMap::new(),
            numbers: 0,
        }
    }

    /// Pays at once where nobody waits, or stands in line.
    fn owe(&mut self, peer: PublicKey, bytes: u64, now: Instant) -> Option<Ticket> {
        if self.queue.is_empty() && self.pays(bytes, now) {
            return None;
        }
        let end = self.ends.entry(peer).or_default();
        let start = self.served.max(*end);
        *end = start.saturating_add(bytes);
        self.numbers += 1;
        let ticket = (start, self.numbers);
        self.queue.insert(ticket, (peer, bytes));
        if self.ends.len() > MANY_PEERS {
            let served = self.served;
            self.ends.retain(|_, end| *end > served);
        }
        Some(ticket)
    }

    fn turn(&mut self, ticket: Ticket, now: Instant) -> Turn {
        if self.first() != Some(ticket) {
            // One that is in no line has nothing to wait for.
            let waits = self.queue.contains_key(&ticket);
            return if waits { Turn::Behind } else { Turn::Paid };
        }
        let bytes = self.queue.get(&ticket).map_or(0, |(_, bytes)| *bytes);
        if self.pays(bytes, now) {
            self.leave(ticket);
            self.served = self.served.max(ticket.0);
            return Turn::Paid;
        }
        let wait = self.rate.map_or(0.0, |rate| (1.0 - self.tokens) / rate);
        Turn::In(Duration::from_secs_f64(wait.max(0.0)))
    }

    fn leave(&mut self, ticket: Ticket) {
        self.queue.remove(&ticket);
    }

    fn first(&self) -> Option<Ticket> {
        self.queue.first_key_value().map(|(ticket, _)| *ticket)
    }

    fn pays(&mut self, bytes: u64, now: Instant) -> bool {
        let Some(rate) = self.rate else {
            return true;
        };
        let passed = now.saturating_duration_since(self.at).as_secs_f64();
        let most = LEAST_BURST.max(rate * BURST.as_secs_f64());
        self.tokens = most.min(self.tokens + passed * rate);
        self.at = self.at.max(now);
        if self.tokens < 1.0 {
            return false;
        }
        self.tokens -= Duration::from_secs(bytes).as_secs_f64();
        true
    }
}

#[cfg(test)]
mod tests;
