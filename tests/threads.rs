//! Whatever is public may be sent to another thread, and looked at from several.

use std::collections::BTreeSet;
use std::sync::Arc;

use ldap_inventory::asset::*;
use ldap_inventory::credential::*;
use ldap_inventory::curation::*;
use ldap_inventory::directory::*;
use ldap_inventory::ldap::*;
use ldap_inventory::merge::*;
use ldap_inventory::name::*;
use ldap_inventory::query::sql::*;
use ldap_inventory::query::*;
use ldap_inventory::schedule::*;
use ldap_inventory::store::rows::*;
use ldap_inventory::store::*;
use ldap_inventory::sync::*;
use ldap_inventory::task::*;
use ldap_inventory::testing::*;
use ldap_inventory::value::*;
use ldap_inventory::{Error, ErrorKind, Printable, Retry};

use crate::floors::{code, public_names, sources};

/// What is no type of its own, and the trait that a host's records implement, wherever they are.
const OTHERS: [&str; 8] = [
    "Fields",
    "Result",
    "asset_repository",
    "credential_store",
    "directory_source",
    "plan",
    "rows",
    "sync",
];

fn crosses_threads<T: Send + Sync + ?Sized>() {}

macro_rules! crosses_threads {
    ($($type:ty,)*) => {
        /// Compiled, and never called.
        #[allow(dead_code)]
        fn all_types() {
            $(crosses_threads::<$type>();)*
        }

        const TYPES: &[&str] = &[$(stringify!($type)),*];
    };
}

crosses_threads! {
    Error, ErrorKind, Printable<'static>, Retry,
    // asset
    Asset, AssetCounts, dyn AssetRepository, AssetsRequest, Batch, Change, Claim<String>, CommitOutcome, Constraint,
    ConstraintKind, DirectoryGroup, DirectoryUser, Event, EventKind, Facet, FacetCounts, Home, Lease,
    LeaseRequest, Link, LinksRequest, MatchProvenance, Member, MemberPath, MergeRecord, Nesting, ObjectKey, Presence, PrincipalsRequest, Redirect, RetainRuns,
    RunOutcome, RunRecord, SearchPage<Asset>, SearchRequest, Sort, SortKey, SourceRecord, Waiting,
    // credential
    CaCertificate, Credential, dyn CredentialStore, Sealable, ServerUrl, Sharing, SignIn, Thumbprint,
    // curation
    Action, AmbiguousRecord, Author, ChangedField, Curation<'static>, Decided, Entry, ImportOptions, Imported, LeftOut,
    Merged, NotedChange, Occasion, Scan, ScannedAsset, Unmerged, Unresolved,
    // directory
    AttributeError, Completeness, ConnectStep, DirectoryEvent, DirectoryObject, dyn DirectorySource, FullReadReason,
    LeftOutValues, Membership, Page, ReadEnd, ReadRequest, ReadScope, Rejected, RemovedObject, ServerIdentity, Transport,
    Verification,
    // ldap
    BindRefusal, ConnectLimits, DeltaPolicy, ForestDomain, LdapLimits, LdapSource, LdifSource, dyn Resolver,
    ServerCertificate, SrvRecord, TlsProvider,
    // merge
    Considered, Coverage, CoverageCounts, Decision, DirectoryComputers, ExplainedRecord, ExplainedValue, Explanation, Level,
    MergePreview, MergedValue, MovedRecord, Moves, NearMiss, Overlap, Planner<'static>, Verdict,
    // name, value
    AssetId, Attributes, BatchId, Checkpoint, CredentialId, DistinguishedName, Hostname, MatchKey, MergeId, ObjectGuid,
    ObjectKind, OrganizationId, ReadMode, RecordDigest, RunId, Secret, Sid, SiteId, SourceId, Timestamp,
    // query
    Child, Column, ColumnMap, Dialect, Field, ParseError, Query, Reading, Sql, SqlValue, Value<'static>,
    // schedule
    Due, LocalTime, Recurrence, Schedule, Unit,
    // store
    KeyRange, LeaseState, MemoryCredentialStore, MemoryRepository, PostgresRepository, Row, dyn Rows,
    RowsRepository<dyn Rows>, SqliteRepository, Write,
    // sync
    Applied, Cancellation, ComputerCounts, Confirmation, ExceededLimit, LimitsExceeded, Loss, Measure, MergePlan,
    PrincipalCounts, Progress, Stopped, SyncOptions, SyncReport,
    // task
    Ambiguity, ChangeLimits, Exclusions, Grace, Limit, MatchPolicy, SyncTask,
    // testing
    CallFault, DirectoryTree, FaultPlan, Faulty<MemoryRepository>, MockDirectory, MockEnding, MockRecord, ServerTls,
    TestDirectory, TestServer, TestServerBuilder,
}

