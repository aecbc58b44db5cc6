//! `malai serve --ui`, asked by something that is no browser and tells what it likes.

use std::net::SocketAddr;

use anyhow::{Context, Result};
use e2e::{Home, Malai, Origin, Pair, client, client::Reply, wait_until};
use hyper::{Request, StatusCode, body::Incoming};
use nix::sys::signal::Signal;
use serde_json::{Value, json};

/// A web UI and how to speak to it.
struct Ui {
    serve: Malai,
    address: SocketAddr,
    token: String,
    _home: Home,
}

impl Ui {
    async fn start() -> Result<Self> {
        Self::at("127.0.0.1:0").await
    }

    async fn at(address: &str) -> Result<Self> {
        let home = Home::new()?;
        let serve = home.start(&["serve", "--ui", address, "--json"])?;
        let (address, token) = url_of(&serve.event("ui").await?)?;
        Ok(Self {
            serve,
            address,
            token,
            _home: home,
        })
    }

    fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    async fn send(&self, request: RequestBuilder, body: &str) -> Result<Reply> {
        client::send(request.body(client::full(body.to_owned()))?).await
    }

    fn get(&self, path: &str) -> RequestBuilder {
        Request::get(self.url(path))
    }

    fn post(&self, path: &str) -> RequestBuilder {
        Request::post(self.url(path)).header("content-type", "application/json")
    }

    async fn exchange(&self, token: &str) -> Result<Reply> {
        let body = json!({"token": token}).to_string();
        self.send(self.post("/api/session"), &body).await
    }

    /// Signs in; the cookie.
    async fn sign_in(&self) -> Result<String> {
        let reply = self.exchange(&self.token).await?;
        assert_eq!(reply.status, StatusCode::NO_CONTENT, "{reply:?}");
        let cookie = reply.header("set-cookie");
        let cookie = cookie.split(';').next().unwrap_or_default();
        Ok(cookie.to_owned())
    }

    async fn ask(&self, cookie: &str, request: &Value) -> Result<Reply> {
        let post = self.post("/api/dispatch").header("cookie", cookie);
        self.send(post, &request.to_string()).await
    }

    /// The stream of events.
    async fn events(&self, cookie: &str) -> Result<Events> {
        let request = self.get("/api/events").header("cookie", cookie);
        let response = client::open(request.body(client::empty())?).await?;
        assert_eq!(response.status(), StatusCode::OK);
        assert_eq!(response.headers()["content-type"], "text/event-stream");
        Ok(Events {
            body: response.into_body(),
            text: String::new(),
        })
    }
}

type RequestBuilder = hyper::http::request::Builder;

struct Events {
    body: Incoming,
    text: String,
}

impl Events {
    /// The next event; `None` at the end of the stream.
    async fn next(&mut self) -> Result<Option<Value>> {
        loop {
            if let Some((block, rest)) = self.text.split_once("\n\n") {
                let data = block.strip_prefix("data: ").map(serde_json::from_str);
                self.text = rest.to_owned();
                match data {
                    Some(event) => return Ok(Some(event?)),
                    None => continue,
                }
            }
            match client::piece(&mut self.body).await? {
                Some(piece) => self.text.push_str(&piece),
                None => return Ok(None),
            }
        }
    }

    async fn first(&mut self, matches: impl Fn(&Value) -> bool) -> Result<Value> {
        while let Some(event) = self.next().await? {
            if matches(&event) {
                return Ok(event);
            }
        }
        anyhow::bail!("the stream ended first")
    }
}

fn url_of(event: &Value) -> Result<(SocketAddr, String)> {
    let url = event["url"].as_str().context("an event without url")?;
    let rest = url.strip_prefix("http://").context("no http")?;
    let (address, token) = rest.split_once("/#token=").context("no token")?;
    Ok((address.parse()?, token.to_owned()))
}

fn code(reply: &Reply) -> Result<String> {
    let json = reply.json()?;
    Ok(json["code"].as_str().unwrap_or_default().to_owned())
}

