//! Files on a real disk.

use super::*;

const LINE: &[u8] = b"0123456789 12345678\n";

struct Place {
    files: Files,
    handle: LogsHandle,
    _dir: tempfile::TempDir,
}

/// As of day 20000, with room for two lines in a file and for eight in all.
fn place() -> Place {
    let dir = tempfile::tempdir().unwrap();
    let handle = LogsHandle::default();
    handle.apply(&config(40, 160));
    let mut files = Files::open(dir.path().join("logs"), handle.clone()).unwrap();
    let today = list(&files.dir).unwrap();
    fs::remove_file(today[0].0.path(&files.dir)).unwrap();
    files.current = None;
    Place {
        files,
        handle,
        _dir: dir,
    }
}

fn config(size: u64, total: u64) -> LogsConfig {
    LogsConfig {
        size,
        total,
        age: DAY * 3,
        ..LogsConfig::default()
    }
}

impl Place {
    fn write(&mut self, day: u64, lines: usize) {
        (0..lines).for_each(|_| self.files.write_on(day, LINE));
    }

    fn names(&self) -> Vec<String> {
        let listed = list(&self.files.dir).unwrap().into_iter();
        listed.map(|(name, _)| name.to_string()).collect()
    }
}

#[test]
fn a_full_file_is_followed_by_another_and_no_line_is_cut() {
    let mut place = place();
    place.write(20_000, 5);
    assert_eq!(
        place.names(),
        [
            "malai.2024-10-04.log",
            "malai.2024-10-04.2.log",
            "malai.2024-10-04.3.log"
        ]
    );
    for (name, bytes) in list(&place.files.dir).unwrap() {
        let text = fs::read(name.path(&place.files.dir)).unwrap();
        assert!(text.chunks(LINE.len()).all(|line| line == LINE));
        assert!(bytes <= 40);
    }
}

#[test]
fn what_is_too_old_goes_and_nothing_else_in_the_directory() {
    let mut place = place();
    for other in ["malai.notes.log", "malai.2024-10-04.02.log", "malai.log"] {
        fs::write(place.files.dir.join(other), "mine").unwrap();
    }
    for day in 20_000..20_006 {
        place.write(day, 1);
    }
    let dates = ["2024-10-07", "2024-10-08", "2024-10-09"];
    assert_eq!(place.names(), dates.map(|date| format!("malai.{date}.log")));
    assert_eq!(fs::read_dir(&place.files.dir).unwrap().count(), 6);
}

#[test]
fn a_burst_takes_no_more_than_all_files_may() {
    let mut place = place();
    for _ in 0..100 {
        place.write(20_000, 1);
        let bytes: u64 = list(&place.files.dir).unwrap().iter().map(|it| it.1).sum();
        assert!(bytes <= 160, "{bytes}");
    }
    // In the order of their numbers, not of their texts.
    assert_eq!(place.names().len(), 4);
    assert_eq!(place.names()[3], "malai.2024-10-04.50.log");
}

#[test]
fn the_same_file_is_added_to_and_a_change_holds_from_the_next_line_on() {
    let mut place = place();
    place.write(20_000, 1);
    place.files.current = None;
    place.write(20_000, 1);
    assert_eq!(place.names().len(), 1);
    place.write(20_000, 6);
    assert_eq!(place.names().len(), 4);
    place.handle.apply(&config(40, 80));
    place.write(20_000, 1);
    assert_eq!(place.names().len(), 2);
}

#[test]
fn nothing_is_removed_before_the_configuration_is_known() {
    let mut place = place();
    place.handle = LogsHandle::default();
    place.files.handle = place.handle.clone();
    for day in 20_000..20_009 {
        place.write(day, 1);
    }
    assert_eq!(place.names().len(), 9);
    place.handle.apply(&config(40, 160));
    place.write(20_008, 1);
    assert_eq!(place.names().len(), 3);
}

#[cfg(target_os = "linux")]
#[test]
fn a_full_disk_loses_lines_until_there_is_room_again() {
    let mut place = place();
    let path = place.files.dir.join("malai.2024-10-04.log");
    std::os::unix::fs::symlink("/dev/full", &path).unwrap();
    place.write(20_000, 3);
    assert_eq!(place.handle.lost(), 3);
    fs::remove_file(&path).unwrap();
    place.write(20_000, 1);
    assert_eq!(fs::read(&path).unwrap(), LINE);
    assert_eq!((place.handle.lost(), place.files.lost), (3, 0));
}

#[test]
fn a_directory_that_was_removed_comes_back() {
    let mut place = place();
    fs::remove_dir_all(&place.files.dir).unwrap();
    place.write(20_000, 1);
    assert_eq!(place.handle.lost(), 0);
    assert_eq!(place.names(), ["malai.2024-10-04.log"]);
}