fn sends<T: Send>(_: T) {}

/// Every function that waits, called with whatever it takes. Compiled, and never called.
#[allow(dead_code, clippy::too_many_arguments)]
fn all_futures(
    curation: &Curation<'_>,
    (id, ids, merge, object): (AssetId, &[AssetId], MergeId, ObjectGuid),
    (source, author, attributes): (&SourceId, &Author, Attributes),
    (task, options, run_plan): (&SyncTask, &SyncOptions, MergePlan),
    (directory, repository): (&dyn DirectorySource, &dyn AssetRepository),
    (ldap, credential, organization): (&LdapSource, &CredentialId, &OrganizationId),
    (ldif, sqlite, server): (&LdifSource, &SqliteRepository, &TestServer),
    (pool, postgres): (deadpool_postgres::Pool, &PostgresRepository),
    (waiting, search, url): (&Unresolved, &SearchRequest, &ServerUrl),
    (dn, limits): (&DistinguishedName, &ConnectLimits),
    (scan, importing, builder): (&Scan, &ImportOptions, TestServerBuilder),
    (now, gate): (Timestamp, &Gate),
) {
    let kind = ConstraintKind::MustLink;
    sends(sync(task, directory, repository, options));
    sends(plan(task, directory, repository, options));
    sends(run_plan.apply(repository, options));
    sends(SyncReport::last_protection(repository, task, &[]));
    sends(SyncReport::likely_sources(repository, task, &[]));
    sends(curation.annotate(ids, &[], author));
    sends(curation.changes(now));
    sends(curation.contribute(id, source, "@cmdb.asset", attributes));
    sends(curation.coverage(30));
    sends(curation.coverage_by_ad_site(30));
    sends(curation.decision(id, source, object));
    sends(curation.delete(id, author));
    sends(curation.directories());
    sends(curation.explain(id));
    sends(curation.forget(id, source, object, kind, author));
    sends(curation.history());
    sends(curation.import(source, scan, importing));
    sends(curation.link(id, source, object, author));
    sends(curation.merge(ids, author));
    sends(curation.near_misses());
    sends(curation.overlaps());
    sends(curation.preview(ids));
    sends(curation.preview_annotations(ids, &[]));
    sends(curation.release(source, author));
    sends(curation.resolve(ids));
    sends(curation.retract(id, source));
    sends(curation.separate(id, source, object, author));
    sends(curation.settle(waiting, None, author));
    sends(curation.unmerge(merge, author));
    sends(curation.unresolved(source));
    sends(curation.uphold());
    sends(ldap.identify(credential, organization));
    sends(ldap.has_entry(credential, organization, dn));
    sends(ldap.forest(credential, organization));
    sends(ServerCertificate::probe(url, false, TlsProvider::default(), limits));
    sends(ldif.identify());
    sends(sqlite.check());
    sends(PostgresRepository::open(pool));
    sends(postgres.check());
    sends(builder.start());
    sends(server.all_closed());
    sends(gate.reached());
    sends(search.read_for_assets(repository));
    sends(search.read_for_users(repository));
    sends(search.read_for_groups(repository));
}

