//! From what a project is called to a name that a service can have.

use crate::config::check_name;

/// Longer names are cut: they are read in a menu and become a part of host names.
const MAX_NAME: usize = 32;

/// Makes a name of `text`; `None` when nothing of it can stand in one.
pub(super) fn of(text: &str) -> Option<String> {
    let mut name = String::new();
    for c in text.chars().flat_map(char::to_lowercase) {
        if c.is_ascii_lowercase() || c.is_ascii_digit() {
            name.push(c);
        } else if !name.is_empty() && !name.ends_with('-') {
            name.push('-');
        }
        if name.len() == MAX_NAME {
            break;
        }
    }
    let name = name.trim_end_matches('-');
    check_name(name).is_ok().then(|| name.to_owned())
}

/// `shop-3000`, for a second server of the same project.
pub(super) fn with_port(name: &str, port: u16) -> String {
    format!("{name}-{port}")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn keeps_what_can_stand_in_a_name() {
        let of = |text: &str| of(text).unwrap_or_default();
        assert_eq!(of("shop"), "shop");
        assert_eq!(of("My Web_App 2"), "my-web-app-2");
        assert_eq!(of("--x--"), "x");
        assert_eq!(of(".tmpAb"), "tmpab");
        assert_eq!(of("localhost"), "");
        assert_eq!(of("\u{e4}\u{f6}"), "");
    }

    proptest! {
        #[test]
        fn every_name_is_one_a_service_can_have(text in ".*", port: u16) {
            if let Some(name) = of(&text) {
                prop_assert_eq!(check_name(&name), Ok(()));
                prop_assert_eq!(check_name(&with_port(&name, port)), Ok(()));
            }
        }
    }
}
