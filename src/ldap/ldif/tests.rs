//! Exports as they are read: what becomes of entries, and when a read is complete.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use proptest::prelude::*;

use super::reading::read_bytes;
use crate::directory::{Completeness, DirectoryEvent, DirectoryObject, ReadEnd, ReadRequest};
use crate::ldap::limits::LdapLimits;
use crate::name::DistinguishedName;
use crate::value::{ObjectGuid, ObjectKind, Sid};
use crate::{ErrorKind, Result};

fn request() -> ReadRequest {
    ReadRequest::new("export".parse().unwrap(), "acme".parse().unwrap())
}

fn read_with(
    text: &str,
    request: ReadRequest,
    limits: &LdapLimits,
    is_vouched_for: bool,
) -> Result<(Vec<DirectoryObject>, ReadEnd)> {
    let events = read_bytes(text.as_bytes(), request, limits, is_vouched_for)?;
    let mut objects = Vec::new();
    for event in events {
        match event {
            DirectoryEvent::Page(page) => objects.extend(page.objects),
            DirectoryEvent::End(end) => return Ok((objects, *end)),
            DirectoryEvent::Begin(begin) => assert!(!begin.server.is_reached()),
        }
    }
    panic!("there is no end")
}

/// What a vouched export gives.
fn read(text: &str) -> (Vec<DirectoryObject>, ReadEnd) {
    read_with(text, request(), &LdapLimits::default(), true).unwrap()
}

fn incomplete(end: &ReadEnd) -> Option<&str> {
    match &end.completeness {
        Completeness::Complete => None,
        Completeness::Incomplete { reason, .. } => Some(reason),
    }
}

fn names(objects: &[DirectoryObject]) -> Vec<String> {
    objects.iter().map(|object| object.dn.common_name().unwrap()).collect()
}

fn guid(n: u8) -> String {
    format!("objectGUID:: {}\n", STANDARD.encode([n; 16]))
}

fn entry(n: u8, dn: &str, class: &str, more: &str) -> String {
    format!("dn: {dn}\nobjectClass: top\nobjectClass: {class}\n{}{more}\n", guid(n))
}

fn computer(n: u8) -> String {
    entry(n, &format!("CN=PC{n},OU=PCs,DC=corp,DC=example"), "computer", &format!("cn: PC{n}\n"))
}

const BEGIN: &str = "# extended LDIF\n#\n# LDAPv3\n# base <DC=corp,DC=example> with scope subtree\n\
                     # filter: (objectClass=*)\n# requesting: ALL\n#\n\n";

/// As ldapsearch writes it.
fn searched(entries: &[String]) -> String {
    let count = entries.len();
    let end = format!(
        "# search result\nsearch: 2\nresult: 0 Success\n\n# numResponses: {}\n# numEntries: {count}\n",
        count + 1
    );
    format!("{BEGIN}{}{end}", entries.concat())
}

#[test]
fn entries_of_the_three_kinds_are_objects_and_others_are_passed_over() {
    let text = [
        entry(
            1,
            "CN=PC1,DC=corp,DC=example",
            "computer",
            "dNSHostName: pc1.corp.example\nunicodePwd:: AA==\n",
        ),
        entry(2, "CN=alice,DC=corp,DC=example", "user", "objectSid:: AQEAAAAAAAUgAAAA\n"),
        entry(3, "CN=Staff,DC=corp,DC=example", "group", "member: CN=alice,DC=corp,DC=example\n"),
        entry(4, "OU=a,DC=corp,DC=example", "organizationalUnit", ""),
        entry(5, "CN=gone,DC=corp,DC=example", "computer", "isDeleted: TRUE\n"),
        "dn:\nobjectClass: top\n\n".to_owned(),
        "dn: CN=Password Settings Container,CN=System,DC=corp,DC=example\n\n".to_owned(),
    ];
    let (objects, end) = read(&text.concat());
    assert_eq!(names(&objects), ["PC1", "alice", "Staff"]);
    let kinds: Vec<ObjectKind> = objects.iter().map(|object| object.kind).collect();
    assert_eq!(kinds, [ObjectKind::Computer, ObjectKind::User, ObjectKind::Group]);
    assert_eq!(objects[0].attributes.first("unicodePwd"), None);
    assert_eq!(objects[1].sid, Some("S-1-5-32".parse::<Sid>().unwrap()));
    assert_eq!(objects[2].membership.as_ref().unwrap().members.len(), 1);
    assert_eq!(incomplete(&end), None);
    assert_eq!(end.server.domain.as_deref(), Some("corp.example"));
    assert!(!end.server.is_reached());
    assert_eq!(end.scope.bases, [DistinguishedName::parse("dc=corp,dc=example").unwrap()]);
}

