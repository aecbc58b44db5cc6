//! Texts from outside, made fit for a menu.

/// The longest name that is shown, in characters; menus of more width cover half a small screen.
const LONGEST: usize = 32;

/// A name or message on one line, without anything that could pass for more rows or for other
/// text, and cut to a sensible length.
pub(crate) fn plain(text: &str) -> String {
    cut(text, LONGEST)
}

/// The same with another length.
pub(super) fn cut(text: &str, longest: usize) -> String {
    let mut plain = String::new();
    let mut length = 0;
    let spaced = text.chars().filter(|c| !is_invisible(*c)).map(|c| {
        if c.is_whitespace() || c.is_control() {
            ' '
        } else {
            c
        }
    });
    for character in spaced {
        if character == ' ' && (plain.is_empty() || plain.ends_with(' ')) {
            continue;
        }
        if length == longest {
            plain.truncate(plain.trim_end().len());
            plain.push('…');
            return plain;
        }
        plain.push(character);
        length += 1;
    }
    plain.truncate(plain.trim_end().len());
    plain
}

/// Characters that change how their neighbours are read: direction marks, joiners, tags.
fn is_invisible(character: char) -> bool {
    matches!(
        character,
        '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}'
            | '\u{e0000}'..='\u{e007f}'
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hostile_name_stays_one_short_line() {
        assert_eq!(plain("shop\n\u{202e}tiuQ\t \u{7}x"), "shop tiuQ x");
        assert_eq!(plain("  \r\n "), "");
        let long = plain(&"ä".repeat(500));
        assert_eq!(long.chars().count(), 33);
        assert!(long.ends_with('…'));
    }
}
