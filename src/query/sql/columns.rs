//! How a store says where its fields are.

use std::collections::BTreeMap;
use std::net::IpAddr;

use crate::query::literal::address_key;

/// Where a store keeps the fields that queries ask for, and in which dialect it is asked.
///
/// All SQL in here is the store's own, and `'static` so that nothing else can get in. Conditions:
///
/// - Texts and words are kept folded ([`Query::fold`](crate::query::Query::fold)), as are the names and sources of
///   attributes; in SQLite with the default collation.
/// - Times are microseconds since 1970-01-01T00:00:00Z; in PostgreSQL they, and numbers, are `bigint`.
/// - Addresses are kept as the text of [`IpAddr::to_canonical`](std::net::IpAddr::to_canonical) and as
///   their [`address_key`](Column::address_key).
/// - A [`Name`](crate::query::Value::Name) is two rows of a child table, a row for each form, of which one
///   [counts](Child::counting).
/// - NULL is the absence of a value; child tables hold no NULL.
/// - Fields have the same kinds and values as [`Fields`](crate::query::Fields) gives the evaluator.
///
/// ```
/// use ldap_inventory::query::Query;
/// use ldap_inventory::query::sql::{Child, Column, ColumnMap, Dialect};
///
/// let names = Child::new("asset_name", "asset_name.asset", "asset.id");
/// let map = ColumnMap::new(Dialect::Sqlite)
///     .with("os", Column::text("asset.os_folded"))
///     .with("name", Column::text("asset_name.folded").in_child(names));
/// let condition = map.condition(&Query::parse("os:Windows")?, 0, 1);
/// assert_eq!(condition.text, "(asset.os_folded IS NOT NULL AND instr(asset.os_folded, ?1) > 0)");
/// # Ok::<(), ldap_inventory::query::ParseError>(())
/// ```
#[derive(Clone, Debug)]
pub struct ColumnMap {
    pub(crate) dialect: Dialect,
    columns: BTreeMap<&'static str, Column>,
    pub(crate) attributes: Option<AttributeTable>,
    pub(crate) falls_through: bool,
    pub(crate) residual_attributes: bool,
    pub(crate) signatures: Option<SignatureColumn>,
    pub(crate) lists: Option<Vec<String>>,
}

/// A database's way of writing SQL.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum Dialect {
    /// PostgreSQL: `$1`, booleans, and `LIKE` that a trigram index helps.
    Postgres,
    /// SQLite: `?1`.
    Sqlite,
}

/// How a field is reached.
#[derive(Clone, Copy, Debug)]
pub struct Column {
    pub(crate) kind: Kind,
    pub(crate) child: Option<Child>,
    pub(crate) list: Option<&'static str>,
}

/// A table with any number of rows for each row of the main one.
#[derive(Clone, Copy, Debug)]
pub struct Child {
    pub(crate) table: &'static str,
    pub(crate) owner: &'static str,
    pub(crate) parent: &'static str,
    pub(crate) counts: Option<&'static str>,
    pub(crate) selective: bool,
}

/// A child table of attributes: a row for every value.
#[derive(Clone, Copy, Debug)]
pub(crate) struct AttributeTable {
    pub(crate) child: Child,
    pub(crate) source: &'static str,
    pub(crate) name: &'static str,
    pub(crate) kind: Kind,
}

