//! The home of one engine, in a directory of its own that goes away with the test.

use std::{
    ffi::{OsStr, OsString},
    fs,
    path::{Path, PathBuf},
    process::Stdio,
};

use anyhow::{Context, Result, ensure};
use serde_json::Value;
use tempfile::TempDir;
use tokio::process::Command;

use crate::{Malai, malai, within};

/// A network without anybody else: peers find each other by the addresses in links.
pub const OFFLINE: &str = r#"version = 1

[network]
relay = "none"
lookup = []
bind = "127.0.0.1:0"
"#;

/// Names a directory whose programs are tested in place of those that were built, such as an
/// installed package's.
const INSTALLED: &str = "MALAI_E2E_BINARIES";

/// The `malai` that was built into the directory where the test itself was built.
///
/// # Errors
/// When it has not been built.
pub fn binary(name: &str) -> Result<PathBuf> {
    if let Some(directory) = std::env::var_os(INSTALLED) {
        let path = Path::new(&directory).join(name);
        ensure!(path.is_file(), "{} is not there", path.display());
        return Ok(path);
    }
    let test = std::env::current_exe()?;
    let built = test
        .ancestors()
        .nth(2)
        .context("a test is built into deps/")?;
    let path = built.join(name);
    ensure!(
        path.is_file(),
        "{} is not there: run `cargo build --workspace --all-targets` first",
        path.display()
    );
    Ok(path)
}

/// A home for one engine.
#[derive(Debug)]
pub struct Home {
    dir: TempDir,
    env: Vec<(String, Option<OsString>)>,
}

/// A command that has ended.
#[derive(Debug)]
pub struct Finished {
    /// Its exit code, or 128 and the signal's number.
    pub code: i32,
    /// What it said on stdout.
    pub stdout: String,
    /// What it said on stderr.
    pub stderr: String,
}

impl Finished {
    /// The JSON object it printed; the last one when there are several lines.
    ///
    /// # Errors
    /// When it did not end well, or printed none.
    pub fn json(&self) -> Result<Value> {
        ensure!(self.code == 0, "it failed: {self:?}");
        if let Ok(whole) = serde_json::from_str(&self.stdout) {
            return Ok(whole);
        }
        let line = self.stdout.lines().last().unwrap_or_default();
        serde_json::from_str(line).with_context(|| format!("not JSON: {self:?}"))
    }
}

impl Home {
    /// A home whose engine is [`OFFLINE`].
    ///
    /// # Errors
    /// When no directory can be made.
    pub fn new() -> Result<Self> {
        Self::with_config(OFFLINE)
    }

    /// A home with this `malai.toml`.
    ///
    /// # Errors
    /// When no directory can be made.
    pub fn with_config(text: &str) -> Result<Self> {
        let home = Self {
            dir: TempDir::with_prefix("malai-e2e-")?,
            env: Vec::new(),
        };
        home.configure(text)?;
        Ok(home)
    }

    /// Replaces `malai.toml`, as editors do: by a new file of the same name.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn configure(&self, text: &str) -> Result<()> {
        let new = self.path("malai.toml.new");
        fs::write(&new, text)?;
        fs::rename(new, self.path("malai.toml"))?;
        Ok(())
    }

    /// `malai.toml` as it is.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn config(&self) -> Result<String> {
        Ok(fs::read_to_string(self.path("malai.toml"))?)
    }

    /// The same with an environment variable for its commands.
    #[must_use]
    pub fn with_env(mut self, name: &str, value: impl AsRef<OsStr>) -> Self {
        self.set_env(name, Some(value.as_ref()));
        self
    }

    /// Sets or removes an environment variable of its commands.
    pub fn set_env(&mut self, name: &str, value: Option<&OsStr>) {
        self.env.push((name.to_owned(), value.map(OsStr::to_owned)));
    }

    /// The directory.
    #[must_use]
    pub fn dir(&self) -> &Path {
        self.dir.path()
    }

    /// A path in it.
    #[must_use]
    pub fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    /// `malai` with these arguments, in this home; nothing of the tester's own malai reaches it.
    ///
    /// # Errors
    /// When the binary has not been built.
    pub fn command(&self, args: &[&str]) -> Result<Command> {
        self.program("malai", args)
    }

    /// Another program of the build with these arguments, in this home.
    ///
    /// # Errors
    /// When it has not been built.
    pub fn program(&self, name: &str, args: &[&str]) -> Result<Command> {
        let mut command = Command::new(binary(name)?);
        command.args(args);
        Ok(self.prepare(command))
    }

    /// The same command, run in this home.
    #[must_use]
    pub fn prepare(&self, mut command: Command) -> Command {
        for (name, _) in std::env::vars().filter(|(name, _)| name.starts_with("MALAI_")) {
            command.env_remove(name);
        }
        command
            .env("MALAI_HOME", self.dir())
            .env("MALAI_KEY_STORE", "file")
            // Whoever may not is told so at once, where a test does not say otherwise.
            .env("MALAI_ASK", "0s")
            .env("HOME", self.dir())
            .current_dir(self.dir());
        for (name, value) in &self.env {
            match value {
                Some(value) => command.env(name, value),
                None => command.env_remove(name),
            };
        }
        command
    }

    /// Starts the desktop application.
    ///
    /// # Errors
    /// When it cannot be started.
    pub fn start_desktop(&self, args: &[&str]) -> Result<Malai> {
        let what = format!("malai-desktop {}", args.join(" "));
        Malai::start(self.program("malai-desktop", args)?, &what)
    }

    /// Starts a command that goes on running.
    ///
    /// # Errors
    /// When it cannot be started.
    pub fn start(&self, args: &[&str]) -> Result<Malai> {
        Malai::start(self.command(args)?, &format!("malai {}", args.join(" ")))
    }

    /// Runs a command to its end.
    ///
    /// # Errors
    /// When it cannot be started or does not end in time; not when it fails.
    pub async fn run(&self, args: &[&str]) -> Result<Finished> {
        let child = self
            .command(args)?
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true)
            .spawn()?;
        let what = format!("malai {}", args.join(" "));
        let output = within(&what, child.wait_with_output()).await??;
        Ok(Finished {
            code: malai::code(output.status),
            stdout: String::from_utf8(output.stdout)?,
            stderr: String::from_utf8(output.stderr)?,
        })
    }

    /// The id52 of this home's identity, which is made when it is the first time.
    ///
    /// # Errors
    /// When `malai id` fails.
    pub async fn id(&self) -> Result<String> {
        let printed = self.run(&["id", "--json"]).await?.json()?;
        let id = printed["id52"].as_str().context("`malai id` has no id52")?;
        Ok(id.to_owned())
    }
}
