//! Memory and descriptors of processes, once a second.

use std::{fs, time::Duration};

use anyhow::{Context, Result};
use tokio::{
    task::JoinHandle,
    time::{Instant, interval},
};

/// What memory may grow by from the middle third to the last: allocators settle for long.
const MEMORY_PERCENT: u64 = 10;
const MEMORY_BYTES: u64 = 8 << 20;

/// The same of descriptors: pools breathe.
const DESCRIPTORS: u64 = 24;

/// Looks until it is asked.
#[derive(Debug)]
pub(super) struct Watch {
    processes: Vec<&'static str>,
    looking: JoinHandle<Vec<Vec<Sample>>>,
    until: tokio::sync::oneshot::Sender<()>,
}

#[derive(Debug, Clone, Copy)]
struct Sample {
    at: Duration,
    memory: u64,
    descriptors: u64,
}

/// What came of it.
#[derive(Debug)]
pub(super) struct Flat {
    pub(super) rows: Vec<String>,
    pub(super) grown: Vec<String>,
}

impl Watch {
    pub(super) fn begin(processes: &[(&'static str, i32)], length: Duration) -> Self {
        let ids: Vec<i32> = processes.iter().map(|(_, id)| *id).collect();
        let (until, mut end) = tokio::sync::oneshot::channel();
        let looking = tokio::spawn(async move {
            let mut samples = vec![Vec::new(); ids.len()];
            let mut again = interval(Duration::from_secs(1).min(length / 30));
            let began = Instant::now();
            loop {
                tokio::select! {
                    _ = &mut end => return samples,
                    _ = again.tick() => {}
                }
                for (id, samples) in ids.iter().zip(&mut samples) {
                    if let Ok(sample) = look(*id, began.elapsed()) {
                        samples.push(sample);
                    }
                }
            }
        });
        Self {
            processes: processes.iter().map(|(name, _)| *name).collect(),
            looking,
            until,
        }
    }

    pub(super) async fn end(self) -> Result<Flat> {
        // It ends with its sender.
        drop(self.until);
        let all = self.looking.await?;
        let (mut rows, mut grown) = (Vec::new(), Vec::new());
        for (name, samples) in self.processes.iter().zip(&all) {
            let third = samples.len() / 3;
            let middle = &samples[third..2 * third];
            let last = &samples[2 * third..];
            let memory = |of: &[Sample]| median(of.iter().map(|it| it.memory));
            let files = |of: &[Sample]| median(of.iter().map(|it| it.descriptors));
            let (before, after) = (memory(middle)?, memory(last)?);
            let (open, still) = (files(middle)?, files(last)?);
            rows.push(format!(
                "| {name} | {:.1} MiB | {:.1} MiB ({:+.0} KiB/min) | {open} | {still} |",
                mib(before),
                mib(after),
                slope(&samples[third..])
            ));
            if after > before + (before * MEMORY_PERCENT / 100).max(MEMORY_BYTES) {
                grown.push(format!("{name}: memory from {before} to {after}"));
            }
            if still > open + DESCRIPTORS {
                grown.push(format!("{name}: descriptors from {open} to {still}"));
            }
        }
        Ok(Flat { rows, grown })
    }
}

fn mib(bytes: u64) -> f64 {
    bytes as f64 / f64::from(1 << 20)
}

fn look(id: i32, at: Duration) -> Result<Sample> {
    let pages = fs::read_to_string(format!("/proc/{id}/statm"))?;
    let pages = pages.split(' ').nth(1).context("no resident pages")?;
    Ok(Sample {
        at,
        memory: pages.parse::<u64>()? * 4096,
        descriptors: fs::read_dir(format!("/proc/{id}/fd"))?.count() as u64,
    })
}

fn median(values: impl Iterator<Item = u64>) -> Result<u64> {
    let mut values: Vec<u64> = values.collect();
    values.sort_unstable();
    values.get(values.len() / 2).copied().context("no samples")
}

/// Kibibytes a minute, by least squares.
fn slope(samples: &[Sample]) -> f64 {
    let count = samples.len() as f64;
    let times = samples.iter().map(|it| it.at.as_secs_f64() / 60.0);
    let sizes = samples.iter().map(|it| it.memory as f64 / 1024.0);
    let time = times.clone().sum::<f64>() / count;
    let size = sizes.clone().sum::<f64>() / count;
    let both: f64 = times
        .clone()
        .zip(sizes)
        .map(|(t, s)| (t - time) * (s - size))
        .sum();
    let spread: f64 = times.map(|t| (t - time).powi(2)).sum();
    if spread > 0.0 { both / spread } else { 0.0 }
}
