//! The memory that objects take in a run, beside what is [put aside](crate::directory::ObjectSpool) of them.

use crate::directory::{DirectoryObject, Outline};
use crate::merge::{Computer, Decision};
use crate::name::DistinguishedName;
use crate::value::{ObjectGuid, ObjectKind};

/// What an identity takes in a set or a map, which is never quite full.
pub(super) const IDENTITY: usize = 4 * size_of::<ObjectGuid>();
/// What an object takes while the directory is read.
const READING: usize = 2 * size_of::<(ObjectKind, Outline)>() + IDENTITY;
/// What it takes from then on, beside what is decided on it: who was read and who is asked about is known apart.
const AFTERWARDS: usize = size_of::<Outline>() + 2 * IDENTITY;
/// What a text takes beside its own: its place in a list, and the allocator's.
const TEXT: usize = 48;
/// What every computer takes beside its names, however short they are: what it is shown by, and their lists.
const SHOWN: usize = 80;
/// What a computer takes that had other identifiers before, beside these: its place among such, and what is told of it.
const FORMER: usize = 2 * IDENTITY + size_of::<Decision>();
/// What a member of a group takes beside its DN, while it is worked out who that is and afterwards.
const MEMBER: usize = 120;

/// What a computer is called by, and how many times it is held: further names also as such, and all names once more in the
/// order in which they are compared.
const NAMES: [(&str, usize); 5] = [
    ("dNSHostName", 1),
    ("cn", 1),
    ("msDS-AdditionalDnsHostName", 4),
    ("sAMAccountName", 1),
    ("sIDHistory", 2),
];

/// About how many octets an object takes until the run ends, with what is decided on it. `keeps_places` tells whether it
/// matters where a computer stands.
pub(super) fn at_hand(object: &DirectoryObject, keeps_places: bool) -> usize {
    let dn = object.dn.as_str().len();
    let decided = match object.kind {
        ObjectKind::Computer => to_decide(object) + if keeps_places { dn } else { 0 },
        ObjectKind::User | ObjectKind::Group => 0,
    };
    let member = match (object.attributes.first("primaryGroupID"), object.kind) {
        (Some(_), ObjectKind::User) => MEMBER + dn + TEXT + dn,
        (Some(_), _) => MEMBER + dn,
        (None, _) => 0,
    };
    READING.max(AFTERWARDS + decided + member)
}

/// About how many octets the members of a group take, once it is worked out who they are: for the group, and for them.
pub(super) fn of_members(group: &DirectoryObject) -> usize {
    let members = group.membership.iter().flat_map(|list| &list.members);
    let of_user = TEXT + group.dn.as_str().len();
    let each = |member: &DistinguishedName| MEMBER + member.as_str().len() + of_user;
    members.map(each).sum()
}

fn to_decide(computer: &DirectoryObject) -> usize {
    let texts = NAMES.into_iter().flat_map(|(name, times)| {
        computer.attributes.values(name).map(move |text| times * (TEXT + text.len()))
    });
    let former = computer.attributes.first("sIDHistory").map_or(0, |_| FORMER);
    size_of::<Computer>() + size_of::<Decision>() + SHOWN + former + texts.sum::<usize>()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::directory::{Membership, MemoryBudget};

    fn object(kind: ObjectKind, attributes: &[(&str, &str)]) -> DirectoryObject {
        let dn = DistinguishedName::parse("CN=WEB1,DC=x").unwrap();
        let mut object = DirectoryObject::new(kind, ObjectGuid::from_bytes([1; 16]), dn);
        object.attributes = attributes.iter().copied().collect();
        object
    }

    #[test]
    fn a_computer_counts_with_what_deciding_on_it_takes_however_many_names_it_has() {
        let called = |kind, names: usize| {
            let names: Vec<String> = (0..names).map(|n| format!("{n:0100}")).collect();
            let names = names.iter().map(|name| ("msDS-AdditionalDnsHostName", name.as_str()));
            object(kind, &Vec::from_iter(names))
        };
        let computer = |names| at_hand(&called(ObjectKind::Computer, names), false);
        let least = size_of::<(Outline, Computer, Decision)>();
        assert!((least..2 * least).contains(&computer(0)));
        assert_eq!(computer(200) - computer(100), 100 * 4 * (100 + TEXT));
        let somewhere = at_hand(&called(ObjectKind::Computer, 100), true);
        assert_eq!(somewhere - computer(100), "CN=WEB1,DC=x".len());
        let user = |names| at_hand(&called(ObjectKind::User, names), true);
        assert_eq!(user(200), user(0));
    }

    #[test]
    fn a_computer_of_few_letters_counts_with_each_allocation_for_it() {
        // The least that an allocator gives: what it is shown by, its account, its name and the list of that.
        let allocated = 4 * 32;
        let known = size_of::<(Outline, Computer, Decision)>() + 2 * size_of::<ObjectGuid>();
        let account = object(ObjectKind::Computer, &[("sAMAccountName", "A$")]);
        assert!(at_hand(&account, false) >= known + allocated);
        let migrated = [("sAMAccountName", "A$"), ("sIDHistory", "S-1-5-21-1-2-3-4")];
        let migrated = at_hand(&object(ObjectKind::Computer, &migrated), false);
        assert!(migrated - at_hand(&account, false) >= size_of::<Decision>() + 3 * 32);
    }

    #[test]
    fn a_million_usual_computers_are_within_the_budget_that_runs_have_unless_told_otherwise() {
        let usual = [
            ("dNSHostName", "host-000001.corp.example.test"),
            ("cn", "HOST-000001"),
            ("sAMAccountName", "HOST-000001$"),
            ("primaryGroupID", "515"),
        ];
        let mut usual = object(ObjectKind::Computer, &usual);
        let dn = "CN=HOST-000001,OU=Computers,DC=corp,DC=example,DC=test";
        usual.dn = DistinguishedName::parse(dn).unwrap();
        let in_memory = 16 << 20;
        let million = 1_000_000 * at_hand(&usual, false) as u64 + in_memory;
        assert!(million <= MemoryBudget::DEFAULT, "{million}");
    }

    #[test]
    fn a_membership_counts_for_the_group_and_for_the_user_who_names_it() {
        let primary = [("primaryGroupID", "515")];
        let computer = |attributes| at_hand(&object(ObjectKind::Computer, attributes), false);
        assert_eq!(computer(&primary[..]) - computer(&[]), MEMBER + "CN=WEB1,DC=x".len());
        let dn = |text: &str| DistinguishedName::parse(text).unwrap();
        let mut user = object(ObjectKind::User, &primary);
        user.dn = dn(&format!("CN={},DC=x", "a".repeat(5_000)));
        let of_both = MEMBER + TEXT + 2 * user.dn.as_str().len();
        assert_eq!(at_hand(&user, false), AFTERWARDS + of_both);
        let mut group = object(ObjectKind::Group, &[]);
        assert_eq!(of_members(&group), 0);
        group.membership = Some(Membership::new([dn("CN=ALICE,DC=x"), dn("CN=BOB,DC=x")]));
        let dns = "CN=ALICE,DC=x".len() + "CN=BOB,DC=x".len() + 2 * "CN=WEB1,DC=x".len();
        assert_eq!(of_members(&group), 2 * (MEMBER + TEXT) + dns);
    }
}
