//! A text as a QR code, as modules that every front end can draw.

use malai_api::{Failure, QrCode, Response, codes};
use qrcode::{Color, EcLevel};

/// The longest text: it fits into a code at the chosen level, and is longer than any link.
const MAX_BYTES: usize = 2048;

/// A text as a QR code.
pub(in crate::engine) fn qr(text: &str) -> Response {
    match draw(text) {
        Some(code) => Response::Qr(code),
        None => {
            let message = format!(
                "this is too long for a QR code: it has {} bytes, and at most {MAX_BYTES} fit",
                text.len()
            );
            Failure::new(codes::ARGUMENT_INVALID, message).into()
        }
    }
}

/// The lowest level of correction: screens are not scratched, and fewer modules are read sooner.
fn draw(text: &str) -> Option<QrCode> {
    if text.len() > MAX_BYTES {
        return None;
    }
    let code = qrcode::QrCode::with_error_correction_level(text, EcLevel::L).ok()?;
    let modules = code.to_colors().into_iter().map(|color| match color {
        Color::Dark => '1',
        Color::Light => '0',
    });
    Some(QrCode {
        width: u32::try_from(code.width()).ok()?,
        modules: modules.collect(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn draws_a_square_with_three_finders() {
        let code = draw("malai://id52/shop").unwrap();
        let width = usize::try_from(code.width).unwrap();
        assert_eq!(code.modules.len(), width * width);
        let rows: Vec<_> = code.modules.as_bytes().chunks(width).collect();
        for row in [0, 6] {
            assert!(rows[row].starts_with(b"11111110"), "{:?}", rows[row]);
            assert!(rows[row].ends_with(b"01111111"), "{:?}", rows[row]);
        }
        assert!(rows[width - 1].starts_with(b"11111110"));
    }

    #[test]
    fn says_when_a_text_is_too_long() {
        assert!(matches!(qr(&"x".repeat(MAX_BYTES)), Response::Qr(_)));
        let Response::Error(failure) = qr(&"x".repeat(MAX_BYTES + 1)) else {
            panic!("it cannot fit");
        };
        assert_eq!(failure.code, codes::ARGUMENT_INVALID);
    }
}
