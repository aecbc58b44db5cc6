//! QR codes for terminals, two modules a character.

use qrcode::{EcLevel, QrCode, render::unicode::Dense1x2};

/// Draws `text`, light on dark as most terminals are; `None` when it is too long for any code.
pub(crate) fn draw(text: &str) -> Option<String> {
    let code = QrCode::with_error_correction_level(text, EcLevel::L).ok()?;
    let drawing = code
        .render::<Dense1x2>()
        .dark_color(Dense1x2::Dark)
        .light_color(Dense1x2::Light)
        .build();
    Some(drawing)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn draws_a_link_narrow_enough_for_a_terminal() {
        let link = format!(
            "malai://{}/port-3000?a=192.168.178.100:54321",
            "t".repeat(52)
        );
        let drawing = draw(&link).unwrap();
        assert!(drawing.lines().all(|line| line.chars().count() <= 80));
    }

    #[test]
    fn gives_up_on_what_no_code_can_hold() {
        assert_eq!(draw(&"x".repeat(4000)), None);
    }
}
