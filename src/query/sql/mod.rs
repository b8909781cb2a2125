//! Queries as conditions in SQL, for stores that have tables.
//!
//! A store says in a [`ColumnMap`] where its fields are, and gets a [`Sql`] condition for any query: parameterised
//! throughout, and finding what [`Query::matches`](super::Query::matches) finds, or more where the columns do not
//! suffice, and then it says so. The stores in SQLite and PostgreSQL are made so.
//!
//! # A host's own tables
//!
//! Texts are kept [folded](super::Query::fold), times in microseconds, and lists in child tables:
//!
//! ```sql
//! CREATE TABLE hosts (
//!     id        bigint PRIMARY KEY,
//!     os        text,                        -- Query::fold(asset.os())
//!     last_seen bigint,                      -- asset.last_seen().as_micros()
//!     document  text NOT NULL                -- the asset as JSON, which is read only where it must be
//! );
//! CREATE TABLE host_names (                  -- two rows for an international name, one of which counts
//!     host   bigint NOT NULL REFERENCES hosts,
//!     text   text   NOT NULL,                -- Query::fold(name), and of its other form
//!     counts boolean NOT NULL
//! );
//! CREATE TABLE host_addresses (
//!     host   bigint NOT NULL REFERENCES hosts,
//!     text   text   NOT NULL,                -- address.to_canonical()
//!     key    text COLLATE "C" NOT NULL       -- Column::address_key(address)
//! );
//! ```
//!
//! ```
//! use ldap_inventory::query::Query;
//! use ldap_inventory::query::sql::{Child, Column, ColumnMap, Dialect, SqlValue};
//!
//! let names = Child::new("host_names", "host_names.host", "hosts.id").counting("host_names.counts");
//! let addresses = Child::new("host_addresses", "host_addresses.host", "hosts.id");
//! let map = ColumnMap::new(Dialect::Postgres)
//!     .with("name", Column::text("host_names.text").in_child(names))
//!     .with("os", Column::text("hosts.os"))
//!     .with("last_seen", Column::time("hosts.last_seen"))
//!     .with("address", Column::address("host_addresses.text", "host_addresses.key").in_child(addresses))
//!     .with_residual_attributes();
//!
//! let query = Query::parse("os:windows last_seen:<30days")?;
//! let condition = map.condition(&query, 1_767_225_600_000_000, 1);
//! // SELECT document FROM hosts WHERE {condition.text}
//! assert!(condition.exact);
//! assert!(condition.parameters.contains(&SqlValue::Text("%windows%".to_owned())), "{condition:?}");
//!
//! // Attributes are in the documents: the condition lets more through, and the query is put to each document.
//! let query = Query::parse("os:windows @ldap.computer.description:lab")?;
//! assert!(!map.condition(&query, 0, 1).exact);
//! # Ok::<(), ldap_inventory::query::ParseError>(())
//! ```

mod bloom;
mod columns;
mod compile;

#[doc(hidden)]
pub use bloom::AttributeBloom;
pub use columns::{Child, Column, ColumnMap, Dialect};
pub use compile::{Sql, SqlValue};
