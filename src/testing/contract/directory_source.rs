//! What a [`DirectorySource`] promises.

use std::collections::{BTreeMap, BTreeSet};

use futures::StreamExt;
use futures::future::{BoxFuture, join_all};

use super::suite::{Suite, cases};
use crate::Result;
use crate::directory::{
    DirectoryEvent, DirectoryObject, DirectorySource, LeftOutValues, ReadEnd, ReadRequest,
};
use crate::value::{ObjectGuid, ObjectKind};

type Case = for<'a> fn(&'a (&'a dyn DirectorySource, ReadRequest)) -> BoxFuture<'a, Result<()>>;

/// Checks that a source keeps the contract of [`DirectorySource`], as far as that can be seen from
/// outside. `build` makes a source that can read completely, a request that it can serve, and a guard
/// for what it stands on. The directory behind it has a computer, a user and a group at least, and does
/// not change meanwhile.
///
/// # Panics
///
/// If a case fails, with the names of all that did.
pub async fn directory_source<G, S: DirectorySource, F: Future<Output = (G, S, ReadRequest)>>(
    build: impl Fn() -> F,
) {
    let mut suite = Suite::new("directory_source");
    for (name, case) in CASES {
        let (_guard, source, request) = build().await;
        suite.run(name, case(&(&source, request))).await;
    }
    suite.finish();
}

const CASES: &[(&str, Case)] = cases![
    the_end_comes_once_and_last,
    a_server_is_named_before_anything_is_read,
    every_object_is_of_a_kind_that_was_asked_for,
    every_object_is_within_the_bases_that_the_end_names,
    a_narrower_read_says_what_it_covered,
    the_kinds_together_are_the_whole,
    a_second_read_sees_the_same,
    a_read_that_was_dropped_does_not_disturb_the_next,
    reads_may_run_at_the_same_time,
    a_full_read_says_so,
    what_was_left_out_of_objects_is_summed_up_in_the_end,
    a_read_of_changes_reads_again_what_it_is_asked_to_and_counts_what_is_there,
];

type Subject<'a> = &'a (&'a dyn DirectorySource, ReadRequest);
type Objects = BTreeMap<ObjectGuid, DirectoryObject>;

/// Reads to the end. Objects that come again replace themselves.
async fn read(source: &dyn DirectorySource, request: ReadRequest) -> Result<(Objects, ReadEnd)> {
    let mut events = source.read(request).await?;
    let mut objects = Objects::new();
    let (mut is_first, mut end) = (true, None);
    while let Some(event) = events.next().await {
        assert!(end.is_none(), "something comes behind the end");
        match event? {
            DirectoryEvent::Begin(_) => assert!(is_first, "something comes before the beginning"),
            DirectoryEvent::Page(page) => {
                objects.extend(page.objects.into_iter().map(|object| (object.guid, object)));
            }
            DirectoryEvent::End(last) => end = Some(*last),
        }
        is_first = false;
    }
    Ok((objects, end.expect("the stream stops without an end")))
}

async fn the_end_comes_once_and_last((source, request): Subject<'_>) -> Result<()> {
    let (objects, end) = read(*source, request.clone()).await?;
    assert!(end.completeness.is_complete(), "{:?}", end.completeness);
    for kind in [ObjectKind::Computer, ObjectKind::Group, ObjectKind::User] {
        assert!(objects.values().any(|object| object.kind == kind), "the directory has no {kind}");
    }
    Ok(())
}

/// For sources that have a server to name; others have nothing behind the address.
async fn a_server_is_named_before_anything_is_read((source, request): Subject<'_>) -> Result<()> {
    let (_, end) = read(*source, request.clone()).await?;
    if end.server.address.ip().is_unspecified() {
        return Ok(());
    }
    match source.read(request.clone()).await?.next().await.expect("an event")? {
        DirectoryEvent::Begin(begin) => assert_eq!(begin.server.address, end.server.address),
        other => panic!("{other:?} comes first"),
    }
    Ok(())
}

async fn every_object_is_of_a_kind_that_was_asked_for(
    (source, request): Subject<'_>,
) -> Result<()> {
    for kind in [ObjectKind::Computer, ObjectKind::Group, ObjectKind::User] {
        let (objects, _) = read(*source, request.clone().with_kinds([kind])).await?;
        assert!(!objects.is_empty(), "no {kind} was read");
        for object in objects.values() {
            assert_eq!(object.kind, kind, "{}", object.dn);
        }
    }
    Ok(())
}

async fn every_object_is_within_the_bases_that_the_end_names(
    (source, request): Subject<'_>,
) -> Result<()> {
    let (objects, end) = read(*source, request.clone()).await?;
    for object in objects.values() {
        let is_within = end.scope.bases.iter().any(|base| object.dn.is_within(base));
        assert!(is_within, "{} is within none of {:?}", object.dn, end.scope.bases);
    }
    Ok(())
}

async fn a_narrower_read_says_what_it_covered((source, request): Subject<'_>) -> Result<()> {
    let (objects, whole) = read(*source, request.clone()).await?;
    let container = objects.values().find_map(|object| object.dn.parent());
    let container = container.expect("every object is directly below the root");
    let narrow = request.clone().with_base_dns([container.clone()]);
    let (objects, end) = read(*source, narrow.clone()).await?;
    assert_eq!(end.scope.bases, std::slice::from_ref(&container));
    assert!(objects.values().all(|object| object.dn.is_within(&container)));
    assert_eq!(end.scope.view, whole.scope.view, "other bases are no other view");
    let filtered = narrow.with_computer_filter("(cn=*)");
    let (_, end) = read(*source, filtered).await?;
    let (with, without) = (end.scope.view, whole.scope.view);
    assert!(without.shows_all_of(with) && !with.shows_all_of(without));
    Ok(())
}

async fn the_kinds_together_are_the_whole((source, request): Subject<'_>) -> Result<()> {
    let (whole, _) = read(*source, request.clone()).await?;
    let mut together = Objects::new();
    for kind in &request.kinds {
        let (objects, _) = read(*source, request.clone().with_kinds([*kind])).await?;
        for (guid, object) in objects {
            assert!(together.insert(guid, object).is_none(), "{guid} is of two kinds");
        }
    }
    assert!(whole.keys().eq(together.keys()));
    Ok(())
}

async fn a_second_read_sees_the_same((source, request): Subject<'_>) -> Result<()> {
    let (first, one) = read(*source, request.clone()).await?;
    let (second, two) = read(*source, request.clone()).await?;
    assert!(first.keys().eq(second.keys()));
    for (guid, object) in &first {
        assert_eq!(object.digest(), second[guid].digest(), "{}", object.dn);
    }
    assert_eq!(one.scope, two.scope);
    Ok(())
}

async fn a_read_that_was_dropped_does_not_disturb_the_next(
    (source, request): Subject<'_>,
) -> Result<()> {
    drop(source.read(request.clone()));
    let mut events = source.read(request.clone()).await?;
    events.next().await.expect("an event")?;
    drop(events);
    let (_, end) = read(*source, request.clone()).await?;
    assert!(end.completeness.is_complete(), "{:?}", end.completeness);
    Ok(())
}

async fn reads_may_run_at_the_same_time((source, request): Subject<'_>) -> Result<()> {
    let reads = join_all((0..3).map(|_| read(*source, request.clone()))).await;
    let objects = reads.into_iter().collect::<Result<Vec<_>>>()?;
    for (one, _) in &objects {
        assert!(one.keys().eq(objects[0].0.keys()));
    }
    Ok(())
}

async fn a_full_read_says_so((source, request): Subject<'_>) -> Result<()> {
    let (_, end) = read(*source, request.clone().with_checkpoint(None)).await?;
    assert_eq!(end.mode, crate::value::ReadMode::Full, "a read without a checkpoint is full");
    Ok(())
}

async fn what_was_left_out_of_objects_is_summed_up_in_the_end(
    (source, request): Subject<'_>,
) -> Result<()> {
    let (objects, mut end) = read(*source, request.clone()).await?;
    end.left_out.sort_by(|a, b| (&a.attribute, &a.reason).cmp(&(&b.attribute, &b.reason)));
    let told = end.left_out.iter().map(|it| (&it.attribute, &it.reason));
    let flawed = LeftOutValues::of(objects.values());
    assert!(told.eq(flawed.iter().map(|it| (&it.attribute, &it.reason))), "{:?}", end.left_out);
    Ok(())
}

/// For sources that tell what changed; others read everything again.
async fn a_read_of_changes_reads_again_what_it_is_asked_to_and_counts_what_is_there(
    (source, request): Subject<'_>,
) -> Result<()> {
    let (whole, full) = read(*source, request.clone()).await?;
    let nobody = ObjectGuid::from_bytes([0xee; 16]);
    let some: Vec<ObjectGuid> = whole.keys().copied().take(2).collect();
    let again = some.iter().copied().chain([nobody]);
    let request = request.clone().with_checkpoint(full.checkpoint).with_again(again);
    let (objects, end) = read(*source, request).await?;
    assert!(end.completeness.is_complete(), "{:?}", end.completeness);
    if end.mode == crate::value::ReadMode::Full {
        assert!(end.full_because.is_some(), "a full read does not say why it is one");
        assert!(objects.keys().eq(whole.keys()));
        return Ok(());
    }
    assert!(objects.keys().eq(some.iter()), "what was asked for is read, and nothing else");
    for (guid, object) in &objects {
        assert_eq!(object.digest(), whole[guid].digest(), "{}", object.dn);
    }
    for (kind, there) in end.census.iter().flatten() {
        let of_kind = whole.values().filter(|object| object.kind == *kind);
        let of_kind: BTreeSet<ObjectGuid> = of_kind.map(|object| object.guid).collect();
        assert!(of_kind.iter().eq(there.iter().collect::<BTreeSet<_>>()), "the census of {kind}");
    }
    Ok(())
}
