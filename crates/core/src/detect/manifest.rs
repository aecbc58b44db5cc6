//! The project of a directory: what its manifest says about name and framework.
//!
//! Reads a few small files in the directory and in those above it, and nothing else.

use std::{
    fs::{self, File},
    io::Read,
    path::{Path, PathBuf},
};

use serde_json::Value;

use super::command::Runtime;

/// The largest manifest that is read; real ones have some KiB.
const MANIFEST_MAX: u64 = 256 * 1024;

/// Directories that are looked into: the process's own, and those above it.
const MAX_DEPTH: usize = 4;

/// Packages of `package.json`, what builds upon others first, by the name they are told under.
const PACKAGES: &[(&str, &str)] = &[
    ("next", "next"),
    ("nuxt", "nuxt"),
    ("astro", "astro"),
    ("@sveltejs/kit", "svelte-kit"),
    ("@remix-run/dev", "remix"),
    ("@react-router/dev", "react-router"),
    ("@angular/cli", "angular"),
    ("react-scripts", "react-scripts"),
    ("gatsby", "gatsby"),
    ("expo", "expo"),
    ("vitepress", "vitepress"),
    ("@docusaurus/core", "docusaurus"),
    ("@11ty/eleventy", "eleventy"),
    ("@nestjs/core", "nest"),
    ("vite", "vite"),
    ("parcel", "parcel"),
    ("webpack-dev-server", "webpack"),
    ("wrangler", "wrangler"),
    ("fastify", "fastify"),
    ("hono", "hono"),
    ("koa", "koa"),
    ("express", "express"),
];

/// Words of Python's manifests.
const PYTHON: &[&str] = &[
    "django",
    "fastapi",
    "flask",
    "streamlit",
    "gradio",
    "starlette",
    "aiohttp",
    "tornado",
];

/// Words of other manifests.
const RUBY: &[&str] = &["rails", "sinatra", "jekyll", "hanami"];
const PHP: &[&str] = &["laravel", "symfony", "slim"];

/// What is known of a project.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Project {
    /// As its manifest calls it; else the name of its directory.
    pub(super) name: Option<String>,
    /// What it is built upon, in the language of the process.
    pub(super) framework: Option<&'static str>,
}

/// Reads the manifests of one language.
type Reader = fn(&Path, Option<Runtime>) -> Option<Project>;

/// The project that `dir` is in, seen by a process of `runtime`.
///
/// Not beyond `home`, where manifests of no project lie around.
pub(super) fn project(
    dir: &Path,
    home: Option<&Path>,
    runtime: Option<Runtime>,
) -> Option<Project> {
    let within = |dir: &&Path| dir.parent().is_some() && Some(*dir) != home;
    let mut above = dir.ancestors().take_while(within).take(MAX_DEPTH);
    above.find_map(|dir| in_dir(dir, runtime))
}

fn in_dir(dir: &Path, runtime: Option<Runtime>) -> Option<Project> {
    let readers: [Reader; 7] = [javascript, rust, python, ruby, go, elixir, php];
    let found = readers.iter().filter_map(|reader| reader(dir, runtime));
    // Of several manifests the one that fits the process tells its framework; any tells the name.
    let mut project: Option<Project> = None;
    for other in found {
        let known = project.get_or_insert_default();
        known.name = known.name.take().or(other.name);
        known.framework = known.framework.or(other.framework);
    }
    let mut project = project?;
    let dir_name = || Some(dir.file_name()?.to_string_lossy().into_owned());
    project.name = project.name.or_else(dir_name);
    Some(project)
}

fn javascript(dir: &Path, runtime: Option<Runtime>) -> Option<Project> {
    let json: Value = serde_json::from_str(&read(dir.join("package.json"))?).ok()?;
    let has = |package: &str| {
        ["dependencies", "devDependencies"]
            .iter()
            .any(|kind| json[kind].get(package).is_some())
    };
    let framework = PACKAGES.iter().find(|(package, _)| has(package));
    Some(Project {
        name: json["name"].as_str().map(|name| last_part(name).to_owned()),
        framework: framework
            .filter(|_| runtime == Some(Runtime::JavaScript))
            .map(|(_, told)| *told),
    })
}

fn rust(dir: &Path, _runtime: Option<Runtime>) -> Option<Project> {
    let toml = toml(&read(dir.join("Cargo.toml"))?)?;
    Some(Project {
        name: text_at(&toml, &["package", "name"]),
        framework: None,
    })
}

