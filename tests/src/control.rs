//! What a window or a script says to a running engine: requests on its control socket.

use std::collections::VecDeque;

use anyhow::{Context, Result, bail};
use serde_json::Value;
use tokio::{
    io::{AsyncBufReadExt, AsyncWriteExt, BufReader, Lines},
    net::{
        UnixStream,
        unix::{OwnedReadHalf, OwnedWriteHalf},
    },
};

use crate::{Home, within};

/// A connection to a running engine; what is shared on it ends with it.
#[derive(Debug)]
pub struct Control {
    lines: Lines<BufReader<OwnedReadHalf>>,
    writer: OwnedWriteHalf,
    events: VecDeque<Value>,
}

impl Control {
    /// Connects to the engine of `home`, which must run.
    ///
    /// # Errors
    /// When it does not.
    pub async fn connect(home: &Home) -> Result<Self> {
        let path = home.path("control.sock");
        let stream = UnixStream::connect(&path).await;
        let stream = stream.with_context(|| format!("no engine at {}", path.display()))?;
        let (reader, writer) = stream.into_split();
        Ok(Self {
            lines: BufReader::new(reader).lines(),
            writer,
            events: VecDeque::new(),
        })
    }

    /// Asks and returns the answer, whatever it is; events that come first are kept.
    ///
    /// # Errors
    /// When the engine hangs up or takes too long.
    pub async fn ask(&mut self, request: &Value) -> Result<Value> {
        self.writer
            .write_all(format!("{request}\n").as_bytes())
            .await?;
        within(&format!("an answer to {request}"), async {
            loop {
                let line = self.line().await?;
                if line.get("event").is_none() {
                    return Ok(line);
                }
                self.events.push_back(line);
            }
        })
        .await?
    }

    /// Asks for something that must be done.
    ///
    /// # Errors
    /// When it is not done.
    pub async fn get(&mut self, request: &Value) -> Result<Value> {
        let answer = self.ask(request).await?;
        if answer["response"] == "error" {
            bail!("{request}: {answer}");
        }
        Ok(answer)
    }

    /// Asks for something that must be refused; returns the code.
    ///
    /// # Errors
    /// When it is done.
    pub async fn refused(&mut self, request: &Value) -> Result<String> {
        let answer = self.ask(request).await?;
        if answer["response"] != "error" {
            bail!("{request} was not refused: {answer}");
        }
        Ok(answer["code"].as_str().context("no code")?.to_owned())
    }

    /// The next event of this kind that `matches`; others before it are lost.
    ///
    /// # Errors
    /// When it does not come in time.
    pub async fn event_where(
        &mut self,
        kind: &str,
        matches: impl Fn(&Value) -> bool,
    ) -> Result<Value> {
        within(&format!("event `{kind}`"), async {
            loop {
                let event = match self.events.pop_front() {
                    Some(event) => event,
                    None => self.line().await?,
                };
                if event["event"] == kind && matches(&event) {
                    return Ok(event);
                }
            }
        })
        .await?
    }

    async fn line(&mut self) -> Result<Value> {
        let line = self.lines.next_line().await?;
        let line = line.context("the engine hung up")?;
        serde_json::from_str(&line).with_context(|| format!("not JSON: {line}"))
    }
}
