//! What is found, also in your own types.
//!
//! The language, with every operator, is at [`query`](crate::query). Questions that people have, and what they may
//! type:
//!
//! ```
//! use ldap_inventory::asset::Asset;
//! use ldap_inventory::query::Query;
//!
//! for (question, text) in [
//!     ("what is not in the domain", "NOT source:ldap"),
//!     ("what the domain has and no scan ever saw", "source:ldap NOT source:scan"),
//!     ("servers out of support, or soon", r#"os:"windows server" os_eol:<90days"#),
//!     ("what nobody has seen for three months", "last_seen:>90days OR last_seen:never"),
//!     ("accounts that are disabled and still scanned", "@ldap.computer.isDisabled:true source:scan"),
//!     ("databases of the finance department, whoever owns them", "service:mssql tag:finance -owner:jane"),
//!     ("what is in a network", "address:10.0.0.0/8"),
//! ] {
//!     let query = Query::parse_known(text, Asset::FIELDS).unwrap();
//!     // It prints back, to be kept in a link or a file, and means the same then.
//!     assert_eq!(Query::parse(&query.to_string()).unwrap(), query, "{question}");
//! }
//! ```
//!
//! - What people type goes through [`Query::parse_known`](crate::query::Query::parse_known): a field that no record has
//!   is refused, with its place and what may have been meant ([`ParseError`](crate::query::ParseError)).
//! - Where nothing is found, a [`Reading`](crate::query::Reading) says how the query was read, and what is near.
//! - Your own types are asked by the same language: [`Fields`](crate::query::Fields) has an example.
//! - A store with columns asks by SQL: [`query::sql`](crate::query::sql) compiles a query to a condition with
//!   parameters.
