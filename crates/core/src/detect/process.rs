//! What the system tells about a process: name, program, command line and working directory.
//!
//! Command line and directory come from `/proc` on Linux; elsewhere a name and a path is all.

use std::path::{Path, PathBuf};

/// Bytes of a command line that are looked at; what names a framework stands at its beginning.
#[cfg(target_os = "linux")]
const COMMAND_MAX: u64 = 8 * 1024;

/// Names of our own programs.
const OURS: [&str; 2] = ["malai", "malai-desktop"];

/// A process that listens.
#[derive(Debug, Clone, Default)]
pub(super) struct Process {
    /// As the system calls it; on Linux at most 15 bytes.
    pub(super) name: String,
    /// Its words; empty where they cannot be read.
    pub(super) command: Vec<String>,
    /// Where it works; `None` where that cannot be told.
    pub(super) dir: Option<PathBuf>,
}

impl Process {
    /// What is known of it; `None` when it is another user's, or has gone.
    #[cfg(target_os = "linux")]
    pub(super) fn of_our_user(found: listeners::Process) -> Option<Self> {
        use std::{fs, io::Read, os::unix::fs::MetadataExt};

        let place = PathBuf::from(format!("/proc/{}", found.pid));
        let owner = |place: &Path| fs::metadata(place).map(|it| it.uid()).ok();
        if owner(&place)? != owner(Path::new("/proc/self"))? {
            return None;
        }
        let mut bytes = Vec::new();
        if let Ok(file) = fs::File::open(place.join("cmdline"))
            && let Err(error) = file.take(COMMAND_MAX).read_to_end(&mut bytes)
        {
            tracing::debug!(%error, "a command line cannot be read");
        }
        let words = bytes.split(|byte| *byte == 0);
        let words = words.map(|word| String::from_utf8_lossy(word).into_owned());
        Some(Self {
            name: found.name,
            command: words.filter(|word| !word.is_empty()).collect(),
            dir: fs::read_link(place.join("cwd")).ok(),
        })
    }

    /// What is known of it; `None` when its program cannot be seen, as for other users'.
    #[cfg(not(target_os = "linux"))]
    pub(super) fn of_our_user(found: listeners::Process) -> Option<Self> {
        if found.path.is_empty() {
            return None;
        }
        Some(Self {
            name: stem(Path::new(&found.name)),
            command: vec![found.path],
            dir: None,
        })
    }

    /// The program's name as it was called, without directory and `.exe`.
    ///
    /// Better than the process's name where it can be had: Node calls its processes `MainThread`.
    /// Some set a title of several words in its place, which is no name.
    pub(super) fn program(&self) -> String {
        match self.command.first() {
            Some(first) if !first.contains(' ') => stem(Path::new(first)),
            Some(_) | None => self.name.clone(),
        }
    }
}

/// Whether it is malai itself: this engine or another one.
pub(super) fn is_malai(process: &listeners::Process) -> bool {
    // A program that was replaced while it runs is told of as `malai (deleted)`.
    let path = process.path.trim_end_matches(" (deleted)");
    process.pid == std::process::id()
        || OURS.contains(&stem(Path::new(path)).as_str())
        || OURS.contains(&stem(Path::new(&process.name)).as_str())
}

/// The last part of a path, without `.exe`.
pub(super) fn stem(path: &Path) -> String {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    name.strip_suffix(".exe").unwrap_or(&name).to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn process(name: &str, path: &str) -> listeners::Process {
        listeners::Process {
            pid: 1,
            name: name.to_owned(),
            path: path.to_owned(),
        }
    }

    #[test]
    fn knows_malai_by_program_and_by_name() {
        assert!(is_malai(&process("malai", "/usr/bin/malai")));
        assert!(is_malai(&process("x", "/usr/bin/malai-desktop (deleted)")));
        assert!(is_malai(&process("malai.exe", "")));
        assert!(!is_malai(&process("node", "/home/me/malai/node")));
    }
}
