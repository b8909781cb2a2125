use super::*;
use crate::asset::{MemberPath, Presence, Sighting};
use crate::directory::{
    DirectoryObject, Membership, ReadEnd, ReadScope, ServerIdentity, Transport, Verification,
    dn_digest,
};
use crate::membership::Earlier;
use crate::name::DistinguishedName;
use crate::sync::read::Snapshot;
use crate::value::{RunId, SourceId, Timestamp, View};

const PC: u8 = 1;
const OTHER: u8 = 2;
const ALICE: u8 = 3;
const STAFF: u8 = 4;

fn guid(n: u8) -> ObjectGuid {
    ObjectGuid::from_bytes([n; 16])
}

fn asset(n: u128) -> Option<AssetId> {
    Some(AssetId::from_u128(n))
}

fn dn(n: u8) -> DistinguishedName {
    DistinguishedName::parse(&format!("CN=n{n},DC=corp,DC=example")).unwrap()
}

fn object(kind: ObjectKind, n: u8) -> DirectoryObject {
    let mut object = DirectoryObject::new(kind, guid(n), dn(n));
    object.attributes = [("cn", "n"), ("description", "d")].into_iter().collect();
    object
}

fn group(members: &[u8]) -> DirectoryObject {
    DirectoryObject {
        membership: Some(Membership::new(members.iter().map(|n| dn(*n)))),
        ..object(ObjectKind::Group, STAFF)
    }
}

fn scope() -> ReadScope {
    ReadScope {
        bases: vec![DistinguishedName::parse("DC=corp,DC=example").unwrap()],
        referred: HashSet::new(),
        view: View::of_account(["reader"]),
        fingerprint: RecordDigest::of(["corp"]),
        former: None,
    }
}

/// A complete read of everything.
fn read(objects: Vec<DirectoryObject>) -> Reading {
    let server = ServerIdentity::at("127.0.0.1:636".parse().unwrap());
    let (transport, verification) = (Transport::Ldaps, Verification::Thumbprint);
    let end = ReadEnd::complete(scope(), transport, verification, server);
    let prior = PriorMemberships::Loaded(Earlier::default());
    Reading { snapshot: Snapshot::of(objects, end), prior, is_contained: false }
}

/// What the inventory knows of an object that it last saw like this.
fn link(object: &DirectoryObject) -> Link {
    Link {
        dn_digest: dn_digest(&object.dn),
        attributes: object.attribute_count(),
        seen: Some(Sighting::of(&object.dn, scope().view).into()),
        ..Link::new(object.kind, object.guid)
    }
}

fn links_of(objects: &[DirectoryObject]) -> Links {
    objects.iter().map(|object| (object.guid, link(object))).collect()
}

/// A run that changes nothing.
struct Quiet {
    reading: Reading,
    links: Links,
    memberships: Memberships,
}

impl Quiet {
    fn of(known: &[DirectoryObject], read_now: Vec<DirectoryObject>) -> Self {
        let reading = read(read_now);
        let memberships = reading.memberships(|_| true).unwrap();
        Self { reading, links: links_of(known), memberships }
    }

    fn intent(&self) -> Intent<'_> {
        Intent {
            reading: &self.reading,
            earlier_scope: Some(scope().fingerprint),
            links: &self.links,
            absent: &[],
            succeeded: HashSet::new(),
            memberships: &self.memberships,
            takes_over: false,
        }
    }
}

fn stays(n: u8) -> ComputerMove {
    ComputerMove {
        object: guid(n),
        before: asset(1),
        after: asset(1),
        is_new: false,
        joins: false,
        succeeds: false,
    }
}

/// What exceeds limits of nothing at all.
fn exceeded(impact: &ChangeImpact) -> Vec<(Measure, u64, u64)> {
    let nothing = Limit::count(0);
    let limits = ChangeLimits::off()
        .with_creates(nothing)
        .with_relinks(nothing)
        .with_joins(nothing)
        .with_losses(nothing)
        .with_membership_removals(nothing)
        .with_changes(nothing);
    let exceeded = impact.judge(&limits).map(|it| it.exceeded).unwrap_or_default();
    exceeded.into_iter().map(|it| (it.what, it.number, it.of)).collect()
}

