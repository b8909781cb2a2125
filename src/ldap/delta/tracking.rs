//! What changed since the last read: where the server stood, and whether this read may go on from there.
//!
//! A read of changes only learns *which* objects changed, and reads those again whole ([`read`](crate::ldap::read)). What it
//! must not do is lose a change, so the position of the next read is always taken *before* anything of this one is
//! read: a change in between is then seen twice, which does no harm.
//!
//! DirSync's position is a cookie. A search that matches nothing has one too: the cookie is the state of the
//! replica, whatever the filter (MS-ADTS section 3.1.1.3.4.1.3), and costs next to nothing, where the same search
//! with the filter of the later ones would send the whole directory a second time.

use ldap3::Scope;

use super::{ChangeGranularity, Changes, Token};
use crate::directory::{DNS_ADDRESS, FullReadReason, Held};
use crate::ldap::limits::LdapLimits;
use crate::ldap::protocol::connection::Connection;
use crate::ldap::protocol::entry::RawEntry;
use crate::ldap::protocol::root_dse::RootDse;
use crate::ldap::protocol::search::SearchRequest;
use crate::name::DistinguishedName;
use crate::value::{Checkpoint, ObjectGuid, ObjectKind, ReadMode, RecordDigest};
use crate::{Error, Result};

/// More groups than this are not kept in a token. There is no checkpoint then.
const AGAIN: usize = 1_000;

/// How a source finds out what changed since the last read.
///
/// What changes without a change that the server tells shows with the next full read: a value that the server works
/// out (a lockout that ran out), `memberOf` where the other object lies outside the bases, an address whose node in the DNS
/// was deleted outright or renamed, instead of becoming a tombstone as a DNS server has it, and the name of another object
/// in any other attribute. `managedBy` of computers follows a change of the user, group or computer that it names, as far as that
/// is read, and waits for the full read
///
/// - where the other object lies outside the bases,
/// - where a deletion took it away, and the Recycle Bin of the directory gives it back with the deleted object,
/// - where a computer that it names comes into the bases, or a user or group does under another name than before.
#[derive(Clone, Copy, Debug, Default, Eq, Hash, PartialEq)]
#[non_exhaustive]
pub enum DeltaPolicy {
    /// By DirSync where the server offers it and the account may use it, else by `uSNChanged`, else everything
    /// is read. The default: each of them misses nothing that the account may see.
    #[default]
    Auto,
    /// By DirSync, or everything is read.
    DirSync,
    /// By `uSNChanged`, or everything is read.
    Usn,
    /// Everything is read, every time.
    Never,
}

/// How a read goes on from an earlier one, and leaves a checkpoint for the next.
#[derive(Debug)]
pub(crate) struct Tracking {
    pub(crate) policy: DeltaPolicy,
    pub(crate) scope: RecordDigest,
    /// As [`ReadScope::former`](crate::directory::ReadScope) has it.
    pub(crate) former_scope: Option<RecordDigest>,
    /// Where the last read ended.
    pub(crate) checkpoint: Option<Checkpoint>,
    /// What is read again though it did not change.
    pub(crate) again: Vec<ObjectGuid>,
    /// Whether a read of changes makes sure of what is still there.
    pub(crate) census: bool,
    /// Whether of long lists of members it is enough to know what changed.
    pub(crate) link_changes: bool,
    /// `None`: the server does not tell what changes.
    pub(crate) server: Option<ServerState>,
    /// Naming contexts, or entries, below which everything lies that is read.
    pub(crate) roots: Vec<DistinguishedName>,
    pub(crate) kinds: Vec<ObjectKind>,
    /// The names of all attributes that are read, of all kinds.
    pub(crate) attributes: Vec<String>,
    /// A digest of the zones and the subnets that there are, if computers have addresses looked for.
    pub(crate) network: Option<RecordDigest>,
}

/// Where the server stands before the read.
#[derive(Clone, Debug)]
pub(crate) struct ServerState {
    /// Its names, in small letters.
    name: String,
    invocation: Vec<u8>,
    usn: i64,
    knows_dirsync: bool,
}

/// From where on the next read needs to look, without what is the same in every mode.
#[derive(Debug)]
pub(crate) struct Position {
    pub(crate) mode: ReadMode,
    pub(crate) cookie: Vec<u8>,
}

