//! A real Secret Service: gnome-keyring on a D-Bus session that nobody else is on.

use std::{
    ffi::OsStr,
    fs,
    process::{Output, Stdio},
};

use anyhow::{Context, Result, ensure};
use tempfile::TempDir;
use tokio::{
    io::{AsyncBufReadExt, AsyncWriteExt, BufReader},
    process::{Child, Command},
};

use crate::{Home, wait_until, within};

/// A session bus that starts nothing by itself, so that only the test decides what answers on it.
const BUS: &str = r#"<!DOCTYPE busconfig PUBLIC
 "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN"
 "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig>
  <type>session</type>
  <listen>unix:dir=DIRECTORY</listen>
  <policy context="default">
    <allow send_destination="*" eavesdrop="true"/>
    <allow eavesdrop="true"/>
    <allow own="*"/>
  </policy>
</busconfig>
"#;

/// The collection that gnome-keyring keeps secrets in.
const COLLECTION: &str = "/org/freedesktop/secrets/collection/login";

/// A session with a bus, and a keychain on it once it was unlocked; both end with this.
#[derive(Debug)]
pub struct Keychain {
    dir: TempDir,
    address: String,
    daemon: Option<Child>,
    _bus: Child,
}

impl Keychain {
    /// A session without a keychain.
    ///
    /// # Errors
    /// When there is no `dbus-daemon`.
    pub async fn absent() -> Result<Self> {
        let dir = TempDir::with_prefix("malai-session-")?;
        let config = dir.path().join("bus.conf");
        let place = dir.path().display().to_string();
        fs::write(&config, BUS.replace("DIRECTORY", &place))?;
        let mut bus = Command::new("dbus-daemon")
            .args(["--nofork", "--print-address"])
            .arg(format!("--config-file={}", config.display()))
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .context("no dbus-daemon: run `scripts/setup test`")?;
        let stdout = bus.stdout.take().context("stdout is piped")?;
        let mut lines = BufReader::new(stdout).lines();
        let address = within("the bus", lines.next_line()).await??;
        Ok(Self {
            address: address.context("the bus ended at once")?,
            dir,
            daemon: None,
            _bus: bus,
        })
    }

    /// A session with a keychain that is open.
    ///
    /// # Errors
    /// When there is no `dbus-daemon` or `gnome-keyring-daemon`.
    pub async fn unlocked() -> Result<Self> {
        let mut keychain = Self::absent().await?;
        keychain.unlock().await?;
        Ok(keychain)
    }

    /// Starts the keychain, open; or once more, after it was locked.
    ///
    /// # Errors
    /// When it does not start.
    pub async fn unlock(&mut self) -> Result<()> {
        if let Some(mut daemon) = self.daemon.take() {
            daemon.kill().await?;
        }
        let mut daemon = self
            .command("gnome-keyring-daemon")
            .args(["--foreground", "--components=secrets", "--unlock"])
            .arg(format!("--control-directory={}", self.dir.path().display()))
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .kill_on_drop(true)
            .spawn()
            .context("no gnome-keyring-daemon: run `scripts/setup test`")?;
        let mut password = daemon.stdin.take().context("stdin is piped")?;
        password.write_all(b"password").await?;
        drop(password);
        self.daemon = Some(daemon);
        self.is_locked("boolean false").await
    }

    /// Locks it, as a desktop does when its owner leaves.
    ///
    /// # Errors
    /// When it does not let itself be locked.
    pub async fn lock(&self) -> Result<()> {
        let argument = format!("array:objpath:{COLLECTION}");
        let lock = "org.freedesktop.Secret.Service.Lock";
        let message = ["/org/freedesktop/secrets", lock, &argument];
        let locked = self.ask(&message).await?;
        ensure!(locked.status.success(), "{locked:?}");
        self.is_locked("boolean true").await
    }

    /// Lets the commands of `home` find this session; where they keep keys is theirs to choose.
    #[must_use]
    pub fn home(&self, mut home: Home) -> Home {
        for (name, value) in self.env() {
            home.set_env(name, value);
        }
        home.set_env("MALAI_KEY_STORE", None);
        home
    }

    /// What another program finds there for `service` and `user`.
    ///
    /// # Errors
    /// When there is no `secret-tool`, or nothing in the keychain.
    pub async fn look_up(&self, service: &str, user: &str) -> Result<String> {
        let attributes = ["lookup", "service", service, "username", user];
        let asked = self.command("secret-tool").args(attributes).output();
        let found = within("secret-tool", asked).await?;
        let found = found.context("no secret-tool: run `scripts/setup test`")?;
        ensure!(found.status.success(), "nothing for {user}: {found:?}");
        Ok(String::from_utf8(found.stdout)?.trim().to_owned())
    }

    /// Puts `secret` into it, as another program does.
    ///
    /// # Errors
    /// When there is no `secret-tool`, or the keychain is locked.
    pub async fn store(&self, service: &str, user: &str, secret: &[u8]) -> Result<()> {
        let mut child = self
            .command("secret-tool")
            .args(["store", "--label=test", "service", service])
            .args(["username", user])
            .stdin(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .context("no secret-tool: run `scripts/setup test`")?;
        let mut input = child.stdin.take().context("stdin is piped")?;
        input.write_all(secret).await?;
        drop(input);
        let status = within("secret-tool", child.wait()).await??;
        ensure!(status.success(), "secret-tool cannot store it: {status}");
        Ok(())
    }

    /// The address of its bus.
    pub(crate) fn address(&self) -> &str {
        &self.address
    }

    async fn is_locked(&self, answer: &str) -> Result<()> {
        let get = "org.freedesktop.DBus.Properties.Get";
        let interface = "string:org.freedesktop.Secret.Collection";
        wait_until("the keychain", || async {
            let message = [COLLECTION, get, interface, "string:Locked"];
            let said = self.ask(&message).await?;
            Ok(String::from_utf8(said.stdout)?.contains(answer))
        })
        .await
    }

    async fn ask(&self, message: &[&str]) -> Result<Output> {
        let asked = self
            .command("dbus-send")
            .args(["--session", "--print-reply"])
            .arg("--dest=org.freedesktop.secrets")
            .args(message)
            .output();
        Ok(within("dbus-send", asked).await??)
    }

    fn command(&self, program: &str) -> Command {
        let mut command = Command::new(program);
        for (name, value) in self.env() {
            match value {
                Some(value) => command.env(name, value),
                None => command.env_remove(name),
            };
        }
        command
    }

    /// No screen either, on which a dialog could wait for somebody.
    fn env(&self) -> [(&'static str, Option<&OsStr>); 5] {
        let dir = Some(self.dir.path().as_os_str());
        [
            ("DBUS_SESSION_BUS_ADDRESS", Some(self.address.as_ref())),
            ("XDG_DATA_HOME", dir),
            ("XDG_RUNTIME_DIR", dir),
            ("DISPLAY", None),
            ("WAYLAND_DISPLAY", None),
        ]
    }
}
