//! Certificates, as people compare them.

use ldap_inventory::ldap::ServerCertificate;

/// What a certificate says, a line for each, and both spellings of its fingerprint.
pub(crate) fn told(certificate: &ServerCertificate) -> String {
    let ServerCertificate { subject, issuer, not_before, not_after, .. } = certificate;
    let (digest, hexadecimal) =
        (certificate.fingerprint(), certificate.fingerprint_in_hexadecimal());
    let names = match certificate.names.as_slice() {
        [] => "none".to_owned(),
        names => names.join(", "),
    };
    format!(
        "    subject      {subject}\n    names        {names}\n    issuer       {issuer}\n    \
         valid        {not_before} to {not_after}\n    fingerprint  {digest}\n    \
         hexadecimal  {hexadecimal}\n"
    )
}
