//! Another key for the same identity, and who follows.

use std::{
    net::{SocketAddr, UdpSocket},
    sync::atomic::{AtomicU64, Ordering},
};

use anyhow::{Context, Result, ensure};
use e2e::{Home, Malai, Origin, client, wait_until, within};
use hyper::StatusCode;
use iroh::{
    Endpoint, EndpointAddr, EndpointId, RelayMode, SecretKey,
    endpoint::{Connection, presets},
};
use nix::sys::signal::Signal;
use serde_json::{Value, json};

/// One identity with a UDP port of its own, which it keeps over restarts.
struct Person {
    home: Home,
    id: String,
    address: SocketAddr,
}

impl Person {
    async fn new() -> Result<Self> {
        let home = Home::new()?;
        let id = home.id().await?;
        let socket = UdpSocket::bind("127.0.0.1:0")?;
        let address = socket.local_addr()?;
        Ok(Self { home, id, address })
    }

    /// How others write this person down.
    fn as_peer(&self, name: &str) -> String {
        let (id, address) = (&self.id, self.address);
        format!("\n[peer.{name}]\nid = \"{id}\" # met by phone\naddresses = [\"{address}\"]\n")
    }

    fn configure(&self, rest: &str) -> Result<()> {
        let address = self.address;
        self.home.configure(&format!(
            "version = 1\n\n[network]\nrelay = \"none\"\nlookup = []\nbind = \"{address}\"\n{rest}"
        ))
    }

    async fn serve(&self) -> Result<(Malai, String)> {
        let serve = self.home.start(&["serve", "--json"])?;
        let identity = serve.event("identity").await?;
        let id = identity["id52"].as_str().context("no id52")?.to_owned();
        Ok((serve, id))
    }
}

fn service(name: &str, origin: &Origin, allow: &str) -> String {
    let upstream = origin.address();
    format!("\n[service.{name}]\nupstream = \"{upstream}\"\nallow = [\"{allow}\"]\n")
}

fn bridge(name: &str, to: &str) -> String {
    format!("\n[bridge.{name}]\nto = \"{to}\"\n")
}

/// Where a bridge to `service` listens.
async fn bridged(engine: &Malai, service: &str) -> Result<String> {
    let bridged = engine
        .event_where("bridged", |event| event["service"] == service)
        .await?;
    Ok(bridged["url"].as_str().context("no url")?.to_owned())
}

async fn status_of(url: &str) -> Result<StatusCode> {
    Ok(client::get(&format!("{url}sized")).await?.status)
}

fn rotations(engine: &Malai) -> Vec<Value> {
    let events = engine.events().into_iter();
    events.filter(|event| event["event"] == "rotated").collect()
}

async fn end(mut engine: Malai) -> Result<()> {
    engine.signal(Signal::SIGTERM)?;
    engine.exit().await?;
    Ok(())
}

/// Gives `person` a new key while its engine runs, and starts it anew; returns the new id52.
async fn rotate(person: &Person, engine: Malai) -> Result<(Malai, String)> {
    let rotated = person.home.run(&["rotate", "--json"]).await?;
    let told = rotated.json()?;
    assert_eq!(told["former"], person.id.as_str());
    assert!(rotated.stderr.contains("start malai anew"), "{rotated:?}");
    end(engine).await?;
    let (engine, id) = person.serve().await?;
    assert_eq!(told["id52"], id.as_str());
    assert_ne!(id, person.id);
    Ok((engine, id))
}

