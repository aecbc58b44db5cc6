//! The identity against a real Secret Service: gnome-keyring on a D-Bus session of the test's own.
//!
//! The address of a session bus comes from the environment, which a test must not change in its own
//! process; so each step runs this test binary again, with [`in_a_child`] as its only test.

use std::{
    fs,
    io::{BufRead, BufReader, Write},
    path::PathBuf,
    process::{Child, Command, Output, Stdio},
    time::Duration,
};

use tempfile::TempDir;
use tokio::time::Instant;

use super::*;

/// Tells the child which home to open; its absence makes [`in_a_child`] do nothing.
const HOME_VARIABLE: &str = "MALAI_TEST_IDENTITY_HOME";

/// How long a service of the session may take to be there.
const READY_LIMIT: Duration = Duration::from_secs(20);

/// A bus that starts nothing by itself, so that each test decides what answers on it.
const BUS_CONFIG: &str = r#"<!DOCTYPE busconfig PUBLIC
 "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN"
 "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig>
  <type>session</type>
  <listen>unix:dir=DIRECTORY</listen>
  <auth>EXTERNAL</auth>
  <policy context="default">
    <allow send_destination="*" eavesdrop="true"/>
    <allow eavesdrop="true"/>
    <allow own="*"/>
  </policy>
</busconfig>
"#;

#[test]
fn keychain_keeps_the_identity_and_never_shows_it() {
    let mut session = Session::start();
    session.start_keyring(Some("password"));
    let made = session.open("a");
    assert!(
        made.has("created=true store=keychain notice=false"),
        "{made:?}"
    );
    let again = session.open("a");
    assert!(again.has("created=false store=keychain"), "{again:?}");
    assert_eq!(made.id52(), again.id52());
    let other = session.open("b");
    assert_ne!(made.id52(), other.id52());

    let value = session.look_up("a");
    let secret = SecretKey::from_text(&value).unwrap();
    assert_eq!(secret.public().to_string(), made.id52());
    for step in [&made, &again] {
        assert!(!step.text.contains(value.trim()), "the secret is shown");
    }
    assert!(!session.home("a").join("identity.key").exists());
}

#[test]
fn keychain_that_is_locked_never_gets_a_second_key() {
    let mut session = Session::start();
    session.start_keyring(Some("password"));
    let made = session.open("a");
    let marker = fs::read(session.home("a").join("state/identity.toml")).unwrap();

    session.lock();
    let locked = session.open("a");
    assert!(locked.has("code=keychain-locked"), "{locked:?}");
    assert!(locked.text.contains(made.id52()), "{locked:?}");
    let fresh = session.open("b");
    assert!(fresh.has("code=keychain-locked"), "{fresh:?}");
    assert!(!session.home("b").join("state/identity.toml").exists());
    for home in ["a", "b"] {
        assert!(!session.home(home).join("identity.key").exists());
    }

    session.start_keyring(Some("password"));
    assert_eq!(session.open("a").id52(), made.id52());
    let after = fs::read(session.home("a").join("state/identity.toml")).unwrap();
    assert_eq!(after, marker);
}

#[test]
fn keychain_that_was_never_unlocked_says_no_entry_and_gets_no_key() {
    let mut session = Session::start();
    session.start_keyring(Some("password"));
    let made = session.open("a");

    // Another collection, never unlocked: it does not even know that there was an entry.
    fs::remove_dir_all(session.data()).unwrap();
    session.start_keyring(None);
    let lost = session.open("a");
    assert!(lost.has("code=identity-lost"), "{lost:?}");
    assert!(lost.text.contains(made.id52()), "{lost:?}");
    let fresh = session.open("b");
    assert!(fresh.has("code=keychain-locked"), "{fresh:?}");
    for home in ["a", "b"] {
        assert!(!session.home(home).join("identity.key").exists());
    }
}

#[test]
fn keychain_that_is_absent_makes_a_file_with_a_notice() {
    let mut session = Session::start();
    let made = session.open("a");
    assert!(made.has("created=true store=file notice=true"), "{made:?}");
    let key = fs::read_to_string(session.home("a").join("identity.key")).unwrap();
    assert!(!made.text.contains(key.trim()), "the secret is shown");

    // And the store stays what it is when a keychain turns up, and when it goes again.
    session.start_keyring(Some("password"));
    assert_eq!(session.open("a").id52(), made.id52());
    let kept = session.open("b");
    assert!(kept.has("store=keychain"), "{kept:?}");
    session.stop_keyring();
    let gone = session.open("b");
    assert!(gone.has("code=keychain-unavailable"), "{gone:?}");
    assert!(!session.home("b").join("identity.key").exists());
}

