//! Closing the window where there is no tray to go on in: malai would be out of reach, so its user
//! is asked.

use gtk::{
    ButtonsType, DialogFlags, MessageDialog, MessageType, ResponseType,
    prelude::{DialogExt as _, GtkWindowExt as _, WidgetExt as _},
};
use tauri::WebviewWindow;
use tracing::debug;

use crate::{controller::Input, desktop::Desktop};

/// Asks whether malai is to end; the window stays open meanwhile.
pub(crate) fn ask_to_quit(desktop: &Desktop, window: &WebviewWindow) {
    let parent = match window.gtk_window() {
        Ok(parent) => Some(parent),
        Err(error) => {
            debug!(%error, "the question stands alone");
            None
        }
    };
    let dialog = MessageDialog::new(
        parent.as_ref(),
        DialogFlags::MODAL | DialogFlags::DESTROY_WITH_PARENT,
        MessageType::Question,
        ButtonsType::None,
        "Quit malai?\n\nThis desktop has no tray, so without its window malai would be out of \
         reach. What you share and bridge ends when it quits.",
    );
    dialog.set_title("malai");
    dialog.add_button("Keep open", ResponseType::Cancel);
    dialog.add_button("Quit", ResponseType::Accept);
    dialog.set_default_response(ResponseType::Cancel);
    let desktop = desktop.clone();
    dialog.connect_response(move |dialog, response| {
        if response == ResponseType::Accept {
            desktop.ask(Input::Quit);
        }
        dialog.close();
    });
    dialog.show_all();
}
