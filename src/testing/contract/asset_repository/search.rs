//! Searching finds what the query's evaluator finds, in pages that leave nothing out.

use super::records::*;
use crate::asset::{
    Asset, AssetCounts, AssetRepository, Batch, Change, Claim, DirectoryGroup, DirectoryUser,
    Facet, SearchRequest, Sort, SortKey, SourceRecord,
};
use crate::query::Query;
use crate::value::{BatchId, ObjectGuid, SourceId};
use crate::{ErrorKind, Result};

fn request(query: &str) -> SearchRequest {
    let query = Query::parse(query).unwrap_or_else(|error| panic!("{query}: {error}"));
    SearchRequest::new(acme(), query, at(100))
}

/// All records of a search, page by page.
macro_rules! all_pages {
    ($repository:expr, $search:ident, $request:expr) => {{
        let mut records = Vec::new();
        let mut request: SearchRequest = $request;
        loop {
            let page = $repository.$search(request.clone()).await?;
            assert!(page.records.len() <= request.limit, "a page has more than its limit");
            records.extend(page.records);
            if page.next.is_none() {
                break;
            }
            assert!(records.len() < 10_000, "the pages do not end");
            request = request.after(page.next);
        }
        records
    }};
}

pub(super) async fn pages_are_complete_and_in_the_order_of_ids(
    repository: &dyn AssetRepository,
) -> Result<()> {
    // Written in another order than that of their ids.
    for (n, id) in (0..50).map(|n| (n, (n * 37) % 50)) {
        apply(repository, batch(n, [put(&asset(id, &["web"]), None)])).await?;
    }
    for limit in [1, 7, 49, 50, 51] {
        let found: Vec<Asset> =
            all_pages!(repository, search_assets, request("").with_limit(limit));
        let ids: Vec<_> = found.iter().map(|asset| asset.id).collect();
        assert_eq!(ids, (0..50).map(asset_id).collect::<Vec<_>>(), "limit {limit}");
    }
    Ok(())
}

pub(super) async fn a_full_last_page_is_the_last(repository: &dyn AssetRepository) -> Result<()> {
    let page = repository.search_assets(request("")).await?;
    assert!(page.records.is_empty() && page.next.is_none());
    apply(repository, batch(1, (0..4).map(|n| put(&asset(n, &["web"]), None)))).await?;
    let first = repository.search_assets(request("").with_limit(2)).await?;
    let second = request("").with_limit(2).after(first.next);
    let second = repository.search_assets(second).await?;
    assert_eq!(numbers(second.records), [2, 3]);
    assert_eq!(second.next, None);
    Ok(())
}

pub(super) async fn users_and_groups_come_in_the_order_of_source_and_object(
    repository: &dyn AssetRepository,
) -> Result<()> {
    let mut places: Vec<(SourceId, ObjectGuid)> = Vec::new();
    for (n, source) in [(1, corp()), (2, branch()), (3, SourceId::new("ldap", "corp").unwrap())] {
        let mut changes = Vec::new();
        for k in 0..10 {
            let (mut user, mut group) = (user(k), group(k));
            (user.source, group.source) = (source.clone(), source.clone());
            places.push((source.clone(), user.object));
            changes.extend([Change::PutUser(Box::new(user)), Change::PutGroup(Box::new(group))]);
        }
        let batch = Batch::new(BatchId::from_u128(n), acme(), source).with_changes(changes);
        apply(repository, batch).await?;
    }
    places.sort();
    for limit in [1, 7, 30, 31] {
        let request = request("").with_limit(limit);
        let users: Vec<DirectoryUser> = all_pages!(repository, search_users, request.clone());
        let found: Vec<_> = users.into_iter().map(|user| (user.source, user.object)).collect();
        assert_eq!(found, places, "users, limit {limit}");
        let groups: Vec<DirectoryGroup> = all_pages!(repository, search_groups, request);
        let found: Vec<_> = groups.into_iter().map(|group| (group.source, group.object)).collect();
        assert_eq!(found, places, "groups, limit {limit}");
    }
    Ok(())
}

