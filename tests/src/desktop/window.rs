//! The application's window, driven as a person uses it, by WebDriver.
//!
//! WebDriver starts the application itself, with its window; it ends with this.

use std::net::SocketAddr;

use anyhow::{Context, Result};
use fantoccini::{Client, ClientBuilder, Locator, elements::Element};
use hyper_util::client::legacy::connect::HttpConnector;
use serde_json::{Map, Value, json};
use tokio::{
    net::{TcpListener, TcpStream},
    process::Command,
};

use crate::{Home, Malai, binary, wait_until, within};

/// A window that WebDriver has opened.
#[derive(Debug)]
pub struct Window {
    client: Client,
    driver: Malai,
}

impl Window {
    /// Starts the application of `home`, which is in a session, and waits for its window.
    ///
    /// # Errors
    /// When there is no `WebKitWebDriver`, or no window comes.
    pub async fn open(home: &Home, args: &[&str]) -> Result<Self> {
        let address = free_address().await?;
        let mut command = Command::new("WebKitWebDriver");
        command
            .arg(format!("--port={}", address.port()))
            // Without it the application's pages do not let themselves be driven.
            .env("TAURI_WEBVIEW_AUTOMATION", "true");
        let driver = Malai::start(home.prepare(command), "WebKitWebDriver");
        let driver = driver.context("no WebKitWebDriver: run `scripts/setup test`")?;
        wait_until("WebKitWebDriver", || async {
            Ok(TcpStream::connect(address).await.is_ok())
        })
        .await?;
        let options = json!({"binary": binary("malai-desktop")?, "args": args});
        let capabilities = Map::from_iter([("webkitgtk:browserOptions".to_owned(), options)]);
        let mut builder = ClientBuilder::new(HttpConnector::new());
        builder.capabilities(capabilities);
        let url = format!("http://{address}");
        let client = within("the window", builder.connect(&url)).await??;
        Ok(Self { client, driver })
    }

    /// The driver's process, whose child is the application.
    #[must_use]
    pub fn driver(&self) -> &Malai {
        &self.driver
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
        let found = std::sync::Mutex::new(None);
        let waited = wait_until(&format!("`{selector}` in the window"), || async {
            for element in self.all(selector).await?.unwrap_or_default() {
                // An element that was replaced meanwhile is not shown.
                if element.is_displayed().await.unwrap_or(false) {
                    *found.lock().map_err(poisoned)? = Some(element);
                    return Ok(true);
                }
            }
            Ok(false)
        })
        .await;
        if let Err(error) = waited {
            let text = self.text().await.unwrap_or_default();
            return Err(error.context(format!("the window says\n{text}")));
        }
        let found = found.into_inner().map_err(poisoned)?;
        found.context("it went away")
    }

    /// All that a CSS selector finds; `None` when the page was being drawn anew.
    async fn all(&self, selector: &str) -> Result<Option<Vec<Element>>> {
        match self.client.find_all(Locator::Css(selector)).await {
            Ok(found) => Ok(Some(found)),
            Err(error) if error.is_stale_element_reference() => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    /// Waits for the element with this `data-testid`.
    ///
    /// # Errors
    /// When it does not come in time.
    pub async fn test_id(&self, id: &str) -> Result<Element> {
        self.find(&test_id(id)).await
    }

    /// Presses what has this `data-testid`, once it is there and can be pressed.
    ///
    /// # Errors
    /// When it does not come in time.
    pub async fn press(&self, id: &str) -> Result<()> {
        self.press_first(&test_id(id)).await
    }

    /// Presses what a CSS selector finds, likewise.
    ///
    /// # Errors
    /// When it does not come in time.
    pub async fn press_first(&self, selector: &str) -> Result<()> {
        let what = format!("pressing `{selector}`");
        let pressed = wait_until(&what, || async {
            let element = self.find(selector).await?;
            // The page may draw it anew between finding and pressing.
            let ready = element.is_enabled().await.unwrap_or(false);
            Ok(ready && element.click().await.is_ok())
        });
        pressed.await
    }

    /// Writes `text` into the field with this `data-testid`, in place of what is there.
    ///
    /// # Errors
    /// When there is no such field.
    pub async fn fill(&self, id: &str, text: &str) -> Result<()> {
        let what = format!("writing into `{id}`");
        let written = wait_until(&what, || async {
            let field = self.test_id(id).await?;
            // The page may draw it anew between finding and writing.
            Ok(field.clear().await.is_ok() && field.send_keys(text).await.is_ok())
        });
        written.await
    }

    /// The text of what has this `data-testid`, once it is there.
    ///
    /// # Errors
    /// When it does not come in time.
    pub async fn text_of(&self, id: &str) -> Result<String> {
        Ok(self.test_id(id).await?.text().await?)
    }

    /// Whether the box with this `data-testid` is ticked.
    ///
    /// # Errors
    /// When there is no such box.
    pub async fn is_ticked(&self, id: &str) -> Result<bool> {
        Ok(self.test_id(id).await?.is_selected().await?)
    }

    /// Waits until nothing has this `data-testid`.
    ///
    /// # Errors
    /// When it stays.
    pub async fn is_gone(&self, id: &str) -> Result<()> {
        let selector = test_id(id);
        wait_until(&format!("the end of `{id}`"), || async {
            let found = self.all(&selector).await?;
            Ok(found.is_some_and(|found| found.is_empty()))
        })
        .await
    }

    /// The text that the page shows.
    ///
    /// # Errors
    /// When the window is gone.
    pub async fn text(&self) -> Result<String> {
        let text = self.run("return document.body.innerText", vec![]).await?;
        Ok(text.as_str().unwrap_or_default().to_owned())
    }

    /// Waits until the page shows `part`.
    ///
    /// # Errors
    /// When it does not in time; the message has what it shows.
    pub async fn says(&self, part: &str) -> Result<String> {
        let what = format!("`{part}` in the window");
        let waited = wait_until(&what, || async { Ok(self.text().await?.contains(part)) }).await;
        let text = self.text().await?;
        waited.with_context(|| format!("the window says\n{text}"))?;
        Ok(text)
    }

    /// Runs a script in the page.
    ///
    /// # Errors
    /// When it throws, or takes too long.
    pub async fn run(&self, script: &str, arguments: Vec<Value>) -> Result<Value> {
        let ran = within("a script", self.client.execute(script, arguments));
        ran.await?.context("the script failed")
    }

    /// Runs a script that calls its last argument when it is done.
    ///
    /// # Errors
    /// When it throws, or takes too long.
    pub async fn run_async(&self, script: &str, arguments: Vec<Value>) -> Result<Value> {
        let ran = within("a script", self.client.execute_async(script, arguments));
        ran.await?.context("the script failed")
    }
}

fn test_id(id: &str) -> String {
    format!("[data-testid=\"{id}\"]")
}

fn poisoned<T>(_error: std::sync::PoisonError<T>) -> anyhow::Error {
    anyhow::anyhow!("a thread has panicked")
}

/// A port that is free now; the driver takes only a number.
async fn free_address() -> Result<SocketAddr> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    Ok(listener.local_addr()?)
}
