//! Credentials kept in memory.

use std::collections::BTreeMap;
use std::sync::{PoisonError, RwLock};

use async_trait::async_trait;

use crate::Result;
use crate::credential::{Credential, CredentialStore};
use crate::value::{CredentialId, OrganizationId};

/// A [`CredentialStore`] that holds its credentials in memory, for tests and for hosts that read them from
/// their own configuration.
///
/// Nothing is written anywhere, and `Debug` shows no password.
#[derive(Debug, Default)]
pub struct MemoryCredentialStore {
    credentials: RwLock<BTreeMap<CredentialId, Credential>>,
}

impl MemoryCredentialStore {
    /// An empty store.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a credential, or replaces the one with the same id; the next look-up sees it.
    pub fn insert(&self, credential: Credential) {
        let mut credentials = self.credentials.write().unwrap_or_else(PoisonError::into_inner);
        credentials.insert(credential.id.clone(), credential);
    }

    /// Removes a credential, and says whether it was there.
    pub fn remove(&self, id: &CredentialId) -> bool {
        let mut credentials = self.credentials.write().unwrap_or_else(PoisonError::into_inner);
        credentials.remove(id).is_some()
    }
}

#[async_trait]
impl CredentialStore for MemoryCredentialStore {
    async fn credential(
        &self,
        id: &CredentialId,
        organization: &OrganizationId,
    ) -> Result<Option<Credential>> {
        let credentials = self.credentials.read().unwrap_or_else(PoisonError::into_inner);
        let Some(credential) = credentials.get(id) else {
            return Ok(None);
        };
        credential.permits(organization)?;
        Ok(Some(credential.clone()))
    }
}

impl FromIterator<Credential> for MemoryCredentialStore {
    fn from_iter<I: IntoIterator<Item = Credential>>(credentials: I) -> Self {
        let by_id = credentials.into_iter().map(|c| (c.id.clone(), c)).collect();
        Self { credentials: RwLock::new(by_id) }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::ErrorKind;
    use crate::credential::SignIn;
    use crate::value::Secret;

    fn id(text: &str) -> CredentialId {
        CredentialId::new(text).unwrap()
    }

    fn organization(text: &str) -> OrganizationId {
        OrganizationId::new(text).unwrap()
    }

    fn store(password: &str) -> MemoryCredentialStore {
        let credential = Credential::new(id("corp"), "svc", Secret::new(password.to_owned()))
            .shared_with(organization("ours"));
        MemoryCredentialStore::from_iter([credential])
    }

    #[tokio::test]
    async fn absent_and_not_shared_are_different_answers() {
        let store: Arc<dyn CredentialStore> = Arc::new(store("pw"));
        let ours = organization("ours");
        assert!(store.credential(&id("corp"), &ours).await.unwrap().is_some());
        assert!(store.credential(&id("other"), &ours).await.unwrap().is_none());
        let refused = store.credential(&id("corp"), &organization("theirs")).await.unwrap_err();
        assert_eq!(refused.kind(), ErrorKind::CredentialNotShared);
    }

    #[tokio::test]
    async fn a_changed_password_is_seen_by_the_next_look_up() {
        let credentials = store("old");
        credentials.insert(
            Credential::new(id("corp"), "svc", Secret::new("new".to_owned()))
                .shared_with(organization("ours")),
        );
        let ours = organization("ours");
        let found = credentials.credential(&id("corp"), &ours).await.unwrap().unwrap();
        let SignIn::Simple { password, .. } = found.sign_in else { panic!() };
        assert_eq!(password.expose(), "new");
        assert!(credentials.remove(&id("corp")));
        assert!(credentials.credential(&id("corp"), &ours).await.unwrap().is_none());
        assert!(!format!("{:?}", store("canary-7f3a")).contains("canary-7f3a"));
    }
}
