//! Reads `[service.NAME]`.

use malai_api::Protocol;

use super::super::{
    check::Mentions,
    check_description,
    model::{
        HealthConfig, LimitsConfig, Member, PoolConfig, Scheme, ServiceConfig, TimeoutsConfig,
        UpstreamAddress,
    },
    reader::Section,
};

/// Keys that only mean something where requests are seen.
const HTTP_ONLY: [&str; 3] = ["host", "route", "retry"];

pub(super) fn read(section: &Section<'_>, mentions: &mut Mentions) -> ServiceConfig {
    let protocol = super::protocol(section);
    let allow = section
        .values("allow", str::parse::<Member>)
        .unwrap_or_default();
    let mut service = ServiceConfig {
        protocol,
        upstream: upstream(section, protocol),
        allow: allow.iter().map(|member| member.value.clone()).collect(),
        block: super::blocked(section, mentions),
        host: section
            .value("host", str::parse)
            .map(|host| host.value)
            .unwrap_or_default(),
        description: description(section),
        limits: limits(section),
        timeouts: timeouts(section),
        pool: pool(section),
        route: super::route::read(section, protocol),
        health: section.table("health").map(|section| health(&section)),
        ..ServiceConfig::default()
    };
    super::spread::read(section, &mut service);
    section.boolean("active", &mut service.active);
    section.boolean("ask", &mut service.ask);
    section.boolean("proxy_protocol", &mut service.proxy_protocol);
    if service.proxy_protocol && protocol != Protocol::Tcp {
        let message = "this is for tcp services; an http service is told who asks by the header \
                       `malai-peer`";
        section.error_at("proxy_protocol", section.line_of("proxy_protocol"), message);
    }
    mentions.members(section, "allow", None, allow);
    if protocol == Protocol::Tcp {
        for key in HTTP_ONLY.into_iter().filter(|key| section.has(key)) {
            section.warning_at(
                key,
                "this is for http services; on a tcp service it does nothing",
            );
        }
    }
    service
}

pub(super) fn upstream(section: &Section<'_>, protocol: Protocol) -> Vec<UpstreamAddress> {
    let Some(upstream) = section.values("upstream", str::parse::<UpstreamAddress>) else {
        return Vec::new();
    };
    for address in &upstream {
        if protocol == Protocol::Tcp && address.value.scheme != Scheme::Plain {
            let message = "a tcp service passes bytes on as they are; write `host:port`";
            section.error_at("upstream", address.line, message);
        }
    }
    if section.is_empty_list("upstream") {
        let message = "an empty list leads nowhere; write at least one, such as 3000";
        section.error_at("upstream", section.line_of("upstream"), message);
    }
    super::values(upstream)
}

/// An empty one says nothing, as if it were not there.
fn description(section: &Section<'_>) -> Option<String> {
    let parse = |text: &str| check_description(text).map(|()| text.to_owned());
    let description = section.value("description", parse)?.value;
    (!description.is_empty()).then_some(description)
}

fn limits(section: &Section<'_>) -> LimitsConfig {
    let mut limits = LimitsConfig::default();
    let Some(section) = section.table("limits") else {
        return limits;
    };
    if let Some(connections) = section.integer("connections") {
        limits.connections = connections;
    }
    limits.body = section.size("body");
    limits.requests_per_second = section.integer("requests_per_second");
    limits.burst = section.integer("burst");
    super::burst_has_a_rate(&section);
    limits.total_requests_per_second = section.integer("total_requests_per_second");
    limits.per_peer = section.integer("per_peer");
    limits.bandwidth = section.size("bandwidth");
    if let Some(size) = section.size("header_size") {
        limits.header_size = usize::try_from(size).unwrap_or(limits.header_size);
    }
    section.duration("header_time", &mut limits.header_time);
    limits
}

fn timeouts(section: &Section<'_>) -> TimeoutsConfig {
    let mut timeouts = TimeoutsConfig::default();
    if let Some(section) = section.table("timeouts") {
        section.duration("connect", &mut timeouts.connect);
        section.duration("response_header", &mut timeouts.response_header);
        section.duration("idle", &mut timeouts.idle);
        timeouts.total = super::spread::optional_duration(&section, "total");
    }
    timeouts
}

fn pool(section: &Section<'_>) -> PoolConfig {
    let mut pool = PoolConfig::default();
    if let Some(section) = section.table("pool") {
        if let Some(size) = section.integer("size") {
            pool.size = size;
        }
        section.duration("idle", &mut pool.idle);
        section.duration("wait", &mut pool.wait);
    }
    pool
}

fn health(section: &Section<'_>) -> HealthConfig {
    let mut health = HealthConfig::default();
    if let Some(path) = section.value("path", path) {
        health.path = path.value;
    }
    section.duration("every", &mut health.every);
    section.duration("timeout", &mut health.timeout);
    if let Some(fall) = section.integer("fall") {
        health.fall = fall;
    }
    if let Some(rise) = section.integer("rise") {
        health.rise = rise;
    }
    health
}

pub(super) fn path(text: &str) -> Result<String, String> {
    let plain = |c: char| c.is_ascii_graphic() && !matches!(c, '?' | '#');
    if text.starts_with('/') && text.chars().all(plain) {
        Ok(text.to_owned())
    } else {
        Err(format!(
            "`{text}` is not a path; it starts with `/` and has no space, `?` or `#`"
        ))
    }
}
