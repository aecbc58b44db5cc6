//! How fast the way to a peer is, by what comes back of what is sent to it: few bytes, and bounded
//! at both ends.

use std::{io, time::Duration};

use fastn_p2p::Session;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    time::{Instant, timeout},
};

/// Bytes that one end sends back of what the other sends, at most.
pub(crate) const MOST_ECHOED: u64 = 512 * 1024;

/// Small messages, one after another.
const PINGS: usize = 8;
/// Bytes of one.
const PING: usize = 32;
/// Bytes that are sent at once; with the pings less than [`MOST_ECHOED`].
const BULK: usize = 256 * 1024;
/// How long all of it may take; a slow way has told enough by then.
const PATIENCE: Duration = Duration::from_secs(4);

/// What was measured.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub(super) struct Speed {
    /// The median of the small messages, there and back.
    pub(super) round_trip: Option<Duration>,
    /// Millions of bytes a second, both ways at once.
    pub(super) megabytes_per_second: Option<f64>,
}

/// Measures over a stream whose other end sends back what it gets. Not cancel safe.
pub(super) async fn measure(session: Session) -> Speed {
    let mut speed = Speed::default();
    match timeout(PATIENCE, try_measure(session, &mut speed)).await {
        Ok(Ok(())) => {}
        Ok(Err(error)) => tracing::debug!(%error, "measuring was cut off"),
        Err(_) => tracing::debug!("measuring took too long"),
    }
    speed
}

async fn try_measure(mut session: Session, speed: &mut Speed) -> io::Result<()> {
    let mut times = Vec::with_capacity(PINGS);
    for _ in 0..PINGS {
        let began = Instant::now();
        session.write_all(&[0; PING]).await?;
        session.read_exact(&mut [0; PING]).await?;
        times.push(began.elapsed());
    }
    times.sort_unstable();
    speed.round_trip = times.get(PINGS / 2).copied();
    let (mut reader, mut writer) = session.split();
    let began = Instant::now();
    let sending = async {
        writer.write_all(&vec![0; BULK]).await?;
        writer.shutdown().await
    };
    let mut back = vec![0; BULK];
    let (sent, received) = tokio::join!(sending, reader.read_exact(&mut back));
    sent?;
    received?;
    let millions = f64::from(u32::try_from(BULK).unwrap_or(u32::MAX)) / 1e6;
    speed.megabytes_per_second = Some(millions / began.elapsed().as_secs_f64().max(1e-6));
    Ok(())
}
