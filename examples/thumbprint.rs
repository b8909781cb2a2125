//! Which certificate does a server present? `cargo run --release --example thumbprint -- dc1.corp.example`
//!
//! Prints one line per address, ready to be pasted as a pin once it was compared with the certificate on the
//! server itself. Nothing is sent but TLS and, with `--starttls`, the StartTLS request: no account is needed.

#[path = "program/certificate.rs"]
mod certificate;
#[path = "program/exit.rs"]
mod exit;
#[path = "program/printed.rs"]
mod printed;
#[path = "program/shell.rs"]
mod shell;

use std::io::{self, Write};
use std::process::ExitCode;

use clap::Parser;
use ldap_inventory::credential::ServerUrl;
use ldap_inventory::ldap::{ConnectLimits, ServerCertificate, TlsProvider};

use self::certificate::told;
use self::exit::{Failure, Status};
use self::printed::say;
use self::shell::ForShells;

/// Prints the thumbprint IP=SHA256:B64 of the certificate that a server presents, for each of its addresses.
///
/// Who it is issued to, by whom and until when is told on standard error. Compare the fingerprint with the one on the
/// server itself before you trust it. No account is needed, and nothing is sent but what begins TLS.
#[derive(Debug, Parser)]
#[command(name = "thumbprint", version)]
struct Options {
    /// The server: HOST[:PORT] or IP[:PORT], asked by LDAPS; with ldap:// in front, by StartTLS
    #[arg(env = "LDAP_URL")]
    url: ServerUrl,

    /// Ask by StartTLS
    #[arg(long)]
    starttls: bool,

    #[command(flatten)]
    _for_shells: ForShells,
}

fn main() -> ExitCode {
    if let Some(told) = shell::told::<Options>() {
        return exit::with(told);
    }
    exit::with(run(&Options::parse()))
}

#[tokio::main(flavor = "current_thread")]
async fn run(options: &Options) -> Result<Status, Failure> {
    let mut refusals = Vec::new();
    let mut found = 0;
    for (address, certificate) in ServerCertificate::probe(
        &options.url,
        options.starttls,
        TlsProvider::default(),
        &ConnectLimits::new(),
    )
    .await?
    {
        match certificate {
            Ok(certificate) => {
                found += 1;
                writeln!(io::stdout(), "{}", certificate.thumbprint(address.ip()))?;
                say(told(&certificate).trim_end());
            }
            Err(error) => refusals.push(error),
        }
    }
    if found == 0
        && let Some(error) = refusals.pop()
    {
        return Err(error.into());
    }
    for error in refusals {
        say(format_args!("note: {}", error.report()));
    }
    Ok(Status::Complete)
}
