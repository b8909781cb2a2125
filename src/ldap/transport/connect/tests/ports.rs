//! LDAPS at a port of LDAP, and the reverse.

use super::*;

fn url(scheme: &str, server: &Server) -> String {
    format!("{scheme}://{}", server.address)
}

/// Why there is no certificate to be seen.
async fn probed(url: &str) -> Error {
    let url = ServerUrl::parse(url).unwrap();
    ServerCertificate::probe(&url, false, TLS, &limits()).await.unwrap().remove(0).1.unwrap_err()
}

#[tokio::test]
async fn ldap_at_a_port_of_ldaps_is_told_and_no_password_is_sent_there() {
    let identity = Identity::self_made(named(&[HOST]));
    let alert = vec![0x15, 3, 3, 0, 2, 2, 10];
    for starttls in [None, Some((alert, Tls::Close)), Some((b"HTTP/1.1".to_vec(), Tls::Close))] {
        let server = Server::start(Script { starttls, ..ldaps(&identity) }).await;
        let plain = credential(&[url("ldap", &server)]);
        for credential in [
            plain.clone(),
            plain.clone().with_insecure(true),
            plain.clone().with_thumbprint(pin(identity.digest())),
        ] {
            let error = refused(&server, &credential).await;
            assert_eq!(error.kind(), ErrorKind::NoSecureTransport, "{error:?}");
            let port = format!("speaks LDAPS at port {}", server.address.port());
            assert!(error.message().contains(&port), "{error}");
            assert!(error.message().contains("ldaps://"), "{error}");
        }
        let error = probed(&url("ldap", &server)).await;
        assert!(error.message().contains("ldaps://"), "{error}");
    }
}

#[tokio::test]
async fn ldaps_at_a_port_of_ldap_is_told() {
    let closed_or_not = [Tls::Close, Tls::Say(result(2))];
    for ldaps in closed_or_not {
        let script = Script { ldaps, starttls: Some((result(2), Tls::Close)) };
        let server = Server::start(script).await;
        let error = refused(&server, &credential(&[url("ldaps", &server)])).await;
        assert_eq!(error.kind(), ErrorKind::NoSecureTransport, "{error:?}");
        let port = format!("at port {} it speaks LDAP without TLS", server.address.port());
        assert!(error.message().contains(&port) && error.message().contains("636"), "{error}");

        let error = probed(&url("ldaps", &server)).await;
        assert!(error.message().contains("ldap://"), "{error}");
    }
}

#[tokio::test]
async fn a_port_that_speaks_neither_is_taken_for_neither() {
    for ldaps in [Tls::Close, Tls::Say(b"HTTP/1.1 400 Bad Request\r\n\r\n".to_vec())] {
        let server = Server::start(Script { ldaps, starttls: None }).await;
        for scheme in ["ldap", "ldaps"] {
            let error = refused(&server, &credential(&[url(scheme, &server)])).await;
            let message = error.message();
            assert!(!message.contains("speaks"), "{message}");
        }
    }
}
