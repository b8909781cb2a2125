//! What a merge would give, told before it is done.

use super::fixture::{day, guid, id, scanned, site, source};
use crate::asset::{Asset, Claim, Presence, SourceRecord};
use crate::merge::record::{assemble, take_apart};
use crate::merge::{MergePreview, MovedRecord, Moves};
use crate::task::MatchPolicy;
use crate::value::SourceId;

/// An asset of which this is the only record, seen from one day to another.
fn known_to(n: u128, source: SourceId, object: Option<u8>, os: &str, days: (i64, i64)) -> Asset {
    let mut asset = scanned(n, &["web1"], &[]);
    let mut part = SourceRecord::new(0, source, "@x", day(0));
    part.object = object.map(guid);
    asset.parts = vec![part];
    asset.os = vec![Claim::new(os.to_owned(), 0, None, day(0))];
    asset.first_seen = vec![Claim::new(day(days.0), 0, None, day(0))];
    asset.last_seen = vec![Claim::new(day(days.1), 0, None, day(0))];
    asset
}

fn scan(name: &str) -> SourceId {
    SourceId::new("scan", name).unwrap()
}

fn preview(before: &[Asset], moves: &Moves) -> MergePreview {
    let policy = MatchPolicy::default();
    let records = before.iter().flat_map(take_apart).collect();
    let survivor = assemble(before[0].id, records, &policy).unwrap();
    MergePreview::of(before, &survivor, moves, &policy)
}

#[test]
fn every_value_is_told_with_why_it_holds_and_what_is_kept_beside_it() {
    let mut first = known_to(1, scan("hq"), None, "Debian 12", (3, 5));
    // A second scan found the same, and what the first one had said of the system holds no more.
    first.parts.push(SourceRecord::new(1, scan("lab"), "@x", day(1)));
    first.names.push(Claim::new(first.names[0].value.clone(), 1, None, day(1)));
    first.os.push(Claim::new("Debian 12".to_owned(), 1, None, day(1)));
    let mut former = Claim::new("Debian 11".to_owned(), 0, None, day(0));
    former.until = Some(day(1));
    first.os.push(former);
    let other = known_to(2, source(), Some(9), "Windows Server 2022", (1, 9));
    let moved = MovedRecord {
        source: source(),
        object: Some(guid(9)),
        identity: None,
        from: Some(id(2)),
        to: Some(id(1)),
    };
    let moves = Moves { records: vec![moved], ..Moves::default() };
    assert!(!moves.is_empty() && Moves::default().is_empty());
    let preview = preview(&[first, other], &moves);
    let names = &preview.united[0];
    assert_eq!((&names.from[..], &names.source), (&[id(1), id(2)][..], &None));
    let told = preview.to_string();
    let told = told.replace(&id(1).to_string(), "ONE").replace(&id(2).to_string(), "TWO");
    let told = told.replace(&guid(9).to_string(), "NINE");
    let expected = "\
asset ONE survives, with what is known of TWO
  site        hq (the survivor's)
  os          Windows Server 2022 (ldap/corp.example: a directory goes before other sources)
                kept beside it: Debian 12 (scan/hq)
                kept beside it: Debian 12 (scan/lab)
  first_seen  2026-01-02T00:00:00Z (ldap/corp.example: it is the earliest)
                kept beside it: 2026-01-04T00:00:00Z (scan/hq)
  last_seen   2026-01-10T00:00:00Z (ldap/corp.example: it is the latest)
                kept beside it: 2026-01-06T00:00:00Z (scan/hq)
  names       web1
  object NINE of ldap/corp.example moves from TWO
";
    assert_eq!(told, expected);
}

#[test]
fn objects_of_one_directory_that_will_share_an_asset_are_noted_once() {
    let of =
        |n: u8, source: &SourceId| known_to(n.into(), source.clone(), Some(n), "Windows", (0, 0));
    let (corp, branch) = (source(), SourceId::new("ldap", "branch.example").unwrap());
    let notes = |sources: &[&SourceId]| {
        let assets: Vec<Asset> = (1..).zip(sources).map(|(n, source)| of(n, source)).collect();
        preview(&assets, &Moves::default()).warnings
    };
    let note = format!("two objects of {corp} will share one asset");
    assert_eq!(notes(&[&corp, &branch]), [""; 0]);
    assert_eq!(notes(&[&corp, &branch, &corp, &corp]), [note]);
    // Only what is there shares anything, and only an object of a directory is meant to be alone.
    let mut gone = [of(1, &corp), of(2, &corp)];
    gone[1].parts[0].presence = Presence::Missing { since: day(1), runs: 1 };
    assert_eq!(preview(&gone, &Moves::default()).warnings, [""; 0]);
    let scanned = [1, 2].map(|n| known_to(n, scan("hq"), None, "Debian", (0, 0)));
    assert_eq!(preview(&scanned, &Moves::default()).warnings, [""; 0]);
    let mut elsewhere = [of(1, &corp), of(2, &branch)];
    elsewhere[1].site = site("lab");
    let warnings = preview(&elsewhere, &Moves::default()).warnings;
    assert_eq!(warnings, [format!("asset {} is of another site, lab", id(2))]);
}
