//! The locks of what is tried in every order of its threads: there these are others of the same names.

pub(super) use std::sync::{Arc, Mutex, MutexGuard};
