//! What the latest runs of directories tell of them.

use serde::Deserialize;

use crate::Result;
use crate::asset::AssetRepository;
use crate::directory::ServerIdentity;
use crate::merge::{DirectoryDomain, KnownDirectories};
use crate::name::DistinguishedName;
use crate::task::MatchPolicy;
use crate::value::{OrganizationId, SourceId};

/// How many of the latest runs of a directory are asked for, until one of them came to a report: nearly always the
/// first did. However many failed since, whose a domain is has not changed.
const LATEST_RUNS: [usize; 3] = [1, 32, usize::MAX];

/// What is asked of a report, whatever the rest of it was called then.
#[derive(Deserialize)]
struct Report {
    server: Server,
    #[serde(default)]
    own_suffixes: Vec<String>,
    #[serde(default)]
    matching: Option<MatchPolicy>,
}

#[derive(Deserialize)]
struct Server {
    domain: Option<String>,
    netbios_domain: Option<String>,
    #[serde(default)]
    other_domains: Vec<String>,
    #[serde(default)]
    allowed_suffixes: Vec<String>,
    #[serde(default)]
    default_naming_context: Option<DistinguishedName>,
}

/// All directories of an organization, as their latest runs tell. `policy` is that of whoever asks.
///
/// # Errors
///
/// What the store reports.
pub(crate) async fn known_directories(
    repository: &dyn AssetRepository,
    organization: &OrganizationId,
    policy: &MatchPolicy,
) -> Result<KnownDirectories> {
    let mut known = KnownDirectories::new(policy);
    for source in repository.sources(organization).await? {
        if let Some(report) = latest_report(repository, organization, &source).await? {
            let Report { server, own_suffixes, matching } = report;
            let names = (server.domain.as_deref(), server.netbios_domain.as_deref());
            let suffixes = own_suffixes.iter().map(String::as_str);
            let others = server.other_domains.iter().map(String::as_str);
            let domain = DirectoryDomain::new(names.0, names.1).within(suffixes, others);
            known = known.with(source, domain, matching);
        }
    }
    Ok(known)
}

/// Gives a directory that no server was asked for the names by which the latest run of the source knew it, where an export
/// tells none: what an inventory knows of the domains around it does not end by that.
///
/// # Errors
///
/// What the store reports.
pub(crate) async fn keep_known_names(
    repository: &dyn AssetRepository,
    organization: &OrganizationId,
    source: &SourceId,
    server: &mut ServerIdentity,
) -> Result<()> {
    let Some(Report { server: known, .. }) =
        latest_report(repository, organization, source).await?
    else {
        return Ok(());
    };
    if server.domain.is_none() {
        server.domain = known.domain;
        server.default_naming_context = known.default_naming_context;
    } else if !same_name(server.domain.as_deref(), known.domain.as_deref()) {
        return Ok(());
    }
    server.netbios_domain = server.netbios_domain.take().or(known.netbios_domain);
    if server.other_domains.is_empty() {
        server.other_domains = known.other_domains;
    }
    if server.allowed_suffixes.is_empty() {
        server.allowed_suffixes = known.allowed_suffixes;
    }
    Ok(())
}

fn same_name(one: Option<&str>, other: Option<&str>) -> bool {
    one.zip(other).is_some_and(|(one, other)| one.eq_ignore_ascii_case(other))
}

async fn latest_report(
    repository: &dyn AssetRepository,
    organization: &OrganizationId,
    source: &SourceId,
) -> Result<Option<Report>> {
    for limit in LATEST_RUNS {
        let runs = repository.runs(organization, source, limit).await?;
        let reports = runs.iter().filter_map(|run| run.report.as_deref());
        let mut readable = reports.filter_map(|report| serde_json::from_str(report).ok());
        if let Some(report) = readable.next() {
            return Ok(Some(report));
        }
        if runs.len() < limit {
            break;
        }
    }
    Ok(None)
}
