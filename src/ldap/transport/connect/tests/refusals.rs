//! What is refused is named, with what would be accepted and what to do.

use rcgen::SanType;
use rustls::{SignatureAlgorithm, SignatureScheme};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use super::identity::RsaKey;
use super::*;
use crate::ldap::protocol::frame;
use crate::ldap::protocol::redaction::Redaction;
use crate::ldap::transport::look::Shown;
use crate::ldap::transport::tls_error::Handshake;
use crate::ldap::transport::verifier::PeerVerifier;

/// What is said of a certificate for all who trust its authority, pin it, or accept anything.
async fn refused_by_all(tls: Tls, identity: &Identity, authority: &[CaCertificate]) -> Vec<Error> {
    let answer = Some((SUCCESS.to_vec(), tls.clone()));
    let mut errors = Vec::new();
    for script in [
        Script { ldaps: tls.clone(), starttls: None },
        Script { ldaps: Tls::Close, starttls: answer },
    ] {
        let server = Server::start(script).await;
        let plain = at(&server).with_pins_on_starttls(true);
        for credential in [
            plain.clone().with_ca_certificates(authority.to_vec()),
            plain.clone().with_thumbprint(pin(identity.digest())),
            plain.clone().with_insecure(true),
        ] {
            let error = refused(&server, &credential).await;
            assert_eq!(error.kind(), ErrorKind::Certificate, "{error:?}");
            let presented = pin(identity.digest()).to_string();
            assert!(error.context().any(|c| c == ("presented", presented.as_str())), "{error}");
            errors.push(error);
        }
        let another = plain.with_thumbprint(other_pin());
        let error = refused(&server, &another).await;
        let kinds = [ErrorKind::CertificatePin, ErrorKind::Certificate];
        assert!(kinds.contains(&error.kind()), "{error:?}");
    }
    errors
}

fn assert_told(error: &Error, words: &[&str]) {
    for words in words {
        assert!(error.message().contains(words), "{words}: {}", error.report());
    }
    // The sentence says it all; a dump of numbers does not help.
    let report = error.report();
    assert!(!report.contains('{') && !report.contains("[4"), "{report}");
}

/// Certificates with keys that nothing is verified with, the authority, and what the keys are called.
fn with_unusable_keys() -> Vec<(Identity, Vec<CaCertificate>, &'static str)> {
    let authority = Authority::new();
    let of_bits = |bits| authority.issue_for(named(&[HOST]), &RsaKey::new(bits));
    let kept = |name, words| {
        let (identity, authority) = Identity::kept(name);
        (identity, authority, words)
    };
    vec![
        kept("rsa1024", "an RSA key of 1024 bits"),
        kept("p521", "an ECDSA key on P-521"),
        kept("secp256k1", "on secp256k1"),
        kept("brainpool", "on brainpoolP256r1"),
        kept("ed448", "a key for Ed448"),
        (of_bits(1536), authority.certificates(), "an RSA key of 1536 bits"),
        (of_bits(16_384), authority.certificates(), "an RSA key of 16384 bits"),
    ]
}

#[tokio::test]
async fn a_key_that_nothing_is_verified_with_is_named() {
    for (identity, authority, key) in with_unusable_keys() {
        for versions in [&[&TLS12], &[&TLS13]] {
            let tls = Tls::Serve(identity.serve_with(versions, identity.key()));
            for error in refused_by_all(tls, &identity, &authority).await {
                assert_told(&error, &[key, "RSA keys of 2048 to 8192 bits", "a pin does not help"]);
                let elsewhere = error.message().contains("it is in aws-lc-rs");
                assert_eq!(elsewhere, key.contains("P-521"), "{error}");
            }
        }
    }
}

