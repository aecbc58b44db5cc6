//! Whether what has to be kept can be written, and how much room there is for it.

use std::path::Path;

use malai_api::Examined;
use tokio::task::spawn_blocking;

use super::{Found, Setup};

/// Less than the logs of a week can take.
const LITTLE: u64 = 128 * 1024 * 1024;
/// Less than what is kept on one side while a file is written anew.
const NOTHING: u64 = 8 * 1024 * 1024;

const MEBIBYTE: u64 = 1024 * 1024;

pub(super) async fn check(setup: &Setup) -> Vec<Found> {
    let Some(home) = setup.home.clone() else {
        let seen = "this engine keeps nothing";
        return vec![Found::skipped(Examined::Disk, "nothing is kept", seen)];
    };
    let state = home.state();
    let looked = spawn_blocking(move || judge(writes(&state).err(), free(&state)));
    match looked.await {
        Ok(found) => vec![found],
        Err(error) => vec![Found::warning(
            Examined::Disk,
            "it could not be looked at",
            error.to_string(),
        )],
    }
}

/// Writes a file that is gone again at once.
fn writes(directory: &Path) -> std::io::Result<()> {
    let file = tempfile::NamedTempFile::new_in(directory)?;
    std::fs::write(file.path(), [0; 4096])
}

/// Bytes that our user may still write there, where the system tells.
#[cfg(unix)]
fn free(directory: &Path) -> Option<u64> {
    let room = rustix::fs::statvfs(directory).ok()?;
    Some(room.f_bavail.saturating_mul(room.f_frsize))
}

#[cfg(not(unix))]
fn free(_directory: &Path) -> Option<u64> {
    None
}

fn judge(error: Option<std::io::Error>, free: Option<u64>) -> Found {
    let check = Examined::Disk;
    let megabytes = free.map(|bytes| bytes / MEBIBYTE);
    let found = match (error, free) {
        (Some(error), _) => {
            let seen = format!("nothing can be written into malai's home: {error}");
            Found::problem(check, "the disk cannot be written", seen)
                .advise("make room, or see to the permissions of that directory")
        }
        (None, Some(bytes)) if bytes < NOTHING => {
            let seen = "the disk is full";
            Found::problem(check, "the disk is full", seen).advise("make room on it")
        }
        (None, Some(bytes)) if bytes < LITTLE => {
            let seen = "there is little room on the disk for logs and the record";
            Found::warning(check, "the disk is nearly full", seen).advise("make room on it")
        }
        (None, _) => {
            let seen = "what is to be kept can be written";
            Found::ok(check, "the disk can be written", seen)
        }
    };
    match megabytes.and_then(|it| u32::try_from(it).ok()) {
        Some(megabytes) => found.figure("free", f64::from(megabytes), "MB"),
        None => found,
    }
}

#[cfg(test)]
mod tests {
    use malai_api::Verdict;

    use super::*;

    #[test]
    fn no_room_and_no_permission_are_problems() {
        assert_eq!(judge(None, Some(1 << 40)).verdict, Verdict::Ok);
        assert_eq!(judge(None, None).verdict, Verdict::Ok);
        assert_eq!(judge(None, Some(LITTLE - 1)).verdict, Verdict::Warning);
        assert_eq!(judge(None, Some(0)).verdict, Verdict::Problem);
        let denied = std::io::ErrorKind::PermissionDenied.into();
        assert_eq!(judge(Some(denied), Some(1 << 40)).verdict, Verdict::Problem);
    }

    #[test]
    fn this_directory_is_written_and_left_as_it_was() {
        let dir = tempfile::tempdir().unwrap();
        writes(dir.path()).unwrap();
        assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 0);
        assert!(writes(&dir.path().join("missing")).is_err());
    }
}
