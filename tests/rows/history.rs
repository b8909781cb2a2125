//! A history of an inventory, batch by batch: the same for everybody, so that whoever knows how far it came knows
//! everything that must be there.

use std::sync::Arc;

use ldap_inventory::asset::{
    Asset, Batch, Change, Claim, Constraint, ConstraintKind, Home, Link, RunOutcome, RunRecord,
    Sighting, SourceRecord,
};
use ldap_inventory::value::{
    AssetId, BatchId, Checkpoint, ObjectGuid, ObjectKind, OrganizationId, ReadMode, RecordDigest,
    RunId, SourceId, Timestamp, View,
};

/// As many assets are written in turn.
const ASSETS: u64 = 10;

pub(crate) fn organization() -> OrganizationId {
    OrganizationId::new("acme").unwrap()
}

pub(crate) fn source() -> SourceId {
    SourceId::new("ldap", "corp.example").unwrap()
}

fn at(n: u64) -> Timestamp {
    Timestamp::from_unix_seconds(1_767_225_600 + n as i64).unwrap()
}

fn id(n: u64) -> AssetId {
    AssetId::from_u128(0x0190_0000_0000_7000_8000_0000_0000_0000).nth(n)
}

/// The asset as the `n`-th batch writes it, under a name that others have as well.
fn asset(n: u64, number: u64, version: u64) -> Asset {
    let mut asset = Asset::new(id(number), organization(), "hq".parse().unwrap());
    asset.version = version;
    asset.parts.push(SourceRecord::new(0, source(), "@ldap.computer", at(n)));
    for name in [format!("host-{number}"), format!("shared-{}", n % 3)] {
        asset.names.push(Claim::new(name.parse().unwrap(), 0, None, at(n)));
    }
    asset
}

fn link(n: u64, number: u64) -> Link {
    let object = ObjectGuid::from_bytes([number as u8; 16]);
    let mut link = Link::new(ObjectKind::Computer, object);
    link.asset = Some(id(number));
    link.home = n.is_multiple_of(4).then_some(Home::Waiting);
    link.digest = RecordDigest([n as u8; 16]);
    link
}

fn sighting(n: u64) -> Arc<Sighting> {
    let container = Some(format!("ou=unit {n},dc=corp,dc=example").into());
    Arc::new(Sighting { container, view: View::of_account(["svc"]) })
}

fn run(n: u64) -> RunRecord {
    let times = (at(n), at(n + 1));
    RunRecord::new(RunId::from_u128(u128::from(n / 2)), "nightly", times, RunOutcome::Complete)
}

/// The `n`-th batch, counted from 0: an asset and what belongs to it. The last asset of each round comes and goes.
pub(crate) fn batch(n: u64) -> Batch {
    let (round, number) = (n / ASSETS, n % ASSETS);
    let object = link(n, number).object;
    let mut changes = match (number + 1 == ASSETS, round % 2 == 0) {
        (true, true) => vec![
            put(None, asset(n, number, 1)),
            Change::PutLink { link: link(n, number), was: None },
        ],
        (true, false) => {
            let to = Some(id(0));
            vec![Change::RemoveAsset { id: id(number), expected: 1, to }]
        }
        (false, _) => {
            let expected = Some(round).filter(|version| *version > 0);
            let put = put(expected, asset(n, number, round + 1));
            vec![put, Change::PutLink { link: link(n, number), was: None }]
        }
    };
    let moved = ObjectGuid::from_bytes([((n + 1) % ASSETS) as u8; 16]);
    let home = Some(Home::Asset(id(n % 7)));
    changes.push(Change::MoveLink {
        source: source(),
        object: moved,
        asset: Some(id(n % 5)),
        home,
    });
    changes.push(Change::NoteSighting { object, seen: sighting(n) });
    let (kind, of) = (ConstraintKind::MustLink, (source(), object));
    let constraint = Constraint::new(organization(), kind, of, id(number), ("alice", at(n)));
    changes.push(match n % 3 {
        0 => Change::RemoveConstraint(constraint),
        _ => Change::PutConstraint(constraint),
    });
    let batch = Batch::new(BatchId::from_u128(u128::from(n)), organization(), source());
    let scope = RecordDigest::of(["DC=corp,DC=example"]);
    let mut checkpoint = Checkpoint::new(ReadMode::Full, scope, n.to_be_bytes().to_vec());
    checkpoint.key = RecordDigest([n as u8 % 2; 16]);
    batch.with_changes(changes).closing(Some(checkpoint), run(n))
}

fn put(expected: Option<u64>, asset: Asset) -> Change {
    Change::PutAsset { expected, asset: Box::new(asset), changed: None }
}