#[test]
fn keychain_of_legacy_tools_is_read_as_they_left_it() {
    let mut session = Session::start();
    session.start_keyring(Some("password"));
    let secret = SecretKey::from_bytes([5; 32]);
    let id52 = secret.public().to_string();
    session.store("fastn", &id52, &secret.expose_hex());
    let dir = session.home("legacy");
    fs::create_dir_all(&dir).unwrap();
    fs::write(dir.join(".malai.id52"), &id52).unwrap();

    let step = session.open("legacy");
    let expected = format!("LEGACY the keychain, service `fastn`: {id52}");
    assert!(step.text.contains(&expected), "{step:?}");
    assert!(!step.text.contains(secret.expose_hex().as_str()));
}

/// What the tests above run in a process of its own; not a test by itself.
#[tokio::test]
async fn in_a_child() {
    let Some(dir) = std::env::var_os(HOME_VARIABLE) else {
        return;
    };
    let home = Home::open(Some(PathBuf::from(dir))).unwrap();
    for LegacyKey { origin, result } in legacy_keys(home.dir(), None).await {
        match result {
            Ok(secret) => println!("LEGACY {origin}: {}", secret.public()),
            Err(error) => println!("LEGACY {origin}: {error} {error:?}"),
        }
    }
    match open(&home, None).await {
        Ok(identity) => {
            eprintln!("{identity:?} {:?}", identity.secret());
            println!(
                "RESULT id52={} created={} store={} notice={}",
                identity.public(),
                identity.created(),
                identity.store(),
                identity.notice().is_some(),
            );
        }
        Err(error) => {
            eprintln!("{error} {error:?}");
            println!("RESULT code={}", error.code());
        }
    }
}

/// A session bus with its own directories, and the keyring daemon on it.
#[derive(Debug)]
struct Session {
    dir: TempDir,
    bus: Child,
    address: String,
    keyring: Option<Child>,
}

/// What one run of the child said.
#[derive(Debug)]
struct Step {
    text: String,
    result: String,
}

impl Session {
    fn start() -> Self {
        let dir = tempfile::tempdir().unwrap();
        for name in ["data", "run"] {
            fs::create_dir(dir.path().join(name)).unwrap();
        }
        let config = dir.path().join("bus.conf");
        let directory = dir.path().display().to_string();
        fs::write(&config, BUS_CONFIG.replace("DIRECTORY", &directory)).unwrap();
        let mut bus = Command::new("dbus-daemon")
            .args(["--nofork", "--print-address"])
            .arg(format!("--config-file={}", config.display()))
            .stdout(Stdio::piped())
            .spawn()
            .expect("dbus-daemon must be installed, see scripts/setup");
        let mut address = String::new();
        BufReader::new(bus.stdout.take().unwrap())
            .read_line(&mut address)
            .unwrap();
        Self {
            dir,
            bus,
            address: address.trim().to_owned(),
            keyring: None,
        }
    }

    /// Starts the keyring daemon anew, unlocked with `password` or not at all.
    fn start_keyring(&mut self, password: Option<&str>) {
        self.stop_keyring();
        let mut command = self.command("gnome-keyring-daemon");
        command
            .args(["--foreground", "--components=secrets"])
            .arg(format!("--control-directory={}", self.run().display()))
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        if password.is_some() {
            command.arg("--unlock");
        }
        let mut keyring = command
            .spawn()
            .expect("gnome-keyring-daemon must be installed, see scripts/setup");
        let mut input = keyring.stdin.take().unwrap();
        input
            .write_all(password.unwrap_or_default().as_bytes())
            .unwrap();
        drop(input);
        self.keyring = Some(keyring);
        if password.is_some() {
            self.wait_until("boolean false", &Self::LOCKED);
        } else {
            self.wait_until("boolean true", &Self::PRESENT);
        }
    }

    fn stop_keyring(&mut self) {
        if let Some(mut keyring) = self.keyring.take() {
            keyring.kill().unwrap();
            keyring.wait().unwrap();
            self.wait_until("boolean false", &Self::PRESENT);
        }
    }

