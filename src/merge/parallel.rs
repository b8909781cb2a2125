//! The same work on many items, on several threads.

use std::num::NonZeroUsize;
use std::panic::resume_unwind;
use std::thread;

/// Fewer items than these are done sooner than a thread has begun.
const WORTH_A_THREAD: usize = 4096;

/// What becomes of each item, in their order: the same for any number of threads.
pub(super) fn map<T: Sync, R: Send>(
    items: &[T],
    threads: NonZeroUsize,
    work: impl Fn(&T) -> R + Sync,
) -> Vec<R> {
    let size = items.len().div_ceil(threads.get());
    if threads.get() == 1 || size < WORTH_A_THREAD {
        return items.iter().map(work).collect();
    }
    thread::scope(|scope| {
        let work = &work;
        let parts = items.chunks(size);
        let handles: Vec<_> = parts
            .map(|part| scope.spawn(move || part.iter().map(work).collect::<Vec<R>>()))
            .collect();
        let mut done = Vec::with_capacity(items.len());
        for handle in handles {
            match handle.join() {
                Ok(part) => done.extend(part),
                Err(panic) => resume_unwind(panic),
            }
        }
        done
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_number_of_threads_gives_the_same() {
        let items: Vec<usize> = (0..50_000).collect();
        let expected: Vec<usize> = items.iter().map(|n| n * 2).collect();
        for threads in [1, 2, 3, 7] {
            let threads = NonZeroUsize::new(threads).unwrap();
            assert_eq!(map(&items, threads, |n| n * 2), expected, "{threads}");
            assert_eq!(map(&items[..10], threads, |n| n * 2), expected[..10], "{threads}");
        }
    }
}
