//! The table of keys against the code: every key there is read, with the default it states.

use super::*;
use crate::config::keys::{Fallback, KEYS, Key, Kind};

/// A file with one of everything that has required keys, so that any key can be added to it.
fn base() -> toml_edit::DocumentMut {
    let text = format!(
        "version = 1\n[service.NAME]\nupstream = 3000\n[peer.NAME]\nid = \"{}\"\n[group.NAME]\n[bridge.NAME]\nto = \"a.b/c\"\n[network]\n[gateway]\n[engine]\n",
        id52(1)
    );
    text.replace("NAME", "name").parse().unwrap()
}

/// The base file with one key set, and what that key requires beside it.
fn with(key: &Key, value: &str) -> String {
    let mut document = base();
    let path = key.path.replace("NAME", "name");
    let in_route = path.starts_with("service.name.route.");
    let mut siblings = match key.path {
        "service.NAME.limits.burst" | "limits.burst" => "requests_per_second = 1\n".to_owned(),
        _ => String::new(),
    };
    for other in KEYS {
        let same_table = |path: &str| path.rsplit_once('.').map(|(table, _)| table.to_owned());
        let Fallback::Required(example) = other.default else {
            continue;
        };
        if other.path != key.path && same_table(other.path) == same_table(key.path) {
            siblings.push_str(example);
            siblings.push('\n');
        }
    }
    let leaf = path.rsplit('.').next().unwrap();
    let table = path
        .rsplit_once('.')
        .map(|(table, _)| table)
        .unwrap_or_default();
    let added = format!("{siblings}{leaf} = {value}\n")
        .parse::<toml_edit::DocumentMut>()
        .unwrap();
    if in_route {
        let mut inline = toml_edit::InlineTable::new();
        for (name, item) in added.iter() {
            inline.insert(name, item.as_value().unwrap().clone());
        }
        let routes: toml_edit::Array = [toml_edit::Value::from(inline)].into_iter().collect();
        document["service"]["name"]["route"] = toml_edit::value(routes);
        return document.to_string();
    }
    let mut target: &mut toml_edit::Item = document.as_item_mut();
    for part in table.split('.').filter(|part| !part.is_empty()) {
        target = &mut target[part];
        if target.is_none() {
            *target = toml_edit::table();
        }
    }
    for (name, item) in added.iter() {
        if target.get(name).is_none() || name == leaf {
            target[name] = item.clone();
        }
    }
    document.to_string()
}

#[test]
fn every_key_is_read() {
    for key in KEYS {
        let text = with(key, "1979-05-27");
        let path = key.path.replace("NAME", "name");
        let problems = parse(&text)
            .err()
            .map(|problems| problems.errors)
            .unwrap_or_default();
        let found = problems.iter().any(|problem| {
            problem.key == path && !problem.message.contains("there is no such key")
        });
        assert!(found, "{} takes a date: {problems:?}\n{text}", key.path);
    }
}

#[test]
fn saying_a_default_changes_nothing() {
    for key in KEYS {
        let Fallback::Value(default) = key.default else {
            continue;
        };
        let said = read(&with(key, default));
        let left_out = match key.path {
            path if path.starts_with("service.NAME.health.") => {
                let health = KEYS
                    .iter()
                    .find(|key| key.path == "service.NAME.health")
                    .unwrap();
                read(&with(health, "{}"))
            }
            "traces.sample" => {
                let endpoint = KEYS.iter().find(|key| key.path == "traces.endpoint");
                read(&with(endpoint.unwrap(), "\"http://127.0.0.1:4318\""))
            }
            _ => read(&base().to_string()),
        };
        assert_eq!(said, left_out, "{}", key.path);
    }
}

#[test]
fn every_range_ends_where_it_says() {
    for key in KEYS {
        let (inside, outside) = match key.kind {
            Kind::Integer(least, most) => (
                vec![least.to_string(), most.to_string()],
                vec![(i128::from(least) - 1).to_string(), (most + 1).to_string()],
            ),
            Kind::Duration(least, most) => {
                let text = |duration: Duration| format!("\"{}ms\"", duration.as_millis());
                let step = Duration::from_millis(1);
                (
                    vec![text(least), text(most)],
                    [least.checked_sub(step), Some(most + step)]
                        .into_iter()
                        .flatten()
                        .map(text)
                        .collect(),
                )
            }
            Kind::Size(least, most) => (
                vec![least.to_string(), format!("\"{most}B\"")],
                vec![(least - 1).to_string(), (most + 1).to_string()],
            ),
            Kind::Fraction(least, most) => (
                vec![least.to_string(), most.to_string()],
                vec![
                    (least - 0.005).to_string(),
                    (most + 0.005).to_string(),
                    "nan".to_owned(),
                ],
            ),
            Kind::Boolean | Kind::Table | Kind::Tables => continue,
            Kind::Text(_) | Kind::Texts(_) | Kind::Address(_) | Kind::Addresses(_) => continue,
        };
        for value in inside {
            read(&with(key, &value));
        }
        for value in outside {
            assert!(parse(&with(key, &value)).is_err(), "{} = {value}", key.path);
        }
    }
}

#[test]
fn required_keys_are_asked_for() {
    for key in KEYS
        .iter()
        .filter(|key| matches!(key.default, Fallback::Required(_)))
    {
        let leaf = key.path.rsplit('.').next().unwrap();
        let text = with(key, "\"x\"");
        let without = text.replace(&format!("{leaf} = \"x\""), "");
        let asked = errors(&without)
            .iter()
            .any(|error| error.contains("is missing; write"));
        assert!(asked, "{without}");
    }
}
