//! TODO store

mod credentials;

pub use credentials::MemoryCredentialStore;
