//! One running `malai` command.
//!
//! It has a process group of its own, which is killed when the test lets go of it; its events are
//! read from stdout, and all it said is printed then, for the one who reads why a test failed.

use std::process::{ExitStatus, Stdio};

use anyhow::{Context, Result, bail};
use nix::{
    sys::signal::{self, Signal},
    unistd::Pid,
};
use serde_json::Value;
use tokio::process::{Child, Command};

use crate::{lines::Lines, within};

/// A running command.
#[derive(Debug)]
pub struct Malai {
    child: Child,
    group: Pid,
    what: String,
    stdout: Lines,
    stderr: Lines,
}

impl Malai {
    /// Starts `command`; `what` names it in failures.
    ///
    /// # Errors
    /// When the program cannot be started.
    pub fn start(mut command: Command, what: &str) -> Result<Self> {
        let mut child = command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .process_group(0)
            .kill_on_drop(true)
            .spawn()
            .with_context(|| format!("cannot start `{what}`"))?;
        let stdout = child.stdout.take().context("stdout is piped")?;
        let stderr = child.stderr.take().context("stderr is piped")?;
        let id = child.id().context("it has just been started")?;
        Ok(Self {
            child,
            group: Pid::from_raw(i32::try_from(id)?),
            what: what.to_owned(),
            stdout: Lines::read(stdout),
            stderr: Lines::read(stderr),
        })
    }

    /// The process, by its number.
    #[must_use]
    pub fn id(&self) -> i32 {
        self.group.as_raw()
    }

    /// Waits for the first event of this kind, those that came already included.
    ///
    /// # Errors
    /// When it does not come in time, or the process ends without it.
    pub async fn event(&self, kind: &str) -> Result<Value> {
        self.event_where(kind, |_| true).await
    }

    /// Waits for the first event of this kind that `matches`.
    ///
    /// # Errors
    /// When it does not come in time, or the process ends without it.
    pub async fn event_where(&self, kind: &str, matches: impl Fn(&Value) -> bool) -> Result<Value> {
        let found = self
            .stdout
            .first(|line| {
                let event: Value = serde_json::from_str(line).ok()?;
                (event["event"] == kind && matches(&event)).then_some(event)
            })
            .await;
        match found {
            Ok(Some(event)) => Ok(event),
            Ok(None) => bail!("it ended without the event `{kind}`\n{}", self.said()),
            Err(error) => Err(error.context(format!("event `{kind}`\n{}", self.said()))),
        }
    }

    /// Waits for a line on stderr that contains `part`.
    ///
    /// # Errors
    /// When it does not come in time, or the process ends without it.
    pub async fn says(&self, part: &str) -> Result<String> {
        let found = self
            .stderr
            .first(|line| line.contains(part).then(|| line.to_owned()))
            .await;
        match found {
            Ok(Some(line)) => Ok(line),
            Ok(None) => bail!("it ended without saying `{part}`\n{}", self.said()),
            Err(error) => Err(error.context(format!("`{part}` on stderr\n{}", self.said()))),
        }
    }

    /// Waits for a line on stdout that contains `part`.
    ///
    /// # Errors
    /// When it does not come in time, or the process ends without it.
    pub async fn prints(&self, part: &str) -> Result<String> {
        let found = self
            .stdout
            .first(|line| line.contains(part).then(|| line.to_owned()))
            .await;
        match found {
            Ok(Some(line)) => Ok(line),
            Ok(None) => bail!("it ended without printing `{part}`\n{}", self.said()),
            Err(error) => Err(error.context(format!("`{part}` on stdout\n{}", self.said()))),
        }
    }

    /// The events so far.
    #[must_use]
    pub fn events(&self) -> Vec<Value> {
        self.stdout.json()
    }

    /// Everything on stderr so far.
    #[must_use]
    pub fn stderr(&self) -> String {
        self.stderr.text()
    }

    /// Everything it said so far, for a failure's message.
    #[must_use]
    pub fn said(&self) -> String {
        let (what, stdout, stderr) = (&self.what, self.stdout.text(), self.stderr.text());
        format!("---- {what}: stdout\n{stdout}\n---- {what}: stderr\n{stderr}\n----")
    }

    /// Sends a signal to the process, not to its children.
    ///
    /// # Errors
    /// When it has ended already.
    pub fn signal(&self, which: Signal) -> Result<()> {
        signal::kill(self.group, which).with_context(|| format!("cannot signal {}", self.what))
    }

    /// Waits for its end; the exit code, or 128 and the signal's number.
    ///
    /// # Errors
    /// When it does not end in time.
    pub async fn exit(&mut self) -> Result<i32> {
        let status = within("its end", self.child.wait()).await;
        let status = status.with_context(|| self.said())??;
        Ok(code(status))
    }

    /// Whether it is still there.
    ///
    /// # Errors
    /// When the system cannot tell.
    pub fn is_running(&mut self) -> Result<bool> {
        Ok(self.child.try_wait()?.is_none())
    }

    /// The most memory it has had at once, in bytes.
    ///
    /// # Errors
    /// When `/proc` does not say.
    pub fn peak_memory(&self) -> Result<u64> {
        self.memory_as("VmHWM:")
    }

    /// The memory it has now, in bytes.
    ///
    /// # Errors
    /// When `/proc` does not say.
    pub fn memory(&self) -> Result<u64> {
        self.memory_as("VmRSS:")
    }

    fn memory_as(&self, name: &str) -> Result<u64> {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.group))?;
        let line = status.lines().find_map(|line| line.strip_prefix(name));
        let kib = line.and_then(|line| line.trim().strip_suffix(" kB"));
        let kib: u64 = kib.context("/proc says no such memory")?.parse()?;
        Ok(kib * 1024)
    }

    /// How many files and connections it has open.
    ///
    /// # Errors
    /// When `/proc` does not say.
    pub fn open_files(&self) -> Result<usize> {
        Ok(std::fs::read_dir(format!("/proc/{}/fd", self.group))?.count())
    }

    /// The CPU time it has used, in hundredths of a second as Linux counts.
    ///
    /// # Errors
    /// When `/proc` does not say.
    pub fn cpu_ticks(&self) -> Result<u64> {
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", self.group))?;
        let (_, fields) = stat.rsplit_once(')').context("/proc says no times")?;
        let mut times = fields.split_whitespace().skip(11).take(2);
        let mut next = || -> Result<u64> { Ok(times.next().context("no time")?.parse()?) };
        Ok(next()? + next()?)
    }
}

/// The exit code, or 128 and the signal's number.
pub(crate) fn code(status: ExitStatus) -> i32 {
    use std::os::unix::process::ExitStatusExt;
    let signal = || status.signal().map_or(-1, |signal| 128 + signal);
    status.code().unwrap_or_else(signal)
}

impl Drop for Malai {
    fn drop(&mut self) {
        eprintln!("{}", self.said());
        if let Err(error) = signal::killpg(self.group, Signal::SIGKILL)
            && error != nix::errno::Errno::ESRCH
        {
            eprintln!("cannot end {}: {error}", self.what);
        }
    }
}
