//! How much a directory server may send, and for how long.

use std::time::Duration;

use crate::ldap::protocol::frame::FrameLimits;

/// The limits of a read: what a server may send at most, and how long it may take.
///
/// A server that is broken, hostile or simply much larger than thought cannot fill the memory or keep a run
/// for ever. Reaching a limit ends the read as incomplete, with an error of the kind
/// [`LimitExceeded`](crate::ErrorKind::LimitExceeded) or [`Timeout`](crate::ErrorKind::Timeout) that names
/// the limit; nothing is taken for absent then.
///
/// ```
/// use std::time::Duration;
/// use ldap_inventory::ldap::LdapLimits;
///
/// let limits = LdapLimits::default().with_page_size(500).with_deadline(Duration::from_secs(600));
/// assert_eq!(limits.page_size, 500);
/// ```
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct LdapLimits {
    /// The octets of one LDAP message. 32 MiB: an entry with 100,000 values, from a server without range
    /// retrieval, takes 10 MB.
    pub message_bytes: usize,
    /// How deep elements may lie in elements of a message. 32: LDAP itself needs 8 outside of filters.
    pub depth: usize,
    /// The entries of one read, users and groups included. 5,000,000: more than the largest known domains.
    pub entries: u64,
    /// The octets of one read. 16 GiB: five million entries at 3 kB each.
    pub bytes: u64,
    /// The octets of one value; a longer one is left out and counted. 64 KiB: the longest text that Active Directory
    /// allows in the attributes asked for has 32,767 characters. Certificates are kept as thumbprints, and may be of
    /// any length.
    pub value_bytes: usize,
    /// The octets that are kept of one record's attributes, members apart, where each value counts for 16 at least.
    /// 1 MiB; what goes beyond is left out and counted: of long lists, since identity and state go first, and small attributes before large ones.
    pub record_bytes: usize,
    /// The members of one group. 1,000,000; a larger group is marked as not complete.
    pub members: usize,
    /// The range requests for one group. 10,000: 5,000,000 members at 500 a request.
    pub range_requests: usize,
    /// The entries asked for in one page. 1,000: Active Directory's own MaxPageSize; it never sends more.
    pub page_size: u32,
    /// The pages of one search. 500,000: 5,000,000 entries at 10 a page, the smallest seen in the field.
    pub pages: usize,
    /// Pages in a row without an entry while the server says that there is more. 16.
    pub empty_pages: usize,
    /// The octets of a paging cookie. 64 KiB: Active Directory's are below 2 KiB.
    pub cookie_bytes: usize,
    /// The search result references of one read. 100,000. They are counted, never followed.
    pub referrals: u64,
    /// The referrals named in the report. 32; the rest is counted.
    pub referrals_named: usize,
    /// The rejected entries named in the report. 32; the rest is counted.
    pub rejections_named: usize,
    /// Answers to requests that were never made, before the server is taken for broken. 0: what comes under another
    /// number may be an entry that is missing where it belongs, and of this client no answer is late. Entries and ends of
    /// searches never pass.
    pub unmatched: usize,
    /// The octets of a filter that the host adds. 16 KiB.
    pub filter_bytes: usize,
    /// The depth of a filter that the host adds. 32.
    pub filter_depth: usize,
    /// The time that a server may be silent while an answer is due. 150 seconds: longer than the 120 seconds
    /// (MaxQueryDuration) after which Active Directory gives up a query itself.
    pub silence: Duration,
    /// The time of a whole read, from the first connection attempt to its end. One hour.
    pub deadline: Duration,
}

impl LdapLimits {
    /// The same with another [`page_size`](Self::page_size); at least 1.
    #[must_use]
    pub fn with_page_size(mut self, entries: u32) -> Self {
        self.page_size = entries.max(1);
        self
    }

    /// The same with another [`message_bytes`](Self::message_bytes).
    #[must_use]
    pub fn with_message_bytes(mut self, octets: usize) -> Self {
        self.message_bytes = octets;
        self
    }

    /// The same with other [`entries`](Self::entries).
    #[must_use]
    pub fn with_entries(mut self, entries: u64) -> Self {
        self.entries = entries;
        self
    }

    /// The same with other [`bytes`](Self::bytes).
    #[must_use]
    pub fn with_bytes(mut self, octets: u64) -> Self {
        self.bytes = octets;
        self
    }

    /// The same with another [`silence`](Self::silence).
    #[must_use]
    pub fn with_silence(mut self, silence: Duration) -> Self {
        self.silence = silence;
        self
    }

    /// The same with another [`deadline`](Self::deadline).
    #[must_use]
    pub fn with_deadline(mut self, deadline: Duration) -> Self {
        self.deadline = deadline;
        self
    }

    pub(super) fn frame(&self) -> FrameLimits {
        FrameLimits { message_bytes: self.message_bytes, depth: self.depth }
    }
}

impl Default for LdapLimits {
    fn default() -> Self {
        Self {
            message_bytes: 32 << 20,
            depth: 32,
            entries: 5_000_000,
            bytes: 16 << 30,
            value_bytes: 64 << 10,
            record_bytes: 1 << 20,
            members: 1_000_000,
            range_requests: 10_000,
            page_size: 1_000,
            pages: 500_000,
            empty_pages: 16,
            cookie_bytes: 64 << 10,
            referrals: 100_000,
            referrals_named: 32,
            rejections_named: 32,
            unmatched: 0,
            filter_bytes: 16 << 10,
            filter_depth: 32,
            silence: Duration::from_secs(150),
            deadline: Duration::from_secs(60 * 60),
        }
    }
}
