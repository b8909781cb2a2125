//! What of a plan holds no more.

use std::collections::BTreeSet;

use crate::asset::{Batch, Change, Link};
use crate::membership::Links;
use crate::merge::Decision;
use crate::value::{AssetId, ObjectGuid, ObjectKind};

/// Drops what a batch says of users and groups, and of where objects were seen: a later run knows better.
pub(super) fn drop_principals(batch: &mut Batch, links: &Links) {
    let own = batch.source.clone();
    let is_computer = |object: &ObjectGuid| {
        links.get(object).is_some_and(|link| link.kind == ObjectKind::Computer)
    };
    batch.changes.retain(|change| match change {
        Change::PutUser(_) | Change::PutGroup(_) | Change::NoteSighting { .. } => false,
        Change::RemoveObject { source, object } => *source == own && is_computer(object),
        Change::PutLink { link, .. } => link.kind == ObjectKind::Computer,
        _ => true,
    });
}

/// Says of each object anew whether the directory had it, so that events tell what is news by now.
pub(super) fn renew_presence(batch: &mut Batch, links: &Links) {
    for change in &mut batch.changes {
        if let Change::PutLink { link, was } = change {
            *was = links.get(&link.object).map(|known| known.presence);
        }
    }
}

/// The assets that objects were tied to since the batch was planned, by somebody it does not know of.
pub(super) fn tied_since(batch: &Batch, links: &Links) -> BTreeSet<AssetId> {
    let written: BTreeSet<AssetId> = batch.changes.iter().filter_map(written).collect();
    let elsewhere = |link: &Link| {
        let now = links.get(&link.object)?.asset?;
        (link.asset != Some(now) && !written.contains(&now)).then_some(now)
    };
    put_links(batch).filter_map(elsewhere).collect()
}

/// Drops every change to these assets, with all that depends on it: links to them, assets that an
/// object was to be moved to or from, and the end of the links whose place was to be taken.
pub(super) fn drop_assets(
    batch: &mut Batch,
    mut stale: BTreeSet<AssetId>,
    links: &Links,
    decisions: &[Decision],
) {
    let ends = |link: &Link| {
        let before = links.get(&link.object).and_then(|known| known.asset);
        [link.asset, before].into_iter().flatten()
    };
    loop {
        let known = stale.len();
        for link in put_links(batch) {
            if ends(link).any(|asset| stale.contains(&asset)) {
                stale.extend(ends(link));
            }
        }
        if stale.len() == known {
            break;
        }
    }
    let untaken: BTreeSet<ObjectGuid> = decisions
        .iter()
        .filter(|decision| decision.verdict.asset().is_some_and(|asset| stale.contains(&asset)))
        .flat_map(|decision| decision.succeeds().iter().copied())
        .collect();
    let dropped = put_links(batch).filter(|link| ends(link).any(|asset| stale.contains(&asset)));
    let dropped: BTreeSet<ObjectGuid> = dropped.map(|link| link.object).collect();
    batch.changes.retain(|change| match change {
        Change::PutLink { link, .. } => !dropped.contains(&link.object),
        Change::PutWaiting(waiting) => !dropped.contains(&waiting.object),
        Change::RemoveWaiting { object, .. } => !dropped.contains(object),
        Change::RemoveObject { object, .. } => !untaken.contains(object),
        other => written(other).is_none_or(|asset| !stale.contains(&asset)),
    });
}

fn put_links(batch: &Batch) -> impl Iterator<Item = &Link> {
    batch.changes.iter().filter_map(|change| match change {
        Change::PutLink { link, .. } => Some(link),
        _ => None,
    })
}