    /// Locks the collection, whose entries stay visible by their attributes.
    fn lock(&self) {
        let output = self.send(&[
            "--dest=org.freedesktop.secrets",
            "/org/freedesktop/secrets",
            "org.freedesktop.Secret.Service.Lock",
            "array:objpath:/org/freedesktop/secrets/collection/login",
        ]);
        assert!(output.status.success(), "{output:?}");
        self.wait_until("boolean true", &Self::LOCKED);
    }

    const PRESENT: [&str; 4] = [
        "--dest=org.freedesktop.DBus",
        "/org/freedesktop/DBus",
        "org.freedesktop.DBus.NameHasOwner",
        "string:org.freedesktop.secrets",
    ];

    const LOCKED: [&str; 5] = [
        "--dest=org.freedesktop.secrets",
        "/org/freedesktop/secrets/collection/login",
        "org.freedesktop.DBus.Properties.Get",
        "string:org.freedesktop.Secret.Collection",
        "string:Locked",
    ];

    fn wait_until(&self, answer: &str, question: &[&str]) {
        let deadline = Instant::now() + READY_LIMIT;
        loop {
            let output = self.send(question);
            if String::from_utf8_lossy(&output.stdout).contains(answer) {
                return;
            }
            assert!(Instant::now() < deadline, "no `{answer}`: {output:?}");
        }
    }

    fn send(&self, arguments: &[&str]) -> Output {
        self.command("dbus-send")
            .args(["--session", "--print-reply"])
            .args(arguments)
            .output()
            .expect("dbus-send must be installed, see scripts/setup")
    }

    /// Opens the home `name` in a child.
    fn open(&self, name: &str) -> Step {
        let program = std::env::current_exe().unwrap();
        let test = format!("{}::in_a_child", module_path!().split_once("::").unwrap().1);
        let output = self
            .command(program.to_str().unwrap())
            .env(HOME_VARIABLE, self.home(name))
            .args(["--exact", &test, "--nocapture"])
            .output()
            .unwrap();
        let text = [output.stdout, output.stderr]
            .map(|bytes| String::from_utf8_lossy(&bytes).into_owned())
            .join("\n");
        let Some((_, result)) = text.split_once("RESULT ") else {
            panic!("the child gave no result: {text}");
        };
        let result = result.lines().next().unwrap_or_default().to_owned();
        Step { text, result }
    }

    /// What another program sees in the keychain for the home `name`.
    fn look_up(&self, name: &str) -> String {
        let home = fs::canonicalize(self.home(name)).unwrap();
        let output = self
            .command("secret-tool")
            .args(["lookup", "service", "malai", "username"])
            .arg(format!("identity@{}", home.display()))
            .output()
            .expect("secret-tool must be installed, see scripts/setup");
        String::from_utf8(output.stdout).unwrap()
    }

    /// Puts an entry into the keychain as another program does.
    fn store(&self, service: &str, user: &str, value: &str) {
        let mut child = self
            .command("secret-tool")
            .args(["store", "--label=test", "service", service])
            .args(["username", user])
            .stdin(Stdio::piped())
            .spawn()
            .expect("secret-tool must be installed, see scripts/setup");
        let mut input = child.stdin.take().unwrap();
        input.write_all(value.as_bytes()).unwrap();
        drop(input);
        assert!(child.wait().unwrap().success());
    }

    fn command(&self, program: &str) -> Command {
        let mut command = Command::new(program);
        command
            .env("DBUS_SESSION_BUS_ADDRESS", &self.address)
            .env("XDG_DATA_HOME", self.data())
            .env("XDG_RUNTIME_DIR", self.run())
            .env("HOME", self.dir.path())
            .env_remove("DISPLAY")
            .env_remove("WAYLAND_DISPLAY");
        command
    }

    fn home(&self, name: &str) -> PathBuf {
        self.dir.path().join("homes").join(name)
    }

    fn data(&self) -> PathBuf {
        self.dir.path().join("data")
    }

    fn run(&self) -> PathBuf {
        self.dir.path().join("run")
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        for child in self.keyring.iter_mut().chain([&mut self.bus]) {
            // A child that has ended by itself is as good.
            drop(child.kill());
            drop(child.wait());
        }
    }
}

impl Step {
    fn has(&self, part: &str) -> bool {
        self.result.contains(part)
    }

    fn id52(&self) -> &str {
        let result = self.result.strip_prefix("id52=").unwrap_or_default();
        let id52 = result.split(' ').next().unwrap_or_default();
        assert!(!id52.is_empty(), "no identity: {self:?}");
        id52
    }
}
