//! Where a passphrase comes from: a file, the environment, or the person at the terminal.
//!
//! It is never an argument, which other users of the machine could read.

use std::{
    env, fs,
    io::{self, IsTerminal, Read},
    path::Path,
};

use anyhow::Context as _;
use malai_api::{Failure, Passphrase, codes};

use crate::env as names;

/// More than anybody's passphrase has, in bytes; a mistaken name must not be read into memory.
const PASSPHRASE_MAX: u64 = 4096;

/// A new one: typed twice, since a mistake would lock its owner out.
pub(crate) fn new(file: Option<&Path>) -> anyhow::Result<Passphrase> {
    if let Some(given) = given(file)? {
        return Ok(given);
    }
    let first = typed("passphrase: ")?;
    let again = typed("the same passphrase once more: ")?;
    if first != again {
        let message = "the two passphrases differ; nothing was written, try again";
        return Err(Failure::new("passphrases-differ", message).into());
    }
    Ok(first)
}

/// One that was chosen before.
pub(crate) fn known(file: Option<&Path>) -> anyhow::Result<Passphrase> {
    match given(file)? {
        Some(given) => Ok(given),
        None => typed("passphrase: "),
    }
}

fn given(file: Option<&Path>) -> anyhow::Result<Option<Passphrase>> {
    if let Some(file) = file {
        return read(file).map(Some);
    }
    Ok(env::var(names::PASSPHRASE).ok().map(Passphrase::new))
}

/// The first line of the file.
fn read(file: &Path) -> anyhow::Result<Passphrase> {
    let tried = || format!("cannot read the passphrase in {}", file.display());
    let mut text = String::new();
    let opened = fs::File::open(file).with_context(tried)?;
    opened
        .take(PASSPHRASE_MAX)
        .read_to_string(&mut text)
        .with_context(tried)?;
    text.truncate(text.find(['\r', '\n']).unwrap_or(text.len()));
    Ok(Passphrase::new(text))
}

fn typed(prompt: &str) -> anyhow::Result<Passphrase> {
    if !io::stdin().is_terminal() {
        let message = format!(
            "there is no terminal to ask for the passphrase; name a file with \
             `--passphrase-file FILE`, or set {}",
            names::PASSPHRASE
        );
        return Err(Failure::new(codes::PASSPHRASE_NEEDED, message).into());
    }
    let typed = rpassword::prompt_password(prompt).context("cannot read from the terminal")?;
    Ok(Passphrase::new(typed))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_line_of_a_file_counts() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("passphrase");
        for text in ["open sesame", "open sesame\n", "open sesame\r\nmore\n"] {
            fs::write(&file, text).unwrap();
            assert_eq!(read(&file).unwrap().expose(), "open sesame");
        }
    }
}
