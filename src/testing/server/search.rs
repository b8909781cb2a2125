//! Searches: who may see what, in which order, on how many pages.

use std::collections::VecDeque;

use super::codec::message::{
    Control, DIRSYNC, DOMAIN_SCOPE, PAGED_RESULTS, Request, SHOW_DELETED, SHOW_RECYCLED,
    SearchRequest,
};
use super::codec::response::{Encoder, LdapResult};
use super::directory::dn::{self, DnKey};
use super::directory::entry::DirectoryEntry;
use super::paging::{self, Cookies, PageRequest, Unfinished};
use super::scene::Scene;
use super::select::Selection;
use super::shared::Shared;
use super::{bind, dirsync, netlogon};
use crate::value::ObjectGuid;

/// What a script changes in the answer of a search.
#[derive(Debug, Default)]
pub(super) struct Twist {
    pub(super) omit_paged_control: bool,
    pub(super) cookie: Option<Vec<u8>>,
}

/// All messages that answer a search.
pub(super) fn answer(
    shared: &Shared,
    bound: Option<ObjectGuid>,
    cookies: &mut Cookies,
    request: &Request,
    search: &SearchRequest,
    twist: Twist,
) -> Vec<Vec<u8>> {
    let tree = shared.directory.read();
    let scene = Scene {
        shared,
        tree: &tree,
        request,
        search,
        encoder: Encoder { form: shared.settings.lengths },
        selection: Selection::new(
            &search.attributes,
            search.types_only,
            shared.settings.max_values,
        ),
    };
    let answered = if search.base.is_empty() && search.scope == 0 {
        Ok(vec![scene.encode(&scene.root()), scene.done(&LdapResult::success(), &[])])
    } else {
        scene.answer(bound, cookies, twist)
    };
    answered.unwrap_or_else(|result| vec![scene.done(&result, &[])])
}

