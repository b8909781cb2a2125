//! A host that uses rustls as it comes.

use std::sync::Arc;

use ldap_inventory::credential::CredentialStore;
use ldap_inventory::ldap::LdapSource;
use rustls::{ClientConfig, RootCertStore};

/// TLS for the host's own connections. It panics where rustls cannot tell which provider is meant.
pub fn own_tls() -> ClientConfig {
    ClientConfig::builder().with_root_certificates(RootCertStore::empty()).with_no_client_auth()
}

/// The directory that the host reads.
pub fn directory(credentials: Arc<dyn CredentialStore>) -> LdapSource {
    LdapSource::new(credentials)
}

#[cfg(test)]
mod tests {
    use ldap_inventory::credential::{Credential, Sharing};
    use ldap_inventory::directory::Verification;
    use ldap_inventory::store::{MemoryCredentialStore, MemoryRepository};
    use ldap_inventory::sync::{SyncOptions, sync};
    use ldap_inventory::task::SyncTask;
    use ldap_inventory::testing::{ServerTls, TestServer, TestDirectory};
    use ldap_inventory::value::{Secret, SourceId};
    use rustls::crypto::CryptoProvider;

    use super::*;

    #[tokio::test]
    async fn a_sync_over_ldaps_and_the_hosts_own_tls_live_side_by_side() {
        let domain = TestDirectory::generated(5, 40, 0, 0);
        domain.write().add_account("svc", "correct horse").unwrap();
        let tls = ServerTls::self_signed(&["127.0.0.1"]).unwrap();
        let server = TestServer::builder(&domain).with_ldaps(tls).start().await.unwrap();
        let password = Secret::new("correct horse".to_owned());
        let credential = Credential::new("reader".parse().unwrap(), "CORP\\svc", password)
            .with_server(server.url().parse().unwrap())
            .with_thumbprint(server.thumbprint().unwrap().parse().unwrap())
            .with_sharing(Sharing::Global);

        let directory = directory(Arc::new(MemoryCredentialStore::from_iter([credential])));
        let source = SourceId::new("ldap", "corp.example.test").unwrap();
        let (organization, site) = ("acme".parse().unwrap(), "hq".parse().unwrap());
        let task = SyncTask::new("corp", organization, site, source, "reader".parse().unwrap());
        let inventory = MemoryRepository::new();
        let report = sync(&task, &directory, &inventory, &SyncOptions::new()).await.unwrap();
        assert_eq!(report.verified_by, Verification::Thumbprint);
        assert!(report.computers.created > 30, "{:?}", report.computers);

        // Nothing was installed by the sync, so that this is the host's own choice, and it works.
        assert!(CryptoProvider::get_default().is_none());
        assert!(!own_tls().crypto_provider().cipher_suites.is_empty());
    }
}
