//! The names a person gives to services, peers, groups and bridges.
//!
//! They become host names (`shop.alice.localhost`) and parts of links, so they are DNS labels; and
//! a pet name can never be taken for a key, whatever is mistyped in it.

use std::net::IpAddr;

/// The longest name: that of a DNS label (RFC 1035 §2.3.4).
const NAME_MAX: usize = 63;

/// The longest host name (RFC 1035 §2.3.4).
const HOST_NAME_MAX: usize = 253;

/// Lengths that are taken for an id52 with characters too many or too few.
const ID52_LIKE: std::ops::RangeInclusive<usize> = 48..=56;

/// Names that mean something else where a name may stand.
const RESERVED: [&str; 2] = ["localhost", "anyone"];

/// How many names a mistyped one is compared with: each costs time, and a hint is only a hint.
const NEAREST_MAX: usize = 1000;

/// Why a text is not a name.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum NameError {
    /// It is empty, too long or has other characters.
    #[error("`{0}` is not a name; a name has 1 to 63 of a-z, 0-9 and -, and starts with no -")]
    Form(String),
    /// It means something else already.
    #[error("`{0}` means something else to malai; choose another name")]
    Reserved(String),
    /// A pet name that could be a key.
    #[error("`{0}` looks like an id52; choose a shorter pet name")]
    LooksLikeId52(String),
}

/// Holds `name` against the rule for services, groups and bridges: `[a-z0-9][a-z0-9-]{0,62}`,
/// neither `localhost` nor `anyone`.
///
/// # Errors
/// [`NameError`] says what is wrong.
pub fn check_name(name: &str) -> Result<(), NameError> {
    let allowed = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    let formed =
        (1..=NAME_MAX).contains(&name.len()) && name.chars().all(allowed) && !name.starts_with('-');
    if !formed {
        return Err(NameError::Form(shortened(name)));
    }
    if RESERVED.contains(&name) {
        return Err(NameError::Reserved(name.to_owned()));
    }
    Ok(())
}

/// Holds `name` against the rule for pet names: a name that does not look like an id52.
///
/// # Errors
/// [`NameError`] says what is wrong.
pub fn check_pet_name(name: &str) -> Result<(), NameError> {
    check_name(name)?;
    if looks_like_id52(name) {
        return Err(NameError::LooksLikeId52(name.to_owned()));
    }
    Ok(())
}

/// Whether a person who wrote `text` meant a key, be it well written or not.
pub(crate) fn looks_like_id52(text: &str) -> bool {
    ID52_LIKE.contains(&text.len()) && text.chars().all(|c| c.is_ascii_alphanumeric())
}

/// Whether `text` is a DNS name or an IPv4 address, without a port.
pub(crate) fn is_host_name(text: &str) -> bool {
    let allowed = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_');
    let is_label = |label: &str| {
        (1..=NAME_MAX).contains(&label.len())
            && label.chars().all(allowed)
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    text.len() <= HOST_NAME_MAX && text.split('.').all(is_label)
}

/// Whether `text` is a DNS name with a dot, and no address.
pub(crate) fn is_domain(text: &str) -> bool {
    text.contains('.') && is_host_name(text) && text.parse::<IpAddr>().is_err()
}

/// The one of `known` that `text` was probably meant to be.
pub(crate) fn nearest<'k>(text: &str, known: impl IntoIterator<Item = &'k str>) -> Option<&'k str> {
    if text.len() > NAME_MAX {
        return None;
    }
    let limit = if text.len() <= 3 { 1 } else { 2 };
    known
        .into_iter()
        .take(NEAREST_MAX)
        .map(|candidate| (distance(text, candidate), candidate))
        .filter(|(distance, candidate)| *distance <= limit && *distance < candidate.len())
        .min()
        .map(|(_, candidate)| candidate)
}

/// Insertions, deletions, replacements and swaps of neighbours that make `left` into `right`
/// (optimal string alignment).
fn distance(left: &str, right: &str) -> usize {
    let (left, right): (Vec<char>, Vec<char>) = (left.chars().collect(), right.chars().collect());
    let mut before_last: Vec<usize> = Vec::new();
    let mut last: Vec<usize> = (0..=right.len()).collect();
    for (i, a) in left.iter().enumerate() {
        let mut row = vec![i + 1];
        for (j, b) in right.iter().enumerate() {
            let replaced = last[j] + usize::from(a != b);
            let mut best = replaced.min(last[j + 1] + 1).min(row[j] + 1);
            if i > 0 && j > 0 && *a == right[j - 1] && left[i - 1] == *b {
                best = best.min(before_last[j - 1] + 1);
            }
            row.push(best);
        }
        before_last = std::mem::replace(&mut last, row);
    }
    last[right.len()]
}

/// At most a line's worth of a text that a message repeats.
fn shortened(text: &str) -> String {
    if text.chars().count() <= NAME_MAX {
        return text.to_owned();
    }
    let start: String = text.chars().take(NAME_MAX).collect();
    format!("{start}…")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn takes_dns_labels_only() {
        for name in ["a", "shop", "port-3000", "0", "default"] {
            assert_eq!(check_name(name), Ok(()));
        }
        for name in [
            "",
            "-a",
            "Shop",
            "a.b",
            "a_b",
            "ä",
            "localhost",
            "anyone",
            &"a".repeat(64),
        ] {
            assert!(check_name(name).is_err(), "{name}");
        }
    }

    #[test]
    fn a_pet_name_never_looks_like_a_key() {
        assert!(check_pet_name("alice").is_ok());
        assert!(check_pet_name(&"a".repeat(52)).is_err());
        assert!(check_pet_name(&"a".repeat(51)).is_err());
    }

    #[test]
    fn finds_what_was_meant() {
        let known = ["upstream", "allow", "host", "limits"];
        assert_eq!(nearest("upstraem", known), Some("upstream"));
        assert_eq!(nearest("alow", known), Some("allow"));
        assert_eq!(nearest("limit", known), Some("limits"));
        assert_eq!(nearest("colour", known), None);
    }

    #[test]
    fn tells_domains_from_addresses() {
        assert!(is_domain("malai.example.org"));
        for text in ["localhost", "192.168.1.2", "a..b", ".org", "a b.c"] {
            assert!(!is_domain(text), "{text}");
        }
    }
}
