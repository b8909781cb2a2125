//! How long each step of a connection may take, and how much may come before TLS.

use std::time::Duration;

use crate::ldap::protocol::frame::FrameLimits;

/// The limits of making a connection. Each step has its own, so that an error names the step that
/// took too long; a run's deadline bounds their sum.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct ConnectLimits {
    /// Resolving the name. 5 seconds: as long as a resolver waits before it asks its second server.
    pub resolve: Duration,
    /// Connecting to one address. 5 seconds: enough for two lost packets, and few enough that a name
    /// with several dead addresses is still walked through.
    pub tcp: Duration,
    /// From the StartTLS request to its answer. 10 seconds: a busy domain controller takes a second or two.
    pub starttls: Duration,
    /// The TLS handshake. 10 seconds, for the same reason.
    pub tls: Duration,
    /// The addresses of one name that are tried. 16: a domain's name resolves to all of its controllers,
    /// and after this many it is not the controllers that are at fault.
    pub addresses: usize,
    /// The octets of the answer to StartTLS. 256 KiB: real answers have a few hundred.
    pub answer_bytes: usize,
    /// How deep elements may be nested in the answer to StartTLS. 8: RFC 4511 needs 5.
    pub answer_depth: usize,
    /// How long a controller of a [domain](crate::credential::ServerUrl) is waited for before the next one is begun with.
    /// 250 milliseconds, as RFC 8305 has it for addresses.
    pub head_start: Duration,
    /// The same for the controller that the last read was from. 2 seconds: another one would have to be read as a whole.
    pub preferred_head_start: Duration,
    /// How long a controller of another AD site waits for those of the site that was asked for. 2 seconds.
    pub other_site: Duration,
    /// How long a controller that proved itself may take to say which AD site this client is in. 1 second: less than the
    /// preferred one's head start, and nothing but information is lost.
    pub ping: Duration,
}

impl ConnectLimits {
    /// The default limits.
    pub fn new() -> Self {
        Self::default()
    }

    /// Sets the time for resolving a name.
    #[must_use]
    pub fn with_resolve(mut self, resolve: Duration) -> Self {
        self.resolve = resolve;
        self
    }

    /// Sets the time for connecting to one address.
    #[must_use]
    pub fn with_tcp(mut self, tcp: Duration) -> Self {
        self.tcp = tcp;
        self
    }

    /// Sets the time for the answer to StartTLS.
    #[must_use]
    pub fn with_starttls(mut self, starttls: Duration) -> Self {
        self.starttls = starttls;
        self
    }

    /// Sets the time for the TLS handshake.
    #[must_use]
    pub fn with_tls(mut self, tls: Duration) -> Self {
        self.tls = tls;
        self
    }

    /// Sets how many addresses of one name are tried, at least 1.
    #[must_use]
    pub fn with_addresses(mut self, addresses: usize) -> Self {
        self.addresses = addresses;
        self
    }

    /// Sets the octets that an answer to StartTLS may have.
    #[must_use]
    pub fn with_answer_bytes(mut self, answer_bytes: usize) -> Self {
        self.answer_bytes = answer_bytes;
        self
    }

    /// Sets how deep an answer to StartTLS may be nested.
    #[must_use]
    pub fn with_answer_depth(mut self, answer_depth: usize) -> Self {
        self.answer_depth = answer_depth;
        self
    }

    /// Sets how long a controller of a domain is waited for before the next one is begun with.
    #[must_use]
    pub fn with_head_start(mut self, head_start: Duration) -> Self {
        self.head_start = head_start;
        self
    }

    /// Sets the same for the controller that the last read was from.
    #[must_use]
    pub fn with_preferred_head_start(mut self, head_start: Duration) -> Self {
        self.preferred_head_start = head_start;
        self
    }

    /// Sets how long a controller of another AD site waits for those of the site that was asked for.
    #[must_use]
    pub fn with_other_site(mut self, other_site: Duration) -> Self {
        self.other_site = other_site;
        self
    }

    /// Sets how long a controller may take to say which AD site this client is in.
    #[must_use]
    pub fn with_ping(mut self, ping: Duration) -> Self {
        self.ping = ping;
        self
    }

    pub(crate) fn answer(&self) -> FrameLimits {
        FrameLimits { message_bytes: self.answer_bytes, depth: self.answer_depth }
    }
}

impl Default for ConnectLimits {
    fn default() -> Self {
        Self {
            resolve: Duration::from_secs(5),
            tcp: Duration::from_secs(5),
            starttls: Duration::from_secs(10),
            tls: Duration::from_secs(10),
            addresses: 16,
            answer_bytes: 256 * 1024,
            answer_depth: 8,
            head_start: Duration::from_millis(250),
            preferred_head_start: Duration::from_secs(2),
            other_site: Duration::from_secs(2),
            ping: Duration::from_secs(1),
        }
    }
}
