//! What an operating system's name tells: its family, and whether it names a product at all. For
//! [`merge`](crate::merge), which drops candidates of another family, and prefers a name of a product.

/// The family that an operating system plainly belongs to.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
#[non_exhaustive]
pub(crate) enum OsFamily {
    /// Linux, whatever the distribution.
    Linux,
    /// macOS, and OS X before it.
    MacOs,
    /// What network equipment runs.
    Network,
    /// Windows, client and server.
    Windows,
    /// BSD, Solaris, AIX, HP-UX.
    Unix,
    /// VMware ESX.
    Esx,
}

/// Words that begin the name of no other family's product, the more telling first.
const FAMILIES: &[(&str, OsFamily)] = &[
    ("esxi", OsFamily::Esx),
    ("vmware esx", OsFamily::Esx),
    ("windows", OsFamily::Windows),
    ("hyper-v server", OsFamily::Windows),
    ("macos", OsFamily::MacOs),
    ("mac os", OsFamily::MacOs),
    ("os x", OsFamily::MacOs),
    ("darwin", OsFamily::MacOs),
    ("freebsd", OsFamily::Unix),
    ("openbsd", OsFamily::Unix),
    ("netbsd", OsFamily::Unix),
    ("solaris", OsFamily::Unix),
    ("sunos", OsFamily::Unix),
    ("aix", OsFamily::Unix),
    ("hp-ux", OsFamily::Unix),
    ("junos", OsFamily::Network),
    ("cisco", OsFamily::Network),
    ("ios-xe", OsFamily::Network),
    ("nx-os", OsFamily::Network),
    ("routeros", OsFamily::Network),
    ("fortios", OsFamily::Network),
    ("pan-os", OsFamily::Network),
    ("arubaos", OsFamily::Network),
    ("linux", OsFamily::Linux),
    ("ubuntu", OsFamily::Linux),
    ("debian", OsFamily::Linux),
    ("red hat", OsFamily::Linux),
    ("redhat", OsFamily::Linux),
    ("rhel", OsFamily::Linux),
    ("centos", OsFamily::Linux),
    ("rocky", OsFamily::Linux),
    ("almalinux", OsFamily::Linux),
    ("fedora", OsFamily::Linux),
    ("suse", OsFamily::Linux),
    ("sles", OsFamily::Linux),
    ("opensuse", OsFamily::Linux),
    ("photon os", OsFamily::Linux),
    ("raspbian", OsFamily::Linux),
];

/// What stands where the product is not known: a kernel, an interface, a whole family.
const NO_PRODUCT: &[&str] = &[
    "embedded",
    "freebsd",
    "gnu/linux",
    "linux",
    "mac os",
    "mac os x",
    "macos",
    "other",
    "pc-linux-gnu",
    "samba",
    "server",
    "unix",
    "unknown",
    "windows",
    "windows nt",
    "windows server",
    "x86_64-pc-linux-gnu",
];

impl OsFamily {
    /// The family of an operating system, where its name is plain about it.
    pub(crate) fn of(name: &str) -> Option<Self> {
        let name = name.to_lowercase();
        let mut before = None;
        let begins = name.char_indices().filter(|(_, c)| {
            let before = before.replace(*c);
            before.is_none_or(|c| !c.is_alphanumeric())
        });
        let words = begins.filter_map(|(at, _)| name.get(at..));
        let first_of = |rest: &str| FAMILIES.iter().position(|(word, _)| rest.starts_with(word));
        let (_, family) = FAMILIES.get(words.filter_map(first_of).min()?)?;
        Some(*family)
    }

    /// What people call it.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Linux => "Linux",
            Self::MacOs => "macOS",
            Self::Network => "a network system",
            Self::Windows => "Windows",
            Self::Unix => "Unix",
            Self::Esx => "ESX",
        }
    }
}

/// Whether a text names a product, as `Rocky Linux 9.3` does, and not a kernel or a whole family, as `Linux`,
/// `pc-linux-gnu` or `Windows NT`.
pub(crate) fn names_product(os: &str) -> bool {
    let os = os.trim().to_lowercase();
    let is_triplet = os.ends_with("-linux-gnu") || os.ends_with("-linux-musl");
    // `Samba 4.17`, `Linux 5.15` are the software and the kernel that answered.
    let is_kernel = ["samba ", "linux ", "windows nt "].iter().any(|kernel| {
        let version = os.strip_prefix(kernel);
        version.is_some_and(|v| v.starts_with(|c: char| c.is_ascii_digit()))
    });
    !os.is_empty() && !is_triplet && !is_kernel && !NO_PRODUCT.contains(&os.as_str())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn families_are_told_where_the_name_is_plain() {
        for (name, family) in [
            ("Windows 10 Enterprise", Some(OsFamily::Windows)),
            ("Hyper-V Server 2019", Some(OsFamily::Windows)),
            ("Ubuntu 22.04.3 LTS", Some(OsFamily::Linux)),
            ("SUSE Linux Enterprise Server 15", Some(OsFamily::Linux)),
            ("pc-linux-gnu", Some(OsFamily::Linux)),
            ("Mac OS X", Some(OsFamily::MacOs)),
            ("VMware ESXi 7.0.3", Some(OsFamily::Esx)),
            ("FreeBSD 13", Some(OsFamily::Unix)),
            ("OneFS", None),
            ("Samba", None),
            ("", None),
            ("Maix", None),
        ] {
            assert_eq!(OsFamily::of(name), family, "{name}");
        }
    }

    #[test]
    fn a_product_is_more_than_a_family() {
        for name in ["Windows Server 2022", "Debian GNU/Linux 12", "Rocky Linux 9.3", "OneFS"] {
            assert!(names_product(name), "{name}");
        }
        for name in [
            "",
            "Linux",
            "unknown",
            "Samba",
            "Samba 4.17.12",
            "Windows NT",
            "Windows NT 6.1",
            "pc-linux-gnu",
        ] {
            assert!(!names_product(name), "{name}");
        }
    }
}
