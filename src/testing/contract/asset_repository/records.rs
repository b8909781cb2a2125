//! The records that the cases write.

use std::sync::Arc;

use futures::TryStreamExt;

use crate::Result;
use crate::asset::{
    Asset, AssetRepository, Batch, Change, Claim, CommitOutcome, Constraint, ConstraintKind,
    DirectoryGroup, DirectoryUser, FirstVersion, Home, Link, LinksRequest, Member, MemberPath,
    MergeRecord, Presence, RunOutcome, RunRecord, Sighting, SourceRecord,
};
use crate::name::{DistinguishedName, Hostname, MatchKey};
use crate::value::{
    AssetId, BatchId, Checkpoint, MergeId, ObjectGuid, ObjectKind, OrganizationId, ReadMode,
    RecordDigest, RunId, SiteId, SourceId, Timestamp, View,
};

pub(super) fn acme() -> OrganizationId {
    OrganizationId::new("acme").unwrap()
}

pub(super) fn rival() -> OrganizationId {
    OrganizationId::new("rival & sons").unwrap()
}

pub(super) fn corp() -> SourceId {
    SourceId::new("ldap", "corp.example").unwrap()
}

pub(super) fn branch() -> SourceId {
    SourceId::new("ldap", "branch.example").unwrap()
}

pub(super) fn site() -> SiteId {
    SiteId::new("hq").unwrap()
}

/// So many seconds after the beginning of 2026.
pub(super) fn at(seconds: i64) -> Timestamp {
    Timestamp::from_unix_seconds(1_767_225_600 + seconds).unwrap()
}

pub(super) fn asset_id(n: u64) -> AssetId {
    AssetId::from_u128(0x0190_0000_0000_7000_8000_0000_0000_0000).nth(n)
}

pub(super) fn run_id(n: u64) -> RunId {
    RunId::from_u128(0x0190_0000_0000_7000_8000_0000_0000_0000).nth(n)
}

/// GUIDs whose order is not that of their numbers, as in a directory.
pub(super) fn guid(n: u64) -> ObjectGuid {
    let mut hasher = RecordDigest::hasher();
    hasher.bytes(&n.to_le_bytes());
    ObjectGuid::from_bytes(hasher.finish().0)
}

pub(super) fn hostname(text: &str) -> Hostname {
    Hostname::parse(text).expect("a host name")
}

pub(super) fn keys(names: &[&str]) -> Vec<MatchKey> {
    names.iter().flat_map(|name| hostname(name).match_keys()).collect()
}

/// An asset of a scan, with these names.
pub(super) fn asset(n: u64, names: &[&str]) -> Asset {
    let mut asset = Asset::new(asset_id(n), acme(), site());
    asset.parts.push(SourceRecord::new(
        0,
        SourceId::new("scan", "office").unwrap(),
        "@scan.dev",
        at(0),
    ));
    asset.names = names.iter().map(|name| Claim::new(hostname(name), 0, None, at(0))).collect();
    asset
}

/// An asset with something in every field.
pub(super) fn rich_asset(n: u64) -> Asset {
    let mut asset = asset(n, &["web1.corp.example", "WEB1", "müller.example"]);
    let mut part = SourceRecord::new(1, corp(), "@ldap.computer", at(5));
    part.object = Some(guid(n));
    part.run = Some(run_id(n));
    part.presence = Presence::Missing { since: at(4), runs: 2 };
    part.attributes = [
        ("cn", "WEB1"),
        ("description", "\"Ünïcödé\" \\ 'quotes' \u{1f5a5} \t\r\n end"),
        ("extensionAttribute1", ""),
        ("lastLogonTS", "2026-01-02T03:04:05.000006Z"),
        ("memberOf", "CN=A,DC=corp,DC=example"),
        ("memberOf", "CN=B,DC=corp,DC=example"),
    ]
    .into_iter()
    .collect();
    asset.parts.push(part);
    asset.names[0].until = Some(at(9));
    asset.names[1].replaced = Some(hostname("old1"));
    asset.domains.push(Claim::new("corp.example".to_owned(), 1, Some(run_id(n)), at(5)));
    for address in ["10.0.0.5", "2001:db8::5", "::ffff:10.0.0.6"] {
        asset.addresses.push(Claim::new(address.parse().unwrap(), 0, None, at(0)));
    }
    asset.os.push(Claim::new("Windows Server 2022".to_owned(), 1, None, at(5)));
    asset.os_version.push(Claim::new("10.0 (20348)".to_owned(), 1, None, at(5)));
    asset.kind.push(Claim::new("server".to_owned(), 0, None, at(5)));
    for mac in ["00:1b:44:11:3a:b7", "02:00:00:ff:fe:00:00:01"] {
        asset.macs.push(Claim::new(mac.to_owned(), 0, None, at(5)));
    }
    asset.hw.push(Claim::new("Dell PowerEdge R640".to_owned(), 0, None, at(5)));
    asset.owner.push(Claim::new("Bücher".to_owned(), 1, None, at(6)));
    asset.owner.push(Claim::new("jane".to_owned(), 0, None, at(5)));
    for tag in ["pci", "env=prod"] {
        asset.tags.push(Claim::new(tag.to_owned(), 0, None, at(5)));
    }
    asset.tags[0].until = Some(at(9));
    asset.comment.push(Claim::new("on lease".to_owned(), 0, None, at(5)));
    asset.criticality.push(Claim::new("high".to_owned(), 0, None, at(5)));
    asset.first_seen.push(Claim::new(Timestamp::MIN, 0, None, at(0)));
    asset.last_seen.push(Claim::new(Timestamp::MAX, 1, None, at(5)));
    asset
}

