//! `docs/config.md` against the table of keys, and every example in the documents.

use std::{collections::BTreeMap, fs, path::PathBuf};

use super::*;
use crate::config::keys::{Fallback, KEYS};

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// The facts that the document states about each key: lines `- Name: value` below its heading.
fn documented() -> BTreeMap<String, BTreeMap<String, String>> {
    let text = fs::read_to_string(root().join("docs/config.md")).unwrap();
    let mut keys: BTreeMap<String, BTreeMap<String, String>> = BTreeMap::new();
    let mut current: Option<String> = None;
    for line in text.lines() {
        if line.starts_with('#') {
            let heading = line
                .strip_prefix("### `")
                .and_then(|rest| rest.strip_suffix('`'));
            current = heading.map(str::to_owned);
            if let Some(key) = &current {
                let known = keys.insert(key.clone(), BTreeMap::new());
                assert!(known.is_none(), "{key} is documented twice");
            }
        } else if let Some(key) = &current {
            let facts = keys.get_mut(key).unwrap();
            match line
                .strip_prefix("- ")
                .and_then(|fact| fact.split_once(": "))
            {
                Some((name, value)) => drop(facts.insert(name.to_owned(), value.to_owned())),
                None if line.is_empty() => {}
                None => drop(facts.insert("Meaning".to_owned(), line.to_owned())),
            }
        }
    }
    keys
}

#[test]
fn the_document_says_what_the_code_does() {
    let mut documented = documented();
    for key in KEYS {
        let facts = documented.remove(key.path).unwrap_or_else(|| {
            panic!("docs/config.md lacks `{}`", key.path);
        });
        let default = match key.default {
            Fallback::Required(_) => "none, it is required".to_owned(),
            Fallback::Nothing => "none".to_owned(),
            Fallback::Value(value) => format!("`{value}`"),
        };
        let stated = |name: &str| facts.get(name).cloned();
        assert_eq!(stated("Type"), Some(key.kind.to_string()), "{}", key.path);
        assert_eq!(stated("Default"), Some(default), "{}", key.path);
        assert_eq!(stated("Range"), key.kind.range(), "{}", key.path);
        assert!(facts.contains_key("Meaning"), "{} has no meaning", key.path);
    }
    assert!(
        documented.is_empty(),
        "no such keys: {:?}",
        documented.keys()
    );
}

#[test]
fn every_example_in_the_documents_is_valid() {
    let mut files = vec![root().join("README.md")];
    for entry in fs::read_dir(root().join("docs")).unwrap() {
        files.push(entry.unwrap().path());
    }
    let mut examples = 0;
    for file in files
        .iter()
        .filter(|file| file.extension().is_some_and(|end| end == "md"))
    {
        let text = match fs::read_to_string(file) {
            Ok(text) => text,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => continue,
            Err(error) => panic!("{}: {error}", file.display()),
        };
        for block in text.split("```toml\n").skip(1) {
            let block = block.split("```").next().unwrap();
            let mut filled = String::new();
            for (number, part) in (100..).zip(block.split("<id52>")) {
                if number > 100 {
                    filled.push_str(&id52(number));
                }
                filled.push_str(part);
            }
            if let Err(problems) = parse(&filled) {
                panic!("{}:\n{problems}\n{block}", file.display());
            }
            examples += 1;
        }
    }
    assert!(examples > 0, "docs/config.md has no example");
}
