//! A clock that stands still while anything happens, and goes on when nothing does: however long a session is silent, it
//! is over at once, and on a slow machine it is the same session.

use std::convert::Infallible;
use std::future::Future;
use std::thread;
use std::time::Duration;

use tokio::runtime::Builder;

/// How often sockets are looked at in vain before nothing seems to happen.
const LOOKS: usize = 64;
/// How often after that, and how long each time: threads and the loopback interface may need a moment.
const MOMENTS: usize = 8;
const MOMENT: Duration = Duration::from_micros(250);
/// How much time has gone by then.
const SILENCE: Duration = Duration::from_millis(500);

/// Runs this to its end, on one thread. `progress` is another number whenever anything has happened.
pub fn run<T>(session: impl Future<Output = T>, progress: impl Fn() -> usize) -> T {
    let runtime = Builder::new_current_thread().enable_all().start_paused(true).build().unwrap();
    runtime.block_on(async {
        tokio::select! {
            outcome = session => outcome,
            never = wind(progress) => match never {},
        }
    })
}

async fn wind(progress: impl Fn() -> usize) -> Infallible {
    let (mut last, mut idle) = (0, 0);
    loop {
        // The sockets are looked at, and whoever waits for one has its turn.
        tokio::task::yield_now().await;
        let now = progress();
        idle = if now == last { idle + 1 } else { 0 };
        last = now;
        if idle > LOOKS {
            thread::sleep(MOMENT);
        }
        if idle > LOOKS + MOMENTS {
            tokio::time::advance(SILENCE).await;
            idle = 0;
        }
    }
}
