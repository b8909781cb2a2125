//! What a scanner found, from a file with one JSON object a line, or comma-separated values.

use std::borrow::Cow;
use std::collections::{BTreeMap, HashMap, HashSet};
use std::fmt;
use std::sync::Arc;

use serde_json::Value;

use super::fields::{members, read};
use super::record::{Field, LONGEST_LINE, LeftOut, ScannedAsset};
use super::runzero::{is_passed_over, is_runzero};
use super::table::{Row, ScanTable};
use crate::value::Timestamp;
use crate::{Error, ErrorKind, Result};

/// How much of a line that cannot be read is looked at to show it, in bytes.
const LONGEST_SHOWN: usize = 2_000;
/// How many lines a sentence names.
const MOST_TOLD: usize = 5;

/// What a scanner found: its records, and what of its file is no use.
///
/// A file has one JSON object a line, in UTF-8, or in UTF-16 as PowerShell writes it, with or without a byte order
/// mark:
///
/// ```json
/// {"id":"4711","names":["web1","web1.corp.example"],"addresses":["10.0.0.5"],"macs":["00:1b:44:11:3a:b7"],
///  "domains":["CORP"],"os":"Debian","os_version":"12","type":"server","hw":"Dell PowerEdge R640","site":"hq",
///  "first_seen":"2026-01-02T03:04:05Z","last_seen":1780369445}
/// ```
///
/// (on one line). All is optional, but a name or an id. One name, address or domain may stand without brackets; `null`
/// and a blank text are the same as nothing. Names may be spelled `CORP\HOST`, `\\HOST`, `HOST$`, `host:445`, and with
/// dots or blanks around them; the addresses of network cards in all usual ways. Times are texts as in RFC 3339 or seconds
/// since 1970, of which none stand for never.
///
/// An export of assets from runZero is such a file. What else it has is [passed over](Self::passed_over).
///
/// So is a file of comma-separated values (RFC 4180; or with semicolons or tabs) whose first line names the same fields,
/// among them `names` or `id`. Several values of one cell have semicolons between them.
///
/// What cannot be read is [left out](Self::left_out), each value with its line, and the rest is kept.
///
/// ```
/// use ldap_inventory::curation::Scan;
/// use ldap_inventory::value::Timestamp;
///
/// let file = "{\"names\":[\"CORP\\\\HOST7\",\"HOST7 (old)\"]}\r\nnot JSON\r\n";
/// let scan = Scan::parse(file.as_bytes(), Timestamp::now());
/// assert_eq!(scan.records()[0].names[0].as_str(), "host7");
/// let lines: Vec<usize> = scan.left_out().iter().map(|left_out| left_out.line).collect();
/// assert_eq!(lines, [1, 2]);
/// assert!(scan.check().is_err());
/// ```
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Scan {
    records: Vec<ScannedAsset>,
    left_out: Vec<LeftOut>,
    /// Lines of which nobody can say what they are about.
    unread: Vec<usize>,
    /// The records among those left out whose id another one has. What comes later may have it as well.
    repeated: Vec<ScannedAsset>,
    passed_over: BTreeMap<String, usize>,
}

impl Scan {
    /// Reads a file. `now` is when it was read: a time that is more than a day later is no time at which anything was
    /// seen.
    pub fn parse(bytes: &[u8], now: Timestamp) -> Self {
        let (mut scan, bytes) = (Self::default(), utf8(bytes));
        let text = String::from_utf8_lossy(&bytes);
        match ScanTable::of(&text) {
            Some(table) => scan.read_table(table, matches!(text, Cow::Borrowed(_)), now),
            None => lines(&bytes).zip(1..).for_each(|(line, number)| scan.read(line, number, now)),
        }
        scan.leave_out_repeated_ids();
        scan
    }

    /// Fields of an export of runZero's that an import has no use for, such as `services`, each with how many lines have it.
    /// Nothing is left out because of them.
    pub fn passed_over(&self) -> impl Iterator<Item = (&str, usize)> {
        self.passed_over.iter().map(|(field, lines)| (field.as_str(), *lines))
    }

