//! What people say of assets.

use std::collections::BTreeMap;

use ldap_inventory::asset::{Asset, SearchRequest};
use ldap_inventory::curation::ChangedField;
use ldap_inventory::value::AssetId;
use serde::Serialize;

use super::curate::{Desk, lines};
use super::exit::{Failure, Status};
use super::list::{counted, each};
use super::options::Annotating;
use super::printed::say;
use super::short::ShortIds;
use super::table::{Form, Table};

/// What is another than it was.
#[derive(Serialize)]
struct Changed<'a> {
    asset: AssetId,
    name: &'a str,
    fields: &'a [ChangedField],
}

impl Desk<'_> {
    /// Says something of one asset, or of all that a query finds.
    pub(crate) async fn annotate(
        &self,
        options: &Annotating,
        request: impl FnOnce() -> Result<SearchRequest, Failure>,
    ) -> Result<(), Failure> {
        let said = options.said()?;
        let names = match options.is_query() {
            true => self.found(request()?).await?,
            false => self.named(&options.what).await?,
        };
        let ids: Vec<AssetId> = names.keys().copied().collect();
        let changed = match options.dry_run {
            true => self.curation.preview_annotations(&ids, &said).await?,
            false => self.curation.annotate(&ids, &said, &options.author.author()).await?,
        };
        let changed = changed.iter().map(|(asset, fields)| {
            let name = names.get(asset).map_or("", String::as_str);
            Changed { asset: *asset, name, fields }
        });
        let changed: Vec<Changed<'_>> = changed.collect();
        if options.json {
            return lines(&changed);
        }
        self.show(&changed, names.len(), options.dry_run).await
    }

    /// The one asset that is meant, with its name.
    async fn named(&self, text: &str) -> Result<BTreeMap<AssetId, String>, Failure> {
        let id = self.asset(text).await?;
        let found = self.curation.resolve(&[id]).await?;
        Ok(match found.into_values().next() {
            Some(asset) => BTreeMap::from([(asset.id, asset.label().into_owned())]),
            None => BTreeMap::from([(id, String::new())]),
        })
    }

    /// All that a query finds, with their names.
    async fn found(&self, request: SearchRequest) -> Result<BTreeMap<AssetId, String>, Failure> {
        let mut names = BTreeMap::new();
        each::<Asset>(self.repository, &request, usize::MAX, |asset| {
            names.insert(asset.id, asset.label().into_owned());
            Ok(())
        })
        .await?;
        if names.is_empty() {
            super::nothing::explain::<Asset>(self.repository, &request).await?;
        }
        Ok(names)
    }

    async fn show(
        &self,
        changed: &[Changed<'_>],
        found: usize,
        is_dry: bool,
    ) -> Result<(), Failure> {
        let form = Form::of_stdout();
        let ids = match form {
            Form::Page(_) => Some(ShortIds::of(self.repository, self.organization).await?),
            _ => None,
        };
        let titles = if ids.is_some() { ["ID", "Name", "What"] } else { ["asset", "name", "what"] };
        let mut table = Table::new(titles);
        (table.wraps, table.whole) = (true, 1);
        for Changed { asset, name, fields } in changed {
            let id = ids.as_ref().map_or_else(|| asset.to_string(), |ids| ids.show(*asset));
            let what = fields.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
            table.row([id, (*name).to_owned(), what]);
        }
        table.put(&mut std::io::stdout().lock(), form)?;
        let would = if is_dry { "would change" } else { "changed" };
        say(format_args!("{} {would}, of {found}", counted::<Asset>(changed.len())));
        Ok(())
    }
}

impl Annotating {
    /// Whether it means all that a query finds. A bare word names one asset, so that nobody changes half of an inventory by a
    /// name with a letter too few.
    fn is_query(&self) -> bool {
        self.what.contains(':') && self.what.parse::<AssetId>().is_err()
    }

    fn said(&self) -> Result<Vec<ChangedField>, Failure> {
        let Self { owner, tags, no_tags, comment, criticality, .. } = self;
        let mut said = Vec::new();
        said.extend(owner.as_deref().map(ChangedField::owner));
        said.extend(no_tags.iter().map(|tag| ChangedField::no_tag(tag)));
        said.extend(tags.iter().map(|tag| ChangedField::tag(tag)));
        said.extend(comment.as_deref().map(ChangedField::comment));
        said.extend(criticality.as_deref().map(ChangedField::criticality));
        if said.is_empty() {
            let sentence = "say something: --owner, --tag, --no-tag, --comment or --criticality";
            return Err(Failure::new(Status::Usage, sentence));
        }
        Ok(said)
    }
}