#[tokio::test]
async fn a_key_is_named_though_the_server_shows_it_only_to_those_who_verify_it() {
    let (identity, authority) = Identity::kept("p521");
    let scheme = SignatureScheme::ECDSA_NISTP521_SHA512;
    for versions in [&[&TLS12], &[&TLS13]] {
        let config = identity.serve_signed_with(versions, scheme, SignatureAlgorithm::ECDSA);
        let tls = Tls::Serve(config);
        for error in refused_by_all(tls, &identity, &authority).await {
            assert_told(&error, &["P-521", "ECDSA keys on P-256 or P-384", "it is in aws-lc-rs"]);
        }
    }
}

#[tokio::test]
async fn a_handshake_that_can_only_be_signed_as_nobody_verifies_is_told() {
    let authority = Authority::new();
    let identity = authority.issue(named(&[HOST]));
    let scheme = SignatureScheme::ECDSA_NISTP521_SHA512;
    let config = identity.serve_signed_with(&[&TLS12], scheme, SignatureAlgorithm::ECDSA);
    let trusted = authority.certificates();
    for error in refused_by_all(Tls::Serve(config), &identity, &trusted).await {
        assert_told(&error, &["only by ECDSA with SHA-512 and an ECDSA key on P-256; accepted"]);
        assert_told(&error, &["it is in aws-lc-rs", "a pin does not help"]);
    }
}

#[test]
fn a_handshake_signed_with_sha_1_is_told() {
    let key = RsaKey::new(2048);
    let identity = Authority::new().issue_for(named(&[HOST]), &key);
    let (verifier, host) =
        (PeerVerifier::new(Rule::Anything, TLS, None), ServerUrl::parse(HOST).unwrap());
    let handshake = Handshake {
        host: host.server_host(),
        peer: HOST.parse().unwrap(),
        pins: &[],
        verifier: &verifier,
        redaction: &Redaction::default(),
    };
    let told = |scheme| {
        let certificate = identity.der.clone().into();
        handshake.explain_shown(&Shown { certificate, scheme })
    };
    let error = told(Some(SignatureScheme::RSA_PKCS1_SHA1)).unwrap();
    assert_told(
        &error,
        &["only by RSA with SHA-1 and an RSA key of 2048 bits", "RSA with SHA-256"],
    );
    assert!(!error.message().contains("aws-lc-rs"), "{error}");
    // Nothing is wrong with what it showed then.
    assert!(told(Some(SignatureScheme::RSA_PKCS1_SHA256)).is_none() && told(None).is_none());
}

#[tokio::test]
async fn a_signature_that_nobody_verifies_is_named_and_a_pin_makes_up_for_it() {
    for (name, words) in [
        ("sha1", &["the server's certificate is signed by RSA with SHA-1"][..]),
        ("ecdsa_sha1", &["ECDSA with SHA-1"]),
        ("ecdsa_sha512", &["signed by ECDSA with SHA-512;", "it is in aws-lc-rs"]),
        ("pss_salt_20", &["RSA-PSS with SHA-256 and a salt of 20 bytes", "as long as the hash"]),
        ("pss_salt_222", &["RSA-PSS with SHA-256 and a salt of 222 bytes"]),
        ("ed448_authority", &["signed by Ed448"]),
        ("p521_authority", &["and an ECDSA key on P-521", "it is in aws-lc-rs"]),
        (
            "rsa1024_authority",
            &["the server's certificate, CN=rsa1024_authority,", "an RSA key of 1024 bits"],
        ),
    ] {
        let (identity, authority) = Identity::kept(name);
        let server = Server::start(both(&identity)).await;
        let error = refused(&server, &at(&server).with_ca_certificates(authority)).await;
        assert_eq!(error.kind(), ErrorKind::Certificate, "{error:?}");
        assert_told(&error, &["or pin"]);
        assert_told(&error, words);
        // The server of this test has not the certificate's key. As far as it gets is what counts.
        let pinned = at(&server).with_thumbprint(pin(identity.digest()));
        assert_told(&refused(&server, &pinned).await, &["does not prove"]);
    }
}

