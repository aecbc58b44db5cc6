//! Binding a listener where none was asked for: at the port of the last time, if it is free.

use std::{collections::BTreeSet, net::SocketAddr};

use super::{
    listener::{BridgeError, Listener},
    ports::{Ports, Whose},
};
use crate::config::{Config, ListenAddress};

/// The ports that `config` asks for by number.
pub(super) fn named_ports(config: &Config) -> BTreeSet<u16> {
    let bridges = config.bridges.values().map(|bridge| &bridge.listen);
    let bridges = bridges.filter_map(|listen| match listen {
        ListenAddress::Tcp(address) => Some(address.port()),
        ListenAddress::Unix(_) => None,
    });
    let gateway = config.gateway.listen.map(|address| address.port());
    bridges.chain(gateway).collect()
}

/// Binds `listen`; for port 0 that is a port that `whose` had before, or another free one.
pub(super) async fn bind(
    ports: &Ports,
    listen: &ListenAddress,
    whose: Option<&Whose>,
) -> Result<(Listener, String), BridgeError> {
    let (ListenAddress::Tcp(address), Some(whose)) = (listen, whose) else {
        return Listener::bind(listen).await;
    };
    if address.port() != 0 {
        return Listener::bind(listen).await;
    }
    for port in ports.of(whose) {
        let again = ListenAddress::Tcp(SocketAddr::new(address.ip(), port));
        match Listener::bind(&again).await {
            Ok(bound) => {
                ports.note(whose, port).await;
                return Ok(bound);
            }
            Err(error) => tracing::debug!(port, %error, "not the port of the last time"),
        }
    }
    let (listener, local) = Listener::bind(listen).await?;
    if let Ok(bound) = local.parse::<SocketAddr>() {
        ports.note(whose, bound.port()).await;
    }
    Ok((listener, local))
}
