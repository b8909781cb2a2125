//! The directory source that speaks LDAP.

use std::sync::Arc;

use async_trait::async_trait;
use futures::StreamExt;
use futures::stream::{self, BoxStream};
use tokio::sync::mpsc;

use super::attributes::Selection;
use super::connect::{self, Connected};
use super::connect_limits::ConnectLimits;
use super::connection::{Clock, Connection, Task};
use super::limits::LdapLimits;
use super::reading::{Planned, Reading};
use super::root_dse::RootDse;
use super::search;
use crate::credential::{Credential, CredentialStore};
use crate::directory::{
    Completeness, ConnectStep, DirectoryEvent, DirectorySource, ReadEnd, ReadRequest,
    ServerIdentity, Transport, Verification,
};
use crate::name::DistinguishedName;
use crate::value::{CredentialId, ObjectKind, OrganizationId, ScopeFingerprint};
use crate::{Error, ErrorKind, Result};

/// The pages that may wait for the reader of the stream.
const WAITING_EVENTS: usize = 1;

/// Active Directory, or another LDAP directory, as a [`DirectorySource`].
///
/// A read makes one connection and one bind. It looks the credential up first, climbs the transport ladder as
/// the credential allows, checks the server's certificate, and sends the password only then. It never follows
/// a referral, and every limit of [`LdapLimits`] holds.
///
/// ```no_run
/// use std::sync::Arc;
/// use futures::StreamExt;
/// use ldap_inventory::credential::CredentialStore;
/// use ldap_inventory::directory::{DirectoryEvent, DirectorySource, ReadRequest};
/// use ldap_inventory::ldap::LdapSource;
/// use ldap_inventory::value::{CredentialId, OrganizationId};
///
/// # async fn example(credentials: Arc<dyn CredentialStore>) -> ldap_inventory::Result<()> {
/// let source = LdapSource::new(credentials);
/// let request =
///     ReadRequest::new(CredentialId::new("corp-directory")?, OrganizationId::new("hq")?);
/// let mut events = source.read(request).await?;
/// while let Some(event) = events.next().await {
///     match event? {
///         DirectoryEvent::Page(page) => println!("{} objects", page.objects.len()),
///         DirectoryEvent::End(end) => println!("complete: {}", end.completeness.is_complete()),
///         _ => {}
///     }
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct LdapSource {
    credentials: Arc<dyn CredentialStore>,
    limits: LdapLimits,
    connect_limits: ConnectLimits,
}

impl LdapSource {
    /// A source that finds its credentials here.
    pub fn new(credentials: Arc<dyn CredentialStore>) -> Self {
        Self {
            credentials,
            limits: LdapLimits::default(),
            connect_limits: ConnectLimits::default(),
        }
    }

    /// Sets the limits of a read.
    #[must_use]
    pub fn with_limits(mut self, limits: LdapLimits) -> Self {
        self.limits = limits;
        self
    }

    /// Sets the limits of making a connection.
    #[must_use]
    pub fn with_connect_limits(mut self, limits: ConnectLimits) -> Self {
        self.connect_limits = limits;
        self
    }

    /// Who answers: connects as a read does, with the same checks of the server, asks what it says of
    /// itself, and closes. No password is sent.
    ///
    /// # Errors
    ///
    /// Those of [`read`](DirectorySource::read) up to the bind.
    pub async fn identify(
        &self,
        credential: &CredentialId,
        organization: &OrganizationId,
    ) -> Result<ServerIdentity> {
        let clock = Clock::start(&self.limits);
        let credential = self.credential(credential, organization).await?;
        let (mut connection, established) = self.connect(&credential, clock).await?;
        let root = connection.root_dse().await?;
        connection.close().await;
        Ok(established.identity(&root))
    }

    /// The credential, permitted and fit for use.
    async fn credential(
        &self,
        id: &CredentialId,
        organization: &OrganizationId,
    ) -> Result<Credential> {
        let Some(credential) = self.credentials.credential(id, organization).await? else {
            return Err(Error::new(ErrorKind::NotFound, "there is no such credential")
                .with_context("credential", id));
        };
        // The store has checked this already; a password is worth a second look.
        credential.permits(organization)?;
        credential.validate()?;
        Ok(credential)
    }

    async fn connect(
        &self,
        credential: &Credential,
        clock: Clock,
    ) -> Result<(Connection, Established)> {
        let connecting = connect::connect(credential, &self.connect_limits);
        let connected = clock.wait_until_end(connecting).await??;
        let established = Established::of(&connected);
        let connection = Connection::over(connected.stream, &self.limits, clock).await?;
        Ok((connection, established))
    }

    /// Connects, binds, and makes sure that there is something to read.
    async fn prepare(
        &self,
        request: ReadRequest,
        events: mpsc::Sender<Result<DirectoryEvent>>,
    ) -> Result<Reading> {
        let clock = Clock::start(&self.limits);
        let selections = selections(&request)?;
        if let Some(filter) = &request.computer_filter {
            search::check_filter(filter, &self.limits)?;
        }
        let credential =
            clock.wait(self.credential(&request.credential, &request.organization)).await??;
        let (mut connection, established) = self.connect(&credential, clock).await?;
        connection.bind(&credential.username, credential.password.expose()).await?;
        let root = connection.root_dse().await?;
        connection.check_identity(&root).await?;
        let bases = bases(&request, &credential, &root)?;
        for base in &bases {
            connection.check_base(base.as_str()).await?;
        }
        let mut server = established.identity(&root);
        if let Some(domain) =
            bases.first().map(|base| root.default_naming_context.as_ref().unwrap_or(base))
        {
            server.domain = domain.domain();
            server.netbios_domain = connection.netbios_name(&root, domain).await?;
        }
        let scope = scope(&request, &credential, &bases, &root);
        let end = established.end(scope, server);
        Ok(Reading {
            connection,
            searches: searches(&request, &bases, &selections),
            limits: self.limits.clone(),
            send_domain_scope: root.knows_domain_scope,
            end,
            events,
        })
    }
}