pub(super) fn link(n: u64) -> Link {
    let kind = [ObjectKind::Computer, ObjectKind::Group, ObjectKind::User][(n % 3) as usize];
    let presence = match n % 4 {
        0 => Presence::Missing { since: at(1), runs: 3 },
        1 => Presence::Gone { since: at(2) },
        _ => Presence::Present,
    };
    let asset = (kind == ObjectKind::Computer).then(|| asset_id(n));
    let (digest, place) = (RecordDigest([n as u8; 16]), RecordDigest([n as u8 ^ 0xff; 16]));
    let home = match n % 5 {
        0 => Some(Home::Asset(asset_id(n + 1))),
        1 => Some(Home::Waiting),
        _ => None,
    };
    let (attributes, seen) = (n as u32, Some(sighting(n)));
    Link {
        object: guid(n),
        kind,
        asset,
        home,
        digest,
        dn_digest: place,
        attributes,
        presence,
        seen,
    }
}

pub(super) fn dn(text: &str) -> DistinguishedName {
    DistinguishedName::parse(text).unwrap()
}

pub(super) fn user(n: u64) -> DirectoryUser {
    let name = format!("user{n}");
    DirectoryUser {
        organization: acme(),
        site: site(),
        source: corp(),
        object: guid(n),
        sid: "S-1-5-21-1-2-3-1104".parse().ok(),
        dn: dn(&format!("CN={name},CN=Users,DC=corp,DC=example")),
        groups: vec![dn("CN=Staff,DC=corp,DC=example")],
        attributes: [("sAMAccountName", name.as_str()), ("isDisabled", "false")]
            .into_iter()
            .collect(),
        presence: Presence::Present,
        run: run_id(1),
        written: at(3),
    }
}

pub(super) fn group(n: u64) -> DirectoryGroup {
    let member = |n: u64, path| Member {
        dn: dn(&format!("CN=user{n},CN=Users,DC=corp,DC=example")),
        object: (path != MemberPath::Nested).then(|| guid(n)),
        path,
    };
    let name = format!("group{n}");
    DirectoryGroup {
        organization: acme(),
        site: site(),
        source: corp(),
        object: guid(n),
        sid: None,
        dn: dn(&format!("CN={name},DC=corp,DC=example")),
        members: vec![
            member(1, MemberPath::Direct),
            member(2, MemberPath::Primary),
            member(3, MemberPath::Nested),
        ],
        complete: false,
        attributes: [("cn", name.as_str())].into_iter().collect(),
        presence: Presence::Gone { since: at(7) },
        run: run_id(1),
        written: at(3),
    }
}

pub(super) fn constraint(n: u64, kind: ConstraintKind) -> Constraint {
    Constraint {
        organization: acme(),
        source: corp(),
        object: guid(n),
        asset: asset_id(n),
        kind,
        by: "alice".to_owned(),
        at: at(8),
        why: "they share a serial number".to_owned(),
        forgotten: n.is_multiple_of(2).then(|| (at(9), "carol".to_owned())),
        earlier: Vec::new(),
    }
}

/// The same, made and taken back before.
pub(super) fn repeated_constraint(n: u64, kind: ConstraintKind) -> Constraint {
    let forgotten = Some((at(6), "erin".to_owned()));
    let earlier = Constraint { at: at(5), forgotten, ..constraint(n, kind) };
    Constraint { earlier: vec![earlier], ..constraint(n, kind) }
}

