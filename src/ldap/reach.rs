//! A server reached: a connection on which LDAP is spoken, and what is known of it before anything was asked.

use crate::credential::Credential;
use crate::directory::{
    Completeness, ConnectStep, ReadEnd, ReadScope, ServerIdentity, Transport, Verification,
};
use crate::ldap::limits::LdapLimits;
use crate::ldap::protocol::connection::{Clock, Connection};
use crate::ldap::protocol::redaction::Redaction;
use crate::ldap::protocol::root_dse::RootDse;
use crate::ldap::read::catalog;
use crate::ldap::transport::connect::{self, Connected, Target, Unconnected};
use crate::ldap::transport::connect_limits::ConnectLimits;
use crate::ldap::transport::provider::TlsProvider;
use crate::name::DistinguishedName;
use crate::{ErrorKind, Result};

/// How to reach a server, whichever it is.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Reach<'a> {
    pub(crate) credential: &'a Credential,
    /// How it must be protected at least.
    pub(crate) least: Option<(Transport, Verification)>,
    pub(crate) connect_limits: &'a ConnectLimits,
    pub(crate) limits: &'a LdapLimits,
    pub(crate) tls: TlsProvider,
    pub(crate) clock: Clock,
}

/// What is known of a connection before anything was asked.
#[derive(Debug)]
pub(crate) struct Established {
    identity: ServerIdentity,
    pub(crate) transport: Transport,
    pub(crate) verification: Verification,
    pub(crate) steps: Vec<ConnectStep>,
    pub(crate) warnings: Vec<String>,
}

impl Reach<'_> {
    /// The first of these servers that can be reached. Nothing is asked of it, and no password is sent.
    pub(crate) async fn any_of(
        &self,
        targets: &[Target],
    ) -> Result<(Connection, Established), Unconnected> {
        let Self { credential, least, connect_limits, tls, .. } = *self;
        let connected = connect::connect(targets, credential, least, connect_limits, tls).await?;
        tracing::info!(
            server = %connected.server,
            address = %connected.peer,
            transport = %connected.transport,
            verified_by = %connected.verification,
            "connected"
        );
        let established = Established::of(&connected);
        let redaction = Redaction::of(credential.sign_in.sent_secret());
        let connection =
            Connection::over(connected.stream, self.limits, self.clock, redaction).await?;
        Ok((connection, established))
    }
}

impl Established {
    fn of(connected: &Connected) -> Self {
        let mut identity = ServerIdentity::at(connected.peer);
        identity.thumbprint = connected
            .certificate
            .as_ref()
            .map(|certificate| certificate.thumbprint(connected.peer.ip()).to_string());
        Self {
            identity,
            transport: connected.transport,
            verification: connected.verification,
            steps: connected.steps.clone(),
            warnings: connected.warnings.clone(),
        }
    }

    /// Notes the AD site that the server takes this client to be in.
    pub(crate) fn note_client_site(&mut self, site: Option<String>) {
        self.identity.client_site = site;
    }

    /// The server, once it has said who it is.
    pub(crate) fn identity(&self, root: &RootDse) -> ServerIdentity {
        let mut identity = self.identity.clone();
        identity.dns_host_name.clone_from(&root.dns_host_name);
        identity.default_naming_context.clone_from(&root.default_naming_context);
        identity.site = root.site();
        identity.domain = root.default_naming_context.as_ref().and_then(DistinguishedName::domain);
        identity
    }

    /// The end of a read of which nothing is known yet.
    pub(crate) fn end(self, scope: ReadScope, server: ServerIdentity) -> ReadEnd {
        let port = server.address.port();
        let mut end = ReadEnd::complete(scope, self.transport, self.verification, server);
        end.steps = self.steps;
        end.warnings = self.warnings;
        if catalog::is_at(port) {
            let reason = "port 3268 and 3269 are the global catalog, which has neither all \
                          attributes nor all members; use port 636 or 389";
            end.warnings.push(reason.to_owned());
            end.completeness = Completeness::Incomplete {
                kind: ErrorKind::Configuration,
                reason: reason.to_owned(),
            };
        }
        end
    }
}
