//! Names that many hosts have.

use std::fmt;
use std::net::IpAddr;

use serde::{Deserialize, Serialize};

/// Why a host name says little or nothing about which host it is.
///
/// Names that [hold as an FQDN](Self::holds_as_fqdn) are evidence where both sides have the very same fully qualified
/// name, and only one of each has it. All others are no evidence, for or against.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub(crate) enum Weakness {
    /// An address, or the name under which DNS keeps one: it belongs to the place in the network and passes from
    /// host to host.
    IpAddress,
    /// A name that is made of an address, such as `ip-10-0-0-5`.
    MadeOfAddress,
    /// `localhost`, which every host calls itself.
    Localhost,
    /// What stands where a name is not known, such as `unknown`.
    Placeholder,
    /// A word for any machine, such as `laptop`.
    Generic,
    /// The name that a product comes with, such as `raspberrypi`.
    VendorDefault,
}

impl Weakness {
    /// The weakness of a canonical host name, of which the first label decides: a default name stays one
    /// whatever domain DHCP puts behind it.
    pub(super) fn of(name: &str) -> Option<Self> {
        let label = name.split('.').next().unwrap_or_default();
        if is_address(name) || is_reverse(name) {
            Some(Self::IpAddress)
        } else if is_made_of_address(label) {
            Some(Self::MadeOfAddress)
        } else if is_localhost(label) || name.ends_with(".localhost") {
            Some(Self::Localhost)
        } else if PLACEHOLDERS.contains(&label) {
            Some(Self::Placeholder)
        } else if GENERIC.contains(&label) {
            Some(Self::Generic)
        } else if is_vendor_default(label) {
            Some(Self::VendorDefault)
        } else {
            None
        }
    }

    /// Whether a fully qualified name of this sort may still tell one host from all others: somebody gave
    /// `printer.corp.example` to one printer, although a thousand are called `printer`.
    pub(crate) fn holds_as_fqdn(self) -> bool {
        matches!(self, Self::MadeOfAddress | Self::Generic | Self::VendorDefault)
    }
}

/// Prints as the end of a sentence: `pc is` ...
impl fmt::Display for Weakness {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::IpAddress => "an IP address, which may pass to another host",
            Self::MadeOfAddress => "a name made of an address, which may pass to another host",
            Self::Localhost => "the name by which every host knows itself",
            Self::Placeholder => "a placeholder, not a name",
            Self::Generic => "a word for any machine",
            Self::VendorDefault => "a product's default name, which many hosts share",
        })
    }
}

/// Whether the whole name is the text of an address. Four numbers are one even if they are out of range.
pub(super) fn is_address(name: &str) -> bool {
    // Asked again and again of names of which the first letters tell that they are none.
    let may_be = |byte: u8| byte.is_ascii_hexdigit() || matches!(byte, b'.' | b':');
    name.bytes().all(may_be)
        && (name.parse::<IpAddr>().is_ok()
            || (name.split('.').count() == 4 && name.split('.').all(is_number)))
}

/// What scanners, DHCP servers and installers put where they know no name.
const PLACEHOLDERS: &[&str] =
    &["default", "hostname", "nohostname", "none", "null", "template", "undefined", "unknown"];

/// Words that name a sort of machine, not one of them.
const GENERIC: &[&str] =
    &["computer", "desktop", "device", "laptop", "notebook", "pc", "printer", "workstation"];

/// Default names of products that are sold or installed by the thousand.
///
/// `WIN-…`, `DESKTOP-…` and `LAPTOP-…` of the Windows setup are not here: they end in random characters
/// and tell hosts apart. Words that people do give to a single machine (`server`, `nas`) are not here
/// either.
const VENDOR_DEFAULTS: &[&str] = &[
    // Linux distributions and images
    "alpine",
    "amnesiac",
    "archlinux",
    "centos",
    "debian",
    "dietpi",
    "fedora",
    "kali",
    "linux",
    "linuxmint",
    "manjaro",
    "opensuse",
    "parrot",
    "raspberrypi",
    "rocky",
    "ubuntu",
    "ubuntu-server",
    // Network equipment and appliances
    "dd-wrt",
    "ddwrt",
    "diskstation",
    "edgerouter",
    "freenas",
    "mikrotik",
    "openwrt",
    "opnsense",
    "pfsense",
    "readynas",
    "router",
    "truenas",
    "ubnt",
    "unifi",
    "vyos",
    // Phones, players, printers
    "android",
    "appletv",
    "blackberry",
    "chromecast",
    "espressif",
    "firetv",
    "homeassistant",
    "playstation",
    "ps4",
    "ps5",
    "roku",
    "tivo",
    "windows-phone",
    "xbox",
    "xboxone",
    // Windows images
    "minwinpc",
];

