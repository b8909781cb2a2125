//! Which records a search finds.

use crate::asset::SearchRequest;
use crate::query::Fields;

/// Whether the request's query holds of a record.
pub(super) fn selects(request: &SearchRequest, record: &impl Fields) -> bool {
    request.query.matches(record, request.now.as_micros())
}
