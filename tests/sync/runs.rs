//! What runs do, one after the other.

use ldap_inventory::asset::{MemberPath, Nesting};
use ldap_inventory::merge::Verdict;
use ldap_inventory::sync::{SyncOptions, SyncReport, sync};
use ldap_inventory::task::MatchPolicy;
use ldap_inventory::testing::MockDirectory;

use crate::mock::{computer, group, mock_guid, user};

use super::world::*;

#[tokio::test]
async fn a_first_run_ties_each_computer_to_its_place() {
    for repository in stores() {
        scan(&*repository).await;
        let report = run(&MockDirectory::new(domain()).with_page_size(3), &*repository).await;
        let computers = report.computers;
        assert!(report.complete && !report.dry_run, "{report:?}");
        assert_eq!((computers.read, computers.matched, computers.created), (6, 2, 2));
        assert_eq!((computers.updated, computers.unchanged), (2, 0));
        assert_eq!((computers.ambiguous, computers.skipped, computers.rejected), (1, 1, 0));
        assert_eq!((report.users.read, report.users.created), (2, 2));
        assert_eq!((report.groups.read, report.groups.created), (3, 3));
        assert_eq!(asset_of(&*repository, mock_guid("WEB1")).await.id, asset_id(1));
        assert_eq!(asset_of(&*repository, mock_guid("DB1")).await.id, asset_id(2));
        assert_eq!(assets(&*repository).await.len(), 7);
        assert_consistent(&*repository).await;
    }
}

#[tokio::test]
async fn a_report_tells_its_stages_in_order_and_one_without_the_key_made_sure_of_all() {
    let repository = stores().into_iter().next().unwrap();
    let report = run(&MockDirectory::new(domain()), &*repository).await;
    assert_eq!(report.stages().map(|(name, _)| name), ["connect", "read", "plan", "commit"]);
    let mut json = serde_json::to_value(&report).unwrap();
    json.as_object_mut().unwrap().remove("census").unwrap();
    assert!(serde_json::from_value::<SyncReport>(json).unwrap().census);
}

#[tokio::test]
async fn a_second_run_changes_nothing() {
    for repository in stores() {
        scan(&*repository).await;
        let directory = MockDirectory::new(domain());
        run(&directory, &*repository).await;
        let before = inventory(&*repository).await;
        let report = run(&directory, &*repository).await;
        assert_eq!((report.computers.created, report.computers.updated), (0, 0));
        assert_eq!((report.computers.matched, report.computers.unchanged), (4, 4));
        assert_eq!((report.users.created, report.users.updated, report.users.unchanged), (0, 0, 2));
        assert_eq!(
            (report.groups.created, report.groups.updated, report.groups.unchanged),
            (0, 0, 3)
        );
        assert_same(&inventory(&*repository).await, &before, "before");
    }
}

#[tokio::test]
async fn a_dry_run_and_a_real_run_report_the_same_numbers() {
    for repository in stores() {
        scan(&*repository).await;
        let directory = MockDirectory::new(domain());
        let dry = SyncOptions::new().with_dry_run(true);
        for objects in [domain(), domain(), domain_later(), domain_later(), domain()] {
            directory.set_objects(objects);
            let before = inventory(&*repository).await;
            let planned = sync(&task(), &directory, &*repository, &dry).await.unwrap();
            assert_same(&inventory(&*repository).await, &before, "before");
            let done = run(&directory, &*repository).await;
            assert!(planned.dry_run);
            assert_eq!(numbers(&planned), numbers(&done));
        }
    }
}

fn numbers(report: &SyncReport) -> impl PartialEq + std::fmt::Debug + use<> {
    let warnings = report.warnings.clone();
    (report.complete, report.computers, report.users, report.groups, warnings)
}

#[cfg(feature = "sqlite")]
#[tokio::test]
async fn a_dry_run_leaves_the_file_as_it_was_byte_for_byte() {
    use ldap_inventory::store::SqliteRepository;

    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("inventory.db");
    // The `-shm` file is an index of the log that readers mark their places in. It holds no data and is
    // made anew from the log, so it is left out.
    let bytes = || {
        ["inventory.db", "inventory.db-wal"]
            .map(|name| std::fs::read(folder.path().join(name)).ok())
    };
    let directory = MockDirectory::new(domain());
    let dry = SyncOptions::new().with_dry_run(true);

    let repository = SqliteRepository::open(&file).unwrap();
    scan(&repository).await;
    run(&directory, &repository).await;
    directory.set_objects(domain_later());
    let open = bytes();
    assert!(open[1].as_ref().is_some_and(|log| !log.is_empty()), "there was to be a log");
    let report = sync(&task(), &directory, &repository, &dry).await.unwrap();
    assert!(report.computers.created > 0, "there was to be something to write");
    assert!(bytes() == open, "the dry run wrote to the open file");

    drop(repository);
    let closed = bytes();
    let repository = SqliteRepository::open(&file).unwrap();
    sync(&task(), &directory, &repository, &dry).await.unwrap();
    drop(repository);
    assert!(bytes() == closed, "opening, a dry run and closing wrote to the file");
}

