//! A scan as comma-separated values: the members of each line, as those of a line of JSON.

use serde_json::Value;

use super::record::{Field, LONGEST_LINE};

/// What may stand between cells: commas, the semicolons of spreadsheets that write decimals with a comma, or tabs.
const DELIMITERS: [char; 3] = [',', ';', '\t'];

/// What may stand between the values of one cell.
const BETWEEN: [char; 5] = [',', ';', '|', '\n', '\t'];

/// A file with a header, which names the fields ([RFC 4180](https://www.rfc-editor.org/rfc/rfc4180)).
pub(super) struct ScanTable<'a> {
    /// The line of the header.
    pub(super) line: usize,
    columns: Vec<String>,
    delimiter: char,
    rest: Rest<'a>,
}

/// What is not read yet.
struct Rest<'a> {
    text: &'a str,
    /// The line that it begins with, counted from 1.
    line: usize,
    /// Whether a quotation mark was met that nothing closes. No cell has several lines from there on: which of the marks
    /// that follow open one nobody can say, and whoever looked for the end of each would look through the file each time.
    is_torn: bool,
}

/// One row of a table.
pub(super) struct Row<'a> {
    /// The line that it begins with.
    pub(super) line: usize,
    /// As it stands in the file.
    pub(super) text: &'a str,
    /// What it says, or why it says nothing.
    pub(super) members: Result<Vec<(String, Value)>, String>,
}

/// Where in a cell a letter stands.
#[derive(Clone, Copy, Eq, PartialEq)]
enum Quotation {
    None,
    Open,
    Closed,
}

impl<'a> ScanTable<'a> {
    /// A text whose first line names the fields by which assets are known: names, or an id.
    pub(super) fn of(text: &'a str) -> Option<Self> {
        let mut rest = Rest { text, line: 1, is_torn: false };
        rest.skip_blank_lines();
        let header = rest.text.lines().next()?;
        if header.trim_start().starts_with(['{', '[']) {
            return None;
        }
        let count = |delimiter: &char| header.matches(*delimiter).count();
        let delimiter = DELIMITERS.into_iter().rev().max_by_key(count)?;
        let line = rest.line;
        let columns = rest.row(delimiter).1.ok()?;
        let columns = columns.iter().map(|title| title.trim().to_lowercase().replace(' ', "_"));
        let columns: Vec<String> = columns.collect();
        let is_known_by =
            |title: &String| matches!(Field::of(title), Some(Field::Names | Field::Id));
        columns.iter().any(is_known_by).then_some(Self { line, columns, delimiter, rest })
    }

    /// The titles of columns that are no fields.
    pub(super) fn strange(&self) -> Vec<String> {
        let is_strange = |title: &&String| Field::of(title).is_none();
        self.columns.iter().filter(is_strange).cloned().collect()
    }

    /// The members that a row has: what its columns are fields of.
    fn members(&self, cells: Vec<String>) -> Result<Vec<(String, Value)>, String> {
        if cells.len() > self.columns.len() {
            let (found, named) = (cells.len(), self.columns.len());
            return Err(format!("it has {found} cells, and the header names {named} columns"));
        }
        let members = self
            .columns
            .iter()
            .zip(cells)
            .filter_map(|(title, cell)| Some((title.clone(), value(Field::of(title)?, &cell))));
        Ok(members.collect())
    }
}

impl<'a> Iterator for ScanTable<'a> {
    type Item = Row<'a>;

    fn next(&mut self) -> Option<Row<'a>> {
        loop {
            self.rest.skip_blank_lines();
            if self.rest.text.is_empty() {
                return None;
            }
            let line = self.rest.line;
            let (text, cells) = self.rest.row(self.delimiter);
            // Spreadsheets end with rows of nothing but delimiters.
            if !cells.as_ref().is_ok_and(|cells| cells.iter().all(|cell| cell.trim().is_empty())) {
                let members = cells.and_then(|cells| self.members(cells));
                return Some(Row { line, text, members });
            }
        }
    }
}

impl<'a> Rest<'a> {
    fn skip_blank_lines(&mut self) {
        while let Some(end) = self.text.find('\n')
            && self.text.get(..end).is_some_and(|line| line.trim().is_empty())
        {
            self.text = self.text.get(end + 1..).unwrap_or_default();
            self.line += 1;
        }
        if self.text.trim().is_empty() {
            self.text = "";
        }
    }

    /// The next row and its cells, which may have lines within quotation marks. One that is not well-formed is its first
    /// line, so that no other row is lost with it.
    fn row(&mut self, delimiter: char) -> (&'a str, Result<Vec<String>, String>) {
        let (end, cells) = cells(self.text, delimiter, self.is_torn);
        let end = match &cells {
            Ok(_) => end,
            Err(_) => self.text.find(['\n', '\r']).map_or(self.text.len(), |at| {
                let is_both = self.text.get(at..).is_some_and(|rest| rest.starts_with("\r\n"));
                at + if is_both { 2 } else { 1 }
            }),
        };
        self.is_torn |= cells.is_err();
        let (row, rest) = self.text.split_at_checked(end).unwrap_or((self.text, ""));
        self.text = rest;
        let lines = row.matches('\n').count();
        self.line += lines.max(1);
        (row, cells)
    }
}