fn python(dir: &Path, runtime: Option<Runtime>) -> Option<Project> {
    let pyproject = read(dir.join("pyproject.toml"));
    let requirements = read(dir.join("requirements.txt"));
    let is_django = dir.join("manage.py").is_file();
    if pyproject.is_none() && requirements.is_none() && !is_django {
        return None;
    }
    let name = pyproject.as_deref().and_then(toml).and_then(|toml| {
        text_at(&toml, &["project", "name"]).or_else(|| text_at(&toml, &["tool", "poetry", "name"]))
    });
    let wanted = pyproject.unwrap_or_default() + "\n" + &requirements.unwrap_or_default();
    let framework = if is_django {
        Some("django")
    } else {
        named_in(PYTHON, &wanted)
    };
    Some(Project {
        name,
        framework: framework.filter(|_| runtime == Some(Runtime::Python)),
    })
}

fn ruby(dir: &Path, runtime: Option<Runtime>) -> Option<Project> {
    let gems = read(dir.join("Gemfile"))?;
    Some(Project {
        name: None,
        framework: named_in(RUBY, &gems).filter(|_| runtime == Some(Runtime::Ruby)),
    })
}

fn go(dir: &Path, _runtime: Option<Runtime>) -> Option<Project> {
    let text = read(dir.join("go.mod"))?;
    let module = text.lines().find_map(|line| line.strip_prefix("module "));
    Some(Project {
        name: module.map(|module| last_part(module.trim()).to_owned()),
        framework: None,
    })
}

fn elixir(dir: &Path, runtime: Option<Runtime>) -> Option<Project> {
    let text = read(dir.join("mix.exs"))?;
    let app = text.split_once("app: :").map(|(_, rest)| {
        let is_word = |c: &char| c.is_alphanumeric() || *c == '_';
        rest.chars().take_while(is_word).collect()
    });
    Some(Project {
        name: app,
        framework: named_in(&["phoenix"], &text).filter(|_| runtime == Some(Runtime::Elixir)),
    })
}

fn php(dir: &Path, runtime: Option<Runtime>) -> Option<Project> {
    let text = read(dir.join("composer.json"));
    let is_laravel = dir.join("artisan").is_file();
    if text.is_none() && !is_laravel {
        return None;
    }
    let text = text.unwrap_or_default();
    let json: Value = serde_json::from_str(&text).unwrap_or_default();
    let framework = if is_laravel {
        Some("laravel")
    } else {
        named_in(PHP, &text)
    };
    // `laravel/laravel` is what the template is called, and no project.
    let name = json["name"]
        .as_str()
        .filter(|name| *name != "laravel/laravel");
    Some(Project {
        name: name.map(|name| last_part(name).to_owned()),
        framework: framework.filter(|_| runtime == Some(Runtime::Php)),
    })
}

/// The text of a plain file that is not too large.
fn read(path: PathBuf) -> Option<String> {
    // Opening a named pipe would wait for a writer.
    fs::metadata(&path).ok().filter(fs::Metadata::is_file)?;
    let mut text = String::new();
    let file = File::open(path).ok()?;
    let read = file.take(MANIFEST_MAX + 1).read_to_string(&mut text).ok()?;
    u64::try_from(read)
        .is_ok_and(|read| read <= MANIFEST_MAX)
        .then_some(text)
}

fn toml(text: &str) -> Option<toml_edit::DocumentMut> {
    text.parse().ok()
}

fn text_at(toml: &toml_edit::DocumentMut, path: &[&str]) -> Option<String> {
    let mut item = toml.as_item();
    for key in path {
        item = item.get(key)?;
    }
    item.as_str().map(str::to_owned)
}

/// The first of `words` that stands in `text` as a word of its own.
fn named_in(words: &[&'static str], text: &str) -> Option<&'static str> {
    let text = text.to_ascii_lowercase();
    let found: Vec<&str> = text
        .split(|c: char| !c.is_ascii_alphanumeric() && c != '-' && c != '_')
        .collect();
    words.iter().copied().find(|word| found.contains(word))
}

/// `shop` of `@acme/shop` and of `example.org/acme/shop`.
fn last_part(name: &str) -> &str {
    name.trim_end_matches('/')
        .rsplit('/')
        .next()
        .unwrap_or(name)
}

#[cfg(test)]
mod tests;
