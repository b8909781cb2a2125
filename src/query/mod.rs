//! The query language: ask an inventory in one line.
//!
//! The language is runZero's, as far as that is documented. A [`Query`] is parsed once; then it is put to
//! anything that implements [`Fields`] ([`Query::matches`]), or compiled to a condition in SQL
//! ([`ColumnMap::condition`](sql::ColumnMap::condition)). Both find the same.
//!
//! # Manual
//!
//! | to find | write |
//! |---|---|
//! | names that contain `web` | `web` |
//! | a field that contains a text | `os:windows`, `os:"windows server"` |
//! | one of several texts | `os:windows,linux` |
//! | a text exactly | `os:="Windows 10"` |
//! | a beginning, an end, any one character | `web*`, `os:win*2012*`, `os:*server`, `os:Window?` |
//! | a word as a whole (sources, identifiers) | `source:ldap` |
//! | two conditions | `os:windows source:ldap`, `os:windows AND source:ldap` |
//! | either of two, or the opposite | `os:linux OR os:bsd`, `NOT source:ldap`, `-source:ldap` |
//! | a value of any kind, or none | `has:os`, `NOT has:os` |
//! | what a source said itself | `@ldap.computer.isDomainController:true` |
//! | yes or no | `alive:t`, `alive:true`, `alive:f`, `alive:false` |
//! | numbers | `vlan:12`, `vlan:>=12`, `@ldap.computer.badPwdCount:>3` |
//! | how many values there are | `name_count:>2`, `@ldap.computer.memberOf_count:>100` |
//! | assets that share a name with another | `name_overlap:t` |
//! | addresses and networks | `address:10.0.0.5`, `address:10.0.0.0/8`, `address:10.0.` |
//! | seen within two weeks, or not for a month | `last_seen:<2weeks`, `last_seen:>30days` |
//! | past, or future | `@ldap.user.accountExpiresTS:<now`, `@ldap.user.accountExpiresTS:>now` |
//! | by the calendar | `last_seen:2026-01-31`, `last_seen:>=2026-01-31T12:00:00Z` |
//! | by the clock | `last_seen:>now-90min`, `@ldap.user.accountExpiresTS:<now+2weeks` |
//! | never | `last_seen:never`, `@ldap.computer.lastLogonTimestampTS:never` |
//! | what a directory does not show any more | `state:missing`, `state:gone` |
//! | who is in a group, directly or through others | `group:"UX Top"`, `nested:"UX Top"` |
//!
//! ## Putting conditions together
//!
//! `NOT` binds more tightly than `AND`, and `AND` more than `OR`; parentheses decide otherwise. `AND` may be
//! left out. The three are written in any case; in quotes they are ordinary words. `-` right before a condition or a
//! parenthesis is `NOT`; a name that contains `-web` is found by `"-web"`. The empty query finds everything.
//!
//! A condition holds if *one* of the field's values passes, so `NOT name:web` finds what has no such name
//! at all. A field without a value, and a field that does not exist, pass no test; a host that wants a
//! mistyped name refused, or a value that its field cannot have, parses with [`Query::parse_known`], and gets what may
//! have been meant. The [fields](Field) are tables that a host can show: [`Asset::FIELDS`](crate::asset::Asset::FIELDS)
//! and its like. Where nothing is found, a [`Reading`] says how the query was read, and what is near.
//!
//! ## Text
//!
//! Case never matters, in names of fields and attributes either, nor do the forms of a letter (`ü` or `u` with
//! two dots, `ﬁ` or `fi`), `ß` for `ss`, characters that cannot be seen, and `®`, `©` and `™`; [`Query::fold`] is the
//! rule. International names are found in Unicode and in ASCII: `bücher` and `xn--bcher-kva`. A text is looked
//! into. `*` stands for any characters and `?` for exactly one (`?` is `ü`, and `??` is `ß`), in quotes too; a value that has
//! one of them is the form of the whole text. `=` before the first value asks for all of the text as well, and then
//! `%` means what `*` does and `_` what `?` does. (Without `=` these two are ordinary characters.)
//!
//! Values with spaces, commas, parentheses or quotation marks, and words with colons, are written in double
//! quotes. A backslash before punctuation or a space takes it literally: `\"`, `\\`, `\,`, `\*`, `\?`, `\%`, `\_`.
//! Before anything else it is an ordinary character, so `CORP\alice` needs no more. [`Query::quote`] does all that.
//!
//! A distinguished name finds itself as it is printed, whole or in part: `member:"CN=O'Brien\, Pat"`. Its escapes make no
//! difference to a value with a character that DNs escape, such as a comma; and one without blanks needs no quotes,
//! since commas between types and values do not separate alternatives: `group:CN=Staff,DC=corp,DC=example`.
//!
//! ## Numbers and counts
//!
//! Numbers are whole, with at most 18 digits. A text that is such a number can be compared as one. The
//! ending `_count` always asks for the number of values of the field before it.
//!
//! ## Times
//!
//! A length of time is a distance from now **in either direction**: `<30days` is less than 30 days ago or
//! less than 30 days ahead, `>30days` longer ago or farther ahead. To ask for one direction, add `<now` or
//! `>now`, or write `>now-30days`. Lengths are whole numbers of `s`, `min`, `hours`, `days`, `weeks`,
//! `months` (30 days) or `years` (365 days), and the usual short and long forms of these.
//!
//! Dates and times are RFC 3339's, in UTC unless an offset says otherwise. A date means its whole day, and a
//! time its whole second: `:2026-01-31` is that day, `:>2026-01-31` after it. A number is never a time.
//!
//! `never` finds what has no such time: what was never seen, an account that never logged on or does not have the
//! attribute at all. No comparison does: what was not seen for 90 days, or never, is
//! `last_seen:>90days OR last_seen:never`; and `NOT last_seen:<90days` is both as well.
//!
//! ## Addresses
//!
//! An IP address finds itself, a network (CIDR) its addresses, anything else what the address's text
//! contains. An IPv4 address written as IPv6 (`::ffff:10.0.0.5`) is the IPv4 address.
//!
//! ## Attributes
//!
//! `@source.type.attribute`: all after the second dot is the attribute's name. Its values are texts, or
//! times where the source has times (`lastLogonTimestampTS`). Users and groups may be asked for bare
//! attribute names too: `isDisabled:true`.
//!
//! ## Limits
//!
//! At most [`Query::MAX_LENGTH`] bytes, [`Query::MAX_VALUES`] values, and [`Query::MAX_DEPTH`] parentheses and `NOT`s within each
//! other.
//!
//! # Examples
//!
//! ```
//! # use std::ops::ControlFlow;
//! # use ldap_inventory::query::{Fields, Query, Value};
//! # struct Machine;
//! # const DAY: i64 = 86_400_000_000;
//! # const NOW: i64 = 20_000 * DAY;
//! # impl Fields for Machine {
//! #     fn field(&self, name: &str, visit: &mut dyn FnMut(Value<'_>) -> ControlFlow<()>) -> ControlFlow<()> {
//! #         match name {
//! #             "name" => ["WEB1", "web1.corp.example"].iter().try_for_each(|name| visit(Value::Text(name))),
//! #             "os" => visit(Value::Text("Windows Server 2022")),
//! #             "source" => visit(Value::Word("ldap")),
//! #             "address" => visit(Value::Address([10, 0, 0, 5].into())),
//! #             "last_seen" => visit(Value::Time(NOW - 3 * DAY)),
//! #             _ => ControlFlow::Continue(()),
//! #         }
//! #     }
//! #     fn attribute(&self, source: &str, name: &str, visit: &mut dyn FnMut(Value<'_>) -> ControlFlow<()>) -> ControlFlow<()> {
//! #         match (source, name) {
//! #             ("@ldap.computer", "accountexpirests") => visit(Value::Time(NOW + 20 * DAY)),
//! #             ("@ldap.computer", "badpwdcount") => visit(Value::Text("4")),
//! #             _ => ControlFlow::Continue(()),
//! #         }
//! #     }
//! # }
//! # let machine = Machine;
//! // WEB1 (also web1.corp.example), Windows Server 2022, known to LDAP, at 10.0.0.5, seen 3 days ago; its
//! // account expires in 20 days, after 4 wrong passwords.
//! for (query, expected) in [
//!     ("web1", true),
//!     ("web2", false),
//!     ("os:windows source:ldap", true),
//!     ("os:=windows", false),
//!     ("os:win*202?", true),
//!     ("os:linux or source:ldap and web1", true),
//!     ("NOT source:ldap", false),
//!     ("source:lda", false),
//!     ("has:os NOT has:site", true),
//!     ("address:10.0.0.0/24", true),
//!     ("name_count:2", true),
//!     ("last_seen:<2weeks", true),
//!     ("last_seen:>30days", false),
//!     ("@ldap.computer.accountExpiresTS:<30days", true),
//!     ("@ldap.computer.accountExpiresTS:<now", false),
//!     ("@ldap.computer.badPwdCount:>3", true),
//! ] {
//!     assert_eq!(Query::parse(query)?.matches(&machine, NOW), expected, "{query}");
//! }
//! # Ok::<(), ldap_inventory::query::ParseError>(())
//! ```

