//! What the other end of a stream can send, as it is read: for the fuzz targets.

use futures_util::FutureExt;

use crate::{Rejection, frame};

/// The protocol and the opening message of a stream that begins with `bytes`, when it has some.
#[must_use]
pub fn opening(bytes: &[u8]) -> Option<(String, String)> {
    let header: frame::Header = whole(frame::read(&mut &*bytes, frame::MAX_HEADER_BYTES))?;
    Some((header.protocol, header.open.get().to_owned()))
}

/// The refusal that `bytes` are, without the byte that announces it.
#[must_use]
pub fn refusal(bytes: &[u8]) -> Option<Rejection> {
    whole(frame::read(&mut &*bytes, frame::MAX_REJECTION_BYTES))
}

/// The stream with that opening, as a peer sends it.
#[must_use]
pub fn stream(protocol: &str, open: &str) -> Option<Vec<u8>> {
    let open: &serde_json::value::RawValue = serde_json::from_str(open).ok()?;
    frame::encode_header(protocol, &open).ok()
}

/// What is read from a slice is there at once or never.
fn whole<T>(read: impl Future<Output = std::io::Result<T>>) -> Option<T> {
    read.now_or_never()?.ok()
}
