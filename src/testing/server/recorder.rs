//! What test servers received, byte for byte.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::codec::filter::find;
use super::codec::message::{Control, SearchRequest};

/// How a connection was made.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub(crate) enum Listener {
    /// TLS from the first byte.
    Ldaps,
    /// Without TLS, or with TLS from the StartTLS operation on.
    Ldap,
}

/// One connection and all that came over it.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct RecordedConnection {
    /// The bytes as they travelled, TLS handshake and records included.
    pub raw: Vec<u8>,
    /// The LDAP bytes: what was in TLS, decrypted, and what came without.
    pub plain: Vec<u8>,
    /// The number of bind requests.
    pub binds: usize,
    /// The search requests, in order.
    pub searches: Vec<RecordedSearch>,
    /// Whether TLS was up, at least at the end.
    pub encrypted: bool,
    /// Whether the connection has ended.
    pub closed: bool,
}

/// A search request as the server understood it.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct RecordedSearch {
    /// The base object.
    pub base: String,
    /// 0 is the base object, 1 one level, 2 the whole subtree.
    pub scope: i64,
    /// The filter, in the form of RFC 4515.
    pub filter: String,
    /// The attributes asked for.
    pub attributes: Vec<String>,
    /// The controls, by OID, and whether each was critical.
    pub controls: Vec<(String, bool)>,
}

impl RecordedSearch {
    pub(crate) fn new(search: &SearchRequest, controls: &[Control]) -> Self {
        Self {
            base: search.base.clone(),
            scope: search.scope,
            filter: search.filter.to_string(),
            attributes: search.attributes.clone(),
            controls: controls.iter().map(|c| (c.oid.clone(), c.critical)).collect(),
        }
    }
}

impl RecordedConnection {
    /// Whether these bytes came over the connection, encrypted or not.
    pub fn contains(&self, bytes: &[u8]) -> bool {
        find(&self.plain, bytes).is_some() || find(&self.raw, bytes).is_some()
    }

    /// Whether these bytes came over the connection for everybody on the path to read.
    pub fn contains_in_clear(&self, bytes: &[u8]) -> bool {
        find(&self.raw, bytes).is_some()
    }
}

/// All connections of a server since it started.
#[derive(Clone, Debug, Default)]
pub(crate) struct Recorder {
    connections: Arc<Mutex<Vec<RecordedConnection>>>,
}

impl Recorder {
    pub(crate) fn open(&self) -> Tape {
        let mut connections = self.lock();
        connections.push(RecordedConnection {
            raw: Vec::new(),
            plain: Vec::new(),
            binds: 0,
            searches: Vec::new(),
            encrypted: false,
            closed: false,
        });
        Tape { recorder: self.clone(), index: connections.len() - 1 }
    }

    pub(crate) fn lock(&self) -> MutexGuard<'_, Vec<RecordedConnection>> {
        self.connections.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Where one connection is written down. The connection counts as closed when its tape is dropped.
#[derive(Debug)]
pub(crate) struct Tape {
    recorder: Recorder,
    index: usize,
}

impl Tape {
    /// The number of the connection, from 1.
    pub(crate) fn number(&self) -> usize {
        self.index + 1
    }

    pub(crate) fn note(&self, write: impl FnOnce(&mut RecordedConnection)) {
        if let Some(connection) = self.recorder.lock().get_mut(self.index) {
            write(connection);
        }
    }
}

impl Drop for Tape {
    fn drop(&mut self) {
        self.note(|connection| connection.closed = true);
    }
}