fn written(change: &Change) -> Option<AssetId> {
    match change {
        Change::PutAsset { asset, .. } => Some(asset.id),
        Change::RemoveAsset { id, .. } => Some(*id),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::asset::{Asset, Presence};
    use crate::value::{BatchId, SourceId};

    fn guid(n: u8) -> ObjectGuid {
        ObjectGuid::from_bytes([n; 16])
    }

    fn id(n: u128) -> AssetId {
        AssetId::from_u128(n)
    }

    fn source(name: &str) -> SourceId {
        SourceId::new("ldap", name).unwrap()
    }

    fn batch(changes: Vec<Change>) -> Batch {
        let batch = Batch::new(BatchId::from_u128(1), "acme".parse().unwrap(), source("corp"));
        Batch { changes, ..batch }
    }

    fn link(kind: ObjectKind, n: u8, asset: Option<u128>) -> Link {
        Link { asset: asset.map(id), ..Link::new(kind, guid(n)) }
    }

    fn put(link: Link) -> Change {
        Change::PutLink { link, was: None }
    }

    fn remove(directory: &str, n: u8) -> Change {
        Change::RemoveObject { source: source(directory), object: guid(n) }
    }

    #[test]
    fn of_what_is_removed_only_own_computers_stay_in_a_plan_without_principals() {
        let (computer, user) = (ObjectKind::Computer, ObjectKind::User);
        let links: Links =
            [(guid(1), link(computer, 1, None)), (guid(2), link(user, 2, None))].into();
        let kept = vec![remove("corp", 1), put(link(computer, 4, None))];
        let dropped = [
            remove("branch", 1),
            remove("corp", 2),
            remove("corp", 3),
            put(link(user, 5, None)),
            put(link(ObjectKind::Group, 6, None)),
        ];
        let mut all = batch(kept.iter().cloned().chain(dropped).collect());
        drop_principals(&mut all, &links);
        assert_eq!(all.changes, kept);
    }

    #[test]
    fn events_tell_what_is_news_by_now() {
        let missing = Presence::Gone { since: crate::value::Timestamp::MAX };
        let known = Link { presence: missing, ..link(ObjectKind::Computer, 1, None) };
        let mut all = batch(vec![put(link(ObjectKind::Computer, 1, None))]);
        renew_presence(&mut all, &[(guid(1), known)].into());
        assert!(matches!(all.changes[0], Change::PutLink { was, .. } if was == Some(missing)));
    }

    #[test]
    fn an_asset_is_tied_since_unless_the_batch_writes_or_removes_it() {
        let computer = ObjectKind::Computer;
        let now = |n: u8, asset| (guid(n), link(computer, n, Some(asset)));
        let links: Links = [now(1, 10), now(2, 20), now(3, 30), now(4, 40)].into();
        let written = Asset::new(id(30), "acme".parse().unwrap(), "hq".parse().unwrap());
        let all = batch(vec![
            put(link(computer, 1, Some(10))),
            put(link(computer, 2, Some(21))),
            put(link(computer, 3, Some(31))),
            put(link(computer, 4, Some(41))),
            Change::PutAsset { expected: None, asset: Box::new(written), changed: None },
            Change::RemoveAsset { id: id(40), expected: 1, to: None },
        ]);
        assert_eq!(tied_since(&all, &links), [id(20)].into());
    }

    #[test]
    fn whatever_hangs_together_with_a_stale_asset_is_dropped() {
        let computer = ObjectKind::Computer;
        let links: Links = [(guid(2), link(computer, 2, Some(10)))].into();
        let asset = |n| {
            let asset = Asset::new(id(n), "acme".parse().unwrap(), "hq".parse().unwrap());
            Change::PutAsset { expected: None, asset: Box::new(asset), changed: None }
        };
        let settled = |n| Change::RemoveWaiting { source: source("corp"), object: guid(n) };
        let kept = vec![asset(30), put(link(computer, 3, Some(30))), settled(3)];
        let mut changes = vec![
            asset(10),
            // Was at the stale one and goes to another, which is stale by that.
            put(link(computer, 2, Some(20))),
            asset(20),
            Change::RemoveAsset { id: id(20), expected: 1, to: None },
            put(link(computer, 4, Some(20))),
            settled(4),
        ];
        changes.extend(kept.clone());
        let mut all = batch(changes);
        drop_assets(&mut all, [id(10)].into(), &links, &[]);
        assert_eq!(all.changes, kept);
    }
}
