//! The LDAP source of a directory.

mod address;
mod algorithm;
mod attempt_error;
mod attributes;
mod authorities;
mod ber;
mod bind;
mod certificate;
mod certificate_error;
mod chain;
mod connect;
mod connect_limits;
mod connection;
mod decode;
mod delta;
mod diagnosis;
mod first_answer;
mod frame;
#[cfg(fuzzing)]
#[doc(hidden)]
pub mod fuzzing;
mod guard;
mod ladder;
mod limits;
mod look;
mod paging;
mod pair;
mod probe;
mod provider;
mod range;
mod reading;
mod relay;
mod retrieval;
mod root_dse;
#[cfg(test)]
mod script;
mod search;
mod socket;
mod source;
mod starttls;
mod syntax;
mod tls;
mod tls_error;
mod verifier;

pub use certificate::ServerCertificate;
pub use connect_limits::ConnectLimits;
pub use delta::DeltaPolicy;
pub use diagnosis::{BindDiagnosis, BindRefusal};
pub use limits::LdapLimits;
pub use probe::{Presented, probe};
pub use provider::TlsProvider;
pub use source::LdapSource;
