//! Local servers that listen now and could be shared: for `Share localhost:3000  (vite, "shop")`.
//!
//! A look at the machine as it is at one moment, which changes nothing and connects to nothing.
//! It only guesses, so what it says is offered and never acted upon by itself.
//!
//! What is offered: TCP listeners on 127.0.0.1, `::1` or on any address, of processes of our own
//! user.
//! What is not:
//! - malai itself, whichever engine it is: sharing a bridge would lead a peer's service to others;
//! - privileged ports, except those of web servers: what runs there belongs to the system;
//! - databases, mail, remote shells and the like, by port or by process: one click shares with
//!   HTTP, which they do not speak, and nobody should open them by mistake; whoever means it types
//!   the port;
//! - helpers of browsers, editors and build tools that listen for their own parts only.
//!
//! Everything that is read is bounded; it blocks, so it is called on a thread for that.

mod command;
mod guess;
mod known;
mod manifest;
mod name;
mod process;
mod sockets;

use std::collections::BTreeSet;

use malai_api::DevServer;

use self::{
    guess::Guess,
    sockets::{Listening, Sockets},
};
use crate::config::{Config, Place};

/// Servers that are told of; a menu shows five of them, a window a short list.
const MAX_SERVERS: usize = 32;

/// Ports that are looked at closely, each with some reads of small files.
const MAX_LOOKED_AT: usize = 128;

/// Where ports begin that the system gives out by itself (the Linux default): what nobody chose.
const FIRST_EPHEMERAL: u16 = 32768;

/// Looks for them again and again, closely only when other sockets listen than before: reading
/// about every process took some 40 ms of CPU time each time, and the tray looks every few seconds.
#[derive(Debug, Default)]
pub(crate) struct Detector {
    seen: Option<(Sockets, Vec<(Listening, Guess)>)>,
}

impl Detector {
    /// Finds them, most likely ones first; `config` says which are shared already.
    ///
    /// # Errors
    /// A text, in words, when the system does not tell which ports are listened on.
    pub(crate) fn servers(&mut self, config: &Config) -> Result<Vec<DevServer>, String> {
        // Read first: what begins to listen meanwhile is looked at the next time.
        let sockets = Sockets::now();
        if let (Some(sockets), Some((before, found))) = (&sockets, &self.seen)
            && sockets == before
        {
            return Ok(told(found, config));
        }
        let found = look()?;
        let servers = told(&found, config);
        self.seen = sockets.map(|sockets| (sockets, found));
        Ok(servers)
    }
}

/// What listens, most likely ones first, and what it seems to be.
fn look() -> Result<Vec<(Listening, Guess)>, String> {
    let listening = sockets::listening()?;
    let mut found: Vec<(Listening, Guess)> = listening
        .into_iter()
        .filter(|it| known::is_offered(it.port, &it.process))
        .take(MAX_LOOKED_AT)
        .map(|it| {
            let guess = guess::guess(&it.process);
            (it, guess)
        })
        .collect();
    found.sort_by_key(|(it, guess)| (rank(it.port, guess), it.port));
    found.truncate(MAX_SERVERS);
    Ok(found)
}

/// The same for others: with names that are free, and which are shared.
fn told(found: &[(Listening, Guess)], config: &Config) -> Vec<DevServer> {
    let mut taken: BTreeSet<String> = config.services.keys().cloned().collect();
    let told = found.iter().map(|(it, guess)| {
        let shared_as = shared_as(config, it.port);
        let name = match (&shared_as, &guess.name) {
            (Some(name), _) => Some(name.clone()),
            (None, name) => name
                .clone()
                .map(|name| free_name(name, it.port, &mut taken)),
        };
        DevServer {
            port: it.port,
            program: guess.program.clone(),
            name,
            shared_as,
        }
    });
    told.collect()
}

/// How unlikely it is that somebody means this one: known frameworks and usual ports come first.
fn rank(port: u16, guess: &Guess) -> u8 {
    match (guess.is_framework, known::is_usual(port)) {
        (true, true) => 0,
        (true, false) => 1,
        (false, true) => 2,
        (false, false) if port < FIRST_EPHEMERAL => 3,
        (false, false) => 4,
    }
}

/// The service that is offered now and whose traffic goes to this port of our own machine.
fn shared_as(config: &Config, port: u16) -> Option<String> {
    let leads_there = |place: &Place| match place {
        Place::Tcp { host, port: to } => *to == port && is_here(host),
        Place::Unix(_) => false,
    };
    let mut active = config.services.iter().filter(|(_, it)| it.active);
    active
        .find(|(_, it)| it.upstream.iter().any(|to| leads_there(&to.place)))
        .map(|(name, _)| name.clone())
}

fn is_here(host: &str) -> bool {
    matches!(
        host,
        "localhost" | "127.0.0.1" | "::1" | "0.0.0.0" | "::" | "ip6-localhost"
    ) || host.ends_with(".localhost")
}

/// `name`, or with the port behind it when something has that name already.
fn free_name(name: String, port: u16, taken: &mut BTreeSet<String>) -> String {
    let name = if taken.contains(&name) {
        name::with_port(&name, port)
    } else {
        name
    };
    taken.insert(name.clone());
    name
}

#[cfg(test)]
mod tests;
