//! Whether a connection still lives, found out in less than a second where QUIC alone takes fifteen.
//!
//! While somebody waits for a peer, a connection on which nothing comes in is asked by a datagram of
//! one byte: QUIC acknowledges it, whatever the peer's program does with it. When that takes a few
//! times as long as usual the connection is in *doubt*: another one is tried beside it, since a peer
//! that was started again knows nothing of the old one and answers a new one at once. Where the new
//! one is there and the old one still says nothing, what waits on the old one hears that it is *lost*.
//!
//! A connection that says nothing for longer is *silent*: it counts as no way to the peer. It is not
//! closed for that, since network or peer may come back; it has a last chance after there is another
//! one. When there is none for some seconds, although this machine has a network, it is given up.

use std::{
    pin::pin,
    sync::{Arc, atomic::Ordering},
    time::Duration,
};

use bytes::Bytes;
use iroh::endpoint::VarInt;
use tokio::time::{Instant, sleep_until};

use crate::{
    Path, PublicKey,
    attending::Attended,
    connections::{Live, path_of},
    node::Inner,
};

/// How often a connection is looked at while somebody waits for its peer.
const LOOK_EVERY: Duration = Duration::from_millis(200);
/// How soon at least it is looked at again after it was asked, where round trips are short: a peer
/// that is busy may be held up for some tens of milliseconds.
const LOOK_SOONEST: Duration = Duration::from_millis(40);
/// How often it is looked at otherwise: both ends send something every 5 s.
const LOOK_WHEN_UNUSED: Duration = Duration::from_secs(5);
/// How long the quick pace goes on after the last one who waited, and after a change of the network:
/// long enough to be sure.
const QUICK_AFTER: Duration = Duration::from_secs(2);
/// How long nothing is answered on a silent connection, at least and at most; in between it is two
/// round trips.
const SILENT_AFTER: Duration = Duration::from_millis(600);
const SILENT_AT_LAST: Duration = Duration::from_secs(3);
/// The same at least before one is closed in whose place there is another one: a peer that was only
/// held up for a moment brings what is under way on it to its end.
const CLOSED_AFTER: Duration = Duration::from_secs(2);
/// The pause between two dials beside a silent connection, when those fail at once.
const BETWEEN_DIALS: Duration = Duration::from_secs(1);
/// How long a connection is silent, while somebody waits, before it is given up. As long as it is
/// there iroh sends all to its address, also what is to find the peer at another one.
const GIVEN_UP_AFTER: Duration = Duration::from_secs(4);
/// The code with which a silent connection is closed for one that works.
const REPLACED: VarInt = VarInt::from_u32(2);
/// The code with which one is closed that is given up.
const GIVEN_UP: VarInt = VarInt::from_u32(3);

/// What is known from looking; pure.
#[derive(Debug, Default)]
struct Vigil {
    heard: u64,
    /// How long nothing has been answered, as far as this has looked: a machine that slept has not.
    quiet: Option<Duration>,
}

impl Vigil {
    /// `heard` datagrams have come in so far, and the last look was `after` ago. Tells for how long
    /// questions are open; nothing when something has come in since the last look.
    fn look(&mut self, heard: u64, after: Duration) -> Option<Duration> {
        if heard != self.heard {
            *self = Self { heard, quiet: None };
            return None;
        }
        let quiet = self.quiet.map_or(Duration::ZERO, |quiet| quiet + after);
        self.quiet = Some(quiet);
        self.quiet
    }

    /// What is asked now is the first open question, and `heard` datagrams have come in so far.
    fn begin_anew(&mut self, heard: u64) {
        let quiet = Some(Duration::ZERO);
        *self = Self { heard, quiet };
    }
}

/// How long answers may take on a path.
#[derive(Debug, PartialEq, Eq)]
struct Patience {
    /// From a question to the next look.
    pace: Duration,
    /// Until the connection is in doubt: the peer was asked twice.
    doubted: Duration,
    /// Until it is silent.
    silent: Duration,
}

impl Patience {
    fn of(path: Path) -> Self {
        let (Path::Direct(rtt) | Path::Relayed(rtt)) = path else {
            return Self {
                pace: LOOK_EVERY,
                doubted: SILENT_AT_LAST,
                silent: SILENT_AT_LAST,
            };
        };
        let twice = (rtt * 2).max(LOOK_SOONEST);
        Self {
            pace: twice.min(LOOK_EVERY),
            doubted: twice * 2,
            silent: twice.clamp(SILENT_AFTER, SILENT_AT_LAST),
        }
    }
}

