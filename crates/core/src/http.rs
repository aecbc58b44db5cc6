//! HTTP as both ends of a bridge need it.
//!
//! A request comes in through hyper, is cleaned of what belongs to its connection alone, and goes
//! out through a pool of kept connections: QUIC streams at the bridge, TCP at the share. Nothing is
//! ever buffered whole, and a body that is cut off on one side is cut off on the other.

mod body;
mod continuation;
mod errors;
mod forward;
mod framing;
mod headers;
mod outgoing;
mod patience;
mod plain;
mod pool;
mod raw;
mod sender;
mod serve;
mod spare;
mod upgrade;

pub(crate) use body::{Direction, ProxyBody};
pub(crate) use errors::{
    ERROR_HEADER, ProxyError, Side, error_code, prefers_json, respond, waiting_page, wants_page,
};
pub(crate) use forward::{Forwarded, Tunnel, forward, traced};
pub(crate) use framing::{Checked, messages};
pub(crate) use headers::{
    UI_COOKIE_PREFIX, forget_cookies, forget_sender, forget_ui_sessions, get_cookie, is_upgrade,
    remove,
};
pub(crate) use outgoing::Outgoing;
pub(crate) use patience::{Late, Patience, SentAt, Times};
pub(crate) use plain::answer_in;
pub(crate) use pool::{Dial, Pool, PoolLimits};
pub(crate) use sender::{Lost, Sender, handshake};
pub(crate) use serve::{Heads, serve, serve_resting, serve_through_hyper};
