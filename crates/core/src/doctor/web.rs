//! One short question to a web server: whether it answers, how soon, and what time it has.

use std::{io, pin::pin, time::Duration};

use bytes::Bytes;
use http::{
    Request,
    header::{DATE, HOST, USER_AGENT},
};
use http_body_util::Empty;
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use tokio::{
    net::{TcpStream, lookup_host},
    time::{Instant, timeout},
};
use url::Url;

use crate::{stream::Stream, upstream::Tls};

/// How long a server may take, its name included.
const PATIENCE: Duration = Duration::from_secs(4);

/// Who we say we are.
const AGENT: &str = concat!("malai/", env!("CARGO_PKG_VERSION"), " (doctor)");

/// What a server answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Answer {
    pub(super) status: u16,
    /// What time it has, in seconds since 1970.
    pub(super) date: Option<u64>,
    /// From the first word to the answer, without looking up its name and without TLS.
    pub(super) took: Duration,
}

/// Why a server does not answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Trouble {
    /// Its name has no address.
    Name,
    /// It is there, and takes no connections at that port.
    Refused,
    /// There is no way to it.
    NoWay,
    /// Nothing came in time.
    Slow,
    /// Its certificate is for another name.
    WrongName,
    /// Its certificate has expired, or its time has not come yet, by our clock.
    NotInTime,
    /// Nobody we trust has made its certificate.
    Untrusted,
    /// It does not speak TLS.
    NoTls,
    /// It speaks otherwise than web servers do.
    NotHttp,
}

impl Trouble {
    /// What happened, as the end of a sentence.
    pub(super) fn words(self) -> &'static str {
        match self {
            Self::Name => "the name cannot be found in the DNS",
            Self::Refused => "nothing listens there at that port",
            Self::NoWay => "there is no way to it from this network",
            Self::Slow => "it did not answer in time",
            Self::WrongName => "its certificate is for another name",
            Self::NotInTime => "its certificate is expired or not valid yet, by this clock",
            Self::Untrusted => "its certificate is from somebody this system does not trust",
            Self::NoTls => "it does not speak TLS",
            Self::NotHttp => "what answers there is no web server",
        }
    }

    /// What to do about it.
    pub(super) fn advice(self) -> &'static str {
        match self {
            Self::Name => "check how it is written in malai.toml, and the DNS of this network",
            Self::Refused => "check its port in malai.toml, and whether it runs",
            Self::NoWay => "check the network connection of this machine",
            Self::Slow => "check the network connection, and firewalls on the way",
            Self::WrongName => "write the name in malai.toml that is in its certificate",
            Self::NotInTime => {
                "check the date and time of this machine; else renew the certificate"
            }
            Self::Untrusted => {
                "if it is your own, add who has issued its certificate to those of this system; \
                 else something on the way pretends to be it"
            }
            Self::NoTls => "write http:// in malai.toml if it is meant to be without TLS",
            Self::NotHttp => "check its address in malai.toml",
        }
    }
}

/// Asks `url` for `path`. Cancel safe.
pub(super) async fn ask(url: &Url, path: &str) -> Result<Answer, Trouble> {
    let asked = timeout(PATIENCE, Box::pin(try_ask(url, path))).await;
    asked.unwrap_or(Err(Trouble::Slow))
}

