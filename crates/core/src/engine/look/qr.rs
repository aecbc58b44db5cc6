//! A text as a QR code.

use malai_api::{Failure, Response};

/// A text as a QR code.
pub(in crate::engine) fn qr(_text: &str) -> Response {
    Failure::new("internal", "not there yet").into()
}
