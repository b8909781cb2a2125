//! Names in CPE 2.3 (NIST IR 7695), as the National Vulnerability Database has them.

use super::release::{CLIENT, Release, SERVER};

/// The attributes of a name that are told, all others being any.
struct Name {
    product: String,
    version: String,
    update: String,
    /// The software edition.
    edition: &'static str,
}

/// Who makes a product.
pub(super) fn vendor(release: &Release) -> Option<&'static str> {
    match release.product.as_str() {
        CLIENT | SERVER => Some("microsoft"),
        "macos" => Some("apple"),
        "rhel" => Some("redhat"),
        "ubuntu" => Some("canonical"),
        "debian" => Some("debian"),
        _ => None,
    }
}

/// The name of a release, and of the number that a system of it reports.
pub(super) fn cpe(release: &Release, number: Option<&str>) -> Option<String> {
    let vendor = vendor(release)?;
    let Name { product, version, update, edition } = match release.product.as_str() {
        CLIENT => client(release, number),
        SERVER => server(release, number),
        _ => numbered(release, number),
    };
    Some(format!("cpe:2.3:o:{vendor}:{product}:{version}:{update}:*:*:{edition}:*:*:*"))
}

fn client(release: &Release, number: Option<&str>) -> Name {
    let product = match release.release() {
        Some(own) => format!("windows_{}_{own}", release.first_word()),
        None => format!("windows_{}", release.first_word()),
    };
    Name { product, version: build(release, number).unwrap_or("-").to_owned(), ..named(release) }
}

fn server(release: &Release, number: Option<&str>) -> Name {
    let product = match release.first_word() {
        "2000" => "windows_2000".to_owned(),
        "23h2" => "windows_server_2022_23h2".to_owned(),
        own => format!("windows_server_{own}"),
    };
    let plain = if release.has("r2") { "r2" } else { "-" };
    Name { product, version: build(release, number).unwrap_or(plain).to_owned(), ..named(release) }
}

fn numbered(release: &Release, number: Option<&str>) -> Name {
    let cycle = release.cycle.as_str();
    let product = match release.product.as_str() {
        "macos" if cycle.starts_with("10.") => "mac_os_x",
        "macos" => "macos",
        "rhel" => "enterprise_linux",
        "ubuntu" => "ubuntu_linux",
        _ => "debian_linux",
    };
    let version = match release.product.as_str() {
        "macos" => number.unwrap_or(cycle).to_owned(),
        _ if cycle.contains('.') => cycle.to_owned(),
        _ => format!("{cycle}.0"),
    };
    let edition = if product == "ubuntu_linux" && release.is_long_term { "lts" } else { "*" };
    Name { product: product.to_owned(), version, edition, ..named(release) }
}

fn named(release: &Release) -> Name {
    let update = release.service_pack().unwrap_or("*").to_owned();
    Name { product: String::new(), version: String::new(), update, edition: "*" }
}

/// The build, which tells one from another since Windows 10: what the system says, if it is one of this release.
fn build<'a>(release: &'a Release, number: Option<&'a str>) -> Option<&'a str> {
    let known = release.versions.iter().find(|version| version.starts_with("10.0."))?;
    Some(number.filter(|number| number.starts_with(known.as_str())).unwrap_or(known))
}
