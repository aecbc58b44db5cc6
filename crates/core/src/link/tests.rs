use proptest::{collection, option, prelude::*};

use super::*;

const ID52: &str = "t956oov2jh90lfnla1th6bm5v6aketlenqv7n4i23rl6i526q8m0";

fn target(text: &str) -> BridgeTarget {
    text.parse().unwrap()
}

fn refusal(text: &str) -> String {
    text.parse::<BridgeTarget>().unwrap_err().to_string()
}

#[test]
fn reads_a_share_link_with_everything() {
    let text = format!(
        "malai://{ID52}/shop?a=192.168.1.5:4433&a=%5B::1%5D:7&x=new&r=https://relay.example.org/&n=alice&k=s3cret"
    );
    let link: ShareLink = text.parse().unwrap();
    assert_eq!(link.peer.to_string(), ID52);
    assert_eq!(link.service, "shop");
    assert_eq!(
        link.addresses,
        ["192.168.1.5:4433", "[::1]:7"].map(|a| a.parse().unwrap())
    );
    assert_eq!(
        link.relay.clone().unwrap().as_str(),
        "https://relay.example.org/"
    );
    assert_eq!(link.name.as_deref(), Some("alice"));
    assert_eq!(link.invite.as_deref(), Some("s3cret"));
    assert_eq!(link.to_string(), text.replace("x=new&", ""));
}

#[test]
fn a_suggested_name_that_is_none_is_passed_over() {
    let long = "a".repeat(64);
    for name in ["", "Alice", "anyone", "a%20b", "%E2%80%AEa", ID52, &long] {
        let link: ShareLink = format!("malai://{ID52}/shop?n={name}&k=s").parse().unwrap();
        assert_eq!((link.name, link.invite.as_deref()), (None, Some("s")));
    }
}

#[test]
fn reads_every_form_of_a_target() {
    let key = || PeerName::Key(ID52.parse().unwrap());
    let pet = || PeerName::Pet("alice".to_owned());
    let domain = || PeerName::Domain("malai.example.org".to_owned());
    for (text, peer, service) in [
        (format!("malai://{ID52}/shop"), key(), "shop"),
        (format!("MALAI://{}", ID52.to_uppercase()), key(), ""),
        (format!("{ID52}/shop"), key(), "shop"),
        (format!(" {ID52}\n"), key(), ""),
        (format!("{ID52}.localhost"), key(), ""),
        (format!("{ID52}.localhost:8080"), key(), ""),
        (format!("http://{ID52}.localhost:8080/a?b#c"), key(), ""),
        (format!("http://shop.{ID52}.localhost:8080"), key(), "shop"),
        ("shop.alice.localhost".to_owned(), pet(), "shop"),
        ("alice".to_owned(), pet(), ""),
        ("alice/shop".to_owned(), pet(), "shop"),
        ("alice/shop/".to_owned(), pet(), "shop"),
        ("Malai.Example.org/shop".to_owned(), domain(), "shop"),
        ("malai.example.org".to_owned(), domain(), ""),
    ] {
        let target = target(&text);
        assert_eq!(
            (target.peer, target.service.as_str()),
            (peer, service),
            "{text}"
        );
    }
}

#[test]
fn says_what_is_wrong() {
    assert_eq!(
        refusal(&ID52[..51]),
        "an id52 has 52 characters, this has 51"
    );
    let mistyped = format!("malai://{}z/shop", &ID52[..51]);
    assert!(refusal(&mistyped).contains("only the characters 0-9 and a-v"));
    for (text, part) in [
        ("", "is empty"),
        ("3000", "`malai share 3000`"),
        ("127.0.0.1:3000", "is an address"),
        ("localhost:3000", "is an address"),
        ("[::1]:3000", "is an address"),
        ("https://example.org/", "web address"),
        ("ftp://example.org/", "starts with malai://"),
        ("alice/shop/x", "one service"),
        ("alice/Shop", "`Shop` is not a name"),
        ("Alice", "`Alice` is not a peer"),
        ("a b", "is not a peer"),
        ("abc.localhost", "52 characters, this has 3"),
    ] {
        assert!(refusal(text).contains(part), "{text}: {}", refusal(text));
    }
    for (query, part) in [
        ("a=1.2.3.4", "address"),
        ("r=x", "relay"),
        ("k=", "invite"),
        ("k=%00", "invite"),
    ] {
        let text = format!("malai://{ID52}/shop?{query}");
        assert!(refusal(&text).contains(part), "{text}");
    }
    assert!(refusal(&"a".repeat(5000)).contains("too long"));
}

