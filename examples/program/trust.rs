//! Trust on first use: what a server presented that was refused, and what would accept it.

use std::fmt::Write as _;
use std::net::SocketAddr;

use ldap_inventory::ErrorKind;
use ldap_inventory::credential::ServerUrl;
use ldap_inventory::ldap::{ConnectLimits, ServerCertificate, TlsProvider};

use super::certificate::told;
use super::exit::Failure;
use super::task::TaskOptions;

/// The failure, with what the server presented and the options that would accept it, if its certificate was refused.
pub(crate) async fn advised(failure: Failure, options: &TaskOptions) -> Failure {
    let refused = failure.cause().map(|error| error.kind());
    if !matches!(refused, Some(ErrorKind::Certificate | ErrorKind::CertificatePin)) {
        return failure;
    }
    for url in options.servers() {
        if let Some(presented) = presented(&url).await {
            return failure.and(&advice(&presented, options));
        }
    }
    failure
}

/// What a server presented.
struct Presented {
    address: SocketAddr,
    certificate: ServerCertificate,
    by_starttls: bool,
}

/// What a server presents at the first of its addresses that presents something.
async fn presented(url: &ServerUrl) -> Option<Presented> {
    let (tls, limits) = (TlsProvider::default(), ConnectLimits::new());
    for by_starttls in [false, true] {
        let answers =
            ServerCertificate::probe(url, by_starttls, tls, &limits).await.unwrap_or_default();
        let mut found = answers.into_iter().filter_map(|(at, answer)| Some((at, answer.ok()?)));
        if let Some((address, certificate)) = found.next() {
            let by_starttls = by_starttls || url.to_string().starts_with("ldap://");
            return Some(Presented { address, certificate, by_starttls });
        }
    }
    None
}

fn advice(presented: &Presented, options: &TaskOptions) -> String {
    let Presented { address, certificate, by_starttls } = presented;
    let (at, address) = (address, address.ip().to_canonical());
    let pin = certificate.thumbprint(address);
    let how = if *by_starttls { "StartTLS" } else { "LDAPS" };
    let mut text = format!("\n\n  presented by {at} over {how}:\n{}", told(certificate));
    let pinned: Vec<_> = options.thumbprint.iter().filter(|pin| pin.address() == address).collect();
    if pinned.iter().any(|given| **given == pin) {
        let _ = write!(
            text,
            "\n  The thumbprint that was given is the right one, but vouches over LDAPS alone. To let it vouch over\n  \
             StartTLS as well, add\n    --pins-on-starttls"
        );
        return text;
    }
    if !pinned.is_empty() {
        text.push_str(
            "\n  The thumbprint that was given for this address is that of another certificate.",
        );
    } else if let Some(other) = options.thumbprint.first() {
        let _ = write!(
            text,
            "\n  The thumbprint that was given is for {}, and the server is at {address}.",
            other.address()
        );
    }
    text.push_str(
        "\n  Compare the fingerprint with the one on the server itself. If it is the same, accept it by one of\n",
    );
    let also = if *by_starttls { " --pins-on-starttls" } else { "" };
    let _ = write!(
        text,
        "    --thumbprint '{pin}'{also}\n    --ca-file ca.pem  (the certificate of the authority that issued it)"
    );
    text
}
