//! The whole of it, with its thread.

use std::{fs, io::Write};

use super::*;

#[cfg(unix)]
#[test]
fn is_its_owners_alone() {
    use std::{os::unix::fs::PermissionsExt, path::Path};
    let place = tempfile::tempdir().unwrap();
    let home = Home::open(Some(place.path().to_owned())).unwrap();
    let files = LogFiles::open(&home, &LogsHandle::default()).unwrap();
    writeln!(files.writer(), "a line").unwrap();
    drop(files);
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&home.logs()), 0o700);
    let file = fs::read_dir(home.logs()).unwrap().next().unwrap().unwrap();
    assert_eq!(mode(&file.path()), 0o600);
    assert_eq!(fs::read_to_string(file.path()).unwrap(), "a line\n");
}

#[test]
fn a_level_is_told_once_for_each_change() {
    let told = Arc::new(std::sync::Mutex::new(Vec::new()));
    let handle = LogsHandle::default();
    let teller = Arc::clone(&told);
    handle.on_level(move |level| teller.lock().unwrap().push(level));
    let mut config = LogsConfig::default();
    handle.apply(&config);
    handle.apply(&config);
    config.size = 1;
    handle.apply(&config);
    config.level = LogLevel::Debug;
    handle.apply(&config);
    assert_eq!(*told.lock().unwrap(), [LogLevel::Info, LogLevel::Debug]);
}
