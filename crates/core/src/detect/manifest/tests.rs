//! Small directories, as projects have them.

use tempfile::TempDir;

use super::*;

/// A directory called `site` with these files in it.
fn site(files: &[(&str, &str)]) -> (TempDir, PathBuf) {
    let place = tempfile::tempdir().unwrap();
    let dir = place.path().join("site");
    for (name, text) in files {
        let path = dir.join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
    (place, dir)
}

#[track_caller]
fn is(files: &[(&str, &str)], runtime: Runtime, name: &str, framework: Option<&'static str>) {
    let (_place, dir) = site(files);
    let project = project(&dir, None, Some(runtime)).unwrap();
    assert_eq!(project.name.as_deref(), Some(name), "{files:?}");
    assert_eq!(project.framework, framework, "{files:?}");
}

#[test]
fn reads_the_manifests_of_many_languages() {
    let package = |dependency: &str| {
        format!(
            r#"{{"name": "@acme/shop", "devDependencies": {{"{dependency}": "1", "vite": "5"}}}}"#
        )
    };
    for (dependency, wanted) in [
        ("vite", "vite"),
        ("next", "next"),
        ("astro", "astro"),
        ("nuxt", "nuxt"),
        ("@sveltejs/kit", "svelte-kit"),
        ("@angular/cli", "angular"),
        ("react-scripts", "react-scripts"),
        ("@remix-run/dev", "remix"),
        ("fastify", "vite"),
    ] {
        let text = package(dependency);
        let files = [("package.json", text.as_str())];
        is(&files, Runtime::JavaScript, "shop", Some(wanted));
    }
    let cargo = "[package]\nname = \"shop-server\"\n";
    is(
        &[("Cargo.toml", cargo)],
        Runtime::Other,
        "shop-server",
        None,
    );
    let pyproject = "[project]\nname = \"shop\"\ndependencies = [\"fastapi>=0.1\"]\n";
    is(
        &[("pyproject.toml", pyproject)],
        Runtime::Python,
        "shop",
        Some("fastapi"),
    );
    let poetry = "[tool.poetry]\nname = \"shop\"\n[tool.poetry.dependencies]\nflask = \"3\"\n";
    is(
        &[("pyproject.toml", poetry)],
        Runtime::Python,
        "shop",
        Some("flask"),
    );
    is(
        &[("manage.py", "")],
        Runtime::Python,
        "site",
        Some("django"),
    );
    is(
        &[("Gemfile", "gem \"rails\", \"~> 8\"\n")],
        Runtime::Ruby,
        "site",
        Some("rails"),
    );
    let module = "module example.org/acme/shop\n\ngo 1.24\n";
    is(&[("go.mod", module)], Runtime::Other, "shop", None);
    let mix = "def project do [app: :shop_web, deps: [{:phoenix, \"1\"}]]";
    is(
        &[("mix.exs", mix)],
        Runtime::Elixir,
        "shop_web",
        Some("phoenix"),
    );
    let composer = r#"{"name": "acme/shop", "require": {"symfony/runtime": "7"}}"#;
    is(
        &[("composer.json", composer)],
        Runtime::Php,
        "shop",
        Some("symfony"),
    );
    let template = r#"{"name": "laravel/laravel"}"#;
    let files = [("composer.json", template), ("artisan", "")];
    is(&files, Runtime::Php, "site", Some("laravel"));
}

#[test]
fn a_manifest_of_another_language_gives_the_name_alone() {
    let package = r#"{"name": "shop", "devDependencies": {"vite": "5"}}"#;
    let files = [("package.json", package)];
    is(&files, Runtime::Python, "shop", None);
    let both = [("package.json", package), ("manage.py", "")];
    is(&both, Runtime::Python, "shop", Some("django"));
}

#[test]
fn looks_above_but_not_too_far_and_not_at_home() {
    let manifest = [("package.json", r#"{"name": "shop"}"#)];
    let (_place, dir) = site(&manifest);
    let deep = dir.join("a/b/c");
    assert!(project(&deep, None, None).is_some());
    assert_eq!(project(&deep.join("d"), None, None), None);
    assert_eq!(project(&deep, Some(&dir), None), None);
}

#[test]
fn broken_huge_and_strange_manifests_say_nothing() {
    let huge = " ".repeat(300 * 1024);
    for text in ["", "{", "[]", "\u{0}", &huge] {
        let (_place, dir) = site(&[("package.json", text)]);
        let found = project(&dir, None, Some(Runtime::JavaScript));
        assert!(found.is_none_or(|it| it.framework.is_none()), "{text:.9}");
    }
    let (_place, dir) = site(&[("package.json/x", "")]);
    assert_eq!(project(&dir, None, None), None);
}
