//! How to use this crate, chapter by chapter. What a type or a function promises is said where it stands; here is how
//! they go together, in code that runs with the tests.
//!
//! 1. [`first_sync`]: a directory, an inventory, a run, and what it says.
//! 2. [`own_store`]: your tables behind the inventory, and what each clause of the contract is for.
//! 3. [`mocking`]: six tests of a program that uses this crate.
//! 4. [`own_source`]: an export, a table or an API in place of LDAP.
//! 5. [`credentials`]: accounts, pins, certificates, and keeping them.
//! 6. [`matching`]: an example for every level at which a computer is an asset, and for every reason why it is none.
//! 7. [`deltas`]: what changed, and what is not there any more.
//! 8. [`limits`]: runs that stop themselves, and how to confirm them.
//! 9. [`queries`]: what is found, also in your own types.
//! 10. [`annotations`]: what people say of assets.
//! 11. [`following`]: what changed, told to other systems.
//! 12. [`operating`]: what to log, what to be woken by, and what each kind of error asks of whom.
//! 13. [`defaults`]: why each default is what it is.

// Some of what it speaks of is there with features alone; with all of them every link is checked.
#![cfg_attr(
    not(all(feature = "testing", any(feature = "aws-lc-rs", feature = "ring"))),
    allow(rustdoc::broken_intra_doc_links)
)]

pub mod annotations;
pub mod credentials;
pub mod defaults;
pub mod deltas;
pub mod first_sync;
pub mod following;
pub mod limits;
pub mod matching;
pub mod mocking;
pub mod operating;
pub mod own_source;
pub mod own_store;
pub mod queries;