/// What a future may take of the one that awaits it, in octets: as `future-size-threshold` of `clippy.toml`.
const LARGEST: usize = 8192;

/// Whoever awaits one has it within a future of their own, and code that is not optimised copies it on the stack.
#[test]
fn no_future_that_a_host_awaits_is_large() {
    let (repository, directory) =
        (MemoryRepository::new(), MockDirectory::new([] as [MockRecord; 0]));
    let acme: OrganizationId = "acme".parse().unwrap();
    let (source, reader) =
        (SourceId::new("ldap", "corp.example").unwrap(), "reader".parse().unwrap());
    let task = SyncTask::new("task", acme.clone(), "hq".parse().unwrap(), source.clone(), reader);
    let (options, importing) = (SyncOptions::new(), ImportOptions::new(task.site.clone()));
    let curation = Curation::new(&repository, acme.clone());
    let (id, merge, author) = (AssetId::from_u128(1), MergeId::random_v7(), Author::new("anna"));
    let object = MockRecord::guid_of("WEB1");
    let scan = Scan::parse(b"", Timestamp::MIN);
    let ldap = LdapSource::new(Arc::new(MemoryCredentialStore::default()));
    let (url, tls, limits) = ("dc1".parse().unwrap(), TlsProvider::default(), ConnectLimits::new());
    let sizes = [
        ("sync", size_of_val(&sync(&task, &directory, &repository, &options))),
        ("plan", size_of_val(&plan(&task, &directory, &repository, &options))),
        ("import", size_of_val(&curation.import(&source, &scan, &importing))),
        ("annotate", size_of_val(&curation.annotate(&[id], &[], &author))),
        ("link", size_of_val(&curation.link(id, &source, object, &author))),
        ("merge", size_of_val(&curation.merge(&[id, id], &author))),
        ("unmerge", size_of_val(&curation.unmerge(merge, &author))),
        ("explain", size_of_val(&curation.explain(id))),
        ("overlaps", size_of_val(&curation.overlaps())),
        ("coverage", size_of_val(&curation.coverage(30))),
        ("identify", size_of_val(&ldap.identify(&task.credential, &acme))),
        ("forest", size_of_val(&ldap.forest(&task.credential, &acme))),
        ("probe", size_of_val(&ServerCertificate::probe(&url, true, tls, &limits))),
    ];
    let large: Vec<_> = sizes.iter().filter(|(_, octets)| *octets > LARGEST).collect();
    assert!(large.is_empty(), "{large:?}");
}

#[test]
fn every_public_type_is_among_those_that_cross_threads() {
    let name = |named: &str| {
        let bare = named.trim_start_matches("dyn ");
        bare.split('<').next().unwrap_or_default().trim().to_owned()
    };
    let named: BTreeSet<String> = TYPES.iter().map(|named| name(named)).collect();
    assert_eq!(named.len(), TYPES.len(), "one is named twice");
    let others = OTHERS.into_iter().map(str::to_owned);
    let known: BTreeSet<String> = named.into_iter().chain(others).collect();
    assert_eq!(public_names(), known);
}

/// The contract suites apart, whose futures are what the test makes of them.
#[test]
fn every_public_function_that_waits_is_among_those_whose_futures_are_sent() {
    let own = include_str!("threads.rs");
    let mut missing = Vec::new();
    for (_, file) in sources() {
        if file.components().any(|part| part.as_os_str() == "contract") {
            continue;
        }
        for (number, line) in code(&file) {
            let Some(rest) = line.trim().strip_prefix("pub async fn ") else { continue };
            let name: String =
                rest.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect();
            let is_sent =
                ["sends(", ".", "::"].iter().any(|it| own.contains(&format!("{it}{name}(")));
            if !is_sent {
                missing.push(format!("{}:{number}: {name}", file.display()));
            }
        }
    }
    assert!(missing.is_empty(), "{}", missing.join("\n"));
}