// Where things are: a text is cut into words (`lex`), read into terms (`parse`, `term`) and becomes a tree (`ast`) of values
// that keep everything they can be read as (`literal`, `time`), folded by one rule (`text`), and checked by the table of
// fields (`field`, `check`). The tree is put to records (`evaluate`), compiled to SQL over a store's columns (`columns`,
// `sql`, and `bloom` for attributes), or printed (`print`); what finds nothing is explained (`reading`, `near`).

mod ast;
mod check;
mod error;
mod evaluate;
mod field;
mod form;
mod lex;
mod limits;
mod literal;
mod near;
mod parse;
mod print;
mod reading;
pub mod sql;
mod suggest;
mod term;
mod text;
mod time;

use std::fmt;
use std::str::FromStr;

pub(crate) use self::ast::{Expr, Key, Term, Test};
pub use self::error::ParseError;
pub(crate) use self::evaluate::Visit;
pub use self::evaluate::{Fields, Value};
pub use self::field::Field;
pub(crate) use self::field::is_time_attribute;
pub use self::reading::Reading;
pub(crate) use self::text::fold_case;

/// A query, parsed.
///
/// Prints back to a query that means the same, and is equal when parsed again.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Query {
    expr: Expr,
}

impl Query {
    /// The longest query, in bytes. Enough for any that a person writes, and 256 values with room to spare.
    pub const MAX_LENGTH: usize = limits::MAX_LENGTH;

