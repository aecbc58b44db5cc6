use proptest::{collection, prelude::*};

use super::*;

fn places(weights: &[u32]) -> Vec<Candidate> {
    let place = |(index, weight): (usize, &u32)| Candidate {
        usable: true,
        weight: *weight,
        load: 0,
        name: name_of(format!("127.0.0.1:{}", 3000 + index).as_bytes()),
    };
    weights.iter().enumerate().map(place).collect()
}

/// How often each is chosen in so many choices; chance goes through all there is, evenly.
fn counts(balance: UpstreamBalance, places: &[Candidate], times: u32) -> Vec<u32> {
    let mut spread = Spread::new(balance);
    let mut counts = vec![0; places.len()];
    for turn in 0..times {
        let one = f64::from(turn) / f64::from(times);
        let two = f64::from(turn.wrapping_mul(7919) % times) / f64::from(times);
        counts[spread.choose(places, None, [one, two]).unwrap()] += 1;
    }
    counts
}

#[test]
fn turns_of_a_heavy_place_are_spread() {
    let mut spread = Spread::new(UpstreamBalance::RoundRobin);
    let places = places(&[5, 1, 1]);
    let turns: Vec<_> = (0..7)
        .filter_map(|_| spread.choose(&places, None, [0.0; 2]))
        .collect();
    assert_eq!(turns, [0, 0, 1, 0, 2, 0, 0]);
}

#[test]
fn of_two_the_one_with_less_to_do_for_its_weight_is_taken() {
    let mut places = places(&[1, 1]);
    places[0].load = 3;
    let mut spread = Spread::new(UpstreamBalance::LeastLoaded);
    for chance in [[0.0, 0.0], [0.9, 0.0]] {
        assert_eq!(spread.choose(&places, None, chance), Some(1));
    }
    (places[0].weight, places[1].load) = (9, 1);
    assert_eq!(spread.choose(&places, None, [0.0, 0.0]), Some(0));
}

#[test]
fn the_first_that_works_takes_everything() {
    let mut places = places(&[1, 1, 1]);
    assert_eq!(counts(UpstreamBalance::First, &places, 10), [10, 0, 0]);
    places[0].usable = false;
    assert_eq!(counts(UpstreamBalance::First, &places, 10), [0, 10, 0]);
}

#[test]
fn keys_are_spread_by_weight() {
    let places = places(&[9, 1]);
    let mut spread = Spread::new(UpstreamBalance::First);
    let chosen = |key: u32| spread.choose(&places, Some(name_of(&key.to_le_bytes())), [0.0; 2]);
    let light = (0..10_000).filter_map(chosen).filter(|it| *it == 1).count();
    assert!((800..1200).contains(&light), "{light}");
}

fn candidates() -> impl Strategy<Value = Vec<Candidate>> {
    let one = (any::<bool>(), 1..1000_u32, 0..100_u64, any::<u64>());
    let one = one.prop_map(|(usable, weight, load, name)| Candidate {
        usable,
        weight,
        load,
        name,
    });
    collection::vec(one, 0..8)
}

fn balance() -> impl Strategy<Value = UpstreamBalance> {
    prop::sample::select(UpstreamBalance::ALL.to_vec())
}

proptest! {
    #[test]
    fn one_that_can_be_used_is_chosen_whenever_there_is_any(
        balance in balance(),
        rounds in collection::vec((candidates(), any::<Option<u64>>(), 0.0..=1.0, 0.0..=1.0), 1..20),
    ) {
        let mut spread = Spread::new(balance);
        for (candidates, key, one, two) in rounds {
            match spread.choose(&candidates, key, [one, two]) {
                Some(index) => prop_assert!(candidates[index].usable),
                None => prop_assert!(!candidates.iter().any(|it| it.usable)),
            }
        }
    }

    #[test]
    fn each_has_exactly_its_part_of_the_turns(weights in collection::vec(1..50_u32, 1..6)) {
        let all = weights.iter().sum();
        prop_assert_eq!(counts(UpstreamBalance::RoundRobin, &places(&weights), all), weights);
    }

    #[test]
    fn what_is_equally_loaded_gets_its_part(weights in collection::vec(1..50_u32, 1..6)) {
        let counts = counts(UpstreamBalance::LeastLoaded, &places(&weights), 5000);
        let all: u32 = weights.iter().sum();
        for (count, weight) in counts.iter().zip(&weights) {
            let fair = 5000.0 * f64::from(*weight) / f64::from(all);
            prop_assert!((f64::from(*count) - fair).abs() <= 2.0, "{counts:?} of {weights:?}");
        }
    }

    #[test]
    fn only_what_kept_to_a_place_moves_when_it_goes(
        weights in collection::vec(1..20_u32, 2..8),
        gone in 0..8_usize,
        key in any::<u64>(),
    ) {
        let mut places = places(&weights);
        let gone = gone % places.len();
        let mut spread = Spread::new(UpstreamBalance::First);
        let before = spread.choose(&places, Some(key), [0.0; 2]);
        places[gone].usable = false;
        let after = spread.choose(&places, Some(key), [0.0; 2]);
        prop_assert!(before == Some(gone) || before == after);
        places[gone].usable = true;
        prop_assert_eq!(spread.choose(&places, Some(key), [0.0; 2]), before);
    }
}
