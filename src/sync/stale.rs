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
        .flat_map(|decision| decision.succeeds.iter().copied())
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
