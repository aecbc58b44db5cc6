//! What was counted of backends.

use malai_api::{BackendStatus, BreakerState};

use super::{head, line};

/// All of it.
pub(super) fn write(text: &mut String, backends: &[(String, BackendStatus)]) {
    let help = "Whether a backend works, as far as is known.";
    each(text, "backend_up", ["gauge", help], backends, |it| {
        u64::from(it.up)
    });
    let help = "Requests, or connections of TCP services, that went to a backend.";
    let name = "backend_requests_total";
    each(text, name, ["counter", help], backends, |it| it.requests);
    let help = "Requests that found all connections to a backend in use.";
    let name = "backend_waits_total";
    each(text, name, ["counter", help], backends, |it| it.waits);
    let help = "Which state the circuit breaker of a backend is in.";
    let states = |it: &BackendStatus| {
        BreakerState::ALL.map(|state| (state.name(), u64::from(it.breaker == state)))
    };
    sorted(
        text,
        "backend_breaker",
        ["gauge", help],
        "state",
        backends,
        states,
    );
    let help = "Kept connections to a backend.";
    let name = "backend_connections";
    sorted(text, name, ["gauge", help], "state", backends, |it| {
        let (used, idle) = (it.connections_in_use, it.connections_idle);
        [("in-use", u64::from(used)), ("idle", u64::from(idle))]
    });
    let help = "Requests that broke off at a backend, and whether they were sent once more.";
    let name = "backend_retries_total";
    sorted(text, name, ["counter", help], "outcome", backends, |it| {
        [("sent", it.retries), ("denied", it.retries_denied)]
    });
}

/// One value for each backend.
fn each(
    text: &mut String,
    name: &str,
    [kind, help]: [&str; 2],
    backends: &[(String, BackendStatus)],
    value: impl Fn(&BackendStatus) -> u64,
) {
    head(text, name, kind, help);
    for (service, it) in backends {
        let labels = [("name", service.as_str()), ("backend", &it.address)];
        line(text, name, &labels, value(it));
    }
}

/// Several values for each backend, each with one more label.
fn sorted<const COUNT: usize>(
    text: &mut String,
    name: &str,
    [kind, help]: [&str; 2],
    label: &str,
    backends: &[(String, BackendStatus)],
    values: impl Fn(&BackendStatus) -> [(&'static str, u64); COUNT],
) {
    head(text, name, kind, help);
    for (service, it) in backends {
        for (sort, value) in values(it) {
            let labels = [
                ("name", service.as_str()),
                ("backend", &it.address),
                (label, sort),
            ];
            line(text, name, &labels, value);
        }
    }
}