    /// The records that can be imported, in the order of the file.
    pub fn records(&self) -> &[ScannedAsset] {
        &self.records
    }

    /// What cannot, in the order of the file.
    pub fn left_out(&self) -> &[LeftOut] {
        &self.left_out
    }

    /// Whether nothing is left out.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Invalid`] if something is, with every line.
    pub fn check(&self) -> Result<()> {
        check(&self.left_out)
    }

    /// Lines of which nobody can say which record they are.
    pub(super) fn unread(&self) -> &[usize] {
        &self.unread
    }

    fn read(&mut self, line: &[u8], number: usize, now: Timestamp) {
        if line.trim_ascii().is_empty() {
            return;
        }
        let members = match std::str::from_utf8(line) {
            _ if line.len() > LONGEST_LINE => Err("it is longer than 1 MiB".to_owned()),
            Ok(line) => members(line),
            Err(_) => Err("it is not UTF-8 text".to_owned()),
        };
        let beginning = line.get(..LONGEST_SHOWN).unwrap_or(line);
        self.take(number, members, String::from_utf8_lossy(beginning).trim(), now);
    }

    /// Takes the rows of a table, of a file that is text as a whole or not.
    fn read_table(&mut self, table: ScanTable<'_>, is_text: bool, now: Timestamp) {
        let strange = table.strange();
        let is_runzero = is_runzero(strange.iter().map(String::as_str));
        for title in strange {
            if is_passed_over(&title, is_runzero) {
                self.passed_over.insert(title, 0);
                continue;
            }
            let known = Field::ALL.map(Field::as_str).join(", ");
            let reason = format!("no column of a scan, expected one of {known}");
            self.left_out.push(LeftOut::value(table.line, &title, "", reason));
        }
        for Row { line, text, members } in table {
            self.passed_over.values_mut().for_each(|lines| *lines += 1);
            let members = match is_text || !text.contains(char::REPLACEMENT_CHARACTER) {
                true => members,
                false => Err("it is not UTF-8 text; save the file as CSV UTF-8".to_owned()),
            };
            let shown: String = text.chars().take(LONGEST_SHOWN).collect();
            self.take(line, members, shown.trim(), now);
        }
    }

    /// Takes a line by its members, or why it has none.
    fn take(
        &mut self,
        number: usize,
        members: Result<Vec<(String, Value)>, String>,
        shown: &str,
        now: Timestamp,
    ) {
        let read = members.and_then(|mut members| {
            let is_runzero = is_runzero(members.iter().map(|(name, _)| name.as_str()));
            members.retain(|(name, _)| {
                let is_passed_over = is_passed_over(name, is_runzero);
                if is_passed_over {
                    *self.passed_over.entry(name.clone()).or_default() += 1;
                }
                !is_passed_over
            });
            read(members, number, now, &mut self.left_out)
        });
        match read {
            Ok(record) => self.records.push(record),
            Err(reason) => {
                self.left_out.push(LeftOut::whole_line(number, shown, reason));
                self.unread.push(number);
            }
        }
    }

    /// An id is one record's. Of lines that say the same the first is kept; of lines that differ none, since the order
    /// of lines means nothing.
    fn leave_out_repeated_ids(&mut self) {
        let before: HashSet<usize> = self.repeated.iter().map(|record| record.line).collect();
        self.left_out
            .retain(|left_out| left_out.field.is_some() || !before.contains(&left_out.line));
        self.unread.retain(|line| !before.contains(line));
        let mut all = std::mem::take(&mut self.records);
        all.append(&mut self.repeated);
        let repeated = repeated_ids(&all);
        for (place, record) in all.into_iter().enumerate() {
            let Some(repeated) = repeated.get(&place) else {
                self.records.push(record);
                continue;
            };
            let id = record.id.as_deref().unwrap_or_default();
            self.left_out.push(LeftOut::whole_line(record.line, id, repeated.to_string()));
            if matches!(repeated, Repeated::Differs(_)) {
                self.unread.push(record.line);
            }
            self.repeated.push(record);
        }
        self.left_out.sort_by_key(|left_out| left_out.line);
        self.unread.sort_unstable();
        self.repeated.sort_by_key(|record| record.line);
    }
}

