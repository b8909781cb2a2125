//! The stages of a run, each in a box of its own.

use futures::FutureExt;
use futures::future::BoxFuture;

/// Begins a stage, and puts it into a box. A future is as large as all that it awaits, and code that is not optimised has
/// copies of it on the stack wherever it is made, handed on and awaited: a run would not fit on the stack of a thread. It is
/// made in a call that is over before anything is awaited.
pub(super) fn stage<'a, F>(begin: impl FnOnce() -> F) -> BoxFuture<'a, F::Output>
where
    F: Future + Send + 'a,
{
    begin().boxed()
}
