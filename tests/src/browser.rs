//! A real Chromium, driven by WebDriver as a person uses it.
//!
//! Without a screen, with a profile of its own that goes away with it, and without a word to its
//! maker's servers; every wait has a deadline.

mod devtools;

use std::{path::Path, time::Duration};

use anyhow::{Context, Result, bail};
use fantoccini::{Client, ClientBuilder, Locator, elements::Element};
use hyper_util::client::legacy::connect::HttpConnector;
use serde_json::{Map, Value, json};
use tempfile::TempDir;
use tokio::process::Command;

use self::devtools::Devtools;
use crate::{Malai, wait_until, within};

/// What the browser is started with: headless, as root, and silent.
const ARGS: [&str; 12] = [
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-default-apps",
    "--disable-search-engine-choice-screen",
    "--window-size=1000,800",
];

/// How long a script may take that tells when it is done.
const SCRIPT_TIMEOUT: Duration = Duration::from_secs(20);

/// A running browser with one page.
#[derive(Debug)]
pub struct Browser {
    client: Client,
    /// Chromium is in its process group, and ends with it.
    _driver: Malai,
    _profile: TempDir,
}

impl Browser {
    /// Starts a browser.
    ///
    /// # Errors
    /// When Chromium or its driver is not there, or does not start in time.
    pub async fn start() -> Result<Self> {
        let profile = TempDir::with_prefix("malai-chromium-")?;
        let mut command = Command::new("chromedriver");
        command.arg("--port=0").env("HOME", profile.path());
        let driver = Malai::start(command, "chromedriver");
        let driver = driver.context("no chromedriver: run `scripts/setup test`")?;
        let said = driver.prints("started successfully on port ").await?;
        let port = said.trim_end_matches('.').rsplit(' ').next();
        let url = format!("http://127.0.0.1:{}", port.context("chromedriver's port")?);

        let data = format!("--user-data-dir={}", profile.path().display());
        let args: Vec<_> = ARGS.into_iter().chain([data.as_str()]).collect();
        let capabilities = Map::from_iter([
            ("browserName".to_owned(), json!("chrome")),
            ("goog:chromeOptions".to_owned(), json!({"args": args})),
        ]);
        let mut builder = ClientBuilder::new(HttpConnector::new());
        builder.capabilities(capabilities);
        let client = within("Chromium", builder.connect(&url)).await??;
        let mut timeouts = within("timeouts", client.get_timeouts()).await??;
        timeouts.set_script(Some(SCRIPT_TIMEOUT));
        within("timeouts", client.update_timeouts(timeouts)).await??;
        Ok(Self {
            client,
            _driver: driver,
            _profile: profile,
        })
    }

    /// Opens a URL.
    ///
    /// # Errors
    /// When there is no page in time.
    pub async fn goto(&self, url: &str) -> Result<()> {
        Ok(within("the page", self.client.goto(url)).await??)
    }

    /// The address that is shown.
    ///
    /// # Errors
    /// When the browser is gone.
    pub async fn url(&self) -> Result<String> {
        let url = within("the address", self.client.current_url()).await??;
        Ok(url.to_string())
    }

    /// Everything WebDriver can do.
    #[must_use]
    pub fn client(&self) -> &Client {
        &self.client
    }

    /// Waits for the element that a CSS selector finds and a person can see.
    ///
    /// # Errors
    /// When it does not come in time; the message has the page's text.
    pub async fn find(&self, selector: &str) -> Result<Element> {
        self.shown(Locator::Css(selector), selector).await
    }

    /// Waits for the element with this `data-testid`.
    ///
    /// # Errors
    /// When it does not come in time.
    pub async fn test_id(&self, id: &str) -> Result<Element> {
        self.find(&test_id(id)).await
    }

    /// Presses the element with this `data-testid`, once it is there and can be pressed.
    ///
    /// # Errors
    /// When it does not come in time.
    pub async fn press(&self, id: &str) -> Result<()> {
        let what_for = format!("pressing `{id}`");
        let pressed = wait_until(&what_for, || async {
            let found = self.client.find(Locator::Css(&test_id(id))).await;
            let Ok(element) = found else {
                return Ok(false);
            };
            // The page may be drawn anew between finding and pressing.
            Ok(element.is_enabled().await.unwrap_or(false) && element.click().await.is_ok())
        });
        self.explained(pressed.await).await
    }

    /// Writes `text` into the field with this `data-testid`, in place of what is there.
    ///
    /// # Errors
    /// When there is no such field.
    pub async fn fill(&self, id: &str, text: &str) -> Result<()> {
        let field = self.test_id(id).await?;
        within(id, field.clear()).await??;
        Ok(within(id, field.send_keys(text)).await??)
    }