/// Why a record is left out whose id another line has.
enum Repeated {
    /// This line says the same.
    SameAs(usize),
    /// These lines have the id, and do not say the same.
    Differs(Arc<str>),
}

impl fmt::Display for Repeated {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::SameAs(line) => write!(f, "line {line} has this id already, and says the same"),
            Self::Differs(lines) => write!(f, "several lines have this id and differ ({lines})"),
        }
    }
}

/// By place, the records to be left out because of their id.
fn repeated_ids(records: &[ScannedAsset]) -> HashMap<usize, Repeated> {
    let mut by_id: HashMap<&str, Vec<(usize, &ScannedAsset)>> = HashMap::new();
    for (place, record) in records.iter().enumerate() {
        if let Some(id) = &record.id {
            by_id.entry(id).or_default().push((place, record));
        }
    }
    let mut repeated = HashMap::new();
    for same in by_id.into_values() {
        let [(_, first), others @ ..] = &same[..] else { continue };
        if others.iter().all(|(_, other)| first.says_the_same_as(other)) {
            repeated.extend(others.iter().map(|(place, _)| (*place, Repeated::SameAs(first.line))));
            continue;
        }
        let mut lines: Vec<usize> = same.iter().map(|(_, record)| record.line).collect();
        lines.sort_unstable();
        let mut lines: Vec<String> = lines.iter().map(ToString::to_string).collect();
        if lines.len() > MOST_TOLD {
            lines.truncate(MOST_TOLD);
            lines.push("...".to_owned());
        }
        let lines: Arc<str> = lines.join(", ").into();
        repeated.extend(same.iter().map(|(place, _)| (*place, Repeated::Differs(lines.clone()))));
    }
    repeated
}

/// Records that no file has. Those without a line get the number of their place, counted from 1.
impl FromIterator<ScannedAsset> for Scan {
    fn from_iter<I: IntoIterator<Item = ScannedAsset>>(records: I) -> Self {
        let mut scan = Self::default();
        scan.extend(records);
        scan
    }
}

impl Extend<ScannedAsset> for Scan {
    fn extend<I: IntoIterator<Item = ScannedAsset>>(&mut self, records: I) {
        for mut record in records {
            if record.line == 0 {
                record.line = self.records.len() + self.repeated.len() + 1;
            }
            self.records.push(record);
        }
        self.leave_out_repeated_ids();
    }
}

/// An error if something is left out, with every line.
pub(super) fn check(left_out: &[LeftOut]) -> Result<()> {
    if left_out.is_empty() {
        return Ok(());
    }
    let told = left_out.iter().map(|left_out| format!("line {}, {left_out}", left_out.line));
    let told = told.collect::<Vec<_>>().join("; ");
    let message = format!("not everything can be taken as it is, so nothing was imported: {told}");
    Err(Error::new(ErrorKind::Invalid, message).in_operation("import"))
}

/// The text as UTF-8, without a byte order mark.
fn utf8(bytes: &[u8]) -> Cow<'_, [u8]> {
    let utf16 = |bytes: &[u8], unit: fn([u8; 2]) -> u16| {
        let units = bytes.as_chunks::<2>().0.iter().map(|pair| unit(*pair));
        let chars = char::decode_utf16(units);
        let text: String = chars.map(|c| c.unwrap_or(char::REPLACEMENT_CHARACTER)).collect();
        Cow::Owned(text.into_bytes())
    };
    match bytes {
        [0xef, 0xbb, 0xbf, rest @ ..] => Cow::Borrowed(rest),
        [0xff, 0xfe, rest @ ..] => utf16(rest, u16::from_le_bytes),
        [0xfe, 0xff, rest @ ..] => utf16(rest, u16::from_be_bytes),
        [b'{', 0, ..] => utf16(bytes, u16::from_le_bytes),
        [0, b'{', ..] => utf16(bytes, u16::from_be_bytes),
        _ => Cow::Borrowed(bytes),
    }
}