#[tokio::test]
async fn a_known_peer_follows_and_the_old_key_may_do_nothing() -> Result<()> {
    let (alice, bob, carol) = (
        Person::new().await?,
        Person::new().await?,
        Person::new().await?,
    );
    let (shop, books) = (Origin::start().await?, Origin::start().await?);
    alice.configure(
        &[
            service("shop", &shop, "bob"),
            bob.as_peer("bob"),
            carol.as_peer("carol"),
            bridge("books", "bob/books"),
        ]
        .concat(),
    )?;
    bob.configure(
        &[
            alice.as_peer("alice"),
            service("books", &books, "alice"),
            service("open", &books, "anyone"),
            service("literal", &books, &alice.id),
            bridge("shop", "alice/shop"),
        ]
        .concat(),
    )?;
    carol.configure("")?;
    let (alice_serves, _) = alice.serve().await?;
    let (bob_serves, _) = bob.serve().await?;
    let (carol_serves, _) = carol.serve().await?;
    let url = bridged(&bob_serves, "shop").await?;
    assert_eq!(status_of(&url).await?, StatusCode::OK);

    let (alice_serves, new) = rotate(&alice, alice_serves).await?;
    let told = bob_serves.event("rotated").await?;
    let expected = json!({"event": "rotated", "peer": new, "former": alice.id, "name": "alice"});
    assert_eq!(told, expected);

    // Both ways: bob's bridge leads to the new key at its old port, and the new key is let in.
    assert_eq!(status_of(&url).await?, StatusCode::OK);
    let books_url = bridged(&alice_serves, "books").await?;
    assert_eq!(status_of(&books_url).await?, StatusCode::OK);
    let written = bob.home.config()?;
    assert!(written.contains("# met by phone"), "{written}");
    assert!(
        written.contains(&format!("former = [\"{}\"]", alice.id)),
        "{written}"
    );
    assert_eq!(written.matches(&new).count(), 2, "{written}");
    assert_eq!(written.matches(&alice.id).count(), 1, "{written}");
    let peers = bob.home.run(&["peers", "--json"]).await?.json()?;
    assert_eq!(peers["peers"][0]["former"], json!([alice.id]));
    assert!(peers["peers"][0]["rotated"].is_u64(), "{peers}");
    let peers = bob.home.run(&["peers"]).await?;
    assert!(peers.stdout.contains("new key since"), "{peers:?}");

    // Whoever has the old key yet is nobody, even where everybody may come.
    let thief = Person::new().await?;
    let retired = format!("identity.key.{}.retired", alice.id);
    let retired = alice.home.path(&retired).display().to_string();
    let taken = thief
        .home
        .run(&["import", "--replace", "--file", &retired])
        .await?;
    assert_eq!(taken.stdout.trim(), alice.id);
    let bridges = ["books", "open", "literal"].map(|name| bridge(name, &format!("bob/{name}")));
    thief.configure(&[bob.as_peer("bob"), bridges.concat()].concat())?;
    let (thief_serves, _) = thief.serve().await?;
    for name in ["books", "open", "literal"] {
        let url = bridged(&thief_serves, name).await?;
        assert_eq!(status_of(&url).await?, StatusCode::FORBIDDEN, "{name}");
    }

    // Carol was told, too, and knows nobody of that name.
    let kept = || async {
        let text = std::fs::read_to_string(alice.home.path("state/rotations.json"))?;
        let kept: Value = serde_json::from_str(&text)?;
        let delivered = kept["delivered"].as_array().map_or(0, Vec::len);
        Ok(delivered == 2)
    };
    wait_until("both to have heard", kept).await?;
    assert_eq!(rotations(&carol_serves), Vec::<Value>::new());
    assert!(!carol.home.config()?.contains(&new));
    assert_eq!(rotations(&bob_serves).len(), 1);
    Ok(())
}

#[tokio::test]
async fn a_peer_that_was_away_follows_over_two_keys_when_it_comes_back() -> Result<()> {
    let (alice, bob) = (Person::new().await?, Person::new().await?);
    let origin = Origin::start().await?;
    alice.configure(&[service("shop", &origin, "bob"), bob.as_peer("bob")].concat())?;
    bob.configure(&[alice.as_peer("alice"), bridge("shop", "alice/shop")].concat())?;
    // Without an engine, and the second time without a trace of the key before.
    let first = alice.home.run(&["rotate", "--json"]).await?.json()?;
    let second = alice
        .home
        .run(&["rotate", "--forget-old", "--json"])
        .await?;
    let second = second.json()?;
    assert_eq!(first["id52"], second["former"]);
    assert!(second["notice"].is_null(), "{second}");
    let (_alice_serves, id) = alice.serve().await?;
    assert_eq!(second["id52"], id.as_str());

    let (bob_serves, _) = bob.serve().await?;
    let told = bob_serves.event("rotated").await?;
    assert_eq!(
        (&told["peer"], &told["former"]),
        (&second["id52"], &first["id52"])
    );
    let url = bridged(&bob_serves, "shop").await?;
    assert_eq!(status_of(&url).await?, StatusCode::OK);
    let peers = bob.home.run(&["peers", "--json"]).await?.json()?;
    assert_eq!(
        peers["peers"][0]["former"],
        json!([alice.id, first["id52"]])
    );
    Ok(())
}

