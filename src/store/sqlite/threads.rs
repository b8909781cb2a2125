//! The threads that may block, and work on many records divided among as many as the machine has for it.

use std::num::NonZero;
use std::thread::available_parallelism;

use futures::future::try_join_all;
use tokio::task::spawn_blocking;

use super::failure::Outcome;
use crate::{Error, ErrorKind, Result};

/// The fewest records that are worth a thread of their own: some milliseconds.
const SHARE: usize = 100;

/// Does work that nothing else shall wait for. Once begun it goes on to its end, even if the future is dropped.
pub(super) async fn on_a_thread_that_may_block<T: Send + 'static>(
    operation: &'static str,
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<T> {
    spawn_blocking(work).await.map_err(|error| {
        Error::new(ErrorKind::Store, "the work on the inventory file was broken off")
            .in_operation(operation)
            .with_source(error)
    })
}

/// What comes of each, in order; the first error if there is one.
pub(super) async fn each<T: Send + 'static, U: Send + 'static>(
    operation: &'static str,
    records: Vec<T>,
    work: fn(T) -> Outcome<U>,
) -> Result<Vec<U>> {
    let shares = shares(records).into_iter().map(|share| {
        let work = move || share.into_iter().map(work).collect::<Outcome<Vec<U>>>();
        on_a_thread_that_may_block(operation, work)
    });
    let mut done = Vec::new();
    for share in try_join_all(shares).await? {
        done.extend(share.map_err(|failure| failure.into_error().in_operation(operation))?);
    }
    Ok(done)
}

fn shares<T>(records: Vec<T>) -> Vec<Vec<T>> {
    let threads = available_parallelism().map_or(1, NonZero::get);
    let length = records.len().div_ceil(threads).max(SHARE);
    if records.len() <= length {
        return Vec::from([records]);
    }
    let mut rest = records.into_iter();
    let share = || Some(rest.by_ref().take(length).collect()).filter(|it: &Vec<T>| !it.is_empty());
    std::iter::from_fn(share).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn what_comes_of_each_comes_in_order() {
        for count in [0, 1, SHARE, SHARE + 1, 10 * SHARE + 7] {
            let doubled = each("test", (0..count).collect(), |n: usize| Ok(2 * n)).await.unwrap();
            assert!(doubled.into_iter().eq((0..count).map(|n| 2 * n)), "{count}");
        }
    }

    #[test]
    fn no_share_is_empty_and_few_records_are_one() {
        for count in [0, 1, SHARE] {
            assert_eq!(shares(vec![(); count]), [vec![(); count]]);
        }
        for count in [SHARE + 1, 3 * SHARE, 1_000 * SHARE] {
            let shares = shares(vec![(); count]);
            assert!(shares.iter().all(|share| !share.is_empty()));
            assert_eq!(shares.iter().map(Vec::len).sum::<usize>(), count);
        }
    }
}