/// One connection that is looked at.
struct Watched {
    node: Arc<Inner>,
    peer: PublicKey,
    live: Live,
    /// Its number among those of the peer.
    number: u64,
    attended: Arc<Attended>,
    vigil: Vigil,
    /// Whether another one was begun beside it, in doubt, since something came in.
    is_doubted: bool,
    silence: Option<Silence>,
}

/// A connection is silent.
#[derive(Debug, Default)]
struct Silence {
    lasts: Duration,
    /// How long it lasts when another connection is tried next.
    next_dial: Duration,
}

/// Looks at one connection, the peer's one of this `number`, until it ends.
pub(crate) async fn keep(
    node: Arc<Inner>,
    peer: PublicKey,
    live: Live,
    number: u64,
    attended: Arc<Attended>,
) {
    let mut wake = attended.wakes();
    let mut changes = node.changes.subscribe();
    let connection = live.connection.clone();
    let mut closed = pin!(connection.closed());
    let mut watched = Watched {
        node,
        peer,
        live,
        number,
        attended,
        vigil: Vigil::default(),
        is_doubted: false,
        silence: None,
    };
    let closing = watched.node.closing.clone();
    let (mut looked, mut quick_until) = (Instant::now(), Instant::now());
    let mut was_newest = true;
    loop {
        let now = Instant::now();
        let is_newest = watched.is_newest();
        if is_newest != was_newest {
            // Another one took its place, which a dead one must not outlive.
            (was_newest, looked, quick_until) = (is_newest, now, now + QUICK_AFTER);
            watched.begin_anew();
        }
        if !watched.attended.is_unused() {
            quick_until = now + QUICK_AFTER;
        }
        let is_quick = now < quick_until || watched.vigil.quiet.is_some();
        if !is_quick && !watched.attended.rest() {
            continue;
        }
        let pace = if is_quick {
            watched.pace()
        } else {
            LOOK_WHEN_UNUSED
        };
        tokio::select! {
            biased;
            _ = &mut closed => return,
            () = closing.cancelled() => return,
            Ok(()) = wake.changed() => {
                if !is_quick {
                    // What is sent now is to be answered, and nothing before it counts.
                    looked = Instant::now();
                    watched.begin_anew();
                }
                continue;
            }
            Ok(()) = changes.changed() => {
                quick_until = Instant::now() + QUICK_AFTER;
                continue;
            }
            () = sleep_until(looked + pace) => {}
        }
        looked = Instant::now();
        if watched.look(pace) {
            return;
        }
    }
}

impl Watched {
    fn is_newest(&self) -> bool {
        self.node.connections.is_newest(&self.peer, &self.live)
    }

    fn heard(&self) -> u64 {
        self.live.connection.stats().udp_rx.datagrams
    }

    fn begin_anew(&mut self) {
        self.is_doubted = false;
        self.vigil.begin_anew(self.heard());
        ask(&self.live);
    }

    /// How soon a connection is looked at that somebody waits on.
    fn pace(&self) -> Duration {
        let Some(quiet) = self.vigil.quiet else {
            return LOOK_EVERY;
        };
        let patience = Patience::of(path_of(&self.live.connection));
        if quiet < patience.doubted {
            patience.pace
        } else {
            LOOK_EVERY
        }
    }

    /// Looks once, after a pause of `pace`; tells whether the connection was closed.
    fn look(&mut self, pace: Duration) -> bool {
        // Another one may have come while this slept.
        let is_newest = self.is_newest();
        let Some(quiet) = self.vigil.look(self.heard(), pace) else {
            self.lives(is_newest);
            return false;
        };
        ask(&self.live);
        let patience = Patience::of(path_of(&self.live.connection));
        if quiet >= patience.doubted && !self.is_doubted {
            self.doubt(is_newest);
        }
        if !is_newest {
            let is_over = quiet >= patience.silent.max(CLOSED_AFTER);
            if is_over {
                tracing::debug!(peer = %self.peer.short(), "a silent connection was replaced");
                self.live.connection.close(REPLACED, b"replaced");
            }
            return is_over;
        }
        quiet >= patience.silent && self.stays_silent(pace)
    }

