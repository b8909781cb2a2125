//! The console over HTTP, as a browser sees it: the service runs in this process, on a port of the loopback interface.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)]

mod access;
mod assets;
mod browser;
mod credentials;
mod hostile;
mod kept;
mod tasks;
