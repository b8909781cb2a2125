//! What people change, and what they look into: each command, and how its answer is shown.

use std::fmt::Display;
use std::io::{self, BufWriter, Write};

use ldap_inventory::asset::{Asset, AssetRepository};
use ldap_inventory::curation::{Action, Curation, Decided, Unmerged};
use ldap_inventory::merge::{Coverage, MovedRecord, Moves, Overlap};
use ldap_inventory::value::{AssetId, ObjectGuid, OrganizationId, SourceId};
use ldap_inventory::{Error, ErrorKind};
use serde::{Deserialize, Serialize};

use super::exit::{Failure, Status};
use super::explain;
use super::options::{CountedBy, Deciding, Deleting, Merging, Surveying, Unmerging};
use super::printed::{json_line, say};
use super::short::ShortIds;
use super::table::{Form, Table, prose};

/// The inventory, and how answers are shown.
pub(crate) struct Desk<'a> {
    pub(super) repository: &'a dyn AssetRepository,
    pub(super) organization: &'a OrganizationId,
    pub(super) curation: Curation<'a>,
}

/// Two assets that `overlaps --json` names.
#[derive(Deserialize)]
struct Pair {
    first: AssetId,
    second: AssetId,
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
        if options.assets == ["-"] {
            return self.merge_pairs(options).await;
        }
        let mut assets = Vec::new();
        for asset in &options.assets {
            assets.push(self.asset(asset).await?);
        }
        self.merge_assets(&assets, options).await
    }

    /// Merges what standard input says, all that hangs together into one.
    async fn merge_pairs(&self, options: &Merging) -> Result<(), Failure> {
        let mut failed = 0;
        for group in together(io::stdin().lock())? {
            if let Err(failure) = self.merge_assets(&group, options).await {
                say(format_args!("not merged: {failure}"));
                failed += 1;
            }
        }
        match failed {
            0 => Ok(()),
            1 => Err(Failure::new(Status::Failed, "1 merge was not made")),
            _ => Err(Failure::new(Status::Failed, format!("{failed} merges were not made"))),
        }
    }

    async fn merge_assets(&self, assets: &[AssetId], options: &Merging) -> Result<(), Failure> {
        if options.dry_run {
            let preview = self.curation.preview(assets).await?;
            return tell(options.json, &preview, || format!("{preview}\nnothing was written"));
        }
        let merged = self.curation.merge(assets, &options.author.author()).await?;
        let words =
            || format!("{}\nmerge {} is written; unmerge takes it back", merged.preview, merged.id);
        tell(options.json, &merged, words)
    }

    /// Takes an asset out of the inventory.
    pub(crate) async fn delete(&self, options: &Deleting) -> Result<(), Failure> {
        let asset = self.asset(&options.asset).await?;
        let deleted = self.curation.delete(asset, &options.author.author()).await?;
        tell(options.json, &deleted, || format!("{} (asset {}) is deleted", deleted.label(), asset))
    }

    pub(crate) async fn unmerge(&self, options: &Unmerging) -> Result<(), Failure> {
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
        let (asset, source, object) = self.subject(options).await?;
        let author = options.author.author();
        let decision = self.curation.link(asset, &source, object, &author).await?;
        decided(options.json, &decision)
    }

    pub(crate) async fn separate(&self, options: &Deciding) -> Result<(), Failure> {
        let (asset, source, object) = self.subject(options).await?;
        let author = options.author.author();
        let decision = self.curation.separate(asset, &source, object, &author).await?;
        decided(options.json, &decision)
    }

    /// Takes back the decision that holds on an asset and an object.
    pub(crate) async fn forget(&self, options: &Deciding) -> Result<(), Failure> {
        let (asset, source, object) = self.subject(options).await?;
        let latest = self.curation.decision(asset, &source, object).await?;
        let kind = latest.map(|c| c.kind).ok_or_else(|| {
            Error::new(ErrorKind::NotFound, "nobody decided anything on this asset and this object")
        })?;
        let author = options.author.author();
        let told = self.curation.forget(asset, &source, object, kind, &author).await?;
        tell(options.json, &told, || format!("taken back: {}{}", told.decision, moved(&told.moves)))
    }

    pub(crate) async fn overlaps(&self, options: &Surveying) -> Result<(), Failure> {
        let overlaps = self.curation.overlaps().await?;
        if options.json {
            return lines(&overlaps);
        }
        let form = Form::of_stdout();
        let ids = self.ids(form).await?;
        let name = |name: &Option<_>| name.as_ref().map(ToString::to_string).unwrap_or_default();
        let Some(ids) = ids else {
            let mut table = Table::new(["first", "first_name", "second", "second_name", "reason"]);
            for Overlap { first, first_name, second, second_name, reason, .. } in &overlaps {
                let (first_name, second_name) = (name(first_name), name(second_name));
                let (first, second) = (first.to_string(), second.to_string());
                table.row([first, first_name, second, second_name, reason.clone()]);
            }
            return show(&table, form, "");
        };
        let mut table = Table::new(["ID", "Name", "Why they may be one"]);
        (table.wraps, table.whole) = (true, 1);
        for Overlap { first, first_name, second, second_name, reason, .. } in &overlaps {
            table.row([ids.show(*first), name(first_name), reason.clone()]);
            table.row([ids.show(*second), name(second_name), String::new()]);
        }
        show(&table, form, &counted(overlaps.len(), "overlap", "overlaps"))
    }

    /// Suggestions: names that are nearly the same.
    pub(crate) async fn near_misses(&self, options: &Surveying) -> Result<(), Failure> {
        let near = self.curation.near_misses().await?;
        if options.json {
            return lines(&near);
        }
        let form = Form::of_stdout();
        let Some(ids) = self.ids(form).await? else {
            let mut table =
                Table::new(["computer", "computer_name", "asset", "asset_name", "difference"]);
            for miss in &near {
                let (computer, asset) = (miss.computer.to_string(), miss.asset.to_string());
                let (one, other) = (miss.computer_name.clone(), miss.asset_name.clone());
                table.row([computer, one, asset, other, miss.difference()]);
            }
            return show(&table, form, "");
        };
        let mut table = Table::new(["ID", "Name", "How it is near"]);
        (table.wraps, table.whole) = (true, 1);
        for miss in &near {
            let difference = miss.difference();
            table.row([ids.show(miss.computer), miss.computer_name.clone(), difference]);
            table.row([ids.show(miss.asset), miss.asset_name.clone(), String::new()]);
        }
        show(&table, form, &counted(near.len(), "near name", "near names"))
    }

    pub(crate) async fn coverage(
        &self,
        by: CountedBy,
        days: u64,
        json: bool,
    ) -> Result<(), Failure> {
        let coverage = match by {
            CountedBy::Os => self.curation.coverage(days).await?,
            CountedBy::AdSite => self.curation.coverage_by_ad_site(days).await?,
        };
        if json { tell(true, &coverage, String::new) } else { covered(&coverage, by) }
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

    /// One directory, or all that the inventory knows.
    pub(super) async fn sources(
        &self,
        chosen: Option<&SourceId>,
    ) -> Result<Vec<SourceId>, Failure> {
        Ok(match chosen {
            Some(source) => vec![self.known(source).await?],
            None => self.curation.directories().await?.into_iter().collect(),
        })
    }

    /// The source that somebody named, if the inventory has it: of any other there is nothing to say.
    pub(super) async fn known(&self, source: &SourceId) -> Result<SourceId, Failure> {
        if self.repository.sources(self.organization).await?.contains(source) {
            return Ok(source.clone());
        }
        let sentence = format!("the inventory has no directory {source}");
        Err(Failure::new(Status::Usage, sentence))
    }

    pub(crate) async fn history(&self, options: &Surveying) -> Result<(), Failure> {
        let history = self.curation.history().await?;
        if options.json {
            return lines(&history);
        }
        let form = Form::of_stdout();
        let mut table = match form {
            Form::Page(_) => Table::new(["When", "What"]),
            _ => Table::new(["at", "what"]),
        };
        (table.wraps, table.whole) = (true, 1);
        let ids = self.ids(form).await?;
        for entry in &history {
            let Some(ids) = ids else {
                table.row([entry.at.to_string(), entry.to_string()]);
                continue;
            };
            let there = self.repository.assets(self.organization, &subjects(&entry.action)).await?;
            let shorten = |told: String, asset: &Asset| ids.shorten(&told, asset.id);
            table.row([explain::minute(entry.at), there.iter().fold(entry.to_string(), shorten)]);
        }
        show(&table, form, &counted(history.len(), "entry", "entries"))
    }

    async fn subject(
        &self,
        options: &Deciding,
    ) -> Result<(AssetId, SourceId, ObjectGuid), Failure> {
        let asset = self.asset(&options.asset).await?;
        let (source, object) = self.computer(&options.computer, options.source.as_ref()).await?;
        Ok((asset, source, object))
    }

    /// How ids are shown: short to people.
    pub(super) async fn ids(&self, form: Form) -> Result<Option<ShortIds>, Failure> {
        Ok(match form {
            Form::Page(_) => Some(ShortIds::of(self.repository, self.organization).await?),
            _ => None,
        })
    }
}

