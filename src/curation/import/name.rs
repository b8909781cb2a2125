//! Host names as people and scanners spell them.

use std::net::Ipv6Addr;

use crate::name::Hostname;

/// A host name, and the domain that was written in front of it.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) struct SpelledName {
    pub(super) name: Hostname,
    pub(super) domain: Option<String>,
}

impl SpelledName {
    /// Reads a host name. Understood beside the name itself are `CORP\HOST`, `\\HOST`, `HOST$`, `host:445`, dots at
    /// the end, and blanks around it.
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        let (domain, host) = account(text.trim());
        let host = without_port(host).trim_end_matches('.');
        let name = Hostname::read_sam_account_name(host).map_err(|error| error.to_string())?;
        if !name.as_str().chars().any(char::is_alphanumeric) {
            return Err("a host name needs a letter or a digit".to_owned());
        }
        let Some(domain) = domain else { return Ok(Self { name, domain: None }) };
        let read =
            Hostname::read(domain).map_err(|error| format!("of the domain before it, {error}"))?;
        let is_host = read.as_str() == name.short();
        Ok(Self { name, domain: (!is_host).then(|| domain.to_owned()) })
    }
}

/// Domain and name of `CORP\HOST`. The dot of `.\HOST` stands for the host itself, and `\\HOST\share` is a path.
fn account(text: &str) -> (Option<&str>, &str) {
    if let Some(path) = text.strip_prefix(r"\\") {
        return (None, path.split('\\').next().unwrap_or_default());
    }
    match text.split_once('\\') {
        Some((".", name)) => (None, name),
        Some((domain, name)) => (Some(domain), name),
        None => (None, text),
    }
}

/// The name without the port behind it. What is an IPv6 address as it stands has none, unless it is in brackets.
fn without_port(text: &str) -> &str {
    if text.parse::<Ipv6Addr>().is_ok() {
        return text;
    }
    let host = match text.rsplit_once(':') {
        Some((host, port)) if is_port(port) => host,
        _ => text,
    };
    let inner = host.strip_prefix('[').and_then(|host| host.strip_suffix(']'));
    inner.filter(|inner| inner.parse::<Ipv6Addr>().is_ok()).unwrap_or(host)
}

fn is_port(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_digit()) && text.parse::<u16>().is_ok()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn read(text: &str) -> Option<(String, Option<String>)> {
        let spelled = SpelledName::parse(text).ok()?;
        Some((spelled.name.to_string(), spelled.domain))
    }

    #[test]
    fn what_people_write_for_a_host_is_understood() {
        for text in [
            "HOST7",
            "host7.",
            "host7..",
            " host7\t",
            "HOST7$",
            "host7:445",
            "host7.:445",
            r".\HOST7",
            r"\\HOST7",
            r"\\host7\c$",
            r"HOST7\HOST7",
        ] {
            assert_eq!(read(text), Some(("host7".to_owned(), None)), "{text}");
        }
        for text in [r"CORP\HOST7", r"CORP\host7$", r"CORP\host7:445"] {
            assert_eq!(read(text), Some(("host7".to_owned(), Some("CORP".to_owned()))), "{text}");
        }
        let own = read("BÜRO-PC\\BÜRO-PC").unwrap();
        assert_eq!(own, ("büro-pc".to_owned(), None));
        let address = |text: &str| read(text).map(|(name, _)| name);
        assert_eq!(address("10.0.0.5:445").as_deref(), Some("10.0.0.5"));
        assert_eq!(address("[fe80::1]:445").as_deref(), Some("fe80::1"));
        assert_eq!(address("fe80::1:445").as_deref(), Some("fe80::1:445"));
    }

    #[test]
    fn what_cannot_be_a_name_is_refused_with_the_reason() {
        for (text, reason) in [
            ("HOST7 (old)", "' '"),
            ("N/A", "'/'"),
            ("", "empty"),
            (" . ", "empty"),
            ("-", "letter or a digit"),
            ("__", "letter or a digit"),
            ("host7:445/tcp", "':'"),
            ("host7:99999", "':'"),
            ("host7:", "':'"),
            ("a..b", "empty label"),
            (r"CORP\", "empty"),
            (r"CO RP\HOST7", "domain before it"),
            (r"A\B\C", "'\\\\'"),
            ("host7\u{7}x", "'\\u{7}'"),
        ] {
            let refused = SpelledName::parse(text).unwrap_err();
            assert!(refused.contains(reason), "{text}: {refused}");
        }
    }

    proptest! {
        #[test]
        fn no_text_panics_and_a_name_read_again_is_the_same(text in any::<String>()) {
            if let Ok(spelled) = SpelledName::parse(&text) {
                prop_assert_eq!(SpelledName::parse(spelled.name.as_str()).unwrap().name, spelled.name);
            }
        }
    }
}
