//! Reads of what changed, over the wire: a chain of them ends where one full read does.

use futures::StreamExt;
use ldap_inventory::directory::{Completeness, DirectoryEvent, DirectorySource, FullReadReason};
use ldap_inventory::ldap::DeltaPolicy;
use ldap_inventory::name::DistinguishedName;
use ldap_inventory::testing::{
    DirectoryTree, Fault, LdapResult, MockDirectory, MockEnding, OperationKind, Script,
    TestDirectory, When, contract,
};
use ldap_inventory::value::{Checkpoint, ObjectGuid, ReadMode};
use ldap_inventory::{ErrorKind, Result};

use crate::cases::cases;
use crate::mock::{computer, group, mock_guid, user};
use crate::reader::{BASE, MODES, Read, builder, collect, own, request, serve, source};
use crate::sync::history::{Random, disturb};

/// A domain with three computers, a user and a group.
fn domain() -> TestDirectory {
    let directory = TestDirectory::new();
    let mut tree = directory.write();
    tree.add_account("svc", "secret").unwrap();
    for name in ["WEB1", "WEB2", "WEB3"] {
        tree.add_computer(name).unwrap();
    }
    let alice = tree.add_user("alice").unwrap();
    let staff = tree.add_group("Staff").unwrap();
    tree.add_values(&staff, "member", [alice]).unwrap();
    drop(tree);
    directory
}

async fn read(source: &impl DirectorySource, checkpoint: &Option<Checkpoint>) -> Read {
    collect(source, request().with_checkpoint(checkpoint.clone())).await.unwrap()
}

fn dn(name: &str) -> String {
    format!("CN={name},CN=Computers,{BASE}")
}

fn staff() -> String {
    format!("CN=Staff,CN=Users,{BASE}")
}

fn guid(directory: &TestDirectory, dn: &str) -> ObjectGuid {
    directory.read().entry(dn).unwrap().guid()
}

#[tokio::test]
async fn a_read_without_changes_is_empty_and_goes_on() {
    for (policy, mode) in MODES {
        let directory = domain();
        let server = serve(&directory).await;
        let source = source(&server, policy);
        let full = read(&source, &None).await;
        assert_eq!(full.end.mode, ReadMode::Full);
        assert_eq!(full.end.full_because, Some(FullReadReason::NoCheckpoint));
        assert!(!full.warns_of("everything was read"));
        let first = read(&source, &full.end.checkpoint).await;
        assert!(first.end.completeness.is_complete());
        assert_eq!((first.end.mode, first.end.full_because), (mode, None));
        assert!(first.objects.is_empty() && first.departed.is_empty(), "{first:?}");
        let second = read(&source, &first.end.checkpoint).await;
        assert_eq!((second.end.mode, second.names()), (mode, Vec::new()));
    }
}

