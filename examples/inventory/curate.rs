//! What people change, and what they look into: each command, and how its answer is shown.

use std::fmt::Display;
use std::io::{self, BufWriter, Write};

use futures::TryStreamExt;
use ldap_inventory::asset::{AssetRepository, LinksRequest, SearchRequest};
use ldap_inventory::curation::{Curation, Decided, Unmerged};
use ldap_inventory::merge::{Coverage, GoneAsset, MovedRecord, Moves, Overlap};
use ldap_inventory::query::Query;
use ldap_inventory::value::{AssetId, ObjectGuid, OrganizationId, SourceId, Timestamp};
use ldap_inventory::{Error, ErrorKind};
use serde::Serialize;

use super::exit::{Failure, Status};
use super::explain;
use super::options::{Deciding, Directory, Merging, Surveying};
use super::table::{self, Table};

/// The inventory, and how answers are shown.
pub(crate) struct Desk<'a> {
    pub(super) repository: &'a dyn AssetRepository,
    pub(super) organization: &'a OrganizationId,
    curation: Curation<'a>,
}

impl<'a> Desk<'a> {
    pub(crate) fn new(
        repository: &'a dyn AssetRepository,
        organization: &'a OrganizationId,
    ) -> Self {
        let curation = Curation::new(repository, organization.clone());
        Self { repository, organization, curation }
    }

    pub(crate) async fn merge(&self, options: &Merging) -> Result<(), Failure> {
        let mut assets = Vec::new();
        for asset in &options.assets {
            assets.push(self.asset(asset).await?);
        }
        if options.dry_run {
            let preview = self.curation.preview(&assets).await?;
            return tell(options.json, &preview, || format!("{preview}\nnothing was written"));
        }
        let merged = self.curation.merge(&assets, &options.author.author()).await?;
        let words =
            || format!("{}\nmerge {} is written; unmerge takes it back", merged.preview, merged.id);
        tell(options.json, &merged, words)
    }

    pub(crate) async fn unmerge(&self, options: &super::options::Unmerging) -> Result<(), Failure> {
        let undone = self.curation.unmerge(options.merge, &options.author.author()).await?;
        let Unmerged { id, survivor, restored, moves, .. } = &undone;
        let restored: Vec<String> = restored.iter().map(ToString::to_string).collect();
        let words = || {
            let apart = match restored.as_slice() {
                [] => "nothing was left of the others".to_owned(),
                restored => format!("{survivor} and {} are apart again", restored.join(", ")),
            };
            format!("merge {id} is undone: {apart}{}", moved(moves))
        };
        tell(options.json, &undone, words)
    }

    pub(crate) async fn link(&self, options: &Deciding) -> Result<(), Failure> {
        let (asset, source) = self.subject(options).await?;
        let author = options.author.author();
        let decision = self.curation.link(asset, &source, options.object, &author).await?;
        decided(options.json, &decision)
    }

    pub(crate) async fn separate(&self, options: &Deciding) -> Result<(), Failure> {
        let (asset, source) = self.subject(options).await?;
        let author = options.author.author();
        let decision = self.curation.separate(asset, &source, options.object, &author).await?;
        decided(options.json, &decision)
    }

    /// Takes back the decision that holds on an asset and an object.
    pub(crate) async fn forget(&self, options: &Deciding) -> Result<(), Failure> {
        let (asset, source) = self.subject(options).await?;
        let latest = self.curation.decision(asset, &source, options.object).await?;
        let kind = latest.map(|c| c.kind).ok_or_else(|| {
            Error::new(ErrorKind::NotFound, "nobody decided anything on this asset and this object")
        })?;
        let author = options.author.author();
        let told = self.curation.forget(asset, &source, options.object, kind, &author).await?;
        tell(options.json, &told, || format!("taken back: {}{}", told.decision, moved(&told.moves)))
    }

    pub(crate) async fn overlaps(&self, options: &Surveying) -> Result<(), Failure> {
        let overlaps = self.curation.overlaps().await?;
        if options.json {
            return lines(&overlaps);
        }
        let mut table = Table::new(["Asset", "Name", "Why they may be one"]);
        (table.wraps, table.whole) = (true, 1);
        let name = |name: &Option<_>| name.as_ref().map(ToString::to_string).unwrap_or_default();
        for overlap in &overlaps {
            let Overlap { first, first_name, second, second_name, reason, .. } = overlap;
            table.row([first.to_string(), name(first_name), reason.clone()]);
            table.row([second.to_string(), name(second_name), String::new()]);
        }
        show(&table, &counted(overlaps.len(), "overlap", "overlaps"))
    }

