//! Files on a real disk.

use super::*;

fn days() -> (tempfile::TempDir, Days) {
    let place = tempfile::tempdir().unwrap();
    let dir = place.path().join("logs");
    make_private_dir(&dir).unwrap();
    (place, Days { dir, today: None })
}

#[test]
fn keeps_a_week_and_nothing_else_is_removed() {
    let (_place, mut days) = days();
    fs::write(days.dir.join("malai.notes.log"), "mine").unwrap();
    for day in 20_000..20_010 {
        days.write_on(day, b"line\n").unwrap();
    }
    let mut names: Vec<String> = fs::read_dir(&days.dir)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    assert_eq!(names.len(), MAX_FILES + 1, "{names:?}");
    assert_eq!(names[0], file_name(20_003));
    assert_eq!(names[MAX_FILES], "malai.notes.log");
}

#[test]
fn a_day_is_added_to_and_has_an_end() {
    let (_place, mut days) = days();
    days.write_on(20_000, b"one\n").unwrap();
    days.today = None;
    days.write_on(20_000, b"two\n").unwrap();
    let path = days.dir.join(file_name(20_000));
    assert_eq!(fs::read_to_string(&path).unwrap(), "one\ntwo\n");
    days.today.as_mut().unwrap().bytes = FILE_MAX;
    assert_eq!(days.write_on(20_000, b"lost\n").unwrap(), 5);
    assert_eq!(fs::read_to_string(&path).unwrap(), "one\ntwo\n");
}

#[cfg(unix)]
#[test]
fn is_its_owners_alone() {
    use std::os::unix::fs::PermissionsExt;
    let place = tempfile::tempdir().unwrap();
    let home = Home::open(Some(place.path().to_owned())).unwrap();
    let files = LogFiles::open(&home).unwrap();
    writeln!(files.writer(), "a line").unwrap();
    drop(files);
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&home.logs()), 0o700);
    let file = fs::read_dir(home.logs()).unwrap().next().unwrap().unwrap();
    assert_eq!(mode(&file.path()), 0o600);
    assert_eq!(fs::read_to_string(file.path()).unwrap(), "a line\n");
}
