//! Reads how a service's requests are spread over its backends: `balance`, `sticky`, `breaker`,
//! `retry`.

use std::time::Duration;

use malai_api::Protocol;

use super::{
    super::{
        model::{
            BreakerConfig, RetryConfig, ServiceConfig, Sticky, UpstreamAddress, UpstreamBalance,
        },
        reader::Section,
    },
    not_one_of,
};

pub(super) fn read(section: &Section<'_>, service: &mut ServiceConfig) {
    let balance = |text: &str| {
        let found = UpstreamBalance::ALL
            .into_iter()
            .find(|it| it.name() == text);
        found.ok_or_else(|| not_one_of(text, &UpstreamBalance::ALL.map(UpstreamBalance::name)))
    };
    if let Some(balance) = section.value("balance", balance) {
        service.balance = balance.value;
    }
    let sticky = |text: &str| {
        let found = Sticky::ALL.into_iter().find(|it| it.name() == text);
        found.ok_or_else(|| not_one_of(text, &Sticky::ALL.map(Sticky::name)))
    };
    service.sticky = section.value("sticky", sticky).map(|sticky| sticky.value);
    if service.sticky == Some(Sticky::Cookie) && service.protocol == Protocol::Tcp {
        let message = "a tcp service has no cookies; write \"peer\"";
        section.error_at("sticky", section.line_of("sticky"), message);
    }
    if let Some(section) = section.table("breaker") {
        service.breaker = breaker(&section, BreakerConfig::default());
    }
    if let Some(section) = section.table("retry") {
        service.retry = retry(&section);
    }
    weights(section, service);
}

/// Weights say nothing where the first backend that works takes everything.
fn weights(section: &Section<'_>, service: &ServiceConfig) {
    let routes = service.route.iter().flat_map(|route| &route.upstream);
    let has_weight = |it: &UpstreamAddress| it.weight != 1;
    let are_written = service.upstream.iter().chain(routes).any(has_weight);
    if are_written && service.balance == UpstreamBalance::First && service.sticky.is_none() {
        let message = "a weight needs traffic that is spread; write `balance = \"round-robin\"` \
                       or `balance = \"least-loaded\"` too";
        section.error_at("upstream", section.line_of("upstream"), message);
    }
}

/// What `section` says, and `breaker` where it says nothing.
pub(super) fn breaker(section: &Section<'_>, mut breaker: BreakerConfig) -> BreakerConfig {
    section.boolean("active", &mut breaker.active);
    if let Some(failures) = section.integer("failures") {
        breaker.failures = failures;
    }
    section.fraction("error_rate", &mut breaker.error_rate);
    breaker.slow = optional_duration(section, "slow");
    section.fraction("slow_rate", &mut breaker.slow_rate);
    section.duration("window", &mut breaker.window);
    if let Some(requests) = section.integer("requests") {
        breaker.requests = requests;
    }
    if section.has("slow_rate") && !section.has("slow") {
        let message = "nothing is slow without a limit; write `slow` too";
        section.warning_at("slow_rate", message);
    }
    breaker
}

pub(super) fn retry(section: &Section<'_>) -> RetryConfig {
    let mut retry = RetryConfig::default();
    section.fraction("budget", &mut retry.budget);
    if let Some(floor) = section.integer("floor") {
        retry.floor = floor;
    }
    retry
}

/// A duration that is only there when it is written.
pub(super) fn optional_duration(section: &Section<'_>, name: &str) -> Option<Duration> {
    let mut duration = Duration::ZERO;
    section.duration(name, &mut duration);
    section.has(name).then_some(duration)
}
