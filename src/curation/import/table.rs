//! A scan as comma-separated values: the members of each line, as those of a line of JSON.

use serde_json::Value;

use super::record::Field;

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
}

/// One row: the line that it begins with, and its members, or why it has none.
pub(super) type Row = (usize, Result<Vec<(String, Value)>, String>);

impl<'a> ScanTable<'a> {
    /// A text whose first line names the fields by which assets are known: names, or an id.
    pub(super) fn of(text: &'a str) -> Option<Self> {
        let mut rest = Rest { text, line: 1 };
        rest.skip_blank_lines();
        let header = rest.text.lines().next()?;
        if header.trim_start().starts_with(['{', '[']) {
            return None;
        }
        let count = |delimiter: &char| header.matches(*delimiter).count();
        let delimiter = DELIMITERS.into_iter().rev().max_by_key(count)?;
        let (line, columns) = rest.row(delimiter);
        let columns = columns.ok()?;
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

impl Iterator for ScanTable<'_> {
    type Item = Row;

    fn next(&mut self) -> Option<Row> {
        self.rest.skip_blank_lines();
        if self.rest.text.is_empty() {
            return None;
        }
        let (line, cells) = self.rest.row(self.delimiter);
        Some((line, cells.and_then(|cells| self.members(cells))))
    }
}

impl Rest<'_> {
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

    /// The cells of the next row, which may have lines within quotation marks.
    fn row(&mut self, delimiter: char) -> (usize, Result<Vec<String>, String>) {
        let begin = self.line;
        let (mut cells, mut cell) = (Vec::new(), String::new());
        let mut is_quoted = false;
        let mut letters = self.text.char_indices().peekable();
        let mut end = self.text.len();
        while let Some((at, letter)) = letters.next() {
            let next = letters.peek().map(|(_, next)| *next);
            match letter {
                '"' if is_quoted && next == Some('"') => {
                    cell.push('"');
                    letters.next();
                }
                '"' if is_quoted => is_quoted = false,
                '"' if cell.trim().is_empty() => {
                    cell.clear();
                    is_quoted = true;
                }
                '\n' if !is_quoted => {
                    end = at + 1;
                    break;
                }
                letter if letter == delimiter && !is_quoted => {
                    cells.push(std::mem::take(&mut cell));
                }
                '\r' if !is_quoted => {}
                letter => {
                    self.line += usize::from(letter == '\n');
                    cell.push(letter);
                }
            }
        }
        cells.push(cell);
        if is_quoted {
            // Where the marks end nobody can say: the row is its first line.
            end = self.text.find('\n').map_or(self.text.len(), |end| end + 1);
            self.line = begin;
        }
        self.text = self.text.get(end..).unwrap_or_default();
        self.line += 1;
        let open = "a quotation mark is not closed".to_owned();
        (begin, if is_quoted { Err(open) } else { Ok(cells) })
    }
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
        table.map(|(line, members)| (line, members.map(object))).collect()
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
    fn what_names_no_asset_is_no_header() {
        for text in ["", "\n", "web1\nweb2\n", "{\"names\":[\"a\"]}\n", "domain,os\na,b\n"] {
            assert!(ScanTable::of(text).is_none(), "{text}");
        }
    }

    proptest! {
        #[test]
        fn no_text_panics_and_lines_go_forward(text in "(id,names\n)?[a-c\",;\n\r{ ]{0,60}") {
            let Some(table) = ScanTable::of(&text) else { return Ok(()) };
            let lines: Vec<usize> = table.map(|(line, _)| line).collect();
            prop_assert!(lines.is_sorted_by(|one, other| one < other), "{:?}", lines);
        }
    }
}
