//! A disk that is soon full, for the home of one engine: a `tmpfs` in a mount namespace of its own.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use nix::unistd::Uid;
use tokio::process::{Child, Command};

use crate::lab::{entering, ready};

/// Mounts a disk of `$SIZE` over `$HOME_DIR` with what was there, and holds it until its standard
/// input ends.
const BUILD: &str = r#"
set -e
cp -a "$HOME_DIR" "$HOME_DIR.kept"
mount -t tmpfs -o "size=$SIZE,mode=0700" tmpfs "$HOME_DIR"
cp -a "$HOME_DIR.kept/." "$HOME_DIR/"
rm -r "$HOME_DIR.kept"
echo ready
cat
"#;

/// The mount; it goes away with this.
#[derive(Debug)]
pub struct SmallDisk {
    holder: Child,
    directory: PathBuf,
}

impl SmallDisk {
    /// Puts `directory` on a disk of `size`, as `mount` writes it.
    ///
    /// # Errors
    /// When this system lets this user make no mount namespaces.
    pub async fn over(directory: &Path, size: &str) -> Result<Self> {
        let mut unshare = Command::new("unshare");
        unshare.arg("--mount");
        if !Uid::effective().is_root() {
            unshare.args(["--user", "--map-root-user"]);
        }
        unshare
            .args(["bash", "-c", BUILD])
            .env("HOME_DIR", directory)
            .env("SIZE", size);
        let holder = ready(unshare).await;
        Ok(Self {
            holder: holder.context("cannot mount a disk of one's own: run this test as root")?,
            directory: directory.to_owned(),
        })
    }

    /// The same command, run where the disk is.
    ///
    /// # Errors
    /// When it is gone.
    pub fn inside(&self, command: &Command) -> Result<Command> {
        let holder = self.holder.id().context("the disk is gone")?;
        let mount = format!("--mount=/proc/{holder}/ns/mnt");
        let directory = format!("--wdns={}", self.directory.display());
        Ok(entering(holder, &[mount, directory], command))
    }

    /// A file on it, as it is seen from outside.
    ///
    /// # Errors
    /// When it is gone.
    pub fn path(&self, name: &str) -> Result<PathBuf> {
        let holder = self.holder.id().context("the disk is gone")?;
        let directory = self.directory.display();
        Ok(format!("/proc/{holder}/root{directory}/{name}").into())
    }
}