/// A key of the test's own.
fn key(seed: u8) -> SecretKey {
    SecretKey::from_bytes(&[seed; 32])
}

/// The id52 of 32 bytes: base32hex without padding.
fn id52(bytes: &[u8; 32]) -> String {
    let mut bits = bytes
        .iter()
        .flat_map(|byte| (0..8).rev().map(move |bit| byte >> bit & 1));
    let digit = |_| {
        let value = (0..5).fold(0, |value, _| {
            value << 1 | u32::from(bits.next().unwrap_or(0))
        });
        char::from_digit(value, 32).unwrap_or('?')
    };
    (0..52).map(digit).collect()
}

fn id_of(key: &SecretKey) -> String {
    id52(key.public().as_bytes())
}

/// A statement that `new` takes the place of `old`, signed by these keys.
fn statement(old: &SecretKey, new: &SecretKey, signers: [&SecretKey; 2]) -> Value {
    let message = [
        b"malai rotation v1".as_slice(),
        old.public().as_bytes(),
        new.public().as_bytes(),
        &7_u64.to_be_bytes(),
    ]
    .concat();
    let sign = |key: &SecretKey| {
        let bytes = key.sign(&message).to_bytes();
        bytes
            .iter()
            .map(|byte| format!("{byte:02x}"))
            .collect::<String>()
    };
    json!({
        "old": id_of(old), "new": id_of(new), "time": 7,
        "old_signature": sign(signers[0]), "new_signature": sign(signers[1]),
    })
}

/// The bytes of an id52.
fn bytes_of(id52: &str) -> Result<[u8; 32]> {
    let mut bits = id52.chars().filter_map(|digit| digit.to_digit(32));
    let mut bits = bits
        .by_ref()
        .flat_map(|value| (0..5).rev().map(move |bit| value >> bit & 1));
    let byte = |_| (0..8).fold(0, |byte, _| byte << 1 | bits.next().unwrap_or(0));
    let bytes: Vec<u8> = (0..32)
        .map(byte)
        .map(u8::try_from)
        .collect::<Result<_, _>>()?;
    bytes
        .try_into()
        .map_err(|_| anyhow::anyhow!("not 32 bytes"))
}

async fn connection(as_whom: &SecretKey, to: &Person) -> Result<(Endpoint, Connection)> {
    let endpoint = Endpoint::builder(presets::Minimal)
        .secret_key(as_whom.clone())
        .relay_mode(RelayMode::Disabled)
        .bind()
        .await?;
    let id = EndpointId::from_bytes(&bytes_of(&to.id)?)?;
    let whole = EndpointAddr::new(id).with_ip_addr(to.address);
    let connecting = endpoint.connect(whole, b"/malai/p2p/1");
    let connection = within("a connection", connecting).await??;
    Ok((endpoint, connection))
}

/// What `to` answers when `as_whom` says these statements.
async fn say(as_whom: &SecretKey, to: &Person, statements: &[Value]) -> Result<Vec<u8>> {
    let (endpoint, connection) = connection(as_whom, to).await?;
    let open = json!({"protocol": "malai/rotation/1", "open": {"statements": statements}});
    let text = open.to_string();
    let (mut send, mut receive) = connection.open_bi().await?;
    send.write_all(&u32::try_from(text.len())?.to_be_bytes())
        .await?;
    send.write_all(text.as_bytes()).await?;
    send.finish()?;
    let answer = within("an answer", receive.read_to_end(10_000)).await??;
    endpoint.close().await;
    Ok(answer)
}