/// Lines that end with LF, CR, or both.
fn lines(text: &[u8]) -> impl Iterator<Item = &[u8]> {
    let mut rest = Some(text);
    std::iter::from_fn(move || {
        let text = rest?;
        let Some(end) = text.iter().position(|byte| matches!(byte, b'\n' | b'\r')) else {
            rest = None;
            return Some(text);
        };
        let (line, behind) = text.split_at(end);
        let behind = behind.strip_prefix(b"\r\n").or_else(|| behind.get(1..));
        rest = behind;
        Some(line)
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::record::Field;
    use super::*;

    fn now() -> Timestamp {
        "2026-06-01T00:00:00Z".parse().unwrap()
    }

    fn parse(text: &str) -> Scan {
        Scan::parse(text.as_bytes(), now())
    }

    /// What is left out: line, field, reason.
    fn left_out(scan: &Scan) -> Vec<(usize, Option<&str>, &str)> {
        let told = scan.left_out().iter();
        told.map(|l| (l.line, l.field.as_deref(), l.reason.as_str())).collect()
    }

    fn names(scan: &Scan) -> Vec<Vec<&str>> {
        scan.records().iter().map(|r| r.names.iter().map(|name| name.as_str()).collect()).collect()
    }

    #[test]
    fn a_file_is_read_whatever_its_encoding_and_line_ends() {
        let text = "{\"names\":[\"web1\"]}\n{\"names\":[\"web2\"]}\n";
        let utf16 = |unit: fn(u16) -> [u8; 2], mark: &str| -> Vec<u8> {
            format!("{mark}{text}").encode_utf16().flat_map(unit).collect()
        };
        for bytes in [
            text.as_bytes().to_vec(),
            format!("\u{feff}{text}").into_bytes(),
            text.replace('\n', "\r\n").into_bytes(),
            text.replace('\n', "\r").into_bytes(),
            text.replace('\n', "\n \n\n").into_bytes(),
            text.trim_end().as_bytes().to_vec(),
            utf16(u16::to_le_bytes, "\u{feff}"),
            utf16(u16::to_be_bytes, "\u{feff}"),
            utf16(u16::to_le_bytes, ""),
            utf16(u16::to_be_bytes, ""),
        ] {
            let scan = Scan::parse(&bytes, now());
            assert_eq!(names(&scan), [["web1"], ["web2"]], "{bytes:?}");
            assert_eq!(left_out(&scan), []);
        }
        assert!(parse("").records().is_empty());
        assert!(parse("\u{feff}\r\n").check().is_ok());
    }

    #[test]
    fn lines_are_counted_as_an_editor_does() {
        let scan = parse("\r\nx\r\n\r\ny\rz\n");
        let lines: Vec<usize> = scan.left_out().iter().map(|left_out| left_out.line).collect();
        assert_eq!(lines, [2, 4, 5]);
    }

    #[test]
    fn rows_that_are_no_text_are_left_out_and_the_rest_is_kept() {
        let scan = Scan::parse(b"names,site\nweb1,M\xfcnchen\nweb2,hq\n", now());
        assert_eq!(names(&scan), [["web2"]]);
        let told = left_out(&scan);
        assert_eq!((told[0].0, told[0].1, told.len()), (2, None, 1));
        assert!(told[0].2.contains("save the file as CSV UTF-8"), "{told:?}");
    }

    #[test]
    fn the_beginnings_of_calendars_are_never_and_dates_without_dashes_are_no_times() {
        for seconds in ["0", "-1", "-62135596800"] {
            let scan = parse(&format!(r#"{{"names":["a"],"first_seen":{seconds}}}"#));
            assert_eq!((scan.records()[0].first_seen, scan.check().is_ok()), (None, true));
        }
        for seconds in ["20260102", "46023"] {
            let scan = parse(&format!(r#"{{"names":["a"],"first_seen":{seconds}}}"#));
            assert_eq!((scan.records()[0].first_seen, scan.left_out().len()), (None, 1));
        }
    }

    #[test]
    fn what_people_say_is_passed_over_in_a_file_of_runzero_s_alone() {
        let scan = parse(r#"{"names":["a"],"tags":["pci"],"organization_id":"x"}"#);
        assert_eq!((scan.passed_over().count(), scan.check().is_ok()), (2, true));
        let scan = parse(r#"{"names":["a"],"tags":["pci"]}"#);
        assert_eq!((scan.passed_over().count(), scan.check().is_ok()), (0, false));
    }

    #[test]
    fn a_line_that_cannot_be_read_is_left_out_whole() {
        for (line, reason) in [
            ("not json", "expected"),
            ("{\"names\":[\"a\"]", "EOF"),
            ("[{\"names\":[\"a\"]}]", "one JSON object a line"),
            ("\"web1\"", "one JSON object a line"),
            ("{\"names\":[\"a\"]} {}", "trailing"),
            ("{\"names\":[]}", "at least one name"),
            ("{\"addresses\":[\"10.0.0.1\"]}", "at least one name"),
            ("{}", "at least one name"),
            ("{\"id\":\" \",\"names\":null}", "at least one name"),
        ] {
            let scan =
                parse(&format!("{{\"names\":[\"good\"]}}\n\n{line}\n{{\"names\":[\"best\"]}}"));
            assert_eq!(names(&scan), [["good"], ["best"]], "{line}");
            assert_eq!(scan.unread(), [3_usize], "{line}");
            let [(3, None, why)] = left_out(&scan)[..] else { panic!("{line}: {scan:?}") };
            assert!(why.contains(reason), "{line}: {why}");
            assert!(!why.contains(" at line "), "{why}");
        }
        let latin = Scan::parse(b"{\"names\":[\"b\xfcro\"]}\n{\"names\":[\"a\"]}", now());
        assert_eq!(
            (names(&latin), left_out(&latin)[0].2),
            (vec![vec!["a"]], "it is not UTF-8 text")
        );
        let huge = format!("{{\"names\":[\"{}\"]}}\n{{\"names\":[\"a\"]}}", "a".repeat(2 << 20));
        let huge = parse(&huge);
        assert_eq!(
            (names(&huge), left_out(&huge)[0].2),
            (vec![vec!["a"]], "it is longer than 1 MiB")
        );
        assert!(huge.left_out()[0].value.len() < 400);
        let deep = parse(&format!("{{\"names\":{}", "[".repeat(100_000)));
        assert_eq!(left_out(&deep).len(), 1);
    }

    #[test]
    fn a_bad_value_is_left_out_and_the_rest_of_the_line_is_kept() {
        for (member, field, reason) in [
            ("\"names\":[\"a\",\"HOST7 (old)\"]", "names", "' '"),
            ("\"names\":[\"a\",\"\"]", "names", "blank"),
            ("\"names\":[\"a\",7]", "names", "a number"),
            ("\"names\":[\"a\",null]", "names", "null"),
            ("\"names\":\"a\",\"addresses\":[\"10.0.0.300\"]", "addresses", "address"),
            ("\"names\":\"a\",\"addresses\":{\"v4\":\"10.0.0.1\"}", "addresses", "an object"),
            ("\"names\":\"a\",\"domains\":[\" \"]", "domains", "blank"),
            ("\"names\":\"a\",\"os\":11", "os", "a number"),
            ("\"names\":\"a\",\"os\":[\"Linux\"]", "os", "a list"),
            ("\"names\":\"a\",\"id\":1.5", "id", "whole number"),
            ("\"names\":\"a\",\"id\":true", "id", "true or false"),
            ("\"names\":\"a\",\"site\":\"a\\u0007\"", "site", "control character"),
            ("\"names\":\"a\",\"last_seen\":\"yesterday\"", "last_seen", "RFC 3339"),
            ("\"names\":\"a\",\"last_seen\":1767225600000", "last_seen", "seconds"),
            ("\"names\":\"a\",\"last_seen\":1799999999", "last_seen", "future"),
            ("\"names\":\"a\",\"last_seen\":1.5", "last_seen", "seconds"),
            ("\"names\":\"a\",\"last_seen\":true", "last_seen", "true or false"),
            ("\"names\":\"a\",\"macs\":[\"web1\"]", "macs", "MAC address"),
            ("\"names\":\"a\",\"macs\":\"00:00:00:00:00:00\"", "macs", "no card"),
            ("\"names\":\"a\",\"hw\":7", "hw", "a number"),
            ("\"names\":\"a\",\"last_seen\":\"2099-01-01T00:00:00Z\"", "last_seen", "future"),
            ("\"names\":\"a\",\"first_seen\":\"2026-06-03T00:00:00Z\"", "first_seen", "future"),
            ("\"names\":\"a\",\"adresses\":[]", "adresses", "unknown field"),
            ("\"names\":\"a\",\"names\":[\"b\"]", "names", "twice"),
        ] {
            let scan = parse(&format!("{{{member}}}"));
            assert_eq!(names(&scan), [["a"]], "{member}");
            let [(1, Some(left), why)] = left_out(&scan)[..] else { panic!("{member}: {scan:?}") };
            assert_eq!(left, field);
            assert!(why.contains(reason), "{member}: {why}");
            let is_partial =
                Field::of(field).is_some_and(|f| scan.records()[0].partial.contains(&f));
            assert_eq!(is_partial, field != "adresses", "{member}");
            assert!(scan.unread().is_empty());
        }
    }

    #[test]
    fn what_can_be_understood_is_understood() {
        let scan = parse(
            r#"{"id":42,"names":"CORP\\HOST7","addresses":" 10.0.0.5 ","domains":"corp","os":null,"site":" ","last_seen":"2026-06-01T12:00:00Z"}
               {"id":" 43 ","names":[],"addresses":["::ffff:10.0.0.6","10.0.0.6"]}"#,
        );
        assert_eq!(left_out(&scan), []);
        let [first, second] = scan.records() else { panic!("{scan:?}") };
        assert_eq!(first.id.as_deref(), Some("42"));
        assert_eq!(first.domains, ["CORP"], "corp is there already");
        assert_eq!((&first.os, &first.site), (&None, &None));
        assert!(first.last_seen.is_some(), "clocks differ by less than a day");
        assert_eq!((second.id.as_deref(), second.addresses.len()), (Some("43"), 1));
    }

    #[test]
    fn an_export_of_runzero_s_is_a_scan() {
        let scan = parse(
            r#"{"id":"e77602e0-3fb8-4734-aef9-fbc6fdcb0fa8","names":["WEB1","web1.corp.example"],"addresses":["10.0.0.5"],"addresses_extra":["fe80::5"],"macs":["00:1B:44:11:3A:B7","001b.4411.3ab7"],"domains":["CORP"],"os":"Debian Linux","os_version":"12","type":"Server","hw":"Dell PowerEdge R640","first_seen":1767225600,"last_seen":0,"services":{"10.0.0.5/22/tcp/":{}},"alive":true,"tags":{"a":"b"}}"#,
        );
        assert_eq!(left_out(&scan), []);
        let [asset] = scan.records() else { panic!("{scan:?}") };
        assert_eq!(asset.addresses.len(), 2);
        assert_eq!(asset.macs, ["00:1b:44:11:3a:b7"]);
        let told = [&asset.os, &asset.os_version, &asset.kind, &asset.hw].map(Option::as_deref);
        let expected = ["Debian Linux", "12", "Server", "Dell PowerEdge R640"];
        assert_eq!(told, expected.map(Some));
        assert_eq!(asset.first_seen, Timestamp::from_unix_seconds(1_767_225_600));
        assert_eq!(asset.last_seen, None);
        assert_eq!(
            scan.passed_over().collect::<Vec<_>>(),
            [("alive", 1), ("services", 1), ("tags", 1)]
        );
    }

    #[test]
    fn a_table_is_a_scan_and_each_bad_cell_is_told_with_its_line() {
        let scan = parse(
            "id,names,mac,OS,colour,site_name\r\n1,\"web1;b c\",00-1b-44-11-3a-b7,Debian,red,hq\r\n\r\n2,web2,x\r\n,,,\r\n\"3,web3\r\n",
        );
        assert_eq!(names(&scan), [["web1"], ["web2"]]);
        assert_eq!(scan.records()[0].macs, ["00:1b:44:11:3a:b7"]);
        let told: Vec<(usize, Option<&str>)> =
            left_out(&scan).iter().map(|(line, field, _)| (*line, *field)).collect();
        let expected = [(1, Some("colour")), (2, Some("names")), (4, Some("macs")), (6, None)];
        assert_eq!(told, expected);
        assert_eq!(scan.passed_over().collect::<Vec<_>>(), [("site_name", 3)]);
    }

    #[test]
    fn an_id_is_one_record_s() {
        let a = "{\"id\":\"7\",\"names\":[\"a\",\"a2\"]}";
        let same = "{\"names\":[\"A2.\",\"A\"],\"id\":7}";
        let scan = parse(&format!("{a}\n{same}\n{{\"id\":\"8\",\"names\":[\"c\"]}}"));
        assert_eq!(names(&scan), [vec!["a", "a2"], vec!["c"]]);
        assert_eq!(left_out(&scan), [(2, None, "line 1 has this id already, and says the same")]);
        assert!(scan.unread().is_empty());
        let other = "{\"id\":\"7\",\"names\":[\"b\"]}";
        let scan = parse(&format!("{a}\n{{\"id\":\"8\",\"names\":[\"c\"]}}\n{other}"));
        assert_eq!(names(&scan), [["c"]]);
        let reason = "several lines have this id and differ (1, 3)";
        assert_eq!(left_out(&scan), [(1, None, reason), (3, None, reason)]);
        assert_eq!(scan.unread().len(), 2);
    }

    proptest! {
        #[test]
        fn it_makes_no_difference_in_how_many_parts_records_come(
            records in prop::collection::vec((0..3u8, 0..3u8), 0..10),
            size in 1..5usize,
        ) {
            let record = |(id, name): &(u8, u8)| {
                let mut record = ScannedAsset::named([format!("host{name}").parse().unwrap()]);
                record.id = (*id > 0).then(|| id.to_string());
                record
            };
            let whole = Scan::from_iter(records.iter().map(record));
            let mut parts = Scan::default();
            records.chunks(size).for_each(|chunk| parts.extend(chunk.iter().map(record)));
            prop_assert_eq!(&parts, &whole);
        }
    }

    #[test]
    fn a_check_names_every_bad_line() {
        let error = parse("x\n{\"names\":[\"a\",\"b c\"]}\ny").check().unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Invalid);
        for line in ["line 1", "line 2, names: \"b c\"", "line 3"] {
            assert!(error.to_string().contains(line), "{error}");
        }
    }

    proptest! {
        #[test]
        fn no_bytes_panic(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
            let _ = Scan::parse(&bytes, now());
        }

        #[test]
        fn no_json_panics_and_every_line_is_kept_or_named(
            lines in prop::collection::vec("\\{(\"(id|names|os|x)\":(\"[a-c$ :.]{0,3}\"|[0-9]|null|\\[(\"[a-c ]{0,2}\")?\\]),?){0,3}\\}", 1..8),
        ) {
            let scan = parse(&lines.join("\n"));
            let kept = scan.records().iter().map(|record| record.line);
            let whole = scan.left_out().iter().filter(|left_out| left_out.field.is_none());
            let mut told: Vec<usize> = kept.chain(whole.map(|left_out| left_out.line)).collect();
            told.sort_unstable();
            prop_assert_eq!(told, (1..=lines.len()).collect::<Vec<_>>());
        }
    }
}
