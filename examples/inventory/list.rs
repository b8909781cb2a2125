//! Lists of records: JSON lines for tools, a table for people, whole rows for pipes and files.

use std::cmp::Ordering;
use std::io::{self, BufWriter, StdoutLock, Write};

use ldap_inventory::asset::{AssetRepository, SearchRequest, Sort};
use ldap_inventory::value::AssetId;
use serde_json::Value;

use super::column;
use super::exit::{Failure, Status};
use super::nothing;
use super::options::Search;
use super::printed::{json_line, say};
use super::record::Record;
use super::short::ShortIds;
use super::table::{Form, Table};

/// Records that are read at once.
const PAGE: usize = 500;

/// Rows of a table on a terminal, unless people ask for more.
const ROWS: usize = 100;

/// The order in which records are listed.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Order {
    /// As the store brings them.
    Stored(Sort),
    /// By a column, with the highest first where that is asked for.
    By { column: String, descending: bool },
}

/// A record that is to be shown.
struct Found {
    id: Option<AssetId>,
    key: Option<String>,
    cells: Vec<String>,
}

/// Lists what a search finds.
pub(crate) async fn list<R: Record>(
    repository: &dyn AssetRepository,
    request: SearchRequest,
    search: &Search,
    order: Order,
) -> Result<(), Failure> {
    let request = match &order {
        Order::Stored(sort) => request.with_sort(*sort),
        Order::By { .. } => request,
    };
    if search.count {
        return count::<R>(repository, request, search).await;
    }
    if search.json {
        let found = json::<R>(repository, &request, search, &order).await?;
        if found == 0 && search.limit != Some(0) {
            nothing::explain::<R>(repository, &request).await?;
        }
        return Ok(());
    }
    let form = search.form();
    let rows = if let Form::Page(_) = form { ROWS } else { usize::MAX };
    let limit = search.limit.unwrap_or(rows);
    let (found, total) = find::<R>(repository, &request, search, form, &order, limit).await?;
    let mut out = BufWriter::new(io::stdout().lock());
    let shown = found.len();
    let table = table::<R>(repository, &request, search, form, found).await?;
    table.put(&mut out, form)?;
    out.flush()?;
    if table.is_narrowed(form) {
        say("not every column fits; --columns chooses, and a wider terminal has more");
    }
    if total == 0 && !request.query.to_string().is_empty() {
        nothing::explain::<R>(repository, &request).await?;
    } else if shown < total {
        say(format_args!("{shown} of {} (--limit N)", counted::<R>(total)));
    } else if let Form::Page(_) = form {
        say(format_args!("{}", counted::<R>(total)));
    }
    Ok(())
}

/// `1 asset`, `2 assets`.
pub(crate) fn counted<R: Record>(count: usize) -> String {
    format!("{count} {}", if count == 1 { R::NOUN.0 } else { R::NOUN.1 })
}

/// The order that somebody asked for, or that of names.
pub(crate) fn order<R: Record>(asked: Option<&str>) -> Result<Order, Failure> {
    let asked = asked.unwrap_or("name");
    let (descending, column) = match asked.strip_prefix('-') {
        Some(column) => (true, column),
        None => (false, asked),
    };
    if R::KEYS.contains(&column) {
        return Ok(Order::By { column: column.to_owned(), descending });
    }
    let sentence = format!("{} are sorted by one of {}", R::NOUN.1, R::KEYS.join(", "));
    Err(Failure::new(Status::Usage, sentence))
}

async fn count<R: Record>(
    repository: &dyn AssetRepository,
    request: SearchRequest,
    search: &Search,
) -> Result<(), Failure> {
    let mut total = 0;
    each::<R>(repository, &request, usize::MAX, |_| {
        total += 1;
        Ok(())
    })
    .await?;
    let mut out = io::stdout().lock();
    match search.json {
        true => writeln!(out, "{}", serde_json::json!({ "total": total }))?,
        false => writeln!(out, "  {}", counted::<R>(total))?,
    }
    Ok(())
}

