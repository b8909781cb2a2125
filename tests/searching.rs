//! Random queries over random inventories: the evaluator and the stores agree.

use ldap_inventory::asset::{
    Asset, AssetCounts, AssetRepository, Batch, Change, Claim, CommitOutcome, Facet, SearchRequest,
    Sort, SortKey, SourceRecord,
};
use ldap_inventory::name::Hostname;
use ldap_inventory::query::Query;
use ldap_inventory::value::{AssetId, BatchId, OrganizationId, SourceId, Timestamp};
use proptest::prelude::*;
use proptest::sample::{select, subsequence};

use crate::cases::cases;
use crate::stores;

const NAMES: [&str; 9] = [
    "web1",
    "web1.corp.example",
    "web2.corp.example",
    "WEB2.branch.example",
    "averylonghostname.corp.example",
    "averylonghostna",
    "bücher",
    "büro-pc1.corp.example",
    "xn--bcher-kva",
];
const SYSTEMS: [&str; 5] = [
    "Windows Server® 2008",
    "Windows 11 Enterprise",
    "windows server 2022",
    "Ubuntu 24.04",
    "ÄBC_%\\ 'OS'",
];
const TEXTS: [&str; 12] = [
    "web1",
    "WEB1.corp.example",
    "true",
    "false",
    "12",
    "",
    "CN=Über 100%_\\ of all,OU=Groups,DC=corp",
    "CN=O'Brien\\, Pat\\\\,OU=Groups,DC=corp",
    "O'Brien, Pat\\,OU",
    "ΟΔΟΣ ldap",
    "U\u{308}ber Straße™ ﬁ１２",
    "１２",
];
const TIMES: [&str; 3] =
    ["2026-01-01T00:00:00Z", "2026-06-01T12:30:00.000001Z", "2030-01-01T00:00:00Z"];
const ATTRIBUTES: [&str; 5] = ["cn", "isDisabled", "memberOf", "msDS-X.y", "lastLogonTS"];
const SORTS: [&str; 6] = ["first_seen", "id", "last_seen", "name", "os", "site"];
const FACETS: [Facet; 5] = [Facet::Domain, Facet::Os, Facet::Site, Facet::Source, Facet::Type];

fn now() -> Timestamp {
    "2026-06-01T12:30:00Z".parse().unwrap()
}

fn acme() -> OrganizationId {
    OrganizationId::new("acme").unwrap()
}

prop_compose! {
    /// An asset of one or two sources, most of whose values others have too.
    fn asset()(
        names in subsequence(NAMES.to_vec(), 0..4), live in any::<u8>(),
        os in prop::option::of(select(SYSTEMS.to_vec())), site in select(vec!["hq", "Lab"]),
        domains in subsequence(vec!["corp.example", "CORP", "bücher.example", "xn--bcher-kva.example"], 0..3),
        addresses in subsequence(vec!["10.0.0.5", "10.9.0.1", "fe80::5", "::ffff:10.0.0.5"], 0..3),
        seen in prop::option::of((select(TIMES.to_vec()), select(TIMES.to_vec()))),
        kind in prop::option::of(select(vec!["server", "desktop"])),
        sources in subsequence(vec![("scan", "hq"), ("ldap", "corp.example"), ("ldap", "b")], 1..=3),
        attributes in prop::collection::vec((select(ATTRIBUTES.to_vec()), 0..12usize), 0..6),
    ) -> Asset {
        let mut asset = Asset::new(AssetId::from_u128(0), acme(), site.parse().unwrap());
        for (number, (kind, name)) in (0..).zip(sources) {
            let source = SourceId::new(kind, name).unwrap();
            let key = if kind == "ldap" { "@ldap.computer" } else { "@Scan.Asset" };
            let mut part = SourceRecord::new(number, source, key, now());
            let values = attributes.iter().map(|(attribute, n)| (*attribute, value(attribute, *n)));
            part.attributes = values.collect();
            asset.parts.push(part);
        }
        asset.names = names.iter().enumerate().map(|(n, name)| {
            let mut claim = Claim::new(Hostname::parse(name).unwrap(), 0, None, now());
            claim.until = (live >> n & 1 == 1).then(now);
            claim
        }).collect();
        let text = |text: &str| Claim::new(text.to_owned(), 0, None, now());
        asset.os = os.into_iter().map(text).collect();
        asset.os_version = os.and_then(|os| os.split(' ').nth(1)).into_iter().map(text).collect();
        asset.kind = kind.into_iter().map(text).collect();
        asset.domains = domains.into_iter().map(text).collect();
        let address = |text: &str| Claim::new(text.parse().unwrap(), 0, None, now());
        asset.addresses = addresses.into_iter().map(address).collect();
        let time = |text: &str| Claim::new(text.parse().unwrap(), 0, None, now());
        asset.first_seen = seen.map(|(first, _)| time(first)).into_iter().collect();
        asset.last_seen = seen.map(|(_, last)| time(last)).into_iter().collect();
        asset
    }
}

