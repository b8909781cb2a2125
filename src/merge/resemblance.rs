//! Which assets a record of another source than a directory could be, by its names.

use super::compare::Names;
use super::watch::Unwatched;
use super::{Candidate, Computer, DirectoryDomain, Evidence, KnownDirectories};
use crate::name::{Hostname, is_authoritative_domain};
use crate::value::{AssetId, ObjectGuid};

/// An asset that a record could be.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct Resemblance {
    /// The asset.
    pub(crate) asset: AssetId,
    /// What speaks for it.
    pub(crate) evidence: Evidence,
}

/// The candidates that each of these records could be, the best first, by the rules that hold for computers. A record
/// is its names and its domains. Names that too many records or candidates share are no evidence,
/// nor is a domain below another one if the directories know it as one of its own.
pub(crate) fn resemblances(
    records: &[(&[Hostname], &[String])],
    candidates: &[Candidate],
    directories: &KnownDirectories,
) -> Vec<Vec<Resemblance>> {
    let around = DirectoryDomain::default().within([], directories.domains());
    let computers: Vec<Computer> =
        records.iter().map(|(names, domains)| computer(names, domains, &around)).collect();
    let mut candidates: Vec<&Candidate> = candidates.iter().collect();
    candidates.sort_unstable_by_key(|candidate| candidate.asset);
    let all = computers.iter().map(|computer| Some((computer, true)));
    let named = candidates.iter().map(|candidate| Some((*candidate, true)));
    let Ok(names) = Names::of(named, all, directories.policy().weak_name_limit, &Unwatched);
    let naming = |place: usize| candidates.get(place).map(|candidate| &candidate.whole);
    let fitting = |computer: &Computer| {
        let compared = names.compare(computer, naming).assets.into_iter();
        let fits = compared.filter_map(|compared| {
            let asset = candidates.get(compared.place)?.asset;
            Some(Resemblance { asset, evidence: compared.outcome.ok()? })
        });
        fits.collect()
    };
    computers.iter().map(fitting).collect()
}

fn computer(names: &[Hostname], domains: &[String], around: &DirectoryDomain) -> Computer {
    let domains: Vec<&str> = domains.iter().map(String::as_str).collect();
    let nobody = ObjectGuid::from_bytes([0; 16]);
    let domains: Vec<&str> = domains.into_iter().filter(|d| is_authoritative_domain(d)).collect();
    let domain = around.around(DirectoryDomain::of_names(&domains));
    Computer::named(nobody, names.iter().cloned(), domain)
}
