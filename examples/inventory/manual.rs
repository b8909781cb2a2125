//! The manual of queries: how they are written, and every field, from the tables that the parser goes by.

use ldap_inventory::asset::{Asset, DirectoryGroup, DirectoryUser};
use ldap_inventory::query::Field;

use super::table::{self, Table};

/// How queries are written.
const LANGUAGE: &str = r#"Queries: what must hold of a record.

  web1                            a name contains web1
  web*   db?   =web1              a name as a whole: * is any characters, ? is one, = is all of it
  os:windows   os:win*2022        a field contains a text, or is of a form; case and accents' forms never matter
  os:"windows server"             quotation marks around blanks, commas and parentheses
  os:windows,linux                one of several
  source:ldap os:windows          both; AND may be left out
  os:linux OR os:bsd   NOT web    either, or the opposite; parentheses put them together
  has:os   NOT has:os             a value, or none
  name_count:>2                   how many values there are
  last_seen:<30days   :>2weeks    less or more than that from now; :>2026-01-31, :<now-90min
  last_seen:never                 no such time; no comparison finds it: last_seen:>90days OR last_seen:never
  address:10.0.0.0/8              an address, a network, a part of an address
  @ldap.computer.isDisabled:true  what a source says itself: @source.type.attribute
  member:"CN=O'Brien\, Pat"       a DN as it is printed, or a part of it

A backslash takes what follows literally: \* \? \" \\ \, (after = also \% and \_, which mean what * and ? do).
In a shell, put the whole query into single quotes: 'os:"windows server" web*'.
"#;

/// All of it.
pub(crate) fn text() -> String {
    let kinds = [
        ("assets", Asset::FIELDS, ", and @source.type.attribute"),
        ("users", DirectoryUser::FIELDS, ""),
        ("groups", DirectoryGroup::FIELDS, ""),
    ];
    let fields = kinds.map(|(kind, fields, more)| {
        let mut out = Vec::new();
        // Writing to memory does not fail.
        let _ = table(fields).write(&mut out, table::width());
        format!("\nFields of {kind}{more}\n\n{}", String::from_utf8_lossy(&out))
    });
    [LANGUAGE.to_owned(), fields.concat()].concat()
}

fn table(fields: &[Field]) -> Table {
    let mut table = Table::new(["Field", "Type", "Example", "Meaning"]);
    table.wraps = true;
    table.whole = 3;
    for field in fields.iter().filter(|field| field.is_kept()) {
        let meaning = match field.words() {
            [] => field.meaning.to_owned(),
            words => format!("{}: {}", words.join(", "), field.meaning),
        };
        table.row([field.name(), field.kind(), field.example, &meaning]);
    }
    table
}
