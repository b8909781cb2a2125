//! A directory source that connects as it likes, and says afterwards how.

use async_trait::async_trait;
use futures::StreamExt;
use futures::stream::BoxStream;
use ldap_inventory::directory::{
    DirectoryEvent, DirectorySource, ReadRequest, Transport, Verification,
};
use ldap_inventory::sync::{SyncOptions, SyncReport, sync};
use ldap_inventory::testing::MockDirectory;
use ldap_inventory::{ErrorKind, Result};

use super::world::*;

/// A directory that does not look at what a request says of its protection.
#[derive(Debug)]
struct Careless {
    directory: MockDirectory,
    reached: (Transport, Verification),
}

#[async_trait]
impl DirectorySource for Careless {
    async fn read(
        &self,
        request: ReadRequest,
    ) -> Result<BoxStream<'static, Result<DirectoryEvent>>> {
        let (transport, verification) = self.reached;
        let events = self.directory.read(request).await?.map(move |event| {
            event.map(|mut event| {
                if let DirectoryEvent::Begin(end) | DirectoryEvent::End(end) = &mut event {
                    (end.transport, end.verification) = (transport, verification);
                }
                event
            })
        });
        Ok(events.boxed())
    }
}

#[tokio::test]
async fn a_source_that_takes_less_protection_than_before_is_found_out_and_nothing_is_written() {
    for repository in stores() {
        let run = async |transport, verification, accepts| {
            let directory = MockDirectory::new(domain());
            let directory = Careless { directory, reached: (transport, verification) };
            let options = SyncOptions::new().with_accept_weaker_transport(accepts);
            sync(&task(), &directory, &*repository, &options).await
        };
        let last = async || SyncReport::last_protection(&*repository, &acme(), &corp()).await;
        let (ldaps, ca) = (Transport::Ldaps, Verification::CertificateAuthority);
        assert_eq!(last().await.unwrap(), None);
        run(ldaps, ca, false).await.unwrap();
        // However often it fails in between: failing is easily brought about.
        for _ in 0..6 {
            let error = run(Transport::Ldap, Verification::Nothing, false).await.unwrap_err();
            assert_eq!(error.kind(), ErrorKind::NoSecureTransport, "{error}");
        }
        assert_eq!(last().await.unwrap(), Some((ldaps, ca)));
        run(Transport::Ldap, Verification::Nothing, true).await.unwrap();
        assert_eq!(last().await.unwrap(), Some((Transport::Ldap, Verification::Nothing)));
        run(Transport::Ldap, Verification::Nothing, false).await.unwrap();
    }
}
