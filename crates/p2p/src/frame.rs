//! What is on a stream before its payload.
//!
//! The opener writes a `u32` (big endian) and that many bytes of JSON: the protocol's name and its
//! opening message. The other side answers with one byte, 0 for accept, or 1 for reject followed by
//! a `u32` and a JSON [`Rejection`](crate::Rejection). A byte 2 before that says that the answer
//! will take a while, since somebody has to be asked. Nothing else is framed: after the accept the
//! stream belongs to the protocol.

use std::io;

use serde::{Deserialize, Serialize, de::DeserializeOwned};
use serde_json::value::RawValue;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};

/// The longest header or one-shot response there is, in bytes.
pub const MAX_HEADER_BYTES: usize = 64 * 1024;
/// The longest refusal, in bytes; longer ones are treated as a broken stream.
pub(crate) const MAX_REJECTION_BYTES: usize = 4 * 1024;

/// Room for a message as most are, so that it is not moved while it grows.
const USUAL_BYTES: usize = 256;

pub(crate) const ACCEPT: u8 = 0;
pub(crate) const REJECT: u8 = 1;
pub(crate) const WAIT: u8 = 2;

#[derive(Serialize)]
struct OutgoingHeader<'a, T> {
    protocol: &'a str,
    open: &'a T,
}

/// The header of a stream, its opening message not yet understood.
#[derive(Debug, Deserialize)]
pub(crate) struct Header {
    pub(crate) protocol: String,
    pub(crate) open: Box<RawValue>,
}

/// The header's bytes with their length in front, or nothing when it is too long.
pub(crate) fn encode_header<T: Serialize>(protocol: &str, open: &T) -> io::Result<Vec<u8>> {
    encode(&OutgoingHeader { protocol, open })
}

/// `value` as JSON with its length in front.
pub(crate) fn encode<T: Serialize>(value: &T) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::with_capacity(USUAL_BYTES);
    bytes.extend([0; 4]);
    serde_json::to_writer(&mut bytes, value)?;
    match u32::try_from(bytes.len() - 4) {
        Ok(length) if bytes.len() - 4 <= MAX_HEADER_BYTES => {
            bytes[..4].copy_from_slice(&length.to_be_bytes());
            Ok(bytes)
        }
        _ => Err(io::Error::new(
            io::ErrorKind::InvalidInput,
            "message too long",
        )),
    }
}

/// Reads one length-prefixed JSON value of at most `max` bytes. Not cancel safe.
pub(crate) async fn read<T: DeserializeOwned>(
    stream: &mut (impl AsyncRead + Unpin),
    max: usize,
) -> io::Result<T> {
    let length = usize::try_from(stream.read_u32().await?).unwrap_or(usize::MAX);
    if length > max {
        return Err(io::Error::new(
            io::ErrorKind::InvalidData,
            "message too long",
        ));
    }
    // Grows with what really arrives, so a liar's length costs nothing.
    let mut bytes = Vec::with_capacity(length.min(USUAL_BYTES));
    stream.take(length as u64).read_to_end(&mut bytes).await?;
    if bytes.len() < length {
        return Err(io::ErrorKind::UnexpectedEof.into());
    }
    Ok(serde_json::from_slice(&bytes)?)
}

/// Writes a refusal.
pub(crate) async fn write_rejection(
    stream: &mut (impl AsyncWrite + Unpin),
    rejection: &crate::Rejection,
) -> io::Result<()> {
    let mut bytes = vec![REJECT];
    bytes.extend(encode(rejection)?);
    stream.write_all(&bytes).await
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn block_on<T>(future: impl Future<Output = T>) -> T {
        tokio::runtime::Builder::new_current_thread()
            .build()
            .unwrap()
            .block_on(future)
    }

    proptest! {
        #[test]
        fn a_header_round_trips(protocol in ".{0,40}", open in ".{0,400}") {
            let bytes = encode_header(&protocol, &open).unwrap();
            let header: Header = block_on(read(&mut &bytes[..], MAX_HEADER_BYTES)).unwrap();
            prop_assert_eq!(header.protocol, protocol);
            prop_assert_eq!(serde_json::from_str::<String>(header.open.get()).unwrap(), open);
        }

        #[test]
        fn any_bytes_are_read_without_panic(bytes in any::<Vec<u8>>()) {
            drop(block_on(read::<Header>(&mut &bytes[..], MAX_HEADER_BYTES)));
        }
    }

    #[test]
    fn refuses_a_length_beyond_the_cap() {
        let bytes = u32::MAX.to_be_bytes();
        let error = block_on(read::<Header>(&mut &bytes[..], MAX_HEADER_BYTES)).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::InvalidData);
    }
}
