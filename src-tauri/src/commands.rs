//! What the page may call: each command is listed in `build.rs` and allowed to the one window in
//! `capabilities/main.json`.
//!
//! A page never says what to open: it names a thing, and where that is comes from the engine.

#![allow(
    clippy::needless_pass_by_value,
    reason = "the toolkit hands its state over by value"
)]

use std::path::Path;

use malai_api::{
    DesktopSettings, DesktopState, Failure, Navigation, OpenTarget, Request, Response, Status,
    codes,
};
use tauri::{State, Wry, ipc::Invoke};

use crate::desktop::{self, Desktop};

/// The longest text that is put on the clipboard, in bytes: a link with many addresses has less.
const LONGEST_COPY: usize = 64 * 1024;

/// Answers the page's calls.
pub(crate) fn handler() -> impl Fn(Invoke<Wry>) -> bool + Send + Sync + 'static {
    tauri::generate_handler![
        dispatch,
        status,
        desktop_state,
        set_desktop,
        copy,
        open,
        use_key_file,
        navigation
    ]
}

/// Asks the engine; a refusal of the engine is a response, too.
#[tauri::command]
async fn dispatch(desktop: State<'_, Desktop>, request: Request) -> Result<Response, Failure> {
    if matches!(request, Request::Subscribe | Request::Watch) {
        let message = "the window is told of changes without asking";
        return Err(Failure::new(codes::REQUEST_INVALID, message));
    }
    let host = desktop.host().clone();
    Ok(host.request(request).await)
}

/// What the engine does; nothing while it is not known.
#[tauri::command]
fn status(desktop: State<'_, Desktop>) -> Option<Status> {
    let status = desktop.host().status();
    let known = status.borrow();
    known.as_deref().cloned()
}

/// The application as it is.
#[tauri::command]
fn desktop_state(desktop: State<'_, Desktop>) -> DesktopState {
    desktop.state()
}

/// Takes over what the user has chosen.
#[tauri::command]
async fn set_desktop(
    desktop: State<'_, Desktop>,
    settings: DesktopSettings,
) -> Result<(), Failure> {
    let desktop = desktop.inner().clone();
    // It writes files and asks the system.
    let chosen = tauri::async_runtime::spawn_blocking(move || desktop.choose(settings)).await;
    let chosen = chosen.map_err(|error| Failure::new("internal", error.to_string()))?;
    chosen.map_err(|error| Failure::new("settings-not-kept", format!("{error:#}")))
}

/// Puts a text on the clipboard.
#[tauri::command]
async fn copy(desktop: State<'_, Desktop>, text: String) -> Result<(), Failure> {
    if text.len() > LONGEST_COPY {
        return Err(Failure::new(
            codes::ARGUMENT_INVALID,
            "this text is too long to copy",
        ));
    }
    let copied = desktop.clipboard().copy(text).await;
    copied.map_err(|error| Failure::new("clipboard-unusable", format!("{error:#}")))
}

/// Opens something outside the window.
#[tauri::command]
async fn open(desktop: State<'_, Desktop>, target: OpenTarget) -> Result<(), Failure> {
    let target = match target {
        OpenTarget::Bridge { name } => bridge_url(&desktop, &name)?,
        OpenTarget::Logs => place(&desktop, Place::Logs).await?,
        OpenTarget::Config => place(&desktop, Place::Config).await?,
    };
    let opened = desktop::open(target).await;
    opened.map_err(|error| Failure::new("not-opened", format!("{error:#}")))
}

/// Keeps the key in a file, since no keychain answers.
#[tauri::command]
fn use_key_file(desktop: State<'_, Desktop>) {
    desktop.host().use_key_file();
}

/// Where the window is to go first.
#[tauri::command]
fn navigation(desktop: State<'_, Desktop>) -> Option<Navigation> {
    desktop.window().take_navigation()
}

fn bridge_url(desktop: &Desktop, name: &str) -> Result<String, Failure> {
    let status = desktop.host().status();
    let known = status.borrow();
    let mut bridges = known.iter().flat_map(|status| &status.bridges);
    let bridge = bridges.find(|bridge| bridge.name == name && !bridge.url.is_empty());
    let missing = || Failure::new(codes::NAME_UNKNOWN, format!("no web page behind `{name}`"));
    bridge.map(|bridge| bridge.url.clone()).ok_or_else(missing)
}

enum Place {
    Logs,
    Config,
}

/// Where logs or configuration are; their directory while they are not there yet.
async fn place(desktop: &Desktop, place: Place) -> Result<String, Failure> {
    let settings = match desktop.host().request(Request::Settings).await {
        Response::Settings(settings) => settings,
        Response::Error(failure) => return Err(failure),
        _ => {
            return Err(Failure::new(
                "control-failed",
                "the engine answers strangely",
            ));
        }
    };
    let path = match place {
        Place::Logs => settings.logs,
        Place::Config => settings.config,
    };
    if !path.is_empty() && tokio::fs::try_exists(&path).await.unwrap_or(false) {
        return Ok(path);
    }
    let dir = Path::new(&settings.home);
    Ok(dir.display().to_string())
}