pub(super) fn merge(n: u64, seconds: i64) -> MergeRecord {
    MergeRecord {
        id: MergeId::from_u128(u128::from(n)),
        organization: acme(),
        survivor: asset_id(1),
        assets: vec![asset_id(1), asset_id(2)],
        first_version: Some(Box::new(FirstVersion {
            before: vec![rich_asset(1), asset(2, &["web2"])],
            shifts: vec![0, 2],
            decided: vec![constraint(1, ConstraintKind::MustLink)],
            withdrawn: vec![constraint(2, ConstraintKind::CannotLink)],
        })),
        by: "bob".to_owned(),
        at: at(seconds),
        why: "one machine, two cards".to_owned(),
        undone: None,
    }
}

/// A run, each with another outcome than the next.
pub(super) fn run(n: u64, started: i64) -> RunRecord {
    let outcome = match n % 4 {
        1 => RunOutcome::Complete,
        2 => RunOutcome::Failed,
        3 => RunOutcome::Stopped,
        _ => RunOutcome::Incomplete,
    };
    RunRecord {
        id: run_id(n),
        task: "Head office".to_owned(),
        started: at(started),
        finished: at(started + 60),
        mode: Some(ReadMode::Full),
        outcome,
        checkpoint: Some(checkpoint(b"where it ended")),
        error: (!outcome.has_written()).then(|| format!("it failed in step {n}")),
        report: Some(format!("{{\"run\":{n}}}")),
    }
}

/// What checkpoints are kept under, unless a case is about others.
pub(super) const KEY: RecordDigest = RecordDigest([7; 16]);

pub(super) fn checkpoint(token: &[u8]) -> Checkpoint {
    let scope = RecordDigest::of(["DC=corp,DC=example"]);
    let checkpoint = Checkpoint::new(ReadMode::DirSync, scope, token.to_vec());
    Checkpoint {
        key: KEY,
        full_read: Some(at(5)),
        rules: Some(RecordDigest::of(["rules"])),
        assets: Some(RecordDigest::of(["assets"])),
        again: [guid(5), guid(6)].into(),
        ..checkpoint
    }
}

/// Where an object was seen: two in each container, every third through a filter, every fourth nobody knows where.
pub(super) fn sighting(n: u64) -> Arc<Sighting> {
    let view = View::of_account(["svc", "DC=corp,DC=example"]);
    let filter = n.is_multiple_of(3).then_some("(cn=a)");
    let container = format!("ou=unit {},dc=corp,dc=example", n / 2);
    let container = (!n.is_multiple_of(4)).then(|| container.into());
    Arc::new(Sighting { container, view: view.through(filter) })
}

pub(super) fn put(asset: &Asset, expected: Option<u64>) -> Change {
    let mut asset = Box::new(asset.clone());
    asset.version = expected.map_or(1, |version| version + 1);
    Change::PutAsset { expected, asset, changed: None }
}

/// An object that is seen for the first time, as far as whoever follows is told.
pub(super) fn put_link(link: Link) -> Change {
    Change::PutLink { link, was: None }
}

pub(super) fn batch(n: u64, changes: impl IntoIterator<Item = Change>) -> Batch {
    Batch::new(BatchId::from_u128(u128::from(n)), acme(), corp()).with_changes(changes)
}

/// Commits what must be applied.
pub(super) async fn apply(repository: &dyn AssetRepository, batch: Batch) -> Result<()> {
    let id = batch.id;
    let committed = repository.commit(batch).await?;
    assert_eq!(committed, CommitOutcome::Applied, "batch {id}");
    Ok(())
}

pub(super) async fn stored(repository: &dyn AssetRepository, n: u64) -> Result<Option<Asset>> {
    Ok(repository.assets(&acme(), &[asset_id(n)]).await?.pop())
}

pub(super) async fn links(
    repository: &dyn AssetRepository,
    source: &SourceId,
) -> Result<Vec<Link>> {
    let mut links: Vec<Link> =
        repository.links(LinksRequest::new(acme(), source.clone())).await?.try_collect().await?;
    links.sort_by_key(|link| link.object);
    Ok(links)
}

/// The numbers of these assets, in order.
pub(super) fn numbers(mut assets: Vec<Asset>) -> Vec<u64> {
    assets.sort_by_key(|asset| asset.id);
    let first = asset_id(0).as_u128();
    assets.iter().map(|asset| (asset.id.as_u128() - first) as u64).collect()
}
