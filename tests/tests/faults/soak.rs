//! Everything at once for a long time: two sharing engines, one bridging, mixed load, and faults in
//! an order that a seed decides. Nothing may grow, and no byte may be wrong.
//!
//! `SOAK` says how long (`60s`, `30m`; 60 s without it), `SEED` repeats the order of another run.

mod plant;
mod watch;
mod work;

use std::{collections::BTreeMap, fs, path::Path, time::Duration};

use anyhow::{Context, Result, ensure};
use e2e::{Random, fault::RECORDS};
use tokio::time::{Instant, sleep};

use self::{
    plant::{FAULTS, Plant},
    watch::Watch,
    work::Work,
};

/// How long it takes where nobody says otherwise.
const USUAL: Duration = Duration::from_secs(60);

/// How long everything has to work before the next fault, at least and at most.
const QUIET: (u64, u64) = (2, 8);

/// How long all may take to work again: a peer that says nothing is gone after 15 s, and a busy
/// machine needs its time.
const RECOVERED: Duration = Duration::from_secs(60);

/// What is known of one kind of fault.
#[derive(Debug, Default)]
struct Seen {
    times: u32,
    longest: Duration,
    errors: BTreeMap<String, u32>,
}

#[tokio::test]
async fn soak_at_mixed_load_with_faults() -> Result<()> {
    let length = match std::env::var("SOAK") {
        Ok(text) => parsed(&text)?,
        Err(_) => USUAL,
    };
    let seed = match std::env::var("SEED") {
        Ok(text) => text.parse().context("SEED is a number")?,
        Err(_) => u64::from(std::process::id()),
    };
    eprintln!("SOAK={length:?} SEED={seed}");
    let mut random = Random::new(seed);
    let mut plant = Plant::build().await?;
    let work = Work::begin(&plant);
    work.all_go_on(RECOVERED).await?;
    let watch = Watch::begin(&plant.lasting(), length);

    let began = Instant::now();
    let mut seen: BTreeMap<&str, Seen> = BTreeMap::new();
    while began.elapsed() < length {
        let quiet = QUIET.0 + random.below(QUIET.1 - QUIET.0 + 1);
        let known = work.failures().len();
        sleep(Duration::from_secs(quiet)).await;
        let unasked = work.failures().split_off(known);
        ensure!(
            unasked.is_empty(),
            "seed {seed}: without a fault: {unasked:?}"
        );

        let which = usize::try_from(random.below(FAULTS.len() as u64))?;
        let fault = FAULTS[which];
        eprintln!("{:>6.1} s {fault}", began.elapsed().as_secs_f64());
        let known = work.failures().len();
        plant.inject(fault).await?;
        let over = Instant::now();
        let back = work.all_go_on(RECOVERED).await;
        back.with_context(|| format!("seed {seed}: after {fault}\n{}", plant.said()))?;
        let here = seen.entry(fault).or_default();
        here.times += 1;
        here.longest = here.longest.max(over.elapsed());
        for failure in work.failures().split_off(known) {
            ensure!(
                plant::permits(fault, &failure),
                "seed {seed}: {failure} after {fault}"
            );
            *here.errors.entry(failure).or_default() += 1;
        }
    }
    let done = work.end().await?;
    let flat = watch.end().await?;
    let text = told(length, seed, &seen, &done, &flat.rows);
    eprintln!("{text}");
    if let Some(records) = std::env::var_os(RECORDS) {
        fs::create_dir_all(&records)?;
        fs::write(Path::new(&records).join("soak.md"), &text)?;
    }
    ensure!(flat.grown.is_empty(), "seed {seed}: {:?}", flat.grown);
    Ok(())
}

/// `60s`, `30m` or `1h`.
fn parsed(text: &str) -> Result<Duration> {
    let unit = text
        .find(|it: char| !it.is_ascii_digit())
        .context("SOAK needs a unit")?;
    let number: u64 = text[..unit].parse()?;
    let seconds = match &text[unit..] {
        "s" => number,
        "m" => number * 60,
        "h" => number * 3600,
        other => anyhow::bail!("SOAK in `{other}`"),
    };
    Ok(Duration::from_secs(seconds))
}

fn told(
    length: Duration,
    seed: u64,
    seen: &BTreeMap<&str, Seen>,
    done: &[(&str, u64, u64)],
    rows: &[String],
) -> String {
    let mut lines = vec![
        format!(
            "{} s, seed {seed}; two sharing engines, one bridging.",
            length.as_secs()
        ),
        String::new(),
        "| work | done | MiB checked | wrong |".into(),
        "|---|---|---|---|".into(),
    ];
    for (what, times, bytes) in done {
        lines.push(format!("| {what} | {times} | {} | 0 |", bytes >> 20));
    }
    lines.push(String::new());
    lines.push("| fault | times | all back after at most | told meanwhile |".into());
    lines.push("|---|---|---|---|".into());
    for (fault, seen) in seen {
        let errors = seen
            .errors
            .iter()
            .map(|(kind, times)| format!("{times} × {kind}"));
        let errors = errors.collect::<Vec<_>>().join(", ");
        let back = seen.longest.as_secs_f64();
        lines.push(format!(
            "| {fault} | {} | {back:.1} s | {} |",
            seen.times,
            if errors.is_empty() {
                "nothing"
            } else {
                &errors
            }
        ));
    }
    lines.push(String::new());
    lines.push(
        "| process | memory, middle third | last third | descriptors, middle third | last third |"
            .into(),
    );
    lines.push("|---|---|---|---|---|".into());
    lines.extend(rows.iter().cloned());
    lines.join("\n") + "\n"
}
