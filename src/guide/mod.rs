//! How to use this crate, chapter by chapter. What a type or a function promises is said where it stands; here is how
//! they go together, in code that runs with the tests.
//!
//! 1. [`first_sync`]: a directory, an inventory, a run, and what it says.
//! 2. [`own_store`]: your tables behind the inventory, what each clause of the contract is for, and rows of yours.
//! 3. [`mocking`]: six tests of a program that uses this crate.
//! 4. [`own_source`]: an export, a table or an API in place of LDAP.
//! 5. [`credentials`]: accounts, pins, certificates, keeping them, and putting others in their place.
//! 6. [`matching`]: an example for every level at which a computer is an asset, and for every reason why it is none.
//! 7. [`deltas`]: what changed, and what is not there any more.
//! 8. [`limits`]: runs that stop themselves, and how to confirm them.
//! 9. [`schedules`]: when runs happen, by whose clock, and what becomes of those that were missed.
//! 10. [`progress`]: how far a run is, stopping a run, and every span and event.
//! 11. [`queries`]: what is found, also in your own types.
//! 12. [`annotations`]: what people say of assets.
//! 13. [`following`]: what changed, told to other systems.
//! 14. [`operating`]: what to keep, what to be woken by, what each kind of error asks of whom, and what grows.
//! 15. [`scaling`]: what a run costs and holds, what to tune, and what is past one machine.
//! 16. [`defaults`]: why each default is what it is.

// Some of what it speaks of is there with features alone; with all of them every link is checked.
#![cfg_attr(
    not(all(
        feature = "schedule",
        feature = "testing",
        any(feature = "aws-lc-rs", feature = "ring")
    )),
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
pub mod progress;
pub mod queries;
pub mod scaling;
pub mod schedules;