/// The assets that an entry of the history speaks of. Those that are not there any more are named by their whole ids alone.
fn subjects(action: &Action) -> Vec<AssetId> {
    match action {
        Action::Merged { merge } => merge.others().chain([merge.survivor]).collect(),
        Action::Unmerged { survivor, .. } => vec![*survivor],
        Action::Annotated { asset, .. } => vec![*asset],
        Action::Linked { decision }
        | Action::Separated { decision }
        | Action::Forgot { decision } => vec![decision.asset],
        _ => Vec::new(),
    }
}

/// The assets that pairs name, each group of those that hang together, in the order in which they are named.
fn together(input: impl io::BufRead) -> Result<Vec<Vec<AssetId>>, Failure> {
    let mut groups: Vec<Vec<AssetId>> = Vec::new();
    for (line, number) in input.lines().zip(1..) {
        let line = line.map_err(|error| {
            let sentence = format!("line {number} of the standard input cannot be read: {error}");
            Failure::new(Status::Usage, sentence)
        })?;
        if line.trim().is_empty() {
            continue;
        }
        let Pair { first, second } = serde_json::from_str(&line).map_err(|error| {
            let sentence =
                format!("line {number} of the standard input names no two assets: {error}");
            Failure::new(Status::Usage, sentence)
        })?;
        let is_apart = |group: &Vec<AssetId>| !group.contains(&first) && !group.contains(&second);
        let (apart, touched): (Vec<_>, Vec<_>) = groups.into_iter().partition(is_apart);
        groups = apart;
        let mut group = touched.concat();
        for id in [first, second] {
            if !group.contains(&id) {
                group.push(id);
            }
        }
        groups.push(group);
    }
    Ok(groups)
}

