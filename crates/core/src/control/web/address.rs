//! Where a web UI may be served: on this machine alone.

use std::{
    net::{IpAddr, Ipv4Addr, SocketAddr},
    str::FromStr,
};

use thiserror::Error;

/// A loopback address.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct UiAddress(SocketAddr);

/// Why an address is none for a web UI.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum UiAddressError {
    /// It is no address.
    #[error("`{0}` is no address; write for example 127.0.0.1:8080, or a port alone")]
    Unreadable(String),
    /// Others could reach it.
    #[error(
        "{0} can be reached from other machines, and the web UI is only served on this one; to use \
         it from elsewhere, serve it on 127.0.0.1:PORT and forward that port: \
         `ssh -L PORT:127.0.0.1:PORT HOST`"
    )]
    NotLoopback(SocketAddr),
}

impl UiAddress {
    /// The address.
    #[must_use]
    pub fn get(self) -> SocketAddr {
        self.0
    }
}

impl Default for UiAddress {
    /// A free port of 127.0.0.1.
    fn default() -> Self {
        Self((Ipv4Addr::LOCALHOST, 0).into())
    }
}

impl TryFrom<SocketAddr> for UiAddress {
    type Error = UiAddressError;

    fn try_from(address: SocketAddr) -> Result<Self, UiAddressError> {
        if address.ip().is_loopback() {
            Ok(Self(address))
        } else {
            Err(UiAddressError::NotLoopback(address))
        }
    }
}

impl FromStr for UiAddress {
    type Err = UiAddressError;

    /// A port, an IP address, `localhost`, or one of these with a port.
    fn from_str(text: &str) -> Result<Self, UiAddressError> {
        let address = if let Ok(port) = text.parse::<u16>() {
            Some((Ipv4Addr::LOCALHOST, port).into())
        } else if let Ok(ip) = text.parse::<IpAddr>() {
            Some((ip, 0).into())
        } else {
            let numeric = match text.strip_prefix("localhost") {
                Some("") => "127.0.0.1:0".to_owned(),
                Some(port) => format!("127.0.0.1{port}"),
                None => text.to_owned(),
            };
            numeric.parse().ok()
        };
        let address: SocketAddr =
            address.ok_or_else(|| UiAddressError::Unreadable(text.to_owned()))?;
        address.try_into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<String, UiAddressError> {
        text.parse::<UiAddress>()
            .map(|address| address.get().to_string())
    }

    #[test]
    fn reads_what_is_on_this_machine() {
        for (text, address) in [
            ("8080", "127.0.0.1:8080"),
            ("0", "127.0.0.1:0"),
            ("127.0.0.1", "127.0.0.1:0"),
            ("127.0.0.2:80", "127.0.0.2:80"),
            ("localhost", "127.0.0.1:0"),
            ("localhost:4000", "127.0.0.1:4000"),
            ("[::1]:4000", "[::1]:4000"),
        ] {
            assert_eq!(parse(text).unwrap(), address, "{text}");
        }
        assert_eq!(UiAddress::default().get().to_string(), "127.0.0.1:0");
    }

    #[test]
    fn refuses_what_others_reach_and_names_the_way() {
        for text in ["0.0.0.0:80", "192.0.2.1", "[::]:80", "192.0.2.1:80"] {
            let error = parse(text).unwrap_err();
            assert!(matches!(error, UiAddressError::NotLoopback(_)), "{text}");
            assert!(error.to_string().contains("ssh -L"), "{error}");
        }
    }

    #[test]
    fn refuses_what_is_no_address() {
        for text in [
            "",
            "x",
            "example.org:80",
            "localhostile:80",
            "70000",
            "127.0.0.1:x",
        ] {
            let error = parse(text).unwrap_err();
            assert!(matches!(error, UiAddressError::Unreadable(_)), "{text}");
        }
    }
}
