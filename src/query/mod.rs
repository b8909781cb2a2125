//! The query language.
/// A parsed query.
#[derive(Clone, Debug)]
pub struct Query;
