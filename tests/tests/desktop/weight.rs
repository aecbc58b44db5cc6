//! What it takes from the machine while nobody looks at it.

use std::time::Duration;

use anyhow::Result;
use e2e::desktop::{cpu_time, process_tree};
use tokio::time::Instant;

use crate::desk::Desk;

/// What a hidden start may hold, in bytes.
const LIGHT: u64 = 100 * 1024 * 1024;

/// How long it may take until its icon is in the tray.
const QUICK: Duration = Duration::from_millis(1500);

#[tokio::test]
async fn hidden_it_is_one_small_process_without_webkit() -> Result<()> {
    let mut desk = Desk::new().await?;
    let home = desk.home()?;
    let running = desk.start(&home).await?;
    let tree = process_tree(running.malai.id())?;
    assert_eq!(tree.len(), 1, "{tree:?}");
    assert!(tree[0].memory < LIGHT, "{tree:?}");
    Ok(())
}

#[tokio::test]
async fn idle_it_takes_next_to_no_time_of_the_processor() -> Result<()> {
    let mut desk = Desk::new().await?;
    let home = desk.home()?;
    let running = desk.start(&home).await?;
    let id = running.malai.id();
    // A start has an end: some second has to come in which next to nothing happens. Measured over
    // time that passes, for which there is no event to wait for.
    let mut second = tokio::time::interval(Duration::from_secs(1));
    second.tick().await;
    let mut least = Duration::MAX;
    for _ in 0..10 {
        let before = cpu_time(id)?;
        second.tick().await;
        least = least.min(cpu_time(id)? - before);
    }
    // 2 % of one processor, for a debug build that looks for new servers now and then.
    assert!(least <= Duration::from_millis(20), "{least:?} in a second");
    Ok(())
}

#[tokio::test]
async fn it_is_in_the_tray_quickly() -> Result<()> {
    let mut desk = Desk::new().await?;
    let home = desk.home()?;
    home.id().await?;
    let mut best = Duration::MAX;
    // The best of some, because the machine does other things, too.
    for _ in 0..3 {
        let begun = Instant::now();
        let malai = home.start_desktop(&["--hidden"])?;
        let tray = desk.panel.next().await?;
        best = best.min(begun.elapsed());
        tray.click(&["Quit"]).await?;
        tray.is_gone().await?;
        drop(malai);
    }
    assert!(best < QUICK, "{best:?}");
    Ok(())
}
