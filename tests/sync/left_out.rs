//! What a read left out of entries: it is counted and named, and ends nothing that was known.

use std::time::Duration;

use async_trait::async_trait;
use futures::stream::{self, BoxStream, StreamExt};
use ldap_inventory::asset::{Asset, AssetRepository, DirectoryUser};
use ldap_inventory::directory::{
    DirectoryEvent, DirectoryObject, DirectorySource, LeftOutValues, ReadRequest,
};
use ldap_inventory::merge::Explanation;
use ldap_inventory::sync::{SyncOptions, SyncReport, sync};
use ldap_inventory::task::{ChangeLimits, Exclusions, Limit};
use ldap_inventory::testing::{MockDirectory, MockRecord};
use ldap_inventory::value::ReadMode;
use ldap_inventory::{ErrorKind, Result};

use crate::mock::{computer, mock_guid, user};

use super::world::*;

const REASON: &str = "not UTF-8 text";

fn web1() -> MockRecord {
    computer("WEB1")
        .with("operatingSystem", "Windows Server 2022")
        .with("operatingSystemVersion", "10.0 (20348)")
        .with("whenCreated", "20240101000000.0Z")
        .with("lastLogonTimestamp", "133485408000000000")
        .disabled()
}

/// The same computer, of which nothing can be read but its place.
fn unreadable_web1() -> MockRecord {
    [
        "dNSHostName",
        "lastLogonTimestamp",
        "operatingSystem",
        "operatingSystemVersion",
        "sAMAccountName",
        "userAccountControl",
        "whenCreated",
    ]
    .into_iter()
    .fold(computer("WEB1").disabled(), |web1, attribute| web1.without(attribute, REASON))
}

fn alice() -> DirectoryObject {
    with_rid(
        user("alice").with("primaryGroupID", "513").with("mail", "a@corp.example").disabled(),
        1101,
    )
}

fn unreadable_alice() -> DirectoryObject {
    let unreadable = ["mail", "objectSid", "primaryGroupID", "userAccountControl"];
    let alice =
        unreadable.into_iter().fold(user("alice").disabled(), |it, name| it.without(name, REASON));
    alice.build()
}

/// The objects of a domain with these in place of those of the same objectGUID.
fn with(changed: impl IntoIterator<Item = DirectoryObject>) -> Vec<DirectoryObject> {
    let changed: Vec<DirectoryObject> = changed.into_iter().collect();
    let mut objects = domain();
    objects.retain(|object| changed.iter().all(|changed| changed.guid != object.guid));
    objects.extend(changed);
    objects
}

fn facts(asset: &Asset) -> (Vec<String>, Option<&str>, Option<&str>, Option<&str>) {
    let names = asset.live_names().map(ToString::to_string).collect();
    (names, asset.os(), asset.os_version(), asset.kind())
}

async fn alice_of(repository: &dyn AssetRepository) -> DirectoryUser {
    repository.users(&acme(), &corp(), &[mock_guid("alice")]).await.unwrap().remove(0)
}

fn changes(report: &SyncReport) -> (u64, u64, u64) {
    (report.computers.updated, report.users.updated, report.groups.updated)
}

#[tokio::test]
async fn what_was_left_out_stays_as_it_was_known_and_a_second_run_writes_nothing() {
    for repository in stores() {
        let directory = MockDirectory::new(with([web1().build(), alice()]));
        run(&directory, &*repository).await;
        let before = asset_of(&*repository, mock_guid("WEB1")).await;
        let (user_before, staff) =
            (alice_of(&*repository).await, group_named(&*repository, "Domain Users").await);
        assert_eq!(
            before.part_of(&corp(), mock_guid("WEB1")).unwrap().attributes.first("isDisabled"),
            Some("true")
        );

        directory.set_objects(with([unreadable_web1().build(), unreadable_alice()]));
        let report = run(&directory, &*repository).await;
        assert_eq!(changes(&report), (1, 1, 0));
        let after = asset_of(&*repository, mock_guid("WEB1")).await;
        assert_eq!(facts(&after), facts(&before));
        assert_eq!(
            (after.first_seen(), after.last_seen()),
            (before.first_seen(), before.last_seen())
        );
        assert_eq!(after.aliases().count(), 0);
        let attributes = |asset: &Asset| {
            let mut all = asset
                .part_of(&corp(), mock_guid("WEB1"))
                .unwrap()
                .attributes
                .by_name()
                .into_iter()
                .map(|(name, values)| (name.to_owned(), values.join(" ")))
                .collect::<Vec<_>>();
            all.retain(|(name, _)| !["ts", "leftOut"].contains(&&**name));
            all
        };
        assert_eq!(attributes(&after), attributes(&before));
        let user = alice_of(&*repository).await;
        assert_eq!(user.attributes.first("isDisabled"), Some("true"));
        assert_eq!(user.attributes.first("mail"), Some("a@corp.example"));
        assert_eq!((&user.sid, &user.groups), (&user_before.sid, &user_before.groups));
        let everybody = group_named(&*repository, "Domain Users").await;
        assert_eq!(everybody.members, staff.members);

        let again = run(&directory, &*repository).await;
        assert_eq!(changes(&again), (0, 0, 0));
        assert_eq!(again.left_out, report.left_out);
    }
}

