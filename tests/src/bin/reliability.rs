//! Makes `docs/reliability.md` of what the fault suite and the soak have recorded.
//!
//! `reliability RECORDS` with the directory that `make faults` lets them write to; a scenario
//! without a record is an error, since its test has failed or was left out.

use std::{env, fs, path::Path};

use anyhow::{Context, Result};
use e2e::fault::{document, scenarios};
use serde_json::Value;

/// The text around the tables.
const TEMPLATE: &str = include_str!("reliability.md");

fn main() -> Result<()> {
    let records = env::args().nth(1).context("the directory of the records")?;
    let records = Path::new(&records);
    let text = TEMPLATE
        .replace("{table}", &table(records)?)
        .replace("{count}", &scenarios()?.len().to_string())
        .replace("{soak}", &soak(records)?)
        .replace("{machine}", &machine());
    let path = document();
    fs::write(&path, text).with_context(|| format!("cannot write {}", path.display()))
}

fn table(records: &Path) -> Result<String> {
    let mut lines = Vec::new();
    let mut family = String::new();
    for scenario in scenarios()? {
        if scenario.family != family {
            let head = scenario.family.replace('_', " ");
            lines.push(format!(
                "\n### {}{}\n",
                head[..1].to_uppercase(),
                &head[1..]
            ));
            lines.push(
                "| scenario | what happens | what the user sees | noticed | back | held |".into(),
            );
            lines.push("|---|---|---|---|---|---|".into());
            family = scenario.family;
        }
        let path = records.join(format!("{}.json", scenario.name));
        let record = fs::read_to_string(&path);
        let record = record.with_context(|| format!("`{}` has no record", scenario.name))?;
        let record: Value = serde_json::from_str(&record)?;
        let text = |key: &str| record[key].as_str().unwrap_or_default().replace('|', "\\|");
        lines.push(format!(
            "| `{}` | {} | {} | {} | {} | {} |",
            scenario.name,
            text("what"),
            text("sees"),
            time(&record["noticed_ms"]),
            time(&record["back_ms"]),
            text("held"),
        ));
    }
    Ok(lines.join("\n").trim_start().to_owned())
}

fn time(millis: &Value) -> String {
    match millis.as_f64() {
        None => "–".into(),
        Some(millis) if millis < 1000.0 => format!("{millis:.0} ms"),
        Some(millis) => format!("{:.1} s", millis / 1000.0),
    }
}

/// What the last soak has written, which takes too long to be run with the rest.
fn soak(records: &Path) -> Result<String> {
    let path = records.join("soak.md");
    fs::read_to_string(&path)
        .with_context(|| format!("{} is not there: run `make soak` first", path.display()))
}

fn machine() -> String {
    let cpus = std::thread::available_parallelism().map_or(1, usize::from);
    let read = |path: &str| fs::read_to_string(path).unwrap_or_default();
    let memory = read("/proc/meminfo");
    let memory = memory
        .split_whitespace()
        .nth(1)
        .and_then(|kib| kib.parse().ok());
    let gib = memory.map_or(0, |kib: u64| kib / 1024 / 1024);
    let kernel = read("/proc/sys/kernel/osrelease");
    format!("{cpus} cores, {gib} GiB, Linux {}", kernel.trim())
}
