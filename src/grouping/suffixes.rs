//! Which suffixes stand for the domains of directories.

use serde::Deserialize;

use crate::Result;
use crate::asset::AssetRepository;
use crate::merge::KnownComputer;
use crate::value::{OrganizationId, SourceId};

/// How many of the latest runs of a directory are looked through for one that came to a report.
const LATEST_RUNS: usize = 5;

#[derive(Deserialize)]
struct Report {
    #[serde(default)]
    own_suffixes: Vec<String>,
}

/// The suffixes that stand for a directory's domain, as its latest run says.
///
/// # Errors
///
/// What the store reports.
pub(crate) async fn suffixes_of(
    repository: &dyn AssetRepository,
    organization: &OrganizationId,
    source: &SourceId,
) -> Result<Vec<String>> {
    let runs = repository.runs(organization, source, LATEST_RUNS).await?;
    let reports = runs.iter().filter_map(|run| run.report.as_deref());
    let mut reports = reports.filter_map(|report| serde_json::from_str::<Report>(report).ok());
    Ok(reports.next().map(|report| report.own_suffixes).unwrap_or_default())
}

/// Tells computers of a directory which suffixes stand for their domain.
pub(crate) fn tell_suffixes<'a>(
    computers: impl IntoIterator<Item = &'a mut KnownComputer>,
    suffixes: &[String],
) {
    for known in computers {
        let domain = std::mem::take(&mut known.computer.domain);
        known.computer.domain = domain.within(suffixes.iter().map(String::as_str), []);
    }
}