    /// Suggestions: names that are nearly the same.
    pub(crate) async fn near_misses(&self, options: &Surveying) -> Result<(), Failure> {
        let near = self.curation.near_misses().await?;
        if options.json {
            return lines(&near);
        }
        let mut table = Table::new(["Asset", "Name", "How it is near"]);
        (table.wraps, table.whole) = (true, 1);
        for miss in &near {
            let difference = miss.difference();
            table.row([miss.computer.to_string(), miss.computer_name.clone(), difference]);
            table.row([miss.asset.to_string(), miss.asset_name.clone(), String::new()]);
        }
        show(&table, &counted(near.len(), "near name", "near names"))
    }

    pub(crate) async fn coverage(&self, days: u64, json: bool) -> Result<(), Failure> {
        let coverage = self.curation.coverage(days).await?;
        if json { tell(true, &coverage, String::new) } else { covered(&coverage) }
    }

    pub(crate) async fn explain(&self, asset: &str, json: bool) -> Result<(), Failure> {
        let explanation = self.curation.explain(self.asset(asset).await?).await?;
        if json {
            return tell(json, &explanation, String::new);
        }
        let mut out = BufWriter::new(io::stdout().lock());
        explain::show(&mut out, &explanation)?;
        Ok(out.flush()?)
    }

    pub(crate) async fn unresolved(&self, options: &Directory) -> Result<(), Failure> {
        let mut waiting = Vec::new();
        for source in self.sources(options.source.as_ref()).await? {
            waiting.extend(self.curation.unresolved(&source).await?);
        }
        if options.json {
            return lines(&waiting);
        }
        let mut out = BufWriter::new(io::stdout().lock());
        for computer in &waiting {
            let mut paragraph = Table::new([""]);
            paragraph.wraps = true;
            computer.to_string().lines().for_each(|line| paragraph.row([line.trim_start()]));
            paragraph.write(&mut out, table::width())?;
            writeln!(out)?;
        }
        match waiting.len() {
            1 => writeln!(out, "  1 computer waits for a person")?,
            count => writeln!(out, "  {count} computers wait for a person")?,
        }
        Ok(out.flush()?)
    }

    /// One directory, or all that the inventory knows.
    pub(super) async fn sources(
        &self,
        chosen: Option<&SourceId>,
    ) -> Result<Vec<SourceId>, Failure> {
        Ok(match chosen {
            Some(source) => vec![source.clone()],
            None => self.curation.directories().await?.into_iter().collect(),
        })
    }

    pub(crate) async fn history(&self, options: &Surveying) -> Result<(), Failure> {
        let history = self.curation.history().await?;
        if options.json {
            return lines(&history);
        }
        let mut table = Table::new(["When", "What"]);
        table.wraps = true;
        for entry in &history {
            table.row([entry.at.to_string(), entry.to_string()]);
        }
        show(&table, &counted(history.len(), "entry", "entries"))
    }

    async fn subject(&self, options: &Deciding) -> Result<(AssetId, SourceId), Failure> {
        let asset = self.asset(&options.asset).await?;
        Ok((asset, self.source(options.source.as_ref(), options.object).await?))
    }

    /// The asset with this id, or the only one with this name.
    async fn asset(&self, text: &str) -> Result<AssetId, Failure> {
        if let Ok(id) = text.parse() {
            return Ok(id);
        }
        let unreadable = |_| Failure::new(Status::Usage, "an asset is named by its id or its name");
        let name = Query::quote(text);
        let query = Query::parse(&format!("name:={name} NOT alias:={name}")).map_err(unreadable)?;
        let request =
            SearchRequest::new(self.organization.clone(), query, Timestamp::now()).with_limit(2);
        match self.repository.search_assets(request).await?.records.as_slice() {
            [asset] => Ok(asset.id),
            [] => Err(Error::new(ErrorKind::NotFound, "no asset has this id or name")
                .with_context("asset", text)
                .into()),
            _ => {
                let sentence = format!("several assets are called {text}; name the one by its id");
                Err(Failure::new(Status::Usage, sentence))
            }
        }
    }

