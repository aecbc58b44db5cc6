//! Whether the secret key can be had where it is kept.

use std::time::Duration;

use fastn_p2p::PublicKey;
use malai_api::Examined;
use tokio::time::timeout;

use super::{Found, Setup};
use crate::{
    causes::causes,
    identity::{self, KeyStore},
};

/// How long a keychain may take; one that asks its user to unlock it waits for that.
const OPEN: Duration = Duration::from_secs(5);

/// What is known of the secret key.
#[derive(Debug, Clone)]
pub(crate) enum IdentityState {
    /// An engine runs as it.
    Runs {
        /// Its public half.
        own: PublicKey,
        /// The name of the store it was read from.
        store: String,
    },
    /// It was opened just now.
    Opened(KeyStore),
    /// There is none yet.
    Missing,
    /// It cannot be opened, in plain words.
    Failed(String),
}

pub(super) async fn check(setup: &Setup) -> Vec<Found> {
    let state = match (&setup.identity, &setup.home) {
        (IdentityState::Runs { own, store }, Some(home)) if store != "memory" => {
            match timeout(OPEN, identity::open(home, None)).await {
                Ok(Ok(opened)) if opened.public() == *own => IdentityState::Opened(opened.store()),
                Ok(Ok(_)) => return vec![replaced()],
                Ok(Err(error)) => IdentityState::Failed(causes(&error)),
                Err(_) => {
                    let why = "the keychain does not answer; it may be waiting to be unlocked";
                    IdentityState::Failed(why.to_owned())
                }
            }
        }
        (state, _) => state.clone(),
    };
    vec![judge(&state, setup.runs)]
}

fn judge(state: &IdentityState, runs: bool) -> Found {
    let check = Examined::Identity;
    match state {
        IdentityState::Runs { .. } => {
            let seen = "the secret key lives in memory alone, and is gone with this engine";
            Found::ok(check, "the key is in memory", seen)
        }
        IdentityState::Opened(KeyStore::Keychain) => {
            let seen = "the secret key opens, and is kept in the keychain of the system";
            Found::ok(check, "the key opens (keychain)", seen)
        }
        IdentityState::Opened(KeyStore::File) => {
            let seen = "the secret key opens, and is kept in a file that you alone can read";
            Found::ok(check, "the key opens (file)", seen)
        }
        IdentityState::Opened(KeyStore::Memory) => {
            let seen = "the secret key is made anew for each run";
            Found::ok(check, "the key is in memory", seen)
        }
        IdentityState::Missing => {
            let seen = "there is no identity yet; it is made when malai runs for the first time";
            Found::skipped(check, "there is no key yet", seen)
        }
        IdentityState::Failed(why) if runs => {
            let seen = format!("this engine has its key, but the next one would not: {why}");
            Found::warning(check, "the key does not open again", seen)
                .advise("see to it before malai is started again")
        }
        IdentityState::Failed(why) => Found::problem(check, "the key does not open", why.clone()),
    }
}

/// Another key was imported or made.
fn replaced() -> Found {
    let seen = "another secret key is kept by now than the one this engine runs with";
    Found::warning(
        Examined::Identity,
        "another key is used from the next start",
        seen,
    )
    .advise("start malai again to use it")
}

#[cfg(test)]
mod tests {
    use malai_api::Verdict;

    use super::*;

    #[test]
    fn an_engine_that_has_its_key_still_works_without_its_keychain() {
        let failed = IdentityState::Failed("the keychain is locked".to_owned());
        assert_eq!(judge(&failed, false).verdict, Verdict::Problem);
        assert_eq!(judge(&failed, true).verdict, Verdict::Warning);
        assert_eq!(
            judge(&IdentityState::Missing, false).verdict,
            Verdict::Skipped
        );
    }
}
