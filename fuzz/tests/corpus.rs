//! What the fuzz targets have found worth keeping, read again: every run of the tests does.

use std::{
    fs, io,
    panic::{AssertUnwindSafe, catch_unwind},
    path::Path,
};

use malai_core::fuzzing;

fn replay(name: &str, target: fn(&[u8])) -> io::Result<()> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("corpus")
        .join(name);
    let mut read = 0;
    for entry in fs::read_dir(&folder)? {
        let path = entry?.path();
        let bytes = fs::read(&path)?;
        let outcome = catch_unwind(AssertUnwindSafe(|| target(&bytes)));
        assert!(outcome.is_ok(), "{} fails", path.display());
        read += 1;
    }
    assert!(read > 0, "{} holds something", folder.display());
    Ok(())
}

#[test]
fn answer() -> io::Result<()> {
    replay("answer", fuzzing::answer)
}

#[test]
fn config() -> io::Result<()> {
    replay("config", fuzzing::config)
}

#[test]
fn control() -> io::Result<()> {
    replay("control", fuzzing::control)
}

#[test]
fn dns() -> io::Result<()> {
    replay("dns", fuzzing::dns)
}

#[test]
fn http() -> io::Result<()> {
    replay("http", fuzzing::http)
}

#[test]
fn http_answer() -> io::Result<()> {
    replay("http-answer", fuzzing::http_answer)
}

#[test]
fn http_request() -> io::Result<()> {
    replay("http-request", fuzzing::http_request)
}

#[test]
fn http_pieces() -> io::Result<()> {
    replay("http-pieces", fuzzing::http_pieces)
}

#[test]
fn link() -> io::Result<()> {
    replay("link", fuzzing::link)
}

#[test]
fn rotation() -> io::Result<()> {
    replay("rotation", fuzzing::rotation)
}

#[test]
fn stream() -> io::Result<()> {
    replay("stream", fuzzing::stream)
}
