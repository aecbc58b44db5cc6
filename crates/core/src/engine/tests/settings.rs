//! Places, network and identity as a window sees and changes them.

use malai_api::{NetworkSettings, RelaySetting, Settings, codes};

use super::*;

async fn settings(place: &Place) -> Settings {
    let Response::Settings(settings) = place.ask(Request::Settings).await else {
        panic!("no settings");
    };
    *settings
}

fn network(relay: RelaySetting, lookup: &[&str]) -> Request {
    Request::SetNetwork(NetworkSettings {
        relay,
        lookup: lookup.iter().map(|name| (*name).to_owned()).collect(),
        visible: false,
    })
}

fn code(response: Response) -> String {
    let Response::Error(failure) = response else {
        panic!("{response:?}");
    };
    failure.code
}

/// An engine whose key is in a file of its home.
async fn with_key_file(dir: TempDir) -> Place {
    write(&dir, "");
    let feed = EventFeed::default();
    let events = feed.subscribe();
    let options = EngineOptions {
        home: Home::open(Some(dir.path().to_owned())).unwrap(),
        key_store: Some(KeyStore::File),
        without_keychain: WithoutKeychain::Refuse,
        ask_timeout: Some(Duration::ZERO),
        config: ConfigSource::File,
        control: false,
        events: feed,
        logs: LogsHandle::default(),
    };
    let engine = Engine::start(options).await.unwrap();
    Place {
        dir,
        engine,
        events,
    }
}

#[tokio::test]
async fn another_network_is_written_and_needs_a_restart_until_it_is_changed_back() {
    let mut place = Place::with_file("# mine\n").await;
    let before = settings(&place).await;
    assert_eq!(before.home, place.dir.path().display().to_string());
    assert!(before.config.ends_with("malai.toml") && before.logs.ends_with("logs"));
    assert_eq!(before.network.relay, RelaySetting::None);
    assert!(!before.restart_needed);

    let urls = vec!["https://relay.example.org/".to_owned()];
    let own = RelaySetting::Own { urls };
    let done = place.ask(network(own.clone(), &["dns", "dns"])).await;
    assert_eq!(done, Response::Done);
    assert_eq!(place.error_code().await, codes::RESTART_NEEDED);
    let after = settings(&place).await;
    assert_eq!(after.network.relay, own);
    assert_eq!(after.network.lookup, ["dns"]);
    assert!(after.restart_needed);
    let text = std::fs::read_to_string(place.dir.path().join("malai.toml")).unwrap();
    assert!(text.contains("# mine"), "{text}");

    let done = place.ask(network(RelaySetting::None, &[])).await;
    assert_eq!(done, Response::Done);
    assert!(!settings(&place).await.restart_needed);
    place.engine.stop().await;
}

#[tokio::test]
async fn an_edit_of_the_network_from_outside_needs_a_restart_too() {
    let mut place = Place::with_file("").await;
    write(
        &place.dir,
        "[network.dns]\norigin = \"example.org\"\npkarr = \"https://example.org/pkarr\"\n",
    );
    assert_eq!(place.error_code().await, codes::RESTART_NEEDED);
    assert!(settings(&place).await.restart_needed);
    place.engine.stop().await;
}

#[tokio::test]
async fn a_wrong_network_is_refused_and_nothing_is_written() {
    let place = Place::with_file("").await;
    let path = place.dir.path().join("malai.toml");
    let before = std::fs::read_to_string(&path).unwrap();
    let own = |url: &str| RelaySetting::Own {
        urls: vec![url.to_owned()],
    };
    let none = RelaySetting::Own { urls: Vec::new() };
    for wrong in [
        network(own("ftp://relay.example.org"), &[]),
        network(own("relay"), &[]),
        network(none, &[]),
        network(RelaySetting::None, &["carrier pigeon"]),
    ] {
        assert_eq!(code(place.ask(wrong).await), codes::ARGUMENT_INVALID);
    }
    assert_eq!(std::fs::read_to_string(&path).unwrap(), before);
    place.engine.stop().await;
}

#[tokio::test]
async fn without_a_file_nothing_is_kept() {
    let place = Place::in_memory().await;
    assert_eq!(settings(&place).await.config, "");
    let response = place.ask(network(RelaySetting::Default, &[])).await;
    assert_eq!(code(response), codes::NOT_KEPT);
    let path = place.dir.path().join("my.key").display().to_string();
    let export = Request::ExportIdentity {
        path: path.clone(),
        passphrase: None,
    };
    assert_eq!(code(place.ask(export).await), codes::NOT_KEPT);
    let import = Request::ImportIdentity {
        path,
        passphrase: None,
    };
    assert_eq!(code(place.ask(import).await), codes::NOT_KEPT);
    place.engine.stop().await;
}

#[tokio::test]
async fn an_identity_goes_by_a_file_from_one_home_to_another() {
    let files = tempfile::tempdir().unwrap();
    let path = files.path().join("my.key").display().to_string();
    let one = with_key_file(tempfile::tempdir().unwrap()).await;
    let exported = one.engine.id();
    let export = Request::ExportIdentity {
        path: path.clone(),
        passphrase: None,
    };
    assert_eq!(one.ask(export.clone()).await, Response::Done);
    assert_eq!(code(one.ask(export).await), "export-exists");
    // Its own key changes nothing.
    let import = Request::ImportIdentity {
        path: path.clone(),
        passphrase: None,
    };
    assert_eq!(one.ask(import.clone()).await, Response::Done);
    assert!(!settings(&one).await.restart_needed);
    one.engine.stop().await;

    let mut other = with_key_file(tempfile::tempdir().unwrap()).await;
    let before = other.engine.id();
    let relative = Request::ImportIdentity {
        passphrase: None,
        path: "my.key".to_owned(),
    };
    assert_eq!(code(other.ask(relative).await), codes::ARGUMENT_INVALID);
    assert_eq!(other.ask(import).await, Response::Done);
    assert_eq!(other.error_code().await, codes::RESTART_NEEDED);
    assert!(settings(&other).await.restart_needed);
    assert_eq!(other.engine.id(), before);
    let backup = format!("identity.key.{before}.backup");
    assert!(other.dir.path().join(backup).exists());
    other.engine.stop().await;

    let again = with_key_file(other.dir).await;
    assert_eq!(again.engine.id(), exported);
    again.engine.stop().await;
}
