//! Room for the connections of one listener.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

use crate::meter::{Meter, Refusal};

/// Connections of one listener at once, where nothing else is said.
pub(super) const MOST: usize = 16_384;
/// Connections beyond that are told so at most that many at a time; the rest are reset.
const MOST_TOLD: usize = 256;

/// Room for the connections of one listener; clones share it.
#[derive(Debug, Clone)]
pub(crate) struct Room {
    most: Arc<AtomicUsize>,
    open: Arc<AtomicUsize>,
    told: Arc<AtomicUsize>,
    meter: Option<Meter>,
}

/// One connection's place.
#[derive(Debug)]
pub(super) struct Place(Arc<AtomicUsize>);

impl Drop for Place {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Default for Room {
    fn default() -> Self {
        Self::new(Arc::new(AtomicUsize::new(MOST)))
    }
}

impl Room {
    /// For as many as `most` says at each moment.
    pub(super) fn new(most: Arc<AtomicUsize>) -> Self {
        Self {
            most,
            open: Arc::default(),
            told: Arc::default(),
            meter: None,
        }
    }

    /// Counts in `meter` what is turned away.
    pub(super) fn counting(mut self, meter: Meter) -> Self {
        self.meter = Some(meter);
        self
    }

    /// Whether most of it is taken.
    pub(super) fn is_tight(&self) -> bool {
        let most = self.most.load(Ordering::Relaxed);
        self.open.load(Ordering::Relaxed) > most - most / 4
    }

    pub(super) fn take(&self) -> Option<Place> {
        place(&self.open, self.most.load(Ordering::Relaxed))
    }

    /// The place of one that is to be told that there is none.
    pub(super) fn turn_away(&self) -> Option<Place> {
        if let Some(meter) = &self.meter {
            meter.refused(Refusal::Connections);
        }
        place(&self.told, MOST_TOLD)
    }
}

fn place(taken: &Arc<AtomicUsize>, most: usize) -> Option<Place> {
    let place = (
        taken.fetch_add(1, Ordering::Relaxed) < most,
        Place(Arc::clone(taken)),
    );
    place.0.then_some(place.1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_that_is_left_is_free_again_and_another_number_holds_at_once() {
        let most = Arc::new(AtomicUsize::new(4));
        let room = Room::new(Arc::clone(&most));
        let mut places: Vec<_> = (0..4).map(|_| room.take().unwrap()).collect();
        assert!(room.is_tight() && room.take().is_none() && room.take().is_none());
        places.pop();
        assert!(!room.is_tight());
        places.push(room.take().unwrap());
        most.store(5, Ordering::Relaxed);
        assert!(room.take().is_some());
    }

    #[test]
    fn not_everybody_is_told() {
        let room = Room::default();
        let told: Vec<_> = (0..1000).filter_map(|_| room.turn_away()).collect();
        assert_eq!(told.len(), MOST_TOLD);
    }
}
