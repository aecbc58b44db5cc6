//! The spellings of legacy malai that have an equal here; hidden, so that nobody learns them anew.

use clap::Args;

use super::{BridgeArgs, ShareArgs};

#[derive(Debug, Args)]
pub(crate) struct HttpArgs {
    pub(crate) port: u16,
    #[arg(long, default_value = "127.0.0.1")]
    pub(crate) host: String,
    /// Legacy malai printed its web bridge's address with this; there is none to print.
    #[arg(long, hide = true)]
    pub(crate) bridge: Option<String>,
    #[arg(long, alias = "anyone")]
    pub(crate) public: bool,
}

#[derive(Debug, Args)]
pub(crate) struct TcpArgs {
    pub(crate) port: u16,
    #[arg(long, default_value = "127.0.0.1")]
    pub(crate) host: String,
    #[arg(long, alias = "anyone")]
    pub(crate) public: bool,
}

#[derive(Debug, Args)]
pub(crate) struct HttpBridgeArgs {
    /// The peer; the bridge of legacy malai to any peer is `[gateway]` in malai.toml.
    #[arg(long, short = 't', required = true)]
    pub(crate) proxy_target: String,
    #[arg(long, short = 'p', default_value_t = 0)]
    pub(crate) port: u16,
}

#[derive(Debug, Args)]
pub(crate) struct TcpBridgeArgs {
    pub(crate) id52: String,
    #[arg(default_value_t = 0)]
    pub(crate) port: u16,
}

impl From<HttpArgs> for ShareArgs {
    fn from(args: HttpArgs) -> Self {
        share(&args.host, args.port, args.public, false)
    }
}

impl From<TcpArgs> for ShareArgs {
    fn from(args: TcpArgs) -> Self {
        share(&args.host, args.port, args.public, true)
    }
}

impl From<HttpBridgeArgs> for BridgeArgs {
    fn from(args: HttpBridgeArgs) -> Self {
        bridge(args.proxy_target, args.port, false)
    }
}

impl From<TcpBridgeArgs> for BridgeArgs {
    fn from(args: TcpBridgeArgs) -> Self {
        bridge(args.id52, args.port, true)
    }
}

fn share(host: &str, port: u16, public: bool, tcp: bool) -> ShareArgs {
    ShareArgs {
        upstream: vec![format!("{host}:{port}")],
        name: None,
        tcp,
        description: None,
        proxy_protocol: false,
        allow: Vec::new(),
        anyone: public,
        duration: None,
        bg: false,
    }
}

fn bridge(to: String, port: u16, tcp: bool) -> BridgeArgs {
    BridgeArgs {
        to,
        port: (port != 0).then_some(port),
        listen: None,
        name: None,
        tcp,
        pin: None,
        bg: false,
    }
}
