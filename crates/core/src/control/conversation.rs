//! One control connection from its first line to its last.
//!
//! Requests are answered in order; events come in between once they are subscribed to.

use malai_api::{Event, Failure, Request, Response, codes};
use tokio::io::{AsyncRead, AsyncWrite};
use tracing::debug;

use super::{
    ControlError, Dispatch, MAX_LINE_BYTES, Owner, QUIET_TIMEOUT,
    hearing::Hearing,
    line::{LineReader, write_line},
};
use crate::shutdown::Shutdown;

/// Answers until the other side hangs up, is silent for too long, or the engine ends.
pub(super) async fn converse<S, D>(stream: S, engine: D, shutdown: Shutdown)
where
    S: AsyncRead + AsyncWrite + Send + Unpin,
    D: Dispatch,
{
    if let Err(error) = answer_all(stream, &engine, &shutdown).await {
        debug!(%error, "a control connection ended");
    }
}

async fn answer_all<S, D>(stream: S, engine: &D, shutdown: &Shutdown) -> Result<(), ControlError>
where
    S: AsyncRead + AsyncWrite + Send + Unpin,
    D: Dispatch,
{
    // The guard ends with this function: with the connection.
    let (owner, _guard) = Owner::new();
    let (reader, mut writer) = tokio::io::split(stream);
    let mut lines = LineReader::new(reader, MAX_LINE_BYTES);
    let mut hearing = None;
    loop {
        tokio::select! {
            biased;
            () = shutdown.draining() => return tell_the_rest(&mut writer, hearing).await,
            line = lines.next() => {
                let line = match line {
                    Ok(Some(line)) => line,
                    Ok(None) => return Ok(()),
                    Err(ControlError::LineTooLong) => {
                        let message = ControlError::LineTooLong.to_string();
                        let failure = Failure::new(codes::REQUEST_INVALID, message);
                        return write_line(&mut writer, &Response::Error(failure)).await;
                    }
                    Err(error) => return Err(error),
                };
                let response = match serde_json::from_slice(&line) {
                    Ok(Request::Subscribe) => {
                        hearing = Some(Hearing::subscribe(engine));
                        Response::Done
                    }
                    Ok(Request::Watch) => {
                        hearing = Some(Hearing::watch(engine));
                        Response::Done
                    }
                    Ok(request) => engine.dispatch(request, &owner).await,
                    Err(error) => {
                        let message = format!("this is not a request malai knows: {error}");
                        Failure::new(codes::REQUEST_INVALID, message).into()
                    }
                };
                write_line(&mut writer, &response).await?;
            }
            event = next_event(&mut hearing) => match event {
                Some(event) => write_line(&mut writer, &event).await?,
                None => return Ok(()),
            },
            () = tokio::time::sleep(QUIET_TIMEOUT), if hearing.is_none() => return Ok(()),
        }
    }
}

/// The next event of a subscription; never resolves without one. Cancel safe.
async fn next_event(hearing: &mut Option<Hearing>) -> Option<Event> {
    match hearing {
        Some(hearing) => hearing.next().await,
        None => std::future::pending().await,
    }
}

/// What was already said when the engine ended still reaches whoever listens.
async fn tell_the_rest<W: AsyncWrite + Unpin>(
    writer: &mut W,
    hearing: Option<Hearing>,
) -> Result<(), ControlError> {
    let Some(mut hearing) = hearing else {
        return Ok(());
    };
    while let Some(event) = hearing.rest() {
        write_line(writer, &event).await?;
    }
    Ok(())
}

#[cfg(test)]
mod tests;
