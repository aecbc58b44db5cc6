//! Takes the pictures of the README from the real application, on a screen that nobody sees.
//!
//! `screenshots DIRECTORY`; `make screenshots` runs it, as root, since the people in the pictures
//! have a network of their own: `alice` shares, and the pictures show how the other one sees it.

#![allow(
    clippy::disallowed_methods,
    reason = "tasks end with the program, as in a test"
)]

use std::{
    fs,
    path::{Path, PathBuf},
    process::Stdio,
};

use anyhow::{Context, Result, ensure};
use e2e::{
    Home, Malai, binary, client,
    desktop::{Panel, Session, Window},
    wait_until,
};
use tokio::process::Command;

/// An address that is not of this machine's loopback, where servers would be found and offered.
const ELSEWHERE: &str = "10.99.0.1";

/// Where the relay listens.
const RELAY: &str = "10.99.0.1:3340";

/// A network of two with a relay.
const CONFIG: &str = r#"version = 1

[network]
relay = ["http://10.99.0.1:3340"]
lookup = []
bind = "127.0.0.1:0"
"#;

/// A dev server as people have it: a process of its own, in the directory of a project.
const SERVER: &str = "require('http').createServer((_, answer) => answer.end('shop')).listen(3000)";

/// What alice shares: nobody finds it, as it is not on loopback.
const ORDERS: &str =
    "require('http').createServer((_, answer) => answer.end('orders')).listen(80, '10.99.0.1')";

/// Steps of five seconds with traffic in them, so that there are curves to see.
const STEPS: usize = 4;

/// Where the tray has its only icon.
const ICON: &str = "1258 14";

/// Where its menu opens.
const MENU: &str = "440x460+840+0";

/// Where in the picture there is one colour alone before it has opened.
const BELOW_ICON: &str = "440x400+0+60";

/// How the window looks in a picture.
#[derive(Debug, Clone, Copy)]
struct Theme {
    name: &'static str,
    gtk: &'static str,
}

const THEMES: [Theme; 2] = [
    Theme {
        name: "light",
        gtk: "Adwaita",
    },
    Theme {
        name: "dark",
        gtk: "Adwaita:dark",
    },
];

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<()> {
    let directory = std::env::args_os().nth(1).map(PathBuf::from);
    let directory = directory.context("usage: screenshots DIRECTORY")?;
    fs::create_dir_all(&directory)?;
    let mut session = Session::start().await?;
    session.manage_windows().await?;
    let mut stage = Stage::set(&session).await?;
    for theme in THEMES {
        stage.windows(&session, theme, &directory).await?;
    }
    stage.menu(&session, &directory).await
}

/// Who and what there is to see.
struct Stage {
    home: Home,
    link: String,
    friend: Home,
    _processes: [Malai; 4],
}

