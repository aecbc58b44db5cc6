//! What the application is started with; the same names as the `malai` command has.

use std::path::PathBuf;

use clap::Parser;
use malai_api::Navigation;
use malai_core::identity::KeyStore;

/// Share a local port with people you choose, from the tray.
#[derive(Debug, Clone, Parser)]
#[command(name = "malai-desktop", version, max_term_width = 100)]
pub(crate) struct Args {
    /// Where malai keeps everything it has, instead of the platform's data directory.
    #[arg(long, value_name = "DIR", env = "MALAI_HOME", hide_env_values = true)]
    pub(crate) home: Option<PathBuf>,
    /// Where the secret key is kept: `keychain`, `file` or `memory`.
    #[arg(
        long,
        value_name = "STORE",
        env = "MALAI_KEY_STORE",
        hide_env_values = true
    )]
    pub(crate) key_store: Option<KeyStore>,
    /// What is logged, for example `info` or `malai_core=debug`.
    #[arg(long, value_name = "FILTER", env = "MALAI_LOG", hide_env_values = true)]
    pub(crate) log: Option<String>,
    /// Start in the tray, without a window.
    #[arg(long)]
    pub(crate) hidden: bool,
    /// A share link, which is shown and asked about before anything is opened.
    #[arg(value_name = "LINK")]
    pub(crate) link: Option<String>,
}

impl Args {
    /// What the window shows first; `None` when it stays closed.
    pub(crate) fn navigation(&self) -> Option<Navigation> {
        match &self.link {
            Some(link) => Some(connect_to(link)),
            None if self.hidden => None,
            None => Some(Navigation::Home),
        }
    }
}

/// The longest link that is passed on, in bytes; what is longer is no link.
const LONGEST_LINK: usize = 4096;

/// Asking about a link that came from outside: it is only ever shown.
pub(crate) fn connect_to(link: &str) -> Navigation {
    let link = link.trim();
    let is_link = link.starts_with("malai://") && link.len() <= LONGEST_LINK;
    Navigation::Connect {
        link: is_link.then(|| link.to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_link_is_shown_even_when_started_hidden() {
        let args = Args::parse_from(["malai-desktop", "--hidden", "malai://abc/shop"]);
        let link = Some("malai://abc/shop".to_owned());
        assert_eq!(args.navigation(), Some(Navigation::Connect { link }));
    }

    #[test]
    fn hidden_shows_nothing_and_a_plain_start_shows_home() {
        assert_eq!(
            Args::parse_from(["malai-desktop", "--hidden"]).navigation(),
            None
        );
        assert_eq!(
            Args::parse_from(["malai-desktop"]).navigation(),
            Some(Navigation::Home)
        );
    }

    #[test]
    fn what_is_no_share_link_is_not_passed_on() {
        let long = format!("malai://{}", "a".repeat(LONGEST_LINK));
        for text in ["https://example.org", "--share", &long] {
            assert_eq!(connect_to(text), Navigation::Connect { link: None });
        }
    }
}