#[async_trait]
impl DirectorySource for LdapSource {
    async fn read(
        &self,
        request: ReadRequest,
    ) -> Result<BoxStream<'static, Result<DirectoryEvent>>> {
        let (sender, events) = mpsc::channel(WAITING_EVENTS);
        let reading =
            self.prepare(request, sender).await.map_err(|error| error.in_operation("read"))?;
        // The task ends with the stream, and the connection with the task.
        let task = Task(tokio::spawn(reading.run()));
        let next = |(mut events, task): (mpsc::Receiver<_>, Task<()>)| async move {
            events.recv().await.map(|event| (event, (events, task)))
        };
        Ok(stream::unfold((events, task), next).boxed())
    }
}

/// What is known of a connection before anything was asked.
#[derive(Debug)]
struct Established {
    identity: ServerIdentity,
    transport: Transport,
    verification: Verification,
    steps: Vec<ConnectStep>,
    warnings: Vec<String>,
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
            steps: connected.steps.iter().map(step).collect(),
            warnings: connected.warnings.clone(),
        }
    }

    fn identity(&self, root: &RootDse) -> ServerIdentity {
        let mut identity = self.identity.clone();
        identity.dns_host_name.clone_from(&root.dns_host_name);
        identity.default_naming_context.clone_from(&root.default_naming_context);
        identity.domain = root.default_naming_context.as_ref().and_then(DistinguishedName::domain);
        identity
    }

    /// The end of a read of which nothing is known yet.
    fn end(self, scope: ScopeFingerprint, server: ServerIdentity) -> ReadEnd {
        let port = server.address.port();
        let mut end = ReadEnd::complete(scope, self.transport, self.verification, server);
        end.steps = self.steps;
        end.warnings = self.warnings;
        if is_global_catalog(port) {
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

/// The global catalog holds a part of every object's attributes, and no members of most groups.
fn is_global_catalog(port: u16) -> bool {
    matches!(port, 3268 | 3269)
}

fn step(step: &connect::ConnectStep) -> ConnectStep {
    ConnectStep {
        transport: step.target.map_or(Transport::Ldaps, |(_, transport)| transport),
        address: step.target.map(|(address, _)| address),
        failure: step.failure.clone(),
    }
}

/// The kinds to read, members after what they may be, each with its attributes.
fn selections(request: &ReadRequest) -> Result<Vec<(ObjectKind, Selection)>> {
    [ObjectKind::Computer, ObjectKind::User, ObjectKind::Group]
        .into_iter()
        .filter(|kind| request.kinds.contains(kind))
        .map(|kind| Ok((kind, Selection::of(kind, &request.extra_attributes)?)))
        .collect()
}

/// Where to search: what the request says, or the credential, or the server.
fn bases(
    request: &ReadRequest,
    credential: &Credential,
    root: &RootDse,
) -> Result<Vec<DistinguishedName>> {
    for configured in [&request.base_dns, &credential.base_dns] {
        if !configured.is_empty() {
            return Ok(configured.clone());
        }
    }
    match &root.default_naming_context {
        Some(base) => Ok(vec![base.clone()]),
        None => Err(Error::new(
            ErrorKind::Configuration,
            "the server names no default naming context, so a base DN must be set",
        )
        .with_context("credential", &credential.id)),
    }
}

fn searches(
    request: &ReadRequest,
    bases: &[DistinguishedName],
    selections: &[(ObjectKind, Selection)],
) -> Vec<Planned> {
    let of_kind = |(kind, selection): &(ObjectKind, Selection)| {
        let planned = |base: &DistinguishedName| Planned {
            kind: *kind,
            base: base.clone(),
            filter: filter(*kind, request),
            selection: selection.clone(),
        };
        bases.iter().map(planned).collect::<Vec<_>>()
    };
    selections.iter().flat_map(of_kind).collect()
}

/// Object classes alone, since `objectCategory` is a DN on servers that are not Active Directory.
fn filter(kind: ObjectKind, request: &ReadRequest) -> String {
    match (kind, &request.computer_filter) {
        (ObjectKind::Computer, Some(filter)) => format!("(&(objectClass=computer){filter})"),
        (ObjectKind::Computer, None) => "(objectClass=computer)".to_owned(),
        (ObjectKind::User, _) => "(&(objectClass=user)(!(objectClass=computer)))".to_owned(),
        (ObjectKind::Group, _) => "(objectClass=group)".to_owned(),
    }
}

/// What the read covers: reads with another fingerprint cannot be compared for what is missing.
fn scope(
    request: &ReadRequest,
    credential: &Credential,
    bases: &[DistinguishedName],
    root: &RootDse,
) -> ScopeFingerprint {
    let mut parts: Vec<String> = bases.iter().map(|base| base.normalized()).collect();
    parts.sort_unstable();
    parts.dedup();
    parts.push("kinds".to_owned());
    parts.extend(request.kinds.iter().map(ToString::to_string));
    parts.push("filter".to_owned());
    parts.extend(request.computer_filter.clone());
    parts.push("account".to_owned());
    parts.push(credential.username.to_lowercase());
    parts.push("domain".to_owned());
    parts.extend(root.default_naming_context.as_ref().map(DistinguishedName::normalized));
    ScopeFingerprint::of(parts.iter().map(String::as_str))
}