impl Tracking {
    /// The token to go on from, and its mode; or why everything is to be read.
    pub(crate) fn since(&self) -> Result<(ReadMode, Token), FullReadReason> {
        use FullReadReason::{
            Asked, CheckpointRefused, DatabaseRestored, NetworkChanged, NoCheckpoint, OtherServer,
            ScopeChanged, Unsupported,
        };
        if self.policy == DeltaPolicy::Never {
            return Err(Asked);
        }
        let server = self.server.as_ref().ok_or(Unsupported)?;
        // A mode of Full comes from a host that keeps the scope alone.
        let checkpoint = self.checkpoint.as_ref().filter(|known| known.mode != ReadMode::Full);
        let checkpoint = checkpoint.ok_or(NoCheckpoint)?;
        let token = Token::decode(&checkpoint.token).ok_or(CheckpointRefused)?;
        let scopes = [Some(self.scope), self.former_scope];
        if !scopes.contains(&Some(checkpoint.scope)) || token.attributes != self.fingerprint() {
            Err(ScopeChanged)
        } else if token.server != server.name {
            Err(OtherServer)
        } else if token.invocation != server.invocation || token.usn > server.usn {
            Err(DatabaseRestored)
        } else if !self.offers(checkpoint.mode) {
            Err(CheckpointRefused)
        } else if self.network.is_some() && server.invocation.is_empty() {
            // Nodes of the DNS are told by update numbers in every mode.
            Err(Unsupported)
        } else if token.network != self.network {
            Err(NetworkChanged)
        } else {
            Ok((checkpoint.mode, token))
        }
    }

    /// Whether server and policy permit this mode.
    pub(crate) fn offers(&self, mode: ReadMode) -> bool {
        let Some(server) = &self.server else { return false };
        match (mode, self.policy) {
            (ReadMode::DirSync, DeltaPolicy::Auto | DeltaPolicy::DirSync) => {
                server.knows_dirsync && self.roots.len() == 1
            }
            // Without the invocation id a restored database could not be told from one that went on.
            (ReadMode::Usn, DeltaPolicy::Auto | DeltaPolicy::Usn) => !server.invocation.is_empty(),
            _ => false,
        }
    }

    /// The checkpoint of a complete read that began at this position.
    pub(crate) fn checkpoint(
        &self,
        position: Position,
        again: &[ObjectGuid],
    ) -> Option<Checkpoint> {
        let server = self.server.as_ref()?;
        if again.len() > AGAIN {
            return None;
        }
        let token = Token {
            server: server.name.clone(),
            invocation: server.invocation.clone(),
            attributes: self.fingerprint(),
            usn: server.usn,
            cookie: position.cookie,
            again: again.to_vec(),
            network: self.network,
        };
        Some(Checkpoint::new(position.mode, self.scope, token.encode()))
    }

    /// Whatever may be of a kind that is read, and whatever may hold such objects: the place of an object changes
    /// with its containers', without a change of its own. The host's own filter is left out, since an object that
    /// does not match it any more has changed, too.
    pub(crate) fn filter(&self) -> String {
        let containers = ["builtinDomain", "container", "lostAndFound", "organizationalUnit"];
        let classes: String = containers
            .into_iter()
            .chain(self.kinds.iter().map(|kind| class(*kind)))
            .map(|class| format!("(objectClass={class})"))
            .collect();
        format!("(|{classes})")
    }

    /// What DirSync is asked for. Only an object of whose attributes one of these changed is told.
    pub(crate) fn dirsync_request(&self, filter: String) -> SearchRequest {
        let mut attributes = self.attributes.clone();
        // Worked out at every read, and not changed by anybody.
        attributes.retain(|name| name != "memberOf" && !name.ends_with("Computed"));
        for always in ["instanceType", "isDeleted", "name", "objectGUID"] {
            if !attributes.iter().any(|name| name.eq_ignore_ascii_case(always)) {
                attributes.push(always.to_owned());
            }
        }
        let base = self.roots.first().map(ToString::to_string).unwrap_or_default();
        SearchRequest { base, scope: Scope::Subtree, filter, attributes }
    }

    fn fingerprint(&self) -> [u8; 16] {
        let own = self.attributes.iter().map(String::as_str);
        RecordDigest::of(own.chain(self.network.map(|_| DNS_ADDRESS))).0
    }
}