impl Scene<'_> {
    fn answer(
        &self,
        bound: Option<ObjectGuid>,
        cookies: &mut Cookies,
        twist: Twist,
    ) -> Result<Vec<Vec<u8>>, LdapResult> {
        if bound.is_none() {
            return Err(bind::not_bound());
        }
        self.check_controls()?;
        let base = self.base()?;
        if let Some(control) = self.request.control(DIRSYNC)
            && self.shared.settings.dirsync
        {
            return dirsync::answer(self, &base, control);
        }
        match self.request.control(PAGED_RESULTS) {
            Some(control) if self.shared.settings.paging => {
                self.page(&base, control, cookies, twist)
            }
            _ => Ok(self.everything(&base)),
        }
    }

    /// The answer to a search that is not paged.
    fn everything(&self, base: &DnKey) -> Vec<Vec<u8>> {
        let found = self.matching(base);
        let limit = self.size_limit().min(self.shared.settings.max_page_size);
        let mut messages = self.entries(found.iter().take(limit));
        let result = if found.len() > limit {
            LdapResult::new(4, "")
        } else {
            messages.extend(self.references(base));
            LdapResult::success()
        };
        messages.push(self.done(&result, &[]));
        messages
    }

    /// The answer to a paged search: one page.
    fn page(
        &self,
        base: &DnKey,
        control: &Control,
        cookies: &mut Cookies,
        twist: Twist,
    ) -> Result<Vec<Vec<u8>>, LdapResult> {
        let malformed = || {
            LdapResult::new(
                2,
                "00000057: LdapErr: DSID-0C090A49, comment: Error decoding control, data 0, v4563\0",
            )
        };
        let asked = PageRequest::decode(control).ok_or_else(malformed)?;
        let mut unfinished = if asked.cookie.is_empty() {
            Unfinished { search: self.search.clone(), rest: self.matching(base), sent: 0 }
        } else {
            let lost = || bind::error(12, "00000057", "0C0907E3", "Error processing control");
            cookies.take(&asked.cookie, self.search).ok_or_else(lost)?
        };
        if asked.size == 0 {
            return Ok(vec![self.done(&LdapResult::success(), &[paging::control(&[])])]);
        }
        let left = self.size_limit() - unfinished.sent.min(self.size_limit());
        let size = asked.size.min(self.shared.settings.max_page_size);
        let page: Vec<ObjectGuid> =
            unfinished.rest.drain(..size.min(left).min(unfinished.rest.len())).collect();
        unfinished.sent += page.len();
        let mut messages = self.entries(page.iter());
        if size > left && !unfinished.rest.is_empty() {
            messages.push(self.done(&LdapResult::new(4, ""), &[paging::control(&[])]));
            return Ok(messages);
        }
        let cookie = if unfinished.rest.is_empty() && twist.cookie.is_none() {
            messages.extend(self.references(base));
            Vec::new()
        } else {
            cookies.keep(unfinished, twist.cookie)
        };
        let controls = [paging::control(&cookie)];
        let controls = if twist.omit_paged_control { [].as_slice() } else { &controls };
        messages.push(self.done(&LdapResult::success(), controls));
        Ok(messages)
    }

    fn check_controls(&self) -> Result<(), LdapResult> {
        let settings = &self.shared.settings;
        let known = |oid: &str| match oid {
            PAGED_RESULTS => settings.paging || settings.ignores_paging,
            DIRSYNC => settings.dirsync,
            SHOW_DELETED | SHOW_RECYCLED | DOMAIN_SCOPE => true,
            _ => false,
        };
        match self.request.controls.iter().find(|c| c.critical && !known(&c.oid)) {
            None => Ok(()),
            Some(_) => Err(LdapResult::new(
                12,
                "00002040: SvcErr: DSID-031401E7, problem 5010 (UNAVAIL_EXTENSION), data 0\n\0",
            )),
        }
    }

    fn base(&self) -> Result<DnKey, LdapResult> {
        let malformed = "0000208F: NameErr: DSID-03100225, problem 2006 (BAD_NAME), data 8350, best match of:\n\t''\n\0";
        let base = DnKey::new(&self.search.base).ok_or_else(|| LdapResult::new(34, malformed))?;
        match self.tree.get(&base) {
            Some(entry) if self.is_visible(entry) => Ok(base),
            _ => Err(self.no_such_object()),
        }
    }

    fn no_such_object(&self) -> LdapResult {
        let mut best = self.search.base.as_str();
        while !best.is_empty() && self.tree.entry(best).is_none() {
            best = dn::split_first(best).1;
        }
        let text = format!(
            "0000208D: NameErr: DSID-0310028B, problem 2001 (NO_OBJECT), data 0, best match of:\n\t'{best}'\n\0"
        );
        LdapResult::new(32, text).with_matched_dn(best)
    }

    fn matching(&self, base: &DnKey) -> VecDeque<ObjectGuid> {
        let depth = base.depth();
        let in_scope = |key: &DnKey| match self.search.scope {
            0 => key == base,
            1 => key.depth() == depth + 1,
            _ => true,
        };
        let is_found = |(key, entry): &(&DnKey, &DirectoryEntry)| {
            let is_there = in_scope(key) && self.is_visible(entry);
            is_there
                && match entry.unreadable {
                    true => self.search.filter.is_of_everything(),
                    false => self.search.filter.matches(entry, self.tree),
                }
        };
        if let Some(objects) = self.search.filter.objects() {
            let named = self.tree.among(base, objects);
            return named.into_iter().filter(is_found).map(|(_, entry)| entry.guid).collect();
        }
        let all = self.tree.subtree(base).take(if self.search.scope == 0 { 1 } else { usize::MAX });
        all.filter(is_found).map(|(_, entry)| entry.guid).collect()
    }

    /// Deleted objects are there for those who ask for them and may see them.
    fn is_visible(&self, entry: &DirectoryEntry) -> bool {
        let asked = || {
            self.shared.settings.tombstones_readable
                && [SHOW_DELETED, SHOW_RECYCLED]
                    .iter()
                    .any(|oid| self.request.control(oid).is_some())
        };
        !entry.hidden && (!entry.is_deleted() || asked())
    }

    fn size_limit(&self) -> usize {
        match usize::try_from(self.search.size_limit) {
            Ok(limit) if limit > 0 => limit,
            _ => usize::MAX,
        }
    }

    /// Entries that have gone since they were found are left out.
    fn entries<'g>(&self, guids: impl Iterator<Item = &'g ObjectGuid>) -> Vec<Vec<u8>> {
        guids.filter_map(|guid| self.tree.by_guid(guid)).map(|entry| self.encode(entry)).collect()
    }

    fn encode(&self, entry: &DirectoryEntry) -> Vec<u8> {
        let shown = if entry.unreadable { Vec::new() } else { self.selection.of(entry) };
        self.encoder.entry(self.request.id, &entry.dn, &shown)
    }

    /// A search of the whole domain ends with references to the naming contexts below it.
    fn references(&self, base: &DnKey) -> Vec<Vec<u8>> {
        let names = self.tree.names();
        let unwanted = self.request.control(DOMAIN_SCOPE).is_some();
        if unwanted || self.search.scope != 2 || DnKey::new(names.base_dn()).as_ref() != Some(base)
        {
            return Vec::new();
        }
        let (dns, root) = (names.dns_name(), names.base_dn());
        let usual = || {
            vec![
                format!("ldap://ForestDnsZones.{dns}/DC=ForestDnsZones,{root}"),
                format!("ldap://DomainDnsZones.{dns}/DC=DomainDnsZones,{root}"),
                format!("ldap://{dns}/{}", names.configuration_dn()),
            ]
        };
        let urls = self.shared.settings.references.clone().unwrap_or_else(usual);
        urls.iter().map(|url| self.encoder.reference(self.request.id, url)).collect()
    }

    /// The root DSE (RFC 4512, section 5.1; MS-ADTS 3.1.1.3.2).
    fn root(&self) -> DirectoryEntry {
        let names = self.tree.names();
        let settings = &self.shared.settings;
        let mut root = DirectoryEntry::new(String::new(), ObjectGuid::from_bytes([0; 16]));
        let mut set = |name: &str, values: Vec<String>| {
            *root.change(name, 0) = values.into_iter().map(String::into_bytes).collect();
        };
        let domain = names.base_dn().to_owned();
        set("rootDomainNamingContext", vec![domain.clone()]);
        set("configurationNamingContext", vec![names.configuration_dn()]);
        set("schemaNamingContext", vec![names.schema_dn()]);
        set("defaultNamingContext", vec![domain.clone()]);
        let zones = self.tree.naming_contexts().filter(|dn| dn.contains("DnsZones,"));
        let contexts = [domain, names.configuration_dn(), names.schema_dn()].into_iter();
        set("namingContexts", contexts.chain(zones.map(str::to_owned)).collect());
        let (host, agent) = match &settings.called {
            None => (names.host_name(), names.ds_service_name()),
            Some((name, site)) => {
                let sites = format!("CN=Sites,{}", names.configuration_dn());
                let agent = format!("CN=NTDS Settings,CN={name},CN=Servers,CN={site},{sites}");
                (format!("{name}.{}", names.dns_name()), agent)
            }
        };
        set("dnsHostName", vec![host]);
        set("ldapServiceName", vec![format!("{0}:dc1$@{0}", names.dns_name())]);
        set("dsServiceName", vec![agent]);
        set("highestCommittedUSN", vec![self.tree.highest_committed_usn().to_string()]);
        set("supportedLDAPVersion", vec!["3".into(), "2".into()]);
        set("isSynchronized", vec!["TRUE".into()]);
        set("isGlobalCatalogReady", vec!["TRUE".into()]);
        set("domainFunctionality", vec!["7".into()]);
        let capabilities =
            ["1.2.840.113556.1.4.800", "1.2.840.113556.1.4.1670", "1.2.840.113556.1.4.1791"];
        if !settings.external_on_ldaps {
            set("supportedCapabilities", capabilities.map(String::from).to_vec());
        }
        let controls = [(PAGED_RESULTS, settings.paging), (DIRSYNC, settings.dirsync)];
        let controls = controls.into_iter().filter_map(|(oid, has)| has.then_some(oid));
        let controls = controls.chain([SHOW_DELETED, SHOW_RECYCLED, DOMAIN_SCOPE]);
        set("supportedControl", controls.map(String::from).collect());
        if let Some(site) = &settings.client_site {
            *root.change("netlogon", 0) = vec![netlogon::answer(names, site)];
        }
        root
    }
}
