//! `malai services`: what a peer lets us use, and no word about anything else.

use anyhow::{Context, Result};
use e2e::{Control, Finished, Home, OFFLINE, Origin, client};
use hyper::StatusCode;
use serde_json::{Value, json};

/// The services of `peer` as `home` hears of them.
async fn services(home: &Home, peer: &str) -> Result<Finished> {
    home.run(&["services", peer, "--json"]).await
}

fn code(finished: &Finished) -> Result<Value> {
    let line = finished.stdout.lines().last().unwrap_or_default();
    let event: Value = serde_json::from_str(line).context("no error event")?;
    Ok(event["code"].clone())
}

#[tokio::test]
async fn a_peer_hears_of_exactly_what_it_may_use() -> Result<()> {
    let origin = Origin::start().await?;
    let (guest, stranger) = (Home::new()?, Home::new()?);
    let (id, upstream) = (guest.id().await?, origin.address());
    let home = Home::with_config(&format!(
        "{OFFLINE}\n[service.books]\nupstream = \"{upstream}\"\nprotocol = \"tcp\"\nallow = [\"bob\"]\n\n\
         [service.old]\nupstream = \"{upstream}\"\nallow = [\"bob\"]\nactive = false\n\n\
         [service.secret]\nupstream = \"{upstream}\"\n\n\
         [service.shop]\nupstream = \"{upstream}\"\n\n\
         [peer.bob]\nid = \"{id}\"\n"
    ))?;
    let serve = home.start(&["serve", "--json"])?;
    let shared = serve
        .event_where("shared", |event| event["service"] == "shop")
        .await?;
    let link = shared["link"].as_str().context("no link")?;
    let peer = shared["id52"].as_str().context("no id52")?;
    let guest_engine = guest.start(&["serve", "--json"])?;
    guest_engine.event("identity").await?;
    let stranger_engine = stranger.start(&["serve", "--json"])?;
    stranger_engine.event("identity").await?;

    let books = json!([{"name": "books", "protocol": "tcp", "up": true}]);
    let heard = services(&guest, link).await?.json()?;
    assert_eq!(heard["services"], books);
    assert_eq!(heard["peer"], peer);
    // A stranger: the same for a service that is there, for one that is not, and for none.
    for named in [
        link.to_owned(),
        link.replace("/shop?", "/nothing?"),
        link.replace("/shop?", "/?"),
    ] {
        let refused = services(&stranger, &named).await?;
        assert_eq!((refused.code, code(&refused)?), (4, json!("not-permitted")));
    }

    // A link with an invite adds its service, here as for whoever opens a bridge.
    let invited = home.run(&["invite", "shop", "--once", "--json"]).await?;
    let invited = invited.json()?;
    let invited = invited["link"].as_str().context("no link")?;
    let both = json!([
        {"name": "books", "protocol": "tcp", "up": true},
        {"name": "shop", "protocol": "http", "up": true}
    ]);
    assert_eq!(services(&guest, invited).await?.json()?["services"], both);
    // Used up: what the guest has it keeps, and nobody else gets any.
    assert_eq!(services(&guest, link).await?.json()?["services"], both);
    assert_eq!(services(&stranger, invited).await?.code, 4);
    Ok(())
}