#[test]
fn only_an_export_that_shows_it_or_is_vouched_for_is_complete() {
    let own = |text: &str| {
        let read = read_with(text, request(), &LdapLimits::default(), false);
        incomplete(&read.unwrap().1).map(str::to_owned)
    };
    let entries = [computer(1), computer(2)];
    let plain = entries.concat();
    assert!(own(&plain).unwrap().contains("nothing shows that the export is whole"));
    assert_eq!(own(&searched(&entries)), None);
    assert_eq!(incomplete(&read(&plain).1), None);
    for (text, expected) in [
        (searched(&entries).replace("numEntries: 2", "numEntries: 3"), "has 2 entries"),
        (searched(&entries).replace("0 Success", "4 Size limit exceeded"), "4 Size limit exceeded"),
        (plain.trim_end().to_owned(), "it ends within this line"),
        (plain.trim_end().to_owned() + "\n", "no empty line"),
        (
            plain.replace("objectClass: computer\n", "").replace("objectClass: top\n", ""),
            "objectClass",
        ),
        (plain.replace(&guid(2), ""), "objectGUID"),
        (plain.replace("CN=PC2,OU=PCs,DC=corp", "CN=PC2,OU=PCs,DC=eu"), "several domains"),
        (plain.replace("cn: PC2", "cn:: ?"), "line 11 of the export: the value of cn"),
    ] {
        let reason = incomplete(&read(&text).1).map(str::to_owned);
        assert!(
            reason.as_deref().is_some_and(|it| it.contains(expected)),
            "{expected}: {reason:?}"
        );
        assert!(own(&text).is_some());
    }
}

#[test]
fn an_export_that_was_cut_anywhere_is_complete_only_with_all_of_its_entries() {
    let entries = [computer(1), computer(2), computer(3)];
    let whole = searched(&entries);
    let page = |cookie: &str| {
        format!("# search result\nsearch: 2\nresult: 0 Success\npagedresults: cookie={cookie}\n")
    };
    let paged = [
        BEGIN,
        &entries[0],
        &page("AgA="),
        BEGIN,
        &entries[1],
        &entries[2],
        &page(""),
        "\n# numResponses: 5\n# numEntries: 3\n",
    ];
    for text in [whole, paged.concat()] {
        for cut in 0..=text.len() {
            let (objects, end) = read(&text[..cut]);
            let is_complete = end.completeness.is_complete();
            // Nothing at all is an export of nothing, and nothing is concluded from that.
            assert!(
                !is_complete || objects.len() == 3 || objects.is_empty(),
                "{cut}: {:?}",
                &text[..cut]
            );
            assert!(is_complete || cut < text.len(), "{:?}", end.completeness);
        }
    }
}

#[test]
fn what_was_read_before_a_mistake_is_kept_and_nothing_is_concluded() {
    let (objects, end) = read(&format!("{}{}hello\n\n{}", computer(1), computer(2), computer(3)));
    assert_eq!(names(&objects), ["PC1", "PC2"]);
    assert!(incomplete(&end).unwrap().contains("line 13 of the export"), "{:?}", end.completeness);
}

#[test]
fn the_bases_are_those_asked_for_or_told_or_have_all_objects_below_them() {
    let far = entry(9, "CN=PC9,OU=Far,DC=corp,DC=example", "computer", "");
    let bases = |text: &str, request: ReadRequest| {
        let (objects, end) = read_with(text, request, &LdapLimits::default(), true).unwrap();
        let bases: Vec<String> = end.scope.bases.iter().map(|base| base.normalized()).collect();
        (objects.len(), bases)
    };
    let one = |base: &str| vec![DistinguishedName::parse(base).unwrap().normalized()];
    let near = computer(1) + &computer(2);
    assert_eq!(bases(&near, request()), (2, one("OU=PCs,DC=corp,DC=example")));
    assert_eq!(bases(&(near.clone() + &far), request()), (3, one("DC=corp,DC=example")));
    assert_eq!(bases(&searched(&[computer(1)]), request()), (1, one("DC=corp,DC=example")));
    let narrow =
        request().with_base_dns([DistinguishedName::parse("OU=Far,DC=corp,DC=example").unwrap()]);
    assert_eq!(bases(&(near + &far), narrow), (1, one("OU=Far,DC=corp,DC=example")));
}

