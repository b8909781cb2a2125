//! The trait over the place where a host keeps its credentials.

use std::fmt::Debug;
use std::sync::Arc;

use async_trait::async_trait;

use super::Credential;
use crate::Result;
use crate::value::{CredentialId, OrganizationId};

/// Where credentials come from: a vault, a database, a file.
///
/// # Contract
///
/// - It is asked at every connect, and answers with what is valid at that moment, so that a changed
///   password is used by the next connection. An implementation that caches bounds the age of its answers.
/// - `Ok(None)` means that there is no such credential. "Could not look" is an `Err`, never `None`.
/// - A credential that exists and is not shared with `organization` is an `Err` of kind
///   [`CredentialNotShared`](crate::ErrorKind::CredentialNotShared), as
///   [`Credential::permits`] returns it; it is never handed out, and never reported as absent.
/// - The answer is the credential with this very id. It need not be valid:
///   [`Credential::validate`] is called before it is used.
/// - Calls may run at the same time, from several tasks.
///
/// # Errors
///
/// [`Store`](crate::ErrorKind::Store) where the place cannot be read, with
/// [`Retry::Transient`](crate::Retry::Transient) if that may pass. An error never holds a secret.
///
/// # Cancellation
///
/// The future may be dropped at any await point. A look-up changes nothing, so there is nothing to undo.
///
/// # Testing your implementation
///
/// With the feature `testing`, the credential contract suite in `ldap_inventory::testing` checks all of the
/// above against your store in one call.
///
/// ```
/// use async_trait::async_trait;
/// use ldap_inventory::Result;
/// use ldap_inventory::credential::{Credential, CredentialStore};
/// use ldap_inventory::value::{CredentialId, OrganizationId};
///
/// /// One credential, from the service's own configuration.
/// #[derive(Debug)]
/// struct Configured(Credential);
///
/// #[async_trait]
/// impl CredentialStore for Configured {
///     async fn credential(
///         &self,
///         id: &CredentialId,
///         organization: &OrganizationId,
///     ) -> Result<Option<Credential>> {
///         if *id != self.0.id {
///             return Ok(None);
///         }
///         self.0.permits(organization)?;
///         Ok(Some(self.0.clone()))
///     }
/// }
/// ```
#[async_trait]
pub trait CredentialStore: Debug + Send + Sync + 'static {
    /// The credential with this id, for use by this organization.
    async fn credential(
        &self,
        id: &CredentialId,
        organization: &OrganizationId,
    ) -> Result<Option<Credential>>;
}

#[async_trait]
impl<T: CredentialStore + ?Sized> CredentialStore for Arc<T> {
    async fn credential(
        &self,
        id: &CredentialId,
        organization: &OrganizationId,
    ) -> Result<Option<Credential>> {
        (**self).credential(id, organization).await
    }
}

#[async_trait]
impl<T: CredentialStore + ?Sized> CredentialStore for Box<T> {
    async fn credential(
        &self,
        id: &CredentialId,
        organization: &OrganizationId,
    ) -> Result<Option<Credential>> {
        (**self).credential(id, organization).await
    }
}
