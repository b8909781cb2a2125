//! What the latest runs of directories tell of them.

use serde::Deserialize;

use crate::Result;
use crate::asset::AssetRepository;
use crate::merge::{DirectoryDomain, KnownDirectories};
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
