//! The directory source that speaks LDAP.

use std::sync::Arc;

use async_trait::async_trait;
use futures::StreamExt;
use futures::stream::{self, BoxStream};
use tokio::sync::mpsc;

use crate::credential::{Credential, CredentialStore};
use crate::directory::{
    DirectoryEvent, DirectorySource, ReadRequest, ReadScope, ServerIdentity, Transport,
    Verification,
};
use crate::ldap::delta::{DeltaPolicy, Token, Tracking};
use crate::ldap::limits::LdapLimits;
use crate::ldap::locate::{self, Resolver};
use crate::ldap::protocol::connection::{Clock, Connection, Task};
use crate::ldap::protocol::search;
use crate::ldap::reach::{Established, Reach};
use crate::ldap::read::attributes::Selection;
use crate::ldap::read::reading::{Progress, Reading};
use crate::ldap::read::scope::{
    about_base, bases, is_about_base, roots, scope, searches, selections,
};
use crate::ldap::transport::connect::Unconnected;
use crate::ldap::transport::connect_limits::ConnectLimits;
use crate::ldap::transport::provider::TlsProvider;
use crate::name::DistinguishedName;
use crate::value::{CredentialId, ObjectKind, OrganizationId};
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
    tls: TlsProvider,
    pub(super) limits: LdapLimits,
    pub(super) connect_limits: ConnectLimits,
    delta: DeltaPolicy,
    census: bool,
    pub(super) least_protection: Option<(Transport, Verification)>,
    pub(super) resolver: Option<Arc<dyn Resolver>>,
}

impl LdapSource {
    /// A source that finds its credentials here.
    pub fn new(credentials: Arc<dyn CredentialStore>) -> Self {
        Self {
            credentials,
            tls: TlsProvider::default(),
            limits: LdapLimits::default(),
            connect_limits: ConnectLimits::default(),
            delta: DeltaPolicy::default(),
            census: true,
            least_protection: None,
            resolver: locate::system_resolver(),
        }
    }

