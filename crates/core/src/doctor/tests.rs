//! The text to pass on, and a machine without anybody.

use std::sync::Arc;

use malai_api::{Finding, Verdict};

use super::*;
use crate::config::{BridgeConfig, ServiceConfig};

/// Words that tell whose machine it is, or open something.
const CANARIES: [&str; 8] = [
    "canary-service",
    "canary-bridge",
    "canary.example",
    "canary-secret",
    "canary-home",
    "canary-pet",
    "203.0.113.77",
    "192.168.77.13",
];

fn config(text: &str) -> Config {
    crate::config::parse(text).unwrap().config
}

fn setup(home: Option<Home>, config: Config) -> Setup {
    Setup {
        home,
        config: Arc::new(config),
        identity: IdentityState::Failed("canary-secret in /canary-home".to_owned()),
        node: NodeState::Failed("203.0.113.77 is not ours".to_owned()),
        runs: false,
    }
}

#[tokio::test]
async fn the_text_to_pass_on_tells_nothing_of_whose_machine_it_is() {
    let key = fastn_p2p::SecretKey::from_bytes([7; 32]).public();
    let mut config = config(&format!(
        "version = 1\n[network]\nrelay = [\"http://canary.example:1\"]\nlookup = []\n\
         [service.canary-service]\nupstream = \"192.168.77.13:9\"\n\
         [service.canary-service-2]\nupstream = \"unix:/canary-home/canary-service\"\n\
         [peer.canary-pet]\nid = \"{key}\"\n\
         [gateway]\nlisten = \"203.0.113.77:4000\"\n\
         [bridge.canary-bridge]\nto = [\"malai://{key}/canary-service?k=canary-secret\"]\n\
         listen = \"203.0.113.77:4001\"\n"
    ));
    config.services.values_mut().for_each(|service| {
        service.timeouts.connect = Duration::from_millis(50);
    });
    let dir = tempfile::Builder::new().prefix("canary-home").tempdir();
    let dir = dir.unwrap();
    let home = Home::open(Some(dir.path().to_owned())).unwrap();
    std::fs::write(home.config(), "canary-secret = 1\n").unwrap();
    let setup = setup(Some(home), config);
    let mut own = examine(&setup).await;
    own.push(
        Found::problem(Examined::Path, "a summary", "canary-pet at 203.0.113.77")
            .about("canary-pet")
            .advise("ask canary-pet"),
    );
    let diagnosis = diagnosis(&setup, own, None);
    // It is all there for the owner, so that the test proves something.
    let shown = serde_json::to_string(&diagnosis.findings).unwrap();
    for canary in CANARIES {
        assert!(shown.contains(canary), "{canary} is not shown: {shown}");
        assert!(!diagnosis.text.contains(canary), "{}", diagnosis.text);
    }
    assert!(!diagnosis.text.contains(&key.to_string()));
    assert!(diagnosis.text.contains("problem  identity: "));
    assert!(diagnosis.text.contains("2 services, 1 bridges, 1 peers"));
}

#[tokio::test]
async fn an_engine_for_this_machine_alone_misses_no_internet() {
    let mut config = Config::default();
    config.network.relay = RelayConfig::None;
    config.network.lookup.clear();
    config.network.bind = "127.0.0.1:0".parse().unwrap();
    let secret = fastn_p2p::SecretKey::generate();
    let bound = crate::engine::node_config(&config.network);
    let node = Node::bind(&secret, bound).await.unwrap();
    let setup = Setup {
        node: NodeState::Bound(node.clone()),
        identity: IdentityState::Missing,
        ..setup(None, config)
    };
    let found = examine(&setup).await;
    let findings: Vec<Finding> = found.into_iter().map(Found::into).collect();
    let bad = findings.iter().find(|it| it.verdict == Verdict::Problem);
    assert!(bad.is_none(), "{findings:?}");
    node.close(Duration::ZERO).await;
}

#[test]
fn services_are_counted_and_not_named() {
    let mut config = Config::default();
    let service = ServiceConfig::new(malai_api::Protocol::Http, "3000".parse().unwrap());
    config.services.insert("canary-service".to_owned(), service);
    let bridge = BridgeConfig::default();
    config.bridges.insert("canary-bridge".to_owned(), bridge);
    let facts = report::facts(&setup(None, config)).join("\n");
    assert!(facts.contains("1 services, 1 bridges"), "{facts}");
    assert!(!facts.contains("canary"), "{facts}");
}