#[test]
fn fewer_attributes_are_measured_by_kind_against_what_was_read() {
    let computer = |n, attributes: &[(&'static str, &'static str)]| DirectoryObject {
        attributes: attributes.iter().copied().collect(),
        ..object(ObjectKind::Computer, n)
    };
    let full = [("cn", "n"), ("description", "d")];
    let of = |before: &[DirectoryObject], now: Vec<DirectoryObject>, changes: Limit| {
        let quiet = Quiet::of(before, now);
        let limits = ChangeLimits::off().with_changes(changes);
        let exceeded = ChangeImpact::of(&quiet.intent(), []).judge(&limits);
        let exceeded = exceeded.map(|it| it.exceeded).unwrap_or_default();
        exceeded.iter().map(|it| (it.what, it.number, it.of)).collect::<Vec<_>>()
    };
    // Three of three computers, of whom there are ten with the users: less than half of all, and all of their kind.
    let computers = |attributes: &'static [_]| (1..=3).map(move |n| computer(n, attributes));
    let users = || (10..17).map(|n| object(ObjectKind::User, n));
    let before: Vec<DirectoryObject> =
        computers(&[("cn", "n"), ("x", "d")]).chain(users()).collect();
    let now = computers(&[("cn", "n")]).chain(users()).collect();
    assert_eq!(of(&before, now, Limit::percent(50)), [(Measure::Changes, 3, 3)]);
    // Three of four computers of the twenty that are known were read.
    let before: Vec<DirectoryObject> = (1..=20).map(|n| computer(n, &full)).collect();
    let fewer = || (1..=3).map(|n| computer(n, &full[..1]));
    let now = fewer().chain([computer(4, &full)]).collect();
    assert_eq!(of(&before, now, Limit::percent(50)), [(Measure::Changes, 3, 4)]);
    let now = fewer().chain((4..=6).map(|n| computer(n, &full))).collect();
    assert_eq!(of(&before, now, Limit::percent(50)), []);
}

#[test]
fn a_run_that_finds_everything_as_it_was_has_no_impact() {
    let all = [object(ObjectKind::Computer, PC), object(ObjectKind::User, ALICE)];
    let quiet = Quiet::of(&all, all.to_vec());
    assert_eq!(exceeded(&ChangeImpact::of(&quiet.intent(), [stays(PC)])), []);
}

#[test]
fn a_computer_that_goes_elsewhere_is_one_of_a_kind() {
    let all = [object(ObjectKind::Computer, PC), object(ObjectKind::Computer, OTHER)];
    let quiet = Quiet::of(&all, all.to_vec());
    let of = |moves: Vec<_>| exceeded(&ChangeImpact::of(&quiet.intent(), moves));
    let new = ComputerMove { before: None, is_new: true, ..stays(PC) };
    let first = ComputerMove { before: None, ..stays(PC) };
    let other = ComputerMove { after: asset(2), ..stays(PC) };
    let nowhere = ComputerMove { after: None, ..stays(PC) };
    let joins = ComputerMove { joins: true, ..other };
    let succeeds = ComputerMove { before: None, succeeds: true, ..stays(PC) };
    assert_eq!(of(vec![first]), []);
    assert_eq!(of(vec![new]), [(Measure::Creates, 1, 2)]);
    assert_eq!(of(vec![joins]), [(Measure::Joins, 1, 2)]);
    for relinked in [other, nowhere, succeeds] {
        assert_eq!(of(vec![relinked, stays(OTHER)]), [(Measure::Relinks, 1, 2)]);
    }
}

#[test]
fn only_a_present_object_is_lost_and_not_if_another_takes_its_place() {
    let all = [object(ObjectKind::Computer, PC), object(ObjectKind::User, ALICE)];
    let mut quiet = Quiet::of(&all, vec![object(ObjectKind::Computer, OTHER)]);
    let missing = Presence::Missing { since: Timestamp::MIN, runs: 1 };
    let absent = all.each_ref().map(|object| Link { presence: missing, ..link(object) });
    let lost = |quiet: &Quiet, succeeded: &[u8]| {
        let succeeded = succeeded.iter().map(|n| guid(*n)).collect();
        let intent = Intent { absent: &absent, succeeded, ..quiet.intent() };
        exceeded(&ChangeImpact::of(&intent, []))
    };
    let both = [(Measure::LostComputers, 1, 1), (Measure::LostUsers, 1, 1)];
    assert_eq!(lost(&quiet, &[]), both);
    assert_eq!(lost(&quiet, &[PC]), both[1..]);
    quiet.links.get_mut(&guid(ALICE)).unwrap().presence = missing;
    assert_eq!(lost(&quiet, &[PC]), []);
}

