//! What the TXT records of a domain say; pure.
//!
//! A record is `malai=<id52>`; below `_malai`, where nothing else belongs, a bare `<id52>` will do.
//! Everything else in TXT is somebody else's and passed over.

use std::collections::BTreeSet;

use fastn_p2p::PublicKey;

/// What begins a record of ours.
const PREFIX: &str = "malai=";

/// The label below a domain that is ours alone.
const LABEL: &str = "_malai";

/// Records of one answer that are looked at; an honest one has few.
const MAX_RECORDS: usize = 128;

/// Strings of one record that are looked at; a key takes one.
const MAX_STRINGS: usize = 8;

/// Where a record stands, in the order in which they are asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Spot {
    /// `_malai.<domain>`
    Label,
    /// The domain itself, where the legacy tool looked.
    Domain,
}

impl Spot {
    /// All of them, in order.
    pub(crate) const ALL: [Self; 2] = [Self::Label, Self::Domain];

    /// The name that has the record of `domain`.
    pub(crate) fn name(self, domain: &str) -> String {
        match self {
            Self::Label => format!("{LABEL}.{domain}"),
            Self::Domain => domain.to_owned(),
        }
    }
}

/// The different keys that are named by the records of one spot, each record being its strings.
pub(super) fn keys<'a, R>(spot: Spot, records: impl IntoIterator<Item = R>) -> BTreeSet<PublicKey>
where
    R: IntoIterator<Item = &'a [u8]>,
{
    let records = records.into_iter().take(MAX_RECORDS);
    records.flat_map(|record| of_record(spot, record)).collect()
}

/// A record says one thing in all of its strings together, or, as the legacy tool read it, in one.
fn of_record<'a>(
    spot: Spot,
    record: impl IntoIterator<Item = &'a [u8]>,
) -> impl Iterator<Item = PublicKey> {
    let strings: Vec<&[u8]> = record.into_iter().take(MAX_STRINGS).collect();
    let whole = strings.concat();
    let alone = strings.iter().filter_map(|string| key(spot, string));
    let found: Vec<PublicKey> = alone.chain(key(spot, &whole)).collect();
    found.into_iter()
}

fn key(spot: Spot, text: &[u8]) -> Option<PublicKey> {
    let text = std::str::from_utf8(text).ok()?;
    match (text.strip_prefix(PREFIX), spot) {
        (Some(id52), _) => id52.parse().ok(),
        (None, Spot::Label) => text.parse().ok(),
        (None, Spot::Domain) => None,
    }
}

/// The line of a zone file that makes `domain` name `key`.
pub(crate) fn line(domain: &str, key: &PublicKey) -> String {
    let name = Spot::Label.name(domain);
    format!("{name}. 300 IN TXT \"{PREFIX}{key}\"")
}

#[cfg(test)]
mod tests {
    use fastn_p2p::SecretKey;
    use proptest::prelude::*;

    use super::*;

    fn id52(seed: u8) -> String {
        SecretKey::from_bytes([seed; 32]).public().to_string()
    }

    fn read(spot: Spot, records: &[&[&str]]) -> Vec<String> {
        let records = records
            .iter()
            .map(|record| record.iter().map(|string| string.as_bytes()));
        let keys = keys(spot, records);
        keys.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn reads_the_legacy_form_in_both_spots_and_the_bare_one_in_ours() {
        let (id52, legacy) = (id52(1), format!("malai={}", id52(1)));
        for spot in Spot::ALL {
            assert_eq!(read(spot, &[&[&legacy]]), [id52.as_str()]);
        }
        assert_eq!(read(Spot::Label, &[&[&id52]]), [id52.as_str()]);
        assert!(read(Spot::Domain, &[&[&id52]]).is_empty());
    }

    #[test]
    fn passes_over_what_is_not_ours_or_not_whole() {
        let id52 = id52(1);
        let short = format!("malai={}", &id52[..51]);
        let spaced = format!("malai= {id52}");
        let other = format!("other={id52}");
        for text in [
            "",
            "malai=",
            "v=spf1 -all",
            "malai=example.com",
            &short,
            &spaced,
            &other,
        ] {
            for spot in Spot::ALL {
                assert!(read(spot, &[&[text]]).is_empty(), "{text}");
            }
        }
    }

    #[test]
    fn joins_the_strings_of_a_record_and_reads_each_as_legacy_did() {
        let legacy = format!("malai={}", id52(1));
        let (begin, end) = legacy.split_at(20);
        assert_eq!(read(Spot::Domain, &[&[begin, end]]), [id52(1)]);
        assert_eq!(read(Spot::Domain, &[&["words", &legacy]]), [id52(1)]);
        // Two records are two things.
        assert!(read(Spot::Domain, &[&[begin], &[end]]).is_empty());
    }

    #[test]
    fn the_same_key_twice_is_one_key_and_two_are_two() {
        let (one, two) = (format!("malai={}", id52(1)), format!("malai={}", id52(2)));
        assert_eq!(read(Spot::Label, &[&[&one], &[&id52(1)]]).len(), 1);
        assert_eq!(read(Spot::Domain, &[&[&one], &["x"], &[&two]]).len(), 2);
    }

    #[test]
    fn the_line_to_publish_is_read_back() {
        let key = SecretKey::from_bytes([1; 32]).public();
        let line = line("example.com", &key);
        let (name, text) = line.split_once(" 300 IN TXT ").unwrap();
        assert_eq!(name, "_malai.example.com.");
        assert_eq!(
            read(Spot::Label, &[&[text.trim_matches('"')]]),
            [key.to_string()]
        );
    }

    proptest! {
        #[test]
        fn never_panics_and_finds_only_what_is_written(
            records in prop::collection::vec(
                prop::collection::vec(prop::collection::vec(any::<u8>(), 0..70), 0..12), 0..200,
            ),
        ) {
            for spot in Spot::ALL {
                let read = records.iter().map(|record| record.iter().map(Vec::as_slice));
                prop_assert!(keys(spot, read).is_empty());
            }
        }

        #[test]
        fn finds_each_key_wherever_it_stands(
            seeds in prop::collection::btree_set(any::<u8>(), 0..5),
            junk in prop::collection::vec("[ -~]{0,40}", 0..20),
            turn in any::<prop::sample::Index>(),
        ) {
            let mut texts: Vec<String> = junk;
            texts.extend(seeds.iter().map(|seed| format!("malai={}", id52(*seed))));
            let turn = if texts.is_empty() { 0 } else { turn.index(texts.len()) };
            texts.rotate_left(turn);
            let records = texts.iter().map(|text| [text.as_bytes()]);
            let mut wanted: Vec<String> = seeds.iter().map(|seed| id52(*seed)).collect();
            let mut found: Vec<String> =
                keys(Spot::Domain, records).iter().map(ToString::to_string).collect();
            wanted.sort();
            found.sort();
            prop_assert_eq!(found, wanted);
        }
    }
}
