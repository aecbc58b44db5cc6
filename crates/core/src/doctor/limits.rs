//! What the system allows a program: open files, and the size of UDP buffers. Linux tells it in
//! files; elsewhere nothing is looked at.

use malai_api::Examined;
use tokio::task::spawn_blocking;

use super::Found;

/// Fewer open files than this are soon used up: each connection of a client is one, and each to a
/// service another.
const FEW_FILES: u64 = 1024;
/// Smaller than what Linux allows by itself: datagrams get lost when much arrives at once.
const SMALL_BUFFER: u64 = 200 * 1024;
/// What QUIC can make use of on a fast link.
const GOOD_BUFFER: u64 = 2 * 1024 * 1024;

/// What was seen; `None` for what the system does not tell.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
struct Seen {
    files: Option<u64>,
    buffer: Option<u64>,
}

pub(super) async fn check() -> Vec<Found> {
    let looked = spawn_blocking(|| Seen {
        files: read("/proc/self/limits").and_then(|text| open_files(&text)),
        buffer: read("/proc/sys/net/core/rmem_max").and_then(|text| text.trim().parse().ok()),
    });
    vec![judge(looked.await.unwrap_or_default())]
}

fn read(path: &str) -> Option<String> {
    std::fs::read_to_string(path).ok()
}

/// The soft limit: what holds now. `None` for no limit at all.
fn open_files(limits: &str) -> Option<u64> {
    let mut lines = limits.lines();
    let line = lines.find_map(|line| line.strip_prefix("Max open files"))?;
    line.split_whitespace().next()?.parse().ok()
}

fn judge(seen: Seen) -> Found {
    let check = Examined::Limits;
    let found = match seen {
        Seen {
            files: Some(files), ..
        } if files < FEW_FILES => {
            let said = format!("malai may have only {files} files and connections open at once");
            Found::warning(check, "few open files are allowed", said)
                .advise("raise the limit, for example with `ulimit -n 8192` before malai starts")
        }
        Seen {
            buffer: Some(buffer),
            ..
        } if buffer < SMALL_BUFFER => {
            let said = "the system allows only very small UDP buffers, so that data gets lost";
            Found::warning(check, "UDP buffers are very small", said)
                .advise("raise it: `sysctl -w net.core.rmem_max=7500000`")
        }
        Seen {
            buffer: Some(buffer),
            ..
        } if buffer < GOOD_BUFFER => {
            let said = "enough; larger UDP buffers would help on links of a gigabit and more";
            Found::ok(check, "the limits are enough", said)
        }
        Seen {
            files: None,
            buffer: None,
        } => Found::skipped(
            check,
            "the system does not tell its limits",
            "this system does not tell its limits",
        ),
        Seen { .. } => Found::ok(
            check,
            "the limits are enough",
            "open files and UDP buffers are enough",
        ),
    };
    let number = |value: u64| u32::try_from(value).map_or(f64::from(u32::MAX), f64::from);
    let found = match seen.files {
        Some(files) => found.figure("open_files", number(files), ""),
        None => found,
    };
    match seen.buffer {
        Some(buffer) => found.figure("udp_buffer", number(buffer / 1024), "kB"),
        None => found,
    }
}

#[cfg(test)]
mod tests {
    use malai_api::Verdict;

    use super::*;

    const LIMITS: &str = "Limit                     Soft Limit           Hard Limit           Units\n\
                          Max open files            1024                 524288               files\n";

    #[test]
    fn the_soft_limit_counts() {
        assert_eq!(open_files(LIMITS), Some(1024));
        assert_eq!(open_files(&LIMITS.replace("1024", "unlimited")), None);
        assert_eq!(open_files(""), None);
    }

    #[test]
    fn only_what_hurts_is_warned_of() {
        let verdict = |files, buffer| judge(Seen { files, buffer }).verdict;
        assert_eq!(verdict(Some(1024), Some(212_992)), Verdict::Ok);
        assert_eq!(verdict(Some(256), Some(1 << 24)), Verdict::Warning);
        assert_eq!(verdict(Some(1024), Some(65_536)), Verdict::Warning);
        assert_eq!(verdict(None, None), Verdict::Skipped);
    }
}