#[test]
fn another_name_or_fewer_attributes_are_a_change() {
    let before = object(ObjectKind::Computer, PC);
    let changes = |now: &DirectoryObject, links: Links| {
        let quiet = Quiet { links, ..Quiet::of(&[], vec![now.clone()]) };
        exceeded(&ChangeImpact::of(&quiet.intent(), []))
    };
    let known = || links_of(std::slice::from_ref(&before));
    let moved = DirectoryObject { dn: dn(9), ..before.clone() };
    let mut fewer = before.clone();
    fewer.attributes = [("cn", "other")].into_iter().collect();
    assert_eq!(changes(&moved, known()), [(Measure::Changes, 1, 1)]);
    assert_eq!(changes(&fewer, known()), [(Measure::Changes, 1, 1)]);
    let mut more = before.clone();
    more.attributes = [("cn", "n"), ("description", "e"), ("info", "i")].into_iter().collect();
    assert_eq!(changes(&more, known()), []);
    // Another account saw it last, and may have seen more of it.
    let mut foreign = known();
    let seen = Sighting::of(&before.dn, View::of_account(["other"]));
    foreign.get_mut(&guid(PC)).unwrap().seen = Some(seen.into());
    assert_eq!(changes(&fewer, foreign.clone()), []);
    assert_eq!(changes(&moved, foreign), [(Measure::Changes, 1, 1)]);
}

#[test]
fn changes_are_measured_against_all_that_is_known_of_every_kind() {
    let users = [object(ObjectKind::User, ALICE), object(ObjectKind::User, OTHER)];
    let rest = [group(&[]), users[0].clone(), users[1].clone()];
    let before = object(ObjectKind::Computer, PC);
    let moved = DirectoryObject { dn: dn(9), ..before.clone() };
    let with = |computer| [&rest[..], &[computer]].concat();
    let quiet = Quiet::of(&with(before), with(moved));
    assert_eq!(exceeded(&ChangeImpact::of(&quiet.intent(), [])), [(Measure::Changes, 1, 4)]);
}

fn stored(members: &[(u8, Option<u8>)]) -> DirectoryGroup {
    let member = |(at, object): &(u8, Option<u8>)| Member {
        dn: dn(*at),
        object: object.map(guid),
        path: MemberPath::Direct,
    };
    DirectoryGroup {
        organization: "acme".parse().unwrap(),
        site: "hq".parse().unwrap(),
        source: SourceId::new("ldap", "corp.example").unwrap(),
        object: guid(STAFF),
        sid: None,
        dn: dn(STAFF),
        members: members.iter().map(member).collect(),
        complete: true,
        attributes: Default::default(),
        presence: Presence::Present,
        run: RunId::from_u128(1),
        written: Timestamp::MIN,
    }
}

#[test]
fn a_member_leaves_that_is_there_and_not_in_its_group() {
    let all = [object(ObjectKind::User, ALICE), group(&[ALICE])];
    let quiet = Quiet::of(&all, all.to_vec());
    let removals = |before: &[(u8, Option<u8>)], absent: &[Link]| {
        let intent = Intent { absent, ..quiet.intent() };
        let mut impact = ChangeImpact::of(&intent, []);
        assert_eq!(impact.changed_groups, [guid(STAFF)]);
        impact.note_removals(&stored(before), &intent);
        exceeded(&impact)
    };
    let both = [(ALICE, Some(ALICE)), (OTHER, Some(OTHER))];
    assert_eq!(removals(&both, &[]), [(Measure::MembershipRemovals, 1, 2)]);
    assert_eq!(removals(&[(9, Some(ALICE))], &[]), [], "it was known by another name");
    assert_eq!(removals(&[(ALICE, None)], &[]), [], "it was a stranger");
    // What is gone altogether counts as lost, not as taken out of its groups.
    let mut gone = link(&object(ObjectKind::User, OTHER));
    gone.presence = Presence::Gone { since: Timestamp::MIN };
    assert_eq!(removals(&both, &[gone]), []);
}

