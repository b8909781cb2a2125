//! Computers that wait for a person: what there is to decide, and the decision.

use std::collections::BTreeMap;
use std::io::{self, BufWriter, Write};

use ldap_inventory::asset::Asset;
use ldap_inventory::curation::Unresolved;
use ldap_inventory::value::{AssetId, SourceId};
use ldap_inventory::{Error, ErrorKind, Printable};

use super::curate::{Desk, decided, lines};
use super::exit::{Failure, Status};
use super::options::{Directory, Settling};
use super::short::ShortIds;
use super::subject::{is_meant, traits};
use super::table::{Form, Table};

impl Desk<'_> {
    /// What waits, each with its candidates by number.
    pub(crate) async fn unresolved(&self, options: &Directory) -> Result<(), Failure> {
        let waiting = self.waiting(options.source.as_ref()).await?;
        if options.json {
            return lines(&waiting);
        }
        let assets = self.candidates(&waiting).await?;
        let mut out = BufWriter::new(io::stdout().lock());
        let form = Form::of_stdout();
        let Form::Page(width) = form else {
            rows(&waiting, &assets).put(&mut out, form)?;
            return Ok(out.flush()?);
        };
        let ids = ShortIds::of(self.repository, self.organization).await?;
        for computer in &waiting {
            heading(computer).write(&mut out, width)?;
            candidates(computer, &assets, ids).write(&mut out, width)?;
            writeln!(out)?;
        }
        match waiting.len() {
            0 => writeln!(out, "  No computer waits for a person.")?,
            1 => writeln!(out, "  1 computer waits for a person: settle COMPUTER N, or new")?,
            count => {
                writeln!(out, "  {count} computers wait for a person: settle COMPUTER N, or new")?
            }
        }
        Ok(out.flush()?)
    }

    /// Says which of its candidates a computer is.
    pub(crate) async fn settle(&self, options: &Settling) -> Result<(), Failure> {
        let mut meant = self.waiting(options.source.as_ref()).await?;
        meant.retain(|waiting| is_meant(waiting, &options.computer));
        let choice = match options.choice.as_str() {
            "new" => None,
            number => Some(number.parse().map_err(|_| {
                let sentence = "say which asset it is by its number in `unresolved`, or `new`";
                Failure::new(Status::Usage, sentence)
            })?),
        };
        let waiting = match meant.as_slice() {
            [waiting] => waiting,
            [] => {
                let error = Error::new(ErrorKind::NotFound, "no such computer waits for a person");
                return Err(error.with_context("computer", &options.computer).into());
            }
            several => {
                let objects: Vec<String> =
                    several.iter().map(|it| format!("{} of {}", it.object, it.source)).collect();
                let sentence = format!(
                    "several computers are meant; name one by its objectGUID: {}",
                    objects.join(", ")
                );
                return Err(Failure::new(Status::Usage, sentence));
            }
        };
        let author = options.author.author();
        for decision in self.curation.settle(waiting, choice, &author).await? {
            decided(options.json, &decision)?;
        }
        Ok(())
    }

    /// What waits in one directory, or in all.
    pub(super) async fn waiting(
        &self,
        source: Option<&SourceId>,
    ) -> Result<Vec<Unresolved>, Failure> {
        let mut waiting = Vec::new();
        for source in self.sources(source).await? {
            waiting.extend(self.curation.unresolved(&source).await?);
        }
        waiting.sort_by(|one, other| (&one.name, one.object).cmp(&(&other.name, other.object)));
        Ok(waiting)
    }

    async fn candidates(
        &self,
        waiting: &[Unresolved],
    ) -> Result<BTreeMap<AssetId, Asset>, Failure> {
        let mut ids: Vec<AssetId> =
            waiting.iter().flat_map(|it| it.candidates.iter().map(|c| c.asset)).collect();
        ids.sort_unstable();
        ids.dedup();
        let mut assets = BTreeMap::new();
        for ids in ids.chunks(500) {
            let found = self.repository.assets(self.organization, ids).await?;
            assets.extend(found.into_iter().map(|asset| (asset.id, asset)));
        }
        Ok(assets)
    }
}

/// What is known of a computer.
fn heading(computer: &Unresolved) -> Table {
    let known = [
        ("account", computer.account.clone()),
        ("domain", computer.domain.clone()),
        ("directory", Some(computer.source.to_string())),
        ("last seen", Some(last_seen(computer))),
    ];
    let known: Vec<String> =
        known.into_iter().filter_map(|(what, text)| Some(format!("{what} {}", text?))).collect();
    let reason = computer.reason.as_deref().unwrap_or("several assets fit it equally well");
    let mut table = Table::new([""]);
    table.wraps = true;
    table.row([format!("{}: {}", called(computer), known.join(", "))]);
    table.row([format!("{}", Printable(reason))]);
    table
}

fn candidates(computer: &Unresolved, assets: &BTreeMap<AssetId, Asset>, ids: ShortIds) -> Table {
    let mut table = Table::new(["N", "ID", "Name", "Site", "Addresses", "Last seen", "Evidence"]);
    (table.wraps, table.whole) = (true, 2);
    for (place, candidate) in computer.candidates.iter().enumerate() {
        let [name, site, addresses, last_seen] =
            assets.get(&candidate.asset).map(traits).unwrap_or_default();
        let number = (place + 1).to_string();
        let id = ids.show(candidate.asset);
        table.row([number, id, name, site, addresses, last_seen, evidence(computer, place)]);
    }
    table
}

/// A row for each candidate.
fn rows(waiting: &[Unresolved], assets: &BTreeMap<AssetId, Asset>) -> Table {
    let mut table = Table::new([
        "computer",
        "account",
        "domain",
        "source",
        "object",
        "computer_last_seen",
        "number",
        "asset",
        "name",
        "site",
        "addresses",
        "last_seen",
        "level",
    ]);
    for computer in waiting {
        let text = |text: &Option<String>| text.clone().unwrap_or_default();
        let known = [
            called(computer),
            text(&computer.account),
            text(&computer.domain),
            computer.source.to_string(),
            computer.object.to_string(),
            last_seen(computer),
        ];
        if computer.candidates.is_empty() {
            table.row(known.iter().cloned().chain(std::iter::repeat_n(String::new(), 7)));
        }
        for (place, candidate) in computer.candidates.iter().enumerate() {
            let asset = assets.get(&candidate.asset).map(traits).unwrap_or_default();
            let [number, id] = [(place + 1).to_string(), candidate.asset.to_string()];
            let cells = known.iter().cloned().chain([number, id]).chain(asset);
            table.row(cells.chain([evidence(computer, place)]));
        }
    }
    table
}

fn evidence(computer: &Unresolved, place: usize) -> String {
    match computer.candidates.get(place).and_then(|candidate| candidate.level) {
        Some(level) => level.to_string(),
        None => "something speaks against it".to_owned(),
    }
}

fn called(computer: &Unresolved) -> String {
    computer.name.clone().unwrap_or_else(|| computer.object.to_string())
}

fn last_seen(computer: &Unresolved) -> String {
    computer.last_seen.map_or("never".to_owned(), |time| time.date())
}
