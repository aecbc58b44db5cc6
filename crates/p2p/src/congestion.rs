//! How much may be on its way: CUBIC, which here does not take each lost packet for too much traffic.
//!
//! On a long way some packets are lost for other reasons. As long as few are and nothing queues,
//! which shows in the round trip, such losses close nothing. Measured: 20 ms away with 1 % of loss a
//! download of 0.8 MB/s became one of 13.
//!
//! On a short way it is iroh that loses them: where the system does not take a datagram at once, or
//! tokio lets other tasks go first, it drops it. Whoever is busy receiving drops up to a fifth of
//! its own few packets, and CUBIC would close the window to two packets for that; then the requests
//! wait that ask for more. So the window stays open for as much as at its beginning. Measured: 32
//! requests at once for 100 KB each became a third more, and their slowest percent took 19 ms in
//! place of 45.

#![expect(
    clippy::disallowed_types,
    reason = "the trait of noq has this `Instant`, and no time is told here"
)]

use std::{
    any::Any,
    sync::Arc,
    time::{Duration, Instant},
};

use noq_proto::{
    RttEstimator,
    congestion::{Controller, ControllerFactory, ControllerMetrics, CubicConfig},
};

/// A path whose shortest round trip takes less is a short one: on the same machine or network,
/// where the initial window of ten packets (RFC 9002, section 7.2) does no harm to others.
const NEAR: Duration = Duration::from_millis(5);
/// Of packets lost, as parts of all, this many are not taken for congestion; as in BBR.
const TOLERATED_PARTS: u64 = 50;
/// So many packets may be lost before that part is known.
const TOLERATED_PACKETS: u64 = 8;
/// Bytes after which what was seen counts half: some thousand packets, so that chance evens out.
const SAMPLE_BYTES: u64 = 4 * 1024 * 1024;
/// The part of the shortest round trip by which it may be longer while nothing queues.
const QUEUE_PARTS: u32 = 4;

/// Makes a controller for each path.
#[derive(Debug, Default)]
pub(crate) struct OpenCubicConfig(Arc<CubicConfig>);

impl ControllerFactory for OpenCubicConfig {
    fn build(self: Arc<Self>, now: Instant, current_mtu: u16) -> Box<dyn Controller> {
        Box::new(OpenCubic {
            cubic: Arc::clone(&self.0).build(now, current_mtu),
            way: Way {
                mtu: current_mtu.into(),
                ..Way::default()
            },
        })
    }
}

/// What is known of one path; pure.
#[derive(Debug, Clone, Default)]
struct Way {
    mtu: u64,
    /// The shortest round trip, and the usual one, once there was one.
    round_trip: Option<(Duration, Duration)>,
    /// Bytes that came, and did not, lately.
    came: u64,
    lost: u64,
}

impl Way {
    fn is_near(&self) -> bool {
        self.round_trip.is_some_and(|(shortest, _)| shortest < NEAR)
    }

    fn has_queue(&self) -> bool {
        self.round_trip
            .is_none_or(|(shortest, usual)| usual > shortest + NEAR.max(shortest / QUEUE_PARTS))
    }

    /// Whether so few bytes are lost that the network is not to blame for too much traffic.
    fn loses_little(&self) -> bool {
        let few = TOLERATED_PACKETS * self.mtu;
        self.lost <= few.max((self.came + self.lost) / TOLERATED_PARTS)
    }

    fn saw(&mut self, came: u64, lost: u64) {
        self.came += came;
        self.lost += lost;
        if self.came + self.lost > SAMPLE_BYTES {
            self.came /= 2;
            self.lost /= 2;
        }
    }
}

/// The controller of one path.
#[derive(Debug)]
struct OpenCubic {
    cubic: Box<dyn Controller>,
    way: Way,
}

impl Controller for OpenCubic {
    fn on_sent(&mut self, now: Instant, bytes: u64, largest: u64) {
        self.cubic.on_sent(now, bytes, largest);
    }

    fn on_packet_sent(&mut self, now: Instant, bytes: u16, packet: u64) {
        self.cubic.on_packet_sent(now, bytes, packet);
    }

    fn on_cwnd_limited(&mut self) {
        self.cubic.on_cwnd_limited();
    }

    fn on_ack(
        &mut self,
        now: Instant,
        sent: Instant,
        bytes: u64,
        packet: u64,
        app_limited: bool,
        rtt: &RttEstimator,
    ) {
        self.way.round_trip = Some((rtt.min(), rtt.get()));
        self.way.saw(bytes, 0);
        self.cubic
            .on_ack(now, sent, bytes, packet, app_limited, rtt);
    }

    fn on_end_acks(
        &mut self,
        now: Instant,
        in_flight: u64,
        app_limited: bool,
        largest_packet_num_acked: Option<u64>,
    ) {
        self.cubic
            .on_end_acks(now, in_flight, app_limited, largest_packet_num_acked);
    }