impl Connection {
    /// Where the server stands, if it tells what changes at all.
    pub(crate) async fn server_state(&mut self, root: &RootDse) -> Result<Option<ServerState>> {
        let (Some(usn), Some(agent)) = (root.highest_committed_usn, &root.ds_service_name) else {
            return Ok(None);
        };
        let host = root.dns_host_name.as_deref().unwrap_or_default();
        Ok(Some(ServerState {
            name: format!("{host} {agent}").to_lowercase(),
            invocation: self.invocation_id(agent).await?,
            usn,
            knows_dirsync: root.knows_dirsync,
        }))
    }

    /// The position before a full read, and the server's refusal of DirSync, if it refused.
    pub(crate) async fn position(
        &mut self,
        tracking: &Tracking,
        (limits, held): (&LdapLimits, &Held),
    ) -> Result<(Option<Position>, Option<Error>)> {
        let mut refusal = None;
        if tracking.offers(ReadMode::DirSync) {
            let nothing = "(&(objectClass=computer)(!(objectClass=computer)))".to_owned();
            let request = tracking.dirsync_request(nothing);
            let attributes = ChangeGranularity::Attributes;
            let nothing = |_: RawEntry<'_>| Ok(0);
            let limits = (limits, &mut held.beside());
            match self.dirsync(&request, Vec::new(), attributes, limits, nothing).await? {
                Ok(cookie) => {
                    return Ok((Some(Position { mode: ReadMode::DirSync, cookie }), None));
                }
                Err(error) => refusal = Some(error),
            }
        }
        let usn = tracking.offers(ReadMode::Usn);
        let position = usn.then(|| Position { mode: ReadMode::Usn, cookie: Vec::new() });
        Ok((position, refusal))
    }

    /// What changed since the token was written, and from where the next read goes on; or the server's refusal. It counts
    /// beside `held` as it comes, until all of it is there.
    pub(crate) async fn changes(
        &mut self,
        tracking: &Tracking,
        mode: ReadMode,
        token: &Token,
        (limits, held): (&LdapLimits, &Held),
    ) -> Result<Result<(Changes, Position), Error>> {
        if mode == ReadMode::DirSync {
            return self.changes_by_dirsync(tracking, token, (limits, held)).await;
        }
        let mut changes = Changes::default();
        let filter = tracking.filter();
        let mut held = held.beside();
        for root in &tracking.roots {
            let limits = (limits, &mut held);
            self.changed_since(root, &filter, token.usn, limits, &mut changes).await?;
        }
        Ok(Ok((changes, Position { mode, cookie: Vec::new() })))
    }

    /// Has links told one by one where that is of use, unless the server does not do that.
    async fn changes_by_dirsync(
        &mut self,
        tracking: &Tracking,
        token: &Token,
        (limits, held): (&LdapLimits, &Held),
    ) -> Result<Result<(Changes, Position), Error>> {
        let request = tracking.dirsync_request(tracking.filter());
        let mut granularity = match tracking.link_changes {
            true => ChangeGranularity::Values,
            false => ChangeGranularity::Attributes,
        };
        loop {
            let mut changes = Changes::default();
            let look = |entry: RawEntry<'_>| {
                let before = changes.octets;
                changes.take(entry, granularity)?;
                Ok(changes.octets.saturating_sub(before))
            };
            let (cookie, limits) = (token.cookie.clone(), (limits, &mut held.beside()));
            match self.dirsync(&request, cookie, granularity, limits, look).await? {
                Ok(cookie) => {
                    let position = Position { mode: ReadMode::DirSync, cookie };
                    return Ok(Ok((changes, position)));
                }
                Err(_) if granularity == ChangeGranularity::Values => {
                    granularity = ChangeGranularity::Attributes;
                }
                Err(refusal) => return Ok(Err(refusal)),
            }
        }
    }
}

