//! A screen, a session bus and a loopback for one test; they end with it, and several can run side
//! by side.
//!
//! Nothing of the tester's own session reaches a program that was started in it.

use std::{ffi::OsString, process::Stdio};

use anyhow::{Context, Result, ensure};
use tempfile::TempDir;
use tokio::{
    io::{AsyncBufReadExt, BufReader},
    process::{Child, Command},
};

use crate::{Home, Keychain, wait_until, within};

/// Variables through which a program could find the tester's own session or preferences.
const FOREIGN: [&str; 8] = [
    "WAYLAND_DISPLAY",
    "XAUTHORITY",
    "XDG_CURRENT_DESKTOP",
    "XDG_SESSION_TYPE",
    "DESKTOP_SESSION",
    "GTK_MODULES",
    "GTK_THEME",
    "SESSION_MANAGER",
];

/// A session; the programs that make it are killed with it.
#[derive(Debug)]
pub struct Session {
    dir: TempDir,
    keychain: Keychain,
    display: String,
    window_manager: Option<Child>,
    _screen: Child,
}

impl Session {
    /// A session without a keychain, without a window manager, and without a tray until there is a
    /// [`super::Panel`].
    ///
    /// # Errors
    /// When there is no `Xvfb` or `dbus-daemon`.
    pub async fn start() -> Result<Self> {
        Self::with_keychain(Keychain::absent().await?).await
    }

    /// The same on the bus of this keychain.
    ///
    /// # Errors
    /// When there is no `Xvfb`.
    pub async fn with_keychain(keychain: Keychain) -> Result<Self> {
        super::network::leave().await?;
        let dir = TempDir::with_prefix("malai-session-")?;
        let mut screen = Command::new("Xvfb")
            .args(["-displayfd", "1", "-screen", "0", "1280x900x24"])
            .args(["-nolisten", "tcp", "-noreset"])
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .kill_on_drop(true)
            .spawn()
            .context("no Xvfb: run `scripts/setup test`")?;
        let stdout = screen.stdout.take().context("stdout is piped")?;
        let mut lines = BufReader::new(stdout).lines();
        let number = within("the screen", lines.next_line()).await??;
        Ok(Self {
            dir,
            keychain,
            display: format!(":{}", number.context("the screen ended at once")?),
            window_manager: None,
            _screen: screen,
        })
    }

    /// Starts a window manager, without which windows have no frame and cannot be closed.
    ///
    /// # Errors
    /// When there is no `openbox`, or it does not begin.
    pub async fn manage_windows(&mut self) -> Result<()> {
        let child = self
            .command("openbox")
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .kill_on_drop(true)
            .spawn()
            .context("no openbox: run `scripts/setup test`")?;
        self.window_manager = Some(child);
        wait_until("the window manager", || async {
            let asked = self.command("wmctrl").arg("-m").output().await?;
            Ok(asked.status.success())
        })
        .await
    }

    /// The address of its bus.
    #[must_use]
    pub fn bus(&self) -> &str {
        self.keychain.address()
    }

    /// Its keychain, which is there when the session began with one.
    #[must_use]
    pub fn keychain(&self) -> &Keychain {
        &self.keychain
    }

    /// Lets the programs of `home` run in this session; the key stays in a file.
    #[must_use]
    pub fn home(&self, mut home: Home) -> Home {
        for (name, value) in self.env() {
            home.set_env(name, value.as_deref());
        }
        for name in ["XDG_CONFIG_HOME", "XDG_DATA_HOME", "XDG_CACHE_HOME"] {
            let own = home.path(&name.to_lowercase());
            home.set_env(name, Some(own.as_os_str()));
        }
        home
    }

    /// The same, but where the key is kept is for the application to find out.
    #[must_use]
    pub fn undecided_home(&self, home: Home) -> Home {
        let mut home = self.home(home);
        home.set_env("MALAI_KEY_STORE", None);
        home
    }

    /// A program in this session.
    #[must_use]
    pub fn command(&self, program: &str) -> Command {
        let mut command = Command::new(program);
        for (name, value) in self.env() {
            match value {
                Some(value) => command.env(name, value),
                None => command.env_remove(name),
            };
        }
        command.env("HOME", self.dir.path());
        command
    }

    /// The titles of the windows that can be seen.
    ///
    /// # Errors
    /// When there is no `xdotool`.
    pub async fn windows(&self) -> Result<Vec<String>> {
        let search = ["search", "--onlyvisible", "--name", "."];
        let found = self.command("xdotool").args(search).output().await;
        let found = found.context("no xdotool: run `scripts/setup test`")?;
        let mut titles = Vec::new();
        for id in String::from_utf8(found.stdout)?.lines() {
            let mut ask = self.command("xdotool");
            let told = ask.args(["getwindowname", id]).output().await?;
            titles.push(String::from_utf8(told.stdout)?.trim().to_owned());
        }
        Ok(titles)
    }

    /// Waits until a window with this title can be seen, or none can.
    ///
    /// # Errors
    /// When it takes too long.
    pub async fn window_is_shown(&self, title: &str, shown: bool) -> Result<()> {
        wait_until(&format!("window {title} shown: {shown}"), || async {
            let windows = self.windows().await?;
            Ok(windows.iter().any(|one| one == title) == shown)
        })
        .await
    }

    /// Closes the window with this title, as its frame's button does.
    ///
    /// # Errors
    /// When there is none, or no window manager.
    pub async fn close_window(&self, title: &str) -> Result<()> {
        let mut close = self.command("wmctrl");
        let closed = close.args(["-F", "-c", title]).output().await?;
        ensure!(closed.status.success(), "cannot close {title}: {closed:?}");
        Ok(())
    }

    /// What a program must be told to be in this session, and not in the tester's.
    fn env(&self) -> Vec<(&'static str, Option<OsString>)> {
        let set = [
            ("DISPLAY", self.display.as_str()),
            ("DBUS_SESSION_BUS_ADDRESS", self.bus()),
            ("GDK_BACKEND", "x11"),
            ("NO_AT_BRIDGE", "1"),
            ("LIBGL_ALWAYS_SOFTWARE", "1"),
            ("LC_ALL", "C.UTF-8"),
        ];
        let set = set.map(|(name, value)| (name, Some(value.into())));
        let dir = ("XDG_RUNTIME_DIR", Some(self.dir.path().into()));
        let foreign = FOREIGN.map(|name| (name, None));
        set.into_iter().chain([dir]).chain(foreign).collect()
    }
}
