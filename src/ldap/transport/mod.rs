//! From a credential to a connection that may carry a password.
//!
//! [`connect`](connect::connect) walks over the servers, transports and addresses that a credential allows, in the order that
//! [`ladder`] says. Each attempt is one of [`tls`], at once or after [`starttls`]; [`verifier`] decides whether the certificate
//! holds, by a pin, by [`authorities`], or not at all. What fails becomes an [`attempt_error`]: either this transport is not
//! there, and the next may be tried, or it is there and does not hold, which is final; what was [`heard`] tells these apart.
//! The sentences for people are made in
//! [`tls_error`] and [`certificate_error`], after a second [`look`] where the handshake showed too little; [`algorithm`] and
//! [`chain`] know what keys and signatures are called. [`client_identity`] is the certificate of an account that has one. [`provider`] is the cryptography, and [`probe`] asks for
//! a certificate alone. Nothing here knows LDAP, but for StartTLS.

pub(crate) mod address;
pub(crate) mod algorithm;
pub(crate) mod attempt_error;
pub(crate) mod authorities;
pub(crate) mod certificate;
pub(crate) mod certificate_error;
pub(crate) mod chain;
pub(crate) mod client_identity;
pub(crate) mod connect;
pub(crate) mod connect_limits;
pub(crate) mod first_answer;
pub(crate) mod heard;
pub(crate) mod ladder;
pub(crate) mod look;
mod probe;
pub(crate) mod provider;
pub(crate) mod socket;
pub(crate) mod starttls;
pub(crate) mod tls;
pub(crate) mod tls_error;
pub(crate) mod verifier;
