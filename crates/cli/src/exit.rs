//! How a command ended: exit codes that scripts rely on, and the last words of one that failed.

use std::{error::Error, io};

use malai_api::{Event, Failure, codes};
use malai_core::{
    config::ConfigError, control::ControlError, engine::EngineError, home::HomeError,
    identity::IdentityError,
};

use crate::output::Output;

/// The exit codes there are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Exit {
    /// Done.
    Done,
    /// It failed.
    Failed,
    /// Wrong usage; clap's own code, too.
    Usage,
    /// The engine is not running.
    NotRunning,
    /// Not permitted by the peer.
    NotPermitted,
    /// The peer cannot be reached.
    Unreachable,
    /// The configuration is invalid.
    ConfigInvalid,
    /// Interrupted, as shells say it: 128 and the number of SIGINT.
    Interrupted,
}

impl Exit {
    pub(crate) fn code(self) -> u8 {
        match self {
            Self::Done => 0,
            Self::Failed => 1,
            Self::Usage => 2,
            Self::NotRunning => 3,
            Self::NotPermitted => 4,
            Self::Unreachable => 5,
            Self::ConfigInvalid => 6,
            Self::Interrupted => 130,
        }
    }

    /// The exit code for the stable code of a failure.
    pub(crate) fn of(code: &str) -> Self {
        match code {
            codes::ARGUMENT_INVALID | codes::NAME_INVALID => Self::Usage,
            codes::NOT_RUNNING => Self::NotRunning,
            codes::NOT_PERMITTED | codes::DOMAIN_KEY_CHANGED => Self::NotPermitted,
            codes::PEER_UNREACHABLE | codes::DNS_FAILED => Self::Unreachable,
            codes::CONFIG_INVALID
            | "config-unreadable"
            | "config-too-large"
            | "config-not-utf8"
            | "config-change-refused" => Self::ConfigInvalid,
            _ => Self::Failed,
        }
    }
}

/// Says what went wrong, on stderr and with `--json` on stdout, and how to exit.
pub(crate) fn report(error: &anyhow::Error, output: Output) -> Exit {
    if is_broken_pipe(error) {
        // Whoever read our output has had enough; there is nobody to tell.
        return Exit::Failed;
    }
    let code = code_of(error);
    let message = message_of(error);
    output.talk(&format!("error: {message}"));
    if output.is_json() {
        let event = Event::Error {
            code: code.clone(),
            message,
        };
        if let Err(error) = output.object(&event) {
            tracing::debug!(%error, "the error could not be written to stdout");
        }
    }
    Exit::of(&code)
}

fn code_of(error: &anyhow::Error) -> String {
    if let Some(failure) = error.downcast_ref::<Failure>() {
        return failure.code.clone();
    }
    let code = if let Some(error) = error.downcast_ref::<EngineError>() {
        error.code()
    } else if let Some(error) = error.downcast_ref::<ConfigError>() {
        error.code()
    } else if let Some(error) = error.downcast_ref::<IdentityError>() {
        error.code()
    } else if error.is::<HomeError>() {
        "home-not-writable"
    } else if error.is::<ControlError>() {
        "control-failed"
    } else {
        "failed"
    };
    code.to_owned()
}

/// The error and its causes; a cause of several lines begins on a line of its own.
fn message_of(error: &anyhow::Error) -> String {
    let mut message = String::new();
    for cause in error.chain() {
        let text = cause.to_string();
        // `#[error(transparent)]` says the same twice.
        if !message.ends_with(&text) {
            if !message.is_empty() {
                message.push_str(if text.contains('\n') { ":\n" } else { ": " });
            }
            message.push_str(&text);
        }
    }
    message
}

fn is_broken_pipe(error: &anyhow::Error) -> bool {
    error.chain().any(|cause: &(dyn Error + 'static)| {
        let error = cause.downcast_ref::<io::Error>();
        error.is_some_and(|error| error.kind() == io::ErrorKind::BrokenPipe)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn exit_of(code: &str) -> u8 {
        let error = anyhow::Error::new(Failure::new(code, "words"));
        Exit::of(&code_of(&error)).code()
    }

    #[test]
    fn every_contracted_code_is_reached() {
        assert_eq!(Exit::Done.code(), 0);
        assert_eq!(exit_of("anything-else"), 1);
        assert_eq!(exit_of(codes::ARGUMENT_INVALID), 2);
        assert_eq!(exit_of(codes::NOT_RUNNING), 3);
        assert_eq!(exit_of(codes::NOT_PERMITTED), 4);
        assert_eq!(exit_of(codes::DOMAIN_KEY_CHANGED), 4);
        assert_eq!(exit_of(codes::PEER_UNREACHABLE), 5);
        assert_eq!(exit_of(codes::DNS_FAILED), 5);
        assert_eq!(exit_of(codes::CONFIG_INVALID), 6);
        assert_eq!(Exit::Interrupted.code(), 130);
    }

    #[test]
    fn a_failure_keeps_its_code_under_a_context() {
        let error = anyhow::Error::new(Failure::new(codes::NOT_RUNNING, "not here"))
            .context("cannot do it");
        assert_eq!(code_of(&error), codes::NOT_RUNNING);
        assert_eq!(message_of(&error), "cannot do it: not here");
    }
}
