//! The controllers of one domain, tried with a short head start for each.

use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use futures::StreamExt;
use futures::stream::FuturesUnordered;
use tokio::time::{Instant, sleep, sleep_until, timeout};

use super::order::{in_order, seed};
use super::{CONTROLLERS, Resolver, SrvRecord, addresses};
use crate::credential::{Scheme, ServerUrl};
use crate::directory::{ConnectStep, Transport, Verification};
use crate::ldap::protocol::connection::Connection;
use crate::ldap::protocol::root_dse::RootDse;
use crate::ldap::reach::{Established, Reach};
use crate::ldap::transport::connect::{Target, Unconnected};
use crate::{Error, ErrorKind, Printable, Result, Retry};

/// More controllers are not tried: a domain with more lists them by site.
const MOST_CONTROLLERS: usize = 64;

/// The port of LDAP. A record names no other one of a domain controller, which has LDAPS at its own.
const LDAP: u16 = 389;

/// A search for a controller of a domain.
#[derive(Clone, Copy, Debug)]
pub(super) struct Race<'a> {
    pub(super) reach: &'a Reach<'a>,
    pub(super) resolver: &'a dyn Resolver,
    pub(super) domain: &'a str,
    /// How each controller is connected to, if that is said.
    pub(super) scheme: Option<Scheme>,
    pub(super) site: Option<&'a str>,
    /// The host that is tried first.
    pub(super) preferred: Option<&'a str>,
}

/// A controller that proved itself.
struct Proven {
    connection: Connection,
    established: Established,
    /// The AD site that it says it is in.
    site: Option<String>,
}

/// A controller that waits for a better one.
struct Lesser {
    proven: Proven,
    /// How long it waits. One that nothing vouches for waits until all others have failed.
    until: Option<Instant>,
}

/// What came of the controllers so far.
#[derive(Default)]
struct Results {
    steps: Vec<ConnectStep>,
    /// Hosts that are being tried.
    running: Vec<String>,
    /// One that is taken if there is no better one: of another site, or protected by less.
    lesser: Option<Lesser>,
    /// The first that was there and did not hold.
    refused: Option<Error>,
}

