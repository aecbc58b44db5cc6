//! What a running command costs, as the kernel counts it.

use std::fs;

use anyhow::{Context, Result};

use crate::Malai;

impl Malai {
    /// The memory it has, in bytes.
    ///
    /// # Errors
    /// When `/proc` does not say.
    pub fn memory(&self) -> Result<u64> {
        self.proc_status("VmRSS:")
    }

    /// How many files, sockets and the like it has open.
    ///
    /// # Errors
    /// When `/proc` does not say.
    pub fn open_files(&self) -> Result<usize> {
        let open = fs::read_dir(format!("/proc/{}/fd", self.id()))?;
        Ok(open.count())
    }

    fn proc_status(&self, name: &str) -> Result<u64> {
        let status = fs::read_to_string(format!("/proc/{}/status", self.id()))?;
        let line = status.lines().find_map(|line| line.strip_prefix(name));
        let kib = line.and_then(|line| line.trim().strip_suffix(" kB"));
        let kib: u64 = kib
            .with_context(|| format!("/proc says no {name}"))?
            .parse()?;
        Ok(kib * 1024)
    }
}