pub(super) async fn a_cursor_outlives_its_record(repository: &dyn AssetRepository) -> Result<()> {
    apply(repository, batch(1, (0..4).map(|n| put(&asset(n, &["web"]), None)))).await?;
    let first = repository.search_assets(request("").with_limit(2)).await?;
    let removal = Change::RemoveAsset { id: asset_id(1), expected: 1, to: None };
    apply(repository, batch(2, [removal])).await?;
    let rest = repository.search_assets(request("").after(first.next)).await?;
    assert_eq!(numbers(rest.records), [2, 3]);
    Ok(())
}

pub(super) async fn a_query_finds_what_the_evaluator_finds(
    repository: &dyn AssetRepository,
) -> Result<()> {
    let assets = varied_assets();
    apply(repository, batch(1, assets.iter().map(|asset| put(asset, None)))).await?;
    for query in ASSET_QUERIES {
        let request = request(query).with_limit(3);
        let _now = request.now.as_micros();
        let found: Vec<Asset> = all_pages!(repository, search_assets, request.clone());
        let expected = assets.iter().filter(|asset| matches(&request, asset, &assets));
        assert_eq!(numbers(found), numbers(expected.cloned().collect()), "{query}");
    }
    for query in ["os_eol:2031-12-31", "NOT has:os_product", "os_product:abc os_eol:>now"] {
        let request = request(query).with_lifecycle(LIFECYCLE)?;
        let found: Vec<Asset> = all_pages!(repository, search_assets, request.clone());
        let expected = assets.iter().filter(|asset| matches(&request, asset, &assets));
        assert_eq!(numbers(found), numbers(expected.cloned().collect()), "{query}");
    }
    let users: Vec<DirectoryUser> = (0..10).map(user).collect();
    let put_users = users.iter().map(|user| Change::PutUser(Box::new(user.clone())));
    let groups: Vec<DirectoryGroup> = (0..10).map(group).collect();
    let put_groups = groups.iter().map(|group| Change::PutGroup(Box::new(group.clone())));
    apply(repository, batch(2, put_users.chain(put_groups))).await?;
    for query in PRINCIPAL_QUERIES {
        let request = request(query).with_limit(3);
        let now = request.now.as_micros();
        let mut expected = users.clone();
        expected.retain(|user| request.query.matches(user, now));
        expected.sort_by_key(|user| user.object);
        let found: Vec<DirectoryUser> = all_pages!(repository, search_users, request.clone());
        assert_eq!(found, expected, "{query}");
        let mut expected = groups.clone();
        expected.retain(|group| request.query.matches(group, now));
        expected.sort_by_key(|group| group.object);
        let found: Vec<DirectoryGroup> = all_pages!(repository, search_groups, request);
        assert_eq!(found, expected, "{query}");
    }
    Ok(())
}

pub(super) async fn nested_membership_is_found_where_it_is_asked_for(
    repository: &dyn AssetRepository,
) -> Result<()> {
    // user1 is in group1, which is in group2.
    let mut outer = group(2);
    outer.members = group(1).members;
    outer.members.truncate(1);
    (outer.members[0].dn, outer.members[0].object) = (group(1).dn, Some(guid(1)));
    let mut inner = group(1);
    inner.members.truncate(1);
    inner.members[0].object = Some(guid(11));
    let mut user = user(11);
    user.groups = vec![inner.dn.clone()];
    let changes = [Change::PutGroup(Box::new(outer)), Change::PutGroup(Box::new(inner))];
    apply(repository, batch(1, changes.into_iter().chain([Change::PutUser(Box::new(user))])))
        .await?;
    for (query, nested, users, groups) in [
        ("group:CN=group2", false, 0, 0),
        ("group:CN=group2", true, 1, 0),
        ("nested:CN=group2", false, 1, 0),
        ("NOT nested:CN=group2", false, 0, 2),
        ("member:CN=user1", false, 0, 1),
        ("member:CN=user1", true, 0, 2),
        ("nested:CN=user1", false, 0, 2),
        ("nested_count:2", false, 1, 1),
        ("nested_count:0", false, 0, 0),
    ] {
        let request = request(query).with_nested(nested);
        let found = repository.search_users(request.clone()).await?.records.len();
        assert_eq!(found, users, "users, {query}");
        let found = repository.search_groups(request).await?.records.len();
        assert_eq!(found, groups, "groups, {query}");
    }
    Ok(())
}

