//! Writes how a service's requests are spread over its backends, where that changes.

use std::time::Duration;

use toml_edit::{TableLike, Value};

use super::{
    section::duration,
    value::{differs, nested},
};
use crate::config::{BreakerConfig, RetryConfig, ServiceConfig, Sticky};

pub(super) fn service(table: &mut dyn TableLike, old: &ServiceConfig, new: &ServiceConfig) {
    differs(table, "balance", &old.balance, &new.balance, |balance| {
        Some(balance.name().into())
    });
    let sticky = |sticky: &Option<Sticky>| sticky.map(|sticky| sticky.name().into());
    differs(table, "sticky", &old.sticky, &new.sticky, sticky);
    if old.breaker != new.breaker {
        nested(table, "breaker", |table| {
            breaker(table, &old.breaker, &new.breaker);
        });
    }
    if old.retry != new.retry {
        nested(table, "retry", |table| retry(table, old.retry, new.retry));
    }
}

pub(super) fn breaker(table: &mut dyn TableLike, old: &BreakerConfig, new: &BreakerConfig) {
    differs(table, "active", &old.active, &new.active, |active| {
        Some((*active).into())
    });
    differs(table, "failures", &old.failures, &new.failures, whole);
    differs(table, "error_rate", &old.error_rate, &new.error_rate, share);
    let slow = |slow: &Option<Duration>| slow.as_ref().and_then(duration);
    differs(table, "slow", &old.slow, &new.slow, slow);
    differs(table, "slow_rate", &old.slow_rate, &new.slow_rate, share);
    differs(table, "window", &old.window, &new.window, duration);
    differs(table, "requests", &old.requests, &new.requests, whole);
}

pub(super) fn retry(table: &mut dyn TableLike, old: RetryConfig, new: RetryConfig) {
    differs(table, "budget", &old.budget, &new.budget, share);
    differs(table, "floor", &old.floor, &new.floor, whole);
}

#[expect(
    clippy::unnecessary_wraps,
    reason = "it has the form of all functions that write a value"
)]
fn whole(number: &u32) -> Option<Value> {
    Some(i64::from(*number).into())
}

#[expect(
    clippy::unnecessary_wraps,
    reason = "it has the form of all functions that write a value"
)]
fn share(share: &f64) -> Option<Value> {
    Some((*share).into())
}
