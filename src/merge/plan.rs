//! Planning offline: which asset every computer of a directory is.

use std::collections::{HashMap, HashSet};
use std::num::NonZeroUsize;

use super::decide::{Rules, decide};
use super::parallel;
use super::watch::Unwatched;
use super::{
    Candidate, Computer, Decision, DirectoryDomain, Exclusion, KnownComputer, MatchContext,
};
use crate::asset::{Asset, Constraint, SourceRecord};
use crate::directory::DirectoryObject;
use crate::task::{Exclusions, MatchPolicy};
use crate::value::{AssetId, ObjectGuid, SiteId, SourceId, Timestamp};

/// All computers of one directory, as they were read.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct DirectoryComputers {
    /// The directory.
    pub source: SourceId,
    /// The site that new assets belong to.
    pub site: SiteId,
    domain: DirectoryDomain,
    /// When they were read.
    pub read_at: Timestamp,
    /// The computers.
    pub objects: Vec<DirectoryObject>,
    /// Which of them are left out. None unless set.
    pub exclusions: Exclusions,
    /// What people decided on them. Nothing unless set.
    pub constraints: Vec<Constraint>,
    /// The id of the first new asset; the next ones follow it. Counted from 1 unless set.
    pub first_new: AssetId,
}

impl DirectoryComputers {
    /// Those of a directory in which nothing was read yet.
    pub fn new(source: SourceId, site: SiteId, read_at: Timestamp) -> Self {
        Self {
            source,
            site,
            domain: DirectoryDomain::default(),
            read_at,
            objects: Vec::new(),
            exclusions: Exclusions::default(),
            constraints: Vec::new(),
            first_new: AssetId::from_u128(1),
        }
    }

    /// Sets the DNS and the NetBIOS name of the directory's domain, in any case, as far as they are known. Where the DNS
    /// name is not, a computer is in the domain that its DN tells.
    #[must_use]
    pub fn with_domain(mut self, dns: Option<&str>, netbios: Option<&str>) -> Self {
        self.domain = DirectoryDomain::new(dns, netbios);
        self
    }

    /// Sets the computers.
    #[must_use]
    pub fn with_objects(mut self, objects: impl IntoIterator<Item = DirectoryObject>) -> Self {
        self.objects = objects.into_iter().collect();
        self
    }

    /// Sets what is left out.
    #[must_use]
    pub fn with_exclusions(mut self, exclusions: Exclusions) -> Self {
        self.exclusions = exclusions;
        self
    }

    /// Sets what people decided.
    #[must_use]
    pub fn with_constraints(mut self, constraints: impl IntoIterator<Item = Constraint>) -> Self {
        self.constraints = constraints.into_iter().collect();
        self
    }

    /// Sets the id of the first new asset.
    #[must_use]
    pub fn with_first_new(mut self, id: AssetId) -> Self {
        self.first_new = id;
        self
    }
}

/// Decides offline which assets the computers of directories are, by the very rules of a sync.
///
/// What assets are compared by is worked out once; [`plan`](Self::plan) may be called for one directory after another.
#[derive(Debug)]
pub struct Planner<'a> {
    assets: &'a [Asset],
    candidates: Vec<Candidate>,
    threads: NonZeroUsize,
}

impl<'a> Planner<'a> {
    /// Of all assets of an organization, on the thread that calls.
    pub fn of(assets: &'a [Asset]) -> Self {
        Self::on_threads(assets, NonZeroUsize::MIN)
    }

    /// Of all assets of an organization, on so many threads. The answer is the same for any number of them.
    pub fn on_threads(assets: &'a [Asset], threads: NonZeroUsize) -> Self {
        let candidate = |_, asset: &Asset| (Candidate::of(asset), 1);
        let Ok(candidates) = parallel::map(assets, threads, &Unwatched, candidate);
        Self { assets, candidates, threads }
    }