/// Whether an asset is found among all these.
fn matches(request: &SearchRequest, asset: &Asset, all: &[Asset]) -> bool {
    let keys = asset.match_keys();
    let shares = |other: &Asset| other.match_keys().iter().any(|key| keys.contains(key));
    let has_overlap = || all.iter().any(|other| other.id != asset.id && shares(other));
    request.selects_asset(asset, has_overlap, || false)
}

/// The numbers of these assets, as they come.
fn in_turn(assets: &[Asset]) -> Vec<u64> {
    let first = asset_id(0).as_u128();
    assets.iter().map(|asset| (asset.id.as_u128() - first) as u64).collect()
}

const SORTS: [&str; 6] = ["first_seen", "id", "last_seen", "name", "os", "site"];

pub(super) async fn every_order_is_kept_across_pages(
    repository: &dyn AssetRepository,
) -> Result<()> {
    let assets = varied_assets();
    apply(repository, batch(1, assets.iter().map(|asset| put(asset, None)))).await?;
    let orders = SORTS.iter().flat_map(|name| [(*name).to_owned(), format!("-{name}")]);
    for order in orders {
        let sort: Sort = order.parse()?;
        // One query that a database can answer alone, and one that it cannot.
        for query in ["", "NOT @ldap.computer.isDisabled:true"] {
            let mut expected = assets.clone();
            let _now = at(100).as_micros();
            expected.retain(|asset| matches(&request(query), asset, &assets));
            let place = |asset: &Asset| SortKey::of(sort, asset);
            expected.sort_by(|one, other| place(one).compare(&place(other)));
            for limit in [1, 4, 100] {
                let request = request(query).with_sort(sort).with_limit(limit);
                let found: Vec<Asset> = all_pages!(repository, search_assets, request);
                assert_eq!(in_turn(&found), in_turn(&expected), "{order} {query}, limit {limit}");
            }
        }
    }
    Ok(())
}

pub(super) async fn a_cursor_survives_what_is_written_between_pages(
    repository: &dyn AssetRepository,
) -> Result<()> {
    // Names tie, and one asset has none.
    let mut assets: Vec<Asset> = (0..6).map(|n| asset(n, &["web"])).collect();
    assets[5].names.clear();
    apply(repository, batch(1, assets.iter().map(|asset| put(asset, None)))).await?;
    let sort: Sort = "name".parse()?;
    let first = repository.search_assets(request("").with_sort(sort).with_limit(3)).await?;
    assert_eq!(in_turn(&first.records), [0, 1, 2]);
    // One asset comes before the place, one behind it, the last of the page goes, and another moves forward.
    let removal = Change::RemoveAsset { id: asset_id(2), expected: 1, to: None };
    let mut moved = assets[4].clone();
    moved.version = 2;
    moved.names = asset(4, &["aaa"]).names;
    let changes = [put(&asset(7, &["abc"]), None), put(&asset(8, &["xyz"]), None), removal];
    apply(repository, batch(2, changes.into_iter().chain([put(&moved, Some(1))]))).await?;
    let rest = request("").with_sort(sort).after(first.next);
    assert_eq!(in_turn(&repository.search_assets(rest).await?.records), [3, 8, 5]);
    Ok(())
}

pub(super) async fn counts_and_facets_are_those_of_what_is_found(
    repository: &dyn AssetRepository,
) -> Result<()> {
    const FACETS: [Facet; 5] = [Facet::Domain, Facet::Os, Facet::Site, Facet::Source, Facet::Type];
    let assets = varied_assets();
    apply(repository, batch(1, assets.iter().map(|asset| put(asset, None)))).await?;
    for query in ASSET_QUERIES {
        for limit in [2, 100] {
            let request = request(query).with_limit(limit);
            let _now = request.now.as_micros();
            let found = assets.iter().filter(|asset| matches(&request, asset, &assets));
            let expected = AssetCounts::of(found, &FACETS, limit);
            let counted = repository.count_assets(request, &FACETS).await?;
            assert_eq!(counted, expected, "{query}");
        }
    }
    let total = repository.count_assets(request("source:ldap"), &[]).await?;
    assert_eq!((total.total, total.facets.len()), (9, 0));
    let mut elsewhere = request("");
    elsewhere.organization = rival();
    let nothing = repository.count_assets(elsewhere, &[Facet::Os]).await?;
    assert_eq!((nothing.total, nothing.facets[0].values.len()), (0, 0));
    Ok(())
}