    /// The text that the page shows.
    ///
    /// # Errors
    /// When the browser is gone.
    pub async fn text(&self) -> Result<String> {
        let text = self.run("return document.body.innerText", vec![]).await?;
        Ok(text.as_str().unwrap_or_default().to_owned())
    }

    /// Waits until the page shows `part`.
    ///
    /// # Errors
    /// When it does not in time; the message has what it shows.
    pub async fn says(&self, part: &str) -> Result<()> {
        let what_for = format!("`{part}` on the page");
        let said = wait_until(&what_for, || async {
            Ok(self.text().await?.contains(part))
        });
        self.explained(said.await).await
    }

    /// Waits until no element has this `data-testid`.
    ///
    /// # Errors
    /// When one stays.
    pub async fn gone(&self, id: &str) -> Result<()> {
        let what_for = format!("the end of `{id}`");
        let gone = wait_until(&what_for, || async {
            let found = self.client.find_all(Locator::Css(&test_id(id))).await?;
            Ok(found.is_empty())
        });
        self.explained(gone.await).await
    }

    /// Runs a script in the page; what it returns.
    ///
    /// # Errors
    /// When it throws.
    pub async fn run(&self, script: &str, args: Vec<Value>) -> Result<Value> {
        Ok(within("a script", self.client.execute(script, args)).await??)
    }

    /// Runs the body of an asynchronous function in the page; what it returns.
    ///
    /// # Errors
    /// When it throws, or takes too long.
    pub async fn run_async(&self, body: &str) -> Result<Value> {
        let script = format!(
            "const tell = arguments[arguments.length - 1];
             (async () => {{ {body} }})()
                 .then((value) => tell({{ value }}), (error) => tell({{ error: String(error) }}));"
        );
        let told = within("a script", self.client.execute_async(&script, vec![])).await??;
        match told.get("error") {
            Some(error) => bail!("the script failed: {error}"),
            None => Ok(told["value"].clone()),
        }
    }

    /// Runs a file of scripts in the page, such as a library.
    ///
    /// # Errors
    /// When it cannot be read, or throws.
    pub async fn run_file(&self, file: &Path) -> Result<()> {
        let script = std::fs::read_to_string(file)
            .with_context(|| format!("{} is not there: run `npm ci`", file.display()))?;
        self.run(&script, vec![]).await?;
        Ok(())
    }

    /// What pages are told that the user prefers: `light` or `dark`.
    ///
    /// # Errors
    /// When the browser is gone.
    pub async fn prefer(&self, scheme: &str) -> Result<()> {
        let feature = json!({"name": "prefers-color-scheme", "value": scheme});
        let params = json!({"features": [feature]});
        self.devtools("Emulation.setEmulatedMedia", params).await
    }

    /// What is on the clipboard; the page is allowed to read it from here on.
    ///
    /// # Errors
    /// When the page cannot read it.
    pub async fn clipboard(&self) -> Result<String> {
        let params = json!({"permissions": ["clipboardReadWrite"]});
        self.devtools("Browser.grantPermissions", params).await?;
        let text = self
            .run_async("return await navigator.clipboard.readText();")
            .await?;
        Ok(text.as_str().unwrap_or_default().to_owned())
    }

    /// Ends it.
    ///
    /// # Errors
    /// When it does not end in time.
    pub async fn quit(self) -> Result<()> {
        Ok(within("Chromium's end", self.client.clone().close()).await??)
    }

    async fn devtools(&self, method: &'static str, params: Value) -> Result<()> {
        let command = Devtools { method, params };
        within(method, self.client.issue_cmd(command)).await??;
        Ok(())
    }

    async fn shown(&self, locator: Locator<'_>, what: &str) -> Result<Element> {
        let what_for = format!("`{what}`");
        let found = wait_until(&what_for, || async {
            let Ok(element) = self.client.find(locator).await else {
                return Ok(false);
            };
            Ok(element.is_displayed().await.unwrap_or(false))
        });
        self.explained(found.await).await?;
        Ok(within(what, self.client.find(locator)).await??)
    }

    /// A failure with what the page shows.
    async fn explained<T>(&self, result: Result<T>) -> Result<T> {
        match result {
            Ok(value) => Ok(value),
            Err(error) => {
                let text = self.text().await.unwrap_or_default();
                Err(error.context(format!("the page shows:\n{text}")))
            }
        }
    }
}

fn test_id(id: &str) -> String {
    format!("[data-testid=\"{id}\"]")
}
