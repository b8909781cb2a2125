//! A directory as LDIF (RFC 2849), to load into other servers.

use std::io::{self, Write};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;

use super::tree::DirectoryTree;

/// What OpenLDAP keeps itself or does not let anybody set.
const LEFT_OUT: [&str; 2] = ["distinguishedName", "memberOf"];

impl DirectoryTree {
    /// Writes the domain, without its configuration and its deleted objects, as OpenLDAP's `slapadd -s` loads it with
    /// its schemas core, cosine, inetorgperson, nis and msuser.
    ///
    /// # Errors
    ///
    /// Those of the writer. It is best a buffered one.
    pub fn write_ldif(&self, out: &mut impl Write) -> io::Result<()> {
        for entry in self.domain().filter(|entry| !entry.is_deleted()) {
            write_line(out, "dn", entry.dn().as_bytes())?;
            let kept = |name: &str| !LEFT_OUT.iter().any(|left| left.eq_ignore_ascii_case(name));
            for attribute in entry.attributes.iter().filter(|attribute| kept(&attribute.name)) {
                for value in &attribute.values {
                    write_line(out, &attribute.name, value)?;
                }
            }
            out.write_all(b"\n")?;
        }
        Ok(())
    }
}

fn write_line(out: &mut impl Write, name: &str, value: &[u8]) -> io::Result<()> {
    match std::str::from_utf8(value) {
        Ok(text) if is_safe(text) => writeln!(out, "{name}: {text}"),
        _ => writeln!(out, "{name}:: {}", BASE64.encode(value)),
    }
}

/// Whether a value needs no Base64: printable ASCII that does not begin or end in a way that a reader would
/// take for something else.
fn is_safe(text: &str) -> bool {
    text.bytes().all(|byte| (b' '..=b'~').contains(&byte))
        && !text.starts_with([' ', ':', '<'])
        && !text.ends_with(' ')
}

#[cfg(test)]
mod tests {
    use super::super::tree::TestDirectory;

    #[test]
    fn text_is_written_as_it_is_and_everything_else_in_base64() {
        let directory = TestDirectory::new();
        let dn = directory.write().add_computer("WEB1").unwrap();
        directory.write().set(&dn, "description", [" bl\u{e4}nk"]).unwrap();
        let mut out = Vec::new();
        directory.read().write_ldif(&mut out).unwrap();
        let text = String::from_utf8(out).unwrap();
        let entry =
            text.split("\n\n").find(|entry| entry.starts_with(&format!("dn: {dn}\n"))).unwrap();
        assert!(entry.contains("\nsAMAccountName: WEB1$\n"));
        assert!(entry.contains("\nobjectGUID:: "));
        assert!(entry.contains("\ndescription:: IGJsw6Ruaw=="));
        assert!(!text.contains("CN=Configuration,DC=corp,DC=example,DC=test\n\n"));
        assert!(!text.contains("distinguishedName"));
    }
}