#[test]
fn nobody_leaves_a_group_after_an_incomplete_read_or_by_an_incomplete_list() {
    let all = [object(ObjectKind::User, ALICE), group(&[ALICE])];
    let mut quiet = Quiet::of(&all, all.to_vec());
    let error = crate::Error::new(crate::ErrorKind::Timeout, "too late");
    let end = quiet.reading.snapshot.end.clone();
    quiet.reading.snapshot.end = end.clone().broken_off(&error);
    assert_eq!(ChangeImpact::of(&quiet.intent(), []).changed_groups, []);
    quiet.reading.snapshot.end = end;
    let mut group = group(&[ALICE]);
    group.membership = group.membership.map(Membership::incomplete);
    quiet.reading.snapshot.groups.replace(&group).unwrap();
    assert_eq!(ChangeImpact::of(&quiet.intent(), []).changed_groups, []);
}

#[test]
fn a_group_that_did_not_change_is_not_compared_and_its_members_count() {
    let all = [object(ObjectKind::User, ALICE), group(&[ALICE])];
    let mut quiet = Quiet::of(&all, all.to_vec());
    let staff = &quiet.reading.snapshot.groups.outlines()[0];
    let now = digest(ObjectKind::Group, staff, &quiet.memberships, true);
    quiet.links.get_mut(&guid(STAFF)).unwrap().digest = now;
    let impact = ChangeImpact::of(&quiet.intent(), []);
    assert_eq!((impact.changed_groups.as_slice(), impact.memberships), (&[][..], 1));
}

#[test]
fn the_members_of_a_group_that_was_not_read_count_where_the_read_would_have_shown_it() {
    let all = [object(ObjectKind::User, ALICE), group(&[ALICE])];
    let count = |read: usize, links: Links| {
        let mut quiet = Quiet { links, ..Quiet::of(&all, all[..read].to_vec()) };
        let groups = vec![stored(&[(ALICE, Some(ALICE)), (OTHER, Some(OTHER))])];
        let earlier = Earlier { groups, ..Earlier::default() };
        quiet.reading.prior = PriorMemberships::Loaded(earlier);
        ChangeImpact::of(&quiet.intent(), []).memberships
    };
    assert_eq!(count(1, links_of(&all)), 2);
    assert_eq!(count(1, Links::new()), 0);
    assert_eq!(count(2, links_of(&all)), 0, "it changed, and is compared");
}

#[test]
fn another_scope_may_create_what_it_likes_and_an_empty_inventory_too() {
    let all = [object(ObjectKind::Computer, PC)];
    let quiet = Quiet::of(&all, all.to_vec());
    let moves = [ComputerMove { is_new: true, before: None, ..stays(OTHER) }];
    let same = ChangeImpact::of(&quiet.intent(), moves);
    assert_eq!(exceeded(&same), [(Measure::Creates, 1, 1)]);
    let other = Intent { earlier_scope: None, ..quiet.intent() };
    assert_eq!(exceeded(&ChangeImpact::of(&other, moves)), []);
    let empty = Quiet::of(&[], all.to_vec());
    assert_eq!(exceeded(&ChangeImpact::of(&empty.intent(), moves)), []);
}

#[test]
fn a_confirmation_stands_for_exactly_what_would_be_done() {
    let all = [object(ObjectKind::Computer, PC), object(ObjectKind::Computer, OTHER)];
    let quiet = Quiet::of(&all, all.to_vec());
    let confirmation = |moves: Vec<_>| ChangeImpact::of(&quiet.intent(), moves).confirmation();
    let to = |n, asset| ComputerMove { after: asset, ..stays(n) };
    let one = confirmation(vec![to(PC, asset(2)), to(OTHER, asset(3))]);
    assert_eq!(one, confirmation(vec![to(OTHER, asset(3)), to(PC, asset(2)), stays(ALICE)]));
    for other in [
        vec![to(PC, asset(2))],
        vec![to(PC, asset(3)), to(OTHER, asset(2))],
        vec![ComputerMove { joins: true, ..to(PC, asset(2)) }, to(OTHER, asset(3))],
        vec![ComputerMove { is_new: true, ..stays(PC) }, to(OTHER, asset(3))],
    ] {
        assert_ne!(one, confirmation(other));
    }
}