async fn try_ask(url: &Url, path: &str) -> Result<Answer, Trouble> {
    let host = url.host_str().ok_or(Trouble::Name)?;
    let port = url.port_or_known_default().ok_or(Trouble::Name)?;
    let plain = host.trim_start_matches('[').trim_end_matches(']');
    let addresses: Vec<_> = lookup_host((plain, port))
        .await
        .map_err(|_| Trouble::Name)?
        .collect();
    let stream = TcpStream::connect(addresses.as_slice())
        .await
        .map_err(|error| of_connecting(&error))?;
    let stream = if url.scheme() == "https" {
        // Certificates have the name without the dot that ends an absolute one.
        let name = plain.trim_end_matches('.');
        let tls = Tls::default().connect(name, stream).await;
        Stream::Tls(Box::new(tls.map_err(|error| of_tls(&error))?))
    } else {
        Stream::Tcp(stream)
    };
    let request = Request::get(path)
        .header(HOST, host)
        .header(USER_AGENT, AGENT)
        .body(Empty::<Bytes>::new())
        .map_err(|_| Trouble::NotHttp)?;
    let began = Instant::now();
    let connecting = http1::handshake(TokioIo::new(stream)).await;
    let (mut sender, connection) = connecting.map_err(|_| Trouble::NotHttp)?;
    let mut answering = pin!(sender.send_request(request));
    let response = tokio::select! {
        biased;
        response = &mut answering => response,
        // It only moves bytes: when it ends there is an answer by then, or none will come.
        _ = connection => answering.await,
    };
    let response = response.map_err(|_| Trouble::NotHttp)?;
    let date = response.headers().get(DATE);
    let date = date.and_then(|date| httpdate::parse_http_date(date.to_str().ok()?).ok());
    let date = date.and_then(|date| date.duration_since(std::time::UNIX_EPOCH).ok());
    Ok(Answer {
        status: response.status().as_u16(),
        date: date.map(|date| date.as_secs()),
        took: began.elapsed(),
    })
}

fn of_connecting(error: &io::Error) -> Trouble {
    if error.kind() == io::ErrorKind::ConnectionRefused {
        Trouble::Refused
    } else if error.kind() == io::ErrorKind::TimedOut {
        Trouble::Slow
    } else {
        Trouble::NoWay
    }
}

fn of_tls(error: &io::Error) -> Trouble {
    use rustls::{CertificateError as Certificate, Error};
    let cause = error.get_ref();
    let Some(cause) = cause.and_then(|cause| cause.downcast_ref::<Error>()) else {
        return Trouble::NoTls;
    };
    let Error::InvalidCertificate(reason) = cause else {
        return Trouble::NoTls;
    };
    if matches!(
        reason,
        Certificate::NotValidForName | Certificate::NotValidForNameContext { .. }
    ) {
        Trouble::WrongName
    } else if matches!(
        reason,
        Certificate::Expired
            | Certificate::ExpiredContext { .. }
            | Certificate::NotValidYet
            | Certificate::NotValidYetContext { .. }
    ) {
        Trouble::NotInTime
    } else {
        Trouble::Untrusted
    }
}

#[cfg(test)]
mod tests {
    use tokio::{
        io::{AsyncReadExt, AsyncWriteExt},
        net::TcpListener,
    };

    use super::*;
    use crate::shutdown::Shutdown;

    async fn answering(answer: &'static str) -> (Url, Shutdown) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let tasks = Shutdown::default();
        tasks.spawn(async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                let mut head = [0; 1024];
                if stream.read(&mut head).await.is_ok() {
                    stream.write_all(answer.as_bytes()).await.unwrap();
                }
            }
        });
        (url.parse().unwrap(), tasks)
    }

    #[tokio::test]
    async fn hears_the_status_and_the_time() {
        let answer = "HTTP/1.1 204 No Content\r\ndate: Thu, 01 Jan 1970 00:01:00 GMT\r\n\r\n";
        let (url, tasks) = answering(answer).await;
        let answer = ask(&url, "/ping").await.unwrap();
        assert_eq!((answer.status, answer.date), (204, Some(60)));
        tasks.drain(Duration::ZERO).await;
    }

    #[tokio::test]
    async fn tells_what_is_no_web_server_and_what_is_not_there() {
        let (url, tasks) = answering("SSH-2.0-nothing\r\n").await;
        assert_eq!(ask(&url, "/").await, Err(Trouble::NotHttp));
        let secure = url.as_str().replace("http:", "https:").parse().unwrap();
        assert_eq!(ask(&secure, "/").await, Err(Trouble::NoTls));
        tasks.drain(Duration::ZERO).await;
        let closed = {
            let listener = TcpListener::bind("127.0.0.77:0").await.unwrap();
            format!("http://{}", listener.local_addr().unwrap())
        };
        let closed = closed.parse().unwrap();
        assert_eq!(ask(&closed, "/").await, Err(Trouble::Refused));
        let nowhere = "http://nowhere.invalid".parse().unwrap();
        assert_eq!(ask(&nowhere, "/").await, Err(Trouble::Name));
    }
}