fn value(attribute: &str, n: usize) -> &'static str {
    if attribute.ends_with("TS") && n < 6 { TIMES[n % 3] } else { TEXTS[n] }
}

fn key() -> impl Strategy<Value = String> {
    let fields = Asset::FIELDS.iter().flat_map(|field| field.names);
    let fields: Vec<String> = fields.chain(&["nothing"]).map(|name| (*name).to_owned()).collect();
    let attributes = ["@ldap.computer", "@scan.asset", "@other.thing"].into_iter();
    let attributes =
        attributes.flat_map(|source| ATTRIBUTES.map(|name| format!("{source}.{name}")));
    prop_oneof![select(fields), select(attributes.collect::<Vec<_>>())]
}

/// A part of some text, as a value of a query.
fn text() -> impl Strategy<Value = String> {
    let all = NAMES.iter().chain(&SYSTEMS).chain(&TEXTS).chain(&TIMES);
    let others = [
        "ldap",
        "ldap/corp.example",
        "hq",
        "server",
        "t",
        "f",
        "10.0.0.0/8",
        "fe80::/10",
        "never",
        "present",
        "missing",
    ];
    let all: Vec<&str> = all.copied().chain(others).collect();
    (select(all), any::<(prop::sample::Index, prop::sample::Index)>()).prop_map(|(text, (a, b))| {
        let chars: Vec<char> = text.chars().collect();
        let (a, b) = (a.index(chars.len() + 1), b.index(chars.len() + 1));
        // As often the whole text as a part of it.
        let whole = a.is_multiple_of(2);
        let part: String = chars[a.min(b)..a.max(b)].iter().collect();
        if whole { text.to_owned() } else { part }
    })
}

fn term() -> impl Strategy<Value = String> {
    let bounds = ["1", "0", "now", "3months", "2026-06-01", "2026-01-01T00:00:00Z", "now-200days"];
    let pattern = (text(), any::<bool>(), select(vec!['%', '*'])).prop_map(|(text, end, any)| {
        let text = text.replace('\\', "\\\\").replace('"', "\\\"");
        let exactly = if any == '%' { "=" } else { "" };
        if end { format!("{exactly}\"{any}{text}\"") } else { format!("{exactly}\"{text}{any}\"") }
    });
    let test = prop_oneof![
        3 => text().prop_map(|text| Query::quote(&text)),
        2 => text().prop_map(|text| format!("={}", exact(&text))),
        1 => (text(), text()).prop_map(|(a, b)| format!("{},{}", Query::quote(&a), Query::quote(&b))),
        2 => pattern,
        2 => (select(vec![">", ">=", "<", "<="]), select(bounds.to_vec()))
            .prop_map(|(comparison, bound)| format!("{comparison}{bound}")),
    ];
    prop_oneof![
        8 => (key(), test).prop_map(|(key, test)| format!("{key}:{test}")),
        1 => key().prop_map(|key| format!("has:{key}")),
        1 => (key(), 0..3u8).prop_map(|(key, n)| format!("{key}_count:>={n}")),
        1 => text().prop_map(|text| format!("name:{}", Query::quote(&text))),
    ]
}