#[tokio::test]
async fn a_peer_hears_what_a_service_is_and_whether_it_is_up() -> Result<()> {
    let origin = Origin::start().await?;
    let (up, down) = (origin.address(), e2e::dead_address().await?);
    let (guest, stranger) = (Home::new()?, Home::new()?);
    let id = guest.id().await?;
    let home = Home::with_config(&format!(
        "{OFFLINE}\n[service.old]\nupstream = \"{down}\"\nallow = [\"{id}\"]\n\n\
         [service.secret]\nupstream = \"{up}\"\ndescription = \"for nobody\"\n"
    ))?;
    let serve = home.start(&["serve", "--json"])?;
    serve.event("identity").await?;
    let mut control = Control::connect(&home).await?;
    let share = json!({
        "request": "share", "upstream": [up.to_string()], "name": "shop", "allow": [id],
        "description": "Our web shop",
    });
    let shared = control.get(&share).await?;
    let link = shared["service"]["link"].as_str().context("no link")?;
    let engines = [&guest, &stranger].map(|it| it.start(&["serve", "--json"]));
    let [guest_engine, stranger_engine] = engines;
    let (guest_engine, stranger_engine) = (guest_engine?, stranger_engine?);
    guest_engine.event("identity").await?;
    stranger_engine.event("identity").await?;

    let heard = services(&guest, link).await?.json()?;
    let wanted = json!([
        {"name": "old", "protocol": "http", "up": false},
        {"name": "shop", "protocol": "http", "description": "Our web shop", "up": true},
    ]);
    assert_eq!(heard["services"], wanted);
    let table = guest.run(&["services", link]).await?.stdout;
    assert!(table.contains("\tup\tOur web shop\n"), "{table}");
    let refused = services(&stranger, link).await?;
    assert_eq!((refused.code, code(&refused)?), (4, json!("not-permitted")));
    let said = format!("{}{}", refused.stdout, refused.stderr);
    assert!(!said.contains("web shop"), "{said}");

    // Another description, and none: what is kept, too.
    for (service, text) in [
        ("shop", "Closed on Sundays"),
        ("old", "The \u{1f6d2} before"),
    ] {
        let describe = json!({"request": "describe", "service": service, "description": text});
        control.get(&describe).await?;
    }
    assert!(
        home.config()?
            .contains("description = \"The \u{1f6d2} before\"")
    );
    let heard = services(&guest, link).await?.json()?;
    assert_eq!(heard["services"][0]["description"], "The \u{1f6d2} before");
    assert_eq!(heard["services"][1]["description"], "Closed on Sundays");
    let none = json!({"request": "describe", "service": "shop"});
    control.get(&none).await?;
    let heard = services(&guest, link).await?.json()?;
    assert_eq!(heard["services"][1]["description"], Value::Null);
    for wrong in ["two\nlines", &"a".repeat(201)] {
        let wrong = json!({"request": "describe", "service": "shop", "description": wrong});
        assert_eq!(control.refused(&wrong).await?, "argument-invalid");
    }
    let unknown = json!({"request": "describe", "service": "nothing", "description": "x"});
    assert_eq!(control.refused(&unknown).await?, "name-unknown");
    Ok(())
}

#[tokio::test]
async fn describing_a_service_leaves_its_connections_alone() -> Result<()> {
    let origin = Origin::start().await?;
    let pair = e2e::Pair::configured(origin.address(), "").await?;
    let mut kept = client::Connection::open(pair.local).await?;
    let first = kept.get(&pair.url("/sized")).await?;
    let mut control = Control::connect(&pair.share_home).await?;
    let describe = json!({"request": "describe", "service": "shop", "description": "Our shop"});
    control.get(&describe).await?;
    let again = kept.get(&pair.url("/sized")).await?;
    assert_eq!(
        (first.status, again.status),
        (StatusCode::OK, StatusCode::OK)
    );
    let status = control.get(&json!({"request": "status"})).await?;
    assert_eq!(status["services"][0]["traffic"]["requests"], 2, "{status}");
    Ok(())
}

#[tokio::test]
async fn whoever_cannot_be_asked_has_the_right_exit_code() -> Result<()> {
    let (home, gone) = (Home::new()?, Home::new()?);
    let nobody = services(&home, "alice").await?;
    assert_eq!((nobody.code, code(&nobody)?), (3, json!("not-running")));
    let engine = home.start(&["serve", "--json"])?;
    let id = engine.event("identity").await?["id52"].clone();
    let id = id.as_str().context("no id52")?;
    let unknown = services(&home, "alice").await?;
    assert_eq!((unknown.code, code(&unknown)?), (1, json!("peer-unknown")));
    let ourselves = services(&home, id).await?;
    assert_eq!(code(&ourselves)?, "argument-invalid");
    let offline = services(&home, &gone.id().await?).await?;
    assert_eq!(
        (offline.code, code(&offline)?),
        (5, json!("peer-unreachable"))
    );
    let wrong = home.run(&["invite", "shop", "--json"]).await?;
    assert_eq!(code(&wrong)?, "name-unknown");
    Ok(())
}

#[tokio::test]
async fn a_bridge_knows_its_way_before_the_first_request() -> Result<()> {
    let origin = Origin::start().await?;
    let pair = e2e::Pair::http(origin.address()).await?;
    let told = pair
        .bridge
        .event_where("peer", |event| event["state"] == "direct")
        .await?;
    assert_eq!(told["peer"], pair.share_id.as_str());
    assert!(
        told["rtt_ms"].as_f64().is_some_and(|rtt| rtt > 0.0),
        "{told}"
    );
    assert_eq!(origin.requests(), Vec::<String>::new());
    Ok(())
}
