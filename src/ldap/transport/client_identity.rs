//! The certificate that a client shows of itself, and the key that proves it.

use std::sync::Arc;

use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::sign::CertifiedKey;
use rustls::{Error as TlsError, InconsistentKeys};

use super::certificate::ServerCertificate;
use super::provider::TlsProvider;
use crate::credential::SignIn;
use crate::value::{Secret, Timestamp};
use crate::{Error, ErrorKind, Result};

/// What a client shows to a server that asks for its certificate.
#[derive(Clone, Debug)]
pub(crate) struct ClientIdentity(Arc<CertifiedKey>);

impl ClientIdentity {
    /// That of an account which signs in with a certificate, looked at before anything is sent: a server would refuse it
    /// in fewer words. `now`: by which its dates are judged.
    pub(crate) fn of(sign_in: &SignIn, tls: TlsProvider, now: Timestamp) -> Result<Option<Self>> {
        let SignIn::External { certificates, key } = sign_in else { return Ok(None) };
        let own = certificates.first().map(Vec::as_slice).unwrap_or_default();
        let own = ServerCertificate::from_der(own)
            .ok_or_else(|| refused("the client certificate cannot be read; replace it"))?;
        check(&own, certificates, key, tls, now).map(Some).map_err(|error| {
            error.with_context("subject", &own.subject).with_context("not after", own.not_after)
        })
    }

    pub(crate) fn certified_key(&self) -> Arc<CertifiedKey> {
        Arc::clone(&self.0)
    }
}

fn check(
    own: &ServerCertificate,
    certificates: &[Vec<u8>],
    key: &Secret,
    tls: TlsProvider,
    now: Timestamp,
) -> Result<ClientIdentity> {
    if own.not_after < now {
        return Err(refused("the client certificate has expired; renew it"));
    }
    if now < own.not_before {
        return Err(refused("the client certificate is not valid yet; check this machine's clock"));
    }
    // Without their causes: whatever they quote may be of the key.
    let key = PrivateKeyDer::from_pem_slice(key.expose().as_bytes())
        .map_err(|_| refused("the client's private key is not well-formed PEM"))?;
    let key = tls.crypto().key_provider.load_private_key(key).map_err(|_| {
        refused(
            "the client's private key is of a kind that is not supported, or is broken; replace it",
        )
    })?;
    let chain = certificates.iter().cloned().map(CertificateDer::from).collect();
    let certified = CertifiedKey::new(chain, key);
    match certified.keys_match() {
        Err(TlsError::InconsistentKeys(InconsistentKeys::KeyMismatch)) => Err(refused(
            "the private key does not belong to the client certificate; give the key that the certificate was made for, \
             and the account's own certificate first",
        )),
        _ => Ok(ClientIdentity(Arc::new(certified))),
    }
}

fn refused(message: &'static str) -> Error {
    Error::new(ErrorKind::Configuration, message)
}

#[cfg(test)]
mod tests {
    use rcgen::{CertificateParams, KeyPair, date_time_ymd};

    use super::*;

    fn identity(certificate: &[u8], key: &str) -> Result<Option<ClientIdentity>> {
        let sign_in =
            SignIn::External { certificates: vec![certificate.to_vec()], key: Secret::new(key) };
        let now = "2026-06-01T00:00:00Z".parse().unwrap();
        let outcome = ClientIdentity::of(&sign_in, TlsProvider::default(), now);
        if let Err(error) = &outcome {
            assert_eq!(error.kind(), ErrorKind::Configuration);
            let body = key.lines().nth(1).unwrap_or("none");
            assert!(!format!("{error:?} {}", error.report()).contains(body), "{error}");
        }
        outcome
    }

    fn certificate(key: &KeyPair, years: [i32; 2]) -> Vec<u8> {
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        let [first, last] = years.map(|year| date_time_ymd(year, 1, 1));
        (params.not_before, params.not_after) = (first, last);
        params.self_signed(key).unwrap().der().to_vec()
    }

    #[test]
    fn a_certificate_within_its_dates_and_its_own_key_are_shown() {
        let key = KeyPair::generate().unwrap();
        let certificate = certificate(&key, [2026, 2027]);
        let identity = identity(&certificate, &key.serialize_pem()).unwrap().unwrap();
        assert_eq!(identity.certified_key().cert[0].as_ref(), certificate);
        assert!(!format!("{identity:?}").contains(&key.serialize_pem()[30..60]));
        let simple = SignIn::simple("svc", Secret::new("pw"));
        let now = Timestamp::from_unix_seconds(0).unwrap();
        assert!(ClientIdentity::of(&simple, TlsProvider::default(), now).unwrap().is_none());
    }

    #[test]
    fn what_no_server_could_accept_is_refused_with_its_reason() {
        let [key, other] = [(); 2].map(|()| KeyPair::generate().unwrap());
        let of = |years| certificate(&key, years);
        let own = key.serialize_pem();
        let broken = "-----BEGIN PRIVATE KEY-----\nY2FuYXJ5\n-----END PRIVATE KEY-----\n";
        for (certificate, key, reason) in [
            (of([2025, 2026]), own.as_str(), "has expired"),
            (of([2027, 2028]), &own, "not valid yet"),
            (of([2026, 2027]), &other.serialize_pem(), "does not belong"),
            (of([2026, 2027]), broken, "not supported, or is broken"),
            (of([2026, 2027]), "", "not well-formed"),
            (vec![0x30, 0], &own, "cannot be read"),
            (Vec::new(), &own, "cannot be read"),
        ] {
            let error = identity(&certificate, key).unwrap_err();
            assert!(error.message().contains(reason), "{error}");
        }
    }
}
