//! The desktop application in a session of its own: what surrounds it, and how a person uses it.
//!
//! [`Session`] is a screen and a bus that nobody else is on; [`Panel`] shows the [`Tray`],
//! [`Notifications`] what the application tells, [`Window`] is its window by WebDriver.
//! The application itself is a [`crate::Malai`] that [`crate::Home::start_desktop`] has started.
//! All of it speaks the protocols of real desktops and knows nothing of the application's insides.

mod clipboard;
mod menu;
mod network;
mod notifications;
mod panel;
mod processes;
mod session;
mod tray;
mod window;

pub use self::{
    menu::Row,
    notifications::{Notification, Notifications},
    panel::Panel,
    processes::{Process, cpu_time, process_tree},
    session::Session,
    tray::Tray,
    window::Window,
};