#[tokio::test]
async fn what_ring_does_not_verify_is_no_hindrance_to_aws_lc_rs() {
    for name in ["p521", "p521_authority", "ecdsa_sha512"] {
        let (identity, authority) = Identity::kept(name);
        let server = Server::start(ldaps(&identity)).await;
        let trusting = at(&server).with_ca_certificates(authority);
        let error = connect(&trusting, None, &limits(), TlsProvider::AwsLcRs).await.unwrap_err();
        // The server of this test has not the certificate's key. As far as it gets is what counts.
        assert_told(&error, &["signature", "key"]);
        assert!(!error.message().contains("accepted are"), "{name}: {error}");
    }
    let (identity, authority) = Identity::kept("secp256k1");
    let server = Server::start(ldaps(&identity)).await;
    let trusting = at(&server).with_ca_certificates(authority);
    let error = connect(&trusting, None, &limits(), TlsProvider::AwsLcRs).await.unwrap_err();
    assert_told(&error, &["on secp256k1", "P-256, P-384 or P-521"]);
}

#[tokio::test]
async fn an_address_that_is_given_as_the_name_of_a_host_is_told_from_one_that_counts() {
    let authority = Authority::new();
    let mut params = named(&["dc1.corp.example"]);
    params.subject_alt_names.push(SanType::DnsName(HOST.try_into().unwrap()));
    let server = Server::start(both(&authority.issue(params))).await;
    let error = refused(&server, &at(&server).with_ca_certificates(authority.certificates())).await;
    assert_told(&error, &["127.0.0.1 as a host name (a DNS entry)", "an IP entry"]);
    assert!(!error.message().contains("only for"), "{error}");
}

/// What the connection to a server says once something is asked.
async fn first_answer(connected: Connected) -> Result<Vec<u8>, Error> {
    let mut stream = connected.stream;
    let mut answer = vec![0; 4];
    let outcome = async {
        stream.write_all(b"0").await?;
        stream.flush().await?;
        stream.read_exact(&mut answer).await
    };
    outcome.await.map_err(frame::broken_off)?;
    Ok(answer)
}

#[tokio::test]
async fn a_server_that_demands_a_client_certificate_says_so_in_every_version() {
    let identity = Identity::self_made(named(&[HOST]));
    for versions in [&[&TLS12], &[&TLS13]] {
        let tls = Tls::Serve(identity.serve_those_with_certificate(versions, true));
        let server = Server::start(Script { ldaps: tls, starttls: None }).await;
        let credential = at(&server).with_thumbprint(pin(identity.digest()));
        let error = match connect(&credential, None, &limits(), TLS).await {
            Ok(connected) => first_answer(connected).await.unwrap_err(),
            Err(error) => error,
        };
        assert_eq!((error.kind(), error.retry()), (ErrorKind::Tls, Retry::Never), "{error:?}");
        assert_told(&error, &["demands a client certificate", "TLSVerifyClient"]);
    }
}

#[tokio::test]
async fn a_server_that_only_asks_for_a_client_certificate_is_served_without() {
    let identity = Identity::self_made(named(&[HOST]));
    for versions in [&[&TLS12], &[&TLS13]] {
        let tls = Tls::Serve(identity.serve_those_with_certificate(versions, false));
        let mut server = Server::start(Script { ldaps: tls, starttls: None }).await;
        let credential = at(&server).with_thumbprint(pin(identity.digest()));
        let mut connected = attempt(&server, &credential).await.unwrap();
        connected.stream.write_all(b"hello").await.unwrap();
        connected.stream.shutdown().await.unwrap();
        assert_eq!(server.heard_within_tls().await, b"hello");
        // It then ends the connection, and may have wanted a certificate all the same.
        let error = frame::broken_off(connected.stream.read_u8().await.unwrap_err());
        assert_eq!(error.kind(), ErrorKind::Disconnected, "{error:?}");
        assert_told(&error, &["asked for a client certificate, got none"]);
    }
}
