//! `malai keygen`: make a secret key for somewhere else, without touching the identity here.

use std::{
    fs::OpenOptions,
    io::{self, Write},
    path::Path,
};

use anyhow::Context as _;
use fastn_p2p::SecretKey;

use super::Context;
use crate::{args::KeygenArgs, exit::Exit};

pub(crate) fn run(context: &Context, args: KeygenArgs) -> anyhow::Result<Exit> {
    let output = context.output;
    let secret = SecretKey::generate();
    let id52 = secret.public().to_string();
    let hex = secret.expose_hex();
    let Some(file) = args.file else {
        if output.is_json() {
            output.object(&serde_json::json!({ "id52": id52, "secret": *hex }))?;
        } else {
            output.line(&hex)?;
            output.talk(&format!(
                "this is the secret key of {id52}; show it to nobody"
            ));
        }
        return Ok(Exit::Done);
    };
    let tried = || format!("cannot write a new file {}", file.display());
    write_new(&file, &hex).with_context(tried)?;
    if output.is_json() {
        output.object(&serde_json::json!({ "id52": id52, "file": file }))?;
    } else {
        output.line(&id52)?;
        output.talk(&format!("its secret key is in {}", file.display()));
    }
    Ok(Exit::Done)
}

/// Writes a file that must not be there yet, readable by its owner alone from the start.
fn write_new(file: &Path, hex: &str) -> io::Result<()> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(file)?;
    writeln!(file, "{hex}")?;
    file.sync_all()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn never_overwrites_and_is_private() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("key");
        write_new(&file, "00").unwrap();
        let second = write_new(&file, "11").unwrap_err();
        assert_eq!(second.kind(), io::ErrorKind::AlreadyExists);
        assert_eq!(std::fs::read_to_string(&file).unwrap(), "00\n");
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            let mode = std::fs::metadata(&file).unwrap().permissions().mode();
            assert_eq!(mode & 0o777, 0o600);
        }
    }
}
