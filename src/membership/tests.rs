use std::collections::{BTreeSet, HashMap, HashSet};

use super::*;
use crate::asset::{DirectoryGroup, Link, Member, MemberPath, Presence};
use crate::directory::{DirectoryObject, Membership, Objects, dn_digest};
use crate::name::DistinguishedName;
use crate::value::{ObjectGuid, ObjectKind, RecordDigest, RunId, SourceId, Timestamp};

const ALICE: u8 = 1;
const BOB: u8 = 2;
const CAROL: u8 = 3;
const PC: u8 = 4;
const STAFF: u8 = 10;
const ADMINS: u8 = 11;
const USERS: u8 = 12;

const DOMAIN: &str = "S-1-5-21-1-2-3";

fn guid(n: u8) -> ObjectGuid {
    ObjectGuid::from_bytes([n; 16])
}

fn dn(n: u8) -> DistinguishedName {
    DistinguishedName::parse(&format!("CN=n{n},DC=corp,DC=example")).unwrap()
}

fn object(kind: ObjectKind, n: u8) -> DirectoryObject {
    let mut object = DirectoryObject::new(kind, guid(n), dn(n));
    object.sid = Some(format!("{DOMAIN}-{}", 1_000 + u32::from(n)).parse().unwrap());
    object
}

fn group(n: u8, members: &[u8]) -> DirectoryObject {
    let mut group = object(ObjectKind::Group, n);
    group.membership = Some(Membership::new(members.iter().map(|n| dn(*n))));
    group
}

/// A group of which only who joined and who left is told.
fn told(n: u8, joined: &[u8], left: &[u8]) -> DirectoryObject {
    let dns = |members: &[u8]| members.iter().map(|n| dn(*n)).collect::<Vec<_>>();
    let mut group = object(ObjectKind::Group, n);
    group.membership = Some(Membership::changes(dns(joined), dns(left)));
    group
}

/// An account that says it is in this group.
fn member_of(mut account: DirectoryObject, group: u8) -> DirectoryObject {
    account.attributes = [("memberOf", dn(group).as_str())].into_iter().collect();
    account
}

fn user(n: u8) -> DirectoryObject {
    object(ObjectKind::User, n)
}

/// An account whose primary group is this one.
fn of_primary(mut account: DirectoryObject, group: u8) -> DirectoryObject {
    let rid = (1_000 + u32::from(group)).to_string();
    account.attributes = [("primaryGroupID", rid.as_str())].into_iter().collect();
    account
}

/// Objects that were read.
struct Read {
    all: Vec<DirectoryObject>,
    by_kind: [Objects; 3],
    departed: HashSet<ObjectGuid>,
}

impl Read {
    fn of(objects: impl IntoIterator<Item = DirectoryObject>) -> Self {
        let all = Vec::from_iter(objects);
        let of_kind = |kind| Objects::of(kind, all.iter().filter(|object| object.kind == kind));
        let by_kind = [ObjectKind::Computer, ObjectKind::User, ObjectKind::Group].map(of_kind);
        Self { all, by_kind, departed: HashSet::new() }
    }

    fn without(mut self, n: u8) -> Self {
        self.departed.insert(guid(n));
        self
    }

    fn objects(&self) -> ReadObjects<'_> {
        let [computers, users, groups] = &self.by_kind;
        ReadObjects { computers, users, groups, departed: &self.departed }
    }

    fn group(&self) -> DirectoryObject {
        self.objects().groups.iter().next().unwrap().unwrap()
    }

    fn memberships_of(&self, earlier: &Earlier, is_kept: bool) -> Memberships {
        Memberships::of(&self.objects(), earlier, |_| is_kept).unwrap()
    }

    fn memberships(&self) -> Memberships {
        self.memberships_of(&Earlier::default(), true)
    }
}

/// What an inventory knows after a full read.
struct Inventory {
    earlier: Earlier,
    links: Links,
}

impl Inventory {
    fn of(objects: impl IntoIterator<Item = DirectoryObject>) -> Self {
        let read = Read::of(objects);
        let memberships = read.memberships();
        let link = |object: &DirectoryObject| (object.guid, link(object));
        let place = |object: &DirectoryObject| (dn_digest(&object.dn), object.guid);
        let groups = read.objects().groups;
        let groups = groups.iter().map(|group| stored(&group.unwrap(), &memberships)).collect();
        let earlier = Earlier { groups, places: read.all.iter().map(place).collect() };
        Self { earlier, links: read.all.iter().map(link).collect() }
    }