#[test]
fn a_search_for_less_or_elsewhere_is_never_complete() {
    let whole = searched(&[computer(1)]);
    let reason = |text: &str, request: ReadRequest| {
        let read = read_with(text, request, &LdapLimits::default(), true);
        incomplete(&read.unwrap().1).map(str::to_owned)
    };
    let below = |base: &str| request().with_base_dns([DistinguishedName::parse(base).unwrap()]);
    assert_eq!(reason(&whole, below("OU=PCs,DC=corp,DC=example")), None);
    let far = reason(&whole, below("DC=example")).unwrap();
    assert!(far.contains("is not of DC=example, which is asked for"), "{far}");
    for filter in ["(cn=PC*)", "(objectClass=computer)", "(&(objectClass=*)(info=*))"] {
        let narrow = reason(&whole.replace("(objectClass=*)", filter), request()).unwrap();
        assert!(narrow.contains(filter), "{narrow}");
    }
    let level = reason(&whole.replace("scope subtree", "scope oneLevel"), request()).unwrap();
    assert!(level.contains("not of a whole subtree"), "{level}");
    let other = whole.replace("base <DC=corp", "base <OU=a,DC=corp");
    assert!(reason(&other, request()).unwrap().contains("below none of the bases"));
    let unfinished = whole.replace("result: 0 Success\n", "");
    assert!(reason(&unfinished, request()).unwrap().contains("not how it ends"));
}

#[test]
fn several_searches_cover_what_each_of_them_does() {
    let of = |base: &str, entries: &[String]| {
        searched(entries).replace("DC=corp,DC=example> with", base)
    };
    let far = entry(9, "CN=PC9,OU=Far,DC=corp,DC=example", "computer", "");
    let near = "OU=PCs,DC=corp,DC=example> with";
    let text = of(near, &[computer(1)]) + &of("OU=Far,DC=corp,DC=example> with", &[far]);
    let (objects, end) = read(&text);
    let bases: Vec<&str> = end.scope.bases.iter().map(DistinguishedName::as_str).collect();
    assert_eq!((objects.len(), incomplete(&end)), (2, None));
    assert_eq!(bases, ["OU=PCs,DC=corp,DC=example", "OU=Far,DC=corp,DC=example"]);
    let alone = read_with(&text, request(), &LdapLimits::default(), false).unwrap();
    assert!(incomplete(&alone.1).is_some());
}

#[test]
fn what_was_not_exported_of_anybody_is_named_and_lists_without_members_are_parts() {
    let group = |more: &str| entry(2, "CN=Staff,DC=corp,DC=example", "group", more) + &computer(1);
    let list = |text: &str| {
        let (objects, end) = read(text);
        let list = objects[0].membership.clone().unwrap();
        (list.complete, end.unshown[&ObjectKind::Group].contains("member"))
    };
    assert_eq!(list(&group("member: CN=a,DC=corp,DC=example\n")), (true, false));
    assert_eq!(list(&group("")), (false, true));
    let asked = |names: &str| {
        let text = searched(&[group("member: CN=a,DC=corp,DC=example\n")]);
        list(
            &text
                .replace("requesting: ALL", &format!("requesting: {names}"))
                .replace("Entries: 1", "Entries: 2"),
        )
    };
    assert_eq!(asked("cn objectClass objectGUID"), (false, true));
    assert_eq!((asked("* memberOf "), asked("cn MEMBER")), ((true, false), (true, false)));
    let (_, end) = read(&computer(1));
    let unshown = &end.unshown[&ObjectKind::Computer];
    assert!(unshown.contains("dNSHostName") && !unshown.contains("cn"));
    assert!(unshown.contains("dnsAddress"), "no export has what the DNS says");
    let [warning] = end.warnings.as_slice() else { panic!("{:?}", end.warnings) };
    assert!(warning.contains("dNSHostName") && !warning.contains("uSNChanged"), "{warning}");
}