#[tokio::test]
async fn a_renamed_and_moved_computer_is_one_asset_still_with_its_old_name_as_an_alias() {
    for repository in stores() {
        scan(&*repository).await;
        let directory = MockDirectory::new(domain());
        run(&directory, &*repository).await;
        let before = assets(&*repository).await.len();
        let mut objects = domain();
        objects.retain(|object| !["WEB1", "NEW1"].map(mock_guid).contains(&object.guid));
        for (old, new) in [("WEB1", "WWW1"), ("NEW1", "NEWER1")] {
            objects.push(computer(new).with_guid(mock_guid(old)).within("OU=Servers").build());
        }
        directory.set_objects(objects);
        let report = run(&directory, &*repository).await;
        assert_eq!((report.computers.created, report.computers.updated), (0, 2));
        assert_eq!(report.computers.missing, 0);
        assert_eq!(assets(&*repository).await.len(), before);
        let renamed = asset_of(&*repository, mock_guid("NEW1")).await;
        let names = |names: Vec<String>| names.join(" ");
        let live = names(renamed.live_names().map(ToString::to_string).collect());
        let aliases = names(renamed.aliases().map(ToString::to_string).collect());
        assert!(live.contains("newer1.corp.example") && !live.contains("new1."), "{live}");
        assert!(aliases.contains("new1.corp.example"), "{aliases}");
        let known = asset_of(&*repository, mock_guid("WEB1")).await;
        assert_eq!(known.id, asset_id(1));
        // The scanner says so still.
        assert!(known.live_names().any(|name| name.as_str() == "web1.corp.example"));
    }
}

#[tokio::test]
async fn a_disabled_computer_is_kept_and_marked() {
    for repository in stores() {
        run(&MockDirectory::new(domain()), &*repository).await;
        let asset = asset_of(&*repository, mock_guid("OLD1")).await;
        let part = asset.part_of(&corp(), mock_guid("OLD1")).unwrap();
        assert_eq!(part.attributes.first("isDisabled"), Some("true"));
        assert!(part.presence.is_present());
    }
}

#[tokio::test]
async fn a_service_account_is_skipped_with_its_reason_and_leaves_no_link() {
    for repository in stores() {
        let options = SyncOptions::new().with_explain(true);
        let directory = MockDirectory::new(domain());
        let report = sync(&task(), &directory, &*repository, &options).await.unwrap();
        let decisions = report.decisions.unwrap();
        assert_eq!(decisions.len(), 6);
        let gmsa = decisions.iter().find(|d| d.object == mock_guid("gmsa")).unwrap();
        assert_eq!(gmsa.verdict, Verdict::Skipped);
        assert_eq!(gmsa.reason_code(), "not_a_host", "{gmsa:?}");
        assert_eq!(link(&*repository, mock_guid("gmsa")).await, None);
    }
}

#[tokio::test]
async fn an_ambiguous_computer_is_kept_as_an_unresolved_link() {
    for repository in stores() {
        scan(&*repository).await;
        let directory = MockDirectory::new([computer("TWIN")]);
        for _ in 0..2 {
            let report = run(&directory, &*repository).await;
            assert_eq!((report.computers.ambiguous, report.computers.created), (1, 0));
            let link = link(&*repository, mock_guid("TWIN")).await.unwrap();
            assert_eq!(link.asset, None);
            assert_eq!(assets(&*repository).await.len(), 5);
        }
        // As soon as one of the two is called something else there is no question any more.
        let mut other = repository.assets(&acme(), &[asset_id(3)]).await.unwrap().remove(0);
        other.version += 1;
        other.names = scanned(3, &["lathe"]).names;
        put(&*repository, other).await;
        let report = run(&directory, &*repository).await;
        assert_eq!((report.computers.ambiguous, report.computers.matched), (0, 1));
        assert_eq!(asset_of(&*repository, mock_guid("TWIN")).await.id, asset_id(4));
    }
}

#[tokio::test]
async fn unknown_computers_are_left_out_where_the_task_says_so() {
    for repository in stores() {
        scan(&*repository).await;
        let task = task().with_matching(MatchPolicy::default().with_exclude_unknown(true));
        let directory = MockDirectory::new(domain());
        for _ in 0..2 {
            let report = sync(&task, &directory, &*repository, &SyncOptions::new()).await.unwrap();
            assert_eq!((report.computers.created, report.computers.skipped), (0, 3));
            assert_eq!(report.computers.matched, 2);
            assert_eq!(assets(&*repository).await.len(), 5);
        }
    }
}

