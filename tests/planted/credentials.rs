//! Every fault of a credential store is caught.

use async_trait::async_trait;
use ldap_inventory::Result;
use ldap_inventory::credential::{Credential, CredentialStore, Sharing, SignIn};
use ldap_inventory::store::MemoryCredentialStore;
use ldap_inventory::testing::contract;
use ldap_inventory::value::{CredentialId, OrganizationId, Secret};

use super::missed;

/// One thing that a sabotaged store does wrong.
#[derive(Clone, Copy, Debug)]
enum Fault {
    /// Pins are lost.
    DropsPins,
    /// Servers are lost.
    DropsServers,
    /// Authorities are lost.
    DropsAuthorities,
    /// Base DNs are lost.
    DropsBases,
    /// Of several pins the first is kept.
    KeepsOnePin,
    /// Of several base DNs the first is kept.
    KeepsOneBase,
    /// Of several organizations that it is shared with the first is kept.
    KeepsOneOrganization,
    /// Any certificate and plain LDAP are one column.
    HasOneToggle,
    /// Whom it is shared with is lost.
    DropsSharing,
    /// Pins do not vouch over StartTLS any more.
    DropsPinsOnStarttls,
    /// Any certificate is accepted.
    TurnsOnInsecure,
    /// The answer is another credential.
    ReturnsAnothers,
    /// A password is cut as fixed columns cut it.
    CutsPasswords,
    /// Of several certificates of an account the first is kept.
    KeepsOneCertificate,
    /// Of a private key the first line is kept.
    KeepsOneLineOfKeys,
    /// What is not shared is handed out.
    IgnoresSharing,
    /// What is not shared is absent.
    HidesWhatIsRefused,
    /// What is not there is an error.
    RefusesWhatIsAbsent,
    /// Ids are compared without regard to case.
    FoldsCase,
    /// Passwords are in what Debug shows.
    ShowsPasswords,
}

/// Each fault, and the case that catches it.
const FAULTS: [(Fault, &str); 20] = [
    (Fault::DropsPins, VERY),
    (Fault::KeepsOneCertificate, VERY),
    (Fault::KeepsOneLineOfKeys, VERY),
    (Fault::DropsServers, VERY),
    (Fault::DropsAuthorities, VERY),
    (Fault::DropsBases, VERY),
    (Fault::KeepsOnePin, VERY),
    (Fault::KeepsOneBase, VERY),
    (Fault::KeepsOneOrganization, VERY),
    (Fault::HasOneToggle, VERY),
    (Fault::DropsSharing, VERY),
    (Fault::DropsPinsOnStarttls, VERY),
    (Fault::TurnsOnInsecure, VERY),
    (Fault::ReturnsAnothers, "a_shared_credential_serves_those_it_is_shared_with"),
    (Fault::CutsPasswords, VERY),
    (Fault::IgnoresSharing, REFUSED),
    (Fault::HidesWhatIsRefused, REFUSED),
    (Fault::RefusesWhatIsAbsent, ABSENT),
    (Fault::FoldsCase, ABSENT),
    (Fault::ShowsPasswords, "debug_and_errors_show_no_secret"),
];

const ABSENT: &str = "a_credential_that_is_not_there_is_absent";
const REFUSED: &str = "a_credential_that_is_not_shared_is_refused_and_not_absent";
const VERY: &str = "the_answer_is_the_very_credential";

/// A sound store behind one fault, or none.
struct Sabotaged {
    inner: MemoryCredentialStore,
    written: Vec<Credential>,
    fault: Option<Fault>,
}

impl Sabotaged {
    fn new(written: Vec<Credential>, fault: Option<Fault>) -> Self {
        Self { inner: written.iter().cloned().collect(), written, fault }
    }

