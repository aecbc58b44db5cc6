//! `malai import`: take over an identity from legacy malai, from a file, or between stores.

use std::{
    env, fs,
    io::{self, Read},
    path::Path,
};

use anyhow::Context as _;
use fastn_p2p::{PublicKey, SecretKey};
use malai_api::{Failure, codes};
use malai_core::{
    engine::HomeLock,
    identity::{self, Identity, IdentityError},
};

use super::Context;
use crate::{args::ImportArgs, env as names, exit::Exit, output::Output};

/// More than any key file has; a mistaken name must not be read into memory.
const MAX_KEY_FILE: u64 = 4096;

/// A secret and where it was found, in words.
type Found = (String, SecretKey);

pub(crate) async fn run(context: &Context, args: ImportArgs) -> anyhow::Result<Exit> {
    let home = context.home()?;
    // A running engine would go on as who it was.
    let _lock = HomeLock::take(&home).context("stop the running engine first")?;
    let (origin, identity) = if let Some(store) = args.to_store {
        (
            format!("moved to the {store} store"),
            identity::move_to(&home, store).await?,
        )
    } else {
        let (origin, secret) = match &args.file {
            Some(file) => (format!("from {}", file.display()), read(file)?),
            None => legacy(&args, context.output).await?,
        };
        let imported = identity::import(&home, context.key_store(), secret, args.replace).await?;
        (origin, imported)
    };
    tell(&origin, &identity, context.output)?;
    Ok(Exit::Done)
}

fn tell(origin: &str, identity: &Identity, output: Output) -> anyhow::Result<()> {
    let (id52, store) = (identity.public().to_string(), identity.store());
    if output.is_json() {
        output.object(&serde_json::json!({
            "event": "identity",
            "id52": id52,
            "store": store.to_string(),
            "origin": origin,
        }))?;
    } else {
        output.line(&id52)?;
        output.talk(&format!("{origin}; its key is in the {store} store"));
    }
    if let Some(notice) = identity.notice() {
        output.talk(&format!("warning: {notice}"));
    }
    Ok(())
}

fn read(file: &Path) -> anyhow::Result<SecretKey> {
    let tried = || format!("cannot read {}", file.display());
    let mut text = String::new();
    let source: Box<dyn Read> = if file == Path::new("-") {
        Box::new(io::stdin())
    } else {
        Box::new(fs::File::open(file).with_context(tried)?)
    };
    source
        .take(MAX_KEY_FILE)
        .read_to_string(&mut text)
        .with_context(tried)?;
    if identity::is_encrypted(text.as_bytes()) {
        return Err(IdentityError::PassphraseNeeded(file.to_owned()).into());
    }
    let secret = SecretKey::from_text(&text);
    secret.map_err(|error| {
        let message = format!("{} holds no secret key: {error}", file.display());
        Failure::new(codes::ARGUMENT_INVALID, message).into()
    })
}

/// The one key that legacy malai left, or the one that was chosen.
async fn legacy(args: &ImportArgs, output: Output) -> anyhow::Result<Found> {
    let dir = match &args.dir {
        Some(dir) => dir.clone(),
        None => env::current_dir().context("cannot tell which directory this is")?,
    };
    let secret = env::var(names::LEGACY_SECRET).ok();
    let mut found: Vec<Found> = Vec::new();
    for key in identity::legacy_keys(&dir, secret.as_deref()).await {
        match key.result {
            Ok(secret) => found.push((key.origin, secret)),
            Err(error) => output.talk(&format!("warning: {}: {error}", key.origin)),
        }
    }
    let wanted = args.id.as_deref().map(str::parse::<PublicKey>).transpose();
    let wanted = wanted
        .map_err(|error| Failure::new(codes::ARGUMENT_INVALID, format!("`--id`: {error}")))?;
    Ok(choose(found, wanted)?)
}

fn choose(found: Vec<Found>, wanted: Option<PublicKey>) -> Result<Found, Failure> {
    let mut keys: Vec<Found> = Vec::new();
    for (origin, secret) in found {
        let public = secret.public();
        let is_new = keys.iter().all(|(_, key)| key.public() != public);
        if is_new && wanted.is_none_or(|wanted| wanted == public) {
            keys.push((origin, secret));
        }
    }
    match <[Found; 1]>::try_from(keys) {
        Ok([key]) => Ok(key),
        Err(keys) if keys.is_empty() => {
            let message = "no such key of legacy malai was found; name the directory it was \
                           started in with `--dir DIR`, or its key file with `--file FILE`";
            Err(Failure::new("no-legacy-key", message))
        }
        Err(keys) => {
            let describe = |(origin, key): &Found| format!("{} {origin}", key.public());
            let list: Vec<String> = keys.iter().map(describe).collect();
            let message = format!(
                "several keys were found; choose one with `--id ID52`:\n{}",
                list.join("\n")
            );
            Err(Failure::new("several-legacy-keys", message))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(seed: u8) -> Found {
        (format!("place {seed}"), SecretKey::from_bytes([seed; 32]))
    }

    #[test]
    fn the_same_key_in_two_places_is_one() {
        let (origin, _) = choose(vec![key(1), key(1)], None).unwrap();
        assert_eq!(origin, "place 1");
    }

    #[test]
    fn several_keys_need_a_choice() {
        let failure = choose(vec![key(1), key(2)], None).unwrap_err();
        assert_eq!(failure.code, "several-legacy-keys");
        let wanted = key(2).1.public();
        let (origin, _) = choose(vec![key(1), key(2)], Some(wanted)).unwrap();
        assert_eq!(origin, "place 2");
    }

    #[test]
    fn no_key_says_where_to_look() {
        let failure = choose(Vec::new(), None).unwrap_err();
        assert!(failure.message.contains("--dir"));
    }
}
