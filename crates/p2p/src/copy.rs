//! Bytes both ways between two streams, each direction ending for itself.

use std::{future::poll_fn, io, mem::MaybeUninit, pin::Pin, task::Poll};

use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt, ReadBuf};

/// Bytes moved per read at most. Measured: 64 KiB moved 1 GiB over QUIC as fast as any larger one.
const MAX_BUFFER_BYTES: usize = 64 * 1024;
/// Bytes of a read while little comes: on the stack, so that a connection on which nothing goes on
/// holds no buffer. A read that fills it is followed by one into a buffer, which is doubled whenever
/// a read fills that.
const SMALL_BYTES: usize = 4 * 1024;

/// How a [`copy_both`] ended.
#[derive(Debug)]
pub struct CopyEnd {
    /// Bytes moved from the first stream to the second.
    pub forward_bytes: u64,
    /// Bytes moved from the second to the first.
    pub backward_bytes: u64,
    /// The error that cut it, if it did not end by itself.
    pub error: Option<io::Error>,
}

/// Moves bytes both ways until both directions have ended.
///
/// The end of one direction is passed on as a half-close while the other goes on.
/// An error in either direction ends both; the streams are then dropped by the caller, which resets
/// a [`Session`](crate::Session). `moved` hears the bytes of every write, forward then backward, so
/// that a long copy can be counted while it runs. Not cancel safe: bytes read may be lost.
pub async fn copy_both<A, B>(first: A, second: B, moved: impl Fn(u64, u64)) -> CopyEnd
where
    A: AsyncRead + AsyncWrite + Unpin,
    B: AsyncRead + AsyncWrite + Unpin,
{
    let (mut first_read, mut first_write) = tokio::io::split(first);
    let (mut second_read, mut second_write) = tokio::io::split(second);
    let (mut forward_bytes, mut backward_bytes) = (0, 0);
    let forward = copy_one(&mut first_read, &mut second_write, |bytes| {
        forward_bytes += bytes;
        moved(bytes, 0);
    });
    let backward = copy_one(&mut second_read, &mut first_write, |bytes| {
        backward_bytes += bytes;
        moved(0, bytes);
    });
    let error = tokio::try_join!(forward, backward).err();
    CopyEnd {
        forward_bytes,
        backward_bytes,
        error,
    }
}

async fn copy_one(
    from: &mut (impl AsyncRead + Unpin),
    to: &mut (impl AsyncWrite + Unpin),
    mut moved: impl FnMut(u64),
) -> io::Result<()> {
    let mut buffer = Buffer::default();
    loop {
        let bytes = buffer.fill(from).await?;
        if bytes.is_empty() {
            return to.shutdown().await;
        }
        to.write_all(bytes).await?;
        let count = bytes.len();
        // TLS keeps what its socket did not take, and nothing else would ever push it on.
        to.flush().await?;
        moved(count as u64);
        buffer.moved(count);
    }
}

/// What is on its way in one direction. It has no memory while it waits after small pieces.
#[derive(Debug, Default)]
struct Buffer {
    bytes: Vec<u8>,
    is_quiet: bool,
}

impl Buffer {
    /// Waits for bytes; none at the end. Cancel safe.
    async fn fill(&mut self, from: &mut (impl AsyncRead + Unpin)) -> io::Result<&[u8]> {
        let count = poll_fn(|context| {
            let mut from = Pin::new(&mut *from);
            if !self.bytes.is_empty() {
                let mut buffer = ReadBuf::new(&mut self.bytes);
                let polled = from.as_mut().poll_read(context, &mut buffer);
                let count = buffer.filled().len();
                if polled.is_pending() && self.is_quiet {
                    self.bytes = Vec::new();
                }
                return polled.map_ok(|()| count);
            }
            let mut scrap = [const { MaybeUninit::uninit() }; SMALL_BYTES];
            let mut buffer = ReadBuf::uninit(&mut scrap);
            let polled = from.poll_read(context, &mut buffer);
            if matches!(polled, Poll::Ready(Ok(()))) {
                self.bytes = buffer.filled().to_vec();
            }
            let count = buffer.filled().len();
            polled.map_ok(|()| count)
        });
        let count = count.await?;
        Ok(self.bytes.get(..count).unwrap_or_default())
    }

    /// So much of it has gone on.
    fn moved(&mut self, count: usize) {
        self.is_quiet = count <= SMALL_BYTES;
        if self.bytes.len() < SMALL_BYTES {
            self.bytes = Vec::new();
        } else if count == self.bytes.len() && count < MAX_BUFFER_BYTES {
            self.bytes.resize(2 * count, 0);
        }
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt, duplex};

    use super::*;

    #[tokio::test]
    async fn a_quiet_direction_holds_no_memory_and_loses_nothing() {
        let (mut near, mut far) = duplex(2 * MAX_BUFFER_BYTES);
        let mut buffer = Buffer::default();
        for length in [1, SMALL_BYTES, MAX_BUFFER_BYTES, 3] {
            let sent: Vec<u8> = (0..length).map(|at| at.to_le_bytes()[0]).collect();
            near.write_all(&sent).await.unwrap();
            let mut came = Vec::new();
            while came.len() < length {
                let bytes = buffer.fill(&mut far).await.unwrap();
                came.extend_from_slice(bytes);
                let count = bytes.len();
                buffer.moved(count);
            }
            assert!(came == sent, "of {length} bytes");
        }
        let waiting = tokio::time::timeout(std::time::Duration::ZERO, buffer.fill(&mut far));
        assert!(waiting.await.is_err());
        assert_eq!(buffer.bytes.capacity(), 0);
        drop(near);
        assert!(buffer.fill(&mut far).await.unwrap().is_empty());
    }

    #[tokio::test]
    async fn each_direction_ends_for_itself() {
        let (mut client, near) = duplex(64);
        let (far, mut service) = duplex(64);
        let talk = async {
            client.write_all(b"asked").await.unwrap();
            client.shutdown().await.unwrap();
            let mut asked = String::new();
            service.read_to_string(&mut asked).await.unwrap();
            service.write_all(b"answered").await.unwrap();
            service.shutdown().await.unwrap();
            let mut answered = String::new();
            client.read_to_string(&mut answered).await.unwrap();
            assert_eq!((&*asked, &*answered), ("asked", "answered"));
        };
        let (end, ()) = tokio::join!(copy_both(near, far, |_, _| {}), talk);
        assert_eq!((end.forward_bytes, end.backward_bytes), (5, 8));
    }
}