#[tokio::test]
async fn members_are_those_that_are_named_and_those_by_primary_group() {
    for repository in stores() {
        run(&MockDirectory::new(domain()), &*repository).await;
        let paths = |group: ldap_inventory::asset::DirectoryGroup| -> Vec<_> {
            assert!(group.complete);
            group.members.into_iter().map(|m| (m.object.unwrap(), m.path)).collect()
        };
        let everybody = paths(group_named(&*repository, "Domain Users").await);
        let (alice, bob) = (mock_guid("alice"), mock_guid("bob"));
        assert_eq!(everybody, [(alice, MemberPath::Primary), (bob, MemberPath::Primary)]);
        let outer = paths(group_named(&*repository, "Outer").await);
        let (inner_guid, direct) = (mock_guid("Inner"), MemberPath::Direct);
        assert_eq!(outer, [(bob, direct), (inner_guid, direct)]);
        let users = repository.users(&acme(), &corp(), &[alice]).await.unwrap();
        let groups: Vec<&str> = users[0].groups.iter().map(|dn| dn.as_str()).collect();
        assert_eq!(
            groups,
            ["CN=Domain Users,CN=Users,DC=corp,DC=example", "CN=Inner,CN=Users,DC=corp,DC=example"]
        );
    }
}

#[tokio::test]
async fn members_through_groups_are_told_by_the_groups_and_cycles_end() {
    for repository in stores() {
        run(&MockDirectory::new(domain()), &*repository).await;
        let all = ["Outer", "Inner"].map(|name| group_named(&*repository, name));
        let [outer, inner] = futures::future::join_all(all).await.try_into().unwrap();
        let told = Nesting::of([&outer, &inner]).members(outer.object);
        let path = |name: &str| {
            let members: Vec<_> =
                told.iter().filter(|(m, _)| m.object == Some(mock_guid(name))).collect();
            assert!(members.len() < 2, "{name} is named twice");
            members.first().map(|(member, via)| (member.path, via.clone()))
        };
        assert_eq!(path("bob"), Some((MemberPath::Direct, None)));
        assert_eq!(path("alice"), Some((MemberPath::Nested, Some(inner.dn.clone()))));
    }
}

#[tokio::test]
async fn a_member_that_was_not_read_is_kept_by_its_name() {
    for repository in stores() {
        let stranger = user("stranger").in_domain("other.example").build();
        let staff = group("Staff").with_member(&stranger.dn);
        run(&MockDirectory::new([staff]), &*repository).await;
        let staff = group_named(&*repository, "Staff").await;
        assert_eq!(staff.members.len(), 1);
        assert_eq!((staff.members[0].object, &staff.members[0].dn), (None, &stranger.dn));
    }
}

#[tokio::test]
async fn a_primary_group_that_was_not_read_is_shown_on_nobody_until_it_is() {
    for repository in stores() {
        let alice = || with_rid(user("alice").with("primaryGroupID", "513"), 1101);
        let directory = MockDirectory::new([alice()]);
        let groups_of_alice = async || {
            let users = repository.users(&acme(), &corp(), &[mock_guid("alice")]).await.unwrap();
            users[0].groups.iter().map(|dn| dn.as_str().to_owned()).collect::<Vec<_>>()
        };
        assert!(run(&directory, &*repository).await.complete);
        assert!(groups_of_alice().await.is_empty());
        assert!(groups(&*repository).await.is_empty(), "none is made up");
        directory.set_objects([alice(), with_rid(group("Domain Users"), 513)]);
        run(&directory, &*repository).await;
        let expected = ["CN=Domain Users,CN=Users,DC=corp,DC=example"];
        assert_eq!(groups_of_alice().await, expected);
    }
}

#[tokio::test]
async fn a_group_whose_members_are_not_all_read_keeps_those_it_had() {
    for repository in stores() {
        let alice = user("alice").build();
        let directory =
            MockDirectory::new([group("Staff").with_member(&alice.dn).build(), alice.clone()]);
        run(&directory, &*repository).await;
        let before = inventory(&*repository).await;
        directory.set_objects([group("Staff").with_incomplete_members().build(), alice]);
        run(&directory, &*repository).await;
        assert_same(&inventory(&*repository).await["groups"], &before["groups"], "before");
    }
}

#[tokio::test]
async fn a_tie_keeps_the_reason_for_which_it_was_made() {
    for repository in stores() {
        scan(&*repository).await;
        let directory = MockDirectory::new(domain());
        let first = run(&directory, &*repository).await;
        let tie = async |object: &str| {
            let object = mock_guid(object);
            let asset = asset_of(&*repository, object).await;
            asset.part_of(&corp(), object).unwrap().tie.clone().unwrap()
        };
        let (matched, created) = (tie("WEB1").await, tie("NEW1").await);
        assert!(matched.reason.contains("its FQDN web1.corp.example"), "{matched:?}");
        assert!(created.reason.contains("no asset has one of its names"), "{created:?}");
        assert_eq!((matched.run, created.run), (first.run, first.run));
        directory.set_objects(domain_later());
        run(&directory, &*repository).await;
        assert_eq!(tie("WEB1").await, matched, "renamed, it is tied as before");
    }
}