    /// Sets what does the cryptography under TLS; [`TlsProvider::default`] unless set.
    #[must_use]
    pub fn with_tls_provider(mut self, tls: TlsProvider) -> Self {
        self.tls = tls;
        self
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

    /// Sets who asks DNS for the addresses of servers and for the controllers of a
    /// [domain](crate::credential::ServerUrl). Unless set, it is for the operating system to find addresses, and for the DNS
    /// servers that it has to find controllers: with the feature `locate`, and without it nobody finds any.
    #[must_use]
    pub fn with_resolver(mut self, resolver: Arc<dyn Resolver>) -> Self {
        self.resolver = Some(resolver);
        self
    }

    /// Sets how changes since the last read are found; [`DeltaPolicy::Auto`] unless set.
    #[must_use]
    pub fn with_delta(mut self, policy: DeltaPolicy) -> Self {
        self.delta = policy;
        self
    }

    /// Sets whether a read of changes also asks for the identity of everything in scope, so that a deletion
    /// shows at once. On unless set: an ordinary account may not see tombstones. Without it, deletions show where
    /// tombstones do, and else with the next full read.
    #[must_use]
    pub fn with_census(mut self, census: bool) -> Self {
        self.census = census;
        self
    }

    /// Sets how whatever is asked must be protected at least, where a request does not say so:
    /// [`SyncReport::last_protection`](crate::sync::SyncReport::last_protection) tells how it was. A run sees to it by itself.
    #[must_use]
    pub fn with_least_protection(mut self, earlier: Option<(Transport, Verification)>) -> Self {
        self.least_protection = earlier;
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
        let least = self.least_protection;
        let (mut connection, established) = self.connect(&credential, least, clock, None).await?;
        let root = connection.root_dse().await?;
        connection.close().await;
        Ok(established.identity(&root))
    }

    /// Whether the directory has an entry with this DN that the account may see: connects and binds as a read does.
    ///
    /// For what is named in a task and never searched, such as
    /// [an OU to leave out](crate::task::Exclusions): with a slip in its name it would leave out nothing.
    ///
    /// # Errors
    ///
    /// Those of [`read`](DirectorySource::read).
    pub async fn has_entry(
        &self,
        credential: &CredentialId,
        organization: &OrganizationId,
        dn: &DistinguishedName,
    ) -> Result<bool> {
        let clock = Clock::start(&self.limits);
        let credential = self.credential(credential, organization).await?;
        let (mut connection, established) =
            self.connect(&credential, self.least_protection, clock, None).await?;
        connection.sign_in(&credential.sign_in, established.transport).await?;
        let checked = connection.check_base(dn.as_str()).await;
        connection.close().await;
        match checked {
            Ok(()) => Ok(true),
            Err(error) if is_about_base(&error) => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// The credential, permitted and fit for use.
    pub(super) async fn credential(
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

    /// `preferred`: the host of a domain that is tried before the others.
    pub(super) async fn connect(
        &self,
        credential: &Credential,
        least: Option<(Transport, Verification)>,
        clock: Clock,
        preferred: Option<&str>,
    ) -> Result<(Connection, Established)> {
        let reach = Reach {
            credential,
            least,
            connect_limits: &self.connect_limits,
            limits: &self.limits,
            tls: self.tls,
            clock,
        };
        // Boxed, since whatever is awaited is on the stack of whoever asks anything, and twice in what waits with a clock.
        let connecting = Box::pin(locate::connect(&reach, self.resolver.as_deref(), preferred));
        clock.wait_until_end(connecting).await?.map_err(Unconnected::into_error)
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
        let least = request.least_protection.or(self.least_protection);
        let last = request.checkpoint.as_ref().and_then(|last| Token::decode(&last.token));
        let preferred = last.as_ref().and_then(Token::host);
        let connecting = self.connect(&credential, least, clock, preferred);
        let (mut connection, established) = connecting.await?;
        connection.sign_in(&credential.sign_in, established.transport).await?;
        let root = connection.root_dse().await?;
        connection.check_identity(&root, &credential.sign_in).await?;
        let bases = bases(&request, &credential, &root)?;
        for base in &bases {
            let checked = connection.check_base(base.as_str()).await;
            checked.map_err(|error| about_base(error, base, &root))?;
        }
        let mut server = established.identity(&root);
        if let Some(domain) =
            bases.first().map(|base| root.default_naming_context.as_ref().unwrap_or(base))
        {
            server.domain = domain.domain();
            server.netbios_domain = connection.netbios_name(&root, domain).await?;
            server.other_domains = connection.other_domains(&root, domain).await?;
            let own = connection.domain_entry(&root, domain).await?;
            server.allowed_suffixes = own.allowed_suffixes;
            (server.domain_sid, server.domain_guid) = (own.sid, own.guid);
        }
        let scope = scope(&request, &credential, &bases, &root, &server);
        let mut tracking = self.tracking(&request, &scope, &selections);
        let end = established.end(scope, server);
        // The global catalog has update numbers of its own, and not all attributes.
        if self.delta != DeltaPolicy::Never && end.completeness.is_complete() {
            tracking.server = connection.server_state(&root).await?;
            tracking.roots = roots(&bases, &root);
        }
        let is_placed = request.addresses_from_dns && request.kinds.contains(&ObjectKind::Computer);
        let places = match is_placed {
            true => Some(connection.network_places(&root, &bases).await?),
            false => None,
        };
        Ok(Reading {
            connection,
            places,
            searches: searches(&request, &bases, &selections),
            limits: self.limits.clone(),
            send_domain_scope: root.knows_domain_scope,
            end,
            events,
            tracking,
            progress: Progress::default(),
            held: request.memory.holder(),
        })
    }

    /// How to go on from a checkpoint, as far as that does not depend on the server.
    fn tracking(
        &self,
        request: &ReadRequest,
        scope: &ReadScope,
        selections: &[(ObjectKind, Selection)],
    ) -> Tracking {
        let mut attributes: Vec<String> =
            selections.iter().flat_map(|(_, selection)| selection.names()).collect();
        attributes.sort_unstable();
        attributes.dedup();
        Tracking {
            policy: self.delta,
            scope: scope.fingerprint,
            former_scope: scope.former,
            checkpoint: request.checkpoint.clone(),
            again: request.again.iter().copied().collect(),
            census: self.census && request.census,
            link_changes: request.link_changes,
            server: None,
            roots: Vec::new(),
            kinds: selections.iter().map(|(kind, _)| *kind).collect(),
            attributes,
            network: None,
        }
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

#[cfg(test)]
mod tests {
    use futures::StreamExt;

    use super::*;
    use crate::credential::ServerUrl;
    use crate::directory::Completeness;
    use crate::ldap::protocol::frame::{Frame, op};
    use crate::ldap::protocol::script::{self, bound, done, entry, page_done, serve_tcp};
    use crate::value::Secret;

    /// One credential, for everybody.
    #[derive(Debug)]
    struct Only(Credential);

    #[async_trait]
    impl CredentialStore for Only {
        async fn credential(
            &self,
            id: &CredentialId,
            _: &OrganizationId,
        ) -> Result<Option<Credential>> {
            Ok((*id == self.0.id).then(|| self.0.clone()))
        }
    }

    fn request() -> ReadRequest {
        let id = CredentialId::new("corp").unwrap();
        ReadRequest::new(id, OrganizationId::new("hq").unwrap())
    }

    fn source(url: &str, change: impl FnOnce(Credential) -> Credential) -> LdapSource {
        let id = CredentialId::new("corp").unwrap();
        let credential = Credential::new(id, "CORP\\svc", Secret::new("canary-93af"))
            .with_server(ServerUrl::parse(url).unwrap())
            .with_insecure(true)
            .shared_with(OrganizationId::new("hq").unwrap());
        LdapSource::new(Arc::new(Only(change(credential))))
    }

    fn root_dse(id: i64) -> Vec<u8> {
        let attributes: &[(&str, &[&[u8]])] = &[
            ("defaultNamingContext", &[b"DC=corp,DC=example"]),
            ("dnsHostName", &[b"dc1.corp.example"]),
        ];
        [entry(id, "", attributes), done(id, 0)].concat()
    }

    fn base(id: i64) -> Vec<u8> {
        [entry(id, "DC=corp,DC=example", &[]), done(id, 0)].concat()
    }

    fn session() -> Vec<Vec<u8>> {
        let computer =
            entry(4, "CN=A,DC=corp,DC=example", &[("objectGUID", &[b"0123456789abcdef"])]);
        vec![
            bound(1, 0, ""),
            root_dse(2),
            base(3),
            [computer, page_done(4, 0, b"")].concat(),
            page_done(5, 0, b""),
            page_done(6, 0, b""),
        ]
    }

    /// The outcome of a read against these replies, and the requests that were made.
    async fn run(
        replies: Vec<Vec<u8>>,
        change: impl FnOnce(Credential) -> Credential,
    ) -> (Result<Vec<DirectoryEvent>>, Vec<Frame>) {
        let (address, server) = serve_tcp(replies).await;
        let read = async {
            let source = source(&format!("ldap://{address}"), change);
            let events = source.read(request()).await?;
            events.collect::<Vec<_>>().await.into_iter().collect()
        };
        let outcome: Result<Vec<DirectoryEvent>> = read.await;
        let requests = if server.is_finished() || outcome.is_ok() {
            server.await.unwrap()
        } else {
            server.abort();
            Vec::new()
        };
        (outcome, requests)
    }

    #[tokio::test]
    async fn a_read_binds_once_and_says_who_answered_and_how_it_ended() {
        let (events, requests) = run(session(), |credential| credential).await;
        let events = events.unwrap();
        let Some(DirectoryEvent::End(end)) = events.last() else { panic!("{events:?}") };
        assert_eq!(end.completeness, Completeness::Complete);
        assert_eq!(end.transport, Transport::Ldap);
        assert_eq!(end.server.domain.as_deref(), Some("corp.example"));
        assert_eq!(end.server.dns_host_name.as_deref(), Some("dc1.corp.example"));
        assert_eq!(end.steps.last().unwrap().failure, None);
        assert!(matches!(&events[0], DirectoryEvent::Begin(_)));
        assert!(matches!(&events[1], DirectoryEvent::Page(page) if page.objects.len() == 1));
        let binds: Vec<_> =
            requests.iter().filter(|frame| frame.op() == op::BIND_REQUEST).collect();
        assert_eq!(binds.len(), 1);
        assert_eq!(requests.last().unwrap().op(), script::UNBIND_REQUEST);
    }

    #[tokio::test]
    async fn what_fails_before_the_first_page_is_an_error_of_the_read() {
        let nobody = vec![bound(1, 49, "80090308: data 52e, v1")];
        let anonymous = vec![bound(1, 0, ""), root_dse(2), done(3, 0)];
        let nameless = vec![bound(1, 0, ""), [entry(2, "", &[]), done(2, 0)].concat()];
        for (replies, kind) in [
            (nobody, ErrorKind::BindRefused),
            (anonymous, ErrorKind::Directory),
            (nameless, ErrorKind::Configuration),
        ] {
            let error = run(replies, |credential| credential).await.0.unwrap_err();
            assert_eq!(error.kind(), kind, "{error}");
            assert!(!format!("{error:?}").contains("canary"));
        }
    }

    #[tokio::test]
    async fn a_base_of_the_credential_serves_where_the_server_names_none() {
        let mut replies = session();
        replies[1] = [entry(2, "", &[]), done(2, 0)].concat();
        let base = DistinguishedName::parse("DC=corp,DC=example").unwrap();
        let (events, _) = run(replies, |credential| credential.with_base_dn(base)).await;
        assert_eq!(events.unwrap().len(), 3);
    }

    #[tokio::test]
    async fn settings_that_cannot_work_are_refused_before_a_connection() {
        // Nobody listens here, so a connection attempt would give another error.
        let source = source("ldap://127.0.0.1:9", |credential| credential);
        let secret = request().with_extra_attributes(["unicodePwd".to_owned()]);
        let nested = request().with_computer_filter("(!".repeat(5_000));
        for request in [secret, nested] {
            let error = source.read(request).await.err().unwrap();
            assert_eq!(error.kind(), ErrorKind::Configuration);
        }
        let mut other = request();
        other.credential = CredentialId::new("other").unwrap();
        assert_eq!(source.read(other).await.err().unwrap().kind(), ErrorKind::NotFound);
        let mut foreign = request();
        foreign.organization = OrganizationId::new("other").unwrap();
        let error = source.read(foreign).await.err().unwrap();
        assert_eq!(error.kind(), ErrorKind::CredentialNotShared);
    }

    #[tokio::test]
    async fn dropping_the_stream_closes_the_connection() {
        // The search is never answered.
        let replies = session().into_iter().take(3).collect();
        let (address, server) = serve_tcp(replies).await;
        let source = source(&format!("ldap://{address}"), |credential| credential);
        let events = source.read(request()).await.unwrap();
        drop(events);
        // The server ends only when its connections do.
        server.await.unwrap();
    }

    #[tokio::test]
    async fn a_server_is_identified_without_the_password() {
        let (address, server) = serve_tcp(vec![root_dse(1)]).await;
        let source = source(&format!("ldap://{address}"), |credential| credential);
        let request = request();
        let identity = source.identify(&request.credential, &request.organization).await.unwrap();
        assert_eq!(identity.domain.as_deref(), Some("corp.example"));
        let requests = server.await.unwrap();
        assert!(requests.iter().all(|frame| frame.op() != op::BIND_REQUEST));
    }

    #[tokio::test]
    async fn what_repeats_the_password_is_left_out_before_it_was_sent_as_well() {
        let name = entry(1, "", &[("dnsHostName", &[b"canary-93af.example"])]);
        let (address, server) = serve_tcp(vec![[name, done(1, 0)].concat()]).await;
        let ours = source(&format!("ldap://{address}"), |credential| credential);
        let request = request();
        let identity = ours.identify(&request.credential, &request.organization).await.unwrap();
        assert_eq!(identity.dns_host_name, None);
        server.await.unwrap();

        // A server that ends the connection says why, before anything was asked of it.
        let result = script::ldap_result(52, "canary-93af is out of order");
        let notice = script::message(0, op::EXTENDED_RESPONSE, &result, &[]);
        let error = run(vec![notice], |credential| credential).await.0.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Disconnected);
        assert!(!format!("{error:?} {error}").contains("canary"), "{error}");
    }
}