pub(super) fn decided(json: bool, decided: &Decided) -> Result<(), Failure> {
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
    lines.extend(moves.gone.iter().map(|(asset, to)| match to {
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

fn covered(coverage: &Coverage, by: CountedBy) -> Result<(), Failure> {
    let (title, key) = match by {
        CountedBy::Os => ("Site and system", "os"),
        CountedBy::AdSite => ("Site and AD site", "ad_site"),
    };
    let form = Form::of_stdout();
    let is_page = matches!(form, Form::Page(_));
    // What a narrow terminal has no room for.
    let shown = if matches!(form, Form::Page(width) if width < 80) { 7 } else { 10 };
    let mut table = if is_page {
        let counts =
            ["All", "Both", "Dir", "Scan", "None", "Dir†", "Scan†", "Out‡", "Soon‡", "LAPS"];
        Table::new(counts.into_iter().take(shown).chain([title]))
    } else {
        Table::new([
            "site",
            key,
            "assets",
            "both",
            "only_directory",
            "only_scans",
            "neither",
            "stale_in_directory",
            "stale_in_scans",
            "out_of_support",
            "out_of_support_soon",
            "with_laps",
        ])
    };
    table.wraps = true;
    let rows = coverage.rows().map(|(site, by, counts)| {
        let by = if by.is_empty() { "unknown" } else { by };
        (site.as_str(), by, counts)
    });
    for (site, by, counts) in rows.chain([("total", "", &coverage.total)]) {
        let counts = counts.columns().into_iter().take(shown).map(|count| count.to_string());
        if is_page {
            let place = [site, by].join(", ");
            table.row(counts.chain([place.trim_end_matches(", ").to_owned()]));
        } else {
            table.row([site, by].map(str::to_owned).into_iter().chain(counts));
        }
    }
    let days = coverage.stale_after_days;
    let footer = "Both: in the directory and scanned; Dir, Scan: only there; None: in neither";
    let stale = format!("†: stale, not seen there for {days} days");
    let support = match shown {
        10 => "‡: the system is out of support, or will be in 90 days",
        _ => "a terminal of 80 columns has room for support and LAPS, too",
    };
    show(&table, form, &format!("{footer}\n{stale}\n{support}"))
}

/// Shows one answer: a line of JSON for tools, words for people.
pub(super) fn tell<W: Display>(
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

pub(super) fn lines(records: &[impl Serialize]) -> Result<(), Failure> {
    let mut out = BufWriter::new(io::stdout().lock());
    for record in records {
        json_line(&mut out, record)?;
    }
    Ok(out.flush()?)
}

pub(super) fn counted(count: usize, one: &str, several: &str) -> String {
    format!("{count} {}", if count == 1 { one } else { several })
}

/// Shows a table, to people with something below it.
pub(super) fn show(table: &Table, form: Form, footer: &str) -> Result<(), Failure> {
    let mut out = BufWriter::new(io::stdout().lock());
    table.put(&mut out, form)?;
    if let Form::Page(width) = form {
        if !table.is_empty() {
            writeln!(out)?;
        }
        footer.lines().try_for_each(|line| prose(&mut out, line, width))?;
    }
    Ok(out.flush()?)
}
