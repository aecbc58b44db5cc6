//! What `malai.toml` keeps, how it is changed, and one engine per home.

use malai_api::codes;

use super::*;

#[tokio::test]
async fn what_the_file_keeps_is_shared_from_the_start() {
    let mut place = Place::with_file("[service.shop]\nupstream = 3000\n").await;
    place.shared("shop").await;
    let status = place.status().await;
    assert!(status.services[0].kept);
    place.engine.stop().await;
}

#[tokio::test]
async fn a_kept_share_is_written_and_stays_there_when_it_is_stopped() {
    let place = Place::with_file("# mine\n").await;
    let request = ShareRequest {
        keep: true,
        ..named("shop")
    };
    assert!(place.share(request).await.unwrap().kept);
    let text = std::fs::read_to_string(place.dir.path().join("malai.toml")).unwrap();
    assert!(
        text.contains("# mine") && text.contains("[service.shop]"),
        "{text}"
    );

    let stop = |forget| Request::Stop {
        name: "shop".to_owned(),
        forget,
    };
    let stopped = |kept| Response::Stopped {
        name: "shop".to_owned(),
        kept,
    };
    assert_eq!(place.ask(stop(false)).await, stopped(true));
    assert!(!place.status().await.services[0].active);
    assert_eq!(place.ask(stop(true)).await, stopped(false));
    assert!(place.status().await.services.is_empty());
    place.engine.stop().await;
}

#[tokio::test]
async fn an_edit_is_taken_up_and_a_bad_one_changes_nothing() {
    let mut place = Place::with_file("[service.shop]\nupstream = 3000\n").await;
    write(
        &place.dir,
        "[service.shop]\nupstream = 3000\n[service.two]\nupstream = 3001\n",
    );
    place.shared("two").await;
    write(
        &place.dir,
        "[service.shop]\nupstream = 3000\nallow = [\"nobody-i-know\"]\n",
    );
    assert_eq!(place.error_code().await, codes::CONFIG_INVALID);
    assert_eq!(place.status().await.services.len(), 2);
    write(&place.dir, "[service.shop]\nupstream = 3000\n");
    assert_eq!(place.reason_of_end("two").await, "malai.toml has changed");
    place.engine.stop().await;
}

#[tokio::test]
async fn another_network_needs_a_restart_and_says_so() {
    let mut place = Place::with_file("").await;
    write(
        &place.dir,
        "[network.dns]\norigin = \"example.org\"\npkarr = \"https://example.org/pkarr\"\n",
    );
    assert_eq!(place.error_code().await, codes::RESTART_NEEDED);
    place.engine.stop().await;
}

#[tokio::test]
async fn a_second_engine_on_a_home_is_refused() {
    let place = Place::in_memory().await;
    let options = EngineOptions {
        home: Home::open(Some(place.dir.path().to_owned())).unwrap(),
        key_store: Some(KeyStore::Memory),
        without_keychain: WithoutKeychain::UseFile,
        ask_timeout: Some(Duration::ZERO),
        config: ConfigSource::File,
        control: true,
        events: EventFeed::default(),
        logs: LogsHandle::default(),
    };
    let error = Engine::start(options).await.unwrap_err();
    assert_eq!(error.code(), codes::ALREADY_RUNNING);
    assert!(matches!(
        place.ask(Request::Status).await,
        Response::Status(_)
    ));
    place.engine.stop().await;
}

#[tokio::test]
async fn an_invalid_file_does_not_start_and_frees_the_home() {
    let dir = tempfile::tempdir().unwrap();
    write(&dir, "[service.shop]\nupstram = 3000\n");
    let home = Home::open(Some(dir.path().to_owned())).unwrap();
    let Err(error) = Place::start(dir, ConfigSource::File).await else {
        panic!("started");
    };
    assert_eq!(error.code(), codes::CONFIG_INVALID);
    assert!(!home.lock().exists() || HomeLock::take(&home).is_ok());
}

#[tokio::test]
async fn a_pet_name_is_never_given_a_second_key() {
    let place = Place::with_file("").await;
    let key = |seed: u8| {
        fastn_p2p::SecretKey::from_bytes([seed; 32])
            .public()
            .to_string()
    };
    let add = |seed| Request::PeerAdd {
        name: "alice".to_owned(),
        id52: key(seed),
    };
    assert_eq!(place.ask(add(1)).await, Response::Done);
    assert_eq!(place.ask(add(1)).await, Response::Done);
    let Response::Error(failure) = place.ask(add(2)).await else {
        panic!("a second key");
    };
    assert_eq!(failure.code, codes::NAME_TAKEN);
    let Response::Peers { peers } = place.ask(Request::Peers).await else {
        panic!("no peers");
    };
    assert_eq!(peers[0].id52, key(1));
    place.engine.stop().await;
}