/// One object a line, as the store brings them unless another order, or the first ones in order, are asked for. How many
/// there are.
async fn json<R: Record>(
    repository: &dyn AssetRepository,
    request: &SearchRequest,
    search: &Search,
    order: &Order,
) -> Result<usize, Failure> {
    let limit = search.limit.unwrap_or(usize::MAX);
    let mut lines = Lines::new::<R>(&search.columns);
    let mut seen = 0;
    if let Order::By { column, descending } = order
        && (search.sort.is_some() || search.limit.is_some())
    {
        let mut found: Vec<(Option<String>, Vec<u8>)> = Vec::new();
        let sort = |found: &mut Vec<(Option<String>, Vec<u8>)>| {
            found.sort_by(|one, other| compare(one.0.as_ref(), other.0.as_ref(), *descending));
            found.truncate(limit);
        };
        each::<R>(repository, request, usize::MAX, |record| {
            let key = key(&serde_json::to_value(record.json()).map_err(io::Error::from)?, column);
            found.push((key, lines.of(record)?));
            seen += 1;
            // No more is held than is shown, and as much again.
            if found.len() / 2 > limit.max(PAGE) {
                sort(&mut found);
            }
            Ok(())
        })
        .await?;
        sort(&mut found);
        found.iter().try_for_each(|(_, line)| lines.put(line))?;
    } else {
        each::<R>(repository, request, limit, |record| {
            seen += 1;
            let line = lines.of(record)?;
            Ok(lines.put(&line)?)
        })
        .await?;
    }
    lines.end::<R>()?;
    Ok(seen)
}

/// Lines of JSON on standard output. They are held back for as long as one of their columns may be one that no record has.
struct Lines<'a> {
    columns: &'a [String],
    strange: Vec<&'a String>,
    held: Vec<u8>,
    out: BufWriter<StdoutLock<'static>>,
}

impl<'a> Lines<'a> {
    fn new<R: Record>(columns: &'a [String]) -> Self {
        let strange = columns.iter().filter(|column| !column::is_known::<R>(column)).collect();
        Self { columns, strange, held: Vec::new(), out: BufWriter::new(io::stdout().lock()) }
    }

    /// The line of a record.
    fn of<R: Record>(&mut self, record: &R) -> io::Result<Vec<u8>> {
        let mut line = Vec::new();
        if self.columns.is_empty() {
            json_line(&mut line, &record.json())?;
            return Ok(line);
        }
        let value = serde_json::to_value(record.json())?;
        self.strange.retain(|column| column::cell(&value, column).is_none());
        json_line(&mut line, &column::selected(&value, self.columns))?;
        Ok(line)
    }

    fn put(&mut self, line: &[u8]) -> io::Result<()> {
        self.held.extend_from_slice(line);
        if self.strange.is_empty() {
            self.out.write_all(&self.held)?;
            self.held.clear();
        }
        Ok(())
    }

    fn end<R: Record>(mut self) -> Result<(), Failure> {
        if let (Some(column), false) = (self.strange.first(), self.held.is_empty()) {
            return Err(column::unknown::<R>(column));
        }
        self.out.write_all(&self.held)?;
        Ok(self.out.flush()?)
    }
}

/// The records to show, in their order, and how many there are altogether.
async fn find<R: Record>(
    repository: &dyn AssetRepository,
    request: &SearchRequest,
    search: &Search,
    form: Form,
    order: &Order,
    limit: usize,
) -> Result<(Vec<Found>, usize), Failure> {
    let (by, descending) = match order {
        Order::Stored(_) => (None, false),
        Order::By { column, descending } => (Some(column), *descending),
    };
    let mut found = Vec::new();
    let mut known = vec![false; search.columns.len()];
    let read = if by.is_some() { usize::MAX } else { limit };
    let is_all = each::<R>(repository, request, read, |record| {
        let value = serde_json::to_value(record.json()).map_err(io::Error::from)?;
        let mut cells = Vec::new();
        for (column, known) in search.columns.iter().zip(&mut known) {
            let cell = column::cell(&value, column);
            *known |= cell.is_some();
            cells.push(cell.unwrap_or_default());
        }
        if search.columns.is_empty() {
            cells = match form {
                Form::Page(_) => record.cells(),
                _ => whole(record, &value),
            };
        }
        let key = by.and_then(|column| key(&value, column));
        found.push(Found { id: record.id(), key, cells });
        Ok(())
    })
    .await?;
    let is_strange =
        |(column, known): &(&String, &bool)| !**known && !column::is_known::<R>(column);
    if !found.is_empty()
        && let Some((column, _)) = search.columns.iter().zip(&known).find(is_strange)
    {
        return Err(column::unknown::<R>(column));
    }
    found.sort_by(|one, other| compare(one.key.as_ref(), other.key.as_ref(), descending));
    let mut total = found.len();
    if !is_all {
        let counts = repository.count_assets(request.clone(), &[]).await?;
        total = usize::try_from(counts.total).unwrap_or(usize::MAX).max(total);
    }
    found.truncate(limit);
    Ok((found, total))
}