    /// Decides which asset every computer of a directory is, and explains each [`Decision`]. One decision for each
    /// computer, in order of objectGUIDs, and the same for any order of the input; of two with the same objectGUID the later
    /// one counts.
    ///
    /// 1. *A person's decision* comes first, the latest if there are several: must-link ties the computer to
    ///    the asset, moving it from another one it may be tied to; cannot-link takes the asset away from it,
    ///    breaking a tie that exists. It may also let two computers share an asset; nothing else does.
    /// 2. *A known object* stays with its asset, whatever names and kind of account are now. One that another directory
    ///    has under the same objectGUID is the same object, and goes to the same asset.
    /// 3. *What is no host* is left out, and so is what the task's
    ///    [`Exclusions`](crate::task::Exclusions) name: it is skipped, and neither matches nor creates
    ///    anything. Its names still count towards the common ones, since the directory has them.
    /// 4. *Names* are compared with those of the candidates, level by level. What more than
    ///    [`weak_name_limit`](MatchPolicy::weak_name_limit) assets or living computers have is no evidence; fully
    ///    qualified names are counted for [`Level::Full`](super::Level::Full), short names for the other
    ///    levels. A domain that the computer or the directory calls its own is its domain; another
    ///    authoritative one on the asset contradicts [`Level::Short`](super::Level::Short), and so does a sight of the
    ///    asset by another source long after the computer's last sign of life.
    /// 5. *One to one*: what another computer of the directory has is no candidate. An asset that several claim goes to the
    ///    computer on the better level, then to the one that is not the loser of a replication conflict, then to the enabled
    ///    one, then to the one used more recently; the others decide anew among what is left, until nothing changes any
    ///    more. Where nothing tells the first of them apart, policy decides as on several assets, and none of them gets it.
    /// 6. *Several assets on the best level*: those whose operating system is plainly of another family drop out. If more
    ///    than one is left, policy decides.
    /// 7. *A bare short name* ties nothing while a computer of another directory has it and fits as well.
    /// 8. *Unmatched* computers become new assets, unless
    ///    [`exclude_unknown`](MatchPolicy::exclude_unknown), which lets nothing be created, also not what is
    ///    ambiguous.
    /// 9. *Late arrivals*: a known object whose asset has nothing but records of directories goes to the one other asset
    ///    that the rules would tie it to if it were new.
    ///
    /// Takes time in proportion to the input, times the limit on shared names.
    ///
    /// ```
    /// use ldap_inventory::asset::{Asset, Claim, SourceRecord};
    /// use ldap_inventory::directory::DirectoryObject;
    /// use ldap_inventory::merge::{DirectoryComputers, Planner, Verdict};
    /// use ldap_inventory::task::MatchPolicy;
    /// use ldap_inventory::value::{AssetId, ObjectGuid, ObjectKind, SourceId, Timestamp};
    ///
    /// // A scanner has found a host.
    /// let now: Timestamp = "2026-01-01T00:00:00Z".parse()?;
    /// let id = AssetId::new_v7(now, [0; 10]);
    /// let mut asset = Asset::new(id, "acme".parse()?, "hq".parse()?);
    /// asset.parts.push(SourceRecord::new(0, SourceId::new("scan", "hq")?, "@scan", now));
    /// asset.names.push(Claim::new("web1.corp.example".parse()?, 0, None, now));
    ///
    /// // The directory has it as well, and another one.
    /// let computer = |n, name: &str| -> ldap_inventory::Result<DirectoryObject> {
    ///     let dn = format!("CN={name},DC=corp,DC=example").parse()?;
    ///     let guid = ObjectGuid::from_bytes([n; 16]);
    ///     let mut computer = DirectoryObject::new(ObjectKind::Computer, guid, dn);
    ///     let dns = format!("{name}.corp.example");
    ///     computer.attributes = [("cn", name), ("dNSHostName", &dns)].into_iter().collect();
    ///     Ok(computer)
    /// };
    /// let source = SourceId::new("ldap", "corp.example")?;
    /// let computers = DirectoryComputers::new(source, "hq".parse()?, now)
    ///     .with_domain(Some("corp.example"), Some("CORP"))
    ///     .with_objects([computer(1, "WEB1")?, computer(2, "WEB2")?]);
    ///
    /// let assets = [asset];
    /// let decisions = Planner::of(&assets).plan(&computers, &MatchPolicy::default());
    /// assert_eq!(decisions[0].verdict, Verdict::Matched(id));
    /// assert!(matches!(decisions[1].verdict, Verdict::Create(_)));
    /// assert_eq!(
    ///     decisions[0].reason(),
    ///     "its FQDN web1.corp.example is a name of this asset"
    /// );
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn plan(&self, computers: &DirectoryComputers, policy: &MatchPolicy) -> Vec<Decision> {
        let DirectoryComputers { source, site, domain, objects, read_at, .. } = computers;
        let domain = domain.clone().among(objects);
        let computer =
            |_, object: &DirectoryObject| (Computer::of(object, &domain.or_that_of(object)), 1);
        let Ok(hosts) = parallel::map(objects, self.threads, &Unwatched, computer);
        let known = Known::of(self.assets, computers);
        let context = MatchContext {
            source,
            links: &known.links,
            absent: &known.absent,
            alone: &known.alone,
            elsewhere: &known.elsewhere,
            others: &known.others,
            constraints: &computers.constraints,
            first_new: computers.first_new,
            now: *read_at,
            threads: self.threads,
        };
        let exclusion = Exclusion::of(&computers.exclusions, *read_at);
        let rules = Rules { exclusion: &exclusion, policy, site };
        decide(&hosts, &self.candidates, &context, rules)
    }
}

/// What the assets say of objects of directories.
#[derive(Debug, Default)]
struct Known {
    links: HashMap<ObjectGuid, AssetId>,
    absent: HashSet<ObjectGuid>,
    alone: HashSet<ObjectGuid>,
    elsewhere: HashMap<ObjectGuid, (SourceId, AssetId)>,
    others: Vec<KnownComputer>,
}

impl Known {
    fn of(assets: &[Asset], computers: &DirectoryComputers) -> Self {
        let read: HashSet<ObjectGuid> =
            computers.objects.iter().map(|object| object.guid).collect();
        let mut known = Self::default();
        for asset in assets {
            let is_alone = asset.parts.iter().all(|part| part.object.is_some());
            for part in &asset.parts {
                if part.source == computers.source {
                    known.note_own(asset, part, is_alone, &read);
                } else if part.presence.is_present() {
                    known.note_other(asset, part, &read);
                }
            }
        }
        known
    }

    fn note_own(
        &mut self,
        asset: &Asset,
        part: &SourceRecord,
        is_alone: bool,
        read: &HashSet<ObjectGuid>,
    ) {
        let Some(object) = part.object else { return };
        self.links.insert(object, asset.id);
        if !read.contains(&object) {
            self.absent.insert(object);
        } else if is_alone {
            self.alone.insert(object);
        }
    }

    fn note_other(&mut self, asset: &Asset, part: &SourceRecord, read: &HashSet<ObjectGuid>) {
        let Some(computer) = Computer::of_part(asset, part, None) else { return };
        let source = part.source.clone();
        if read.contains(&computer.object) {
            self.elsewhere.insert(computer.object, (source.clone(), asset.id));
        }
        self.others.push(KnownComputer { source, computer, asset: Some(asset.id) });
    }
}
