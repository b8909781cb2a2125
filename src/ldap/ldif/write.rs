//! Objects as entries of an export.

use std::collections::BTreeSet;
use std::fmt::Write;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::directory::DirectoryObject;
use crate::ldap::read::attributes::{Selection, Syntax};
use crate::value::{ObjectGuid, Sid};

impl DirectoryObject {
    /// The object as an entry in LDIF (RFC 2849), with the empty line behind it, as
    /// [`LdifSource`](crate::ldap::LdifSource) reads it: the same object, but for what only digests or
    /// counts are kept of, which are certificates and what was [left out](Self::flaws).
    pub fn to_ldif(&self) -> String {
        let mut out = String::new();
        put(&mut out, "dn", self.dn.as_str().as_bytes());
        put(&mut out, "objectGUID", self.guid.as_bytes());
        if let Some(sid) = &self.sid {
            put(&mut out, "objectSid", &sid.to_bytes());
        }
        let selection = Selection::of(self.kind, &BTreeSet::new()).ok();
        let syntax = |name| Some(selection.as_ref()?.find(name)?.1.syntax);
        for (name, value) in self.attributes.iter() {
            match octets(syntax(name), value) {
                Some(octets) => put(&mut out, name, &octets),
                None => put(&mut out, name, value.as_bytes()),
            }
        }
        if let Some(list) = &self.membership {
            let name = if list.complete { "member" } else { "member;range=0-0" };
            list.members.iter().for_each(|member| put(&mut out, name, member.as_str().as_bytes()));
            if list.members.is_empty() && !list.complete {
                // No DN, so that it is no member: a reader takes the list for one of which something is missing.
                put(&mut out, name, b"");
            }
        }
        out.push('\n');
        out
    }
}

/// What a directory has where an object has a text.
fn octets(syntax: Option<Syntax>, value: &str) -> Option<Vec<u8>> {
    match syntax? {
        Syntax::Sid => Some(value.parse::<Sid>().ok()?.to_bytes()),
        Syntax::Guid => Some(value.parse::<ObjectGuid>().ok()?.as_bytes().to_vec()),
        _ => None,
    }
}

fn put(out: &mut String, name: &str, value: &[u8]) {
    // Writing to memory does not fail.
    let _ = match std::str::from_utf8(value) {
        Ok(text) if is_safe(text) => writeln!(out, "{name}: {text}"),
        _ => writeln!(out, "{name}:: {}", STANDARD.encode(value)),
    };
}

/// Whether a value needs no Base64 (RFC 2849, `SAFE-STRING`).
fn is_safe(text: &str) -> bool {
    text.bytes().all(|byte| (b' '..=b'~').contains(&byte))
        && !text.starts_with([' ', ':', '<'])
        && !text.ends_with(' ')
}
