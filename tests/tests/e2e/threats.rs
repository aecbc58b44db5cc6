//! That every test which docs/security.md names as a proof exists.

use std::{fs, path::Path};

use anyhow::{Context, Result, ensure};

/// Where the tests of a name are: of `e2e::asking::…` in this binary's module `asking`.
fn file_of(modules: &[&str]) -> String {
    match modules {
        ["corpus"] => "fuzz/tests/corpus.rs".to_owned(),
        [binary @ ("e2e" | "desktop" | "faults"), inner @ ..] => {
            format!("tests/tests/{binary}/{}.rs", inner.join("/"))
        }
        inner => format!("crates/core/src/{}.rs", inner.join("/")),
    }
}

#[test]
fn every_test_that_shows_a_defence_is_there() -> Result<()> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let text = fs::read_to_string(root.join("docs/security.md"))?;
    let (_, threats) = text.split_once("\n## Threats\n").context("no section")?;
    let (threats, _) = threats.split_once("\n## ").unwrap_or((threats, ""));
    let named = threats
        .split('`')
        .filter(|part| part.contains("::") && !part.contains('…'));
    let mut count = 0;
    for name in named {
        let mut modules: Vec<&str> = name.split("::").collect();
        let function = modules.pop().unwrap_or_default();
        // A module of tests stands in the file that it tests, or beside it.
        let beside = file_of(&modules);
        if modules.last() == Some(&"tests") && !root.join(&beside).exists() {
            modules.pop();
        }
        let file = root.join(file_of(&modules));
        let source =
            fs::read_to_string(&file).with_context(|| format!("{name}: {}", file.display()))?;
        ensure!(
            source.contains(&format!("fn {function}(")),
            "there is no test {name}"
        );
        count += 1;
    }
    ensure!(count > 30, "only {count} tests are named");
    Ok(())
}
