//! Which of several places a request goes to; pure, what chance decides is an argument.
//!
//! A place that cannot be used is never chosen, and one that can always is when there is any. A
//! place with twice the weight gets twice as much.

use crate::config::UpstreamBalance;

/// One place that a request could go to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Candidate {
    /// Whether it can be used at this moment.
    pub(crate) usable: bool,
    /// Its part of the requests, against those of others; at least 1.
    pub(crate) weight: u32,
    /// Requests that it has under way.
    pub(crate) load: u64,
    /// What it is known by: the same for as long as it is the same place.
    pub(crate) name: u64,
}

/// How requests are spread; remembers whose turn it is.
#[derive(Debug, Clone)]
pub(crate) struct Spread {
    balance: UpstreamBalance,
    /// How far each place is behind its part.
    credits: Vec<i64>,
}

/// What chance has to say in one choice: numbers from 0 up to 1.
pub(crate) type Chance = [f64; 2];

impl Spread {
    pub(crate) fn new(balance: UpstreamBalance) -> Self {
        Self {
            balance,
            credits: Vec::new(),
        }
    }

    /// The index of the next place; nothing when none can be used.
    ///
    /// Requests with one `key` keep to one place for as long as it can be used.
    pub(crate) fn choose(
        &mut self,
        candidates: &[Candidate],
        key: Option<u64>,
        chance: Chance,
    ) -> Option<usize> {
        if let Some(key) = key {
            return sticky(candidates, key);
        }
        match self.balance {
            UpstreamBalance::First => candidates.iter().position(|it| it.usable),
            UpstreamBalance::LeastLoaded => least_loaded(candidates, chance),
            UpstreamBalance::RoundRobin => self.next_in_turn(candidates),
        }
    }

    /// Smooth weighted round robin, as nginx has it: who is furthest behind goes next, and turns of
    /// a heavy place are not all in a row.
    fn next_in_turn(&mut self, candidates: &[Candidate]) -> Option<usize> {
        self.credits.resize(candidates.len(), 0);
        let mut total = 0;
        let mut next: Option<(usize, i64)> = None;
        for (index, (it, credit)) in candidates.iter().zip(&mut self.credits).enumerate() {
            if !it.usable {
                // It does not save up turns while it is away.
                *credit = 0;
                continue;
            }
            *credit += i64::from(it.weight);
            total += i64::from(it.weight);
            if next.is_none_or(|(_, most)| *credit > most) {
                next = Some((index, *credit));
            }
        }
        let (index, _) = next?;
        if let Some(credit) = self.credits.get_mut(index) {
            *credit -= total;
        }
        Some(index)
    }
}

/// Of two that chance picks the one with less to do for its weight. One alone would be as good as
/// blind, and the least of all would be run down by everybody at once.
fn least_loaded(candidates: &[Candidate], [one, two]: Chance) -> Option<usize> {
    let first = by_weight(candidates, None, one)?;
    let Some(second) = by_weight(candidates, Some(first), two) else {
        return Some(first);
    };
    let (a, b) = (candidates.get(first)?, candidates.get(second)?);
    // What each has for its weight, without dividing; where that is the same, chance has decided.
    let of_first = u128::from(a.load) * u128::from(b.weight);
    let of_second = u128::from(b.load) * u128::from(a.weight);
    Some(if of_second < of_first { second } else { first })
}

/// One that can be used, by chance and weight, but not `other`.
fn by_weight(candidates: &[Candidate], other: Option<usize>, chance: f64) -> Option<usize> {
    let usable = candidates.iter().enumerate();
    let usable = usable.filter(|(index, it)| it.usable && Some(*index) != other);
    let total: u32 = usable.clone().map(|(_, it)| it.weight).sum();
    let mut left = chance.clamp(0.0, 1.0) * f64::from(total);
    let mut last = None;
    for (index, it) in usable {
        last = Some(index);
        left -= f64::from(it.weight);
        if left < 0.0 {
            break;
        }
    }
    last
}

/// Rendezvous hashing: each place draws a lot from the key and its own name, and the highest wins.
/// When a place goes, only what kept to it moves, and it comes back with it.
fn sticky(candidates: &[Candidate], key: u64) -> Option<usize> {
    let usable = candidates.iter().enumerate().filter(|(_, it)| it.usable);
    let lots = usable.map(|(index, it)| {
        let lot = fraction(mixed(key ^ mixed(it.name)));
        // The weighted form: -w / ln(u) is largest for place i with probability w_i / Σw.
        (index, -f64::from(it.weight) / lot.ln())
    });
    let highest = lots.max_by(|(_, a), (_, b)| a.total_cmp(b));
    highest.map(|(index, _)| index)
}

/// What a place or a key is known by, from its bytes: FNV-1a, which is the same on every machine
/// and in every version.
pub(crate) fn name_of(bytes: &[u8]) -> u64 {
    let all = bytes.iter().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3)
    });
    mixed(all)
}

/// Spreads what differs in few bits over all of them; the finalizer of SplitMix64.
fn mixed(mut bits: u64) -> u64 {
    bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    bits ^ (bits >> 31)
}

/// Above 0 and below 1.
fn fraction(bits: u64) -> f64 {
    let high = u32::try_from(bits >> 32).unwrap_or(u32::MAX);
    (f64::from(high) + 0.5) / (f64::from(u32::MAX) + 1.0)
}

#[cfg(test)]
mod tests;