#[tokio::test]
async fn what_is_forged_changes_nothing_and_looks_like_what_is_not() -> Result<()> {
    static TIMES: AtomicU64 = AtomicU64::new(0);
    let (old, new, other) = (key(1), key(2), key(3));
    let bob = Person::new().await?;
    let alice = format!("\n[peer.alice]\nid = \"{}\"\n", id_of(&old));
    bob.configure(&alice)?;
    let (serves, _) = bob.serve().await?;
    let right = statement(&old, &new, [&old, &new]);
    let strangers = statement(&key(8), &new, [&key(8), &new]);
    let forged = [
        // Of nobody whom bob knows.
        (&new, vec![strangers]),
        // Not signed by the old key, not by the new one, by neither.
        (&other, vec![statement(&old, &other, [&other, &other])]),
        (&new, vec![statement(&old, &new, [&old, &other])]),
        (&other, vec![statement(&old, &other, [&key(8), &key(9)])]),
        // Right, but not for who says it.
        (&other, vec![right.clone()]),
        (&old, vec![right.clone()]),
        // The other way round: the new key gives itself up for the old one.
        (&old, vec![statement(&new, &old, [&old, &new])]),
        // With a gap, and with nothing.
        (
            &other,
            vec![right.clone(), statement(&key(8), &other, [&key(8), &other])],
        ),
        (&new, vec![]),
    ];
    let noted = say(&new, &bob, &[]).await?;
    ensure!(noted.first() == Some(&0), "not accepted: {noted:?}");
    for (as_whom, statements) in &forged {
        let time = TIMES.fetch_add(1, Ordering::Relaxed);
        assert_eq!(say(as_whom, &bob, statements).await?, noted, "{time}");
    }
    assert!(
        bob.home.config()?.ends_with(&alice),
        "{}",
        bob.home.config()?
    );

    // What is said is looked at in order: when the right one has been heard, so have all before.
    assert_eq!(say(&new, &bob, std::slice::from_ref(&right)).await?, noted);
    let told = serves.event("rotated").await?;
    assert_eq!(told["peer"], id_of(&new).as_str());
    let after = bob.home.config()?;
    // Again; by the old key for another one; and back.
    let thief = statement(&old, &other, [&old, &other]);
    let back = statement(&new, &old, [&new, &old]);
    for (as_whom, statements) in [(&new, right), (&other, thief), (&old, back)] {
        assert_eq!(say(as_whom, &bob, &[statements]).await?, noted);
    }
    let last = statement(&new, &key(4), [&new, &key(4)]);
    assert_eq!(say(&key(4), &bob, &[last]).await?, noted);
    let told = serves
        .event_where("rotated", |event| event["peer"] == id_of(&key(4)).as_str())
        .await?;
    assert_eq!(told["former"], id_of(&new).as_str());
    assert_eq!(rotations(&serves).len(), 2, "{}", serves.said());
    assert!(!after.contains(&id_of(&other)) && !bob.home.config()?.contains(&id_of(&other)));
    Ok(())
}

#[tokio::test]
async fn saying_it_opens_nothing_else() -> Result<()> {
    let bob = Person::new().await?;
    bob.configure("")?;
    let (mut serves, _) = bob.serve().await?;
    let (endpoint, connection) = connection(&key(2), &bob).await?;
    // Too much at once is asked to come again, in the same words whatever it says.
    let open = json!({"protocol": "malai/rotation/1", "open": {"statements": []}}).to_string();
    let mut answers = Vec::new();
    for _ in 0..40 {
        let (mut send, mut receive) = connection.open_bi().await?;
        send.write_all(&u32::try_from(open.len())?.to_be_bytes())
            .await?;
        send.write_all(open.as_bytes()).await?;
        send.finish()?;
        answers.push(within("an answer", receive.read_to_end(10_000)).await??);
    }
    answers.sort();
    answers.dedup();
    assert!(answers.len() <= 2, "{answers:?}");
    assert!(serves.is_running()?);
    endpoint.close().await;
    Ok(())
}