#[test]
fn a_filter_for_what_was_not_exported_concludes_nothing() {
    let filtered = request().with_computer_filter("(!(location=attic))");
    let (_, end) = read_with(&computer(1), filtered, &LdapLimits::default(), true).unwrap();
    assert!(incomplete(&end).unwrap().contains("asks for location"));
}

#[test]
fn identities_may_be_written_as_text_and_comments_as_names_are() {
    let text = "# record 1\n# PC1\nCNF:1, corp\ndn: CN=PC1,DC=corp,DC=example\nobjectClass: computer\n\
                objectGUID: 01020304-0506-0708-090a-0b0c0d0e0f10\nobjectSid: S-1-5-21-1-2-3-1101\n\n\
                # returned 1 records\n# 1 entries\n";
    let (objects, end) = read(text);
    assert_eq!(incomplete(&end), None);
    assert_eq!(objects[0].guid.to_string(), "01020304-0506-0708-090a-0b0c0d0e0f10");
    assert_eq!(objects[0].sid, "S-1-5-21-1-2-3-1101".parse().ok());
}

#[test]
fn a_filter_is_matched_for_computers_alone() {
    let text = computer(1) + &computer(2) + &entry(3, "CN=alice,DC=corp,DC=example", "user", "");
    let filtered = request().with_computer_filter("(cn=PC2)");
    let (objects, end) = read_with(&text, filtered, &LdapLimits::default(), true).unwrap();
    assert_eq!(names(&objects), ["PC2", "alice"]);
    assert_eq!(incomplete(&end), None);
    let in_chain = request().with_computer_filter("(memberOf:1.2.840.113556.1.4.1941:=CN=a)");
    let refused = read_with(&text, in_chain, &LdapLimits::default(), true).unwrap_err();
    assert_eq!(refused.kind(), ErrorKind::Configuration);
}

#[test]
fn references_are_counted_and_what_lies_behind_them_is_not_concluded_from() {
    let text = computer(1) + "# search reference\nref: ldap://y/DC=eu,DC=corp,DC=example??sub\n\n";
    let (_, end) = read(&text);
    assert_eq!((end.referrals, end.scope.referred.len(), incomplete(&end)), (1, 1, None));
    let (_, end) = read(&text.replace("/DC=eu,DC=corp,DC=example??sub", ""));
    assert!(incomplete(&end).unwrap().contains("without saying for which part"));
}

#[test]
fn references_count_towards_the_memory_of_the_read() {
    let reference = |n: usize| {
        format!("ref: ldap://y/OU={n},OU={},DC=corp,DC=example??sub\n\n", "x".repeat(900))
    };
    let text = computer(1) + &(0..30).map(reference).collect::<String>();
    for (octets, is_enough) in [(1 << 20, true), (20_000, false)] {
        let asked = request().with_memory_bytes(octets);
        let (_, end) = read_with(&text, asked, &LdapLimits::default(), true).unwrap();
        let is_too_much = incomplete(&end).is_some_and(|reason| reason.contains("memory_bytes"));
        assert_eq!((incomplete(&end).is_none(), is_too_much), (is_enough, !is_enough), "{end:?}");
    }
}

#[test]
fn the_members_of_a_part_count_towards_the_memory_of_the_read() {
    let members: String = (0..100).map(|n| format!("member;range=0-99: CN={n}\n")).collect();
    let text = entry(1, "CN=G,DC=corp,DC=example", "group", &members);
    for (octets, is_enough) in [(1 << 20, true), (4_000, false)] {
        let asked = request().with_memory_bytes(octets);
        let (_, end) = read_with(&text, asked, &LdapLimits::default(), true).unwrap();
        let is_too_much = incomplete(&end).is_some_and(|reason| reason.contains("memory_bytes"));
        assert_eq!((incomplete(&end).is_none(), is_too_much), (is_enough, !is_enough), "{end:?}");
    }
}