#[tokio::test]
async fn a_token_opens_one_session_and_is_used_up() -> Result<()> {
    let ui = Ui::start().await?;
    assert!(ui.token.len() >= 22, "fewer than 128 bits: {}", ui.token);
    let wrong = ui.exchange("x").await?;
    assert_eq!(wrong.status, StatusCode::UNAUTHORIZED);
    assert_eq!(wrong.header("set-cookie"), "");

    let reply = ui.exchange(&ui.token).await?;
    assert_eq!(reply.status, StatusCode::NO_CONTENT, "{reply:?}");
    let cookie = reply.header("set-cookie").to_owned();
    let port = ui.address.port();
    assert!(cookie.starts_with(&format!("malai-ui-{port}=")), "{cookie}");
    for flag in ["HttpOnly", "SameSite=Strict", "Path=/"] {
        assert!(cookie.contains(flag), "{cookie}");
    }
    assert_eq!(
        ui.exchange(&ui.token).await?.status,
        StatusCode::UNAUTHORIZED
    );

    // The next URL is told, and opens a second session beside the first.
    let used = ui.token.clone();
    let next = ui
        .serve
        .event_where("ui", |event| !event.to_string().contains(&used))
        .await?;
    let (_, token) = url_of(&next)?;
    let again = ui.exchange(&token).await?;
    assert_eq!(again.status, StatusCode::NO_CONTENT);
    let cookie = cookie.split(';').next().unwrap_or_default();
    let reply = ui.ask(cookie, &json!({"request": "identity"})).await?;
    assert_eq!(reply.json()?["response"], "identity");
    Ok(())
}

#[tokio::test]
async fn wrong_tokens_have_a_rate() -> Result<()> {
    let ui = Ui::start().await?;
    wait_until("the rate's end", || async {
        let reply = ui.exchange("x").await?;
        Ok(reply.status == StatusCode::TOO_MANY_REQUESTS)
    })
    .await?;
    wait_until("another try", || async {
        Ok(ui.exchange(&ui.token).await?.status == StatusCode::NO_CONTENT)
    })
    .await
}

#[tokio::test]
async fn without_a_session_there_is_nothing_but_the_page() -> Result<()> {
    let ui = Ui::start().await?;
    let foreign = format!("malai-ui-{}={}", ui.address.port(), "A".repeat(43));
    let wrong_name = format!("malai-ui={}", ui.token);
    for cookie in ["", &foreign, &wrong_name] {
        let asked = ui.ask(cookie, &json!({"request": "identity"})).await?;
        assert_eq!(asked.status, StatusCode::UNAUTHORIZED, "{cookie}");
        assert_eq!(code(&asked)?, "no-session");
        for path in ["/api/events", "/api/session"] {
            let reply = ui.send(ui.get(path).header("cookie", cookie), "").await?;
            assert_eq!(reply.status, StatusCode::UNAUTHORIZED, "{path} {cookie}");
        }
    }
    let cookie = ui.sign_in().await?;
    let signed_in = ui.get("/api/session").header("cookie", &cookie);
    let reply = ui.send(signed_in, "").await?;
    assert_eq!(reply.status, StatusCode::NO_CONTENT);
    Ok(())
}

