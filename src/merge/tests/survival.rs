//! Survivorship and provenance.

use super::fixture::{
    day, domain, guid, host, id, object, organization, scanned, seen, site, source,
};
use crate::asset::{Asset, Claim, Presence, SourceRecord};
use crate::directory::DirectoryObject;
use crate::merge::contribute::{apply_contribution, create, detach};
use crate::merge::contribution::contribution;
use crate::merge::precedence::why_before;
use crate::merge::record::{assemble, take_apart};
use crate::merge::{
    DirectoryDomain, Explanation, WriteContext, group_attributes, set_presence, user_attributes,
};
use crate::task::MatchPolicy;
use crate::value::{RunId, SourceId};

const WINDOWS: &str = "Windows Server 2019 Standard";

fn server(n: u8, more: &[(&str, &str)]) -> DirectoryObject {
    let mut attributes = vec![
        ("cn", "WEB1"),
        ("dNSHostName", "web1.corp.example"),
        ("sAMAccountName", "WEB1$"),
        ("memberOf", "CN=A,DC=corp,DC=example"),
        ("memberOf", "CN=B,DC=corp,DC=example"),
        ("operatingSystem", WINDOWS),
        ("operatingSystemVersion", "10.0 (17763)"),
        ("userAccountControl", "4096"),
        ("whenCreated", "20250101000000.0Z"),
    ];
    attributes.retain(|(name, _)| more.iter().all(|(other, _)| other != name));
    attributes.extend(more);
    object(n, &attributes)
}

/// Writes what an object says on a day, in the run of that day.
fn write(asset: Asset, object: &DirectoryObject, at: i64, policy: &MatchPolicy) -> Asset {
    with_writing(&source(), object, at, policy, |writing| {
        apply_contribution(asset, &contribution(object, &domain(), writing.now), writing)
    })
}

