//! How addresses of peers are found, and ours published.

use iroh::{
    address_lookup::{DnsAddressLookup, PkarrPublisher, PkarrResolver},
    endpoint::Builder,
};
use iroh_mainline_address_lookup::DhtAddressLookup;
use iroh_mdns_address_lookup::MdnsAddressLookup;

use crate::LookupChoice;

/// Adds the chosen lookups; all are asked at once when a peer is dialled.
pub(crate) fn configure(mut builder: Builder, choice: &LookupChoice) -> Builder {
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
    if choice.mdns {
        builder = builder.address_lookup(MdnsAddressLookup::builder());
    }
    if choice.dht {
        builder = builder.address_lookup(DhtAddressLookup::builder());
    }
    builder
}