#[test]
fn debug_and_errors_never_show_the_invite() {
    let link: ShareLink = format!("malai://{ID52}/shop?k=s3cret").parse().unwrap();
    assert!(!format!("{link:?} {:?}", BridgeTarget::from(link.clone())).contains("s3cret"));
    for damaged in [
        format!("malai://{ID52}/Shop?k=s3cret"),
        format!("malai://{ID52}?k=s3cret!"),
        format!("{ID52}/shop?k=s3cret"),
    ] {
        assert!(!refusal(&damaged).contains("s3cret"));
    }
}

prop_compose! {
    fn links()(
        seed in any::<[u8; 32]>(),
        service in option::of("[a-z0-9][a-z0-9-]{0,62}"),
        addresses in collection::vec(any::<SocketAddr>(), 0..4),
        relay in option::of("https?://[a-z]{1,9}\\.example(:[1-9][0-9]{0,3})?/[a-z&+%=é]{0,5}"),
        name in option::of("[a-z0-9][a-z0-9-]{0,40}"),
        invite in option::of("[A-Za-z0-9_~-]{1,64}"),
    ) -> ShareLink {
        let without_scope = |address: SocketAddr| SocketAddr::new(address.ip(), address.port());
        ShareLink {
            peer: fastn_p2p::SecretKey::from_bytes(seed).public(),
            service: service.unwrap_or_default(),
            addresses: addresses.into_iter().map(without_scope).collect(),
            relay: relay.map(|relay| relay.parse().unwrap()),
            name: name.filter(|name| check_pet_name(name).is_ok()),
            invite,
        }
    }
}

proptest! {
    #[test]
    fn links_round_trip(link in links()) {
        prop_assume!(check_name(&link.service).is_ok() || link.service.is_empty());
        prop_assert_eq!(&link.to_string().parse::<ShareLink>().unwrap(), &link);
        // Where a bridge leads is not changed by what anybody wants to be called.
        let target = BridgeTarget::from(link);
        prop_assert_eq!(&target.to_string().parse::<BridgeTarget>().unwrap(), &target);
    }

    #[test]
    fn targets_round_trip(text in "[a-z0-9]{1,8}(\\.[a-z]{2,5})?(/[a-z0-9]{1,8})?") {
        if let Ok(target) = text.parse::<BridgeTarget>() {
            prop_assert_eq!(target.to_string().parse::<BridgeTarget>().unwrap(), target);
        }
    }

    #[test]
    fn never_panics(text in any::<String>(), query in "[aknr=&%0-9a-f:?#/.\\[\\]é]{0,40}") {
        drop(text.parse::<BridgeTarget>());
        drop(text.parse::<ShareLink>());
        drop(format!("malai://{ID52}{query}").parse::<BridgeTarget>());
        drop(format!("{query}.localhost").parse::<BridgeTarget>());
    }
}

#[test]
fn a_name_of_digits_is_written_so_that_it_is_no_port() {
    let target: BridgeTarget = "3000/".parse().unwrap();
    assert_eq!(target.to_string(), "3000/");
    assert_eq!(target.to_string().parse(), Ok(target));
}

#[test]
fn a_name_of_this_machine_is_no_domain() {
    for text in ["shop.localhost/", "a.b.LOCALHOST/shop"] {
        let error = text.parse::<BridgeTarget>().unwrap_err();
        assert_eq!(
            error,
            LinkError::MachineAddress(text.split('/').next().unwrap().to_owned())
        );
    }
}
