//! What a process is and what its service could be called.

use std::path::Path;

use super::{
    command::{self, Runtime},
    manifest::{self, Project},
    name,
    process::Process,
};

/// Directories that are named for their purpose: the one above says more.
const GENERIC: &[&str] = &[
    "app", "bin", "build", "client", "dist", "frontend", "backend", "html", "out", "output",
    "public", "server", "site", "src", "static", "target", "tmp", "web", "www", "_site",
];

/// What was guessed.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Guess {
    /// The framework, or the process's name.
    pub(super) program: Option<String>,
    /// A name that a service can have.
    pub(super) name: Option<String>,
    /// Whether it is something that is known to be a dev server.
    pub(super) is_framework: bool,
}

/// Guesses from the command line and the project of the working directory.
pub(super) fn guess(process: &Process) -> Guess {
    guess_at(process, dirs::home_dir().as_deref())
}

fn guess_at(process: &Process, home: Option<&Path>) -> Guess {
    let runtime = command::runtime(process);
    let dir = process.dir.as_deref();
    let project = dir.and_then(|dir| manifest::project(dir, home, runtime));
    let project = project.unwrap_or_default();
    let framework = command::framework(process).or(project.framework);
    Guess {
        program: Some(framework.map_or_else(|| process.program(), str::to_owned))
            .filter(|program| !program.is_empty()),
        name: name_of(process, &project, home, runtime),
        is_framework: framework.is_some(),
    }
}

/// The project's name, else the directory's, else the program's.
fn name_of(
    process: &Process,
    project: &Project,
    home: Option<&Path>,
    runtime: Option<Runtime>,
) -> Option<String> {
    let of_project = project.name.as_deref().and_then(name::of);
    let of_dir = || process.dir.as_deref().and_then(|dir| dir_name(dir, home));
    // `node` says nothing of what runs in it.
    let of_program = || runtime.is_none().then(|| process.program());
    of_project
        .or_else(of_dir)
        .or_else(|| name::of(&of_program()?))
}

/// The name of the nearest directory that says something.
fn dir_name(dir: &Path, home: Option<&Path>) -> Option<String> {
    let within = |dir: &&Path| dir.parent().is_some() && Some(*dir) != home;
    let mut above = dir.ancestors().take_while(within).take(2);
    above.find_map(|dir| {
        let name = dir.file_name()?.to_string_lossy();
        name::of(&name).filter(|name| !GENERIC.contains(&name.as_str()))
    })
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    fn process(line: &str, dir: &Path) -> Process {
        let command: Vec<String> = line.split(' ').map(str::to_owned).collect();
        Process {
            name: command[0].clone(),
            command,
            dir: Some(dir.to_owned()),
        }
    }

    fn guessed(line: &str, dir: &Path) -> (Option<String>, Option<String>, bool) {
        let guess = guess_at(&process(line, dir), None);
        (guess.program, guess.name, guess.is_framework)
    }

    fn said(
        program: &str,
        name: &str,
        is_framework: bool,
    ) -> (Option<String>, Option<String>, bool) {
        (
            Some(program.to_owned()),
            Some(name.to_owned()),
            is_framework,
        )
    }

    #[test]
    fn a_project_names_the_service_and_the_command_line_the_program() {
        let place = tempfile::tempdir().unwrap();
        let text = r#"{"name": "My Shop", "dependencies": {"vite": "5"}}"#;
        fs::write(place.path().join("package.json"), text).unwrap();
        let dir = place.path();
        assert_eq!(guessed("node dev.js", dir), said("vite", "my-shop", true));
        let plain = guessed("python3 -m http.server", dir);
        assert_eq!(plain, said("http.server", "my-shop", true));
    }

    #[test]
    fn without_a_project_the_directory_or_the_program_names_it() {
        let place = tempfile::tempdir().unwrap();
        let dir = place.path().join("Garden Plans/public");
        fs::create_dir_all(&dir).unwrap();
        assert_eq!(
            guessed("node x.js", &dir),
            said("node", "garden-plans", false)
        );
        let root = Path::new("/");
        assert_eq!(guessed("shopd", root), said("shopd", "shopd", false));
        let nothing = (Some("node".to_owned()), None, false);
        assert_eq!(guessed("node x.js", root), nothing);
    }

    #[test]
    fn the_home_directory_names_nothing() {
        let home = tempfile::tempdir().unwrap();
        fs::write(home.path().join("package.json"), r#"{"name": "x"}"#).unwrap();
        let guess = guess_at(&process("node x.js", home.path()), Some(home.path()));
        assert_eq!(guess.name, None);
    }

    #[test]
    fn node_is_told_by_its_program_and_not_by_its_thread() {
        let node = Process {
            name: "MainThread".to_owned(),
            ..process("/usr/bin/node server.js", Path::new("/"))
        };
        let guess = guess_at(&node, None);
        assert_eq!(guess.program.as_deref(), Some("node"));
    }

    #[test]
    fn nothing_known_is_nothing_said() {
        assert_eq!(guess(&Process::default()), Guess::default());
    }
}