/// The cells of the row that a text begins with, and where it ends.
fn cells(text: &str, delimiter: char, is_torn: bool) -> (usize, Result<Vec<String>, String>) {
    let (mut cells, mut cell, mut quotation) = (Vec::new(), String::new(), Quotation::None);
    let mut letters = text.char_indices().peekable();
    let mut end = text.len();
    while let Some((at, letter)) = letters.next() {
        let next = letters.peek().map(|(_, next)| *next);
        let is_end = letter == '\n' || letter == '\r' && next != Some('\n');
        match (quotation, letter) {
            (Quotation::Open, '"') if next == Some('"') => {
                cell.push('"');
                letters.next();
            }
            (Quotation::Open, '"') => quotation = Quotation::Closed,
            (Quotation::Open, _) if is_end && is_torn || at > LONGEST_LINE => break,
            (Quotation::Open, letter) => cell.push(letter),
            (_, _) if is_end => {
                end = at + 1;
                break;
            }
            (_, '\r') => {}
            (_, letter) if letter == delimiter => {
                cells.push(std::mem::take(&mut cell));
                quotation = Quotation::None;
            }
            (Quotation::None, '"') if cell.trim().is_empty() => {
                cell.clear();
                quotation = Quotation::Open;
            }
            (Quotation::None, letter) => cell.push(letter),
            (Quotation::Closed, letter) if letter.is_whitespace() => {}
            (Quotation::Closed, _) => {
                return (end, Err("text stands behind a closing quotation mark; within a cell a mark is written twice".to_owned()));
            }
        }
    }
    if quotation == Quotation::Open {
        return (end, Err("a quotation mark is not closed".to_owned()));
    }
    cells.push(cell);
    (end, Ok(cells))
}

/// A cell as the member of a line of JSON.
fn value(field: Field, cell: &str) -> Value {
    let cell = cell.trim();
    match field {
        _ if cell.is_empty() => Value::Null,
        Field::Names | Field::Addresses | Field::Macs | Field::Domains => {
            let values = cell.split(BETWEEN).map(str::trim).filter(|value| !value.is_empty());
            Value::Array(values.map(|value| Value::String(value.to_owned())).collect())
        }
        Field::FirstSeen | Field::LastSeen => match cell.parse::<i64>() {
            Ok(seconds) => seconds.into(),
            Err(_) => Value::String(cell.to_owned()),
        },
        _ => Value::String(cell.to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    fn rows(text: &str) -> Vec<(usize, Result<Value, String>)> {
        let table = ScanTable::of(text).unwrap();
        let object = |members: Vec<(String, Value)>| Value::Object(members.into_iter().collect());
        table.map(|row| (row.line, row.members.map(object))).collect()
    }

    #[test]
    fn cells_are_members_whatever_stands_between_them() {
        for delimiter in DELIMITERS {
            let text = "Names,OS,last seen,x\r\n\r\n\"web1; web1.corp.example\",\"Debian \"\"12\"\"\",1767225600,y\nweb2\n";
            let text = text.replace(',', &delimiter.to_string());
            let expected = [
                (
                    3,
                    Ok(
                        json!({"names": ["web1", "web1.corp.example"], "os": "Debian \"12\"", "last_seen": 1_767_225_600}),
                    ),
                ),
                (4, Ok(json!({"names": ["web2"]}))),
            ];
            assert_eq!(rows(&text), expected, "{delimiter:?}");
            assert_eq!(ScanTable::of(&text).unwrap().strange(), ["x"]);
        }
    }

    #[test]
    fn lines_are_counted_within_quotation_marks_too() {
        let told = rows("id,names\n1,\"a\nb\"\n2,c\n3,\"d\n4,e\n5,f,g\n");
        let lines: Vec<usize> = told.iter().map(|(line, _)| *line).collect();
        assert_eq!(lines, [2, 4, 5, 6, 7]);
        assert_eq!(told[0].1, Ok(json!({"id": "1", "names": ["a", "b"]})));
        assert_eq!(told[2].1, Err("a quotation mark is not closed".to_owned()));
        assert_eq!(told[3].1, Ok(json!({"id": "4", "names": ["e"]})));
        assert_eq!(told[4].1, Err("it has 3 cells, and the header names 2 columns".to_owned()));
    }

    #[test]
    fn a_stray_quotation_mark_takes_no_other_row_along() {
        let told = rows("id,names\n1,\"d\n2,e\n3,\"f\"\n4,\"g\" h\n5,\"i\"\n");
        let said = told.iter().map(|(line, said)| (*line, said.is_ok())).collect::<Vec<_>>();
        assert_eq!(said, [(2, false), (3, true), (4, true), (5, false), (6, true)]);
        assert_eq!(told[1].1, Ok(json!({"id": "2", "names": ["e"]})));
        // Each row would look for the end of its mark to the end of the file.
        let many = "id,names\n".to_owned() + &"1,\",\"x\n".repeat(20_000);
        assert_eq!(rows(&many).len(), 20_000);
    }

    #[test]
    fn rows_end_as_on_any_system_and_empty_ones_are_none() {
        for end in ["\n", "\r\n", "\r"] {
            let text = ["names,os", "web1,Linux", ",", "", "web2,\"a\"", ",,,"].join(end);
            let told: Vec<_> = rows(&text).into_iter().map(|(_, said)| said.unwrap()).collect();
            let expected =
                [json!({"names": ["web1"], "os": "Linux"}), json!({"names": ["web2"], "os": "a"})];
            assert_eq!(told, expected, "{end:?}");
        }
    }

    #[test]
    fn what_names_no_asset_is_no_header() {
        for text in ["", "\n", "web1\nweb2\n", "{\"names\":[\"a\"]}\n", "domain,os\na,b\n"] {
            assert!(ScanTable::of(text).is_none(), "{text}");
        }
    }

    proptest! {
        #[test]
        fn no_text_panics_and_lines_go_forward(text in "(id,names\n)?[a-c\",;\n\r{ ]{0,60}") {
            let Some(table) = ScanTable::of(&text) else { return Ok(()) };
            let lines: Vec<usize> = table.map(|row| row.line).collect();
            prop_assert!(lines.is_sorted_by(|one, other| one < other), "{:?}", lines);
        }
    }
}
