//! Lists the files of the web UI that go into the binary.
//!
//! Only what a browser is to be served, by its kind: neither tests nor types nor anything of the
//! tools that check them. What is not on the list cannot be asked for.

use std::{
    env,
    fmt::Write as _,
    fs, io,
    path::{Path, PathBuf},
};

/// Kinds of files that are served, with what they are called on the way.
const SERVED: [(&str, &str); 6] = [
    ("html", "text/html; charset=utf-8"),
    ("js", "text/javascript; charset=utf-8"),
    ("css", "text/css; charset=utf-8"),
    ("svg", "image/svg+xml"),
    ("png", "image/png"),
    ("woff2", "font/woff2"),
];

/// Directories of tools and tests.
const SKIPPED: [&str; 4] = ["node_modules", "generated", "test", "tests"];

fn main() -> io::Result<()> {
    // Asked for when it runs: a kept build may have been made for another checkout.
    let here = env::var_os("CARGO_MANIFEST_DIR").ok_or(io::ErrorKind::NotFound)?;
    let ui = Path::new(&here).join("../../ui");
    println!("cargo:rerun-if-changed=build.rs");
    println!("cargo:rerun-if-changed={}", ui.display());
    let mut files = Vec::new();
    collect(&ui, &mut files)?;
    files.sort();
    let mut table = String::from("&[\n");
    for file in &files {
        let Some(kind) = kind_of(file) else { continue };
        let path = path_of(file.strip_prefix(&ui).map_err(io::Error::other)?);
        let absolute = file.canonicalize()?;
        writeln!(
            table,
            "    Asset {{ path: {path:?}, kind: {kind:?}, bytes: include_bytes!({absolute:?}) }},"
        )
        .map_err(io::Error::other)?;
    }
    table.push_str("]\n");
    let out = env::var_os("OUT_DIR").ok_or(io::ErrorKind::NotFound)?;
    fs::write(PathBuf::from(out).join("assets.rs"), table)
}

fn collect(directory: &Path, files: &mut Vec<PathBuf>) -> io::Result<()> {
    for entry in fs::read_dir(directory)? {
        let entry = entry?;
        let (path, kind) = (entry.path(), entry.file_type()?);
        let name = entry.file_name();
        let name = name.to_string_lossy();
        if kind.is_dir() && !name.starts_with('.') && !SKIPPED.contains(&&*name) {
            collect(&path, files)?;
        } else if kind.is_file() && !name.starts_with('.') && !name.ends_with(".test.js") {
            files.push(path);
        }
    }
    Ok(())
}

fn kind_of(file: &Path) -> Option<&'static str> {
    let extension = file.extension()?.to_str()?;
    let found = SERVED.iter().find(|(served, _)| *served == extension);
    found.map(|(_, kind)| *kind)
}

/// As a URL has it; names of ours need no escapes.
fn path_of(file: &Path) -> String {
    let parts = file
        .iter()
        .map(|part| format!("/{}", part.to_string_lossy()));
    parts.collect()
}
