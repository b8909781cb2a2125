//! The inventory in the formats of other systems.

mod ocsf;
mod runzero;
mod table;

use std::collections::BTreeSet;
use std::io::{self, IsTerminal, Write};
use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use ldap_inventory::Printable;
use ldap_inventory::asset::{Asset, AssetRepository, DirectoryUser, SearchRequest};
use ldap_inventory::value::{AssetId, Timestamp};

use self::ocsf::Ocsf;
use self::runzero::RunZero;
use self::table::Csv;
use super::curate::Desk;
use super::exit::{Failure, Status};
use super::list::each;
use super::options::{ExportFormat, Exporting};
use super::output;
use super::printed::say;
use super::record::Record;
use super::table::Form;

/// A format, and where it is written.
trait Export<R> {
    /// Writes one record.
    fn put(&mut self, record: &R) -> Result<(), Failure>;

    /// Writes what is still held back.
    fn end(&mut self) -> Result<(), Failure>;

    /// How many values the format has no room for.
    fn left_out(&self) -> usize {
        0
    }

    /// How many values a spreadsheet would run.
    fn formulas(&self) -> usize {
        0
    }
}

impl Desk<'_> {
    /// Exports the assets, or the users, that a request finds.
    pub(crate) async fn export(
        &self,
        options: &Exporting,
        request: SearchRequest,
    ) -> Result<(), Failure> {
        check(options)?;
        let since = match &options.since {
            Some(since) => Some(self.with_runs_under_way(self.moment(since).await?).await?),
            None => None,
        };
        output::to(options.output.as_deref(), async |out| {
            self.export_to(out, options, request, since).await
        })
        .await
    }

    async fn export_to(
        &self,
        out: &mut dyn Write,
        options: &Exporting,
        request: SearchRequest,
        since: Option<Timestamp>,
    ) -> Result<(), Failure> {
        let (now, columns) = (Timestamp::now(), &options.columns);
        let organization = self.organization.clone();
        if options.users {
            let has_changed =
                |user: &DirectoryUser| since.is_none_or(|since| user.written >= since);
            let exports: Box<dyn Export<DirectoryUser> + '_> = match options.format {
                ExportFormat::Csv => csv::<DirectoryUser>(out, Form::Csv, columns),
                ExportFormat::Spreadsheet => csv::<DirectoryUser>(out, Form::Spreadsheet, columns),
                _ => Box::new(Ocsf::new(out, organization, now)),
            };
            return write(self.repository, options, request, exports, has_changed).await;
        }
        let changed = match since {
            Some(since) => Some(self.changed_assets(since).await?),
            None => None,
        };
        let is_written = |asset: &Asset| {
            since.is_some_and(|since| asset.parts.iter().any(|part| part.written >= since))
        };
        let has_changed = |asset: &Asset| {
            changed.as_ref().is_none_or(|it| it.contains(&asset.id)) || is_written(asset)
        };
        let exports: Box<dyn Export<Asset> + '_> = match options.format {
            ExportFormat::Csv => csv::<Asset>(out, Form::Csv, columns),
            ExportFormat::Spreadsheet => csv::<Asset>(out, Form::Spreadsheet, columns),
            ExportFormat::Ocsf => Box::new(Ocsf::new(out, organization, now)),
            ExportFormat::Runzero => Box::new(RunZero::new(out)),
        };
        write(self.repository, options, request, exports, has_changed).await
    }

    /// The moment, or when the first of the runs began that were under way then: what they wrote is dated so.
    async fn with_runs_under_way(&self, moment: Timestamp) -> Result<Timestamp, Failure> {
        let mut since = moment;
        for source in self.repository.sources(self.organization).await? {
            let runs = self.repository.runs(self.organization, &source, usize::MAX).await?;
            let under_way = runs.iter().filter(|run| run.finished >= moment);
            since = under_way.map(|run| run.started).min().map_or(since, |it| it.min(since));
        }
        Ok(since)
    }

    /// The assets that are not what they were at a moment. An id that leads to another asset stands for that.
    async fn changed_assets(&self, since: Timestamp) -> Result<BTreeSet<AssetId>, Failure> {
        let changes = self.curation.changes(since).await?;
        let named: BTreeSet<AssetId> = changes.iter().filter_map(|change| change.asset).collect();
        let named: Vec<AssetId> = named.into_iter().collect();
        let present = self.curation.resolve(&named).await?;
        let gone = named.len() - present.len();
        if gone > 0 {
            let what = if gone == 1 { "asset that changed is" } else { "assets that changed are" };
            say(format_args!("{gone} {what} not there any more; inventory changes names them"));
        }
        Ok(present.into_values().map(|asset| asset.id).collect())
    }
}