/// Apple's default names, to which Bonjour adds `-2`, `-3`… when the name is taken.
const APPLE_DEFAULTS: &[&str] = &[
    "apple-tv",
    "apple-watch",
    "homepod",
    "imac",
    "ipad",
    "iphone",
    "ipod",
    "ipod-touch",
    "mac",
    "mac-mini",
    "mac-pro",
    "mac-studio",
    "macbook",
    "macbook-air",
    "macbook-pro",
    "macbookair",
    "macbookpro",
];

fn is_vendor_default(label: &str) -> bool {
    VENDOR_DEFAULTS.contains(&label)
        || APPLE_DEFAULTS.contains(&unnumbered(label))
        || label.strip_prefix("android-").is_some_and(is_hexadecimal)
        // Windows PE makes a new one up at every start.
        || label.starts_with("minint-")
}

fn is_localhost(label: &str) -> bool {
    matches!(label, "localhost" | "localhost4" | "localhost6" | "ip6-localhost" | "ip6-loopback")
}

fn is_reverse(name: &str) -> bool {
    name.ends_with(".in-addr.arpa") || name.ends_with(".ip6.arpa")
}

/// Whether a label is the four numbers of an address, alone or after one word, such as `ip-10-0-0-5`.
fn is_made_of_address(label: &str) -> bool {
    let mut numbers = 0;
    let mut words = label.rsplit('-').skip_while(|part| {
        let octet = numbers < 4 && part.parse::<u8>().is_ok();
        numbers += u32::from(octet);
        octet
    });
    let word = words.next().unwrap_or_default();
    let bare = words.next().is_none();
    numbers == 4 && bare && word.bytes().all(|b| b.is_ascii_alphabetic())
}

/// The label without `-` and a number at its end.
fn unnumbered(label: &str) -> &str {
    match label.rsplit_once('-') {
        Some((name, number)) if is_number(number) => name,
        _ => label,
    }
}

fn is_number(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit())
}

fn is_hexadecimal(text: &str) -> bool {
    text.len() >= 8 && text.bytes().all(|b| b.is_ascii_hexdigit())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn assert_all(weakness: Option<Weakness>, names: &[&str]) {
        for name in names {
            assert_eq!(Weakness::of(name), weakness, "{name}");
        }
    }

    #[test]
    fn every_weakness_ends_a_sentence() {
        for (name, sentence) in [
            ("10.0.0.5", "10.0.0.5 is an IP address, which may pass to another host"),
            (
                "ip-10-0-0-5",
                "ip-10-0-0-5 is a name made of an address, which may pass to another host",
            ),
            ("localhost", "localhost is the name by which every host knows itself"),
            ("unknown", "unknown is a placeholder, not a name"),
            ("pc", "pc is a word for any machine"),
            ("raspberrypi", "raspberrypi is a product's default name, which many hosts share"),
        ] {
            assert_eq!(format!("{name} is {}", Weakness::of(name).unwrap()), sentence);
        }
    }

    #[test]
    fn addresses_are_weak() {
        assert_all(
            Some(Weakness::IpAddress),
            &[
                "10.0.0.5",
                "010.001.000.005",
                "999.1.1.1",
                "fe80::1",
                "::1",
                "5.0.0.10.in-addr.arpa",
                "1.0.8.e.f.ip6.arpa",
            ],
        );
        assert_all(
            Some(Weakness::MadeOfAddress),
            &[
                "ip-10-0-0-5",
                "ip-10-0-0-5.eu-west-1.compute.internal",
                "10-0-0-5.pool.example",
                "dhcp-192-168-0-17",
            ],
        );
    }

    #[test]
    fn localhost_is_weak_in_every_domain() {
        assert_all(
            Some(Weakness::Localhost),
            &["localhost", "localhost.localdomain", "localhost.corp.example", "web1.localhost"],
        );
    }

    #[test]
    fn default_names_are_weak() {
        assert_all(
            Some(Weakness::VendorDefault),
            &[
                "android-1a2b3c4d5e6f7a8b",
                "iphone",
                "ipad-2",
                "macbook-pro.local",
                "macbook-pro-17",
                "raspberrypi",
                "ubuntu",
                "debian.lan",
                "kali",
                "openwrt",
                "minint-8hj2k1l",
                "tivo",
            ],
        );
        assert_all(Some(Weakness::Placeholder), &["unknown", "unknown.corp.example", "null"]);
        assert_all(Some(Weakness::Generic), &["desktop", "laptop", "pc", "pc.lan", "printer"]);
    }

    #[test]
    fn names_that_tell_hosts_apart_are_not_weak() {
        assert_all(
            None,
            &[
                "web1",
                "web1.corp.example",
                "win-1a2b3c4d5e6",
                "desktop-4f7g9k2",
                "laptop-042",
                "pc-17",
                "printer-3",
                "annas-iphone",
                "ubuntu-web1",
                "android-test",
                "srv-10-0-5",
                "web-app-10-0-0-5",
                "rack-10-0-0-500",
                "a-10-0-0-0-5",
                "12345",
                "1.2.3.4.example",
                "mylocalhost",
            ],
        );
    }
}
