//! What is decided offline, of assets that know objects of directories already.

use super::fixture::{day, guid, id, joined, scanned, site, source};
use crate::asset::{Asset, SourceRecord};
use crate::directory::DirectoryObject;
use crate::merge::{Decision, DirectoryComputers, Planner, Verdict};
use crate::task::MatchPolicy;
use crate::value::SourceId;

/// A scanned asset of these names that is this object of the directory.
fn tied(n: u128, object: u8, names: &[&str]) -> Asset {
    let mut asset = scanned(n, names, &[]);
    let mut part = SourceRecord::new(1, source(), "@ldap.computer", day(0));
    part.object = Some(guid(object));
    asset.parts.push(part);
    asset
}

fn plan(assets: &[Asset], objects: impl IntoIterator<Item = DirectoryObject>) -> Vec<Decision> {
    let computers = DirectoryComputers::new(source(), site("hq"), day(1))
        .with_domain(Some("corp.example"), Some("CORP"))
        .with_objects(objects);
    Planner::of(assets).plan(&computers, &MatchPolicy::default())
}

#[test]
fn a_computer_that_an_asset_knows_stays_with_it_under_any_name() {
    let [known] = &plan(&[tied(7, 1, &["old"])], [joined(1, "new")])[..] else { panic!() };
    assert_eq!((known.verdict, known.reason_code()), (Verdict::Linked(id(7)), "known"));
}

#[test]
fn a_computer_that_an_asset_knows_by_another_directory_was_moved_from_there() {
    let mut asset = tied(7, 1, &["old"]);
    asset.parts[1].source = SourceId::new("ldap", "branch.example").unwrap();
    let [moved] = &plan(&[asset], [joined(1, "new")])[..] else { panic!() };
    assert_eq!((moved.verdict, moved.reason_code()), (Verdict::Matched(id(7)), "moved"));
}

#[test]
fn a_computer_takes_the_place_of_one_that_is_not_in_the_directory_any_more() {
    let assets = [tied(7, 1, &["web1.corp.example"])];
    let [new] = &plan(&assets, [joined(2, "web1")])[..] else { panic!() };
    assert_eq!((new.verdict, new.succeeds()), (Verdict::Matched(id(7)), &[guid(1)][..]));
    // Where it is there under another name, the asset is taken.
    let [known, new] = &plan(&assets, [joined(1, "old"), joined(2, "web1")])[..] else { panic!() };
    assert_eq!((known.verdict, known.succeeds()), (Verdict::Linked(id(7)), &[][..]));
    assert!(matches!(new.verdict, Verdict::Create(_)), "{}", new.reason());
}
