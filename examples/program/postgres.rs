//! An inventory in PostgreSQL: its URL, and TLS on the way to it.

use std::path::Path;
use std::sync::Arc;

use deadpool_postgres::tokio_postgres::Config;
use deadpool_postgres::tokio_postgres::config::{Host, SslMode};
use deadpool_postgres::{Manager, Pool, Runtime};
use ldap_inventory::store::PostgresRepository;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use rustls::{ClientConfig, RootCertStore};
use tokio_postgres_rustls::MakeRustlsConnect;

use super::super::exit::{Failure, Status};

/// A run writes on one connection while it reads on others.
const CONNECTIONS: usize = 4;

/// What a URL says.
struct Database {
    config: Config,
    /// The file with the certificates that are trusted, instead of the system's.
    root_certificates: Option<String>,
}

/// Whether a place is one in PostgreSQL.
pub(crate) fn is_url(place: &str) -> bool {
    let scheme = place.split_once("://").map(|(scheme, _)| scheme);
    scheme
        .is_some_and(|it| ["postgres", "postgresql"].iter().any(|own| it.eq_ignore_ascii_case(own)))
}

/// By what a place may have been meant to be one, although it is not written as one: it may hold a password.
pub(crate) fn sign_of_misspelling(place: &str) -> Option<&'static str> {
    let place = place.to_ascii_lowercase();
    ["://", "password=", "host="].into_iter().find(|sign| place.contains(sign))
}

/// Refuses what is no URL of a database. Nothing of it is repeated: it may hold a password.
pub(crate) fn check(url: &str) -> Result<(), Failure> {
    database(url).map(drop)
}

pub(crate) async fn open(url: &str) -> Result<PostgresRepository, Failure> {
    Ok(PostgresRepository::open(pool(url)?).await?)
}

/// Opens an inventory that is there; `None` if there is none.
pub(crate) async fn open_existing(url: &str) -> Result<Option<PostgresRepository>, Failure> {
    let pool = pool(url)?;
    let sql = "SELECT EXISTS (SELECT 1 FROM pg_catalog.pg_tables
               WHERE schemaname = current_schema() AND tablename = 'inventory_schema')";
    let looked = async {
        Ok::<_, deadpool_postgres::PoolError>(pool.get().await?.query_one(sql, &[]).await?)
    };
    match looked.await {
        Ok(row) if !row.get::<_, bool>(0) => Ok(None),
        // What hinders looking hinders opening, and is said then.
        _ => Ok(Some(PostgresRepository::open(pool).await?)),
    }
}

fn pool(url: &str) -> Result<Pool, Failure> {
    let Database { config, root_certificates } = database(url)?;
    let manager = Manager::new(config, tls(root_certificates.as_deref())?);
    let pool = Pool::builder(manager).max_size(CONNECTIONS).runtime(Runtime::Tokio1).build();
    pool.map_err(|error| Failure::new(Status::Failed, error.to_string()))
}

/// Reads a URL much as libpq does. Of the environment `PGPASSWORD` alone is read; where TLS is used, the server's
/// certificate must hold for its name, by the file `sslrootcert` or by what the system trusts; and without `sslmode` TLS is required, unless the database is on this machine.
fn database(url: &str) -> Result<Database, Failure> {
    let (place, query) = url.split_once('?').unwrap_or((url, ""));
    let (mut kept, mut mode, mut root_certificates) = (Vec::new(), None, None);
    for option in query.split('&').filter(|option| !option.is_empty()) {
        match option.split_once('=') {
            Some(("sslmode", value)) => mode = Some(ssl_mode(value)?),
            Some(("sslrootcert", "system")) => root_certificates = None,
            Some(("sslrootcert", value)) => {
                root_certificates = Some(percent_decoded(value).ok_or_else(no_url)?);
            }
            _ => kept.push(option),
        }
    }
    // Of the scheme the client takes lower case alone.
    let place = place.split_once("://").map_or(place, |(_, place)| place);
    let read = format!("postgres://{place}?{}", kept.join("&")).parse::<Config>();
    let mut config = read.map_err(|_| no_url())?;
    if config.get_password().is_none()
        && let Some(password) = std::env::var_os("PGPASSWORD")
    {
        config.password(password.as_encoded_bytes());
    }
    let default = if is_here(&config) { SslMode::Disable } else { SslMode::Require };
    config.ssl_mode(mode.unwrap_or(default));
    Ok(Database { config, root_certificates })
}

fn no_url() -> Failure {
    let sentence = "--inventory is no URL of a database: \
                    postgres://USER:PASSWORD@HOST:PORT/DATABASE?sslmode=require, with special characters as %XX";
    Failure::new(Status::Usage, sentence)
}

/// The text that a part of a URL stands for (RFC 3986 section 2.1); `None` for what stands for none.
fn percent_decoded(part: &str) -> Option<String> {
    let mut bytes = Vec::new();
    let mut pieces = part.split('%');
    bytes.extend(pieces.next()?.bytes());
    for piece in pieces {
        let (digits, rest) = piece.split_at_checked(2)?;
        let is_hexadecimal = digits.bytes().all(|digit| digit.is_ascii_hexdigit());
        bytes.push(u8::from_str_radix(digits, 16).ok().filter(|_| is_hexadecimal)?);
        bytes.extend(rest.bytes());
    }
    String::from_utf8(bytes).ok()
}

fn ssl_mode(value: &str) -> Result<SslMode, Failure> {
    match value {
        "disable" => Ok(SslMode::Disable),
        "prefer" => Ok(SslMode::Prefer),
        "require" | "verify-ca" | "verify-full" => Ok(SslMode::Require),
        _ => {
            let sentence = "the sslmode of --inventory is disable, prefer, require or verify-full";
            Err(Failure::new(Status::Usage, sentence))
        }
    }
}

/// Whether the way to a database leaves this machine. An address that is named goes before the host's name.
fn is_here(config: &Config) -> bool {
    let addresses = config.get_hostaddrs();
    if !addresses.is_empty() {
        return addresses.iter().all(std::net::IpAddr::is_loopback);
    }
    config.get_hosts().iter().all(|host| match host {
        Host::Tcp(name) => {
            let address = name.parse::<std::net::IpAddr>();
            name == "localhost" || address.is_ok_and(|address| address.is_loopback())
        }
        Host::Unix(_) => true,
    })
}

fn tls(root_certificates: Option<&str>) -> Result<MakeRustlsConnect, Failure> {
    let mut roots = RootCertStore::empty();
    match root_certificates {
        Some(file) => {
            let refused = |error: &dyn std::fmt::Display| {
                Failure::new(Status::Usage, format!("sslrootcert {file} cannot be read: {error}"))
            };
            let read = CertificateDer::pem_file_iter(Path::new(file));
            for certificate in read.map_err(|error| refused(&error))? {
                let certificate = certificate.map_err(|error| refused(&error))?;
                roots.add(certificate).map_err(|error| refused(&error))?;
            }
        }
        None => {
            roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
        }
    }
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config =
        ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
    let config = config.map_err(|error| Failure::new(Status::Refused, error.to_string()))?;
    Ok(MakeRustlsConnect::new(config.with_root_certificates(roots).with_no_client_auth()))
}