    fn lives(&mut self, is_newest: bool) {
        self.is_doubted = false;
        self.silence = None;
        // Each time: which one is the newest may have changed since one was silent.
        self.attended.tell_silent(false);
        if self.live.set_silent(false) && is_newest {
            let path = self.node.connections.path(&self.peer);
            self.node.report(self.peer, path);
        }
    }

    /// Tries another connection, or tells that this one is lost where there is one already.
    fn doubt(&mut self, is_newest: bool) {
        let peer = self.peer;
        if !is_newest {
            let other = self.node.connections.usable(&peer);
            if other.is_some_and(|other| !other.is(&self.live)) {
                tracing::debug!(peer = %peer.short(), "nothing is answered on an older connection");
                self.attended.tell_lost(self.number);
                self.is_doubted = true;
            }
        } else if !self.attended.is_unused() {
            tracing::debug!(peer = %peer.short(), "another connection is tried beside a quiet one");
            self.node.begin_to_dial(peer, &self.live);
            self.is_doubted = true;
        }
    }

    /// Tells that the newest connection is silent, dials another one, and closes it after long
    /// enough; tells whether it has.
    fn stays_silent(&mut self, pace: Duration) -> bool {
        let peer = self.peer;
        let is_wanted = !self.attended.is_unused();
        if !self.live.set_silent(true) {
            tracing::debug!(peer = %peer.short(), "a peer is silent");
            if self.node.connections.is_silent(&peer) {
                self.attended.tell_silent(true);
            }
            self.node.report(peer, Path::Connecting);
        }
        let silence = match &mut self.silence {
            Some(silence) => {
                silence.lasts += pace;
                silence
            }
            none => none.insert(Silence::default()),
        };
        if is_wanted && silence.lasts >= silence.next_dial {
            silence.next_dial = silence.lasts + BETWEEN_DIALS;
            self.node.begin_to_dial(peer, &self.live);
        }
        let has_network = self.node.has_network.load(Ordering::Relaxed);
        let is_given_up = silence.lasts >= GIVEN_UP_AFTER && is_wanted && has_network;
        if is_given_up {
            tracing::debug!(peer = %peer.short(), "a silent connection was given up");
            self.live.connection.close(GIVEN_UP, b"silent");
        }
        is_given_up
    }
}

fn ask(live: &Live) {
    if let Err(error) = live.connection.send_datagram(Bytes::from_static(&[0])) {
        tracing::trace!(%error, "a peer is not asked whether it is there");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PAUSE: Duration = Duration::from_millis(40);

    #[test]
    fn quiet_is_counted_from_the_first_open_question() {
        let mut vigil = Vigil::default();
        assert_eq!(vigil.look(1, PAUSE), None);
        assert_eq!(vigil.look(1, PAUSE), Some(Duration::ZERO));
        assert_eq!(vigil.look(1, PAUSE), Some(PAUSE));
        assert_eq!(vigil.look(1, PAUSE), Some(2 * PAUSE));
        assert_eq!(vigil.look(2, PAUSE), None);
        assert_eq!(vigil.look(2, PAUSE), Some(Duration::ZERO));
        vigil.begin_anew(3);
        assert_eq!(vigil.look(3, PAUSE), Some(PAUSE));
    }

    #[test]
    fn slow_ways_have_more_time() {
        let of = |millis| Patience::of(Path::Relayed(Duration::from_millis(millis)));
        let near = of(1);
        assert_eq!((near.pace, near.silent), (LOOK_SOONEST, SILENT_AFTER));
        assert_eq!(near.doubted, 2 * LOOK_SOONEST);
        let far = of(90);
        assert_eq!(far.pace, Duration::from_millis(180));
        assert_eq!(far.doubted, Duration::from_millis(360));
        assert_eq!(far.silent, SILENT_AFTER);
        let slow = of(600);
        assert_eq!(
            (slow.pace, slow.silent),
            (LOOK_EVERY, Duration::from_millis(1200))
        );
        assert!(slow.doubted > slow.silent, "it is silent before that");
        assert_eq!(of(60_000).silent, SILENT_AT_LAST);
        assert_eq!(Patience::of(Path::Connecting).silent, SILENT_AT_LAST);
    }
}
