//! A run that is dropped, wherever it is.

use std::future::poll_fn;
use std::pin::pin;
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use ldap_inventory::ldap::LdapLimits;
use ldap_inventory::sync::{SyncOptions, sync};
use ldap_inventory::testing::{ServerTls, TestDirectory, TestServer};

use super::wire::{PASSWORD, credential, source};
use super::world::*;

/// Polls a future so many times at most, and drops it then.
async fn polled<T>(times: usize, future: impl Future<Output = T>) -> Option<T> {
    let mut future = pin!(future);
    let mut left = times;
    poll_fn(|context| {
        if left == 0 {
            return Poll::Ready(None);
        }
        left -= 1;
        future.as_mut().poll(context).map(Some)
    })
    .await
}

async fn dropped_everywhere(store: usize) {
    let directory = TestDirectory::new();
    directory.write().add_account("svc", PASSWORD).unwrap();
    for n in 0..6 {
        directory.write().add_computer(&format!("PC{n}")).unwrap();
    }
    let tls = ServerTls::self_signed(&["127.0.0.1"]).unwrap();
    let server = TestServer::builder(&directory).with_ldaps(tls).start().await.unwrap();
    let pin = server.thumbprint().unwrap().parse().unwrap();
    let credential = credential(server.ldaps_url()).with_thumbprint(pin);
    let source = source(credential).with_limits(LdapLimits::default().with_page_size(2));
    let options = SyncOptions::new().with_batch_size(2);

    let undisturbed = Arc::clone(&stores()[store]);
    sync(&task(), &source, &*undisturbed, &options).await.unwrap();
    let expected = content(&*undisturbed).await;
    let (mut dropped, mut written_to) = (0, 0);
    for times in 0.. {
        let repository = Arc::clone(&stores()[store]);
        let outcome = polled(times, sync(&task(), &source, &*repository, &options)).await;
        let closed = tokio::time::timeout(Duration::from_secs(60), server.all_closed()).await;
        assert!(closed.is_ok(), "a connection is open after {times} polls");
        assert_consistent(&*repository).await;
        if let Some(report) = outcome {
            assert!(report.unwrap().complete);
            break;
        }
        dropped += 1;
        written_to += usize::from(!links(&*repository).await.is_empty());
        expire_lease(&*repository).await;
        sync(&task(), &source, &*repository, &options).await.unwrap();
        assert_same(&content(&*repository).await, &expected, format!("after {times} polls"));
    }
    assert!(dropped > 10, "{dropped} places to drop the run");
    // In memory everything is written without waiting.
    assert!(store == 0 || written_to > 1, "{written_to} drops between two batches");
}

#[tokio::test]
async fn a_run_that_is_dropped_closes_its_connection_and_leaves_the_store_whole() {
    dropped_everywhere(0).await;
}

#[cfg(feature = "sqlite")]
#[tokio::test]
async fn a_run_that_is_dropped_leaves_a_file_between_two_batches() {
    dropped_everywhere(1).await;
}
