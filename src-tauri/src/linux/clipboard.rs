//! Hearing of share links on the clipboard.
//!
//! The system says when somebody has copied something; only then it is read, and nothing but a
//! share link is passed on. On Wayland one only hears of it while a window of ours is in front.

use gtk::{Clipboard, gdk, glib::object::ObjectExt as _};

use crate::{controller::Input, desktop::Desktop};

/// The longest text that can be a link, in bytes.
const LONGEST_LINK: usize = 4096;

/// Begins to listen.
pub(super) fn watch(desktop: &Desktop) {
    let clipboard = Clipboard::get(&gdk::SELECTION_CLIPBOARD);
    read(&clipboard, desktop.clone());
    let desktop = desktop.clone();
    clipboard.connect_local("owner-change", false, move |arguments| {
        if let Some(Ok(clipboard)) = arguments.first().map(|value| value.get::<Clipboard>()) {
            read(&clipboard, desktop.clone());
        }
        None
    });
}

fn read(clipboard: &Clipboard, desktop: Desktop) {
    clipboard.request_text(move |_, text| desktop.ask(Input::Clipboard(text.and_then(link))));
}

fn link(text: &str) -> Option<String> {
    let text = text.trim();
    let is_link = text.len() <= LONGEST_LINK
        && text.starts_with("malai://")
        && !text.contains(char::is_whitespace);
    is_link.then(|| text.to_owned())
}

#[cfg(test)]
mod tests {
    use super::link;

    #[test]
    fn only_a_share_link_is_passed_on() {
        assert_eq!(
            link(" malai://abc/shop\n").as_deref(),
            Some("malai://abc/shop")
        );
        let long = format!("malai://{}", "a".repeat(5000));
        for text in [
            "",
            "my password",
            "see malai://abc/shop",
            "malai://a b",
            &long,
        ] {
            assert_eq!(link(text), None, "{text}");
        }
    }
}