impl Race<'_> {
    /// The first controller that proves itself. Nothing but the rootDSE was asked of it, and no password was sent to any.
    pub(super) async fn run(self) -> Result<(Connection, Established), Unconnected> {
        let mut results = Results::default();
        let controllers = self.controllers(&mut results).await;
        let mut waiting = controllers.iter();
        let mut running = FuturesUnordered::new();
        let mut head_start = self.first_head_start(controllers.first());
        loop {
            let next = waiting.next();
            if let Some(next) = next {
                results.running.push(next.host.clone());
                running.push(async move { (next, self.prove(next).await) });
            }
            let until = results.lesser.as_ref().and_then(|lesser| lesser.until);
            tokio::select! {
                outcome = running.next() => match outcome {
                    Some((controller, outcome)) => {
                        if let Some(proven) = self.judge(controller, outcome, &mut results) {
                            return Ok(results.won_by(proven));
                        }
                    }
                    None => break,
                },
                () = sleep(head_start), if next.is_some() => {}
                () = sleep_until(until.unwrap_or_else(Instant::now)), if until.is_some() => break,
            }
            head_start = self.reach.connect_limits.head_start;
        }
        match results.lesser.take() {
            Some(Lesser { proven, .. }) => Ok(results.won_by(self.with_warning(proven))),
            None => Err(self.lost(results)),
        }
    }

    fn first_head_start(&self, first: Option<&SrvRecord>) -> Duration {
        match first {
            Some(first) if self.is_preferred(first) => {
                self.reach.connect_limits.preferred_head_start
            }
            _ => self.reach.connect_limits.head_start,
        }
    }

    fn is_preferred(&self, record: &SrvRecord) -> bool {
        self.preferred.is_some_and(|host| host.eq_ignore_ascii_case(bare(&record.host)))
    }

    /// The controllers in the order in which they are tried: those of the site before the others.
    async fn controllers(&self, results: &mut Results) -> Vec<SrvRecord> {
        let of_site = self.site.map(|site| format!("_ldap._tcp.{site}._sites.dc._msdcs"));
        let names = of_site.into_iter().chain([CONTROLLERS.to_owned()]);
        let mut controllers: Vec<SrvRecord> = Vec::new();
        for name in names {
            let name = format!("{name}.{}", self.domain);
            match self.look_up(&name).await {
                Ok(found) => {
                    for record in in_order(found, seed()) {
                        let is_known = |known: &SrvRecord| {
                            known.port == record.port
                                && bare(&known.host).eq_ignore_ascii_case(bare(&record.host))
                        };
                        if !controllers.iter().any(is_known) {
                            controllers.push(record);
                        }
                    }
                }
                Err(error) => results.note(&name, error),
            }
        }
        controllers.sort_by_key(|record| !self.is_preferred(record));
        controllers.truncate(MOST_CONTROLLERS);
        controllers
    }

    async fn look_up(&self, name: &str) -> Result<Vec<SrvRecord>> {
        let looking = timeout(self.reach.connect_limits.resolve, self.resolver.srv(name));
        let found = looking.await.unwrap_or_else(|_| {
            Err(Error::new(ErrorKind::Connect, "DNS did not answer in time"))
        })?;
        if found.is_empty() {
            return Err(Error::new(ErrorKind::Connect, "DNS has no SRV record of this name"));
        }
        Ok(found)
    }

    /// Connects to a controller, and has it say what it is.
    async fn prove(&self, controller: &SrvRecord) -> Result<Proven, Unconnected> {
        let target = [self.target(controller).await?];
        let mut proven = self.introduce(&target).await?;
        let asking = proven.connection.client_site(self.domain);
        let failed = match timeout(self.reach.connect_limits.ping, asking).await {
            Ok(Ok(client_site)) => {
                proven.established.note_client_site(client_site);
                return Ok(proven);
            }
            Ok(Err(error)) => error.report(),
            Err(_) => "it did not answer in time".to_owned(),
        };
        // The site is information only. What became of the connection nobody knows.
        drop(proven);
        let mut proven = self.introduce(&target).await?;
        let host = Printable(bare(&controller.host));
        proven.established.warnings.push(format!(
            "which AD site this client is in is not known: {host} was asked for it by an LDAP ping: {failed}"
        ));
        Ok(proven)
    }

    /// A connection to a controller that says that it is one of the domain.
    async fn introduce(&self, target: &[Target]) -> Result<Proven, Unconnected> {
        let (mut connection, established) = self.reach.any_of(target).await?;
        let asked = connection.root_dse().await;
        match asked.and_then(|root| self.check_domain(&root).map(|()| root.site())) {
            Ok(site) => Ok(Proven { connection, established, site }),
            Err(error) => {
                let at = established.steps.last().map(|step| (step.transport, step.address));
                // One that broke off may be there again; one of another domain will not be.
                let is_final = error.retry() != Retry::Transient;
                Err(Unconnected { steps: Vec::new(), error, at, is_final })
            }
        }
    }

    /// The host of a record, with its addresses.
    async fn target(&self, controller: &SrvRecord) -> Result<Target, Unconnected> {
        let host = bare(&controller.host);
        let (server, addresses) = self
            .found(host, controller.port)
            .await
            .map_err(|error| Unconnected { steps: Vec::new(), error, at: None, is_final: false })?;
        let needs_pin = (!self.is_within(host)).then(|| {
            format!(
                "the host is not within the domain {}, and whoever answers in DNS may have named it: only a pin for its \
                 address can vouch for it",
                self.domain
            )
        });
        Ok(Target { server, addresses: Some(Ok(addresses)), needs_pin })
    }

    async fn found(&self, host: &str, port: u16) -> Result<(ServerUrl, Vec<IpAddr>)> {
        let port = if port == LDAP { String::new() } else { format!(":{port}") };
        // An address, or a scheme, in the place of a name would be judged as one thing here and as another there.
        if !is_name(host) {
            return Err(Error::new(ErrorKind::Connect, "the SRV record names no host"));
        }
        let scheme = if self.scheme == Some(Scheme::Ldap) { "ldap://" } else { "" };
        let server = ServerUrl::parse(&format!("{scheme}{host}{port}"))?;
        let within = self.reach.connect_limits.resolve;
        Ok((server, addresses(self.resolver, host, within).await?))
    }

    /// Whether a host is below the domain, or called as it is.
    fn is_within(&self, host: &str) -> bool {
        let host = host.to_ascii_lowercase();
        let rest = host.strip_suffix(&self.domain.to_ascii_lowercase());
        rest.is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
    }

    fn check_domain(&self, root: &RootDse) -> Result<()> {
        let domain = root.default_naming_context.as_ref().and_then(|root| root.domain());
        match domain {
            Some(domain) if domain.eq_ignore_ascii_case(self.domain) => Ok(()),
            Some(domain) => Err(Error::new(
                ErrorKind::Directory,
                format!(
                    "it is a controller of the domain {}, not of {}",
                    Printable(&domain),
                    self.domain
                ),
            )),
            None => Err(Error::new(
                ErrorKind::Directory,
                "it names no domain of its own, as a domain controller does",
            )),
        }
    }

    /// The controller, if it is to be taken at once.
    fn judge(
        &self,
        controller: &SrvRecord,
        outcome: Result<Proven, Unconnected>,
        results: &mut Results,
    ) -> Option<Proven> {
        results.running.retain(|host| *host != controller.host);
        let proven = match outcome {
            Ok(proven) => proven,
            Err(failed) => {
                results.failed(controller, failed);
                return None;
            }
        };
        let (reason, until) = match self.against(&proven) {
            _ if !proven.is_vouched_for() => {
                ("nothing vouches for it, so that others are tried before it".to_owned(), None)
            }
            Some(reason) => {
                (reason, Instant::now().checked_add(self.reach.connect_limits.other_site))
            }
            None => return Some(proven),
        };
        results.put_back(controller, proven, reason, until);
        None
    }

    /// Why one that proved itself is not the one that is wanted.
    fn against(&self, proven: &Proven) -> Option<String> {
        let (wanted, site) = (self.site?, proven.site.as_deref()?);
        let is_elsewhere = !site.eq_ignore_ascii_case(wanted);
        let site = Printable(site);
        is_elsewhere
            .then(|| format!("it proved itself, and is in the AD site {site}, not in {wanted}"))
    }

    fn with_warning(&self, mut proven: Proven) -> Proven {
        if self.against(&proven).is_some() {
            let (wanted, site) =
                (self.site.unwrap_or_default(), proven.site.as_deref().unwrap_or_default());
            proven.established.warnings.push(format!(
                "no controller in the AD site {wanted} proved itself; one in {} is read from",
                Printable(site)
            ));
        }
        proven
    }

    /// Why there is none.
    fn lost(&self, results: Results) -> Unconnected {
        let Results { steps, refused, .. } = results;
        let is_final = refused.is_some();
        let error = match refused {
            Some(cause) => {
                let message = "none of the domain's controllers that were reached proved itself";
                Error::new(cause.kind(), message).with_retry(cause.retry()).with_source(cause)
            }
            None => Error::new(ErrorKind::Connect, "no controller of the domain could be reached")
                .with_retry(Retry::Transient),
        };
        let error = error.with_context("domain", self.domain);
        Unconnected { steps, error, at: None, is_final }
    }
}

