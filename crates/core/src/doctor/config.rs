//! Whether `malai.toml` can be used as it is now.

use malai_api::Examined;
use tokio::task::spawn_blocking;

use super::{Found, Setup};
use crate::config::{self, ConfigError, Parsed, Problem};

/// Problems that are told; `malai config check` tells all.
const MOST_TOLD: usize = 5;

pub(super) async fn check(setup: &Setup) -> Vec<Found> {
    let Some(home) = &setup.home else {
        let seen = "this engine has no malai.toml";
        return vec![Found::skipped(
            Examined::Config,
            "nothing to configure",
            seen,
        )];
    };
    let path = home.config();
    match spawn_blocking(move || config::load(&path)).await {
        Ok(loaded) => vec![judge(&loaded, setup.runs)],
        Err(error) => vec![Found::warning(
            Examined::Config,
            "it could not be looked at",
            error.to_string(),
        )],
    }
}

fn judge(loaded: &Result<Parsed, ConfigError>, runs: bool) -> Found {
    let error = match loaded {
        Ok(parsed) if parsed.warnings.is_empty() => {
            return Found::ok(
                Examined::Config,
                "malai.toml is valid",
                "malai.toml is valid",
            );
        }
        Ok(parsed) => {
            let seen = format!(
                "malai.toml is valid, with something to look at:\n{}",
                lines(&parsed.warnings)
            );
            let found = Found::warning(Examined::Config, "malai.toml has warnings", seen);
            return found.advise("look at these lines");
        }
        Err(error) => error,
    };
    let still = if runs {
        "; the engine goes on with what was valid before"
    } else {
        ""
    };
    let Some(problems) = error.problems() else {
        let seen = format!("{}{still}", crate::causes::causes(error));
        return Found::problem(Examined::Config, "malai.toml cannot be read", seen)
            .advise("`malai config path` prints where it is");
    };
    let seen = format!(
        "malai.toml is not valid{still}:\n{}",
        lines(&problems.errors)
    );
    Found::problem(Examined::Config, "malai.toml is not valid", seen)
        .advise("correct these lines; `malai config check` shows all of them")
}

fn lines(problems: &[Problem]) -> String {
    let told = problems.iter().take(MOST_TOLD).map(Problem::to_string);
    let mut lines: Vec<String> = told.collect();
    if problems.len() > MOST_TOLD {
        lines.push(format!("and {} more", problems.len() - MOST_TOLD));
    }
    lines.join("\n")
}

#[cfg(test)]
mod tests {
    use malai_api::Verdict;

    use super::*;

    fn judged(text: &str) -> Found {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("malai.toml");
        std::fs::write(&path, text).unwrap();
        judge(&config::load(&path), true)
    }

    #[test]
    fn says_which_lines_are_wrong_and_not_more_than_people_read() {
        assert_eq!(judged("version = 1\n").verdict, Verdict::Ok);
        let found: malai_api::Finding = judged(
            "version = 1
[service.\"A\"]
",
        )
        .into();
        assert_eq!(found.verdict, Verdict::Problem);
        assert!(found.seen.contains("malai.toml:2"), "{found:?}");
        assert!(found.seen.contains("goes on"), "{found:?}");
        let many: String = (0..9).map(|it| format!("wrong{it} = 1\n")).collect();
        let found: malai_api::Finding = judged(&format!("version = 1\n{many}")).into();
        assert!(found.seen.contains("and 4 more"), "{found:?}");
    }
}