fn with_writing<T>(
    source: &SourceId,
    object: &DirectoryObject,
    at: i64,
    policy: &MatchPolicy,
    act: impl FnOnce(&WriteContext<'_>) -> T,
) -> T {
    let run = RunId::from_u128(at as u128);
    act(&WriteContext {
        source,
        object: object.guid,
        run,
        now: day(at),
        policy,
        asks_for_addresses: true,
    })
}

fn by(mut asset: Asset, kind: &str, os: &str) -> Asset {
    let number = asset.next_part_number();
    let source = SourceId::new(kind, "x").unwrap();
    let mut part = SourceRecord::new(number, source, "@x", day(0));
    part.object = (kind == "ldap").then(|| guid(99));
    asset.parts.push(part);
    asset.os.push(Claim::new(os.to_owned(), number, None, day(0)));
    asset
}

#[test]
fn a_new_asset_says_what_the_computer_says() {
    let object = server(1, &[("lastLogonTimestamp", "133485408000000000")]);
    let asset = with_writing(&source(), &object, 1, &MatchPolicy::default(), |writing| {
        let said = contribution(&object, &domain(), writing.now);
        create(id(7), organization(), site("hq"), &said, writing)
    });
    assert_eq!((asset.id, asset.version, asset.site.as_str()), (id(7), 1, "hq"));
    assert!(asset.live_names().eq(&[host("web1.corp.example"), host("web1")]));
    assert!(asset.live_domains().eq(["corp.example", "corp"]));
    assert_eq!(
        (asset.os(), asset.os_version(), asset.kind()),
        (Some(WINDOWS), Some("10.0.17763"), Some("server"))
    );
    assert_eq!(asset.first_seen().unwrap().to_string(), "2025-01-01T00:00:00Z");
    assert_eq!(asset.last_seen().unwrap().to_string(), "2024-01-01T00:00:00Z");
    let part = asset.part_of(&source(), guid(1)).unwrap();
    assert_eq!(
        (part.key.as_str(), part.run, part.written),
        ("@ldap.computer", Some(RunId::from_u128(1)), day(1))
    );
    assert_eq!(asset.os[0].run, Some(RunId::from_u128(1)));
}

#[test]
fn attributes_keep_names_and_values_and_times_get_a_suffix() {
    let object = server(
        1,
        &[
            ("pwdLastSet", "133485408000000000"),
            ("accountExpires", "9223372036854775807"),
            ("lastLogon", "soon"),
        ],
    );
    let attributes = contribution(&object, &domain(), day(1)).attributes;
    assert_eq!(attributes.values("memberOf").count(), 2);
    let expected = [
        ("id", guid(1).to_string()),
        ("objectGUID", guid(1).to_string()),
        ("ts", day(1).to_string()),
        ("pwdLastSetTS", "2024-01-01T00:00:00Z".to_owned()),
        ("whenCreatedTS", "2025-01-01T00:00:00Z".to_owned()),
        ("distinguishedName", object.dn.to_string()),
        ("isDisabled", "false".to_owned()),
        ("isDomainController", "false".to_owned()),
        ("lastLogon", "soon".to_owned()),
        ("operatingSystem", WINDOWS.to_owned()),
    ];
    for (name, value) in expected {
        assert_eq!(attributes.first(name), Some(value.as_str()), "{name}");
    }
    for name in ["pwdLastSet", "whenCreated", "accountExpires", "accountExpiresTS", "lastLogonTS"] {
        assert_eq!(attributes.first(name), None, "{name}");
    }
}

#[test]
fn domain_controllers_and_disabled_computers_are_marked() {
    for (control, disabled, controller) in
        [("4098", "true", "false"), ("532480", "false", "true"), ("83890176", "false", "true")]
    {
        let object = server(1, &[("userAccountControl", control), ("operatingSystem", "Samba")]);
        let said = contribution(&object, &domain(), day(1));
        assert_eq!(said.attributes.first("isDisabled"), Some(disabled));
        assert_eq!(said.attributes.first("isDomainController"), Some(controller));
        assert_eq!(said.kind, (controller == "true").then_some("server"));
    }
}

#[test]
fn the_operating_system_tells_version_and_type() {
    let rows = [
        ("Windows 11 Enterprise", "10.0 (22631)", "10.0.22631", Some("desktop")),
        ("Windows Server 2022 Datacenter", "10.0 (20348)", "10.0.20348", Some("server")),
        ("Mac OS X", "10.15.7", "10.15.7", Some("desktop")),
        ("pc-linux-gnu", "6.1 (custom)", "6.1 (custom)", None),
    ];
    for (os, version, normalized, kind) in rows {
        let object = server(1, &[("operatingSystem", os), ("operatingSystemVersion", version)]);
        let said = contribution(&object, &domain(), day(1));
        assert_eq!((said.os_version.as_deref(), said.kind), (Some(normalized), kind), "{os}");
    }
}

#[test]
fn a_computer_has_its_services_and_what_laps_says_of_it() {
    let said = |more: &[(&str, &str)]| contribution(&server(1, more), &domain(), day(1)).attributes;
    let [new, old] = ["msLAPS-PasswordExpirationTime", "ms-Mcs-AdmPwdExpirationTime"];
    let spn = |name| ("servicePrincipalName", name);
    let attributes = said(&[
        spn("MSSQLSvc/web1.corp.example:1433"),
        spn("HTTP/portal.corp.example"),
        spn("HOST/WEB1"),
        (old, "133485408000000000"),
        (new, "133585408000000000"),
    ]);
    let services: Vec<&str> = attributes.values("services").collect();
    assert_eq!(services, ["http@portal.corp.example", "mssql:1433"]);
    assert_eq!(attributes.first("hasLaps"), Some("true"));
    assert_eq!(attributes.first("lapsExpiresTS"), Some("2024-04-25T17:46:40Z"));
    assert_eq!(attributes.first(&format!("{old}TS")), Some("2024-01-01T00:00:00Z"));
    // At once: LAPS is there, and no time.
    let attributes = said(&[(new, "0")]);
    assert_eq!(
        (attributes.first("hasLaps"), attributes.first("lapsExpiresTS")),
        (Some("true"), None)
    );
    for name in ["hasLaps", "lapsExpiresTS", "services"] {
        assert_eq!(said(&[]).first(name), None, "{name}");
    }
    let named = contribution(&server(1, &[spn("HTTP/portal.corp.example")]), &domain(), day(1));
    assert_eq!(named.names, [host("web1.corp.example"), host("web1")]);
}

#[test]
fn an_explanation_says_why_a_system_holds_and_what_is_kept_beside_it() {
    let policy = MatchPolicy::default();
    let used = day(0).to_filetime().to_string();
    for (scan, seen_on, os, holds, why) in [
        ("Rocky Linux 9.3", 0, "pc-linux-gnu", "Rocky Linux 9.3", "this source names a product"),
        ("Samba 4.17", 99, WINDOWS, WINDOWS, "this source names a product"),
        (
            "Windows 11 Pro 23H2",
            15,
            "Windows 10 Pro",
            "Windows 11 Pro 23H2",
            "this source saw it later",
        ),
        // A logon may be so much later than the directory writes.
        (
            "Windows 11 Pro 23H2",
            14,
            "Windows 10 Pro",
            "Windows 10 Pro",
            "a directory goes before other sources",
        ),
    ] {
        let mut asset = seen(scanned(7, &["web1"], &[]), day(seen_on));
        asset.os.push(Claim::new(scan.to_owned(), 0, None, day(0)));
        let object = server(1, &[("operatingSystem", os), ("lastLogonTimestamp", used.as_str())]);
        let asset = write(asset, &object, 1, &policy);
        let told = Explanation::of(&asset, &[], &[]);
        let told: Vec<_> = told.values.iter().filter(|value| value.field == "os").collect();
        assert_eq!((told[0].value.as_str(), told[0].why), (holds, Some(why)));
        assert_eq!((told.len(), told[1].holds, told[1].why), (2, false, None), "{os}");
    }
}

#[test]
fn users_and_groups_have_their_derived_attributes() {
    let user = object(
        1,
        &[
            ("userAccountControl", "66050"),
            ("msDS-User-Account-Control-Computed", "8388624"),
            ("accountExpires", "133485408000000000"),
            ("userWorkstations", "web1,web2"),
            ("lockoutTime", "0"),
        ],
    );
    let attributes = user_attributes(&user, day(1));
    for name in ["isDisabled", "isLockedOut", "passwordNeverExpires", "passwordExpired"] {
        assert_eq!(attributes.first(name), Some("true"), "{name}");
    }
    assert_eq!(attributes.first("accountExpiresTS"), Some("2024-01-01T00:00:00Z"));
    assert_eq!(attributes.first("userWorkstations"), Some("web1,web2"));
    let group = group_attributes(&user, day(1));
    for (name, value) in attributes.iter().filter(|(name, _)| name.starts_with("is")) {
        assert_eq!((value, group.first(name)), ("true", None), "{name}");
    }
    for name in ["id", "ts", "distinguishedName", "accountExpiresTS", "userWorkstations"] {
        assert_eq!(group.first(name), attributes.first(name), "{name}");
    }
    assert_eq!(group.first("id"), Some(guid(1).to_string().as_str()));
    // Without the computed flags.
    let user = object(
        1,
        &[
            ("lockoutTime", "133485408000000000"),
            ("msDS-UserPasswordExpiryTimeComputed", "133485408000000000"),
        ],
    );
    let attributes = user_attributes(&user, day(1));
    assert_eq!(attributes.first("isLockedOut"), Some("true"));
    assert_eq!(attributes.first("passwordExpired"), Some("true"));
    assert_eq!(attributes.first("isDisabled"), None);
}

#[test]
fn each_computed_flag_speaks_for_itself() {
    let told = |flags: &str| {
        // What else says so counts only where the directory works nothing out.
        let user = object(
            1,
            &[
                ("msDS-User-Account-Control-Computed", flags),
                ("lockoutTime", "133485408000000000"),
                ("msDS-UserPasswordExpiryTimeComputed", "133485408000000000"),
            ],
        );
        let attributes = user_attributes(&user, day(1));
        ["isLockedOut", "passwordExpired"].map(|name| attributes.first(name) == Some("true"))
    };
    for (flags, expected) in [
        ("0", [false, false]),
        ("16", [true, false]),
        ("8388608", [false, true]),
        ("8388624", [true, true]),
        ("8192", [false, false]),
        ("no number", [true, true]),
    ] {
        assert_eq!(told(flags), expected, "{flags}");
    }
}

#[test]
fn of_two_records_it_is_told_why_the_word_of_one_holds() {
    let preferred = MatchPolicy::default().with_precedence(["edr".to_owned(), "cmdb".to_owned()]);
    let equal = MatchPolicy::default().with_precedence([]);
    let first = "among equal sources the first one stays";
    for (one, other, policy, why) in [
        (("person", "Linux", 0), ("edr", "Windows 11", 99), &preferred, "a person set it"),
        (("edr", "Linux", 0), ("cmdb", "Windows 11", 99), &preferred, "this source is preferred"),
        (("cmdb", "Linux", 0), ("scan", "Windows 11", 99), &preferred, "this source is preferred"),
        (("scan", "Debian 12", 0), ("ldap", "Linux", 99), &equal, "this source names a product"),
        (("scan", "Debian 12", 15), ("ldap", "Debian 11", 0), &equal, "this source saw it later"),
        (
            ("ldap", "Debian 12", 0),
            ("scan", "Debian 11", 14),
            &equal,
            "a directory goes before other sources",
        ),
        (("ldap", "Debian 12", 0), ("ldap", "Debian 11", 14), &equal, first),
        (("scan", "Debian 12", 0), ("ldap", "Debian 11", 14), &equal, first),
        (("scan", "Debian 12", 0), ("scan", "Debian 11", 0), &equal, first),
        (("person", "Debian 12", 0), ("person", "Debian 11", 0), &preferred, first),
        (("edr", "Debian 12", 0), ("edr", "Debian 11", 0), &preferred, first),
    ] {
        let mut asset = Asset::new(id(7), organization(), site("hq"));
        for (kind, os, on) in [one, other] {
            let number = asset.next_part_number();
            asset = by(asset, kind, os);
            asset.last_seen.push(Claim::new(day(on), number, None, day(on)));
        }
        assert_eq!(why_before(&asset, policy, 0, 1), why, "{one:?} {other:?}");
        assert_eq!(why_before(&asset, policy, 0, 9), first);
    }
}

#[test]
fn a_repeat_changes_nothing_and_neither_does_what_is_volatile() {
    let policy = MatchPolicy::default();
    let written = write(scanned(7, &["web1"], &[]), &server(1, &[("logonCount", "1")]), 1, &policy);
    assert_eq!(written.version, 2);
    assert_eq!(write(written.clone(), &server(1, &[("logonCount", "1")]), 2, &policy), written);
    let busy = server(
        1,
        &[
            ("logonCount", "9"),
            ("lastLogon", "134000000000000000"),
            ("whenChanged", "20260101000000.0Z"),
            ("badPwdCount", "3"),
            ("uSNChanged", "99"),
        ],
    );
    assert_eq!(write(written.clone(), &busy, 2, &policy), written);
    // Nor does the order of values, or a store in between.
    let json = serde_json::to_string(&written).unwrap();
    let stored: Asset = serde_json::from_str(&json).unwrap();
    let mut shuffled = server(1, &[("logonCount", "1")]);
    let mut values: Vec<_> = shuffled.attributes.iter().collect();
    values.reverse();
    shuffled.attributes = values.into_iter().collect();
    assert_eq!(write(stored.clone(), &shuffled, 2, &policy), stored);
}

#[test]
fn other_sources_keep_what_they_said() {
    let policy = MatchPolicy::default();
    let before = by(scanned(7, &["web1"], &["b.example"]), "edr", "Linux");
    let after = write(before.clone(), &server(1, &[]), 1, &policy);
    assert_eq!(after.parts[..2], before.parts[..]);
    assert_eq!(after.names[..1], before.names[..]);
    assert!(after.os.contains(&before.os[0]));
}

#[test]
fn the_directory_part_can_be_taken_away_again() {
    let policy = MatchPolicy::default();
    let before = seen(by(scanned(7, &["web1"], &["b.example"]), "edr", "Linux"), day(3));
    let object = server(1, &[]);
    let after = write(before.clone(), &object, 1, &policy);
    let detached = with_writing(&source(), &object, 2, &policy, |writing| {
        detach(after.clone(), writing.source, object.guid, writing)
    });
    assert_eq!(detached.version, 3);
    assert_eq!(Asset { version: before.version, ..detached.clone() }, before);
    let again = with_writing(&source(), &object, 2, &policy, |writing| {
        detach(detached.clone(), writing.source, object.guid, writing)
    });
    assert_eq!(again, detached);
}

#[test]
fn the_directory_goes_first_unless_a_person_or_the_precedence_says_otherwise() {
    let default = MatchPolicy::default();
    let edr_first = MatchPolicy::default().with_precedence(["edr".to_owned()]);
    let with = |kinds: &[&str], policy| {
        let asset =
            kinds.iter().fold(scanned(7, &["web1"], &[]), |asset, kind| by(asset, kind, kind));
        write(asset, &server(1, &[]), 1, policy).os().map(str::to_owned).unwrap()
    };
    assert_eq!(with(&["scan"], &default), WINDOWS);
    assert_eq!(with(&["scan", "person"], &default), "person");
    assert_eq!(with(&["scan", "edr"], &edr_first), "edr");
    assert_eq!(with(&["edr", "person"], &edr_first), "person");
    // Two directories do not take turns.
    assert_eq!(with(&["ldap"], &default), "ldap");
}

#[test]
fn directories_of_different_kinds_do_not_take_turns() {
    let policy = MatchPolicy::default();
    let (ldap, ad) = (source(), SourceId::new("ad", "corp.example").unwrap());
    let say = |asset: Asset, by: &SourceId, os: &str, at| {
        let object = server(1, &[("operatingSystem", os)]);
        with_writing(by, &object, at, &policy, |writing| {
            apply_contribution(asset, &contribution(&object, &domain(), writing.now), writing)
        })
    };
    let (one, other) = ("Windows Server 2019", "Windows Server 2022");
    for (first, second) in [(&ldap, &ad), (&ad, &ldap)] {
        let mut asset = say(scanned(7, &["web1"], &[]), first, one, 1);
        for at in 2..6 {
            let by = if at % 2 == 0 { (second, other) } else { (first, one) };
            asset = say(asset, by.0, by.1, at);
            assert_eq!(asset.os(), Some(one), "{first} came before {second}, run {at}");
        }
        // A merge by a person puts the same records together, and to the same effect.
        let again = assemble(asset.id, take_apart(&asset), &policy).unwrap();
        assert_eq!(again.os, asset.os);
        assert_eq!(say(again, second, other, 6).os(), Some(one));
    }
}

#[test]
fn a_value_says_what_its_source_had_said_before() {
    let policy = MatchPolicy::default();
    let asset = by(scanned(7, &["web1"], &[]), "scan", "Linux");
    let asset = write(asset, &server(1, &[]), 1, &policy);
    assert_eq!(asset.os[0].replaced, None);
    let asset = write(asset, &server(1, &[("operatingSystem", "Windows Server 2022")]), 2, &policy);
    let claim = &asset.os[0];
    assert_eq!(
        (claim.value.as_str(), claim.replaced.as_deref()),
        ("Windows Server 2022", Some(WINDOWS))
    );
    assert_eq!((claim.run, claim.since), (Some(RunId::from_u128(2)), day(2)));
    // Also where another source goes before it: what others say has no part in it.
    let asset = by(asset, "person", "OpenBSD");
    let asset = write(asset, &server(1, &[]), 3, &policy);
    let claim = asset.os.iter().find(|claim| claim.value == WINDOWS).unwrap();
    assert_eq!(claim.replaced.as_deref(), Some("Windows Server 2022"));
}

#[test]
fn a_value_that_is_not_said_any_more_lets_others_hold() {
    let policy = MatchPolicy::default();
    let asset = by(scanned(7, &["web1"], &[]), "scan", "Linux");
    let asset = write(asset, &server(1, &[]), 1, &policy);
    let mut silent = server(1, &[]);
    silent.attributes =
        silent.attributes.iter().filter(|(name, _)| *name != "operatingSystem").collect();
    let asset = write(asset, &silent, 2, &policy);
    assert_eq!(asset.os(), Some("Linux"));
    assert_eq!(asset.os[0].until, Some(day(2)));
    assert_eq!(write(asset, &server(1, &[]), 3, &policy).os(), Some(WINDOWS));
}

#[test]
fn first_seen_moves_back_and_last_seen_forward_only() {
    let policy = MatchPolicy::default();
    let at = |created: &'static str, used: &'static str| {
        server(1, &[("whenCreated", created), ("lastLogonTimestamp", used)])
    };
    let (early, late) = ("133485408000000000", "133585408000000000");
    let asset = write(scanned(7, &["web1"], &[]), &at("20240601000000Z", late), 1, &policy);
    let (first, last) = (asset.first_seen(), asset.last_seen());
    let asset = write(asset, &at("20250601000000Z", early), 2, &policy);
    assert_eq!((asset.first_seen(), asset.last_seen()), (first, last));
    let asset = write(asset, &at("20230601000000Z", "133685408000000000"), 3, &policy);
    assert!(asset.first_seen() < first && asset.last_seen() > last);
    assert_eq!((asset.first_seen[0].replaced, asset.last_seen[0].replaced), (first, last));
}

#[test]
fn nothing_is_seen_in_the_future() {
    let object = server(
        1,
        &[("lastLogonTimestamp", "2650467743999999999"), ("whenCreated", "99990101000000Z")],
    );
    let said = contribution(&object, &domain(), day(1));
    assert_eq!((said.first_seen, said.last_seen), (Some(day(1)), Some(day(1))));
}

#[test]
fn a_name_that_comes_back_is_live_again() {
    let policy = MatchPolicy::default();
    let asset = write(scanned(7, &[], &[]), &server(1, &[]), 1, &policy);
    let asset = write(
        asset,
        &server(1, &[("sAMAccountName", "DB1$"), ("dNSHostName", "db1.corp.example")]),
        2,
        &policy,
    );
    assert!(asset.aliases().eq(&[host("web1.corp.example"), host("web1")]));
    let asset = write(asset, &server(1, &[]), 3, &policy);
    assert!(asset.aliases().eq(&[host("db1.corp.example"), host("db1")]));
    let back = asset.names.iter().find(|claim| claim.value == host("web1")).unwrap();
    assert_eq!((back.since, back.until, asset.names.len()), (day(3), None, 4));
}

#[test]
fn a_mark_changes_presence_alone_and_a_sight_takes_it_off() {
    let policy = MatchPolicy::default();
    let object = server(1, &[]);
    let asset = write(scanned(7, &["web1"], &[]), &object, 1, &policy);
    let missing = Presence::Missing { since: day(2), runs: 1 };
    let marked = |asset, presence| {
        with_writing(&source(), &object, 2, &policy, |writing| {
            set_presence(asset, writing.source, object.guid, presence, writing)
        })
    };
    let missed = marked(asset.clone(), missing);
    assert_eq!(missed.version, asset.version + 1);
    assert_eq!(missed.part_of(&source(), guid(1)).unwrap().presence, missing);
    assert_eq!((&missed.names, &missed.os), (&asset.names, &asset.os));
    assert_eq!(marked(missed.clone(), missing), missed);
    assert_eq!(marked(scanned(8, &[], &[]), missing), scanned(8, &[], &[]));
    let back = write(missed, &object, 3, &policy);
    assert_eq!(back.part_of(&source(), guid(1)).unwrap().presence, Presence::Present);
}

#[test]
fn two_objects_of_one_directory_have_a_part_each() {
    let policy = MatchPolicy::default();
    let asset = write(scanned(7, &["web1"], &[]), &server(1, &[]), 1, &policy);
    let asset = write(asset, &server(2, &[("cn", "WEB2")]), 2, &policy);
    assert_eq!(asset.parts.iter().map(|part| part.number).collect::<Vec<_>>(), [0, 1, 2]);
    let renamed = write(
        asset,
        &server(1, &[("cn", "WEB3"), ("dNSHostName", "web3.corp.example")]),
        3,
        &policy,
    );
    assert!(renamed.live_names().any(|name| *name == host("web1.corp.example")));
}

#[test]
fn the_domain_is_known_by_both_names_as_far_as_known() {
    let object = server(1, &[]);
    let dns_only = DirectoryDomain::new(Some("Corp.Example."), None);
    assert_eq!(contribution(&object, &dns_only, day(1)).domains, ["corp.example"]);
    let none = DirectoryDomain::new(Some(" "), None);
    assert!(contribution(&object, &none, day(1)).domains.is_empty());
}