    /// What is to be read again after this was.
    fn again(&self, read: &Read) -> BTreeSet<ObjectGuid> {
        dependents_to_reread(&read.objects(), &self.earlier, &self.links, |_| true).unwrap()
    }

    fn touches(&self, read: &Read) -> bool {
        touch_memberships(&read.objects(), &self.links, &HashMap::new()).unwrap()
    }
}

fn link(object: &DirectoryObject) -> Link {
    Link {
        object: object.guid,
        kind: object.kind,
        asset: None,
        home: None,
        digest: RecordDigest([0; 16]),
        dn_digest: dn_digest(&object.dn),
        attributes: 0,
        presence: Presence::Present,
        seen: None,
    }
}

fn stored(group: &DirectoryObject, memberships: &Memberships) -> DirectoryGroup {
    DirectoryGroup {
        organization: "acme".parse().unwrap(),
        site: "hq".parse().unwrap(),
        source: SourceId::new("ldap", "corp.example").unwrap(),
        object: group.guid,
        sid: group.sid.clone(),
        dn: group.dn.clone(),
        members: memberships.members(group.guid).to_vec(),
        complete: true,
        attributes: group.attributes.clone(),
        presence: Presence::Present,
        run: RunId::from_u128(1),
        written: Timestamp::MIN,
    }
}

fn members(memberships: &Memberships, group: u8) -> Vec<(Option<ObjectGuid>, MemberPath)> {
    let members = memberships.members(guid(group)).iter();
    members.map(|Member { object, path, .. }| (*object, *path)).collect()
}

fn known(n: u8, path: MemberPath) -> (Option<ObjectGuid>, MemberPath) {
    (Some(guid(n)), path)
}

fn guids(all: &[u8]) -> BTreeSet<ObjectGuid> {
    all.iter().map(|n| guid(*n)).collect()
}

use MemberPath::{Direct, Primary};

#[test]
fn members_are_known_both_ways_and_strangers_by_their_dn_alone() {
    let read = Read::of([user(ALICE), user(BOB), group(STAFF, &[BOB, ALICE, CAROL])]);
    let memberships = read.memberships();
    let expected = [known(ALICE, Direct), known(BOB, Direct), (None, Direct)];
    assert_eq!(members(&memberships, STAFF), expected);
    assert_eq!(memberships.members(guid(STAFF))[2].dn, dn(CAROL));
    assert_eq!(memberships.groups(guid(ALICE)), [dn(STAFF)]);
    assert_eq!(memberships.groups(guid(CAROL)), []);
}

#[test]
fn a_member_is_found_however_its_dn_is_written() {
    let mut staff = group(STAFF, &[]);
    let written = DistinguishedName::parse("cn=N1, dc=CORP,dc=Example").unwrap();
    staff.membership.as_mut().unwrap().members.push(written.clone());
    let memberships = Read::of([user(ALICE), staff]).memberships();
    assert_eq!(members(&memberships, STAFF), [known(ALICE, Direct)]);
    assert_eq!(memberships.members(guid(STAFF))[0].dn, written);
}

#[test]
fn a_computer_that_the_inventory_leaves_out_is_no_object_of_it() {
    let read = Read::of([object(ObjectKind::Computer, PC), group(STAFF, &[PC])]);
    let of = |is_kept: bool| read.memberships_of(&Earlier::default(), is_kept);
    assert_eq!(members(&of(true), STAFF), [known(PC, Direct)]);
    assert_eq!(members(&of(false), STAFF), [(None, Direct)]);
    // Nothing tells that a primary member is gone which the inventory does not know.
    let pc = of_primary(object(ObjectKind::Computer, PC), USERS);
    let read = Read::of([pc, of_primary(user(ALICE), USERS), group(USERS, &[])]);
    let left_out = read.memberships_of(&Earlier::default(), false);
    assert_eq!(members(&left_out, USERS), [known(ALICE, Primary)]);
}

#[test]
fn what_is_no_host_is_a_primary_member_all_the_same() {
    let mut service = object(ObjectKind::Computer, PC);
    let rid = (1_000 + u32::from(USERS)).to_string();
    service.attributes =
        [("primaryGroupID", rid.as_str()), ("objectClass", "msDS-GroupManagedServiceAccount")]
            .into_iter()
            .collect();
    let read = Read::of([service, group(USERS, &[])]);
    let memberships = read.memberships_of(&Earlier::default(), false);
    assert_eq!(members(&memberships, USERS), [known(PC, Primary)]);
}

