//! Who else can read or change what the engine keeps, and whether it can be asked.

use std::path::{Path, PathBuf};

use malai_api::Examined;
use tokio::task::spawn_blocking;

use super::{Found, Setup};
use crate::home::Home;

/// A place and who may do something there.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Seen {
    path: PathBuf,
    /// Unix permission bits; `None` where it is not there, or the system has no such bits.
    mode: Option<u32>,
}

pub(super) async fn check(setup: &Setup) -> Vec<Found> {
    let Some(home) = setup.home.clone() else {
        let seen = "this engine keeps nothing";
        return vec![Found::skipped(Examined::Home, "nothing is kept", seen)];
    };
    let runs = setup.runs;
    let looked = spawn_blocking(move || {
        let places = places(&home).map(|path| Seen {
            mode: mode(&path),
            path,
        });
        judge(&places, runs, cfg!(unix))
    });
    match looked.await {
        Ok(found) => vec![found],
        Err(error) => vec![Found::warning(
            Examined::Home,
            "it could not be looked at",
            error.to_string(),
        )],
    }
}

fn places(home: &Home) -> [PathBuf; 4] {
    [
        home.dir().to_owned(),
        home.config(),
        home.state(),
        home.control_socket(),
    ]
}

#[cfg(unix)]
fn mode(path: &Path) -> Option<u32> {
    use std::os::unix::fs::PermissionsExt;
    let metadata = std::fs::metadata(path).ok()?;
    Some(metadata.permissions().mode() & 0o777)
}

#[cfg(not(unix))]
fn mode(_path: &Path) -> Option<u32> {
    None
}

/// The first place is the home itself, the last one the control socket.
fn judge(places: &[Seen; 4], runs: bool, has_modes: bool) -> Found {
    let check = Examined::Home;
    let [home, .., socket] = places;
    if !has_modes {
        let seen = "this system keeps permissions otherwise; nothing was looked at";
        return Found::skipped(check, "permissions are not looked at", seen);
    }
    let is_open = |seen: &&Seen, bits: u32| seen.mode.is_some_and(|mode| mode & bits != 0);
    let mut all = places.iter();
    if let Some(seen) = all.find(|seen| is_open(seen, 0o022)) {
        let path = seen.path.display();
        let said = format!("other users of this machine can change {path}");
        return Found::problem(check, "others can change what malai keeps", said)
            .advise(format!("run `chmod go-rwx {path}`"));
    }
    if runs && socket.mode.is_none() {
        let said = format!("there is no control socket at {}", socket.path.display());
        return Found::problem(check, "the control socket is gone", said)
            .advise("stop malai and start it again; until then commands cannot ask it");
    }
    // A private directory protects all that is in it.
    if is_open(&home, 0o055) {
        let mut inside = places.iter().skip(1);
        if let Some(seen) = inside.find(|seen| is_open(seen, 0o044)) {
            let path = seen.path.display();
            let said = format!("other users of this machine can read {path}");
            return Found::warning(check, "others can read what malai keeps", said)
                .advise(format!("run `chmod go-rwx {}`", home.path.display()));
        }
    }
    let said = "only you can read and change what malai keeps";
    Found::ok(check, "permissions are right", said)
}

#[cfg(test)]
mod tests {
    use malai_api::Verdict;

    use super::*;

    fn judged(modes: [Option<u32>; 4], runs: bool) -> Verdict {
        let places = modes.map(|mode| Seen {
            path: PathBuf::from("/there"),
            mode,
        });
        judge(&places, runs, true).verdict
    }

    #[test]
    fn what_others_can_do_is_told() {
        let open = Some(0o644);
        assert_eq!(
            judged([Some(0o700), open, Some(0o755), Some(0o600)], true),
            Verdict::Ok
        );
        assert_eq!(
            judged([Some(0o755), open, Some(0o700), None], false),
            Verdict::Warning
        );
        assert_eq!(
            judged([Some(0o777), None, None, None], false),
            Verdict::Problem
        );
        assert_eq!(
            judged([Some(0o700), None, None, Some(0o666)], true),
            Verdict::Problem
        );
    }

    #[test]
    fn a_running_engine_without_a_socket_cannot_be_asked() {
        let modes = [Some(0o700), None, Some(0o700), None];
        assert_eq!(judged(modes, true), Verdict::Problem);
        assert_eq!(judged(modes, false), Verdict::Ok);
    }
}