#[tokio::test]
async fn what_was_left_out_is_told_in_report_warnings_attributes_and_explanation() {
    let repository = &*stores().remove(0);
    let second = computer("WEB2").without("operatingSystem", REASON);
    let directory = MockDirectory::new(with([unreadable_web1().build(), second.build()]));
    let report = run(&directory, repository).await;
    let of = |report: &SyncReport| -> Vec<LeftOutValues> {
        let os = |it: &&LeftOutValues| it.attribute == "operatingSystem";
        report.left_out.iter().filter(os).cloned().collect()
    };
    let [os] = &of(&report)[..] else { panic!("{:?}", report.left_out) };
    assert_eq!((&*os.reason, os.count, os.objects), (REASON, 2, 2));
    let told: Vec<_> =
        report.warnings.iter().filter(|it| it.contains("operatingSystem ")).collect();
    assert_eq!(told, [&os.to_string()]);
    let json = serde_json::to_value(&report).unwrap();
    let told = json["left_out"].as_array().unwrap();
    assert!(told.iter().any(|it| it["attribute"] == "operatingSystem" && it["count"] == 2));

    let asset = asset_of(repository, mock_guid("WEB2")).await;
    let part = asset.part_of(&corp(), mock_guid("WEB2")).unwrap();
    assert_eq!(part.attributes.first("leftOut"), Some("operatingSystem: 1 value, not UTF-8 text"));
    let explained = Explanation::of(&asset, &[], &[]).to_string();
    assert!(
        explained.contains("left out of operatingSystem: 1 value, not UTF-8 text"),
        "{explained}"
    );
}

#[tokio::test]
async fn an_attribute_that_is_really_gone_ends_what_it_said() {
    for repository in stores() {
        let directory = MockDirectory::new(with([web1().build()]));
        run(&directory, &*repository).await;
        directory.set_objects(with([unreadable_web1().build()]));
        run(&directory, &*repository).await;
        directory.set_objects(with([computer("WEB1").build()]));
        let report = run(&directory, &*repository).await;
        assert_eq!((report.computers.updated, report.left_out.len()), (1, 0));
        let asset = asset_of(&*repository, mock_guid("WEB1")).await;
        assert_eq!((asset.os(), asset.os_version()), (None, None));
        let part = asset.part_of(&corp(), mock_guid("WEB1")).unwrap();
        assert_eq!(part.attributes.first("isDisabled"), Some("false"));
        assert_eq!(part.attributes.first("leftOut"), None);
    }
}

#[tokio::test]
async fn what_could_be_read_of_an_attribute_joins_what_was_known_of_it() {
    let repository = &*stores().remove(0);
    let known = computer("WEB1").with("servicePrincipalName", "HOST/web1");
    let directory = MockDirectory::new(with([known.build()]));
    run(&directory, repository).await;
    let cut = computer("WEB1").with("servicePrincipalName", "HTTP/web1");
    let cut =
        cut.without("servicePrincipalName", "more than the limit record_bytes allows in one entry");
    directory.set_objects(with([cut.build()]));
    run(&directory, repository).await;
    let asset = asset_of(repository, mock_guid("WEB1")).await;
    let part = asset.part_of(&corp(), mock_guid("WEB1")).unwrap();
    let names: Vec<&str> = part.attributes.values("servicePrincipalName").collect();
    assert_eq!(names, ["HTTP/web1", "HOST/web1"]);
    assert_eq!(changes(&run(&directory, repository).await), (0, 0, 0));
}

#[tokio::test]
async fn a_read_of_changes_keeps_what_it_left_out_as_a_full_one_does() {
    for repository in stores() {
        let directory = MockDirectory::new(with([web1().build(), alice()]));
        let directory = directory.with_deltas(ReadMode::DirSync, false);
        run(&directory, &*repository).await;
        let before = asset_of(&*repository, mock_guid("WEB1")).await;
        let members = group_named(&*repository, "Domain Users").await.members;
        directory.set_objects(with([unreadable_web1().build(), unreadable_alice()]));
        let report = run(&directory, &*repository).await;
        assert_eq!(report.mode, ReadMode::DirSync);
        assert_eq!(facts(&asset_of(&*repository, mock_guid("WEB1")).await), facts(&before));
        assert_eq!(group_named(&*repository, "Domain Users").await.members, members);
        assert_eq!(alice_of(&*repository).await.attributes.first("isDisabled"), Some("true"));
        assert!(report.left_out.iter().any(|it| it.attribute == "userAccountControl"));
    }
}

