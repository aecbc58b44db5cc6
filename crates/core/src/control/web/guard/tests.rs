use super::*;

const OWN: &str = "127.0.0.1:4100";

fn names() -> Names {
    Names::of("127.0.0.1:4100".parse().unwrap())
}

fn admit(method: &str, path: &str, headers: &[(&str, &str)]) -> Result<Route, StatusCode> {
    let mut request = Request::builder().method(method).uri(path);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let request = request.body(()).map_err(|_| StatusCode::BAD_REQUEST)?;
    names().admit(&request).map_err(|refused| refused.status)
}

fn page(host: &str) -> Result<Route, StatusCode> {
    admit("GET", "/", &[("host", host)])
}

#[test]
fn answers_to_its_own_names_and_port_only() {
    for host in [OWN, "localhost:4100", "LOCALHOST:4100", "[::1]:4100"] {
        assert!(matches!(page(host), Ok(Route::File(_))), "{host}");
    }
    for host in [
        "127.0.0.1",
        "127.0.0.1:4101",
        "localhost",
        "evil.test:4100",
        "localhost.evil.test:4100",
        "a.localhost:4100",
        "me@127.0.0.1:4100",
        "",
    ] {
        let status = page(host).unwrap_err();
        assert_eq!(status, StatusCode::MISDIRECTED_REQUEST, "{host}");
    }
    for headers in [&[][..], &[("host", OWN), ("host", OWN)]] {
        let status = admit("GET", "/", headers).unwrap_err();
        assert_eq!(status, StatusCode::MISDIRECTED_REQUEST);
    }
    let status = admit("GET", "http://127.0.0.1:4100/", &[("host", OWN)]).unwrap_err();
    assert_eq!(status, StatusCode::MISDIRECTED_REQUEST);
}

#[test]
fn the_port_of_http_may_be_left_out() {
    let names = Names::of("127.0.0.1:80".parse().unwrap());
    for host in ["127.0.0.1", "127.0.0.1:80", "localhost", "[::1]"] {
        let request = Request::builder().uri("/").header("host", host);
        let request = request.body(()).unwrap();
        assert!(names.admit(&request).is_ok(), "{host}");
    }
}

#[test]
fn refuses_what_another_page_sends() {
    let asks = |name: &str, value: &str| {
        let json = ("content-type", "application/json");
        admit(
            "POST",
            "/api/dispatch",
            &[("host", OWN), json, (name, value)],
        )
    };
    assert!(asks("origin", "http://127.0.0.1:4100").is_ok());
    assert!(asks("sec-fetch-site", "same-origin").is_ok());
    assert!(asks("sec-fetch-site", "none").is_ok());
    for (name, value) in [
        ("origin", "http://127.0.0.1:8080"),
        ("origin", "http://localhost:4100"),
        ("origin", "https://127.0.0.1:4100"),
        ("origin", "http://evil.test"),
        ("origin", "null"),
        ("origin", ""),
        ("sec-fetch-site", "cross-site"),
        ("sec-fetch-site", "same-site"),
    ] {
        let status = asks(name, value).unwrap_err();
        assert_eq!(status, StatusCode::FORBIDDEN, "{name}: {value}");
    }
}

#[test]
fn takes_json_and_nothing_else() {
    let asks = |kind: &str| {
        let headers = [("host", OWN), ("content-type", kind)];
        admit("POST", "/api/session", &headers)
    };
    assert!(asks("application/json").is_ok());
    assert!(asks("Application/JSON; charset=utf-8").is_ok());
    for kind in [
        "text/plain",
        "application/x-www-form-urlencoded",
        "",
        "json",
    ] {
        let status = asks(kind).unwrap_err();
        assert_eq!(status, StatusCode::UNSUPPORTED_MEDIA_TYPE, "{kind}");
    }
    let status = admit("POST", "/api/session", &[("host", OWN)]).unwrap_err();
    assert_eq!(status, StatusCode::UNSUPPORTED_MEDIA_TYPE);
}

#[test]
fn knows_its_addresses_and_how_each_is_asked() {
    let asks = |method: &str, path: &str| {
        let json = ("content-type", "application/json");
        admit(method, path, &[("host", OWN), json])
    };
    assert!(matches!(asks("GET", "/api/session"), Ok(Route::Session)));
    assert!(matches!(asks("GET", "/api/events"), Ok(Route::Events)));
    assert!(matches!(asks("HEAD", "/index.html"), Ok(Route::File(_))));
    for (method, path) in [
        ("GET", "/api/dispatch"),
        ("POST", "/api/events"),
        ("PUT", "/api/session"),
        ("OPTIONS", "/api/dispatch"),
        ("POST", "/"),
        ("DELETE", "/index.html"),
    ] {
        let status = asks(method, path).unwrap_err();
        assert_eq!(status, StatusCode::METHOD_NOT_ALLOWED, "{method} {path}");
    }
    for path in [
        "/api",
        "/api/",
        "/api/sessions",
        "/../Cargo.toml",
        "/%2e%2e/x",
    ] {
        let status = asks("GET", path).unwrap_err();
        assert_eq!(status, StatusCode::NOT_FOUND, "{path}");
    }
}
