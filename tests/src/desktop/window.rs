//! The application's window, driven as a person uses it, by WebDriver.
//!
//! WebDriver starts the application itself, with its window; it ends with this.

use std::net::SocketAddr;

use anyhow::{Context, Result};
use fantoccini::{Client, ClientBuilder, Locator, elements::Element, key::Key};
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
        self.shown(Locator::Css(selector), selector).await
    }

    /// Waits for the element with this `data-testid`.
    ///
    /// # Errors
    /// When it does not come in time.
    pub async fn test_id(&self, id: &str) -> Result<Element> {
        self.find(&format!("[data-testid=\"{id}\"]")).await
    }

    /// Waits for a button or link with this text or label.
    ///
    /// # Errors
    /// When it does not come in time.
    pub async fn button(&self, name: &str) -> Result<Element> {
        let path = format!(
            "//*[self::button or self::a or @role='button' or @role='tab'][normalize-space(.)={name} \
             or @aria-label={name}]",
            name = quoted(name)
        );
        self.shown(Locator::XPath(&path), name).await
    }

    /// Presses a button or link with this text or label, once it is there and can be pressed.
    ///
    /// # Errors
    /// When it does not come in time.
    pub async fn press(&self, name: &str) -> Result<()> {
        // A page may be drawn anew between finding and pressing.
        wait_until(&format!("pressing `{name}`"), || async {
            let button = self.button(name).await?;
            if !button.is_enabled().await.unwrap_or(false) {
                return Ok(false);
            }
            Ok(button.click().await.is_ok())
        })
        .await
    }

    /// Waits for the field with this label.
    ///
    /// # Errors
    /// When it does not come in time.
    pub async fn field(&self, label: &str) -> Result<Element> {
        let name = quoted(label);
        let path = format!(
            "//*[(self::input or self::select or self::textarea) and (@aria-label={name} or \
             @id=//label[normalize-space(.)={name}]/@for or \
             ancestor::label[contains(normalize-space(.),{name})])]"
        );
        self.shown(Locator::XPath(&path), label).await
    }

    /// Writes `text` into the field with this label, in place of what is there.
    ///
    /// # Errors
    /// When there is no such field.
    pub async fn fill(&self, label: &str, text: &str) -> Result<()> {
        let field = self.field(label).await?;
        field.clear().await?;
        field.send_keys(text).await?;
        Ok(())
    }

    /// Presses Enter in the field with this label.
    ///
    /// # Errors
    /// When there is no such field.
    pub async fn enter(&self, label: &str) -> Result<()> {
        let key = Key::Enter.to_string();
        Ok(self.field(label).await?.send_keys(&key).await?)
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
        self.text_where(&format!("`{part}` in the window"), |text| {
            text.contains(part)
        })
        .await
    }

    /// Waits until the page does not show `part`.
    ///
    /// # Errors
    /// When it goes on in time; the message has what it shows.
    pub async fn no_longer_says(&self, part: &str) -> Result<String> {
        self.text_where(&format!("the end of `{part}`"), |text| !text.contains(part))
            .await
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

    async fn text_where(&self, what: &str, matches: impl Fn(&str) -> bool) -> Result<String> {
        let waited = wait_until(what, || async { Ok(matches(&self.text().await?)) }).await;
        let text = self.text().await?;
        waited.with_context(|| format!("the window says\n{text}"))?;
        Ok(text)
    }

    async fn shown(&self, locator: Locator<'_>, what: &str) -> Result<Element> {
        let found = std::sync::Mutex::new(None);
        let waited = wait_until(&format!("`{what}` in the window"), || async {
            for element in self.client.find_all(locator).await? {
                // An element that was replaced meanwhile is not shown.
                if element.is_displayed().await.unwrap_or(false) {
                    *found.lock().map_err(|_| anyhow::anyhow!("poisoned"))? = Some(element);
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
        let found = found
            .into_inner()
            .map_err(|_| anyhow::anyhow!("poisoned"))?;
        found.context("it went away")
    }
}

/// A text as XPath has it.
fn quoted(text: &str) -> String {
    match text.contains('\'') {
        true => format!("\"{text}\""),
        false => format!("'{text}'"),
    }
}

/// A port that is free now; the driver takes only a number.
async fn free_address() -> Result<SocketAddr> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    Ok(listener.local_addr()?)
}