type Step = (&'static str, fn(&mut DirectoryTree), &'static [&'static str]);

/// A change, and who is read after it.
const STEPS: &[Step] = &[
    ("a changed attribute", |t| t.set(&dn("WEB1"), "description", ["new"]).unwrap(), &["WEB1"]),
    ("a removed attribute", |t| t.set(&dn("WEB1"), "description", [""; 0]).unwrap(), &["WEB1"]),
    ("a new user", |t| drop(t.add_user("bob").unwrap()), &["bob"]),
    ("a new member", |t| t.add_values(&staff(), "member", [dn("WEB2")]).unwrap(), &["Staff"]),
    ("a lost member", |t| t.remove_values(&staff(), "member", [dn("WEB2")]).unwrap(), &["Staff"]),
    ("a new name", |t| drop(t.rename(&dn("WEB3"), "WEB9").unwrap()), &["WEB9"]),
    (
        "another place",
        |t| drop(t.move_to(&dn("WEB9"), &format!("CN=Users,{BASE}")).unwrap()),
        &["WEB9"],
    ),
    (
        "a container with a new name",
        |t| {
            let unit = t.add_organizational_unit("Old").unwrap();
            t.add_computer_in(&unit, "INSIDE").unwrap();
            t.rename(&unit, "New").unwrap();
        },
        &["INSIDE"],
    ),
    (
        "a container with another name again",
        |t| drop(t.rename(&format!("OU=New,{BASE}"), "Newer").unwrap()),
        &["INSIDE"],
    ),
];

#[tokio::test]
async fn what_is_below_a_container_is_read_again_where_its_name_changed_and_nothing_else() {
    let directory = domain();
    let unit = directory.write().add_organizational_unit("Unit").unwrap();
    directory.write().add_computer_in(&unit, "INSIDE").unwrap();
    let server = serve(&directory).await;
    let source = source(&server, DeltaPolicy::Auto);
    let full = read(&source, &None).await;
    directory.write().set(&unit, "description", ["new"]).unwrap();
    let described = read(&source, &full.end.checkpoint).await;
    assert_eq!((described.end.mode, described.names()), (ReadMode::DirSync, Vec::new()));
    directory.write().rename(&unit, "Other").unwrap();
    let renamed = read(&source, &described.end.checkpoint).await;
    assert_eq!(renamed.names(), ["INSIDE"]);
}

#[tokio::test]
async fn each_change_brings_its_object_whole_and_nothing_else() {
    for (policy, mode) in MODES {
        let directory = domain();
        let server = serve(&directory).await;
        let source = source(&server, policy);
        let mut checkpoint = read(&source, &None).await.end.checkpoint;
        for (what, change, changed) in STEPS {
            change(&mut directory.write());
            let delta = read(&source, &checkpoint).await;
            assert_eq!(delta.end.mode, mode, "{what}");
            assert_eq!(delta.names(), *changed, "{what}");
            assert!(delta.departed.is_empty(), "{what}: {:?}", delta.departed);
            let full = read(&source, &None).await;
            for (guid, object) in &delta.objects {
                assert_eq!(Some(object), full.objects.get(guid), "{what}");
            }
            checkpoint = delta.end.checkpoint;
        }
    }
}

#[tokio::test]
async fn a_deletion_shows_where_tombstones_may_be_seen_and_a_restored_object_comes_back() {
    for (policy, mode) in MODES {
        for visible in [true, false] {
            let directory = domain();
            let web1 = guid(&directory, &dn("WEB1"));
            let mut server = builder(&directory);
            if visible {
                server = server.with_readable_tombstones();
            }
            let server = server.start().await.unwrap();
            let source = source(&server, policy);
            let before = read(&source, &None).await.end.checkpoint;
            let tombstone = directory.write().delete(&dn("WEB1")).unwrap();
            let deleted = read(&source, &before).await;
            assert_eq!(deleted.end.mode, mode);
            let seen = deleted.departed.get(&web1).copied();
            assert_eq!(seen, visible.then_some(true));
            assert!(deleted.objects.is_empty());
            directory.write().restore(&tombstone).unwrap();
            let restored = read(&source, &deleted.end.checkpoint).await;
            assert_eq!(restored.names(), ["WEB1"]);
            assert!(restored.departed.is_empty());
        }
    }
}

#[tokio::test]
async fn what_leaves_the_base_or_the_filter_has_departed() {
    for (policy, mode) in MODES {
        let directory = domain();
        let unit = directory.write().add_organizational_unit("Away").unwrap();
        let inner = directory
            .write()
            .add_organizational_unit_in(&format!("CN=Computers,{BASE}"), "Inner")
            .unwrap();
        directory.write().add_computer_in(&inner, "INNER").unwrap();
        let guids: Vec<ObjectGuid> = ["WEB1", "WEB2"]
            .map(|name| guid(&directory, &dn(name)))
            .into_iter()
            .chain([guid(&directory, &format!("CN=INNER,{inner}"))])
            .collect();
        let server = serve(&directory).await;
        let source = source(&server, policy);
        let base = DistinguishedName::parse(&format!("CN=Computers,{BASE}")).unwrap();
        let request = |checkpoint| {
            request()
                .with_base_dns([base.clone()])
                .with_computer_filter("(!(description=retired))")
                .with_checkpoint(checkpoint)
        };
        let full = collect(&source, request(None)).await.unwrap();
        assert_eq!(full.names(), ["INNER", "WEB1", "WEB2", "WEB3"]);
        {
            let mut tree = directory.write();
            tree.move_to(&dn("WEB1"), &unit).unwrap();
            tree.set(&dn("WEB2"), "description", ["retired"]).unwrap();
            // Its computer leaves with it, without a change of its own.
            tree.move_to(&inner, &unit).unwrap();
        }
        let delta = collect(&source, request(full.end.checkpoint)).await.unwrap();
        assert_eq!((delta.end.mode, delta.names()), (mode, Vec::new()));
        for guid in guids {
            assert_eq!(delta.departed.get(&guid), Some(&false));
        }
    }
}

#[tokio::test]
async fn where_objects_went_counts_towards_the_memory_of_the_read() {
    for (policy, mode) in MODES {
        let directory = domain();
        let unit = directory.write().add_organizational_unit("Away").unwrap();
        let computers = format!("CN=Computers,{BASE}");
        let inner = directory.write().add_organizational_unit_in(&computers, "Inner").unwrap();
        for n in 0..100 {
            directory.write().add_computer_in(&inner, &format!("PC{n}")).unwrap();
        }
        let server = serve(&directory).await;
        let source = source(&server, policy).with_census(false);
        let base = DistinguishedName::parse(&computers).unwrap();
        let request =
            |checkpoint| request().with_base_dns([base.clone()]).with_checkpoint(checkpoint);
        let full = collect(&source, request(None)).await.unwrap();
        directory.write().move_to(&inner, &unit).unwrap();
        // A single change is told, and a hundred computers are looked for below it.
        let checkpoint = || full.end.checkpoint.clone();
        let enough = collect(&source, request(checkpoint()).with_memory_bytes(100_000)).await;
        let enough = enough.unwrap();
        assert_eq!((enough.end.mode, enough.departed.len()), (mode, 100));
        assert!(enough.end.completeness.is_complete());
        let less = collect(&source, request(checkpoint()).with_memory_bytes(5_000)).await.unwrap();
        let Completeness::Incomplete { kind, reason } = &less.end.completeness else {
            panic!("{mode:?}: complete")
        };
        assert_eq!(*kind, ErrorKind::LimitExceeded);
        assert!(reason.contains("memory_bytes"), "{reason}");
        assert!(less.departed.is_empty());
    }
}

#[tokio::test]
async fn a_large_group_that_changed_is_read_range_by_range() {
    for (policy, mode) in MODES {
        let directory = domain();
        let server = builder(&directory).with_max_values(2).start().await.unwrap();
        let source = source(&server, policy);
        let before = read(&source, &None).await.end.checkpoint;
        let members = ["WEB1", "WEB2", "WEB3"].map(dn);
        directory.write().add_values(&staff(), "member", members).unwrap();
        let delta = read(&source, &before).await;
        assert_eq!((delta.end.mode, delta.names()), (mode, vec!["Staff".to_owned()]));
        let group = delta.objects.values().next().unwrap();
        assert_eq!(group.membership.as_ref().unwrap().members.len(), 4);
    }
}

#[tokio::test]
async fn many_changes_come_in_several_answers_and_batches() {
    for (policy, mode) in MODES {
        let directory = domain();
        let server = builder(&directory).with_dirsync_entries(7).with_max_page_size(7);
        let server = server.start().await.unwrap();
        let source = source(&server, policy);
        let before = read(&source, &None).await.end.checkpoint;
        for number in 0..250 {
            directory.write().add_computer(&format!("PC{number}")).unwrap();
        }
        let delta = read(&source, &before).await;
        assert_eq!((delta.end.mode, delta.objects.len()), (mode, 250));
    }
}

#[tokio::test]
async fn without_dirsync_update_numbers_serve() {
    let directory = domain();
    let refusing = builder(&directory).without_dirsync().start().await.unwrap();
    let source = source(&refusing, DeltaPolicy::Auto);
    let before = read(&source, &None).await.end.checkpoint;
    assert_eq!(before.as_ref().unwrap().mode, ReadMode::Usn);
    directory.write().add_user("bob").unwrap();
    let delta = read(&source, &before).await;
    assert_eq!((delta.end.mode, delta.names()), (ReadMode::Usn, vec!["bob".to_owned()]));
}

/// The number of the search, within one read, that first carries DirSync.
const FIRST_DIRSYNC: usize = 7;

#[tokio::test]
async fn a_refused_dirsync_falls_back_to_update_numbers_and_a_refused_cookie_to_everything() {
    for code in [12, 50, 53] {
        let directory = domain();
        let server = serve(&directory).await;
        let source = source(&server, DeltaPolicy::Auto);
        let refuse = || {
            let when = When::operation(OperationKind::Search).nth(FIRST_DIRSYNC);
            Script::new().with(when, Fault::Answer(LdapResult::new(code, "no")))
        };
        server.set_script(refuse());
        let full = read(&source, &None).await;
        assert_eq!(full.end.checkpoint.as_ref().unwrap().mode, ReadMode::Usn);
        assert!(full.warns_of("the server refuses DirSync"), "{:?}", full.end.warnings);
        server.set_script(Script::new());
        let full = read(&source, &None).await;
        assert_eq!(full.end.checkpoint.as_ref().unwrap().mode, ReadMode::DirSync);
        server.set_script(refuse());
        let again = read(&source, &full.end.checkpoint).await;
        assert_eq!(again.end.full_because, Some(FullReadReason::CheckpointRefused));
        assert_eq!(again.objects, full.objects);
        assert_eq!(again.end.checkpoint.unwrap().mode, ReadMode::DirSync);
    }
}

#[tokio::test]
async fn whatever_does_not_fit_is_read_in_full_with_its_reason() {
    use FullReadReason as Why;
    for (policy, _) in MODES {
        let directory = domain();
        let older = directory.read().clone();
        let server = serve(&directory).await;
        let source = source(&server, policy);
        let full = read(&source, &None).await;
        let checkpoint = full.end.checkpoint.clone().unwrap();
        let mut garbage = checkpoint.clone();
        garbage.token = b"garbage".to_vec();
        let because = |read: &Read| (read.end.mode, read.end.full_because.unwrap());
        let read_garbage = read(&source, &Some(garbage)).await;
        assert_eq!(because(&read_garbage), (ReadMode::Full, Why::CheckpointRefused));
        assert!(read_garbage.warns_of("everything was read: the checkpoint"));
        assert!(read_garbage.end.checkpoint.is_some());
        let kept = Some(checkpoint);
        let narrowed = request().with_computer_filter("(cn=WEB1)").with_checkpoint(kept.clone());
        let narrowed = collect(&source, narrowed).await.unwrap();
        assert_eq!(because(&narrowed), (ReadMode::Full, Why::ScopeChanged));
        let extra = request().with_extra_attributes(["employeeID".to_owned()]);
        let extra = collect(&source, extra.with_checkpoint(kept.clone())).await.unwrap();
        assert_eq!(because(&extra), (ReadMode::Full, Why::ScopeChanged));
        let never = read(&source.clone().with_delta(DeltaPolicy::Never), &kept).await;
        assert_eq!(because(&never), (ReadMode::Full, Why::Asked));
        assert_eq!(never.end.checkpoint, None);

        directory.write().add_user("bob").unwrap();
        let later = read(&source, &None).await.end.checkpoint;
        *directory.write() = older.clone();
        assert_eq!(because(&read(&source, &later).await), (ReadMode::Full, Why::DatabaseRestored));
        let agent = directory.read().ds_service_name();
        directory.write().set(&agent, "invocationId", [[9_u8; 16]]).unwrap();
        assert_eq!(because(&read(&source, &kept).await), (ReadMode::Full, Why::DatabaseRestored));
    }
}

#[tokio::test]
async fn a_group_whose_members_could_not_be_read_is_read_again_though_it_did_not_change() {
    for (policy, mode) in MODES {
        let directory = domain();
        directory.write().add_values(&staff(), "member", ["WEB1", "WEB2", "WEB3"].map(dn)).unwrap();
        let server = builder(&directory).with_max_values(2).start().await.unwrap();
        let source = source(&server, policy);
        server.set_script(Script::new());
        read(&source, &None).await;
        // The last search of a full read asks for the last members.
        let searches = server.recorded().last().unwrap().searches.len();
        let when = When::operation(OperationKind::Search).nth(searches);
        let gone = Fault::Answer(LdapResult::new(32, "gone"));
        server.set_script(Script::new().with(when, gone));
        let full = read(&source, &None).await;
        let [left_out] = &full.end.left_out[..] else { panic!("{:?}", full.end.left_out) };
        assert_eq!((&*left_out.attribute, left_out.objects), ("member", 1));
        server.set_script(Script::new());
        let delta = read(&source, &full.end.checkpoint).await;
        assert_eq!((delta.end.mode, delta.names()), (mode, vec!["Staff".to_owned()]));
        let group = delta.objects.values().next().unwrap();
        assert_eq!(group.membership.as_ref().unwrap().members.len(), 4);
        let next = read(&source, &delta.end.checkpoint).await;
        assert!(next.objects.is_empty());
    }
}

#[tokio::test]
async fn a_delta_that_is_cut_anywhere_leaves_no_checkpoint_and_no_departures_too_many() {
    for (policy, mode) in MODES {
        let directory = domain();
        let server = serve(&directory).await;
        let source = source(&server, policy);
        let before = read(&source, &None).await.end.checkpoint;
        for name in ["WEB1", "WEB2"] {
            directory.write().set(&dn(name), "description", ["changed"]).unwrap();
        }
        server.set_script(Script::new());
        let whole = read(&source, &before).await;
        assert_eq!((whole.end.mode, whole.objects.len()), (mode, 2));
        let total = server.bytes_sent();
        for cut in (0..total).step_by(97) {
            server.set_script(Script::new().with(When::bytes_sent(cut), Fault::Reset));
            let request = request().with_checkpoint(before.clone());
            if let Ok(read) = collect(&source, request).await {
                let complete = read.end.completeness.is_complete();
                assert_eq!(complete, read.end.checkpoint.is_some(), "{cut} of {total}");
                assert!(read.departed.is_empty(), "{cut} of {total}");
                assert!(!complete || read.objects == whole.objects, "{cut} of {total}");
            }
        }
        server.set_script(Script::new());
        assert_eq!(read(&source, &before).await.objects, whole.objects);
    }
}

#[tokio::test]
async fn reads_of_changes_keep_the_contract_of_a_source() {
    for (policy, _) in MODES {
        contract::directory_source(|| async {
            let directory = domain();
            let server = serve(&directory).await;
            let source = source(&server, policy);
            (server, source, request())
        })
        .await;
    }
}

#[tokio::test]
async fn a_census_can_be_done_without() {
    let directory = domain();
    let server = serve(&directory).await;
    let source = source(&server, DeltaPolicy::Auto).with_census(false);
    let full = read(&source, &None).await;
    let delta = read(&source, &full.end.checkpoint).await;
    assert_eq!((delta.end.mode, delta.end.census), (ReadMode::DirSync, None));
}

#[tokio::test]
async fn a_dropped_delta_closes_its_connection() {
    let directory = domain();
    let server = serve(&directory).await;
    let source = source(&server, DeltaPolicy::Auto);
    let before = read(&source, &None).await.end.checkpoint;
    directory.write().add_user("bob").unwrap();
    let events = source.read(request().with_checkpoint(before)).await.unwrap();
    drop(events);
    server.all_closed().await;
}

#[tokio::test]
async fn the_mock_directory_tells_changes_as_well() {
    let directory =
        MockDirectory::new([computer("WEB1"), computer("WEB2")]).with_deltas(ReadMode::Usn, true);
    let full = read(&directory, &None).await;
    assert_eq!((full.objects.len(), full.end.mode), (2, ReadMode::Full));
    let news = [computer("WEB1").with("description", "x"), user("alice"), group("Staff")];
    directory.set_objects(news);
    let delta = read(&directory, &full.end.checkpoint).await;
    assert_eq!((delta.objects.len(), delta.end.mode), (3, ReadMode::Usn));
    assert!(delta.departed[&mock_guid("WEB2")]);
    directory.refuse_checkpoints();
    let refused = read(&directory, &delta.end.checkpoint).await;
    assert_eq!(refused.end.full_because, Some(FullReadReason::CheckpointRefused));
    directory.set_ending(MockEnding::Incomplete { pages: 0, kind: ErrorKind::Timeout });
    let events = directory.read(request().with_checkpoint(refused.end.checkpoint)).await.unwrap();
    let events: Vec<Result<DirectoryEvent>> = events.collect().await;
    assert!(matches!(&events[1], Ok(DirectoryEvent::End(end)) if end.checkpoint.is_none()));
}

#[tokio::test]
async fn after_any_history_a_chain_of_deltas_is_one_full_read() {
    for seed in 0..u64::from(cases(16)) {
        let (policy, mode) = MODES[(seed % 2) as usize];
        let mut random = Random::new(seed);
        let directory = domain();
        // Half of the histories look at a part of the domain, which units enter and leave.
        let base = directory.write().add_organizational_unit("Base").unwrap();
        directory.write().add_organizational_unit_in(&base, "Inner").unwrap();
        directory.write().add_organizational_unit("Outer").unwrap();
        let bases = if seed % 4 < 2 {
            vec![]
        } else {
            vec![
                DistinguishedName::parse(&format!("CN=Users,{BASE}")).unwrap(),
                DistinguishedName::parse(&base).unwrap(),
            ]
        };
        let request =
            |checkpoint| request().with_base_dns(bases.clone()).with_checkpoint(checkpoint);
        let server = builder(&directory).with_readable_tombstones().with_dirsync_entries(3);
        let server = server.start().await.unwrap();
        let source = source(&server, policy);
        let full = collect(&source, request(None)).await.unwrap();
        let (mut known, mut checkpoint) = (full.objects, full.end.checkpoint);
        for step in 1..=20 {
            for part in 0..=random.below(3) as u64 {
                let mut tree = directory.write();
                let intact = tree.clone();
                disturb(&mut tree, step * 10 + part, &mut random);
                if tree.entry(&base).is_none() {
                    *tree = intact;
                }
            }
            let delta = collect(&source, request(checkpoint)).await.unwrap();
            assert_eq!((delta.end.mode, delta.end.full_because), (mode, None), "{seed} {step}");
            for guid in delta.departed.keys() {
                known.remove(guid);
            }
            known.extend(delta.objects);
            checkpoint = delta.end.checkpoint;
            if step % 4 == 0 {
                let full = collect(&source, request(None)).await.unwrap();
                assert_eq!(own(&known), own(&full.objects), "history {seed}, step {step}");
            }
        }
    }
}

#[tokio::test]
async fn who_joined_a_large_group_and_who_left_it_is_told_without_its_list() {
    let directory = domain();
    let members = ["WEB1", "WEB2", "WEB3"].map(dn);
    directory.write().add_values(&staff(), "member", members).unwrap();
    let server = builder(&directory).with_max_values(2).start().await.unwrap();
    let full = read(&source(&server, DeltaPolicy::Auto), &None).await;
    let bob = directory.write().add_user("bob").unwrap();
    directory.write().add_values(&staff(), "member", [bob.clone()]).unwrap();
    directory.write().remove_values(&staff(), "member", [dn("WEB2")]).unwrap();
    let group = guid(&directory, &staff());
    for asks in [true, false] {
        let server = builder(&directory).with_max_values(2).start().await.unwrap();
        let asked = request().with_checkpoint(full.end.checkpoint.clone()).with_link_changes(asks);
        let delta = collect(&source(&server, DeltaPolicy::Auto), asked).await.unwrap();
        assert_eq!(delta.end.mode, ReadMode::DirSync);
        let list = delta.objects[&group].membership.as_ref().unwrap();
        assert!(list.complete);
        let names = |dns: &[DistinguishedName]| -> Vec<String> {
            dns.iter().map(|dn| dn.as_str().to_owned()).collect()
        };
        assert_eq!(list.left.as_deref().map(names), asks.then(|| vec![dn("WEB2")]));
        assert!(names(&list.members).contains(&bob));
        assert_eq!(list.members.len(), if asks { 1 } else { 4 });
        assert_eq!(server.received(b"member;range="), !asks);
    }
}

/// The inventory may have it as it was before the checkpoint.
#[tokio::test]
async fn a_large_group_that_is_to_be_read_again_is_read_whole() {
    let directory = domain();
    directory.write().add_values(&staff(), "member", ["WEB1", "WEB2", "WEB3"].map(dn)).unwrap();
    let server = builder(&directory).with_max_values(2).start().await.unwrap();
    let full = read(&source(&server, DeltaPolicy::Auto), &None).await;
    let bob = directory.write().add_user("bob").unwrap();
    directory.write().add_values(&staff(), "member", [bob]).unwrap();
    let group = guid(&directory, &staff());
    let asked = request().with_checkpoint(full.end.checkpoint).with_link_changes(true);
    let delta = collect(&source(&server, DeltaPolicy::Auto), asked.with_again([group])).await;
    let delta = delta.unwrap();
    let list = delta.objects[&group].membership.as_ref().unwrap();
    assert_eq!((delta.end.mode, list.members.len()), (ReadMode::DirSync, 5));
    assert!(list.complete && list.left.is_none());
}

#[tokio::test]
async fn a_server_that_does_not_tell_links_one_by_one_is_read_as_any_other() {
    let directory = domain();
    let server = builder(&directory).without_link_changes().start().await.unwrap();
    let source = source(&server, DeltaPolicy::Auto);
    let full = read(&source, &None).await;
    directory.write().add_values(&staff(), "member", [dn("WEB1")]).unwrap();
    let asked = request().with_checkpoint(full.end.checkpoint).with_link_changes(true);
    let delta = collect(&source, asked).await.unwrap();
    assert_eq!((delta.end.mode, delta.names()), (ReadMode::DirSync, vec!["Staff".to_owned()]));
}
