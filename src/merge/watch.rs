//! Long work that somebody watches over.

use std::convert::Infallible;

/// After so many steps the watch is asked: a few milliseconds.
const STEPS_BETWEEN: usize = 1024;

/// Is asked again and again, while decisions are made, whether to go on.
///
/// A step is what one computer, one asset or one pair of them takes: a few microseconds.
pub(crate) trait Watch: Sync {
    /// Why the work is given up.
    type Stop: Send;

    /// So many steps were taken since it was asked last.
    fn passed(&self, steps: usize) -> Result<(), Self::Stop>;
}

/// Nobody watches: the work goes on to its end.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Unwatched;

impl Watch for Unwatched {
    type Stop = Infallible;

    fn passed(&self, _: usize) -> Result<(), Infallible> {
        Ok(())
    }
}

/// The steps of one thread.
pub(super) struct Steps<'w, W> {
    watch: &'w W,
    taken: usize,
}

impl<'w, W: Watch> Steps<'w, W> {
    pub(super) fn under(watch: &'w W) -> Self {
        Self { watch, taken: 0 }
    }

    /// Notes that so many steps were taken.
    pub(super) fn take(&mut self, steps: usize) -> Result<(), W::Stop> {
        self.taken += steps;
        if self.taken < STEPS_BETWEEN { Ok(()) } else { self.tell() }
    }

    /// Tells the watch of the last steps.
    pub(super) fn finish(mut self) -> Result<(), W::Stop> {
        self.tell()
    }

    fn tell(&mut self) -> Result<(), W::Stop> {
        self.watch.passed(std::mem::take(&mut self.taken))
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use super::*;

    #[derive(Default)]
    struct Told(Mutex<Vec<usize>>);

    impl Watch for Told {
        type Stop = Infallible;

        fn passed(&self, steps: usize) -> Result<(), Infallible> {
            self.0.lock().unwrap().push(steps);
            Ok(())
        }
    }

    #[test]
    fn who_watches_is_told_after_so_many_steps_and_in_the_end() {
        let told = Told::default();
        let mut steps = Steps::under(&told);
        for taken in [1, STEPS_BETWEEN - 1, 5, STEPS_BETWEEN, 7] {
            let Ok(()) = steps.take(taken);
        }
        let Ok(()) = steps.finish();
        assert_eq!(*told.0.lock().unwrap(), [STEPS_BETWEEN, STEPS_BETWEEN + 5, 7]);
    }
}