#[tokio::test]
async fn a_state_that_nobody_knows_is_unknown_and_excludes_nobody() {
    let repository = &*stores().remove(0);
    let nobody_knows = |record: MockRecord| record.without("userAccountControl", "not a number");
    let directory = MockDirectory::new([
        nobody_knows(computer("PC1")),
        nobody_knows(user("bob")),
        computer("PC2").disabled(),
    ]);
    let task = task().with_exclusions(Exclusions::default().with_disabled(true));
    let report = sync(&task, &directory, repository, &SyncOptions::new()).await.unwrap();
    assert_eq!((report.computers.created, report.computers.skipped), (1, 1));
    let asset = asset_of(repository, mock_guid("PC1")).await;
    let part = asset.part_of(&corp(), mock_guid("PC1")).unwrap();
    assert_eq!(part.attributes.first("isDisabled"), None);
    assert_eq!(part.attributes.first("isDomainController"), None);
    let bob = repository.users(&acme(), &corp(), &[mock_guid("bob")]).await.unwrap().remove(0);
    assert_eq!(bob.attributes.first("isDisabled"), None);
}

#[tokio::test]
async fn the_brake_takes_what_was_left_out_for_no_change() {
    let repository = &*stores().remove(0);
    let computers = |make: fn(&str) -> MockRecord| (0..30).map(move |n| make(&format!("PC{n}")));
    let directory = MockDirectory::new(computers(|name| computer(name).with("location", "hall")));
    let task = task().with_change_limits(ChangeLimits::default().with_changes(Limit::count(5)));
    sync(&task, &directory, repository, &SyncOptions::new()).await.unwrap();
    directory.set_objects(computers(|name| computer(name).without("location", REASON)));
    let report = sync(&task, &directory, repository, &SyncOptions::new()).await.unwrap();
    assert_eq!((report.computers.updated, report.brake.is_none()), (30, true));
}

/// A directory that falls silent after so many events.
#[derive(Debug)]
struct Silent {
    directory: MockDirectory,
    events: usize,
}

#[async_trait]
impl DirectorySource for Silent {
    async fn read(
        &self,
        request: ReadRequest,
    ) -> Result<BoxStream<'static, Result<DirectoryEvent>>> {
        let events = self.directory.read(request).await?.take(self.events);
        Ok(events.chain(stream::pending()).boxed())
    }
}

#[tokio::test(start_paused = true)]
async fn a_deadline_that_passes_within_the_read_leaves_an_incomplete_run() {
    for repository in stores() {
        let directory = MockDirectory::new(domain()).with_page_size(3);
        let options = SyncOptions::new().with_read_deadline(Duration::from_secs(60));
        let silent = |events| Silent { directory: directory.clone(), events };
        let error = sync(&task(), &silent(0), &*repository, &options).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Timeout, "nobody was reached");
        let nothing = sync(&task(), &silent(1), &*repository, &options).await.unwrap();
        assert_eq!((nothing.complete, nothing.computers.read), (false, 0));
        let some = sync(&task(), &silent(2), &*repository, &options).await.unwrap();
        assert_eq!((some.complete, some.computers.read), (false, 3));
        assert!(some.incomplete_because.unwrap().contains("within 60 s"));
        assert_eq!(some.computers.created, 3);
        run(&directory, &*repository).await;
        let before = inventory(&*repository).await;
        let later = sync(&task(), &silent(2), &*repository, &options).await.unwrap();
        assert_eq!((later.complete, later.computers.missing), (false, 0));
        assert_same(&inventory(&*repository).await, &before, "before");
    }
}

#[tokio::test]
async fn accounts_of_trusts_are_no_users_and_the_report_counts_them() {
    let trust = |n: usize| user(&format!("TRUST{n}$")).with("userAccountControl", "2080");
    let anna = user("anna").with("userAccountControl", "512");
    for (count, said) in [
        (0, None),
        (1, Some("1 trust account was left out: it stands for other domains, not for people")),
        (2, Some("2 trust accounts were left out: they stand for other domains, not for people")),
    ] {
        let repository = &*stores().remove(0);
        let directory = MockDirectory::new((0..count).map(trust).chain([anna.clone()]));
        let report = run(&directory, repository).await;
        let trusts = report.warnings.iter().filter(|warning| warning.contains("trust"));
        assert_eq!(trusts.map(String::as_str).collect::<Vec<_>>(), Vec::from_iter(said));
        assert_eq!((report.users.read, users(repository).await.len()), (1, 1));
    }
}
