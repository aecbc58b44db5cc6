//! What a command line says about what runs: the surest sign, where there is one.

use std::path::Path;

use super::process::{Process, stem};

/// Words of a command line that are looked at.
const MAX_WORDS: usize = 24;

/// Programs that are called by their own name, by the name they are told under.
const PROGRAMS: &[(&str, &str)] = &[
    ("vite", "vite"),
    ("next", "next"),
    ("next-server", "next"),
    ("astro", "astro"),
    ("nuxt", "nuxt"),
    ("nuxi", "nuxt"),
    ("ng", "angular"),
    ("react-scripts", "react-scripts"),
    ("remix", "remix"),
    ("webpack-dev-server", "webpack"),
    ("webpack", "webpack"),
    ("parcel", "parcel"),
    ("gatsby", "gatsby"),
    ("storybook", "storybook"),
    ("eleventy", "eleventy"),
    ("vitepress", "vitepress"),
    ("docusaurus", "docusaurus"),
    ("expo", "expo"),
    ("wrangler", "wrangler"),
    ("http-server", "http-server"),
    ("live-server", "live-server"),
    ("json-server", "json-server"),
    ("browser-sync", "browser-sync"),
    ("serve", "serve"),
    ("flask", "flask"),
    ("uvicorn", "uvicorn"),
    ("gunicorn", "gunicorn"),
    ("hypercorn", "hypercorn"),
    ("streamlit", "streamlit"),
    ("jupyter", "jupyter"),
    ("jupyter-lab", "jupyter"),
    ("jupyter-notebook", "jupyter"),
    ("mkdocs", "mkdocs"),
    ("puma", "puma"),
    ("rackup", "rack"),
    ("jekyll", "jekyll"),
    ("hugo", "hugo"),
    ("zola", "zola"),
    ("mdbook", "mdbook"),
    ("trunk", "trunk"),
    ("caddy", "caddy"),
    ("nginx", "nginx"),
    ("httpd", "apache"),
    ("apache2", "apache"),
];

/// Modules of `python -m`, by the name they are told under.
const PYTHON_MODULES: &[(&str, &str)] = &[
    ("http.server", "http.server"),
    ("flask", "flask"),
    ("uvicorn", "uvicorn"),
    ("gunicorn", "gunicorn"),
    ("streamlit", "streamlit"),
    ("jupyter", "jupyter"),
    ("jupyterlab", "jupyter"),
    ("mkdocs", "mkdocs"),
];

/// A language's own program: it says nothing of what runs in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Runtime {
    JavaScript,
    Python,
    Ruby,
    Php,
    Elixir,
    Other,
}

/// The language's program that `process` is, if it is one.
pub(super) fn runtime(process: &Process) -> Option<Runtime> {
    let program = process.program();
    let is = |name: &str| program == name || process.name == name;
    // `python3.12`, `ruby3.2`, `php8.3`
    let begins = |name: &str| {
        let is_version = |rest: &str| rest.chars().all(|c| c.is_ascii_digit() || c == '.');
        program.strip_prefix(name).is_some_and(is_version)
            || process.name.strip_prefix(name).is_some_and(is_version)
    };
    if is("node") || is("nodejs") || is("bun") || is("deno") || is("MainThread") {
        Some(Runtime::JavaScript)
    } else if begins("python") || begins("pypy") || is("Python") {
        Some(Runtime::Python)
    } else if begins("ruby") {
        Some(Runtime::Ruby)
    } else if begins("php") || begins("php-fpm") {
        Some(Runtime::Php)
    } else if is("beam.smp") || is("elixir") || is("erl") {
        Some(Runtime::Elixir)
    } else if is("java") || is("dotnet") || is("perl") || is("sh") || is("bash") {
        Some(Runtime::Other)
    } else {
        None
    }
}