impl Stage {
    async fn set(session: &Session) -> Result<Self> {
        let elsewhere = format!("ip address add {ELSEWHERE}/32 dev lo");
        run(session, &elsewhere).await?;
        let mut relay = Command::new(binary("lab-relay")?);
        relay.arg(RELAY);
        let relay = Malai::start(relay, "relay")?;

        let home = session.home(Home::with_config(CONFIG)?);
        let friend = session.home(Home::with_config(CONFIG)?);
        let project = home.path("shop");
        fs::create_dir(&project)?;
        fs::write(project.join("package.json"), r#"{"name": "shop"}"#)?;
        let mut server = session.command("node");
        server.args(["-e", SERVER]).current_dir(&project);
        let server = Malai::start(server, "node")?;

        let mut orders = session.command("node");
        orders.args(["-e", ORDERS]);
        let orders = Malai::start(orders, "node")?;
        let upstream = format!("{ELSEWHERE}:80");
        let id = home.id().await?;
        let args = [
            "share", &upstream, "--name", "orders", "--allow", &id, "--json",
        ];
        let share = friend.start(&args)?;
        let shared = share.event("shared").await?;
        let link = shared["link"].as_str().context("no link")?.to_owned();
        let alice = friend.id().await?;
        for (name, id) in [("alice", alice), ("bob", Home::new()?.id().await?)] {
            home.run(&["peer", "add", name, &id]).await?;
        }
        Ok(Self {
            home,
            link,
            friend,
            _processes: [relay, server, orders, share],
        })
    }

    /// The window's pages, in one theme.
    async fn windows(&mut self, session: &Session, theme: Theme, directory: &Path) -> Result<()> {
        let mut panel = Panel::start(session).await?;
        self.home.set_env("GTK_THEME", Some(theme.gtk.as_ref()));
        let window = Window::open(&self.home, &[]).await?;
        let tray = panel.next().await?;

        window.says("Online").await?;
        window.press("go-share").await?;
        window.press("server-3000").await?;
        window
            .find("[data-testid=\"server-3000\"][aria-pressed=\"true\"]")
            .await?;
        take(session, &window, directory, "share", theme).await?;
        window.press("share").await?;
        window.test_id("qr").await?;
        window
            .find("[data-testid=\"check-upstream\"][data-outcome=\"good\"]")
            .await?;
        take(session, &window, directory, "link", theme).await?;

        // Somebody has the link without its secret: alice, so that the picture shows a name.
        let link = window.text_of("link").await?;
        let (plain, _) = link.split_once("&k=").context("no invite in the link")?;
        let bridge = self.friend.start(&["bridge", plain, "--json"])?;
        let bridged = bridge.event("bridged").await?;
        let url = bridged["url"].as_str().context("no url")?.to_owned();
        let fetching = tokio::spawn(async move { client::get(&url).await });
        window.press("nav-home").await?;
        window.says("wants to open").await?;
        // Its buttons can be pressed after a moment.
        window
            .find("[data-testid=\"admit-once\"]:not([disabled]):not([aria-disabled=\"true\"])")
            .await?;
        take(session, &window, directory, "asking", theme).await?;
        window.press("admit-once").await?;
        fetching.await??;
        drop(bridge);

        window.run("location.hash = '#/connect'", vec![]).await?;
        window.fill("link-input", &self.link).await?;
        window.press("read").await?;
        window.test_id("question").await?;
        take(session, &window, directory, "connect", theme).await?;
        window.press("open-link").await?;
        let address = window.text_of("address").await?;
        let url = address.trim_end_matches('/').to_owned();
        wait_until("some traffic", || async {
            client::get(&url).await?;
            let status = self.home.run(&["status", "--json"]).await?.json()?;
            let requests = &status["bridges"][0]["measured"]["recent"]["requests"];
            Ok(requests
                .as_array()
                .is_some_and(|steps| steps.len() >= STEPS))
        })
        .await?;
        window.says("direct").await?;
        window.press("nav-home").await?;
        window
            .find("[data-testid=\"bridge-orders\"] [data-testid=\"sparks\"]")
            .await?;
        take(session, &window, directory, "home", theme).await?;

        tray.click(&["Check my connection…"]).await?;
        window.test_id("copy-report").await?;
        window.press("check-peer").await?;
        window.test_id("peer-findings").await?;
        take(session, &window, directory, "check", theme).await?;

        tray.click(&["Quit"]).await?;
        tray.is_gone().await?;
        panel.close().await
    }

    /// The tray's menu, opened in a real tray.
    async fn menu(&self, session: &Session, directory: &Path) -> Result<()> {
        run(session, "xsetroot -solid #5a7d7c").await?;
        let mut trayer = session.command("trayer");
        trayer.args(["--edge", "top", "--align", "right", "--margin", "8"]);
        trayer.args([
            "--widthtype",
            "request",
            "--height",
            "28",
            "--tint",
            "0xeeeeee",
        ]);
        let _trayer = Malai::start(trayer, "trayer")?;
        let _malai = self.home.start_desktop(&["--hidden"])?;
        // This tray is of the old kind, which only shows icons; malai shows its window there, too.
        session.window_is_shown("malai", true).await?;
        run(session, "wmctrl -r malai -e 0,0,150,700,700").await?;
        run(session, &format!("xdotool mousemove {ICON} click 1")).await?;
        let file = directory.join("tray.png");
        let take = format!(
            "import -window root -crop {MENU} +repage {}",
            file.display()
        );
        let count = format!("identify -format %k {}[{BELOW_ICON}]", file.display());
        wait_until("the menu", || async {
            run(session, &take).await?;
            Ok(run(session, &count).await?.parse::<u32>()? > 1)
        })
        .await?;
        Ok(())
    }
}

/// The window as it is on the screen, with its page drawn.
///
/// WebDriver's own pictures wait for a frame that a page at rest never draws.
async fn take(
    session: &Session,
    window: &Window,
    directory: &Path,
    what: &str,
    theme: Theme,
) -> Result<()> {
    let drawn = "const [done] = arguments; \
                 requestAnimationFrame(() => requestAnimationFrame(() => done()));";
    window.run_async(drawn, vec![]).await?;
    let found = run(session, "xdotool search --onlyvisible --name ^malai$").await?;
    let id = found
        .lines()
        .next()
        .context("the window is not to be seen")?;
    let file = directory.join(format!("{what}-{}.png", theme.name));
    run(session, &format!("import -window {id} {}", file.display())).await?;
    Ok(())
}

/// Runs a program of the session to its end; what it printed.
async fn run(session: &Session, line: &str) -> Result<String> {
    let mut words = line.split(' ');
    let mut command = session.command(words.next().context("an empty line")?);
    let output = command.args(words).stdin(Stdio::null()).output().await;
    let output = output.with_context(|| format!("`{line}`: run `scripts/setup screenshots`"))?;
    ensure!(output.status.success(), "`{line}`: {output:?}");
    Ok(String::from_utf8(output.stdout)?)
}