    /// The deepest nesting of parentheses and `NOT`, so that no query exhausts a stack.
    pub const MAX_DEPTH: usize = limits::MAX_DEPTH;

    /// The most values and names in one query.
    pub const MAX_VALUES: usize = limits::MAX_VALUES;

    /// Parses a query. Fields are not checked: one that nothing has matches nothing, and so does a value that no
    /// field can have.
    ///
    /// # Errors
    ///
    /// Where it cannot be read, and what was expected there. Converts to
    /// [`ErrorKind::Invalid`](crate::ErrorKind::Invalid).
    pub fn parse(text: &str) -> Result<Self, ParseError> {
        Ok(Self { expr: parse::parse(text, None)? })
    }

    /// Parses a query whose fields are all among these, and checks what is asked of them. Of attributes only those of
    /// times are checked.
    ///
    /// # Errors
    ///
    /// As [`Query::parse`], for the name of a field that is not known, and for a value that its field cannot have:
    /// `last_seen:2026-13-01`. With what may have been meant.
    ///
    /// ```
    /// use ldap_inventory::asset::Asset;
    /// use ldap_inventory::query::Query;
    ///
    /// let error = Query::parse_known("web last_seen:30days", Asset::FIELDS).unwrap_err();
    /// assert_eq!((error.column, error.suggestion.as_deref()), (15, Some("<30days")));
    /// ```
    pub fn parse_known(text: &str, fields: &[Field]) -> Result<Self, ParseError> {
        Ok(Self { expr: parse::parse(text, Some(fields))? })
    }

