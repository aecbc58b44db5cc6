//! The session's clipboard, read and written as any other program does.

use std::process::Stdio;

use anyhow::{Context, Result, ensure};
use tokio::io::AsyncWriteExt;

use super::Session;
use crate::{wait_until, within};

impl Session {
    /// The text on the clipboard; empty when there is none.
    ///
    /// # Errors
    /// When there is no `xclip`, or the clipboard's owner does not answer.
    pub async fn clipboard(&self) -> Result<String> {
        let mut read = self.command("xclip");
        read.args(["-selection", "clipboard", "-out"]);
        let told = within("the clipboard", read.kill_on_drop(true).output()).await?;
        let told = told.context("no xclip: run `scripts/setup test`")?;
        Ok(String::from_utf8(told.stdout)?)
    }

    /// Waits until the text on the clipboard begins with `prefix`, and returns it whole.
    ///
    /// # Errors
    /// When it takes too long.
    pub async fn clipboard_begins(&self, prefix: &str) -> Result<String> {
        wait_until(&format!("`{prefix}…` on the clipboard"), || async {
            Ok(self.clipboard().await?.starts_with(prefix))
        })
        .await?;
        self.clipboard().await
    }

    /// Puts `text` on the clipboard.
    ///
    /// # Errors
    /// When there is no `xclip`.
    pub async fn set_clipboard(&self, text: &str) -> Result<()> {
        // It leaves a process behind that serves the text until the screen goes away.
        let mut child = self
            .command("xclip")
            .args(["-selection", "clipboard", "-in"])
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .context("no xclip: run `scripts/setup test`")?;
        let mut input = child.stdin.take().context("stdin is piped")?;
        input.write_all(text.as_bytes()).await?;
        drop(input);
        let status = within("xclip", child.wait()).await??;
        ensure!(status.success(), "xclip: {status}");
        Ok(())
    }
}
