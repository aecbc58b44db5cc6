//! Whether a connection still lives, found out in about a second where QUIC alone takes fifteen.
//!
//! While somebody waits for a peer, a connection on which nothing comes in is asked by a datagram of
//! one byte: QUIC acknowledges it, whatever the peer's program does with it. When some in a row are
//! not answered the connection is *silent*. It is not closed for that, since network or peer may
//! come back; but it counts as no way to the peer, another one is tried at the same time, and once
//! there is one the silent one has a last chance before it is closed. When there is none for some
//! seconds, although this machine has a network, it is given up.

use std::{
    pin::pin,
    sync::{Arc, atomic::Ordering},
    time::Duration,
};

use bytes::Bytes;
use iroh::endpoint::VarInt;
use tokio::time::sleep;

use crate::{
    Path, PublicKey,
    attending::Attended,
    connections::{Live, path_of},
    node::Inner,
};

/// How often a connection is looked at while somebody waits for its peer.
const LOOK_EVERY: Duration = Duration::from_millis(200);
/// How often it is looked at otherwise: both ends send something every 5 s.
const LOOK_WHEN_UNUSED: Duration = Duration::from_secs(5);
/// Looks that go on at the quick pace after the last one who waited, and after a change of the
/// network: long enough to be sure.
const LOOKS_AFTER: u32 = 10;
/// Questions without an answer that make a connection silent; more where answers take long.
const FEWEST_UNANSWERED: u32 = 3;
/// The same at most: 3 s.
const MOST_UNANSWERED: u32 = 15;
/// The same at least of a connection in whose place there is another one: 2 s. Nothing new goes over
/// it, and a peer that was only held up for a moment brings what is under way on it to its end.
const FEWEST_UNANSWERED_OF_REPLACED: u32 = 10;
/// Looks at a silent connection between two dials, when those fail at once.
const LOOKS_BETWEEN_DIALS: u32 = 5;
/// Looks at a silent connection after which it is given up while somebody waits: 4 s. As long as it
/// is there iroh sends all to its address, also what is to find the peer at another one.
const LOOKS_BEFORE_GIVING_UP: u32 = 20;
/// The code with which a silent connection is closed for one that works.
const REPLACED: VarInt = VarInt::from_u32(2);
/// The code with which one is closed that is given up.
const GIVEN_UP: VarInt = VarInt::from_u32(3);

/// What is known from looking; pure.
#[derive(Debug, Default)]
struct Vigil {
    heard: u64,
    unanswered: u32,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Finding {
    /// Something has come in since the last look.
    Lives,
    /// Nothing has: the peer is to be asked.
    Ask,
    /// It was asked often enough.
    Silent,
}

impl Vigil {
    /// `heard` datagrams have come in so far.
    fn look(&mut self, heard: u64, patience: u32) -> Finding {
        if heard != self.heard {
            *self = Self {
                heard,
                unanswered: 0,
            };
            return Finding::Lives;
        }
        self.unanswered = self.unanswered.saturating_add(1);
        if self.unanswered > patience {
            Finding::Silent
        } else {
            Finding::Ask
        }
    }

    /// Asks as often again before it is silent.
    fn begin_anew(&mut self) {
        self.unanswered = 0;
    }

