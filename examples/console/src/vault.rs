//! Credentials, sealed in files of their own.

use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

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
    /// Whoever changes anything has this, from reading to writing.
    changing: Mutex<()>,
}

/// What is in the folder.
#[derive(Debug, Default)]
pub(crate) struct Contents {
    /// Those that open, by their ids.
    pub(crate) credentials: Vec<Credential>,
    /// The names of the files that do not open: whose they are is sealed in them.
    pub(crate) unopened: Vec<String>,
}

impl Vault {
    /// The credentials in this folder, which is made if it is not there, its owner's alone. That the key is theirs is seen
    /// to now, and not at night: where none opens, it is another one. A single one that does not open is damaged.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Store`] if there is no such folder and none can be made; [`ErrorKind::Configuration`] if they were
    /// sealed with another key.
    pub fn open(folder: impl Into<PathBuf>, key: Key) -> Result<Self> {
        let folder = folder.into();
        create(&folder).map_err(|error| unusable(&folder, &error))?;
        let vault = Self { folder, key, changing: Mutex::default() };
        let Contents { credentials, unopened } = vault.all()?;
        if credentials.is_empty() && !unopened.is_empty() {
            let message = format!(
                "no credential in {} opens: they were sealed with another key",
                vault.folder.display()
            );
            return Err(Error::new(ErrorKind::Configuration, message));
        }
        Ok(vault)
    }

    /// Keeps a new credential.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Conflict`] for the id of another credential; [`ErrorKind::Store`] if it cannot be written; what
    /// [`Credential::validate`] finds.
    pub fn add(&self, credential: &Credential) -> Result<()> {
        let _changing = self.changing();
        if self.place(&name(&credential.id)).exists() {
            let message = "another credential has this name already";
            return Err(Error::new(ErrorKind::Conflict, message));
        }
        self.put(credential)
    }

    /// Changes a credential.
    pub(crate) fn update(
        &self,
        id: &CredentialId,
        change: impl FnOnce(&mut Credential) -> Result<()>,
    ) -> Result<()> {
        let _changing = self.changing();
        let found = self.get(id)?;
        let mut credential =
            found.ok_or_else(|| Error::new(ErrorKind::NotFound, "there is no such credential"))?;
        change(&mut credential)?;
        self.put(&credential)
    }

    fn put(&self, credential: &Credential) -> Result<()> {
        credential.validate()?;
        let name = name(&credential.id);
        let sealed = self.key.seal(&name, Sealable::of(credential).as_bytes())?;
        let place = self.place(&name);
        write_whole(&place, &sealed).map_err(|error| unusable(&place, &error))
    }

    /// The credential with this id.
    pub(crate) fn get(&self, id: &CredentialId) -> Result<Option<Credential>> {
        self.read(&name(id)).map_err(|error| error.with_context("credential", id))
    }

    /// All credentials, and those that do not open.
    pub(crate) fn all(&self) -> Result<Contents> {
        let unusable = |error: &io::Error| unusable(&self.folder, error);
        let mut all = Contents::default();
        for entry in fs::read_dir(&self.folder).map_err(|error| unusable(&error))? {
            let file = entry.map_err(|error| unusable(&error))?.path();
            let stem = file.file_stem().and_then(|stem| stem.to_str());
            if let (Some(stem), true) = (stem, file.extension().is_some_and(|it| it == ENDING)) {
                match self.read(stem) {
                    Ok(credential) => all.credentials.extend(credential),
                    Err(_) => all.unopened.push(stem.to_owned()),
                }
            }
        }
        all.credentials.sort_by(|one, other| one.id.cmp(&other.id));
        all.unopened.sort_unstable();
        Ok(all)
    }

    pub(crate) fn remove(&self, id: &CredentialId) -> Result<()> {
        let _changing = self.changing();
        self.erase(&name(id))
    }

    /// Removes one that does not open, by the name of its file.
    pub(crate) fn discard(&self, name: &str) -> Result<()> {
        let _changing = self.changing();
        match self.all()?.unopened.iter().any(|unopened| unopened == name) {
            true => self.erase(name),
            false => Err(Error::new(ErrorKind::NotFound, "there is no such credential")),
        }
    }

