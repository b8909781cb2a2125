//! Why each default is what it is.
//!
//! Each setting says its own reason where it stands. Here is where to look, and the thought behind all of them: *what
//! cannot be undone waits for a person, what can be done again is done again, and what is not known is not guessed.*
//!
//! | settings | the thought |
//! |---|---|
//! | [`MatchPolicy`](crate::task::MatchPolicy) | a wrong tie costs more than a question: ambiguity waits |
//! | [`ChangeLimits`](crate::task::ChangeLimits) | what happens to a domain in a month passes, what happens to most of it in a night stops |
//! | [`Grace`](crate::task::Grace) | one read may have hit a restart, two a replica that lags |
//! | [`SyncTask`](crate::task::SyncTask): full read, census | a chain of changes may miss what the account is not shown |
//! | [`Exclusions`](crate::task::Exclusions) | none: an inventory that leaves out what is disabled cannot say that it is |
//! | [`Credential`](crate::credential::Credential) | nobody is trusted who does not prove it, no password goes over plain LDAP, no organization may use it that is not named |
//! | [`ConnectLimits`](crate::ldap::ConnectLimits) | a dead server costs seconds, not a night |
//! | [`LdapLimits`](crate::ldap::LdapLimits) | larger than the largest known domains, smaller than what stops a host |
//! | [`SyncOptions`](crate::sync::SyncOptions) | batches that share the cost of a commit and repeat little in a conflict; a lease that outlives any batch and blocks nobody for long |
//!
//! What they come to is held here, so that none changes unnoticed:
//!
//! ```
//! use std::time::Duration;
//! use ldap_inventory::ldap::LdapLimits;
//! use ldap_inventory::sync::SyncOptions;
//! use ldap_inventory::task::{Ambiguity, ChangeLimits, Grace, MatchPolicy};
//!
//! let policy = MatchPolicy::default();
//! assert_eq!((policy.ambiguity, policy.weak_name_limit), (Ambiguity::Review, 5));
//! assert_eq!(policy.stale_after, Duration::from_secs(90 * 86_400));
//! assert_eq!(Grace::default().runs, 3);
//! // Of 100 computers 25 may go missing in one run, of 4 all.
//! let losses = ChangeLimits::default().losses;
//! assert!(!losses.is_exceeded(25, 100) && losses.is_exceeded(26, 100) && !losses.is_exceeded(4, 4));
//! let options = SyncOptions::new();
//! assert_eq!((options.batch_size, options.memory_bytes), (1_000, 1 << 30));
//! assert_eq!((LdapLimits::default().page_size, LdapLimits::default().entries), (1_000, 5_000_000));
//! ```
