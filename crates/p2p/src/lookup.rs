//! How addresses of peers are found, and ours published.

use iroh::{
    address_lookup::{DnsAddressLookup, PkarrPublisher, PkarrResolver},
    endpoint::Builder,
};
use iroh_mainline_address_lookup::DhtAddressLookup;

use crate::{LookupChoice, lan::Lan};

/// Adds the chosen lookups; all are asked at once when a peer is dialled.
pub(crate) fn configure(mut builder: Builder, choice: &LookupChoice, lan: Option<&Lan>) -> Builder {
    if choice.dns {
        builder = match &choice.origin {
            None => builder
                .address_lookup(PkarrPublisher::n0_dns())
                .address_lookup(PkarrResolver::n0_dns())
                .address_lookup(DnsAddressLookup::n0_dns()),
            Some(origin) => builder
                .address_lookup(PkarrPublisher::builder(origin.pkarr.clone()))
                .address_lookup(PkarrResolver::builder(origin.pkarr.clone()))
                .address_lookup(DnsAddressLookup::builder(origin.domain.clone())),
        };
    }
    if let Some(lan) = lan {
        builder = builder.address_lookup(lan.clone());
    }
    if choice.dht {
        builder = builder.address_lookup(DhtAddressLookup::builder());
    }
    builder
}
