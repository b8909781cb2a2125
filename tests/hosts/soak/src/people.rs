//! A process that is a person: says something of assets, makes two of them one, and takes that back.

use std::path::Path;
use std::time::Instant;

use ldap_inventory::asset::AssetRepository;
use ldap_inventory::curation::{Author, ChangedField, Curation, ImportOptions, Scan};
use ldap_inventory::name::{Hostname, MatchKey};
use ldap_inventory::store::SqliteRepository;
use ldap_inventory::sync::{SyncOptions, sync};
use ldap_inventory::value::{AssetId, MergeId, SourceId, Timestamp};
use ldap_inventory::{ErrorKind, Result};

use crate::directories::{Directories, KEPT, kept, source, task};
use crate::process::Working;
use crate::told::{Told, failed, micros};
use crate::watched::Watched;
use crate::{acme, laws};

/// How many persons there are. Each has assets that no other touches, and syncs touch all of them.
pub(crate) const PERSONS: usize = 2;
/// So many merges of a person stand at once.
const STANDING: usize = 6;

/// The inventory as all begin with it: every directory once, and a scan with an asset for each computer that is kept. How
/// many events that made.
pub(crate) async fn begin_with_assets(file: &Path, directories: &Directories) -> Result<usize> {
    let repository = SqliteRepository::open(file)?;
    let urls = directories.urls();
    for (number, url) in urls.iter().enumerate() {
        sync(&task(number), &source(number, url)?, &repository, &SyncOptions::new()).await?;
    }
    let names = (0..urls.len()).flat_map(|at| (0..KEPT).map(move |n| spare(at, n)));
    let lines: String = names.map(|name| format!("{{\"names\":[\"{name}\"]}}\n")).collect();
    let scan = Scan::parse(lines.as_bytes(), Timestamp::now());
    let curation = Curation::new(&repository, acme());
    let scanner = SourceId::new("scan", "hq")?;
    curation.import(&scanner, &scan, &ImportOptions::new("hq".parse()?)).await?;
    laws::events_so_far(&repository).await
}

/// An asset that a scanner knows, and no directory.
fn spare(directory: usize, n: usize) -> String {
    format!("spare{n}-{directory}.scanned.example")
}

pub(crate) async fn work(working: Working) -> Result<()> {
    let repository = Watched::new(SqliteRepository::open(&working.file)?);
    let author = Author::new(format!("person {}", working.number));
    let curation = Curation::new(&repository, acme());
    let mut standing = Vec::new();
    for merge in repository.merges(&acme()).await? {
        if merge.by == author.by && merge.undone.is_none() {
            standing.push(merge.id);
        }
    }
    Person { working, repository: &repository, curation, author, standing }.live().await
}

struct Person<'a> {
    working: Working,
    repository: &'a Watched,
    curation: Curation<'a>,
    author: Author,
    standing: Vec<MergeId>,
}

impl Person<'_> {
    async fn live(mut self) -> Result<()> {
        while self.working.goes_on() {
            match self.working.random.below(6) {
                0 if self.standing.len() < STANDING => self.merge().await?,
                1 | 2 if !self.standing.is_empty() => self.unmerge().await,
                _ => self.annotate().await?,
            }
        }
        Ok(())
    }

    /// A kept computer of any directory that is this person's: to annotate those of even numbers, to merge the others.
    fn pick(&mut self, parity: usize) -> (usize, usize) {
        let directory = self.working.random.below(self.working.urls.len());
        let of_person = 2 * PERSONS;
        let n = self.working.random.below(KEPT / of_person) * of_person;
        (directory, n + 2 * self.working.number + parity)
    }

    async fn annotate(&mut self) -> Result<()> {
        let (directory, n) = self.pick(0);
        let Some(asset) = self.named(&kept(directory, n)).await? else { return Ok(()) };
        let comment = format!("{} {:016x}", self.author.by, self.working.random.next_u64());
        Told::Saying { asset, comment: comment.clone() }.tell();
        let begun = Instant::now();
        let said = [ChangedField::comment(&comment)];
        match self.curation.annotate(&[asset], &said, &self.author).await {
            Ok(_) => Told::Said { asset, micros: micros(begun) }.tell(),
            Err(error) => {
                if error.kind() == ErrorKind::Conflict {
                    Told::NotSaid { asset }.tell();
                }
                failed("annotate", &error, &[ErrorKind::Conflict]);
            }
        }
        Ok(())
    }

    async fn merge(&mut self) -> Result<()> {
        let (directory, n) = self.pick(1);
        let names = [kept(directory, n), spare(directory, n)];
        let (Some(one), Some(other)) = (self.named(&names[0]).await?, self.named(&names[1]).await?)
        else {
            return Ok(());
        };
        if one == other {
            return Ok(());
        }
        Told::Merging.tell();
        let begun = Instant::now();
        match self.curation.merge(&[one, other], &self.author).await {
            Ok(merged) => {
                Told::Merged { merge: merged.id, micros: micros(begun) }.tell();
                self.standing.push(merged.id);
            }
            Err(error) => {
                if error.kind() == ErrorKind::Conflict {
                    Told::NotMerged.tell();
                }
                failed("merge", &error, &[ErrorKind::Conflict]);
            }
        }
        Ok(())
    }

    async fn unmerge(&mut self) {
        let at = self.working.random.below(self.standing.len());
        let merge = self.standing.swap_remove(at);
        Told::Unmerging { merge }.tell();
        let begun = Instant::now();
        match self.curation.unmerge(merge, &self.author).await {
            Ok(_) => Told::Unmerged { merge, micros: micros(begun) }.tell(),
            Err(error) => {
                self.standing.push(merge);
                if error.kind() == ErrorKind::Conflict {
                    Told::NotUnmerged { merge }.tell();
                }
                failed("unmerge", &error, &[ErrorKind::Conflict]);
            }
        }
    }

    /// The asset of this name.
    async fn named(&self, name: &str) -> Result<Option<AssetId>> {
        let keys: Vec<MatchKey> = Hostname::parse(name)?.match_keys().collect();
        let found = self.repository.candidates(&acme(), &keys).await?;
        let is_it = |asset: &&ldap_inventory::asset::Asset| {
            asset.live_names().any(|known| known.as_str() == name)
        };
        Ok(found.iter().find(is_it).map(|asset| asset.id))
    }
}
