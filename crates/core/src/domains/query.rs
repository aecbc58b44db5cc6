//! Asking the DNS: TXT records through the system's resolver, or through servers of one's own.
//!
//! The servers of the system are read each time, since a machine that moves has others. They are
//! asked to say whether they have checked the answer by DNSSEC (the AD bit, RFC 6840, section 5.7);
//! nothing is checked here.

use std::{net::SocketAddr, sync::Arc, time::Duration};

use hickory_resolver::{
    NameServerPool, PoolContext, TlsConfig,
    config::{ConnectionConfig, NameServerConfig, ResolverOpts},
    net::{
        DnsError, NetError, NoRecords,
        runtime::TokioRuntimeProvider,
        xfer::{DnsHandle, FirstAnswer},
    },
    proto::{
        op::{DnsRequest, DnsRequestOptions, Message, Query, ResponseCode},
        rr::{Name, RData, Record, RecordType, rdata::TXT},
    },
    system_conf::read_system_conf,
};
use tokio::{task::spawn_blocking, time::timeout};

use super::{
    Spot,
    answer::{Answer, Named},
    records,
};

/// How long a lookup may take, all of its questions together.
const LOOKUP_TIMEOUT: Duration = Duration::from_secs(5);

/// Names that may point on to others, one after another, before a record.
const MAX_ALIASES: usize = 8;

type Servers = NameServerPool<TokioRuntimeProvider>;

/// What the DNS says of `domain`, and for how long its records may be kept.
///
/// `servers` are asked, or those of the system when there are none. The first spot that names a key
/// decides; the next one is asked only when it names none for certain. Cancel safe.
pub(super) async fn ask(servers: &[SocketAddr], domain: &str) -> (Answer, Duration) {
    let asking = Box::pin(ask_spots(servers, domain));
    let error = match timeout(LOOKUP_TIMEOUT, asking).await {
        Ok(Ok(found)) => return found,
        Ok(Err(error)) => error,
        Err(_) => NetError::Timeout,
    };
    tracing::debug!(%error, "a domain could not be looked up");
    (Answer::Failed(words(&error)), Duration::ZERO)
}

async fn ask_spots(servers: &[SocketAddr], domain: &str) -> Result<(Answer, Duration), NetError> {
    let servers = pool(servers).await?;
    for spot in Spot::ALL {
        // One that is too long with our label cannot have a record there.
        let Ok(name) = Name::from_ascii(format!("{}.", spot.name(domain))) else {
            continue;
        };
        let Some(message) = ask_name(&servers, &name).await? else {
            continue;
        };
        if let Some(said) = said(spot, &message, &name) {
            return Ok(said);
        }
    }
    Ok((Answer::Nobody, Duration::ZERO))
}

/// What `message` says at `spot`, where it names a key of `name`; and for how long it may be kept.
pub(crate) fn said(spot: Spot, message: &Message, name: &Name) -> Option<(Answer, Duration)> {
    let (texts, ttl) = texts(message, name);
    let keys = records::keys(spot, texts.into_iter().map(strings));
    let keys: Vec<_> = keys.into_iter().collect();
    let answer = match keys.as_slice() {
        [] => return None,
        [key] => Answer::Key(Named {
            key: *key,
            secure: message.metadata.authentic_data,
            spot,
        }),
        _ => Answer::Several(keys),
    };
    Some((answer, ttl))
}

/// The answer to one question; `None` when there is for certain no record.
async fn ask_name(servers: &Servers, name: &Name) -> Result<Option<Message>, NetError> {
    let query = Query::query(name.clone(), RecordType::TXT);
    let mut request = DnsRequest::from_query(query, DnsRequestOptions::default());
    request.metadata.authentic_data = true;
    match servers.send(request).first_answer().await {
        Ok(response) => Ok(Some(response.into_message())),
        Err(NetError::Dns(DnsError::NoRecordsFound(NoRecords {
            response_code: ResponseCode::NXDomain | ResponseCode::NoError,
            ..
        }))) => Ok(None),
        Err(error) => Err(error),
    }
}

async fn pool(own: &[SocketAddr]) -> Result<Servers, NetError> {
    let servers = if own.is_empty() {
        let read = spawn_blocking(read_system_conf).await;
        let (system, _) = read.map_err(|error| NetError::Msg(error.to_string()))??;
        system.name_servers
    } else {
        own.iter().map(server).collect()
    };
    let mut options = ResolverOpts::default();
    options.timeout = LOOKUP_TIMEOUT;
    let context = PoolContext::new(options, TlsConfig::new()?);
    let provider = TokioRuntimeProvider::default();
    Ok(Servers::from_config(servers, Arc::new(context), provider))
}

fn server(address: &SocketAddr) -> NameServerConfig {
    let mut connections = vec![ConnectionConfig::udp(), ConnectionConfig::tcp()];
    for connection in &mut connections {
        connection.port = address.port();
    }
    NameServerConfig::new(address.ip(), true, connections)
}

/// The TXT records of `name` in an answer, also those that it is an alias for, and the shortest TTL
/// on the way.
fn texts<'m>(message: &'m Message, name: &Name) -> (Vec<&'m TXT>, Duration) {
    let mut ttl = u32::MAX;
    let mut name = name;
    for _ in 0..MAX_ALIASES {
        let alias = message.answers.iter().find_map(|record| {
            let RData::CNAME(target) = &record.data else {
                return None;
            };
            (record.name == *name).then_some((record.ttl, &target.0))
        });
        let Some((alias_ttl, target)) = alias else {
            break;
        };
        ttl = ttl.min(alias_ttl);
        name = target;
    }
    let mut texts = Vec::new();
    let named = |record: &&Record| record.name == *name;
    for record in message.answers.iter().filter(named) {
        if let RData::TXT(text) = &record.data {
            ttl = ttl.min(record.ttl);
            texts.push(text);
        }
    }
    (texts, Duration::from_secs(u64::from(ttl)))
}

fn strings(text: &TXT) -> impl Iterator<Item = &[u8]> {
    text.txt_data.iter().map(|string| &**string)
}

/// What happened, in words.
#[expect(
    clippy::wildcard_enum_match_arm,
    reason = "others are rare, and the library may add some"
)]
fn words(error: &NetError) -> String {
    match error {
        NetError::Timeout => "no DNS server has answered in time".to_owned(),
        NetError::NoConnections | NetError::Io(_) => "no DNS server can be reached".to_owned(),
        NetError::Dns(DnsError::ResponseCode(code)) => {
            format!("the DNS server refuses with `{code}`")
        }
        NetError::Proto(_) => "what the DNS server answers makes no sense".to_owned(),
        error => error.to_string(),
    }
}
