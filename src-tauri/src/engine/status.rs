//! When the picture of the engine has to be made anew.

use malai_api::Event;

/// Whether what is shared, bridged or connected differs after `event`.
pub(super) fn is_structural(event: &Event) -> bool {
    !matches!(event, Event::Request { .. } | Event::Status(_))
}