impl Proven {
    /// Whether a certificate or a pin held: what the credential permits beside that is for those of whom there is no better.
    fn is_vouched_for(&self) -> bool {
        self.established.verification != Verification::Nothing
    }
}

impl Results {
    /// Has one wait for a better one; of several the one that something vouches for, then the first.
    fn put_back(
        &mut self,
        controller: &SrvRecord,
        proven: Proven,
        reason: String,
        until: Option<Instant>,
    ) {
        let at = proven.established.steps.last().map(|step| (step.transport, step.address));
        self.steps.push(step(&controller.host, at, reason));
        let is_better = |known: &Lesser| proven.is_vouched_for() && !known.proven.is_vouched_for();
        if self.lesser.as_ref().is_none_or(is_better) {
            self.lesser = Some(Lesser { proven, until });
        }
    }

    /// The connection to the winner, with a line for each of the others that were begun with.
    fn won_by(mut self, proven: Proven) -> (Connection, Established) {
        let Proven { connection, mut established, .. } = proven;
        for host in &self.running {
            let reason = "it had not proved itself yet when another controller had";
            self.steps.push(step(host, None, reason.to_owned()));
        }
        self.steps.append(&mut established.steps);
        established.steps = self.steps;
        (connection, established)
    }

    fn failed(&mut self, controller: &SrvRecord, failed: Unconnected) {
        let Unconnected { steps, error, at, is_final } = failed;
        let is_named = error.context().any(|(key, _)| key == "server");
        let error =
            if is_named { error } else { error.with_context("server", bare(&controller.host)) };
        let is_told = !is_final && !steps.is_empty();
        self.steps.extend(steps);
        if !is_told {
            self.steps.push(step(&controller.host, at, error.report()));
        }
        if is_final {
            self.refused.get_or_insert(error);
        }
    }

    fn note(&mut self, name: &str, error: Error) {
        self.steps.push(step(name, None, error.with_context("name", name).report()));
    }
}

fn step(host: &str, at: Option<(Transport, Option<SocketAddr>)>, failure: String) -> ConnectStep {
    let (transport, address) = at.unwrap_or((Transport::Ldaps, None));
    let step = ConnectStep {
        transport,
        host: Some(Printable(bare(host)).to_string()),
        address,
        failure: Some(failure),
    };
    tracing::debug!(?step, "connecting");
    step
}

/// Whether it is a host name, as those of domain controllers are (RFC 1123, and the underscore that Windows permits).
fn is_name(host: &str) -> bool {
    let is_plain = |c: char| c.is_alphanumeric() || matches!(c, '-' | '_' | '.');
    host.parse::<IpAddr>().is_err() && host.chars().all(is_plain)
}

/// A name without the dot at its end.
fn bare(host: &str) -> &str {
    host.strip_suffix('.').unwrap_or(host)
}