    /// The query for everything: the empty one.
    pub fn everything() -> Self {
        Self { expr: Expr::Everything }
    }

    /// A text as a value in a query, in quotation marks and with escapes where it needs them; nothing of it is a
    /// wildcard, after `=` neither. For hosts that put what somebody typed into a query of their own.
    ///
    /// ```
    /// use ldap_inventory::query::Query;
    ///
    /// assert_eq!(Query::quote("web1"), "web1");
    /// assert_eq!(Query::quote("web*"), r#""web\*""#);
    /// assert_eq!(Query::quote("a \"b\" OR c:d"), "\"a \\\"b\\\" OR c:d\"");
    /// ```
    pub fn quote(text: &str) -> String {
        print::quote(text)
    }

    /// The form in which texts are compared: without case, and without what people do not type.
    ///
    /// Unicode's compatibility case folding (NFKC_Casefold), independent of language: composed and decomposed
    /// letters are the same, `ß` is `ss`, `ﬁ` is `fi`, `ｗｅｂ` is `web`, and what cannot be seen (a soft hyphen, a
    /// joiner) is left out. Further than Unicode goes: `®`, `©`, `™` and `℠` are left out as well, so that `Windows
    /// Server® 2008` is found without, and the Turkish letters `ı` and `İ` are `i`. NUL, which databases cannot keep
    /// in a text, becomes U+FFFD. Folding twice changes nothing.
    ///
    /// A store that compiles queries to SQL keeps a column written with this beside every text it wants searched, since a
    /// database's own `lower` differs from Unicode's (SQLite's knows ASCII only).
    ///
    /// ```
    /// use ldap_inventory::query::Query;
    ///
    /// assert_eq!(Query::fold("WEB1.Corp.Example"), "web1.corp.example");
    /// assert_eq!(Query::fold("A\u{308}RGER"), Query::fold("ärger"));
    /// assert_eq!(Query::fold("ΟΔΟΣ"), Query::fold("οδος"));
    /// assert_eq!(Query::fold("Windows Server® 2008"), "windows server 2008");
    /// ```
    pub fn fold(text: &str) -> String {
        fold_case(text)
    }

    pub(crate) fn expr(&self) -> &Expr {
        &self.expr
    }

    /// The same with some terms in other words.
    pub(crate) fn rewritten(&self, rewrite: &mut dyn FnMut(&Term) -> Option<Expr>) -> Self {
        Self { expr: self.expr.rewritten(rewrite) }
    }

    /// Whether anything in it is about the field with this folded name: its values, or how many there are.
    pub fn asks_for(&self, field: &str) -> bool {
        self.expr.asks_for(field)
    }

    /// Whether `item` is what the query asks for, `now` microseconds after 1970-01-01T00:00:00Z.
    pub fn matches(&self, item: &(impl Fields + ?Sized), now: i64) -> bool {
        self.expr.matches(item, now)
    }
}

impl FromStr for Query {
    type Err = ParseError;

    fn from_str(text: &str) -> Result<Self, ParseError> {
        Self::parse(text)
    }
}

impl fmt::Display for Query {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.expr.fmt(f)
    }
}

#[cfg(test)]
mod differential;
#[cfg(test)]
mod generate;
#[cfg(test)]
mod tests;