async fn table<R: Record>(
    repository: &dyn AssetRepository,
    request: &SearchRequest,
    search: &Search,
    form: Form,
    found: Vec<Found>,
) -> Result<Table, Failure> {
    let Form::Page(_) = form else {
        let keys = R::KEYS.iter().map(|key| (*key).to_owned());
        let titles =
            if search.columns.is_empty() { keys.collect() } else { search.columns.clone() };
        let mut table = Table::new(titles);
        found.iter().for_each(|found| table.row(&found.cells));
        return Ok(table);
    };
    if !search.columns.is_empty() {
        return chosen(repository, request, search, found).await;
    }
    if found.iter().all(|found| found.id.is_none()) {
        let mut table = Table::new(R::TITLES.iter().copied());
        found.iter().for_each(|found| table.row(&found.cells));
        return Ok(table);
    }
    let ids = ShortIds::of(repository, &request.organization).await?;
    let mut table = Table::new(["ID"].into_iter().chain(R::TITLES.iter().copied()));
    table.whole = 1;
    for found in found {
        let id = found.id.map(|id| ids.show(id)).unwrap_or_default();
        table.row([id].into_iter().chain(found.cells));
    }
    Ok(table)
}

/// The columns that people asked for, with short ids of assets.
async fn chosen(
    repository: &dyn AssetRepository,
    request: &SearchRequest,
    search: &Search,
    mut found: Vec<Found>,
) -> Result<Table, Failure> {
    let mut table = Table::new(search.columns.iter().map(|column| column::title(column)));
    let place = search.columns.iter().position(|column| column == "id");
    if let Some(place) = place.filter(|_| found.iter().any(|found| found.id.is_some())) {
        let ids = ShortIds::of(repository, &request.organization).await?;
        for found in &mut found {
            if let (Some(cell), Some(id)) = (found.cells.get_mut(place), found.id) {
                *cell = ids.show(id);
            }
        }
        table.whole = usize::from(place == 0);
    }
    found.iter().for_each(|found| table.row(&found.cells));
    Ok(table)
}

/// Looks at what a request finds, page by page, and says whether that was all.
pub(crate) async fn each<R: Record>(
    repository: &dyn AssetRepository,
    request: &SearchRequest,
    limit: usize,
    mut look: impl FnMut(&R) -> Result<(), Failure>,
) -> Result<bool, Failure> {
    let (mut seen, mut after) = (0, None);
    while seen < limit {
        let page = request.clone().with_limit(PAGE.min(limit - seen)).after(after);
        let page = R::search(repository, page).await?;
        page.records.iter().try_for_each(&mut look)?;
        seen += page.records.len();
        after = page.next;
        if after.is_none() {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Every column of a record. What has no name is shown by what people call it, as on a terminal.
fn whole<R: Record>(record: &R, value: &Value) -> Vec<String> {
    let cell = |key: &&str| match column::cell(value, key).unwrap_or_default() {
        name if name.is_empty() && *key == "names" => record.cells().into_iter().next(),
        cell => Some(cell),
    };
    R::KEYS.iter().map(|key| cell(key).unwrap_or_default()).collect()
}

/// What a record is sorted by: without case, and numbers as such.
fn key(record: &Value, column: &str) -> Option<String> {
    let text = match record.get(column) {
        Some(Value::Number(number)) => format!("{:020}", number.as_u64().unwrap_or_default()),
        _ => column::cell(record, column)?.to_lowercase(),
    };
    (!text.is_empty()).then_some(text)
}

/// What has nothing to be compared comes last, whichever the direction.
fn compare(one: Option<&String>, other: Option<&String>, descending: bool) -> Ordering {
    let order = one.is_none().cmp(&other.is_none());
    let by_key = one.cmp(&other);
    order.then(if descending { by_key.reverse() } else { by_key })
}
