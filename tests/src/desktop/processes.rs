//! What a process and its children take from the machine, read from `/proc`.

use std::{fs, time::Duration};

use anyhow::{Context, Result};

/// The kernel's clock ticks in a second (`USER_HZ`), the same on every Linux.
const TICKS_PER_SECOND: u64 = 100;

/// One process.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Process {
    /// Its number.
    pub id: i32,
    /// Its name, at most 15 characters of it.
    pub name: String,
    /// Bytes of memory it holds.
    pub memory: u64,
    parent: i32,
}

/// A process and everything below it, itself first.
///
/// # Errors
/// When it is not there any more.
pub fn process_tree(root: i32) -> Result<Vec<Process>> {
    let mut rest = Vec::new();
    for entry in fs::read_dir("/proc")? {
        let name = entry?.file_name();
        let number = name.to_str().and_then(|name| name.parse().ok());
        // Others may end while they are read.
        rest.extend(number.and_then(|number| process(number).ok()));
    }
    let mut tree = vec![process(root)?];
    let mut next = 0;
    while let Some(parent) = tree.get(next).map(|one| one.id) {
        tree.extend(rest.iter().filter(|one| one.parent == parent).cloned());
        next += 1;
    }
    Ok(tree)
}

/// The time a process has spent on a processor so far, to 10 ms.
///
/// # Errors
/// When it is not there any more.
pub fn cpu_time(id: i32) -> Result<Duration> {
    let stat = fs::read_to_string(format!("/proc/{id}/stat"))?;
    // The name is in parentheses and may have spaces; fields 14 and 15 are user and system time.
    let (_, fields) = stat.rsplit_once(')').context("stat of another form")?;
    let fields: Vec<_> = fields.split_whitespace().collect();
    let ticks = |index: usize| {
        fields
            .get(index)
            .and_then(|field| field.parse::<u64>().ok())
    };
    let user = ticks(11).context("no user time")?;
    let system = ticks(12).context("no system time")?;
    Ok(Duration::from_millis(
        (user + system) * 1000 / TICKS_PER_SECOND,
    ))
}

fn process(id: i32) -> Result<Process> {
    let status = fs::read_to_string(format!("/proc/{id}/status"))?;
    let field = |name: &str| {
        let mut lines = status.lines();
        let line = lines.find_map(|line| line.strip_prefix(name)?.strip_prefix(':'));
        line.map(str::trim)
    };
    // A process that has ended and was not waited for holds none.
    let kib = field("VmRSS").and_then(|memory| memory.strip_suffix(" kB"));
    Ok(Process {
        id,
        name: field("Name").context("no name")?.to_owned(),
        memory: kib.map_or(Ok(0), str::parse)? * 1024,
        parent: field("PPid").context("no parent")?.parse()?,
    })
}
