//! The door as a named pipe, which only its owner may write to by default. Not yet run.

use std::{
    hash::{DefaultHasher, Hash as _, Hasher as _},
    io,
};

use malai_core::home::Home;
use tokio::net::windows::named_pipe::{
    ClientOptions, NamedPipeClient, NamedPipeServer, ServerOptions,
};

/// Where a second start knocks.
#[derive(Debug)]
pub(super) struct Door {
    name: String,
    waiting: NamedPipeServer,
}

impl Door {
    /// Opens the door; a pipe of that name by somebody else is refused.
    pub(super) fn open(home: &Home) -> io::Result<Self> {
        let name = name(home);
        let waiting = ServerOptions::new()
            .first_pipe_instance(true)
            .create(&name)?;
        Ok(Self { name, waiting })
    }

    /// The next who knocks. Cancel safe.
    pub(super) async fn next(&mut self) -> io::Result<NamedPipeServer> {
        self.waiting.connect().await?;
        let next = ServerOptions::new().create(&self.name)?;
        Ok(std::mem::replace(&mut self.waiting, next))
    }
}

/// Knocks at the door of the application on `home`.
#[expect(clippy::unused_async, reason = "the same shape everywhere")]
pub(super) async fn knock(home: &Home) -> io::Result<NamedPipeClient> {
    ClientOptions::new().open(name(home))
}

/// Pipes have names of their own, beside the file system.
fn name(home: &Home) -> String {
    let mut hasher = DefaultHasher::new();
    home.dir().hash(&mut hasher);
    format!(r"\\.\pipe\malai-desktop-{:016x}", hasher.finish())
}