    /// The directory that an object is of.
    async fn source(
        &self,
        given: Option<&SourceId>,
        object: ObjectGuid,
    ) -> Result<SourceId, Failure> {
        if let Some(source) = given {
            return Ok(source.clone());
        }
        for source in self.curation.directories().await? {
            let link = LinksRequest::new(self.organization.clone(), source.clone());
            let mut links = self.repository.links(link.of_objects([object])).await?;
            if links.try_next().await?.is_some() {
                return Ok(source);
            }
        }
        let message = "no directory of this inventory has such an object";
        Err(Error::new(ErrorKind::NotFound, message).with_context("object", object).into())
    }
}

fn decided(json: bool, decided: &Decided) -> Result<(), Failure> {
    tell(json, decided, || {
        let replaced = decided
            .replaced
            .iter()
            .map(|replaced| format!("\nit takes the place of what was said before: {}", replaced));
        let replaced: String = replaced.collect();
        let (decision, moves) = (&decided.decision, moved(&decided.moves));
        format!("{decision}{replaced}{moves}\nforget takes it back")
    })
}

/// What moved, a line for each record.
fn moved(moves: &Moves) -> String {
    let place = |asset: Option<AssetId>| match asset {
        Some(asset) => format!("asset {asset}"),
        None => "those that wait for a person".to_owned(),
    };
    let mut lines = vec![String::new()];
    for MovedRecord { source, object, identity, from, to, .. } in &moves.records {
        let what = match (object, identity) {
            (Some(object), _) => format!("object {object} of {source}"),
            (None, Some(identity)) => format!("{identity} of {source}"),
            (None, None) => format!("a record of {source}"),
        };
        lines.push(format!("{what} moved from {} to {}", place(*from), place(*to)));
    }
    lines.extend(moves.came.iter().map(|asset| format!("asset {asset} is there now")));
    lines.extend(moves.gone.iter().map(|GoneAsset { asset, to, .. }| match to {
        Some(to) => {
            format!("asset {asset} is gone: nothing is left of it, and its id leads to {to}")
        }
        None => format!("asset {asset} is gone: nothing is left of it"),
    }));
    if moves.records.is_empty() {
        lines.push("nothing moved".to_owned());
    }
    lines.join("\n")
}

fn covered(coverage: &Coverage) -> Result<(), Failure> {
    let titles = ["Site", "Assets", "Both", "Dir", "Scan", "None", "Dir†", "Scan†", "System"];
    let mut table = Table::new(titles);
    let cells = |site: &str, counts: [u64; 7], os: &str| {
        let counts = counts.iter().map(ToString::to_string);
        [site.to_owned()].into_iter().chain(counts).chain([os.to_owned()]).collect::<Vec<_>>()
    };
    for (site, os, counts) in coverage.rows() {
        let os = if os.is_empty() { "unknown" } else { os };
        table.row(cells(site.as_str(), counts.columns(), os));
    }
    table.row(cells("total", coverage.total.columns(), ""));
    let days = coverage.stale_after_days;
    let footer = "Both: in the directory and scanned; Dir, Scan: only there; None: in neither";
    show(&table, &format!("{footer}\n  †: stale, not seen there for {days} days"))
}

/// Shows one answer: a line of JSON for tools, words for people.
fn tell<W: Display>(
    json: bool,
    answer: &impl Serialize,
    words: impl FnOnce() -> W,
) -> Result<(), Failure> {
    if json {
        return lines(std::slice::from_ref(answer));
    }
    let mut out = io::stdout().lock();
    Ok(writeln!(out, "{}", words())?)
}

fn lines(records: &[impl Serialize]) -> Result<(), Failure> {
    let mut out = BufWriter::new(io::stdout().lock());
    for record in records {
        serde_json::to_writer(&mut out, record).map_err(io::Error::from)?;
        writeln!(out)?;
    }
    Ok(out.flush()?)
}

fn counted(count: usize, one: &str, several: &str) -> String {
    format!("{count} {}", if count == 1 { one } else { several })
}

fn show(table: &Table, footer: &str) -> Result<(), Failure> {
    let mut out = BufWriter::new(io::stdout().lock());
    table.write(&mut out, table::width())?;
    writeln!(out, "\n  {footer}")?;
    Ok(out.flush()?)
}