/// The framework that the command line names.
pub(super) fn framework(process: &Process) -> Option<&'static str> {
    let words: Vec<&str> = process.command.iter().map(String::as_str).collect();
    let words = &words[..words.len().min(MAX_WORDS)];
    // Some set a title of their own: `next-server (v15.0.0)`, `puma 6.4 (tcp://…) [shop]`.
    let title = words.first().and_then(|first| first.split(' ').next());
    if let Some(found) = title.and_then(|title| named(PROGRAMS, title)) {
        return Some(found);
    }
    match runtime(process)? {
        Runtime::Python => python(words),
        Runtime::Php => php(words),
        Runtime::Elixir => words.contains(&"phx.server").then_some("phoenix"),
        Runtime::JavaScript | Runtime::Ruby | Runtime::Other => script(words),
    }
}

fn python(words: &[&str]) -> Option<&'static str> {
    let module = words.iter().position(|word| *word == "-m");
    if let Some(module) = module.and_then(|at| words.get(at + 1)) {
        return PYTHON_MODULES
            .iter()
            .find_map(|(name, told)| (name == module).then_some(*told));
    }
    if words
        .iter()
        .any(|word| stem(Path::new(word)) == "manage.py")
    {
        return Some("django");
    }
    script(words)
}

fn php(words: &[&str]) -> Option<&'static str> {
    if words.iter().any(|word| stem(Path::new(word)) == "artisan") {
        return Some("laravel");
    }
    words.contains(&"-S").then_some("php")
}

/// What the script is that an interpreter runs: the first word that is no option.
fn script(words: &[&str]) -> Option<&'static str> {
    let script = words.iter().skip(1).find(|word| !word.starts_with('-'))?;
    if *script == "run" || *script == "x" {
        return words.get(2).and_then(|word| named(PROGRAMS, word));
    }
    named(PROGRAMS, script).or_else(|| in_modules(script))
}

/// `…/node_modules/vite/bin/vite.js` and `…/node_modules/.bin/vite` belong to `vite`.
fn in_modules(script: &str) -> Option<&'static str> {
    let (_, inside) = script.rsplit_once("node_modules/")?;
    let mut parts = inside.split('/').filter(|part| *part != ".bin");
    let package = parts.next()?;
    match (package, parts.next()) {
        ("@angular", Some("cli")) => Some("angular"),
        ("@remix-run", _) => Some("remix"),
        ("@11ty", _) => Some("eleventy"),
        ("@docusaurus", _) => Some("docusaurus"),
        _ => named(PROGRAMS, package),
    }
}

fn named(known: &[(&str, &'static str)], word: &str) -> Option<&'static str> {
    let name = stem(Path::new(word));
    let name = name.trim_end_matches(".js").trim_end_matches(".mjs");
    known
        .iter()
        .find_map(|(program, told)| (*program == name).then_some(*told))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(line: &str) -> Option<&'static str> {
        let command: Vec<String> = line.split(' ').map(str::to_owned).collect();
        framework(&Process {
            name: stem(Path::new(&command[0])),
            command,
            dir: None,
        })
    }

    #[test]
    fn knows_what_a_command_line_names() {
        for (line, wanted) in [
            ("node /w/shop/node_modules/.bin/vite --port 3000", "vite"),
            ("node /w/shop/node_modules/vite/bin/vite.js", "vite"),
            (
                "/usr/bin/node --inspect /w/node_modules/next/dist/bin/next dev",
                "next",
            ),
            (
                "node /w/node_modules/@angular/cli/bin/ng.js serve",
                "angular",
            ),
            ("next-server (v15.1.0)", "next"),
            ("bun run vite", "vite"),
            ("python3 -m http.server 8000", "http.server"),
            ("python3.12 manage.py runserver", "django"),
            ("/venv/bin/python /venv/bin/flask run", "flask"),
            ("/venv/bin/python3 -m uvicorn main:app", "uvicorn"),
            ("puma 6.4.2 (tcp://localhost:3000) [shop]", "puma"),
            ("php8.3 artisan serve", "laravel"),
            ("php -S localhost:8000", "php"),
            ("beam.smp -- -extra mix phx.server", "phoenix"),
            ("hugo server", "hugo"),
        ] {
            assert_eq!(of(line), Some(wanted), "{line}");
        }
    }

    #[test]
    fn says_nothing_of_what_it_does_not_know() {
        for line in [
            "node server.js",
            "python3 app.py",
            "shop --port 3000",
            "node",
        ] {
            assert_eq!(of(line), None, "{line}");
        }
    }
}
