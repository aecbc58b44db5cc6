//! What is told of a server, apart from what it is.

use malai_api::Protocol;

use super::*;
use crate::config::ServiceConfig;

fn config(services: &[(&str, &str)]) -> Config {
    let mut config = Config::default();
    for (name, upstream) in services {
        let service = ServiceConfig::new(Protocol::Http, upstream.parse().unwrap());
        config.services.insert((*name).to_owned(), service);
    }
    config
}

#[test]
fn tells_by_which_service_a_port_is_shared() {
    let mut config = config(&[
        ("a", "3000"),
        ("b", "https://localhost:3001"),
        ("c", "192.168.1.2:3002"),
        ("d", "[::1]:3003"),
        ("e", "unix:/run/3004"),
    ]);
    let shared = |config: &Config, port| shared_as(config, port);
    assert_eq!(shared(&config, 3000).as_deref(), Some("a"));
    assert_eq!(shared(&config, 3001).as_deref(), Some("b"));
    assert_eq!(shared(&config, 3002), None);
    assert_eq!(shared(&config, 3003).as_deref(), Some("d"));
    assert_eq!(shared(&config, 3004), None);
    config.services.get_mut("a").unwrap().active = false;
    assert_eq!(shared(&config, 3000), None);
}

#[test]
fn a_name_that_is_taken_gets_the_port_behind_it() {
    let mut taken = BTreeSet::from(["shop".to_owned()]);
    assert_eq!(free_name("shop".to_owned(), 3001, &mut taken), "shop-3001");
    assert_eq!(free_name("blog".to_owned(), 3002, &mut taken), "blog");
    assert_eq!(free_name("blog".to_owned(), 3003, &mut taken), "blog-3003");
}

#[test]
fn likely_ones_come_first() {
    let guess = |is_framework| Guess {
        is_framework,
        ..Guess::default()
    };
    let (known, unknown) = (guess(true), guess(false));
    let order = [
        rank(3000, &known),
        rank(3999, &known),
        rank(8080, &unknown),
        rank(9999, &unknown),
        rank(45678, &unknown),
    ];
    assert!(order.is_sorted_by(|a, b| a < b), "{order:?}");
}

#[cfg(target_os = "linux")]
#[test]
fn never_offers_this_process() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let found = Detector::default().servers(&Config::default()).unwrap();
    assert!(found.iter().all(|server| server.port != port), "{found:?}");
}
