//! Who may bind, and what a domain controller says when somebody may not.

use super::account::{Account, AccountState};
use super::dn::DnKey;
use super::tree::DirectoryTree;
use crate::value::ObjectGuid;
use crate::{Error, ErrorKind, Result};

impl DirectoryTree {
    /// Adds a user in `CN=Users` who may bind with this password: by distinguished name, as
    /// `name@domain`, and as `DOMAIN\name`. Returns the distinguished name.
    pub fn add_account(&mut self, name: &str, password: &str) -> Result<String> {
        let dn = self.add_user(name)?;
        self.set_password(&dn, password)?;
        Ok(dn)
    }

    /// Gives a user a password, or another one.
    pub fn set_password(&mut self, dn: &str, password: &str) -> Result<()> {
        let guid = self.guid_of(dn)?;
        let (state, certificate) = self
            .accounts
            .get(&guid)
            .map(|account| (account.state, account.certificate.clone()))
            .unwrap_or_default();
        self.accounts.insert(guid, Account { password: password.into(), state, certificate });
        Ok(())
    }

    /// Maps a client certificate (DER) to an account, as `altSecurityIdentities` does.
    pub fn map_certificate(&mut self, dn: &str, certificate_der: &[u8]) -> Result<()> {
        self.account_of(dn)?.certificate = Some(certificate_der.to_vec());
        Ok(())
    }

    /// Locks, expires, disables an account, or makes it usable again.
    pub fn set_account_state(&mut self, dn: &str, state: AccountState) -> Result<()> {
        self.account_of(dn)?.state = state;
        Ok(())
    }

    /// Checks a simple bind. The error is the sub-code of AD's diagnostic text.
    pub(crate) fn authenticate(
        &self,
        name: &str,
        password: &[u8],
    ) -> Result<ObjectGuid, &'static str> {
        let (guid, account) =
            self.accounts.iter().find(|(guid, _)| self.is_called(guid, name)).ok_or("525")?;
        if account.password != password {
            return Err("52e");
        }
        account.state.sub_code().map_or(Ok(*guid), Err)
    }

    /// Checks a client certificate (DER). The error is the sub-code of AD's diagnostic text.
    pub(crate) fn authenticate_certificate(
        &self,
        certificate: &[u8],
    ) -> Result<ObjectGuid, &'static str> {
        let is_mapped = |account: &Account| account.certificate.as_deref() == Some(certificate);
        let (guid, account) =
            self.accounts.iter().find(|(_, account)| is_mapped(account)).ok_or("52e")?;
        account.state.sub_code().map_or(Ok(*guid), Err)
    }

    fn account_of(&mut self, dn: &str) -> Result<&mut Account> {
        let guid = self.guid_of(dn)?;
        self.accounts.get_mut(&guid).ok_or_else(|| {
            Error::new(ErrorKind::NotFound, "this user has no password").with_context("dn", dn)
        })
    }

    fn guid_of(&self, dn: &str) -> Result<ObjectGuid> {
        self.entry(dn).map(|entry| entry.guid()).ok_or_else(|| {
            Error::new(ErrorKind::NotFound, "the directory has no such entry")
                .with_context("dn", dn)
        })
    }

    fn is_called(&self, guid: &ObjectGuid, name: &str) -> bool {
        let Some(entry) = self.by_guid(guid) else { return false };
        let logon = entry.text("sAMAccountName").unwrap_or_default();
        let forms = [
            entry.text("userPrincipalName").unwrap_or_default(),
            format!("{logon}@{}", self.names.dns_name()),
            format!("{}\\{logon}", self.names.netbios_name()),
        ];
        forms.iter().any(|form| !form.is_empty() && form.eq_ignore_ascii_case(name))
            || DnKey::new(name).is_some_and(|key| DnKey::new(entry.dn()) == Some(key))
    }
}

#[cfg(test)]
mod tests {
    use super::super::tree::TestDirectory;
    use super::*;

    #[test]
    fn every_name_form_finds_the_account() {
        let directory = TestDirectory::new();
        let dn = directory.write().add_account("svc", "right").unwrap();
        let tree = directory.read();
        for name in [dn.as_str(), "svc@corp.example.test", "CORP\\svc", "corp\\SVC"] {
            assert!(tree.authenticate(name, b"right").is_ok(), "{name}");
            assert_eq!(tree.authenticate(name, b"wrong"), Err("52e"), "{name}");
        }
        for name in ["svc", "OTHER\\svc", "nobody@corp.example.test", "@"] {
            assert_eq!(tree.authenticate(name, b"right"), Err("525"), "{name}");
        }
    }

    #[test]
    fn a_wrong_password_hides_the_state_of_the_account() {
        let directory = TestDirectory::new();
        let dn = directory.write().add_account("svc", "right").unwrap();
        directory.write().set_account_state(&dn, AccountState::Locked).unwrap();
        assert_eq!(directory.read().authenticate(&dn, b"right"), Err("775"));
        assert_eq!(directory.read().authenticate(&dn, b"wrong"), Err("52e"));
    }

    #[test]
    fn no_password_shows_in_debug_output() {
        let directory = TestDirectory::new();
        directory.write().add_account("svc", "s3cret-c4nary").unwrap();
        assert!(!format!("{:?}", directory.read().accounts).contains("c4nary"));
    }
}
