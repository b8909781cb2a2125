//! Doors for the fuzz targets: what a server sends, and what a store hands back, as bytes. Compiled for
//! `fuzz/run` alone.

use std::collections::BTreeSet;

use crate::directory::MemoryBudget;
#[cfg(feature = "ldif")]
use crate::directory::{DirectoryEvent, ReadRequest};
use crate::ldap::delta::Token;
use crate::ldap::forest;
#[cfg(feature = "ldif")]
use crate::ldap::ldif;
use crate::ldap::limits::LdapLimits;
use crate::ldap::locate;
use crate::ldap::network;
use crate::ldap::protocol::entry::RawEntry;
use crate::ldap::protocol::guard::{self, SearchMessage};
use crate::ldap::read::attributes::Selection;
use crate::ldap::read::decode::Decoder;
use crate::ldap::transport::algorithm::SignatureAlgorithm;
use crate::ldap::transport::certificate::{ServerCertificate, public_key};
use crate::value::ObjectKind;

/// What a server sends after a bind and two searches were asked for: guarded, lifted off, decoded.
pub fn messages(bytes: &[u8]) {
    let limits = LdapLimits::default();
    for batch in guard::guarded(bytes, &limits) {
        for message in batch.messages() {
            if let SearchMessage::Entry(body) = message {
                entry(body);
            }
        }
    }
}

/// The contents of a SearchResultEntry, as a computer, a user and a group.
pub fn entry(body: &[u8]) {
    let Ok(raw) = RawEntry::parse(body) else { return };
    // Small limits, so that small entries reach them.
    let narrow =
        LdapLimits { value_bytes: 16, record_bytes: 64, members: 2, ..LdapLimits::default() };
    for limits in [LdapLimits::default(), narrow] {
        for kind in [ObjectKind::Computer, ObjectKind::User, ObjectKind::Group] {
            let Ok(selection) = Selection::of(kind, &BTreeSet::new()) else { continue };
            let held = &MemoryBudget::default().holder();
            let decoder = Decoder { kind, selection: &selection, limits: &limits, held };
            let _ = decoder.decode(raw);
        }
    }
}

/// An export, by itself and as one that is vouched for, within usual limits and within small ones. It ends once.
#[cfg(feature = "ldif")]
pub fn export(bytes: &[u8]) {
    let (Ok(credential), Ok(organization)) = ("fuzz".parse(), "fuzz".parse()) else { return };
    let request = ReadRequest::new(credential, organization);
    let narrow = LdapLimits { message_bytes: 256, entries: 2, members: 2, ..LdapLimits::default() };
    for limits in [LdapLimits::default().with_bytes(1 << 20), narrow] {
        for is_vouched_for in [false, true] {
            let read = ldif::read_bytes(bytes, request.clone(), &limits, is_vouched_for);
            let Ok(events) = read else { continue };
            let is_end = |event: &DirectoryEvent| matches!(event, DirectoryEvent::End(_));
            assert!(events.last().is_some_and(is_end));
            assert_eq!(events.iter().filter(|event| is_end(event)).count(), 1);
        }
    }
}

/// The token of a checkpoint, as a store hands it back. What can be read is written as it was.
pub fn checkpoint_token(bytes: &[u8]) {
    if let Some(token) = Token::decode(bytes) {
        assert_eq!(Token::decode(&token.encode()), Some(token));
    }
}

/// A value of `dnsRecord` or `dnsProperty`, or the name of a zone or a subnet.
pub fn dns_record(bytes: &[u8]) {
    network::look_at(bytes);
}

/// A certificate that a server presents.
pub fn certificate(der: &[u8]) {
    let _ = (ServerCertificate::from_der(der), public_key(der).map(|key| key.to_string()));
    let _ = SignatureAlgorithm(der).to_string();
}

/// A controller's answer to an LDAP ping.
pub fn ping(answer: &[u8]) {
    let _ = locate::client_site(answer);
}

/// A DN with the identity of its entry.
pub fn extended_dn(text: &str) {
    forest::read_extended_dn(text);
}
