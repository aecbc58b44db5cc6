//! The same words for the web UI: writes `ui/generated/api.d.ts` from the Rust types and holds it
//! to them.
//!
//! Only here, in a test: nothing of it is in the product.

use std::{collections::BTreeMap, fmt::Write as _, path::Path};

use ts_rs::{Config, TS, TypeVisitor};

use crate::{DesktopState, Event, Navigation, OpenTarget, Request, Response};

/// Set to write the file anew.
const REGENERATE: &str = "MALAI_REGENERATE_GOLDEN";

#[test]
fn the_types_of_the_web_ui_are_those_of_the_engine() {
    let text = declarations();
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../ui/generated/api.d.ts");
    if std::env::var_os(REGENERATE).is_some() {
        std::fs::create_dir_all(file.parent().unwrap()).unwrap();
        std::fs::write(&file, &text).unwrap();
    }
    let expected = std::fs::read_to_string(&file).unwrap();
    assert!(
        text == expected,
        "the types differ from {}; when that is meant, run the test with {REGENERATE}=1",
        file.display()
    );
}

/// Every type that is said or heard, by name.
fn declarations() -> String {
    // Numbers of ours stay far below 2^53, up to which JavaScript's are exact.
    let config = Config::new().with_large_int("number");
    let mut types = Types {
        config: &config,
        found: BTreeMap::new(),
    };
    types.visit::<Request>();
    types.visit::<Response>();
    types.visit::<Event>();
    types.visit::<DesktopState>();
    types.visit::<Navigation>();
    types.visit::<OpenTarget>();
    let mut text = format!(
        "// Generated from crates/api; its test writes it anew with {REGENERATE}=1. \
         Not to be edited.\n"
    );
    for declaration in types.found.values() {
        write!(text, "\n{declaration}").unwrap();
    }
    text
}

/// Follows types to those that they are made of.
struct Types<'a> {
    config: &'a Config,
    found: BTreeMap<String, String>,
}

impl TypeVisitor for Types<'_> {
    fn visit<T: TS + 'static + ?Sized>(&mut self) {
        // What has no file of its own is a type of TypeScript.
        if T::output_path().is_none() || self.found.contains_key(&T::ident(self.config)) {
            return;
        }
        let docs = T::docs().unwrap_or_default();
        let declaration = format!("{docs}export {}\n", T::decl(self.config));
        self.found.insert(T::ident(self.config), tidy(&declaration));
        T::visit_dependencies(self);
    }
}

/// No line ends in blanks.
fn tidy(text: &str) -> String {
    let lines = text.lines().map(str::trim_end);
    lines.map(|line| format!("{line}\n")).collect()
}
