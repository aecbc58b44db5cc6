//! How fast a path is used: CUBIC on the same machine or network, BBR over longer ways.
//!
//! On a long way a packet is lost now and then for other reasons than too much traffic, and CUBIC
//! takes each loss for that: 20 ms away with 1 % of loss it moved 0.8 MB/s where BBR moved 15. On a
//! loopback BBR's pacing costs more than it brings: a download took up to twice the time, and the
//! slowest percent of 32 requests at once 66 ms where it had been 3.

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
    congestion::{Bbr3Config, Controller, ControllerFactory, ControllerMetrics, CubicConfig},
};

/// A path whose shortest round trip takes at least this long is a long one. A wireless network at
/// home is below it, the nearest machine at a provider's mostly above.
const FAR: Duration = Duration::from_millis(5);

/// Makes a controller for each path.
#[derive(Debug, Default)]
pub(crate) struct ByDistance {
    near: Arc<CubicConfig>,
    far: Arc<Bbr3Config>,
}

impl ControllerFactory for ByDistance {
    fn build(self: Arc<Self>, now: Instant, current_mtu: u16) -> Box<dyn Controller> {
        let near = Arc::clone(&self.near).build(now, current_mtu);
        Box::new(Steered {
            config: self,
            mtu: current_mtu,
            near,
            far: None,
        })
    }
}

/// The controller of one path, which changes when it is known how long that is.
#[derive(Debug)]
struct Steered {
    config: Arc<ByDistance>,
    mtu: u16,
    near: Box<dyn Controller>,
    /// In charge while there is one.
    far: Option<Box<dyn Controller>>,
}

impl Steered {
    fn choose(&mut self, now: Instant, shortest: Duration) {
        if shortest < FAR {
            self.far = None;
        } else if self.far.is_none() {
            let far = Arc::clone(&self.config.far);
            self.far = Some(far.build(now, self.mtu));
        }
    }

    fn current(&self) -> &dyn Controller {
        self.far.as_deref().unwrap_or(&*self.near)
    }

    fn current_mut(&mut self) -> &mut dyn Controller {
        match &mut self.far {
            Some(far) => &mut **far,
            None => &mut *self.near,
        }
    }
}

impl Controller for Steered {
    fn on_sent(&mut self, now: Instant, bytes: u64, largest: u64) {
        self.current_mut().on_sent(now, bytes, largest);
    }

    fn on_packet_sent(&mut self, now: Instant, bytes: u16, packet: u64) {
        self.current_mut().on_packet_sent(now, bytes, packet);
    }

    fn on_cwnd_limited(&mut self) {
        self.current_mut().on_cwnd_limited();
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
        self.choose(now, rtt.min());
        self.current_mut()
            .on_ack(now, sent, bytes, packet, app_limited, rtt);
    }

    fn on_end_acks(
        &mut self,
        now: Instant,
        in_flight: u64,
        app_limited: bool,
        largest_acked: Option<u64>,
    ) {
        self.current_mut()
            .on_end_acks(now, in_flight, app_limited, largest_acked);
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
        self.current_mut().on_congestion_event(
            now,
            sent,
            is_persistent_congestion,
            is_ecn,
            lost_bytes,
            largest_lost,
        );
    }

    fn on_packet_lost(&mut self, lost_bytes: u16, packet: u64, now: Instant) {
        self.current_mut().on_packet_lost(lost_bytes, packet, now);
    }

    fn on_spurious_congestion_event(&mut self) {
        self.current_mut().on_spurious_congestion_event();
    }

    fn on_mtu_update(&mut self, new_mtu: u16) {
        self.mtu = new_mtu;
        self.near.on_mtu_update(new_mtu);
        if let Some(far) = &mut self.far {
            far.on_mtu_update(new_mtu);
        }
    }

    fn on_ack_frequency_update(&mut self, threshold: u64, delay: Duration) {
        self.near.on_ack_frequency_update(threshold, delay);
        if let Some(far) = &mut self.far {
            far.on_ack_frequency_update(threshold, delay);
        }
    }

    fn window(&self) -> u64 {
        self.current().window()
    }

    fn metrics(&self) -> ControllerMetrics {
        self.current().metrics()
    }

    fn clone_box(&self) -> Box<dyn Controller> {
        Box::new(Self {
            config: Arc::clone(&self.config),
            mtu: self.mtu,
            near: self.near.clone_box(),
            far: self.far.as_ref().map(|far| far.clone_box()),
        })
    }

    fn initial_window(&self) -> u64 {
        self.current().initial_window()
    }

    fn into_any(self: Box<Self>) -> Box<dyn Any> {
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MTU: u16 = 1452;

    fn steered() -> Steered {
        let config = Arc::new(ByDistance::default());
        let near = Arc::clone(&config.near).build(Instant::now(), MTU);
        Steered {
            config,
            mtu: MTU,
            near,
            far: None,
        }
    }

    #[test]
    fn a_long_way_is_paced_and_a_short_one_is_not() {
        let mut path = steered();
        assert!(path.metrics().pacing_rate.is_none());
        path.choose(Instant::now(), Duration::from_millis(20));
        assert!(path.metrics().pacing_rate.is_some());
        // The first round trip was slow for another reason.
        path.choose(Instant::now(), Duration::from_millis(1));
        assert!(path.metrics().pacing_rate.is_none());
    }

    #[test]
    fn a_loss_narrows_a_short_way_and_not_a_long_one() {
        let now = Instant::now();
        let windows = [Duration::ZERO, FAR].map(|shortest| {
            let mut path = steered();
            path.choose(now, shortest);
            let before = path.window();
            path.on_packet_sent(now, MTU, 1);
            path.on_packet_lost(MTU, 1, now);
            path.on_congestion_event(now, now, false, false, MTU.into(), 1);
            (before, path.window())
        });
        let [(near_before, near), (far_before, far)] = windows;
        assert!(near < near_before, "{near} of {near_before}");
        assert_eq!(far, far_before);
    }

    #[test]
    fn what_is_learned_of_the_path_is_known_after_a_change() {
        let mut path = steered();
        path.on_mtu_update(1300);
        path.choose(Instant::now(), FAR);
        let copy = path.clone_box();
        assert_eq!(copy.window(), path.window());
        assert_eq!(path.mtu, 1300);
    }
}
