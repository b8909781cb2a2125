//! What a run did, for people.

use std::collections::{BTreeSet, HashMap};
use std::io::{self, Write};

use ldap_inventory::Result;
use ldap_inventory::asset::{Asset, AssetRepository};
use ldap_inventory::curation::Imported;
use ldap_inventory::directory::Verification;
use ldap_inventory::merge::{Decision, Level, Verdict};
use ldap_inventory::sync::{Loss, SyncReport};
use ldap_inventory::value::{AssetId, OrganizationId, ReadMode};

use super::assets;
use super::table::{self, Form, Table, prose};

/// How the server was reached, what became of what was read, and what a person should know.
pub(crate) fn summary(out: &mut dyn Write, report: &SyncReport) -> io::Result<()> {
    let width = table::width();
    let server = &report.server;
    let mut facts = Table::new(["", ""]);
    facts.wraps = true;
    if server.is_reached() {
        let name = server.dns_host_name.as_deref().unwrap_or("a server");
        facts.row(["Server", &format!("{name} at {}", server.address)]);
        facts.row(["Transport", &format!("{}, {}", report.transport, trust(report))]);
        facts.row(["Thumbprint", server.thumbprint.as_deref().unwrap_or("none")]);
    } else {
        facts.row(["Server", "none: an export"]);
    }
    let stages = report.stages().map(|(stage, seconds)| format!("{stage} {seconds:.2}"));
    let time = format!("{:.2} s: {}", report.duration_seconds, stages.join(", "));
    facts.row(["Read", &read(report)]);
    facts.row(["Time", &time]);
    facts.write(out, width)?;
    writeln!(out)?;
    counts(report).write(out, width)?;
    if !has_changed(report) {
        prose(out, "Nothing changed.", width)?;
    }
    losses(out, &report.lost)?;

    if let Some(reason) = &report.incomplete_because {
        writeln!(out)?;
        let text = format!("The directory was not read to the end: {reason}. Nothing was removed.");
        prose(out, &text, width)?;
    }
    warnings(out, report)?;
    if report.dry_run {
        writeln!(out)?;
        let text = match &report.brake {
            None => "This was a dry run: nothing was written.".to_owned(),
            Some(brake) => {
                let reasons: Vec<String> = brake.exceeded.iter().map(ToString::to_string).collect();
                format!(
                    "Nothing was written, and without --confirm {} nothing will be: {}.",
                    brake.confirmation,
                    reasons.join(", and ")
                )
            }
        };
        prose(out, &text, width)?;
    }
    Ok(())
}

/// What a person should know, whatever else is shown.
pub(crate) fn warnings(out: &mut dyn Write, report: &SyncReport) -> io::Result<()> {
    for warning in &report.warnings {
        writeln!(out)?;
        prose(out, &format!("Warning: {warning}."), table::width())?;
    }
    Ok(())
}

/// What became of scanned assets.
pub(crate) fn imported(out: &mut dyn Write, imported: Option<&Imported>) -> io::Result<()> {
    match imported {
        Some(imported) => writeln!(out, "scanned assets: {}\n", assets::summary(imported)),
        None => Ok(()),
    }
}

/// Whether anything was written, or would have been, but for where the read ended.
fn has_changed(report: &SyncReport) -> bool {
    let (computers, users, groups) = (&report.computers, &report.users, &report.groups);
    let of_computers = [computers.created, computers.updated, computers.restored];
    let of_others = [users.created, users.updated, groups.created, groups.updated];
    let is_some = |counts: &[u64]| counts.iter().any(|count| *count > 0);
    is_some(&of_computers) || is_some(&of_others) || !report.lost.is_empty()
}

/// What is missing or gone since, by name: the first screenful of it.
fn losses(out: &mut dyn Write, losses: &[Loss]) -> io::Result<()> {
    const SHOWN: usize = 20;
    if losses.is_empty() {
        return Ok(());
    }
    let mut table = Table::new(["Lost", "Name", "State", "Asset"]);
    for loss in losses.iter().take(SHOWN) {
        let asset = loss.asset.map(end_of).unwrap_or_default();
        let (kind, state) = (loss.kind.to_string(), loss.presence.as_str());
        table.row([kind.as_str(), &loss.name, state, &asset]);
    }
    writeln!(out)?;
    table.write(out, table::width())?;
    match losses.len().saturating_sub(SHOWN) {
        0 => Ok(()),
        more => prose(out, &format!("And {more} more; --json names all of them."), table::width()),
    }
}

/// As much of an asset's id as names it.
fn end_of(asset: AssetId) -> String {
    let id = asset.to_string();
    id.rsplit('-').next().unwrap_or(&id).to_owned()
}

/// What was read, and why everything.
fn read(report: &SyncReport) -> String {
    match (report.mode, report.full_because) {
        (ReadMode::DirSync, _) => changes(report, "DirSync"),
        (ReadMode::Usn, _) => changes(report, "update numbers"),
        (_, Some(because)) => format!("everything: {because}"),
        (_, None) => "everything".to_owned(),
    }
}

fn changes(report: &SyncReport, told_by: &str) -> String {
    let census = match report.census {
        true => "and by a census what is still there",
        false => "without a census: nothing is missing but what is told to be deleted",
    };
    format!("what changed, by {told_by}, {census}")
}

