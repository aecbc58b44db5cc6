//! Reads `service.NAME.route`.

use http::Method;
use malai_api::Protocol;

use super::{
    super::{model::RouteConfig, reader::Section},
    service::{path, upstream},
};

pub(super) fn read(section: &Section<'_>, protocol: Protocol) -> Vec<RouteConfig> {
    let mut routes: Vec<RouteConfig> = Vec::new();
    for section in section.tables("route") {
        let route = one(&section, protocol);
        if !["path", "method", "header"]
            .iter()
            .any(|key| section.has(key))
        {
            section
                .error("a route says which requests it is for; write `path`, `method` or `header`");
        } else if routes.iter().any(|other| other.is_for_the_same(&route)) {
            section.error("there is a route for these requests already");
        }
        routes.push(route);
    }
    routes
}

fn one(section: &Section<'_>, protocol: Protocol) -> RouteConfig {
    if section.is_empty_list("method") {
        let message = "an empty list is for no request; write at least one, such as \"GET\"";
        section.error_at("method", section.line_of("method"), message);
    }
    RouteConfig {
        path: section.value("path", path).map(|path| path.value),
        method: section
            .values("method", method)
            .map(super::values)
            .unwrap_or_default(),
        header: section
            .value("header", str::parse)
            .map(|header| header.value),
        upstream: upstream(section, protocol),
    }
}

fn method(text: &str) -> Result<Method, String> {
    let in_capitals = !text.chars().any(|c| c.is_ascii_lowercase());
    let method = Method::from_bytes(text.as_bytes()).ok();
    method
        .filter(|_| in_capitals)
        .ok_or_else(|| format!("`{text}` is not a method; write it in capitals, such as `GET`"))
}
