//! The file of the record: appended to, turned over when it is long, read from its end.

use std::{
    fs::{self, File, OpenOptions},
    io::{self, BufRead, BufReader, Read, Write},
    path::{Path, PathBuf},
};

use fastn_p2p::PublicKey;
use malai_api::{LogEntry, LogRequest};

/// A file that is longer is turned over: some ten thousand lines.
const MAX_BYTES: u64 = 2 * 1024 * 1024;
/// What is read of one file at most: the limit, and the batch that went beyond it.
const MAX_READ: u64 = 2 * MAX_BYTES;
/// Lines told when nothing is said about how many.
const DEFAULT_LINES: u32 = 200;
/// Lines told at most.
const MAX_LINES: u32 = 2000;

/// Which lines are wanted.
#[derive(Debug, Clone)]
pub struct Filter {
    limit: usize,
    peer: Option<PublicKey>,
    /// When the peer's name means no key any more, or no peer is meant.
    name: Option<String>,
    service: Option<String>,
}

impl Filter {
    /// What `request` asks for; `peer` is the key that it means, when there is one.
    #[must_use]
    pub fn new(request: &LogRequest, peer: Option<PublicKey>) -> Self {
        let limit = request.limit.unwrap_or(DEFAULT_LINES).min(MAX_LINES);
        Self {
            limit: usize::try_from(limit).unwrap_or_default(),
            name: request.peer.clone().filter(|_| peer.is_none()),
            peer,
            service: request.service.clone(),
        }
    }

    fn wants(&self, entry: &LogEntry) -> bool {
        let by_key = |key: &PublicKey| entry.peer.as_deref() == Some(&*key.to_string());
        self.peer.as_ref().is_none_or(by_key)
            && (self.name.is_none() || self.name == entry.name)
            && (self.service.is_none() || self.service == entry.service)
    }
}

/// Adds lines at the end. Blocks for a disk write.
pub(super) fn append(path: &Path, entries: &[LogEntry]) -> io::Result<()> {
    let mut text = Vec::new();
    for entry in entries {
        serde_json::to_writer(&mut text, entry)?;
        text.push(b'\n');
    }
    let mut options = OpenOptions::new();
    options.append(true).create(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(path)?;
    // In one call: a line is never torn by another one's.
    file.write_all(&text)?;
    if file.metadata()?.len() > MAX_BYTES {
        fs::rename(path, older(path))?;
    }
    Ok(())
}

/// The lines that `filter` wants, newest last. A line that makes no sense is left out. Blocks for
/// disk reads.
///
/// # Errors
/// When a file is there that cannot be read.
pub fn read(path: &Path, filter: &Filter) -> io::Result<Vec<LogEntry>> {
    let mut entries = Vec::new();
    for path in [older(path), path.to_owned()] {
        let file = match File::open(&path) {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
            Err(error) => return Err(error),
        };
        for line in BufReader::new(file.take(MAX_READ)).split(b'\n') {
            let entry = serde_json::from_slice(&line?).ok();
            entries.extend(entry.filter(|entry| filter.wants(entry)));
        }
    }
    let surplus = entries.len().saturating_sub(filter.limit);
    Ok(entries.split_off(surplus))
}

fn older(path: &Path) -> PathBuf {
    path.with_extension("1.jsonl")
}

#[cfg(test)]
mod tests {
    use malai_api::LogKind;

    use super::*;

    fn entry(at: u64, service: &str) -> LogEntry {
        LogEntry {
            at,
            what: LogKind::Used,
            peer: None,
            name: Some("alice".to_owned()),
            service: Some(service.to_owned()),
            note: None,
        }
    }

    fn filter(limit: Option<u32>, peer: Option<&str>, service: Option<&str>) -> Filter {
        let request = LogRequest {
            limit,
            peer: peer.map(str::to_owned),
            service: service.map(str::to_owned),
        };
        Filter::new(&request, None)
    }

    #[test]
    fn the_newest_come_last_and_rubbish_is_left_out() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("log.jsonl");
        assert_eq!(read(&path, &filter(None, None, None)).unwrap(), []);
        append(&path, &[entry(1, "shop"), entry(2, "blog")]).unwrap();
        let mut file = OpenOptions::new().append(true).open(&path).unwrap();
        file.write_all(b"{half a li\xff\n\n").unwrap();
        append(&path, &[entry(3, "shop")]).unwrap();
        let times = |filter: &Filter| -> Vec<u64> {
            read(&path, filter)
                .unwrap()
                .iter()
                .map(|it| it.at)
                .collect()
        };
        assert_eq!(times(&filter(None, None, None)), [1, 2, 3]);
        assert_eq!(times(&filter(Some(2), None, None)), [2, 3]);
        assert_eq!(times(&filter(Some(0), None, None)), [0_u64; 0]);
        assert_eq!(times(&filter(None, Some("alice"), Some("shop"))), [1, 3]);
        assert_eq!(times(&filter(None, Some("bob"), None)), [0_u64; 0]);
    }

    #[test]
    fn a_long_file_is_turned_over_and_read_all_the_same() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("log.jsonl");
        let long = "x".repeat(1000);
        for batch in 0..30 {
            let entries: Vec<_> = (0..100).map(|at| entry(batch * 100 + at, &long)).collect();
            append(&path, &entries).unwrap();
        }
        let size: u64 = [older(&path), path.clone()]
            .iter()
            .map(|path| fs::metadata(path).unwrap().len())
            .sum();
        assert!(size <= MAX_READ + MAX_BYTES, "{size}");
        let entries = read(&path, &filter(Some(2000), None, None)).unwrap();
        assert_eq!(entries.len(), 2000);
        assert_eq!(entries.last().unwrap().at, 2999);
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            let mode = fs::metadata(&path).unwrap().permissions().mode();
            assert_eq!(mode & 0o777, 0o600);
        }
    }
}