/// Assets that differ in everything that a query may ask for.
fn varied_assets() -> Vec<Asset> {
    let mut assets = vec![rich_asset(0), asset(1, &[]), asset(2, &["müller.lab.example"])];
    assets[1].site = "Lab".parse().unwrap();
    assets[1].os.push(Claim::new("Windows Server® 2008".to_owned(), 0, None, at(0)));
    for domain in ["bücher.example", "xn--bcher-kva.example", "CORP"] {
        assets[2].domains.push(Claim::new(domain.to_owned(), 0, None, at(0)));
    }
    for n in 3..20 {
        let mut asset = asset(n, &[&format!("host{n}"), &format!("host{n}.lab.example")]);
        asset.names[0].until = n.is_multiple_of(4).then(|| at(50));
        let os = ["Windows 11", "Ubuntu 24.04", "ÄBC OS"][(n % 3) as usize];
        asset.os.push(Claim::new(os.to_owned(), 0, None, at(0)));
        if n.is_multiple_of(2) {
            let version = if n.is_multiple_of(4) { "10.0 (26100)" } else { "10.0 (22000)" };
            asset.os_version.push(Claim::new(version.to_owned(), 0, None, at(0)));
        }
        if n.is_multiple_of(5) {
            asset.tags.push(Claim::new(format!("rack={n}"), 0, None, at(0)));
            asset.criticality.push(Claim::new("low".to_owned(), 0, None, at(0)));
            asset.macs.push(Claim::new(format!("00:1b:44:00:00:{n:02x}"), 0, None, at(0)));
        }
        asset.last_seen.push(Claim::new(at(n as i64), 0, None, at(0)));
        asset.addresses.push(Claim::new([10, 0, 0, n as u8].into(), 0, None, at(0)));
        if n.is_multiple_of(2) {
            let mut part = SourceRecord::new(1, corp(), "@ldap.computer", at(1));
            let name = format!("HOST{n}");
            let disabled = if n.is_multiple_of(6) { "true" } else { "false" };
            part.attributes =
                [("cn", name.as_str()), ("isDisabled", disabled)].into_iter().collect();
            asset.parts.push(part);
        }
        assets.push(asset);
    }
    assets
}

/// Another table of support dates.
const LIFECYCLE: &str = "product,cycle,end_of_life\nubuntu,24.04,2031-12-31\näbc-os,1,2099-12-31\n";

