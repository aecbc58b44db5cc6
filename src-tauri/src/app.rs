//! The application from start to end.
//!
//! What can be refused is refused before anything is shown: a second application on the same home
//! hands over and goes; without a display there is one plain sentence.
//! However the end is asked for, it passes through the controller, which drains the engine first.

use std::process::ExitCode;

use anyhow::Context as _;
use malai_core::home::Home;
use tauri::{App, AppHandle, RunEvent, async_runtime};
use tokio::runtime;

use crate::{
    args::Args,
    commands,
    controller::{Controller, Input},
    desktop::{Desktop, stay_in_reach},
    engine::{self, Done, EngineSetup},
    host::Host,
    instance::{self, Instance, Place},
    logging,
    settings::SettingsFile,
    signals, window,
};

/// Threads for everything but the engine and the toolkit: the controller, the window's commands.
const DESK_THREADS: usize = 1;

/// Runs the application; returns its exit code.
///
/// # Errors
/// When it cannot start, with the reason in words.
pub(crate) fn run(args: &Args) -> anyhow::Result<ExitCode> {
    let home = Home::open(args.home.clone())?;
    let desk = runtime::Builder::new_multi_thread()
        .worker_threads(DESK_THREADS)
        .thread_name("desk")
        .enable_all()
        .build()
        .context("cannot start the desktop's runtime")?;
    let instance = match desk.block_on(instance::take(&home, args.navigation()))? {
        Place::First(instance) => instance,
        Place::HandedOver => return Ok(ExitCode::SUCCESS),
    };
    #[cfg(target_os = "linux")]
    crate::linux::check_display()?;
    // Only from here on anything is begun that is worth a file.
    let (_files, logs) = logging::start(args.log.as_deref(), &home)?;
    async_runtime::set(desk.handle().clone());
    let (host, end) = Host::new();
    let setup = EngineSetup {
        home: home.clone(),
        key_store: args.key_store,
        logs,
    };
    let done = engine::start(setup, end)?;
    let settings = SettingsFile::open(&home);
    let start = Start {
        args: args.clone(),
        home,
        host,
        done,
        settings,
        instance,
    };
    let app = build(start)?;
    let code = app.run_return(on_event);
    desk.shutdown_background();
    Ok(u8::try_from(code).map_or(ExitCode::FAILURE, ExitCode::from))
}

/// What the application begins with.
struct Start {
    args: Args,
    home: Home,
    host: Host,
    done: Done,
    settings: SettingsFile,
    instance: Instance,
}

#[expect(
    clippy::exit,
    reason = "it is in the toolkit's macro, for a build without its files"
)]
fn build(start: Start) -> anyhow::Result<App> {
    let builder = tauri::Builder::default()
        .invoke_handler(commands::handler())
        .setup(move |app| {
            begin(app, start);
            Ok(())
        });
    #[cfg(not(target_os = "linux"))]
    let builder = builder.plugin(crate::autostart::plugin());
    builder
        .build(tauri::generate_context!())
        .context("cannot start the application")
}

/// Puts everything in its place, on the main thread, once the toolkit is there.
fn begin(app: &mut App, start: Start) {
    #[cfg(target_os = "macos")]
    app.set_activation_policy(tauri::ActivationPolicy::Accessory);
    let Start {
        args,
        home,
        host,
        done,
        settings,
        instance,
    } = start;
    let desktop = Desktop::new(
        app.handle(),
        host.clone(),
        &home,
        settings,
        args.home.as_deref(),
    );
    let (controller, inbox) = Controller::new(host, desktop.clone());
    desktop.connect(inbox.clone());
    #[cfg(target_os = "linux")]
    crate::linux::begin(&desktop);
    async_runtime::spawn(controller.run(done));
    async_runtime::spawn(window::feed(desktop.clone()));
    async_runtime::spawn(stay_in_reach(desktop.clone()));
    async_runtime::spawn(signals::listen(inbox.clone()));
    async_runtime::spawn(instance.listen(inbox));
    if let Some(navigation) = args.navigation() {
        desktop.ask(Input::Show(navigation));
    }
}

fn on_event(app: &AppHandle, event: RunEvent) {
    let Some(desktop) = Desktop::of(app) else {
        return;
    };
    match event {
        // The last window has gone: the tray goes on.
        RunEvent::ExitRequested {
            code: None, api, ..
        } if !desktop.has_ended() => api.prevent_exit(),
        // Somebody but the controller wants the end; it drains first and then asks again.
        RunEvent::ExitRequested {
            code: Some(_), api, ..
        } if !desktop.has_ended() => {
            api.prevent_exit();
            desktop.ask(Input::Quit);
        }
        #[cfg(target_os = "macos")]
        RunEvent::Opened { urls } => {
            for url in urls {
                desktop.ask(Input::Show(crate::args::connect_to(url.as_str())));
            }
        }
        #[cfg(target_os = "macos")]
        RunEvent::Reopen { .. } => {
            desktop.ask(Input::Show(malai_api::Navigation::Home));
        }
        RunEvent::Exit => desktop.save_placement(),
        _ => {}
    }
}
