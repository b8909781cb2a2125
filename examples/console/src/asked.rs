//! What was asked for: the query of an address, and the fields of a form.

use axum::body::{Bytes, to_bytes};
use axum::extract::{FromRequest, FromRequestParts, Request};
use axum::http::request::Parts;
use serde::Deserialize;
use serde::de::DeserializeOwned;

use crate::failure::Failure;

/// The query of an address.
#[derive(Debug)]
pub(crate) struct Asked<T>(pub(crate) T);

/// The fields of a form that the [guard](crate::access) has let through.
#[derive(Debug)]
pub(crate) struct Posted<T>(pub(crate) T);

/// Fields of which there are many, or one may come several times.
#[derive(Debug, Deserialize)]
#[serde(transparent)]
pub(crate) struct Fields(Vec<(String, String)>);

impl Fields {
    /// The values of all fields of this name.
    pub(crate) fn all(&self, name: &str) -> impl Iterator<Item = &str> {
        self.0.iter().filter(move |(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    /// What was written into a field, without what is around it, if there was such a field.
    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        self.all(name).next().map(str::trim)
    }

    /// What was written into a field, if anything was.
    pub(crate) fn text(&self, name: &str) -> &str {
        self.get(name).unwrap_or_default()
    }

    /// Whether a box was ticked: one that was not is not sent.
    pub(crate) fn is_ticked(&self, name: &str) -> bool {
        self.get(name).is_some()
    }
}

impl<T: DeserializeOwned, S: Sync> FromRequestParts<S> for Asked<T> {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Failure> {
        serde_urlencoded::from_str(parts.uri.query().unwrap_or_default())
            .map(Self)
            .map_err(|error| Failure::unreadable(format!("the address cannot be read: {error}")))
    }
}

impl<T: DeserializeOwned, S: Sync> FromRequest<S> for Posted<T> {
    type Rejection = Failure;

    async fn from_request(request: Request, _: &S) -> Result<Self, Failure> {
        // The guard has seen to its size.
        let body: Bytes = to_bytes(request.into_body(), usize::MAX)
            .await
            .map_err(|error| Failure::unreadable(format!("the form cannot be read: {error}")))?;
        serde_urlencoded::from_bytes(&body)
            .map(Self)
            .map_err(|error| Failure::unreadable(format!("the form cannot be read: {error}")))
    }
}
