//! A run that is dropped, wherever it is.

use std::future::poll_fn;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::Poll;
use std::time::Duration;

use ldap_inventory::asset::AssetRepository;
use ldap_inventory::ldap::LdapLimits;
use ldap_inventory::sync::{Progress, SyncOptions, sync};
use ldap_inventory::testing::{MockDirectory, ServerTls, TestDirectory, TestServer};

use super::interfering::Interfering;
use super::wire::{PASSWORD, credential, source};
use super::world::*;

/// Polls a future so many times at most, and drops it then.
pub(crate) async fn polled<T>(times: usize, future: impl Future<Output = T>) -> Option<T> {
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

/// What a dropped run was writing may still go on, on another thread: the lease is a write that waits for it.
pub(crate) async fn settled(repository: &dyn AssetRepository) {
    expire_lease(repository).await;
    assert_consistent(repository).await;
}

/// Drops a run at its first rest after so many records were written; `None` if it came to its end before.
async fn dropped_after(records: u64, run: impl AsyncFn(SyncOptions)) -> Option<()> {
    let written = Arc::new(AtomicU64::new(0));
    let told = Arc::clone(&written);
    let options = SyncOptions::new().with_batch_size(1).with_progress(move |progress| {
        if let Progress::Writing { done, .. } = progress {
            told.store(done, Ordering::Relaxed);
        }
    });
    let mut run = pin!(run(options));
    poll_fn(|context| match run.as_mut().poll(context) {
        Poll::Ready(()) => Poll::Ready(None),
        Poll::Pending if written.load(Ordering::Relaxed) >= records => Poll::Ready(Some(())),
        Poll::Pending => Poll::Pending,
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
    let options = SyncOptions::new().with_batch_size(1);

    let undisturbed = Arc::clone(&stores()[store]);
    sync(&task(), &source, &*undisturbed, &options).await.unwrap();
    let expected = content(&*undisturbed).await;
    let mut dropped = 0;
    for times in 0.. {
        let repository = Arc::clone(&stores()[store]);
        let outcome = polled(times, sync(&task(), &source, &*repository, &options)).await;
        let closed = tokio::time::timeout(Duration::from_secs(60), server.all_closed()).await;
        assert!(closed.is_ok(), "a connection is open after {times} polls");
        settled(&*repository).await;
        if let Some(report) = outcome {
            assert!(report.unwrap().complete);
            break;
        }
        dropped += 1;
        sync(&task(), &source, &*repository, &options).await.unwrap();
        assert_same(&content(&*repository).await, &expected, format!("after {times} polls"));
    }
    assert!(dropped > 10, "{dropped} places to drop the run");
}

#[tokio::test]
async fn a_run_that_is_dropped_closes_its_connection_and_leaves_the_store_whole() {
    dropped_everywhere(0).await;
}

#[cfg(feature = "sqlite")]
#[tokio::test]
async fn a_run_that_is_dropped_leaves_a_file_between_two_batches() {
    dropped_everywhere(1).await;
    let directory = MockDirectory::new(domain());
    let undisturbed = Arc::clone(&stores()[1]);
    sync(&task(), &directory, &*undisturbed, &SyncOptions::new()).await.unwrap();
    let expected = content(&*undisturbed).await;
    let mut dropped = 0;
    for records in 1.. {
        let repository = Arc::clone(&stores()[1]);
        let resting = Interfering::new(Arc::clone(&repository), |_, _| None);
        let run = async |options| {
            sync(&task(), &directory, &resting, &options).await.unwrap();
        };
        if dropped_after(records, run).await.is_none() {
            break;
        }
        dropped += 1;
        settled(&*repository).await;
        // A record done with may be a service account, of which nothing is written.
        let is_written = !links(&*repository).await.is_empty();
        assert!(is_written || records == 1, "nothing was written before {records}");
        sync(&task(), &directory, &*repository, &SyncOptions::new()).await.unwrap();
        assert_same(&content(&*repository).await, &expected, format!("after {records} records"));
    }
    assert!(dropped >= 8, "dropped between {dropped} batches");
}
