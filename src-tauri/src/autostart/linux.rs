//! By an entry in the desktop's autostart directory (freedesktop.org, *Desktop Application
//! Autostart Specification*).

use std::{
    env, fs, io,
    path::{Path, PathBuf},
};

use anyhow::Context as _;

use super::Autostart;

impl Autostart {
    /// Whether malai starts with the session.
    ///
    /// # Errors
    /// When the system names no place for that.
    pub(crate) fn is_on(&self) -> anyhow::Result<bool> {
        Ok(entry_file()?.exists())
    }

    /// Has malai start with the session, or not.
    ///
    /// # Errors
    /// When the entry cannot be written or removed.
    pub(crate) fn set(&self, is_on: bool) -> anyhow::Result<()> {
        let file = entry_file()?;
        let cannot = || format!("cannot change {}; check its permissions", file.display());
        if is_on {
            let program = program()?;
            let entry = entry(&program, self.home.as_deref());
            let dir = file.parent().context("no directory for autostart")?;
            fs::create_dir_all(dir).with_context(cannot)?;
            fs::write(&file, entry).with_context(cannot)
        } else {
            match fs::remove_file(&file) {
                Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
                removed => removed.with_context(cannot),
            }
        }
    }
}

fn entry_file() -> anyhow::Result<PathBuf> {
    let config = env::var_os("XDG_CONFIG_HOME").map(PathBuf::from);
    let config = config.filter(|dir| dir.is_absolute());
    let home = || env::home_dir().map(|home| home.join(".config"));
    let config = config
        .or_else(home)
        .context("this system names no home directory")?;
    Ok(config.join("autostart/malai.desktop"))
}

/// What is started: an AppImage stands for the program it unpacks for one run.
fn program() -> anyhow::Result<PathBuf> {
    if let Some(image) = env::var_os("APPIMAGE") {
        return Ok(image.into());
    }
    env::current_exe().context("the program's own place is not known")
}

fn entry(program: &Path, home: Option<&Path>) -> String {
    let mut command = format!("{} --hidden", quoted(program));
    if let Some(home) = home {
        command.push_str(" --home ");
        command.push_str(&quoted(home));
    }
    format!(
        "[Desktop Entry]\nType=Application\nName=malai\nComment=Share a local port with people \
         you choose\nExec={command}\nIcon=malai\nTerminal=false\nStartupNotify=false\n\
         X-GNOME-Autostart-enabled=true\n"
    )
}

/// An argument of `Exec`: quoted, then escaped once more as a string of the file (Desktop Entry
/// Specification, *The Exec key*).
fn quoted(path: &Path) -> String {
    let mut quoted = String::from("\"");
    for character in path.to_string_lossy().chars() {
        match character {
            '"' | '`' | '$' => quoted.extend(['\\', '\\', character]),
            '\\' => quoted.push_str(r"\\\\"),
            '%' => quoted.push_str("%%"),
            _ => quoted.push(character),
        }
    }
    quoted.push('"');
    quoted
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_entry_starts_hidden_on_its_home() {
        let entry = entry(
            Path::new("/usr/bin/malai-desktop"),
            Some(Path::new("/home/a b/m")),
        );
        let line = "\nExec=\"/usr/bin/malai-desktop\" --hidden --home \"/home/a b/m\"\n";
        assert!(entry.contains(line), "{entry}");
    }

    #[test]
    fn a_path_cannot_break_out() {
        assert_eq!(quoted(Path::new("/a\"$(x)%f")), r#""/a\\"\\$(x)%%f""#);
    }
}
