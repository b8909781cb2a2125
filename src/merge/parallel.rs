//! The same work on many items, on several threads.

use std::num::NonZeroUsize;
use std::panic::resume_unwind;
use std::thread;

use super::watch::{Steps, Watch};

/// Fewer items than these are done sooner than a thread has begun.
const WORTH_A_THREAD: usize = 4096;

/// What becomes of each item, in their order: the same for any number of threads. With it comes how many steps it took.
pub(super) fn map<T: Sync, R: Send, W: Watch>(
    items: &[T],
    threads: NonZeroUsize,
    watch: &W,
    work: impl Fn(usize, &T) -> (R, usize) + Sync,
) -> Result<Vec<R>, W::Stop> {
    let parts = by_part(items, WORTH_A_THREAD, threads, |first, part| {
        let mut steps = Steps::under(watch);
        let mut done = Vec::with_capacity(part.len());
        for (place, item) in (first..).zip(part) {
            let (result, taken) = work(place, item);
            done.push(result);
            steps.take(taken)?;
        }
        steps.finish().map(|()| done)
    });
    let mut parts = parts?.into_iter();
    let mut all = parts.next().unwrap_or_default();
    parts.for_each(|part| all.extend(part));
    Ok(all)
}

/// What becomes of each of as many parts as there are threads, but of none of fewer than so many items: in their order,
/// each with the place of its first item.
pub(super) fn by_part<T: Sync, R: Send, E: Send>(
    items: &[T],
    least: usize,
    threads: NonZeroUsize,
    work: impl Fn(usize, &[T]) -> Result<R, E> + Sync,
) -> Result<Vec<R>, E> {
    let size = items.len().div_ceil(threads.get());
    if threads.get() == 1 || size < least {
        return Ok(vec![work(0, items)?]);
    }
    thread::scope(|scope| {
        let work = &work;
        let parts = items.chunks(size).enumerate();
        let begun: Vec<_> =
            parts.map(|(n, part)| scope.spawn(move || work(n * size, part))).collect();
        let ended = begun.into_iter().map(|thread| match thread.join() {
            Ok(done) => done,
            Err(panic) => resume_unwind(panic),
        });
        ended.collect()
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::merge::watch::Unwatched;

    #[test]
    fn any_number_of_threads_gives_the_same() {
        let items: Vec<usize> = (0..50_000).collect();
        let expected: Vec<usize> = items.iter().map(|n| n * 3).collect();
        let work = |place: usize, n: &usize| (place + n * 2, 1);
        for threads in [1, 2, 3, 7] {
            let threads = NonZeroUsize::new(threads).unwrap();
            let Ok(done) = map(&items, threads, &Unwatched, work);
            assert_eq!(done, expected, "{threads}");
            let Ok(done) = map(&items[..10], threads, &Unwatched, work);
            assert_eq!(done, expected[..10], "{threads}");
        }
    }

    #[test]
    fn work_is_parted_where_each_thread_has_enough_of_it() {
        let parts = |items: usize, threads: usize| -> Vec<(usize, usize)> {
            let items = vec![(); items];
            let threads = NonZeroUsize::new(threads).unwrap();
            let work = |first, part: &[()]| Ok::<_, ()>((first, part.len()));
            by_part(&items, 10, threads, work).unwrap()
        };
        for (items, threads, expected) in [
            (30, 3, &[(0, 10), (10, 10), (20, 10)][..]),
            (31, 3, &[(0, 11), (11, 11), (22, 9)][..]),
            (27, 3, &[(0, 27)][..]),
            (30, 1, &[(0, 30)][..]),
            (0, 3, &[(0, 0)][..]),
        ] {
            assert_eq!(parts(items, threads), expected, "{items} on {threads}");
        }
    }
}