fn class(kind: ObjectKind) -> &'static str {
    match kind {
        ObjectKind::Computer => "computer",
        ObjectKind::Group => "group",
        ObjectKind::User => "user",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tracking() -> Tracking {
        Tracking {
            policy: DeltaPolicy::Auto,
            scope: RecordDigest::of(["x"]),
            former_scope: None,
            checkpoint: None,
            again: Vec::new(),
            census: true,
            link_changes: false,
            server: Some(ServerState {
                name: "dc1".to_owned(),
                invocation: vec![1; 16],
                usn: 100,
                knows_dirsync: true,
            }),
            roots: vec![DistinguishedName::parse("DC=x").unwrap()],
            kinds: vec![ObjectKind::Computer],
            attributes: vec!["cn".to_owned()],
            network: None,
        }
    }

    /// A read after one that left its checkpoint in this mode.
    fn next(mode: ReadMode) -> Tracking {
        let mut tracking = tracking();
        let position = Position { mode, cookie: b"cookie".to_vec() };
        tracking.checkpoint = tracking.checkpoint(position, &[]);
        tracking
    }

    fn because(tracking: Tracking, change: impl FnOnce(&mut Tracking)) -> FullReadReason {
        let mut tracking = tracking;
        change(&mut tracking);
        tracking.since().unwrap_err()
    }

    #[test]
    fn a_checkpoint_of_the_same_server_and_scope_holds() {
        for mode in [ReadMode::DirSync, ReadMode::Usn] {
            let (found, token) = next(mode).since().unwrap();
            assert_eq!((found, token.usn, token.cookie.as_slice()), (mode, 100, &b"cookie"[..]));
        }
    }

    /// As versions left it that did not look at the identity of the domain.
    #[test]
    fn a_checkpoint_of_an_earlier_version_holds() {
        let mut tracking = next(ReadMode::DirSync);
        tracking.former_scope = Some(tracking.scope);
        tracking.scope = RecordDigest::of(["x", "S-1-5-21-1-2-3"]);
        assert!(tracking.since().is_ok());
        tracking.former_scope = Some(RecordDigest::of([]));
        assert_eq!(tracking.since().unwrap_err(), FullReadReason::ScopeChanged);
    }

    #[test]
    fn whatever_does_not_fit_has_its_own_reason() {
        use FullReadReason as Why;
        let server = |change: fn(&mut ServerState)| {
            move |tracking: &mut Tracking| change(tracking.server.as_mut().unwrap())
        };
        let token = |token: &'static [u8]| {
            move |tracking: &mut Tracking| {
                tracking.checkpoint.as_mut().unwrap().token = token.to_vec();
            }
        };
        for mode in [ReadMode::DirSync, ReadMode::Usn] {
            let next = || next(mode);
            assert_eq!(because(next(), |t| t.checkpoint = None), Why::NoCheckpoint);
            assert_eq!(because(next(), |t| t.policy = DeltaPolicy::Never), Why::Asked);
            assert_eq!(because(next(), |t| t.server = None), Why::Unsupported);
            assert_eq!(because(next(), |t| t.scope = RecordDigest::of([])), Why::ScopeChanged);
            let more = |t: &mut Tracking| t.attributes.push("info".to_owned());
            assert_eq!(because(next(), more), Why::ScopeChanged);
            assert_eq!(because(next(), server(|s| s.name.push('x'))), Why::OtherServer);
            assert_eq!(
                because(next(), server(|s| s.invocation = vec![2; 16])),
                Why::DatabaseRestored
            );
            assert_eq!(because(next(), server(|s| s.usn = 99)), Why::DatabaseRestored);
            assert_eq!(because(next(), token(b"")), Why::CheckpointRefused);
            assert_eq!(because(next(), token(b"\x30\x84\xff\xff\xff\xff")), Why::CheckpointRefused);
        }
        let full = |t: &mut Tracking| t.checkpoint.as_mut().unwrap().mode = ReadMode::Full;
        assert_eq!(because(next(ReadMode::Usn), full), Why::NoCheckpoint);
        let lost = server(|s| s.knows_dirsync = false);
        assert_eq!(because(next(ReadMode::DirSync), lost), Why::CheckpointRefused);
        let usn = |t: &mut Tracking| t.policy = DeltaPolicy::Usn;
        assert_eq!(because(next(ReadMode::DirSync), usn), Why::CheckpointRefused);
    }

    #[test]
    fn update_numbers_are_not_trusted_without_the_invocation_id() {
        let mut tracking = tracking();
        tracking.server.as_mut().unwrap().invocation.clear();
        assert!(!tracking.offers(ReadMode::Usn));
        assert!(tracking.offers(ReadMode::DirSync));
    }

    #[test]
    fn too_many_groups_to_read_again_leave_no_checkpoint() {
        let position = || Position { mode: ReadMode::Usn, cookie: Vec::new() };
        let groups = |count| vec![ObjectGuid::from_bytes([1; 16]); count];
        assert!(tracking().checkpoint(position(), &groups(AGAIN)).is_some());
        assert!(tracking().checkpoint(position(), &groups(AGAIN + 1)).is_none());
    }
}
