//! The address of one backend, as a person writes it.

use std::{fmt, path::PathBuf, str::FromStr};

/// The heaviest that a backend can be.
const MOST_WEIGHT: u32 = 1000;

/// The address of one backend.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct UpstreamAddress {
    /// What is spoken there.
    pub scheme: Scheme,
    /// Where it is.
    pub place: Place,
    /// Its part of the traffic, against those of others; 1 unless it is written.
    pub weight: u32,
}

/// What a backend speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Scheme {
    /// HTTP/1.1, or plain bytes for TCP services.
    Plain,
    /// HTTP/1.1 inside TLS.
    Https,
    /// HTTP/2 without TLS.
    H2c,
}

/// Where a backend is.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Place {
    /// A host name or address, and a port.
    Tcp {
        /// Name or IP address, without brackets.
        host: String,
        /// 1..=65535
        port: u16,
    },
    /// A unix socket.
    Unix(PathBuf),
}

/// Why a text is not the address of a backend.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum UpstreamAddressError {
    /// It is no address.
    #[error(
        "`{0}` is not an upstream; write a port, `host:port`, http://, https://, h2c:// or unix:/path"
    )]
    Address(String),
    /// It has a weight that is none.
    #[error("`{0}` is not a weight; write a whole number from 1 to {MOST_WEIGHT}")]
    Weight(String),
}

impl FromStr for UpstreamAddress {
    type Err = UpstreamAddressError;

    /// A bare port means `127.0.0.1:PORT`; ` weight=N` may follow.
    fn from_str(text: &str) -> Result<Self, UpstreamAddressError> {
        let Some((address, weight)) = text.rsplit_once(" weight=") else {
            return Self::address(text);
        };
        let number = weight.parse().ok();
        let weight = number
            .filter(|number| (1..=MOST_WEIGHT).contains(number))
            .ok_or_else(|| UpstreamAddressError::Weight(weight.to_owned()))?;
        Ok(Self {
            weight,
            ..Self::address(address.trim_end())?
        })
    }
}

impl UpstreamAddress {
    fn address(text: &str) -> Result<Self, UpstreamAddressError> {
        let wrong = || UpstreamAddressError::Address(text.to_owned());
        if let Some(path) = text.strip_prefix("unix:") {
            let path = PathBuf::from(path);
            return if path.is_absolute() {
                Ok(Self {
                    scheme: Scheme::Plain,
                    place: Place::Unix(path),
                    weight: 1,
                })
            } else {
                Err(wrong())
            };
        }
        if let Ok(port) = text.parse::<u16>() {
            return Self::tcp(Scheme::Plain, "127.0.0.1", port).ok_or_else(wrong);
        }
        let (scheme, rest, default_port) = if let Some(rest) = text.strip_prefix("http://") {
            (Scheme::Plain, rest, Some(80))
        } else if let Some(rest) = text.strip_prefix("https://") {
            (Scheme::Https, rest, Some(443))
        } else if let Some(rest) = text.strip_prefix("h2c://") {
            (Scheme::H2c, rest, Some(80))
        } else {
            (Scheme::Plain, text, None)
        };
        let rest = rest.strip_suffix('/').unwrap_or(rest);
        let (host, port) = match rest.rsplit_once(':') {
            Some((host, port)) if !port.ends_with(']') => {
                (host, port.parse().map_err(|_| wrong())?)
            }
            _ => (rest, default_port.ok_or_else(wrong)?),
        };
        let host = match host
            .strip_prefix('[')
            .and_then(|host| host.strip_suffix(']'))
        {
            Some(inner) => {
                inner.parse::<std::net::Ipv6Addr>().map_err(|_| wrong())?;
                inner
            }
            None => host,
        };
        Self::tcp(scheme, host, port).ok_or_else(wrong)
    }

    /// The same without its weight, as it is shown.
    pub(crate) fn bare(&self) -> Self {
        Self {
            weight: 1,
            ..self.clone()
        }
    }

    fn tcp(scheme: Scheme, host: &str, port: u16) -> Option<Self> {
        let is_v6 = host.parse::<std::net::Ipv6Addr>().is_ok();
        let named = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_');
        (port != 0 && !host.is_empty() && (is_v6 || host.chars().all(named))).then(|| Self {
            scheme,
            place: Place::Tcp {
                host: host.to_owned(),
                port,
            },
            weight: 1,
        })
    }
}

impl fmt::Display for UpstreamAddress {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.scheme {
            Scheme::Plain => {}
            Scheme::Https => formatter.write_str("https://")?,
            Scheme::H2c => formatter.write_str("h2c://")?,
        }
        write!(formatter, "{}", self.place)?;
        match self.weight {
            1 => Ok(()),
            weight => write!(formatter, " weight={weight}"),
        }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Tcp { host, port } if host.contains(':') => write!(formatter, "[{host}]:{port}"),
            Self::Tcp { host, port } => write!(formatter, "{host}:{port}"),
            Self::Unix(path) => write!(formatter, "unix:{}", path.display()),
        }
    }
}