const ASSET_QUERIES: &[&str] = &[
    "",
    "web",
    "HOST1",
    "source:ldap",
    "NOT source:ldap",
    "source:ldap AND os:windows",
    "os:=\"Windows 11\"",
    "os:äbc",
    "has:os",
    "NOT has:os",
    "alias:host",
    "host*",
    "name:*.example",
    "os:w*2022,*ubuntu*",
    "NOT os:?buntu*",
    "source:ld*",
    "address:10.0.0.*",
    "state:present",
    "NOT state:missing,gone",
    "state:unresolved",
    "os_product:\"windows 11\"",
    "NOT os_product:ubuntu os_version:10",
    "os_eol:2026-10-13",
    "os_eol:<=2024-10-08 OR os_eol:>2028-01-01",
    "os_eol:never",
    "NOT os_eol:<now",
    "has:os_eol_extended,type",
    "os_eol_count:1 os_eol_extended:never",
    "last_seen:never",
    "NOT last_seen:never",
    "first_seen:never,2026-01-02",
    "@ldap.computer.lastLogonTS:never",
    "NOT @ldap.computer.lastLogonTS:never",
    "@ldap.computer.memberOf:CN=B,DC=corp",
    "@ldap.computer.description:\"a\\, b\"",
    "domain:corp.example",
    "address:10.0.0.8",
    "address:10.0.0.0/29",
    "site:hq os:ubuntu",
    "site:elsewhere",
    "type:server",
    "mac:00:1b:44",
    "mac:=00-1B-44-11-3A-B7",
    "mac_count:2",
    "hw:poweredge",
    "NOT has:hw",
    "owner:bücher",
    "owner:jane",
    "NOT has:owner",
    "tag:pci",
    "tag:rack",
    "tag:=rack=5,env=prod",
    "tag_count:1",
    "has:tags",
    "comment:lease",
    "criticality:low,high",
    "NOT criticality:low site:hq",
    "last_seen:<95seconds",
    "last_seen:>95seconds",
    "@ldap.computer.isDisabled:true",
    "@ldap.computer.cn:=host1%",
    "has:@ldap.computer.memberOf",
    "(source:ldap OR os:windows) AND NOT host4",
    "nothing:here",
    "müller",
    "mu\u{308}ller",
    "xn--mller",
    "name:=MÜLLER.lab.example",
    "name:=xn--mller-kva.lab.example",
    "name:=m_ller%",
    "NOT name:=%ü%",
    "name_count:1",
    "name_count:2",
    "domain:bücher",
    "domain:=XN--BCHER-KVA.example",
    "domain_count:3",
    "os:\"server 2008\"",
    "os:=\"A\u{308}BC OS\"",
    "name_overlap:t",
    "name_overlap:f",
    "name_overlap:t @ldap.computer.cn:host",
    "NOT @ldap.computer.cn:host1",
    "@ldap.computer.cn:ost1",
    "@ldap.computer.cn:=HOST12",
    "@ldap.computer.cn:=%12",
    "@ldap.computer.cn:=_ost4,web1",
    "@ldap.computer.isDisabled:f",
    "@ldap.computer.isDisabled:=t",
    "has:@ldap.computer.cn,@ldap.computer.nothing",
    "@ldap.computer.cn_count:0",
    "@ldap.computer.cn_count:>0",
    "@ldap.computer.memberOf_count:2",
    "@ldap.computer.memberOf:\"cn=b,dc=corp\"",
    "@ldap.computer.description:ünïc",
    "@ldap.computer.lastLogonTS:2026-01-02",
    "@ldap.computer.lastLogonTS:<3days",
    "@ldap.computer.lastLogonTS:>now",
    "name:\"'; DROP TABLE assets; --\"",
];

const PRINCIPAL_QUERIES: &[&str] = &[
    "",
    "user3",
    "sam_account_name:user",
    "isDisabled:false",
    "is_disabled:true",
    "NOT isDisabled:false",
    "group:staff",
    "group:CN=Staff,DC=corp,DC=example",
    "state:gone",
    "lastLogonTimestampTS:never",
    "user?",
    "member:user1",
    "complete:false",
    "dn:cn=users",
    "cn:group7",
    "source:ldap",
    "site:hq",
];

pub(super) async fn a_cursor_from_elsewhere_is_refused(
    repository: &dyn AssetRepository,
) -> Result<()> {
    apply(repository, batch(1, [put(&asset(1, &["web"]), None)])).await?;
    let sorted = request("").with_sort("name".parse()?).with_limit(1);
    apply(repository, batch(2, [put(&asset(2, &["web"]), None)])).await?;
    let other_order = request("").after(repository.search_assets(sorted).await?.next);
    assert!(other_order.after.is_some());
    let error = repository.search_assets(other_order).await.expect_err("another order");
    assert_eq!(error.kind(), ErrorKind::Invalid);
    let elsewhere = request("").after(Some("elsewhere".to_owned()));
    let error = repository.search_assets(elsewhere.clone()).await.expect_err("no cursor of ours");
    assert_eq!(error.kind(), ErrorKind::Invalid);
    let error = repository.search_users(elsewhere.clone()).await.expect_err("no cursor of ours");
    assert_eq!(error.kind(), ErrorKind::Invalid);
    let error = repository.search_groups(elsewhere).await.expect_err("no cursor of ours");
    assert_eq!(error.kind(), ErrorKind::Invalid);
    Ok(())
}
