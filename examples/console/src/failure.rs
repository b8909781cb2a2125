//! What went wrong, in one sentence.

use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use ldap_inventory::{Error, ErrorKind};
use maud::{Markup, html};

use crate::page;
use crate::shown::Shown;

/// A page, or why there is none.
pub(crate) type Answer<T = Markup> = Result<T, Failure>;

/// Why there is no page.
#[derive(Debug)]
pub(crate) struct Failure {
    status: StatusCode,
    sentence: String,
}

impl Failure {
    pub(crate) fn new(status: StatusCode, sentence: impl Into<String>) -> Self {
        Self { status, sentence: sentence.into() }
    }

    /// What somebody asked for cannot be understood.
    pub(crate) fn unreadable(sentence: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, sentence)
    }

    pub(crate) fn not_found(sentence: impl Into<String>) -> Self {
        Self::new(StatusCode::NOT_FOUND, sentence)
    }

    /// It does not go together with what is there.
    pub(crate) fn conflict(sentence: impl Into<String>) -> Self {
        Self::new(StatusCode::CONFLICT, sentence)
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        let status = match error.kind() {
            ErrorKind::NotFound => StatusCode::NOT_FOUND,
            ErrorKind::Conflict
            | ErrorKind::InUse
            | ErrorKind::Lease
            | ErrorKind::LimitsExceeded => StatusCode::CONFLICT,
            ErrorKind::Invalid | ErrorKind::Configuration => StatusCode::BAD_REQUEST,
            ErrorKind::Store => StatusCode::SERVICE_UNAVAILABLE,
            _ => StatusCode::BAD_GATEWAY,
        };
        Self::new(status, error.report())
    }
}

impl IntoResponse for Failure {
    fn into_response(self) -> Response {
        let title = self.status.canonical_reason().unwrap_or("Error");
        let content = html! {
            p.failure role="alert" { (Shown(&capitalized(&self.sentence))) "." }
            @if self.status != StatusCode::UNAUTHORIZED { p { a href="/assets" { "To the assets" } } }
        };
        (self.status, page::bare(title, &content)).into_response()
    }
}

/// As a sentence begins.
pub(crate) fn capitalized(text: &str) -> String {
    let mut letters = text.chars();
    let first = letters.next().map(|first| first.to_uppercase().to_string());
    first.unwrap_or_default() + letters.as_str()
}