    fn erase(&self, name: &str) -> Result<()> {
        let place = self.place(name);
        fs::remove_file(&place).map_err(|error| unusable(&place, &error))
    }

    fn changing(&self) -> MutexGuard<'_, ()> {
        self.changing.lock().unwrap_or_else(PoisonError::into_inner)
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
    use ldap_inventory::credential::ServerUrl;
    use ldap_inventory::value::Secret;

    use super::*;

    fn credential(id: &CredentialId, account: &str, password: &str) -> Credential {
        let mut credential = Credential::new(id.clone(), account, Secret::new(password));
        credential.servers.push("dc.corp.example".parse().unwrap());
        credential
    }

    #[test]
    fn a_vault_opens_with_its_own_key_alone_and_has_no_password_in_the_clear() {
        let folder = tempfile::tempdir().unwrap();
        let key = || Key::parse("BwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwc=").unwrap();
        let id = CredentialId::new("a/../b").unwrap();
        let vault = Vault::open(folder.path(), key()).unwrap();
        vault.add(&credential(&id, "reader", "canary-7f3a")).unwrap();

        let again = Vault::open(folder.path(), key()).unwrap();
        assert_eq!(again.get(&id).unwrap().unwrap().id, id);
        let other = Vault::open(folder.path(), Key::random().unwrap()).unwrap_err();
        assert_eq!(other.kind(), ErrorKind::Configuration);
        let files: Vec<_> = fs::read_dir(folder.path()).unwrap().collect();
        assert_eq!(files.len(), 1);
        let sealed = fs::read(files[0].as_ref().unwrap().path()).unwrap();
        assert!(!String::from_utf8_lossy(&sealed).contains("canary"));
    }

    #[test]
    fn one_that_does_not_open_hides_no_other_and_can_be_removed() {
        let folder = tempfile::tempdir().unwrap();
        let key = || Key::parse("BwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwc=").unwrap();
        let vault = Vault::open(folder.path(), key()).unwrap();
        let ids = ["a", "b"].map(|id| CredentialId::new(id).unwrap());
        for id in &ids {
            vault.add(&credential(id, "reader", "x")).unwrap();
        }
        fs::write(vault.place(&name(&ids[0])), "damaged").unwrap();

        let vault = Vault::open(folder.path(), key()).unwrap();
        assert_eq!(vault.get(&ids[0]).unwrap_err().kind(), ErrorKind::Store);
        let Contents { credentials, unopened } = vault.all().unwrap();
        assert_eq!((credentials.len(), unopened.len()), (1, 1));
        for other in [name(&ids[1]), "../c".to_owned()] {
            assert_eq!(vault.discard(&other).unwrap_err().kind(), ErrorKind::NotFound);
        }
        vault.discard(&unopened[0]).unwrap();
        assert!(vault.get(&ids[0]).unwrap().is_none() && vault.get(&ids[1]).unwrap().is_some());
    }

    #[test]
    fn a_new_credential_takes_the_place_of_no_other() {
        let folder = tempfile::tempdir().unwrap();
        let vault = Vault::open(folder.path(), Key::random().unwrap()).unwrap();
        let id = CredentialId::new("a").unwrap();
        let add = |account: &str| vault.add(&credential(&id, account, "x"));
        add("first").unwrap();
        assert_eq!(add("second").unwrap_err().kind(), ErrorKind::Conflict);
    }

    #[test]
    fn changes_at_once_are_all_kept() {
        let folder = tempfile::tempdir().unwrap();
        let vault = Vault::open(folder.path(), Key::random().unwrap()).unwrap();
        let id = CredentialId::new("a").unwrap();
        vault.add(&credential(&id, "reader", "x")).unwrap();
        std::thread::scope(|scope| {
            for n in 0..8 {
                let (vault, id) = (&vault, &id);
                scope.spawn(move || {
                    let server: ServerUrl = format!("dc{n}.corp.example").parse().unwrap();
                    let add = |it: &mut Credential| {
                        it.servers.push(server);
                        Ok(())
                    };
                    vault.update(id, add).unwrap();
                });
            }
        });
        assert_eq!(vault.get(&id).unwrap().unwrap().servers.len(), 9);
    }
}