#[test]
fn a_primary_group_is_that_of_the_accounts_own_domain() {
    let stranger = {
        let mut stranger = of_primary(user(BOB), USERS);
        stranger.sid = Some(format!("S-1-5-21-9-9-9-{}", 1_000 + u32::from(BOB)).parse().unwrap());
        stranger
    };
    let pc = of_primary(object(ObjectKind::Computer, PC), USERS);
    let read = Read::of([of_primary(user(ALICE), USERS), stranger, pc, group(USERS, &[])]);
    let memberships = read.memberships();
    assert_eq!(members(&memberships, USERS), [known(ALICE, Primary), known(PC, Primary)]);
    assert_eq!(memberships.groups(guid(BOB)), []);
}

#[test]
fn a_direct_member_is_one_whatever_other_way_leads_to_it() {
    let staff = group(STAFF, &[ALICE, ADMINS]);
    let alice = of_primary(user(ALICE), STAFF);
    let read = Read::of([alice, staff, group(ADMINS, &[ALICE])]);
    let memberships = read.memberships();
    assert_eq!(members(&memberships, STAFF), [known(ALICE, Direct), known(ADMINS, Direct)]);
    assert_eq!(memberships.groups(guid(ALICE)), [dn(STAFF), dn(ADMINS)]);
}

#[test]
fn a_group_in_a_group_is_a_member_and_its_own_members_are_none() {
    let read = Read::of([user(ALICE), group(STAFF, &[ADMINS]), group(ADMINS, &[ALICE, STAFF])]);
    let memberships = read.memberships();
    assert_eq!(members(&memberships, STAFF), [known(ADMINS, Direct)]);
    assert_eq!(memberships.groups(guid(ALICE)), [dn(ADMINS)]);
}

#[test]
fn what_was_not_read_is_as_it_was_unless_it_departed() {
    let all = [of_primary(user(ALICE), STAFF), user(BOB), user(CAROL), group(STAFF, &[BOB, CAROL])];
    let inventory = Inventory::of(all);
    let of = |read: &Read| read.memberships_of(&inventory.earlier, true);
    let everybody = [known(ALICE, Primary), known(BOB, Direct), known(CAROL, Direct)];
    assert_eq!(members(&of(&Read::of([])), STAFF), everybody);
    let without_bob = Read::of([]).without(BOB);
    let expected = [known(ALICE, Primary), (None, Direct), known(CAROL, Direct)];
    assert_eq!(members(&of(&without_bob), STAFF), expected);
    assert_eq!(members(&of(&Read::of([]).without(STAFF)), STAFF), []);
    // The group alone was read, and has lost a member; its primary members are not its own to name.
    let fewer = Read::of([group(STAFF, &[BOB])]);
    assert_eq!(members(&of(&fewer), STAFF), [known(ALICE, Primary), known(BOB, Direct)]);
    let other_primary = Read::of([user(ALICE)]);
    assert_eq!(members(&of(&other_primary), STAFF), everybody[1..]);
}

#[test]
fn whoever_joined_or_left_a_group_is_read_again() {
    let all = [user(ALICE), user(BOB), user(CAROL), group(STAFF, &[ALICE, CAROL])];
    let inventory = Inventory::of(all);
    let swapped = Read::of([group(STAFF, &[BOB, CAROL])]);
    assert_eq!(inventory.again(&swapped), guids(&[ALICE, BOB]), "CAROL has stayed");
    assert_eq!(inventory.again(&Read::of([group(ADMINS, &[CAROL])])), guids(&[CAROL]));
    // Together with them there is nothing left to read.
    let bob = named_by(user(BOB), &[STAFF]);
    let complete = Read::of([bob, user(ALICE), group(STAFF, &[BOB, CAROL])]);
    assert_eq!(inventory.again(&complete), guids(&[]));
    let Inventory { earlier, links } = &inventory;
    let out_of_reach = dependents_to_reread(&swapped.objects(), earlier, links, |_| false).unwrap();
    assert_eq!(out_of_reach, guids(&[]));
}

