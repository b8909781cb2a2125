//! Ctrl-C, and the signal by which services are stopped.

use std::time::Duration;

use ldap_inventory::sync::Cancellation;
use tokio::sync::watch;

use super::exit::{Failure, Status};

/// Whether somebody wants the program to end.
#[derive(Clone, Debug)]
pub(crate) struct Interrupt {
    told: watch::Sender<bool>,
    cancellation: Cancellation,
}

impl Interrupt {
    /// Listens from now on: the signals end nothing by themselves any more.
    pub(crate) fn listen() -> Self {
        let interrupt = Self { told: watch::Sender::new(false), cancellation: Cancellation::new() };
        let own = interrupt.clone();
        tokio::spawn(async move {
            signalled().await;
            own.stop();
        });
        interrupt
    }

    /// Ends runs between two steps, and what is waited for at once.
    pub(crate) fn stop(&self) {
        self.cancellation.cancel();
        self.told.send_replace(true);
    }

    /// For runs, which end between two steps and give their leases back.
    #[allow(dead_code, reason = "not every program runs anything")]
    pub(crate) fn cancellation(&self) -> Cancellation {
        self.cancellation.clone()
    }

    /// Waits until the program shall end.
    pub(crate) async fn wait(&self) {
        // The sender is here, so that it does not end before.
        let _ = self.told.subscribe().wait_for(|told| *told).await;
    }

    /// Waits for so long, unless the program shall end before.
    pub(crate) async fn pause(&self, length: Duration) -> Result<(), Failure> {
        let pause = async {
            tokio::time::sleep(length).await;
            Ok(())
        };
        self.unless(pause).await
    }

    /// Does what may be broken off anywhere, unless the program shall end before it is done.
    pub(crate) async fn unless<T>(
        &self,
        work: impl Future<Output = Result<T, Failure>>,
    ) -> Result<T, Failure> {
        tokio::select! {
            biased;
            () = self.wait() => Err(Failure::new(Status::Interrupted, "it was interrupted")),
            outcome = work => outcome,
        }
    }
}

/// Where nothing can be listened for, for ever.
async fn signalled() {
    tokio::select! {
        () = interrupted() => {}
        () = terminated() => {}
    }
}

async fn interrupted() {
    if tokio::signal::ctrl_c().await.is_err() {
        std::future::pending::<()>().await;
    }
}

#[cfg(unix)]
async fn terminated() {
    use tokio::signal::unix::{SignalKind, signal};
    match signal(SignalKind::terminate()) {
        Ok(mut signal) => _ = signal.recv().await,
        Err(_) => std::future::pending().await,
    }
}

#[cfg(not(unix))]
async fn terminated() {
    std::future::pending().await
}
