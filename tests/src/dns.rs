//! A DNS server that says what the test wants, over UDP and TCP at the same port, and counts what it
//! is asked.

use std::{
    collections::{BTreeMap, BTreeSet},
    net::SocketAddr,
    sync::{Arc, Mutex, PoisonError},
};

use anyhow::{Context, Result, ensure};
use hickory_proto::{
    op::{Message, ResponseCode},
    rr::{Name, RData, Record, RecordType, rdata::CNAME, rdata::TXT},
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream, UdpSocket},
    task::JoinHandle,
};

/// The largest message there is.
const MESSAGE_MAX: usize = 65_535;

/// What goes into one datagram; the rest is for TCP (RFC 1035, section 4.2.1).
const DATAGRAM_MAX: usize = 512;

/// Tries for a port that is free for both.
const MOST_PORTS: usize = 50;

/// How the server answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Manner {
    /// As it should.
    #[default]
    Honest,
    /// As it should, and says that it has checked everything by DNSSEC, to those who ask for it.
    Secure,
    /// With bytes that are no message, behind the right number.
    Garbage,
    /// With words for another question.
    Confused,
    /// With SERVFAIL.
    Failing,
    /// Not at all.
    Silent,
}

/// A running server; it ends when it is dropped.
#[derive(Debug)]
pub struct Dns {
    address: SocketAddr,
    zone: Arc<Mutex<Zone>>,
    tasks: [JoinHandle<()>; 2],
}

#[derive(Debug, Default)]
struct Zone {
    manner: Manner,
    records: BTreeMap<String, Vec<(u32, RData)>>,
    /// Name and number of every query; one that is sent again is the same.
    asked: BTreeSet<(String, u16)>,
    tcp: usize,
}

impl Dns {
    /// Starts one that knows no record.
    ///
    /// # Errors
    /// When no port can be had.
    pub async fn start() -> Result<Self> {
        let (udp, tcp) = sockets().await?;
        let (address, zone) = (udp.local_addr()?, Arc::default());
        let tasks = [
            tokio::spawn(serve_udp(udp, Arc::clone(&zone))),
            tokio::spawn(serve_tcp(tcp, Arc::clone(&zone))),
        ];
        Ok(Self {
            address,
            zone,
            tasks,
        })
    }

    /// `malai.toml`'s word for asking this server.
    #[must_use]
    pub fn config(&self) -> String {
        format!("[domains]\nservers = [\"{}\"]\n", self.address)
    }

    /// Gives `name` these TXT records, of one string each, and no other.
    ///
    /// # Errors
    /// When it is no name.
    pub fn set(&self, name: &str, ttl: u32, texts: &[&str]) -> Result<()> {
        let records = texts.iter().map(|text| {
            let strings = text.as_bytes().chunks(255).collect();
            (ttl, RData::TXT(TXT::from_bytes(strings)))
        });
        let name = Name::from_ascii(format!("{name}."))?;
        let records = records.collect();
        self.lock().records.insert(name.to_ascii(), records);
        Ok(())
    }

    /// Makes `name` an alias.
    ///
    /// # Errors
    /// When one of both is no name.
    pub fn set_alias(&self, name: &str, target: &str) -> Result<()> {
        let target = RData::CNAME(CNAME(Name::from_ascii(format!("{target}."))?));
        let name = Name::from_ascii(format!("{name}."))?;
        let records = vec![(300, target)];
        self.lock().records.insert(name.to_ascii(), records);
        Ok(())
    }

    /// Answers so from here on.
    pub fn behave(&self, manner: Manner) {
        self.lock().manner = manner;
    }

    /// How often `name` was asked for.
    #[must_use]
    pub fn asked(&self, name: &str) -> usize {
        let name = format!("{name}.");
        let zone = self.lock();
        zone.asked
            .iter()
            .filter(|(asked, _)| *asked == name)
            .count()
    }

