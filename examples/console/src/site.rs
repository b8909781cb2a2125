//! Where the console is, as browsers see it: what they are told keeps to that place, and what comes from another is refused.

use std::fmt;
use std::net::{IpAddr, SocketAddr};
use std::str::FromStr;
use std::time::Duration;

use axum::http::Uri;
use ldap_inventory::{Error, ErrorKind, Result};

/// How long somebody may take to say what they want, unless said otherwise.
const PATIENCE: Duration = Duration::from_secs(30);

/// The URL by which people open the console, where a proxy stands in front of it: `https://inventory.corp.example`.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct PublicUrl {
    is_secure: bool,
    host: String,
    port: u16,
}

/// Where the console is.
#[derive(Clone, Debug)]
pub struct Site {
    listens: SocketAddr,
    public: Option<PublicUrl>,
    patience: Duration,
}

impl PublicUrl {
    /// The host, and the port where it is not what the scheme says.
    fn authority(&self) -> String {
        match (self.is_secure, self.port) {
            (true, 443) | (false, 80) => self.host.clone(),
            _ => format!("{}:{}", self.host, self.port),
        }
    }
}

impl FromStr for PublicUrl {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        let invalid = || {
            let why = "it is the scheme, the host and, if need be, the port: https://inventory.corp.example";
            Error::invalid("public URL", text, why)
        };
        let url: Uri = text.parse().map_err(|_| invalid())?;
        let is_secure = match url.scheme_str() {
            Some("https") => true,
            Some("http") => false,
            _ => return Err(invalid()),
        };
        let authority = url.authority().filter(|it| !it.as_str().contains('@'));
        let authority = authority.filter(|_| url.path() == "/" && url.query().is_none());
        let authority = authority.ok_or_else(invalid)?;
        let port = authority.port_u16().unwrap_or(if is_secure { 443 } else { 80 });
        Ok(Self { is_secure, host: authority.host().to_lowercase(), port })
    }
}

impl fmt::Display for PublicUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let scheme = if self.is_secure { "https" } else { "http" };
        write!(f, "{scheme}://{}", self.authority())
    }
}

impl Site {
    /// The place of a console that listens at this address.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Configuration`] for an address beyond this machine without a public URL.
    pub fn new(listens: SocketAddr, public: Option<PublicUrl>) -> Result<Self> {
        if public.is_none() && !listens.ip().is_loopback() {
            let message = format!(
                "beyond this machine, at {listens}, the console is reached by a proxy with TLS in front of it: \
                 say under which address people open it, as in --public-url https://inventory.corp.example"
            );
            return Err(Error::new(ErrorKind::Configuration, message));
        }
        Ok(Self { listens, public, patience: PATIENCE })
    }

    /// Sets how long somebody may take to say what they want, from their first word, or the answer before, to the last
    /// word: half a minute, unless set. Whoever takes longer keeps a connection from others.
    #[must_use]
    pub fn with_patience(self, patience: Duration) -> Self {
        Self { patience, ..self }
    }

    /// How long somebody may take to say what they want.
    pub(crate) fn patience(&self) -> Duration {
        self.patience
    }

    /// What every cookie of this console is called. Ports of a host share their cookies, so that it has the port.
    pub(crate) fn cookie(&self) -> String {
        let port = self.public.as_ref().map_or(self.listens.port(), |public| public.port);
        format!("inventory_console_{port}")
    }

    /// Whether browsers reach it by TLS alone.
    pub(crate) fn is_secure(&self) -> bool {
        self.public.as_ref().is_some_and(|public| public.is_secure)
    }

    /// Whether a request for this host is meant for the console: another name that leads here is somebody else's.
    pub(crate) fn is_host(&self, host: &str) -> bool {
        let public = self.public.as_ref().map(PublicUrl::authority);
        public.into_iter().chain(self.local()).any(|own| own.eq_ignore_ascii_case(host))
    }

    /// Whether a page of this origin is one of the console.
    pub(crate) fn is_origin(&self, origin: &str) -> bool {
        match &self.public {
            Some(public) => public.to_string().eq_ignore_ascii_case(origin),
            None => self.local().any(|own| format!("http://{own}").eq_ignore_ascii_case(origin)),
        }
    }

    /// What this machine calls it.
    fn local(&self) -> impl Iterator<Item = String> + use<> {
        let port = self.listens.port();
        let address = match self.listens.ip() {
            IpAddr::V4(address) => address.to_string(),
            IpAddr::V6(address) => format!("[{address}]"),
        };
        let names = [address, "localhost".to_owned()];
        names.map(|name| if port == 80 { name } else { format!("{name}:{port}") }).into_iter()
    }
}

/// The beginning of every address of the console.
impl fmt::Display for Site {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.public {
            Some(public) => public.fmt(f),
            None => write!(f, "http://{}", self.listens),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn site(listens: &str, public: Option<&str>) -> Result<Site> {
        Site::new(listens.parse().unwrap(), public.map(|url| url.parse().unwrap()))
    }

    #[test]
    fn beyond_this_machine_it_has_a_public_url() {
        let error = site("0.0.0.0:8389", None).unwrap_err();
        assert!(error.to_string().contains("--public-url"), "{error}");
        assert!(site("0.0.0.0:8389", Some("https://a.example")).is_ok());
        assert!(site("[::1]:8389", None).is_ok());
    }

    #[test]
    fn a_public_url_decides_where_pages_are_from() {
        let public = site("127.0.0.1:8389", Some("https://Inventory.example/")).unwrap();
        assert_eq!(public.to_string(), "https://inventory.example");
        assert!(public.is_secure() && public.cookie() == "inventory_console_443");
        assert!(public.is_host("inventory.example") && public.is_host("localhost:8389"));
        assert!(!public.is_host("inventory.example:8389") && !public.is_host("evil.example"));
        assert!(public.is_origin("https://inventory.example"));
        for origin in ["http://inventory.example", "http://127.0.0.1:8389", "null"] {
            assert!(!public.is_origin(origin), "{origin}");
        }

        let local = site("[::1]:8389", None).unwrap();
        assert!(!local.is_secure() && local.cookie() == "inventory_console_8389");
        assert!(local.is_host("[::1]:8389") && local.is_host("localhost:8389"));
        assert!(local.is_origin("http://[::1]:8389") && !local.is_origin("https://[::1]:8389"));
        assert!(!local.is_host("localhost") && !local.is_host("localhost:8390"));
    }

    #[test]
    fn what_is_no_public_url_is_refused() {
        for text in ["", "inventory", "ftp://a", "https://a/b", "https://a/?b", "https://me@a"] {
            assert!(text.parse::<PublicUrl>().is_err(), "{text}");
        }
        let url: PublicUrl = "http://a.example:8080".parse().unwrap();
        assert_eq!(url.to_string(), "http://a.example:8080");
    }
}