#[test]
fn a_part_of_a_list_is_a_part_and_all_of_its_ranges_are_the_list() {
    let group = |more: &str| {
        let (mut objects, _) = read(&entry(1, "CN=G,DC=corp,DC=example", "group", more));
        let group = objects.remove(0);
        let membership = group.membership.unwrap();
        (membership.members.len(), membership.complete, group.flaws.len())
    };
    assert_eq!(group("member;range=0-1: CN=a\nmember;range=0-1: CN=b\n"), (2, false, 1));
    let all = "member;range=0-1: CN=a\nmember;range=0-1: CN=b\nmember;range=2-*: CN=c\n";
    assert_eq!(group(all), (3, true, 0));
    let names = "servicePrincipalName;range=0-0: HTTP/a\n";
    let (objects, end) = read(&entry(1, "CN=A,DC=corp,DC=example", "computer", names));
    assert_eq!(objects[0].attributes.first("servicePrincipalName"), Some("HTTP/a"));
    assert!(objects[0].is_in_doubt("servicePrincipalName") && end.left_out.len() == 1);
}

#[test]
fn limits_end_the_read_one_past_them() {
    let text = computer(1) + &computer(2);
    let kind = |limits: &LdapLimits| match read_with(&text, request(), limits, true)
        .unwrap()
        .1
        .completeness
    {
        Completeness::Complete => None,
        Completeness::Incomplete { kind, .. } => Some(kind),
    };
    let limits = LdapLimits::default;
    let octets = text.len() as u64;
    for (within, beyond) in [
        (limits().with_entries(2), limits().with_entries(1)),
        (limits().with_bytes(octets), limits().with_bytes(octets - 1)),
        (limits().with_message_bytes(500), limits().with_message_bytes(50)),
    ] {
        assert_eq!((kind(&within), kind(&beyond)), (None, Some(ErrorKind::LimitExceeded)));
    }
}

#[test]
fn an_object_is_the_same_after_it_was_written() {
    let dn = DistinguishedName::parse("CN=B\u{fc}ro\\, 1,DC=corp,DC=example").unwrap();
    let mut object = DirectoryObject::new(ObjectKind::Group, ObjectGuid::from_bytes([7; 16]), dn);
    object.sid = "S-1-5-21-1-2-3-1101".parse().ok();
    object.attributes = [
        ("objectClass", "top"),
        ("objectClass", "group"),
        ("cn", "B\u{fc}ro, 1"),
        ("description", " begins and ends with blanks "),
        ("info", "several\nlines"),
        ("mail", ":"),
        ("sIDHistory", "S-1-5-21-9-8-7-500"),
    ]
    .into_iter()
    .collect();
    let members = ["CN=a,DC=corp,DC=example", "CN=b,DC=corp,DC=example"];
    let members = members.map(|member| DistinguishedName::parse(member).unwrap());
    object.membership = Some(crate::directory::Membership::new(members));
    let (objects, end) = read(&object.to_ldif());
    assert_eq!(objects, [object.clone()]);
    assert_eq!(incomplete(&end), None);
    object.membership = object.membership.map(|list| list.incomplete());
    let (objects, _) = read(&object.to_ldif());
    assert_eq!(objects[0].membership, object.membership);
    object.membership = Some(crate::directory::Membership::default().incomplete());
    let (objects, _) = read(&object.to_ldif());
    assert_eq!(objects[0].membership, object.membership);
}

proptest! {
    #[test]
    fn random_lines_never_panic_and_end_once(
        lines in prop::collection::vec(
            prop_oneof![
                Just("dn: CN=a,DC=x".to_owned()),
                Just(String::new()),
                Just("objectClass: computer".to_owned()),
                Just("objectGUID:: MDEyMzQ1Njc4OWFiY2RlZg==".to_owned()),
                Just("member;range=0-0: CN=a".to_owned()),
                Just(" folded".to_owned()),
                "[ -~]{0,20}",
                "# (numEntries|base <|filter|pagedresults: cookie=|ref)[ -~]{0,20}",
            ],
            0..30,
        ),
        is_vouched_for: bool,
    ) {
        let text = lines.join("\n");
        read_with(&text, request(), &LdapLimits::default(), is_vouched_for).unwrap();
    }

    #[test]
    fn random_bytes_never_panic(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        let _ = read_bytes(&bytes, request(), &LdapLimits::default(), true);
    }
}
