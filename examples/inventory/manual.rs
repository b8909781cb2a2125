//! The manual of queries: how they are written, and every field, from the tables that the parser goes by.

use std::io::{self, Write};

use ldap_inventory::asset::{Asset, DirectoryGroup, DirectoryUser};
use ldap_inventory::query::Field;

use super::table::{self, Table, prose};

/// How queries are written: examples, and what they find.
const EXAMPLES: [(&str, &str); 17] = [
    ("web1", "a name contains web1"),
    ("web*   db?   =web1", "a name as a whole: * is any characters, ? is one, = is all of it"),
    (
        "os:windows   os:win*2022",
        "a field contains a text, or is of a form; case and accents' forms never matter",
    ),
    ("os:\"windows server\"", "quotation marks around blanks, commas and parentheses"),
    ("os:windows,linux", "one of several"),
    ("source:ldap os:windows", "both; AND may be left out"),
    ("os:linux OR os:bsd", "either; parentheses put conditions together"),
    ("NOT web   -web   -os:windows", "the opposite"),
    ("has:os   NOT has:os", "a value, or none"),
    ("name_count:>2", "how many values there are"),
    (
        "last_seen:<30days   :>2weeks",
        "less or more than that from now; :>2026-01-31 and :<now-90min are moments",
    ),
    (
        "last_seen:never",
        "no such time; no comparison finds it: last_seen:>90days OR last_seen:never",
    ),
    ("address:10.0.0.0/8", "an address, a network, a part of an address"),
    ("@ldap.computer.isDisabled:true", "what a source says itself: @source.type.attribute"),
    ("member:\"CN=O'Brien\\, Pat\"", "a DN as it is printed, or a part of it"),
    ("nested:\"UX Top\"", "who is in a group, also through other groups"),
    (
        "\\*  \\?  \\\"  \\\\  \\,",
        "a backslash takes what follows literally; after = also \\% and \\_, which mean what * and ? do",
    ),
];

/// How a shell is kept from reading them first.
const IN_A_SHELL: &str =
    "In a shell, put the whole query into single quotes: 'os:\"windows server\" web*'.";

/// How wide a line of help is at most: clap would break longer ones.
const WIDEST: u16 = 100;

/// All of it, for lines of the terminal.
pub(crate) fn text() -> String {
    let mut out = Vec::new();
    // Writing to memory does not fail.
    let _ = write(&mut out, table::width().min(WIDEST));
    String::from_utf8_lossy(&out).into_owned()
}

fn write(out: &mut Vec<u8>, width: u16) -> io::Result<()> {
    writeln!(out, "Queries: what must hold of a record.\n")?;
    let mut examples = Table::new(["Query", "What it finds"]);
    (examples.wraps, examples.whole) = (true, 1);
    EXAMPLES.iter().for_each(|(query, meaning)| examples.row([query, meaning]));
    examples.write(out, width)?;
    writeln!(out)?;
    prose(out, IN_A_SHELL, width)?;
    for (kind, fields) in [
        ("assets, and @source.type.attribute", Asset::FIELDS),
        ("users, and their attributes", DirectoryUser::FIELDS),
        ("groups, and their attributes", DirectoryGroup::FIELDS),
    ] {
        writeln!(out, "\nFields of {kind}\n")?;
        described(fields).write(out, width)?;
    }
    Ok(())
}

fn described(fields: &[Field]) -> Table {
    let mut table = Table::new(["Field", "Type", "Meaning"]);
    (table.wraps, table.whole) = (true, 2);
    for field in fields.iter().filter(|field| field.is_kept()) {
        let meaning = match field.words() {
            [] => field.meaning.to_owned(),
            words => format!("{}: {}", words.join(", "), field.meaning),
        };
        table.row([field.name(), field.kind(), &format!("{meaning} ({})", field.example)]);
    }
    table
}
