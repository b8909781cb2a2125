//! The DirSync control (MS-ADTS 3.1.1.3.4.1.3): what changed since a cookie.

use std::collections::HashMap;

use super::bind;
use super::codec::ber::{self, Writer};
use super::codec::message::{Control, DIRSYNC};
use super::codec::response::LdapResult;
use super::directory::dn::DnKey;
use super::directory::entry::{Attribute, DirectoryEntry};
use super::scene::Scene;
use super::select::Sent;

const OBJECT_SECURITY: i64 = 0x1;
const INCREMENTAL_VALUES: i64 = 0x8000_0000;

const MAGIC: &[u8] = b"MSDS\x03\0\0\0";

/// Not replicated, so that DirSync never reports them.
const LOCAL: [&str; 9] = [
    "memberOf",
    "uSNCreated",
    "uSNChanged",
    "whenChanged",
    "distinguishedName",
    "lastLogon",
    "logonCount",
    "badPwdCount",
    "objectGUID",
];

/// Where a client stands: it has all changes up to `done`, and of those after it the ones up to `sent`.
#[derive(Clone, Copy, Default)]
struct Cookie {
    done: u64,
    sent: u64,
}

pub(super) fn answer(
    scene: &Scene<'_>,
    base: &DnKey,
    control: &Control,
) -> Result<Vec<Vec<u8>>, LdapResult> {
    let (flags, cookie) = decode(control)
        .ok_or_else(|| bind::error(2, "00000057", "0C0907E3", "Error decoding control"))?;
    if flags & OBJECT_SECURITY == 0 {
        return Err(bind::error(50, "00002105", "0C0907E3", "Error processing control"));
    }
    let incremental = flags & INCREMENTAL_VALUES != 0;
    let is_willing = !incremental || scene.shared.settings.link_changes;
    if !scene.tree.is_naming_context(base) || scene.search.scope != 2 || !is_willing {
        return Err(LdapResult::new(
            53,
            "0000209A: SvcErr: DSID-0310092E, problem 5003 (WILL_NOT_PERFORM), data 0\n\0",
        ));
    }
    let mut changed: Vec<(u64, &DirectoryEntry, Vec<Sent<'_>>)> = scene
        .tree
        .subtree(base)
        .map(|(_, entry)| (entry.changed_at(), entry))
        .filter(|(usn, entry)| *usn > cookie.sent && is_visible(scene, entry))
        .filter(|(_, entry)| scene.search.filter.matches(entry, scene.tree))
        .filter_map(|(usn, entry)| {
            Some((usn, entry, changes(scene, entry, cookie.done, incremental)?))
        })
        .collect();
    changed.sort_by_key(|(usn, ..)| *usn);
    let more = changed.len() > scene.shared.settings.dirsync_entries;
    changed.truncate(scene.shared.settings.dirsync_entries);
    let sent = changed.last().map_or(cookie.sent, |(usn, ..)| *usn);
    let next = if more {
        Cookie { done: cookie.done, sent }
    } else {
        let all = scene.tree.highest_committed_usn();
        Cookie { done: all, sent: all }
    };
    let mut messages: Vec<Vec<u8>> = changed
        .iter()
        .map(|(_, entry, sent)| scene.encoder.entry(scene.request.id, &entry.dn, sent))
        .collect();
    messages.push(scene.done(&LdapResult::success(), &[encode(next, more)]));
    Ok(messages)
}

/// Tombstones come without being asked for, to those who may see them.
fn is_visible(scene: &Scene<'_>, entry: &DirectoryEntry) -> bool {
    !entry.hidden && (!entry.is_deleted() || scene.shared.settings.tombstones_readable)
}

/// The changed ones of the attributes that were asked for; `None` if none has changed.
fn changes<'a>(
    scene: &Scene<'_>,
    entry: &'a DirectoryEntry,
    since: u64,
    incremental: bool,
) -> Option<Vec<Sent<'a>>> {
    let concerns = |attribute: &Attribute| {
        attribute.usn > since
            && (since > 0 || !attribute.values.is_empty())
            && !LOCAL.iter().any(|local| local.eq_ignore_ascii_case(&attribute.name))
            && scene.selection.asks_for(&attribute.name)
    };
    let mut sent = Vec::new();
    for attribute in entry.attributes.iter().filter(|attribute| concerns(attribute)) {
        if incremental && attribute.name.eq_ignore_ascii_case("member") {
            sent.extend(link_changes(entry, since));
        } else {
            sent.extend(scene.selection.values(&attribute.name, &attribute.values));
        }
    }
    if sent.is_empty() {
        return None;
    }
    for always in ["objectGUID", "instanceType"] {
        if !sent.iter().any(|(name, _)| name == always) {
            sent.push((
                always.to_owned(),
                entry.values(always).iter().map(Vec::as_slice).collect(),
            ));
        }
    }
    Some(sent)
}

/// Added members as `member;range=1-1`, removed ones as `member;range=0-0`.
fn link_changes(entry: &DirectoryEntry, since: u64) -> Vec<Sent<'_>> {
    let mut last: HashMap<&[u8], bool> = HashMap::new();
    let mut order = Vec::new();
    for change in entry.links.iter().filter(|change| change.usn > since) {
        if last.insert(&change.value, change.present).is_none() {
            order.push(change.value.as_slice());
        }
    }
    let of =
        |present: bool| order.iter().copied().filter(|v| last.get(v) == Some(&present)).collect();
    let both: [(String, Vec<&[u8]>); 2] =
        [("member;range=1-1".into(), of(true)), ("member;range=0-0".into(), of(false))];
    both.into_iter().filter(|(_, values)| !values.is_empty()).collect()
}

fn decode(control: &Control) -> Option<(i64, Cookie)> {
    let (sequence, _) = ber::split(control.value.as_deref()?)?;
    let children = sequence.children()?;
    let [flags, _, cookie] = children.as_slice() else { return None };
    let flags = flags.integer()? & 0xffff_ffff;
    if cookie.body.is_empty() {
        return Some((flags, Cookie::default()));
    }
    let (done, sent) = cookie.body.strip_prefix(MAGIC)?.split_at_checked(8)?;
    let number = |bytes: &[u8]| Some(u64::from_le_bytes(bytes.try_into().ok()?));
    Some((flags, Cookie { done: number(done)?, sent: number(sent)? }))
}

fn encode(cookie: Cookie, more: bool) -> Control {
    let bytes = [MAGIC, &cookie.done.to_le_bytes(), &cookie.sent.to_le_bytes()].concat();
    let mut writer = Writer::default();
    writer.constructed(ber::SEQUENCE, |sequence| {
        sequence.integer(ber::INTEGER, i64::from(more)).integer(ber::INTEGER, 0).octets(bytes);
    });
    Control::new(DIRSYNC, writer.into_bytes())
}
