//! The local network, by multicast DNS: how peers there are found, and who of them wants to be seen.
//!
//! What is announced is for this network alone: the other lookups never get it.
//! Whoever wants to be seen says so in the record (`user-data=malai/1 NAME`); everybody else who
//! answers here is only found by those who know the key, and is no neighbour.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use futures_util::{Stream, StreamExt, stream::BoxStream};
use iroh::{
    EndpointId,
    address_lookup::{
        AddressLookup, AddressLookupBuilderError, EndpointData, EndpointInfo, Error, Item, UserData,
    },
};
use iroh_mdns_address_lookup::{DiscoveryEvent, MdnsAddressLookup};
use tokio::sync::watch;

use crate::{Node, PublicKey};

/// Begins what a visible peer says of itself.
const MARK: &str = "malai/1";

/// The longest name that is told or heard, in bytes: a DNS label.
const NAME_MAX: usize = 63;

/// Neighbours that are known at a time; anybody on the network could invent any number.
const MAX_NEIGHBOURS: usize = 64;

/// Peers of the local network that want to be seen, with the names they suggest for themselves, as
/// they were heard: nothing of it is proven.
pub type Neighbours = BTreeMap<PublicKey, Option<String>>;

/// What we tell the local network.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Announcement {
    /// Nothing: whoever asks gets no answer.
    #[default]
    Nothing,
    /// Key and addresses, for those who know the key.
    Addresses,
    /// The same, and that we want to be seen, with a name to suggest: at most 63 characters, no
    /// blanks.
    Visible(Option<String>),
}

/// Multicast DNS of one node; clones share it.
#[derive(Debug, Clone)]
pub(crate) struct Lan(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    mdns: MdnsAddressLookup,
    told: Mutex<Told>,
    neighbours: watch::Sender<Neighbours>,
}

#[derive(Debug, Default)]
struct Told {
    announcement: Announcement,
    /// Where the endpoint says that it is.
    data: Option<EndpointData>,
}

impl Lan {
    /// Listens to the local network as `id`, and tells nothing yet.
    pub(crate) fn join(
        id: PublicKey,
        neighbours: watch::Sender<Neighbours>,
    ) -> Result<Self, AddressLookupBuilderError> {
        let mdns = MdnsAddressLookup::builder().build(id.to_iroh())?;
        Ok(Self(Arc::new(Inner {
            mdns,
            told: Mutex::default(),
            neighbours,
        })))
    }

    /// Tells this from here on.
    pub(crate) fn announce(&self, announcement: Announcement) {
        let mut told = self.told();
        if told.announcement != announcement {
            told.announcement = announcement;
            self.tell(&told);
        }
    }

    /// Keeps account of neighbours as they come and go; never resolves while the node lives. Cancel
    /// safe.
    pub(crate) async fn follow(&self) {
        let mut events = self.0.mdns.subscribe().await;
        while let Some(event) = events.next().await {
            match event {
                DiscoveryEvent::Discovered { endpoint_info, .. } => self.0.heard(&endpoint_info),
                DiscoveryEvent::Expired { endpoint_id } => self.0.gone(endpoint_id),
                _ => {}
            }
        }
    }

    fn tell(&self, told: &Told) {
        let Some(data) = &told.data else {
            return;
        };
        let data = match &told.announcement {
            // Without addresses there is nothing to answer with.
            Announcement::Nothing => EndpointData::default(),
            Announcement::Addresses => with_user_data(data, None),
            Announcement::Visible(name) => with_user_data(data, mark(name.as_deref())),
        };
        self.0.mdns.publish(&data);
    }

    fn told(&self) -> MutexGuard<'_, Told> {
        self.0.told.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Node {
    /// Says what the local network hears of us, while mDNS is among the lookups.
    pub fn announce(&self, announcement: Announcement) {
        if let Some(lan) = &self.0.lan {
            lan.announce(announcement);
        }
    }

    /// The peers of the local network that want to be seen, now and as they come and go; none
    /// without mDNS.
    #[must_use]
    pub fn neighbours(&self) -> watch::Receiver<Neighbours> {
        self.0.neighbours.subscribe()
    }
}

impl AddressLookup for Lan {
    fn publish(&self, data: &EndpointData) {
        let mut told = self.told();
        told.data = Some(data.clone());
        self.tell(&told);
    }

    fn resolve(&self, id: EndpointId) -> Option<BoxStream<'static, Result<Item, Error>>> {
        let found = self.0.mdns.resolve(id)?;
        Some(noted(found, Arc::clone(&self.0)).boxed())
    }
}

/// What is found while somebody waits for it is no event.
fn noted(
    found: impl Stream<Item = Result<Item, Error>>,
    inner: Arc<Inner>,
) -> impl Stream<Item = Result<Item, Error>> {
    found.inspect(move |item| {
        if let Ok(item) = item {
            inner.heard(item.endpoint_info());
        }
    })
}

impl Inner {
    fn heard(&self, info: &EndpointInfo) {
        let key = PublicKey::from_iroh(info.endpoint_id);
        let said = info.user_data().and_then(|data| read_mark(data.as_ref()));
        self.neighbours.send_if_modified(|neighbours| {
            let Some(name) = said else {
                return neighbours.remove(&key).is_some();
            };
            let is_new = !neighbours.contains_key(&key);
            if is_new && neighbours.len() >= MAX_NEIGHBOURS {
                tracing::debug!("there are too many neighbours; one is passed over");
                return false;
            }
            neighbours.insert(key, name.clone()) != Some(name)
        });
    }

    fn gone(&self, id: EndpointId) {
        let key = PublicKey::from_iroh(id);
        self.neighbours
            .send_if_modified(|neighbours| neighbours.remove(&key).is_some());
    }
}

fn with_user_data(data: &EndpointData, user_data: Option<UserData>) -> EndpointData {
    let mut data = data.clone();
    data.set_user_data(user_data);
    data
}

/// What a visible peer says of itself.
fn mark(name: Option<&str>) -> Option<UserData> {
    let text = match name.filter(|name| is_name(name)) {
        Some(name) => format!("{MARK} {name}"),
        None => MARK.to_owned(),
    };
    UserData::try_from(text).ok()
}

/// The name a peer suggests, if it is one that wants to be seen.
fn read_mark(text: &str) -> Option<Option<String>> {
    match text.strip_prefix(MARK)?.split_once(' ') {
        Some(("", name)) => Some(is_name(name).then(|| name.to_owned())),
        None if text.len() == MARK.len() => Some(None),
        Some(_) | None => None,
    }
}

fn is_name(text: &str) -> bool {
    let is_plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    (1..=NAME_MAX).contains(&text.len()) && text.chars().all(is_plain)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mark_is_read_as_it_was_written() {
        for name in [None, Some("alice"), Some(&*"a".repeat(63))] {
            let mark = mark(name).unwrap();
            assert_eq!(read_mark(mark.as_ref()), Some(name.map(str::to_owned)));
        }
        assert_eq!(mark(Some("no name")).unwrap().as_ref(), MARK);
    }

    #[test]
    fn who_says_something_else_is_no_neighbour_and_no_name_is_trusted() {
        for text in ["", "alice", "malai/2 alice", "malai/10", "malai/1alice"] {
            assert_eq!(read_mark(text), None, "{text}");
        }
        let long = format!("malai/1 {}", "a".repeat(64));
        for text in [
            "malai/1 ",
            "malai/1 A",
            "malai/1 a b",
            "malai/1 \u{202e}a",
            &long,
        ] {
            assert_eq!(read_mark(text), Some(None), "{text}");
        }
    }
}