/// Where the signatures of attributes are, and how they are asked.
#[derive(Clone, Copy, Debug)]
pub(crate) enum SignatureColumn {
    /// In a child table, by a function of the database.
    In { child: Child, column: &'static str, covers: &'static str },
    /// The same as a string of bits that the database compares.
    #[cfg(any(test, feature = "postgres"))]
    Bits { child: Child, column: &'static str },
}

/// What a column holds, and the expression that reads it.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Kind {
    Address {
        text: &'static str,
        key: &'static str,
    },
    Attribute {
        text: &'static str,
        time: &'static str,
    },
    Boolean(&'static str),
    Number(&'static str),
    /// Only the evaluator knows.
    Residual,
    Text(&'static str),
    Time(&'static str),
    Word(&'static str),
}

impl ColumnMap {
    /// A map without fields, by which every condition on a field is false.
    pub fn new(dialect: Dialect) -> Self {
        Self {
            dialect,
            columns: BTreeMap::new(),
            attributes: None,
            falls_through: false,
            residual_attributes: false,
            signatures: None,
            lists: None,
        }
    }

    /// Adds a field by its folded name; a field may have several names.
    #[must_use]
    pub fn with(mut self, name: &'static str, column: Column) -> Self {
        self.columns.insert(name, column);
        self
    }

    /// Says where the attributes are: in `child`, with columns for the folded source key (`@ldap.computer`), the folded
    /// name, the folded text, and the time, which is NULL for those that are none.
    #[must_use]
    pub fn with_attributes(
        mut self,
        child: Child,
        source: &'static str,
        name: &'static str,
        text: &'static str,
        time: &'static str,
    ) -> Self {
        let kind = Kind::Attribute { text, time };
        self.attributes = Some(AttributeTable { child, source, name, kind });
        self
    }

    /// Leaves attributes to the evaluator, as [`Column::residual`] does with a field. For a store that keeps
    /// no table of them.
    #[must_use]
    pub fn with_residual_attributes(mut self) -> Self {
        self.residual_attributes = true;
        self
    }

    /// Leaves attributes to the evaluator, and has it look only at rows whose [`AttributeBloom`](super::AttributeBloom) does
    /// not rule them out: `child` has one row of `column` for each row of the main table, and `covers` names a
    /// function of the database that is [`AttributeBloom::covers`](super::AttributeBloom::covers).
    #[must_use]
    pub fn with_signatures(
        mut self,
        child: Child,
        column: &'static str,
        covers: &'static str,
    ) -> Self {
        self.signatures = Some(SignatureColumn::In { child, column, covers });
        self.with_residual_attributes()
    }

    /// The same with signatures in a column of a type for strings of bits: `bit varying`.
    #[cfg(any(test, feature = "postgres"))]
    #[must_use]
    pub(crate) fn with_signature_bits(mut self, child: Child, column: &'static str) -> Self {
        self.signatures = Some(SignatureColumn::Bits { child, column });
        self.with_residual_attributes()
    }

    /// Says which lists there are in the [listed](Column::listed) column, so that those with a word are looked for as they
    /// are: a database knows how many rows have each, and has an index.
    #[cfg(any(test, feature = "postgres"))]
    #[must_use]
    pub(crate) fn among_lists(mut self, lists: Vec<String>) -> Self {
        self.lists = Some(lists);
        self
    }

    /// Looks for fields that are not in the map among the attributes, of whatever source. For users and
    /// groups, which are asked for by bare attribute names: `isDisabled:true`.
    #[must_use]
    pub fn falling_through(mut self) -> Self {
        self.falls_through = true;
        self
    }

    /// The names of the fields, each with its [`Field`](crate::query::Field) in what a host gives to
    /// [`Query::parse_known`](crate::query::Query::parse_known).
    pub fn names(&self) -> Vec<&'static str> {
        self.columns.keys().copied().collect()
    }

    pub(crate) fn column(&self, name: &str) -> Option<&Column> {
        self.columns.get(name)
    }
}

impl Column {
    /// What stands between the words of a [`listed`](Self::listed) column, and in none of them: U+001F.
    pub const WORD_SEPARATOR: char = '\u{1f}';

    /// The key that a store keeps beside an address, so that a network is a range of keys.
    ///
    /// `4` or `6` and the address in hexadecimal: keys sort as addresses do, IPv4 first. An IPv4 address
    /// written as IPv6 (`::ffff:10.0.0.5`) has the key of the IPv4 address.
    ///
    /// ```
    /// use ldap_inventory::query::sql::Column;
    ///
    /// assert_eq!(Column::address_key("10.0.0.5".parse().unwrap()), "40a000005");
    /// ```
    pub fn address_key(address: IpAddr) -> String {
        address_key(address)
    }

    /// IP addresses: their text and their key.
    pub fn address(text: &'static str, key: &'static str) -> Self {
        Self::of(Kind::Address { text, key })
    }

    /// Yes or no; 1 or 0 in SQLite.
    pub fn boolean(column: &'static str) -> Self {
        Self::of(Kind::Boolean(column))
    }

    /// Whole numbers.
    pub fn number(column: &'static str) -> Self {
        Self::of(Kind::Number(column))
    }

    /// A field that the database does not know and the evaluator does: a condition on it leaves the
    /// compiled one wider than the query, see [`Sql::exact`](super::Sql::exact).
    pub fn residual() -> Self {
        Self::of(Kind::Residual)
    }

    /// Folded text that is looked into.
    pub fn text(column: &'static str) -> Self {
        Self::of(Kind::Text(column))
    }

    /// Microseconds since 1970-01-01T00:00:00Z.
    pub fn time(column: &'static str) -> Self {
        Self::of(Kind::Time(column))
    }

    /// Folded words that are compared as a whole.
    pub fn word(column: &'static str) -> Self {
        Self::of(Kind::Word(column))
    }

    /// The values are in a child table.
    #[must_use]
    pub fn in_child(mut self, child: Child) -> Self {
        self.child = Some(child);
        self
    }

    /// The words of a child table are in a column of the row as well: in one text, [`WORD_SEPARATOR`](Self::WORD_SEPARATOR) before each
    /// and after the last. Then that is looked into for whole words, which takes no search of the child table for
    /// every row.
    #[must_use]
    pub fn listed(mut self, column: &'static str) -> Self {
        self.list = Some(column);
        self
    }

    fn of(kind: Kind) -> Self {
        Self { kind, child: None, list: None }
    }
}

impl Child {
    /// A child `table` whose column `owner` names the row of the main table with `parent`.
    pub fn new(table: &'static str, owner: &'static str, parent: &'static str) -> Self {
        Self { table, owner, parent, counts: None, selective: false }
    }

    /// Says which rows are counted as values, where a value has several: a condition on their columns.
    #[must_use]
    pub fn counting(mut self, counts: &'static str) -> Self {
        self.counts = Some(counts);
        self
    }

    /// Says that few rows of the main table share a value, as with names and unlike sources: the child
    /// table is then searched first (`IN`), and not once for every row of the main one (`EXISTS`).
    #[must_use]
    pub fn selective(mut self) -> Self {
        self.selective = true;
        self
    }
}

impl Kind {
    /// The expression that is NULL where there is no value; none if the database knows nothing of it.
    pub(crate) fn expression(self) -> Option<&'static str> {
        match self {
            Self::Residual => None,
            Self::Address { text, .. } | Self::Attribute { text, .. } => Some(text),
            Self::Boolean(column) | Self::Number(column) | Self::Text(column) => Some(column),
            Self::Time(column) | Self::Word(column) => Some(column),
        }
    }
}