/// A text of which nothing is a wildcard.
fn exact(text: &str) -> String {
    let escaped = text.replace('\\', "\\\\").replace('"', "\\\"");
    format!("\"{}\"", escaped.replace('%', "\\%").replace('_', "\\_"))
}

fn query() -> impl Strategy<Value = String> {
    term().prop_recursive(3, 12, 3, |inner| {
        prop_oneof![
            inner.clone().prop_map(|inner| format!("NOT ({inner})")),
            prop::collection::vec(inner.clone(), 2..4).prop_map(|parts| parts.join(" AND ")),
            prop::collection::vec(inner, 2..4)
                .prop_map(|parts| format!("({})", parts.join(" OR "))),
        ]
    })
}

async fn fill(repository: &dyn AssetRepository, assets: &[Asset]) {
    let changes = assets.iter().map(|asset| Change::create(asset.clone()));
    let source = SourceId::new("scan", "hq").unwrap();
    let batch = Batch::new(BatchId::from_u128(1), acme(), source).with_changes(changes);
    assert_eq!(repository.commit(batch).await.unwrap(), CommitOutcome::Applied);
}

/// What the evaluator says, asked about every asset.
fn expected(assets: &[Asset], query: &Query, sort: Sort) -> Vec<Asset> {
    let request = SearchRequest::new(acme(), query.clone(), now());
    let overlaps = |asset: &Asset| {
        let keys = asset.match_keys();
        let others = assets.iter().filter(|other| other.id != asset.id);
        others.flat_map(Asset::match_keys).any(|key| keys.contains(&key))
    };
    let asked_for = |asset: &&Asset| request.selects_asset(asset, || overlaps(asset), || false);
    let mut found: Vec<Asset> = assets.iter().filter(asked_for).cloned().collect();
    found.sort_by(|a, b| SortKey::of(sort, a).compare(&SortKey::of(sort, b)));
    found
}

async fn found(repository: &dyn AssetRepository, query: &Query, sort: Sort) -> Vec<AssetId> {
    let mut request =
        SearchRequest::new(acme(), query.clone(), now()).with_sort(sort).with_limit(4);
    let mut ids = Vec::new();
    loop {
        let page = repository.search_assets(request.clone()).await.unwrap();
        ids.extend(page.records.iter().map(|asset| asset.id));
        match page.next {
            Some(next) => request = request.after(Some(next)),
            None => return ids,
        }
    }
}

async fn agree(repository: &dyn AssetRepository, assets: &[Asset], text: &str, sort: Sort) {
    let query = Query::parse(text).unwrap_or_else(|error| panic!("{text}: {error}"));
    assert_eq!(Query::parse(&query.to_string()).unwrap(), query, "{text}");
    let expected = expected(assets, &query, sort);
    let ids: Vec<AssetId> = expected.iter().map(|asset| asset.id).collect();
    assert_eq!(found(repository, &query, sort).await, ids, "{text} by {sort} in {repository:?}");
    let request = SearchRequest::new(acme(), query, now());
    let counts = repository.count_assets(request, &FACETS).await.unwrap();
    assert_eq!(counts, AssetCounts::of(&expected, &FACETS, 100), "{text} in {repository:?}");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(cases(64)))]

    #[test]
    fn the_stores_find_and_count_what_the_evaluator_does(
        mut assets in prop::collection::vec(asset(), 1..12),
        asked in prop::collection::vec((query(), select(SORTS.to_vec()), any::<bool>()), 40),
    ) {
        for (n, asset) in (1..).zip(&mut assets) {
            asset.id = AssetId::from_u128(n);
        }
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            for store in stores::empty().await {
                let store = &*store.handles[0];
                fill(store, &assets).await;
                for (text, by, descending) in &asked {
                    let mut sort: Sort = by.parse().unwrap();
                    sort.descending = *descending;
                    agree(store, &assets, text, sort).await;
                }
            }
        });
    }
}