    fn on_congestion_event(
        &mut self,
        now: Instant,
        sent: Instant,
        is_persistent_congestion: bool,
        is_ecn: bool,
        lost_bytes: u64,
        largest_lost: u64,
    ) {
        self.way.saw(0, lost_bytes);
        let is_chance = !self.way.is_near() && !self.way.has_queue() && self.way.loses_little();
        if is_chance && !is_ecn && !is_persistent_congestion {
            return;
        }
        self.cubic.on_congestion_event(
            now,
            sent,
            is_persistent_congestion,
            is_ecn,
            lost_bytes,
            largest_lost,
        );
    }

    fn on_packet_lost(&mut self, lost_bytes: u16, packet: u64, now: Instant) {
        self.cubic.on_packet_lost(lost_bytes, packet, now);
    }

    fn on_spurious_congestion_event(&mut self) {
        self.cubic.on_spurious_congestion_event();
    }

    fn on_mtu_update(&mut self, new_mtu: u16) {
        self.way.mtu = new_mtu.into();
        self.cubic.on_mtu_update(new_mtu);
    }

    fn on_ack_frequency_update(&mut self, threshold: u64, delay: Duration) {
        self.cubic.on_ack_frequency_update(threshold, delay);
    }

    fn window(&self) -> u64 {
        let window = self.cubic.window();
        if self.way.is_near() {
            window.max(self.cubic.initial_window())
        } else {
            window
        }
    }

    fn metrics(&self) -> ControllerMetrics {
        let mut metrics = self.cubic.metrics();
        metrics.congestion_window = self.window();
        metrics
    }

    fn clone_box(&self) -> Box<dyn Controller> {
        Box::new(Self {
            cubic: self.cubic.clone_box(),
            way: self.way.clone(),
        })
    }

    fn initial_window(&self) -> u64 {
        self.cubic.initial_window()
    }

    fn into_any(self: Box<Self>) -> Box<dyn Any> {
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MTU: u16 = 1452;

    fn path(shortest: Duration, usual: Duration) -> OpenCubic {
        OpenCubic {
            cubic: Arc::new(CubicConfig::default()).build(Instant::now(), MTU),
            way: Way {
                mtu: MTU.into(),
                round_trip: Some((shortest, usual)),
                ..Way::default()
            },
        }
    }

    /// Loses so many packets one after the other, of so many each; returns the windows before and
    /// after.
    fn lose(path: &mut OpenCubic, packets: u64, of_each: u64) -> (u64, u64) {
        let (begun, before) = (Instant::now(), path.window());
        for number in 1..=packets {
            let now = begun + Duration::from_secs(number);
            path.way.saw((of_each - 1) * u64::from(MTU), 0);
            path.on_packet_lost(MTU, number, now);
            path.on_congestion_event(now, now, false, false, MTU.into(), number);
        }
        assert_eq!(path.metrics().congestion_window, path.window());
        assert_eq!(path.clone_box().window(), path.window());
        (before, path.window())
    }

    #[test]
    fn losses_do_not_close_the_window_on_a_short_way() {
        let mut path = path(NEAR / 2, NEAR);
        let (before, after) = lose(&mut path, 100, 2);
        assert_eq!((before, after), (path.initial_window(), before));
    }

    #[test]
    fn few_losses_close_nothing_where_nothing_queues() {
        let mut path = path(4 * NEAR, 4 * NEAR);
        let (before, after) = lose(&mut path, 1000, 100);
        assert_eq!(after, before);
    }

    #[test]
    fn many_losses_do() {
        let mut path = path(4 * NEAR, 4 * NEAR);
        let (before, after) = lose(&mut path, TOLERATED_PACKETS, 20);
        assert_eq!(after, before);
        let (before, after) = lose(&mut path, 1, 20);
        assert!(after < before, "{after} of {before}");
    }

    #[test]
    fn few_losses_do_where_something_queues() {
        let mut path = path(4 * NEAR, 6 * NEAR);
        let (before, after) = lose(&mut path, 1, 100);
        assert!(after < before, "{after} of {before}");
    }

    #[test]
    fn what_others_say_of_congestion_is_believed() {
        for (is_persistent, is_ecn) in [(true, false), (false, true)] {
            let mut path = path(4 * NEAR, 4 * NEAR);
            let (now, before) = (Instant::now(), path.window());
            path.on_congestion_event(now, now, is_persistent, is_ecn, 0, 1);
            assert!(path.window() < before);
        }
    }

    #[test]
    fn losses_of_long_ago_are_forgotten() {
        let mut way = Way {
            mtu: MTU.into(),
            ..Way::default()
        };
        way.saw(0, SAMPLE_BYTES / 10);
        assert!(!way.loses_little());
        for _ in 0..10 {
            way.saw(SAMPLE_BYTES, 0);
        }
        assert!(way.loses_little());
    }
}
