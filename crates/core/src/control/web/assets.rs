//! The files of the web UI, in the binary.
//!
//! A path is looked up in a list made by the build script and never in a file system, so there is
//! nothing to climb out of.

use std::hash::{DefaultHasher, Hash as _, Hasher as _};

/// The page that `/` stands for.
const INDEX: &str = "/index.html";

/// All of them.
const ASSETS: &[Asset] = include!(concat!(env!("OUT_DIR"), "/assets.rs"));

/// One file.
#[derive(Debug)]
pub(super) struct Asset {
    path: &'static str,
    /// Its `Content-Type`.
    pub(super) kind: &'static str,
    pub(super) bytes: &'static [u8],
}

impl Asset {
    /// The file at a URL's path.
    pub(super) fn at(path: &str) -> Option<&'static Self> {
        let path = if path == "/" { INDEX } else { path };
        ASSETS.iter().find(|asset| asset.path == path)
    }

    /// An `ETag`: the same for the same bytes.
    pub(super) fn tag(&self) -> String {
        let mut hasher = DefaultHasher::new();
        self.bytes.hash(&mut hasher);
        format!("\"{:016x}\"", hasher.finish())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn serves_the_page_and_nothing_beside_it() {
        let page = Asset::at("/").unwrap();
        assert_eq!(page.kind, "text/html; charset=utf-8");
        assert_eq!(page.tag(), Asset::at("/index.html").unwrap().tag());
        for path in [
            "",
            "//",
            "/index.html/",
            "/../Cargo.toml",
            "/%2e%2e/Cargo.toml",
            "/./index.html",
            "/generated/api.d.ts",
        ] {
            assert!(Asset::at(path).is_none(), "{path}");
        }
    }

    #[test]
    fn holds_no_tests_and_no_types() {
        assert!(
            ASSETS
                .iter()
                .all(|asset| { !asset.path.ends_with(".test.js") && !asset.path.ends_with(".ts") })
        );
    }
}