/// An object whose `memberOf` names these groups.
fn named_by(mut object: DirectoryObject, groups: &[u8]) -> DirectoryObject {
    let dns: Vec<String> = groups.iter().map(|n| dn(*n).as_str().to_owned()).collect();
    object.attributes = dns.iter().map(|dn| ("memberOf", dn.as_str())).collect();
    object
}

#[test]
fn everybody_in_a_group_that_is_renamed_or_gone_is_read_again() {
    let all = [user(ALICE), object(ObjectKind::Computer, PC), group(STAFF, &[ALICE, PC])];
    let inventory = Inventory::of(all);
    let mut renamed = group(STAFF, &[ALICE, PC]);
    renamed.dn = DistinguishedName::parse("CN=Everybody,DC=corp,DC=example").unwrap();
    assert_eq!(inventory.again(&Read::of([renamed])), guids(&[ALICE, PC]));
    assert_eq!(inventory.again(&Read::of([]).without(STAFF)), guids(&[ALICE, PC]));
}

#[test]
fn of_those_whose_primary_group_is_renamed_the_users_are_read_again() {
    let [alice, pc] = [user(ALICE), object(ObjectKind::Computer, PC)];
    let all = [of_primary(alice, STAFF), of_primary(pc, STAFF), group(STAFF, &[])];
    let mut renamed = group(STAFF, &[]);
    renamed.dn = DistinguishedName::parse("CN=Everybody,DC=corp,DC=example").unwrap();
    assert_eq!(Inventory::of(all).again(&Read::of([renamed])), guids(&[ALICE]));
}

#[test]
fn a_group_that_names_a_computer_which_is_new_is_read_again() {
    let inventory = Inventory::of([group(STAFF, &[PC])]);
    let pc = named_by(object(ObjectKind::Computer, PC), &[STAFF]);
    assert_eq!(inventory.again(&Read::of([pc])), guids(&[STAFF]));
}

#[test]
fn the_groups_of_a_renamed_member_are_read_again() {
    let all = [user(ALICE), user(BOB), group(STAFF, &[ALICE]), group(ADMINS, &[BOB])];
    let inventory = Inventory::of(all);
    let mut renamed = named_by(user(ALICE), &[STAFF]);
    renamed.dn = DistinguishedName::parse("CN=alice b,DC=corp,DC=example").unwrap();
    assert_eq!(inventory.again(&Read::of([renamed])), guids(&[STAFF]));
}

#[test]
fn a_group_that_disagrees_with_a_member_about_it_is_read_again() {
    let inventory = Inventory::of([user(ALICE), user(BOB), group(STAFF, &[ALICE])]);
    assert_eq!(inventory.again(&Read::of([named_by(user(BOB), &[STAFF])])), guids(&[STAFF]));
    assert_eq!(inventory.again(&Read::of([user(ALICE)])), guids(&[STAFF]));
    assert_eq!(inventory.again(&Read::of([named_by(user(ALICE), &[STAFF])])), guids(&[]));
}

#[test]
fn a_change_in_the_depth_reaches_those_whom_it_names() {
    let all = [
        user(ALICE),
        object(ObjectKind::Computer, PC),
        group(STAFF, &[ADMINS]),
        group(ADMINS, &[]),
    ];
    let joined = Read::of([named_by(group(ADMINS, &[ALICE, PC]), &[STAFF])]);
    assert_eq!(Inventory::of(all).again(&joined), guids(&[ALICE, PC]));
}

#[test]
fn only_what_moves_or_changes_a_group_touches_memberships() {
    let inventory = Inventory::of([user(ALICE), group(STAFF, &[ALICE])]);
    assert!(!inventory.touches(&Read::of([user(ALICE)])));
    assert!(inventory.touches(&Read::of([user(BOB)])), "somebody new may be in any group");
    assert!(inventory.touches(&Read::of([of_primary(user(ALICE), STAFF)])));
    let mut other = user(ALICE);
    other.attributes = [("memberOf", "CN=Staff,DC=x")].into_iter().collect();
    assert!(inventory.touches(&Read::of([other])), "it was restored, or is");
    assert!(inventory.touches(&Read::of([group(STAFF, &[ALICE])])));
    assert!(inventory.touches(&Read::of([]).without(ALICE)));
    assert!(!inventory.touches(&Read::of([]).without(CAROL)), "nobody knew of it");
    let mut moved = user(ALICE);
    moved.dn = DistinguishedName::parse("CN=n1,OU=Away,DC=corp,DC=example").unwrap();
    assert!(inventory.touches(&Read::of([moved])));
}