    fn spoil(&self, credential: &mut Credential) {
        match self.fault {
            Some(Fault::DropsPins) => credential.thumbprints.clear(),
            Some(Fault::DropsServers) => credential.servers.truncate(1),
            Some(Fault::DropsAuthorities) => credential.ca_certificates.clear(),
            Some(Fault::DropsBases) => credential.base_dns.clear(),
            Some(Fault::KeepsOnePin) => {
                credential.thumbprints = credential.thumbprints.iter().take(1).copied().collect();
            }
            Some(Fault::KeepsOneBase) => credential.base_dns.truncate(1),
            Some(Fault::KeepsOneOrganization) => {
                if let Sharing::Organizations(organizations) = &mut credential.sharing {
                    *organizations = std::mem::take(organizations).into_iter().take(1).collect();
                }
            }
            Some(Fault::HasOneToggle) => {
                let toggle = credential.any_certificate || credential.plain_ldap;
                (credential.any_certificate, credential.plain_ldap) = (toggle, toggle);
            }
            Some(Fault::DropsSharing) => credential.sharing = Sharing::Global,
            Some(Fault::DropsPinsOnStarttls) => credential.pins_on_starttls = false,
            Some(Fault::TurnsOnInsecure) => credential.any_certificate = true,
            Some(Fault::CutsPasswords) => {
                if let SignIn::Simple { password, .. } = &mut credential.sign_in {
                    let cut: String = password.expose().chars().take(20).collect();
                    *password = Secret::new(cut);
                }
            }
            Some(Fault::KeepsOneCertificate) => {
                if let SignIn::External { certificates, .. } = &mut credential.sign_in {
                    certificates.truncate(1);
                }
            }
            Some(Fault::KeepsOneLineOfKeys) => {
                if let SignIn::External { key, .. } = &mut credential.sign_in {
                    let first = key.expose().lines().next().unwrap_or_default().to_owned();
                    *key = Secret::new(first);
                }
            }
            _ => {}
        }
    }

    fn written(&self, is_meant: impl Fn(&Credential) -> bool) -> Option<Credential> {
        self.written.iter().find(|written| is_meant(written)).cloned()
    }
}

impl std::fmt::Debug for Sabotaged {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        if matches!(self.fault, Some(Fault::ShowsPasswords)) {
            return f
                .debug_list()
                .entries(self.written.iter().filter_map(|it| match &it.sign_in {
                    SignIn::Simple { password, .. } => Some(password.expose()),
                    _ => None,
                }))
                .finish();
        }
        f.debug_struct("Sabotaged").finish_non_exhaustive()
    }
}

#[async_trait]
impl CredentialStore for Sabotaged {
    async fn credential(
        &self,
        id: &CredentialId,
        organization: &OrganizationId,
    ) -> Result<Option<Credential>> {
        let found = self.inner.credential(id, organization).await;
        let mut found = match self.fault {
            Some(Fault::HidesWhatIsRefused) => Ok(found.ok().flatten()),
            Some(Fault::IgnoresSharing) => Ok(self.written(|it| it.id == *id)),
            Some(Fault::ReturnsAnothers) => found.map(|_| self.written.first().cloned()),
            Some(Fault::FoldsCase) => {
                let is_meant = |it: &Credential| it.id.as_str().eq_ignore_ascii_case(id.as_str());
                found.map(|_| self.written(is_meant))
            }
            Some(Fault::RefusesWhatIsAbsent) if matches!(found, Ok(None)) => {
                let nobody = Credential::new(id.clone(), "", Secret::new(String::new()));
                nobody.permits(organization).map(|()| None)
            }
            _ => found,
        }?;
        if let Some(credential) = &mut found {
            self.spoil(credential);
        }
        Ok(found)
    }
}

#[tokio::test]
async fn every_fault_of_a_credential_store_is_caught() {
    let mut all = Vec::new();
    for (fault, case) in FAULTS {
        let suite = contract::credential_store(|written| async move {
            ((), Sabotaged::new(written, Some(fault)))
        });
        all.extend(missed(suite, case, fault).await);
    }
    assert!(all.is_empty(), "{}", all.join("\n"));
}

#[tokio::test]
async fn a_credential_store_without_a_fault_passes() {
    contract::credential_store(|written| async { ((), Sabotaged::new(written, None)) }).await;
}
