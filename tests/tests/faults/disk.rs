//! The disk is full, or malai is killed while it writes.

use std::{fs, io::Write, path::Path};

use anyhow::{Context, Result, ensure};
use e2e::{Control, Finished, Home, Origin, SmallDisk, client, fault::Fault, within};
use hyper::StatusCode;
use serde_json::json;
use tokio::process::Command;

use crate::ends::{self, network};

/// The system calls by which a file is changed, and what surrounds them.
const STEPS: [&str; 12] = [
    "openat",
    "flock",
    "read",
    "getrandom",
    "write",
    "fsync",
    "fdatasync",
    "rename",
    "renameat2",
    "unlink",
    "close",
    "exit_group",
];

#[tokio::test]
async fn full_when_the_configuration_is_saved() -> Result<()> {
    let mut fault = Fault::new(
        "disk-full",
        "The disk is full when `malai.toml` is to be changed",
    );
    let (home, visitor) = (Home::new()?, Home::new()?);
    let origin = Origin::start().await?;
    let id = visitor.id().await?;
    let text = format!(
        "{}# mine\n[service.shop]\nupstream = \"{}\"\nallow = [\"{id}\"]\n",
        network(1),
        origin.address()
    );
    home.configure(&text)?;
    let share_id = home.id().await?;
    let disk = SmallDisk::over(home.dir(), "512k").await?;
    let serve = disk.inside(&home.command(&["serve", "--json"])?)?;
    let serve = e2e::Malai::start(serve, "malai serve on a small disk")?;
    serve.event("shared").await?;
    let link = format!("malai://{share_id}/shop?a={}", ends::place(1));
    let bridge = visitor.start(&["bridge", &link, "--json"])?;
    let url = format!("http://{}/sized", ends::local(&bridge).await?);
    assert_eq!(client::get(&url).await?.status, StatusCode::OK);

    let before = fs::read(disk.path("malai.toml")?)?;
    let filler = disk.path("filler")?;
    fill(&filler)?;
    for _ in 0..5 {
        let refused = run(&disk, &home, &["peer", "add", "bob", &id]).await?;
        ensure!(refused.code != 0, "{refused:?}");
        let told = refused.stderr.lines().next().unwrap_or_default();
        let told = told.replace(&home.dir().display().to_string(), "HOME");
        let (told, _) = told.split_once(" at path").unwrap_or((&told, ""));
        fault.says(told);
        ensure!(refused.stderr.contains("space"), "{refused:?}");
        assert_eq!(
            fs::read(disk.path("malai.toml")?)?,
            before,
            "the file has changed"
        );
    }
    assert_eq!(client::get(&url).await?.status, StatusCode::OK);
    fs::remove_file(filler)?;
    let done = run(&disk, &home, &["peer", "add", "bob", &id]).await?;
    ensure!(done.code == 0, "{done:?}");
    let after = fs::read_to_string(disk.path("malai.toml")?)?;
    ensure!(after.contains("# mine") && after.contains("bob"), "{after}");
    fault.held("5 changes refused, the file equal byte by byte; what is shared goes on; works when there is space");
    fault.record()
}

fn fill(path: &Path) -> Result<()> {
    let mut file = fs::File::create(path)?;
    while file.write_all(&[b'x'; 512]).is_ok() {}
    Ok(())
}

async fn run(disk: &SmallDisk, home: &Home, args: &[&str]) -> Result<Finished> {
    let mut command = disk.inside(&home.command(args)?)?;
    finished(&mut command).await
}

async fn finished(command: &mut Command) -> Result<Finished> {
    let output = within("a command", command.kill_on_drop(true).output()).await??;
    Ok(Finished {
        code: output.status.code().unwrap_or(-1),
        stdout: String::from_utf8(output.stdout)?,
        stderr: String::from_utf8(output.stderr)?,
    })
}

#[tokio::test]
async fn killed_at_each_step_of_a_save() -> Result<()> {
    let what = "malai is killed at each system call of changing `malai.toml`";
    let mut fault = Fault::new("killed-in-a-save", what);
    let home = Home::new()?;
    let other = Home::new()?.id().await?;
    let old = home.config()?.into_bytes();
    let add = ["peer", "add", "bob", &other];
    assert_eq!(home.run(&add).await?.code, 0);
    let new = fs::read(home.path("malai.toml"))?;
    let (mut kills, mut written) = (0, 0);
    for step in STEPS {
        for when in 1.. {
            fs::write(home.path("malai.toml"), &old)?;
            let command = home.command(&add)?;
            let mut traced = Command::new("strace");
            traced
                .args([
                    "-f",
                    "-qq",
                    "-o",
                    "/dev/null",
                    "-e",
                    &format!("trace={step}"),
                ])
                .args(["-e", &format!("inject={step}:signal=KILL:when={when}")])
                .arg(command.as_std().get_program())
                .args(command.as_std().get_args());
            let ended = finished(&mut home.prepare(traced)).await;
            let ended = ended.context("strace: run `scripts/setup test`")?;
            let now = fs::read(home.path("malai.toml"))?;
            ensure!(now == old || now == new, "{step} {when}: {now:?}");
            if ended.code == 0 {
                assert_eq!(now, new, "{step} {when}: said to be done and is not");
                break;
            }
            kills += 1;
            written += u32::from(now == new);
        }
    }
    ensure!(kills > 20, "only {kills} kills: {STEPS:?}");
    ensure!(written > 0, "never after the file was there");
    fs::write(home.path("malai.toml"), &old)?;
    assert_eq!(home.run(&add).await?.code, 0, "a lock is left");
    assert_eq!(fs::read(home.path("malai.toml"))?, new);
    fault.sees("the file as it was before, or as it was to be");
    fault.held(format!(
        "{kills} kills: {} times the old file, {written} times the new one, 0 mixed; no lock is left",
        kills - written
    ));
    fault.record()
}

#[tokio::test]
async fn gone_under_a_running_engine() -> Result<()> {
    let what = "`malai.toml` and `state/` are removed while malai runs";
    let mut fault = Fault::new("home-removed", what);
    let origin = Origin::start().await?;
    let ends = ends::Ends::to(origin.address()).await?;
    ends.works().await?;
    let mut control = Control::connect(&ends.share_home).await?;
    fs::remove_dir_all(ends.share_home.path("state"))?;
    fs::remove_file(ends.share_home.path("malai.toml"))?;
    let known = ends.share.events().len();
    let stopped = |event: &serde_json::Value| event["event"] == "stopped";
    ends::event_after(&ends.share, known, "the share to end", stopped).await?;
    let reply = ends.get("/sized").await?;
    fault.sees_answer(&reply)?;
    assert_eq!(reply.status, StatusCode::FORBIDDEN);
    let status = control.get(&json!({"request": "status"})).await?;
    assert_eq!(status["services"], json!([]), "{status}");
    fault.held("no file means nothing is shared: 0 services, 0 requests let through");
    fault.record()
}