/// A table of these columns.
fn csv<'a, R: Record>(
    out: &'a mut dyn Write,
    form: Form,
    columns: &[String],
) -> Box<dyn Export<R> + 'a> {
    Box::new(Csv::new::<R>(out, form, columns))
}

/// What does not go together.
fn check(options: &Exporting) -> Result<(), Failure> {
    let sentence = match options.format {
        ExportFormat::Runzero if options.users => "runZero imports assets alone, and no users",
        ExportFormat::Csv | ExportFormat::Spreadsheet => return Ok(()),
        _ if !options.columns.is_empty() => {
            "only csv and spreadsheet have columns that can be chosen"
        }
        _ => return Ok(()),
    };
    Err(Failure::new(Status::Usage, sentence))
}

async fn write<R: Record>(
    repository: &dyn AssetRepository,
    options: &Exporting,
    request: SearchRequest,
    mut exports: Box<dyn Export<R> + '_>,
    has_changed: impl Fn(&R) -> bool,
) -> Result<(), Failure> {
    let bar = progress(repository, options, &request).await?;
    let mut written = 0;
    each::<R>(repository, &request, usize::MAX, |record| {
        bar.inc(1);
        if !has_changed(record) {
            return Ok(());
        }
        written += 1;
        exports.put(record)
    })
    .await?;
    exports.end()?;
    bar.finish_and_clear();
    match exports.left_out() {
        0 => {}
        1 => say("1 value is longer, or one more, than the format takes, and is left out"),
        left => say(format_args!(
            "{left} values are longer, or more, than the format takes, and are left out"
        )),
    }
    match exports.formulas() {
        0 => {}
        1 => {
            say("1 value begins as a formula does; --format spreadsheet lets no spreadsheet run it")
        }
        some => say(format_args!(
            "{some} values begin as formulas do; --format spreadsheet lets no spreadsheet run them"
        )),
    }
    if options.output.is_some() && io::stderr().is_terminal() {
        let noun = if written == 1 { R::NOUN.0 } else { R::NOUN.1 };
        say(format_args!("{written} {noun} exported"));
    }
    Ok(())
}

/// How far it is, where somebody sees it who does not see the export itself.
async fn progress(
    repository: &dyn AssetRepository,
    options: &Exporting,
    request: &SearchRequest,
) -> Result<ProgressBar, Failure> {
    let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr());
    if bar.is_hidden() || options.output.is_none() && io::stdout().is_terminal() {
        return Ok(ProgressBar::hidden());
    }
    if !options.users {
        bar.set_length(repository.count_assets(request.clone(), &[]).await?.total);
    }
    let template = if options.users {
        "{spinner} exporting: {pos} users"
    } else {
        "exporting {bar:40} {pos} of {len} assets"
    };
    if let Ok(style) = ProgressStyle::with_template(template) {
        bar.set_style(style.progress_chars("━╸─"));
    }
    bar.enable_steady_tick(Duration::from_millis(100));
    Ok(bar)
}

/// Whether a text has at most so many characters.
fn fits(text: &str, longest: usize) -> bool {
    text.chars().nth(longest).is_none()
}

/// What an asset is called where it has no host name.
fn called(asset: &Asset) -> String {
    Printable(&asset.label()).to_string()
}
