//! What the DNS says of a domain, and what follows with what is remembered of it; pure.
//!
//! Trust on first use: the first key that a domain names is remembered, and another one is never
//! followed without a person's word.

use fastn_p2p::PublicKey;

use super::{DomainError, Spot};

/// Keys that a message names at most.
const MAX_KEYS_TOLD: usize = 4;

/// What the DNS says of a domain at one moment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Answer {
    /// It names one key.
    Key(Named),
    /// It names none.
    Nobody,
    /// It names different ones.
    Several(Vec<PublicKey>),
    /// It could not be asked, and why.
    Failed(String),
}

/// A key that a domain names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Named {
    /// Which.
    pub(crate) key: PublicKey,
    /// Whether the resolver vouches for it by DNSSEC.
    pub(crate) secure: bool,
    /// Where the record stands.
    pub(crate) spot: Spot,
}

/// The key that a domain's name means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Meaning {
    /// The one that it names now, and of which nothing was known before.
    New(Named),
    /// The one that it names now and that is remembered.
    Same(Named),
    /// The remembered one, while the DNS names none.
    Remembered(PublicKey),
}

impl Meaning {
    pub(crate) fn key(self) -> PublicKey {
        match self {
            Self::New(named) | Self::Same(named) => named.key,
            Self::Remembered(key) => key,
        }
    }

    /// What the DNS says of it, when it says something.
    pub(crate) fn named(self) -> Option<Named> {
        match self {
            Self::New(named) | Self::Same(named) => Some(named),
            Self::Remembered(_) => None,
        }
    }
}

/// What `domain` means by `answer` where `known` is remembered.
///
/// # Errors
/// When it means nobody, or nobody for certain.
pub(crate) fn meaning(
    domain: &str,
    known: Option<PublicKey>,
    answer: &Answer,
) -> Result<Meaning, DomainError> {
    let domain = domain.to_owned();
    match (answer, known) {
        (Answer::Key(named), None) => Ok(Meaning::New(*named)),
        (Answer::Key(named), Some(known)) if named.key == known => Ok(Meaning::Same(*named)),
        (Answer::Key(named), Some(known)) => Err(DomainError::KeyChanged {
            domain,
            known,
            found: named.key,
        }),
        (Answer::Several(keys), _) => Err(DomainError::Ambiguous {
            domain,
            keys: told(keys),
        }),
        (Answer::Nobody | Answer::Failed(_), Some(known)) => Ok(Meaning::Remembered(known)),
        (Answer::Nobody, None) => Err(DomainError::Nobody(domain)),
        (Answer::Failed(why), None) => Err(DomainError::Failed {
            domain,
            why: why.clone(),
        }),
    }
}

/// Keys for a message; of too many the rest is only counted.
fn told(keys: &[PublicKey]) -> String {
    let mut texts: Vec<String> = keys.iter().map(ToString::to_string).collect();
    if let Some(more) = texts.len().checked_sub(MAX_KEYS_TOLD).filter(|it| *it > 0) {
        texts.truncate(MAX_KEYS_TOLD);
        texts.push(format!("{more} more"));
    }
    texts.join(", ")
}

#[cfg(test)]
mod tests {
    use fastn_p2p::SecretKey;
    use proptest::prelude::*;

    use super::*;

    fn key(seed: u8) -> PublicKey {
        SecretKey::from_bytes([seed; 32]).public()
    }

    fn named(seed: u8) -> Named {
        Named {
            key: key(seed),
            secure: true,
            spot: Spot::Label,
        }
    }

    #[test]
    fn ambiguous_names_all_keys_of_which_it_tells() {
        let keys = [key(1), key(2)];
        let error = meaning("a.b", None, &Answer::Several(keys.to_vec())).unwrap_err();
        let text = error.to_string();
        assert!(keys.iter().all(|key| text.contains(&key.to_string())));
        let many = (1..=20).map(key).collect();
        let error = meaning("a.b", None, &Answer::Several(many)).unwrap_err();
        assert!(error.to_string().contains("16 more"), "{error}");
    }

    #[test]
    fn what_cannot_be_asked_goes_on_with_what_is_remembered() {
        for answer in [Answer::Nobody, Answer::Failed("no network".to_owned())] {
            assert_eq!(
                meaning("a.b", Some(key(1)), &answer).unwrap(),
                Meaning::Remembered(key(1))
            );
            assert!(meaning("a.b", None, &answer).is_err());
        }
    }

    fn answers() -> impl Strategy<Value = Answer> {
        prop_oneof![
            any::<u8>().prop_map(|seed| Answer::Key(named(seed))),
            Just(Answer::Nobody),
            prop::collection::vec(any::<u8>(), 2..9)
                .prop_map(|seeds| Answer::Several(seeds.into_iter().map(key).collect())),
            ".{0,9}".prop_map(Answer::Failed),
        ]
    }

    proptest! {
        #[test]
        fn never_follows_to_another_key_than_the_remembered_one(
            known in any::<u8>(), answer in answers(),
        ) {
            if let Ok(meaning) = meaning("a.b", Some(key(known)), &answer) {
                prop_assert_eq!(meaning.key(), key(known));
            } else {
                let names_another = match answer {
                    Answer::Key(named) => named.key != key(known),
                    Answer::Several(_) => true,
                    Answer::Nobody | Answer::Failed(_) => false,
                };
                prop_assert!(names_another);
            }
        }

        #[test]
        fn the_first_key_is_taken_only_when_it_is_the_only_one(answer in answers()) {
            let meant = meaning("a.b", None, &answer);
            if let Answer::Key(named) = answer {
                prop_assert_eq!(meant.unwrap(), Meaning::New(named));
            } else {
                prop_assert!(meant.is_err());
            }
        }
    }
}
