//! Lists the window's commands, so that none is callable without a permission of its own.

/// What the page may call when `capabilities/main.json` allows it.
const COMMANDS: &[&str] = &[
    "dispatch",
    "status",
    "desktop_state",
    "set_desktop",
    "copy",
    "open",
    "use_key_file",
    "navigation",
];

fn main() {
    let manifest = tauri_build::AppManifest::new().commands(COMMANDS);
    let attributes = tauri_build::Attributes::new().app_manifest(manifest);
    if let Err(error) = tauri_build::try_build(attributes) {
        println!("cargo::error={error:#}");
    }
}
