//! Credentials, sealed in files of their own.

use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use async_trait::async_trait;
use ldap_inventory::credential::{Credential, CredentialStore, Sealable};
use ldap_inventory::value::{CredentialId, OrganizationId, RecordDigest};
use ldap_inventory::{Error, ErrorKind, Result};
use tempfile::NamedTempFile;

use crate::Key;

/// How the names of the files end.
const ENDING: &str = "sealed";

/// The credentials of a folder. A run asks for one whenever it connects, so that a password that was changed takes effect
/// with the next.
#[derive(Debug)]
pub struct Vault {
    folder: PathBuf,
    key: Key,
}

impl Vault {
    /// The credentials in this folder, which is made if it is not there, its owner's alone. That the key is theirs is seen
    /// to now, and not at night.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Store`] if there is no such folder and none can be made; [`ErrorKind::Configuration`] if one of them was
    /// sealed with another key.
    pub fn open(folder: impl Into<PathBuf>, key: Key) -> Result<Self> {
        let folder = folder.into();
        create(&folder).map_err(|error| unusable(&folder, &error))?;
        let vault = Self { folder, key };
        vault.all()?;
        Ok(vault)
    }

    /// Keeps a credential, in the place of the one with the same id.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Store`] if it cannot be written.
    pub fn put(&self, credential: &Credential) -> Result<()> {
        let name = name(&credential.id);
        let sealed = self.key.seal(&name, Sealable::of(credential).as_bytes())?;
        let place = self.place(&name);
        write_whole(&place, &sealed).map_err(|error| unusable(&place, &error))
    }

    /// The credential with this id.
    pub(crate) fn get(&self, id: &CredentialId) -> Result<Option<Credential>> {
        self.read(&name(id)).map_err(|error| error.with_context("credential", id))
    }

    /// All credentials, by their ids.
    pub(crate) fn all(&self) -> Result<Vec<Credential>> {
        let unusable = |error: &io::Error| unusable(&self.folder, error);
        let mut all = Vec::new();
        for entry in fs::read_dir(&self.folder).map_err(|error| unusable(&error))? {
            let file = entry.map_err(|error| unusable(&error))?.path();
            let stem = file.file_stem().and_then(|stem| stem.to_str());
            if let (Some(stem), true) = (stem, file.extension().is_some_and(|it| it == ENDING)) {
                all.extend(self.read(stem)?);
            }
        }
        all.sort_by(|one, other| one.id.cmp(&other.id));
        Ok(all)
    }

    pub(crate) fn remove(&self, id: &CredentialId) -> Result<()> {
        let place = self.place(&name(id));
        fs::remove_file(&place).map_err(|error| unusable(&place, &error))
    }

    fn read(&self, name: &str) -> Result<Option<Credential>> {
        let place = self.place(name);
        match fs::read(&place) {
            Ok(sealed) => {
                let plain = self.key.open(name, &sealed)?;
                Sealable::from_bytes(plain.as_slice()).credential().map(Some)
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(unusable(&place, &error)),
        }
    }

    fn place(&self, name: &str) -> PathBuf {
        self.folder.join(name).with_extension(ENDING)
    }
}

#[async_trait]
impl CredentialStore for Vault {
    async fn credential(
        &self,
        id: &CredentialId,
        organization: &OrganizationId,
    ) -> Result<Option<Credential>> {
        let found = self.get(id)?;
        if let Some(credential) = &found {
            credential.permits(organization)?;
        }
        Ok(found)
    }
}

/// What a credential's file is called: ids may have characters that names of files may not.
fn name(id: &CredentialId) -> String {
    RecordDigest::of([id.as_str()]).to_string()
}

/// Makes a folder that is its owner's alone.
pub(crate) fn create(folder: &Path) -> io::Result<()> {
    let mut builder = fs::DirBuilder::new();
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.recursive(true).create(folder)
}

/// Writes a file that is whole or absent, and its owner's alone.
pub(crate) fn write_whole(place: &Path, content: &[u8]) -> io::Result<()> {
    let mut file = NamedTempFile::new_in(place.parent().unwrap_or(Path::new(".")))?;
    file.write_all(content)?;
    file.as_file().sync_all()?;
    file.persist(place).map(drop).map_err(io::Error::from)
}

/// What cannot be read or written.
pub(crate) fn unusable(place: &Path, error: &io::Error) -> Error {
    let message = format!("{} cannot be used: {error}", place.display());
    Error::new(ErrorKind::Store, message)
}

#[cfg(test)]
mod tests {
    use ldap_inventory::value::Secret;

    use super::*;

    #[test]
    fn a_vault_opens_with_its_own_key_alone_and_has_no_password_in_the_clear() {
        let folder = tempfile::tempdir().unwrap();
        let key = || Key::parse("BwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwc=").unwrap();
        let id = CredentialId::new("a/../b").unwrap();
        let credential = Credential::new(id.clone(), "reader", Secret::new("canary-7f3a"));
        Vault::open(folder.path(), key()).unwrap().put(&credential).unwrap();

        let again = Vault::open(folder.path(), key()).unwrap();
        assert_eq!(again.get(&id).unwrap().unwrap().id, id);
        let other = Vault::open(folder.path(), Key::random().unwrap()).unwrap_err();
        assert_eq!(other.kind(), ErrorKind::Configuration);
        let files: Vec<_> = fs::read_dir(folder.path()).unwrap().collect();
        assert_eq!(files.len(), 1);
        let sealed = fs::read(files[0].as_ref().unwrap().path()).unwrap();
        assert!(!String::from_utf8_lossy(&sealed).contains("canary"));
    }
}