#[tokio::test]
async fn other_names_and_other_pages_are_refused() -> Result<()> {
    let ui = Ui::start().await?;
    let cookie = ui.sign_in().await?;
    let port = ui.address.port();
    let own = ui.address.to_string();
    let ask = |name: &'static str, value: String| {
        let post = ui.post("/api/dispatch").header("cookie", &cookie);
        let post = post.header(name, value);
        let ui = &ui;
        async move { Ok::<_, anyhow::Error>(ui.send(post, r#"{"request":"identity"}"#).await?.status) }
    };
    for host in [
        "evil.test".to_owned(),
        format!("evil.test:{port}"),
        "127.0.0.1:1".to_owned(),
    ] {
        assert_eq!(ask("host", host).await?, StatusCode::MISDIRECTED_REQUEST);
    }
    for origin in [
        "http://evil.test".to_owned(),
        "null".to_owned(),
        "http://127.0.0.1:1".to_owned(),
        format!("https://{own}"),
    ] {
        assert_eq!(ask("origin", origin).await?, StatusCode::FORBIDDEN);
    }
    for site in ["cross-site", "same-site"] {
        let status = ask("sec-fetch-site", site.to_owned()).await?;
        assert_eq!(status, StatusCode::FORBIDDEN);
    }
    assert_eq!(
        ask("origin", format!("http://{own}")).await?,
        StatusCode::OK
    );
    // A page of its own that is framed or fetched by another one is refused, too.
    let page = ui.get("/").header("sec-fetch-site", "cross-site");
    assert_eq!(ui.send(page, "").await?.status, StatusCode::FORBIDDEN);
    Ok(())
}

#[tokio::test]
async fn takes_json_of_a_bounded_size() -> Result<()> {
    let ui = Ui::start().await?;
    let cookie = ui.sign_in().await?;
    let asked = r#"{"request":"identity"}"#;
    for kind in [
        "text/plain",
        "application/x-www-form-urlencoded",
        "multipart/form-data",
    ] {
        let post = Request::post(ui.url("/api/dispatch"));
        let post = post.header("content-type", kind).header("cookie", &cookie);
        let reply = ui.send(post, asked).await?;
        assert_eq!(reply.status, StatusCode::UNSUPPORTED_MEDIA_TYPE, "{kind}");
    }
    let post = || ui.post("/api/dispatch").header("cookie", &cookie);
    let garbage = ui.send(post(), "{").await?;
    assert_eq!(garbage.status, StatusCode::BAD_REQUEST);
    assert_eq!(code(&garbage)?, "request-invalid");
    let large = json!({"request": "qr", "text": "x".repeat(70_000)});
    let large = ui.send(post(), &large.to_string()).await?;
    assert_eq!(large.status, StatusCode::PAYLOAD_TOO_LARGE);
    assert_eq!(ui.send(post(), asked).await?.status, StatusCode::OK);
    // What the engine refuses is an answer like any other.
    let reply = ui
        .ask(&cookie, &json!({"request": "stop", "name": "x"}))
        .await?;
    assert_eq!(reply.status, StatusCode::OK);
    assert_eq!(code(&reply)?, "name-unknown");
    Ok(())
}

#[tokio::test]
async fn serves_its_files_with_a_strict_policy_and_no_others() -> Result<()> {
    let ui = Ui::start().await?;
    let page = client::get(&ui.url("/")).await?;
    assert_eq!(page.status, StatusCode::OK);
    assert_eq!(page.header("content-type"), "text/html; charset=utf-8");
    let refused = ui.exchange("x").await?;
    let missing = client::get(&ui.url("/nothing")).await?;
    assert_eq!(missing.status, StatusCode::NOT_FOUND);
    for reply in [&page, &refused, &missing] {
        assert_eq!(
            reply.header("content-security-policy"),
            "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; \
             connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
        );
        assert_eq!(reply.header("x-content-type-options"), "nosniff");
        assert_eq!(reply.header("referrer-policy"), "no-referrer");
        assert_eq!(reply.header("access-control-allow-origin"), "");
    }
    let again = ui.get("/").header("if-none-match", page.header("etag"));
    let again = ui.send(again, "").await?;
    assert_eq!(again.status, StatusCode::NOT_MODIFIED);
    assert!(again.body.is_empty());
    for path in [
        "/../Cargo.toml",
        "/..%2fCargo.toml",
        "/%2e%2e/Cargo.toml",
        "/generated/api.d.ts",
        "//index.html",
        "/index.html%00",
    ] {
        let head = format!(
            "GET {path} HTTP/1.1\r\nhost: {}\r\nconnection: close\r\n\r\n",
            ui.address
        );
        let answer = client::exchange(ui.address, head.as_bytes(), false).await?;
        assert!(answer.starts_with("HTTP/1.1 404"), "{path}: {answer}");
    }
    Ok(())
}

#[tokio::test]
async fn events_arrive_live_and_end_with_the_engine() -> Result<()> {
    let origin = Origin::start().await?;
    let mut ui = Ui::start().await?;
    let cookie = ui.sign_in().await?;
    let mut events = ui.events(&cookie).await?;
    let first = events.next().await?.context("no first event")?;
    assert_eq!(first["event"], "status");
    assert_eq!(first["services"], json!([]));

    let upstream = origin.address().to_string();
    let share = json!({"request": "share", "upstream": [upstream], "name": "shop",
        "allow": ["anyone"], "must_answer": true});
    let reply = ui.ask(&cookie, &share).await?;
    assert_eq!(reply.json()?["response"], "shared", "{reply:?}");
    let shared = events.first(|event| event["event"] == "shared").await?;
    assert_eq!(shared["service"], "shop");
    let status = events.first(|event| event["event"] == "status").await?;
    assert_eq!(status["services"][0]["name"], "shop");

    // It stays, though whoever asked has hung up; and the URL is in no event.
    let stop = json!({"request": "stop", "name": "shop"});
    assert_eq!(ui.ask(&cookie, &stop).await?.json()?["response"], "stopped");
    events.first(|event| event["event"] == "stopped").await?;

    ui.serve.signal(Signal::SIGTERM)?;
    events.first(|event| event["event"] == "drained").await?;
    assert!(events.next().await?.is_none());
    assert_eq!(ui.serve.exit().await?, 0);
    Ok(())
}

#[tokio::test]
async fn what_moves_without_a_word_is_told_within_a_moment() -> Result<()> {
    let origin = Origin::start().await?;
    let ui = Ui::start().await?;
    let cookie = ui.sign_in().await?;
    let mut events = ui.events(&cookie).await?;
    let upstream = origin.address().to_string();
    let share = json!({"request": "share", "upstream": [upstream], "allow": ["anyone"]});
    let shared = ui.ask(&cookie, &share).await?.json()?;
    let link = shared["service"]["link"].as_str().context("no link")?;
    let visitor = Home::new()?;
    let bridge = visitor.start(&["bridge", link, "--json"])?;
    let bridged = bridge.event("bridged").await?;
    let url = bridged["url"].as_str().context("no url")?;
    client::get(&format!("{url}sized")).await?;
    events
        .first(|event| event["services"][0]["traffic"]["requests"] == 1)
        .await?;
    // A pet name sends no event of its own.
    let id = visitor.id().await?;
    let add = json!({"request": "peer-add", "name": "alice", "id52": id});
    assert_eq!(ui.ask(&cookie, &add).await?.json()?["response"], "done");
    events
        .first(|event| event["peers"][0]["name"] == "alice")
        .await?;
    Ok(())
}

#[tokio::test]
async fn is_served_on_this_machine_alone() -> Result<()> {
    let home = Home::new()?;
    for address in ["0.0.0.0:0", "192.0.2.1:8080", "[::]:0"] {
        let refused = home.run(&["serve", "--ui", address]).await?;
        assert_eq!(refused.code, 2, "{refused:?}");
        assert!(refused.stderr.contains("ssh -L"), "{refused:?}");
    }
    let ui = Ui::at("127.0.0.1:0").await?;
    let taken = ui.address.to_string();
    let refused = home.run(&["serve", "--ui", &taken]).await?;
    assert_eq!(refused.code, 1, "{refused:?}");
    assert!(refused.stderr.contains(&taken), "{refused:?}");
    Ok(())
}

#[tokio::test]
async fn people_are_told_the_address_on_stdout_and_nobody_else_anywhere() -> Result<()> {
    let home = Home::new()?.with_env("MALAI_LOG", "trace");
    let mut serve = home.start(&["serve", "--ui"])?;
    let line = serve.prints("web UI: http://127.0.0.1:").await?;
    let (_, token) = line.split_once("#token=").context("no token")?;
    serve.signal(Signal::SIGTERM)?;
    assert_eq!(serve.exit().await?, 0);
    assert!(!serve.stderr().contains(token.trim()));
    Ok(())
}

#[tokio::test]
async fn a_peer_at_the_end_of_a_bridge_does_not_see_the_cookie() -> Result<()> {
    let origin = Origin::start().await?;
    let pair = Pair::http(origin.address()).await?;
    let request = Request::get(pair.url("/headers"));
    let request = request.header("cookie", "a=1; malai-ui-4100=secret; b=2");
    let reply = client::send(request.body(client::empty())?).await?;
    let seen = reply.text();
    assert!(seen.contains("a=1; b=2"), "{seen}");
    assert!(!seen.contains("secret"), "{seen}");
    Ok(())
}