/// Where each of these computers went, and why, with what it shall be called.
pub(crate) fn decisions<'a>(
    out: &mut dyn Write,
    decisions: impl IntoIterator<Item = (&'a str, &'a Decision)>,
    names: &HashMap<AssetId, String>,
    form: Form,
) -> io::Result<()> {
    let called = |id: AssetId| names.get(&id).cloned().unwrap_or_else(|| id.to_string());
    let mut table = Table::new(["Computer", "Decision", "Level", "Asset", "Why"]);
    table.wraps = true;
    for (computer, decision) in decisions {
        let asset = match decision.verdict {
            Verdict::Create(_) => "a new one".to_owned(),
            verdict => verdict.asset().map(called).unwrap_or_default(),
        };
        let level = decision.level.map_or("", level);
        let verdict = decision.verdict.to_string();
        table.row([computer, &verdict, level, &asset, &why(decision, names)]);
    }
    table.put(out, form)
}

/// The reason, with names in place of ids; of a computer that nothing fits, the asset that came nearest; of a doubtful
/// tie, who puts it in doubt.
pub(crate) fn why(decision: &Decision, names: &HashMap<AssetId, String>) -> String {
    let called = |id: AssetId| names.get(&id).cloned().unwrap_or_else(|| id.to_string());
    let mut why = decision.reason();
    for candidate in decision.candidates() {
        why = why.replace(&candidate.asset.to_string(), &called(candidate.asset));
    }
    if decision.reason_code() == "nothing_fits"
        && let Some(nearest) = decision.candidates().first()
        && let Some(lost_because) = nearest.lost_because()
    {
        why = format!("{why}; {}: {lost_because}", called(nearest.asset));
    }
    if let Some(by) = decision.doubtful() {
        why = format!(
            "{why}; in doubt: a bare short name is all that speaks for it, and {by} fits as well"
        );
    }
    why
}

/// What people call the assets that decisions speak of.
pub(crate) async fn asset_names(
    repository: &dyn AssetRepository,
    organization: &OrganizationId,
    decisions: &[Decision],
) -> Result<HashMap<AssetId, String>> {
    const AT_ONCE: usize = 500;
    let tied = decisions.iter().filter_map(|decision| decision.verdict.asset());
    let considered = decisions.iter().flat_map(|d| d.candidates().iter().map(|c| c.asset));
    let ids: BTreeSet<AssetId> = tied.chain(considered).collect();
    let ids: Vec<AssetId> = ids.into_iter().collect();
    let mut names = HashMap::new();
    for ids in ids.chunks(AT_ONCE) {
        let assets = repository.assets(organization, ids).await?;
        names.extend(assets.iter().map(|asset| (asset.id, name(asset))));
    }
    Ok(names)
}

/// What a person calls an asset: its first name.
pub(crate) fn name(asset: &Asset) -> String {
    match asset.label() {
        label if label.is_empty() => asset.id.to_string(),
        label => label.into_owned(),
    }
}

/// The word for a level, as in JSON.
pub(crate) fn level(level: Level) -> &'static str {
    match level {
        Level::Known => "known",
        Level::Constraint => "constraint",
        Level::Full => "full",
        Level::Qualified => "qualified",
        Level::Short => "short",
        Level::Truncated => "truncated",
    }
}

fn trust(report: &SyncReport) -> String {
    match report.verified_by {
        Verification::Nothing => "the server is not verified".to_owned(),
        other => format!("verified by {other}"),
    }
}

/// How much of what was read became what: only the lines that have something to say.
pub(crate) fn counts(report: &SyncReport) -> Table {
    let (computers, users, groups) = (&report.computers, &report.users, &report.groups);
    let mut table = Table::new(["Computers", "Users", "Groups", ""]);
    let mut line = |counts: [Option<u64>; 3], meaning: &str| {
        if counts.iter().any(|count| count.is_some_and(|count| count > 0)) {
            let cell = |count: Option<u64>| count.map_or("-".to_owned(), |c| c.to_string());
            let [computers, users, groups] = counts.map(cell);
            table.row([&*computers, &*users, &*groups, meaning]);
        }
    };
    let of_all = |computers, users, groups| [Some(computers), Some(users), Some(groups)];
    let of_computers = |count| [Some(count), None, None];
    line(of_all(computers.read, users.read, groups.read), "read");
    line(of_computers(computers.matched), "matched: an asset that was there already");
    line(of_all(computers.created, users.created, groups.created), "created");
    line(of_computers(computers.beside), "of these, beside an asset of a name that others share");
    line(of_all(computers.updated, users.updated, groups.updated), "updated");
    line(of_all(computers.unchanged, users.unchanged, groups.unchanged), "unchanged");
    line(of_computers(computers.ambiguous), "ambiguous: waiting for a person");
    line(of_computers(computers.skipped), "skipped by rule");
    line(of_all(computers.rejected, users.rejected, groups.rejected), "rejected: not readable");
    line(of_all(computers.missing, users.missing, groups.missing), "missing: not seen, but kept");
    line(of_all(computers.gone, users.gone, groups.gone), "gone: missing for long, but kept");
    line(of_computers(computers.restored), "restored: missing before");
    table
}