    /// How many queries have come over TCP.
    #[must_use]
    pub fn asked_by_tcp(&self) -> usize {
        self.lock().tcp
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Zone> {
        self.zone.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Dns {
    fn drop(&mut self) {
        self.tasks.iter().for_each(JoinHandle::abort);
    }
}

/// Both at the same port of 127.0.0.1.
async fn sockets() -> Result<(UdpSocket, TcpListener)> {
    for _ in 0..MOST_PORTS {
        let udp = UdpSocket::bind("127.0.0.1:0").await?;
        if let Ok(tcp) = TcpListener::bind(udp.local_addr()?).await {
            return Ok((udp, tcp));
        }
    }
    anyhow::bail!("no port is free for both UDP and TCP")
}

async fn serve_udp(socket: UdpSocket, zone: Arc<Mutex<Zone>>) {
    let mut buffer = vec![0; MESSAGE_MAX];
    while let Ok((length, from)) = socket.recv_from(&mut buffer).await {
        match answer(&zone, &buffer[..length], true) {
            Ok(Some(answer)) => {
                if let Err(error) = socket.send_to(&answer, from).await {
                    eprintln!("dns: {error}");
                }
            }
            Ok(None) => {}
            Err(error) => eprintln!("dns: {error:#}"),
        }
    }
}

async fn serve_tcp(listener: TcpListener, zone: Arc<Mutex<Zone>>) {
    while let Ok((stream, _)) = listener.accept().await {
        let zone = Arc::clone(&zone);
        tokio::spawn(async move {
            if let Err(error) = converse(stream, &zone).await {
                eprintln!("dns: a connection ended: {error:#}");
            }
        });
    }
}

async fn converse(mut stream: TcpStream, zone: &Mutex<Zone>) -> Result<()> {
    loop {
        let mut query = vec![0; usize::from(stream.read_u16().await?)];
        stream.read_exact(&mut query).await?;
        if let Some(answer) = answer(zone, &query, false)? {
            stream.write_u16(u16::try_from(answer.len())?).await?;
            stream.write_all(&answer).await?;
        }
    }
}

/// What goes back, if something does.
fn answer(zone: &Mutex<Zone>, query: &[u8], is_udp: bool) -> Result<Option<Vec<u8>>> {
    let query = Message::from_vec(query).context("a query makes no sense")?;
    ensure!(
        query.metadata.recursion_desired,
        "nobody is to look further"
    );
    let question = query.queries.first().context("nothing is asked")?.clone();
    ensure!(
        question.query_type == RecordType::TXT,
        "{question} is asked"
    );
    let mut zone = zone.lock().unwrap_or_else(PoisonError::into_inner);
    let asked = question.name.to_lowercase().to_ascii();
    zone.asked.insert((asked, query.metadata.id));
    zone.tcp += usize::from(!is_udp);
    let (id, op_code) = (query.metadata.id, query.metadata.op_code);
    let mut answer = Message::response(id, op_code);
    answer.metadata.recursion_desired = true;
    answer.metadata.recursion_available = true;
    answer.add_query(question.clone());
    match zone.manner {
        Manner::Silent => return Ok(None),
        Manner::Garbage => {
            let number = query.metadata.id.to_be_bytes();
            return Ok(Some([&number[..], &[0xff; 40]].concat()));
        }
        Manner::Confused => {
            answer.queries.clear();
            let other = Name::from_ascii("something.else.")?;
            answer.add_query(hickory_proto::op::Query::query(other, RecordType::A));
            return Ok(Some(answer.to_vec()?));
        }
        Manner::Failing => {
            answer.metadata.response_code = ResponseCode::ServFail;
            return Ok(Some(answer.to_vec()?));
        }
        Manner::Honest => {}
        // Only whoever asks for it hears of it (RFC 6840, section 5.8).
        Manner::Secure => answer.metadata.authentic_data = query.metadata.authentic_data,
    }
    zone.add_records(&mut answer, &question.name);
    let bytes = answer.to_vec()?;
    if is_udp && bytes.len() > DATAGRAM_MAX {
        return Ok(Some(answer.truncate().to_vec()?));
    }
    Ok(Some(bytes))
}

impl Zone {
    fn add_records(&self, answer: &mut Message, name: &Name) {
        let Some(records) = self.records.get(&name.to_lowercase().to_ascii()) else {
            answer.metadata.response_code = ResponseCode::NXDomain;
            return;
        };
        for (ttl, data) in records {
            answer.add_answer(Record::from_rdata(name.clone(), *ttl, data.clone()));
            if let RData::CNAME(CNAME(target)) = data {
                self.add_records(answer, target);
            }
        }
    }
}
