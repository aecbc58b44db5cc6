//! What this process uses, as the system tells it.
//!
//! Linux alone so far; elsewhere nothing is known, and nothing is said.

use std::time::Duration;

/// What is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Usage {
    pub(crate) memory_bytes: Option<u64>,
    pub(crate) open_files: Option<u64>,
    pub(crate) cpu: Option<Duration>,
}

impl Usage {
    /// At this moment. It reads `/proc`, which is no disk.
    #[cfg(target_os = "linux")]
    pub(crate) fn now() -> Self {
        use std::fs;

        let read = |name: &str| fs::read_to_string(format!("/proc/self/{name}")).ok();
        let files = fs::read_dir("/proc/self/fd").ok().map(Iterator::count);
        Self {
            memory_bytes: read("status").and_then(|text| resident(&text)),
            // One of them was there to count them.
            open_files: files.and_then(|files| u64::try_from(files.saturating_sub(1)).ok()),
            cpu: read("stat").and_then(|text| cpu(&text)),
        }
    }

    /// At this moment.
    #[cfg(not(target_os = "linux"))]
    pub(crate) fn now() -> Self {
        Self::default()
    }
}

/// `VmRSS:   40960 kB`, see proc_pid_status(5).
#[cfg(any(target_os = "linux", test))]
fn resident(status: &str) -> Option<u64> {
    let mut lines = status.lines();
    let line = lines.find_map(|line| line.strip_prefix("VmRSS:"))?;
    let kilobytes: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kilobytes * 1024)
}

/// Time in user and kernel mode, the fields 14 and 15 of proc_pid_stat(5); the second one, the
/// program's name, is in parentheses and may hold anything.
#[cfg(any(target_os = "linux", test))]
fn cpu(stat: &str) -> Option<Duration> {
    /// How many ticks a second has for programs, on every Linux that we build for.
    const TICKS_PER_SECOND: u64 = 100;
    let (_, fields) = stat.rsplit_once(')')?;
    let mut times = fields.split_ascii_whitespace().skip(11);
    let mut next = || times.next()?.parse::<u64>().ok();
    let ticks = next()? + next()?;
    Some(Duration::from_millis(ticks * 1000 / TICKS_PER_SECOND))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_what_linux_writes() {
        let status = "Name:\tmalai\nVmPeak:\t  99 kB\nVmRSS:\t   40960 kB\nThreads:\t3\n";
        assert_eq!(resident(status), Some(40960 * 1024));
        assert_eq!(resident("Name:\tmalai\n"), None);
        let stat = "7 (a ) b) S 1 7 7 0 -1 4194560 900 0 0 0 250 50 0 0 20 0 3 0 1 1 1";
        assert_eq!(cpu(stat), Some(Duration::from_secs(3)));
        assert_eq!(cpu("7 (malai) S 1"), None);
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn a_process_uses_something() {
        let usage = Usage::now();
        assert!(usage.memory_bytes.is_some_and(|bytes| bytes > 1 << 16));
        assert!(usage.open_files.is_some_and(|files| files > 2));
        assert!(usage.cpu.is_some());
    }
}