#[test]
fn a_group_is_back_that_was_missing() {
    let mut inventory = Inventory::of([group(STAFF, &[])]);
    let read = Read::of([group(STAFF, &[])]);
    assert!(!is_group_back(&read.by_kind[2], &inventory.links));
    let missing = Presence::Missing { since: Timestamp::MIN, runs: 1 };
    inventory.links.get_mut(&guid(STAFF)).unwrap().presence = missing;
    assert!(is_group_back(&read.by_kind[2], &inventory.links));
    assert!(!is_present(&inventory.links, guid(STAFF)));
}

#[test]
fn a_digest_tells_by_its_memberships_whether_an_object_changed() {
    let digest_of = |members: &[u8], complete| {
        let read = Read::of([user(ALICE), user(BOB), group(STAFF, members)]);
        let memberships = read.memberships();
        [
            digest(ObjectKind::Group, &read.by_kind[2].outlines()[0], &memberships, complete),
            digest(ObjectKind::User, &read.by_kind[1].outlines()[0], &memberships, true),
        ]
    };
    assert_eq!(digest_of(&[ALICE], true), digest_of(&[ALICE], true));
    assert_ne!(digest_of(&[ALICE], true)[0], digest_of(&[ALICE], false)[0]);
    let (before, after) = (digest_of(&[ALICE], true), digest_of(&[BOB], true));
    assert!(before[0] != after[0] && before[1] != after[1]);
}

#[test]
fn a_list_of_which_the_changes_are_told_is_whole_where_everybody_agrees() {
    let all = [user(ALICE), user(BOB), user(CAROL), group(STAFF, &[ALICE, BOB])];
    let inventory = Inventory::of(all);
    let before = &inventory.earlier.groups[0];
    let whole = |read: Read| {
        let shown = ShownMembers::of(&read.objects()).unwrap();
        shown.whole_list(&read.group(), before, &inventory.links).map(|it| it.members)
    };
    let changed = || told(STAFF, &[CAROL], &[BOB]);
    assert_eq!(whole(Read::of([changed()])), Some(vec![dn(ALICE), dn(CAROL)]));
    // Told a second time, it is no change.
    assert_eq!(whole(Read::of([told(STAFF, &[ALICE], &[CAROL])])), Some(vec![dn(ALICE), dn(BOB)]));
    let carol = member_of(user(CAROL), STAFF);
    assert_eq!(whole(Read::of([changed(), carol])), Some(vec![dn(ALICE), dn(CAROL)]));
    let alice = member_of(user(ALICE), STAFF);
    assert_eq!(whole(Read::of([changed(), alice])), Some(vec![dn(ALICE), dn(CAROL)]));
    // Each of these may have changed the list without a word.
    let mut renamed = member_of(user(ALICE), STAFF);
    renamed.dn = DistinguishedName::parse("CN=other,DC=corp,DC=example").unwrap();
    assert_eq!(whole(Read::of([changed(), renamed])), None);
    assert_eq!(whole(Read::of([changed(), user(ALICE)])), None, "restored, she is in no group");
    assert_eq!(whole(Read::of([changed(), member_of(user(BOB), STAFF)])), None);
    assert_eq!(whole(Read::of([changed()]).without(ALICE)), None);
    assert_eq!(whole(Read::of([group(STAFF, &[ALICE])])), None, "it is a list");
}

#[test]
fn a_list_that_was_not_known_whole_is_read() {
    let all = [user(ALICE), group(STAFF, &[ALICE, BOB])];
    let inventory = Inventory::of(all);
    let read = Read::of([told(STAFF, &[], &[])]);
    let whole = |before: &DirectoryGroup, links: &Links| {
        ShownMembers::of(&read.objects()).unwrap().whole_list(&read.group(), before, links)
    };
    let before = inventory.earlier.groups[0].clone();
    assert_eq!(whole(&before, &inventory.links), None, "nobody knows what BOB is");
    let inventory = Inventory::of([user(ALICE), group(STAFF, &[ALICE])]);
    let mut before = inventory.earlier.groups[0].clone();
    assert!(whole(&before, &inventory.links).is_some());
    assert_eq!(whole(&before, &Links::new()), None);
    before.complete = false;
    assert_eq!(whole(&before, &inventory.links), None);
}