    fn is_in_doubt(&self) -> bool {
        self.unanswered > 0
    }
}

/// How many questions may be open: an answer may take two of the usual round trips.
fn patience(path: Path) -> u32 {
    let (Path::Direct(rtt) | Path::Relayed(rtt)) = path else {
        return MOST_UNANSWERED;
    };
    let looks = (rtt * 2).as_millis().div_ceil(LOOK_EVERY.as_millis());
    let looks = u32::try_from(looks).unwrap_or(MOST_UNANSWERED);
    looks.clamp(FEWEST_UNANSWERED, MOST_UNANSWERED)
}

/// Looks at one connection until it ends.
pub(crate) async fn keep(node: Arc<Inner>, peer: PublicKey, live: Live, attended: Arc<Attended>) {
    let mut wake = attended.wakes();
    let mut changes = node.changes.subscribe();
    let mut closed = pin!(live.connection.closed());
    let (mut vigil, mut looks, mut was_newest) = (Vigil::default(), 0, true);
    let mut silent_for = 0_u32;
    loop {
        let is_newest = node.connections.is_newest(&peer, &live.connection);
        if is_newest != was_newest {
            // Another one took its place, which a dead one must not outlive.
            (was_newest, looks) = (is_newest, LOOKS_AFTER);
            vigil.begin_anew();
        }
        attended.rest();
        if !attended.is_unused() {
            looks = LOOKS_AFTER;
        }
        let pace = if looks > 0 || vigil.is_in_doubt() {
            LOOK_EVERY
        } else {
            LOOK_WHEN_UNUSED
        };
        tokio::select! {
            biased;
            _ = &mut closed => return,
            () = node.closing.cancelled() => return,
            Ok(()) = wake.changed() => continue,
            Ok(()) = changes.changed() => {
                looks = LOOKS_AFTER;
                continue;
            }
            () = sleep(pace) => {}
        }
        looks = looks.saturating_sub(1);
        // Another one may have come while this slept.
        let is_newest = node.connections.is_newest(&peer, &live.connection);
        let heard = live.connection.stats().udp_rx.datagrams;
        let mut patience = patience(path_of(&live.connection));
        if !is_newest {
            patience = patience.max(FEWEST_UNANSWERED_OF_REPLACED);
        }
        let finding = vigil.look(heard, patience);
        if finding == Finding::Lives {
            silent_for = 0;
            // Each time: which one is the newest may have changed since one was silent.
            attended.tell_silent(false);
            if live.set_silent(false) && is_newest {
                node.report(peer, node.connections.path(&peer));
            }
            continue;
        }
        ask(&live);
        if finding == Finding::Ask {
            continue;
        }
        if !is_newest {
            tracing::debug!(peer = %peer.short(), "a silent connection was replaced");
            live.connection.close(REPLACED, b"replaced");
            return;
        }
        if !live.set_silent(true) {
            tracing::debug!(peer = %peer.short(), "a peer is silent");
            if node.connections.is_silent(&peer) {
                attended.tell_silent(true);
            }
            node.report(peer, Path::Connecting);
        }
        if silent_for.is_multiple_of(LOOKS_BETWEEN_DIALS) && !attended.is_unused() {
            node.begin_to_dial(peer);
        }
        silent_for += 1;
        let may_be_elsewhere = node.has_network.load(Ordering::Relaxed) && !attended.is_unused();
        if silent_for > LOOKS_BEFORE_GIVING_UP && may_be_elsewhere {
            tracing::debug!(peer = %peer.short(), "a silent connection was given up");
            live.connection.close(GIVEN_UP, b"silent");
            return;
        }
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

    #[test]
    fn a_connection_is_silent_after_questions_without_an_answer() {
        let mut vigil = Vigil::default();
        assert_eq!(vigil.look(1, 3), Finding::Lives);
        for _ in 0..3 {
            assert_eq!(vigil.look(1, 3), Finding::Ask);
        }
        assert_eq!(vigil.look(1, 3), Finding::Silent);
        assert_eq!(vigil.look(1, 3), Finding::Silent);
        assert_eq!(vigil.look(2, 3), Finding::Lives);
        assert!(!vigil.is_in_doubt());
        assert_eq!(vigil.look(2, 3), Finding::Ask);
        vigil.unanswered = 3;
        assert_eq!(vigil.look(2, 3), Finding::Silent);
        vigil.begin_anew();
        assert_eq!(vigil.look(2, 3), Finding::Ask);
    }

    #[test]
    fn slow_ways_have_more_time() {
        let of = |millis| patience(Path::Relayed(Duration::from_millis(millis)));
        assert_eq!(of(1), FEWEST_UNANSWERED);
        assert_eq!(of(600), 6);
        assert_eq!(of(60_000), MOST_UNANSWERED);
        assert_eq!(patience(Path::Connecting), MOST_UNANSWERED);
    }
}
