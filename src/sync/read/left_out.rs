//! What the inventory knew of attributes of which a read left something out, or showed nothing that it should have shown.
//!
//! An attribute that an object lost is taken away from it, and the change limits see to it that this is no accident. It is
//! kept where the read cannot tell: what another account showed, this one may not see, and what no object of a kind shows any
//! more, though most had it, was withdrawn from the account rather than from each of them.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use super::snapshot::Snapshot;
use crate::Result;
use crate::asset::Link;
use crate::directory::{AttributeError, DirectoryObject, Outline, PLACE};
use crate::membership::Links;
use crate::merge;
use crate::sync::run::Run;
use crate::value::{AssetId, Attributes, ObjectGuid, ObjectKind};

/// How many records are looked up at once.
const RECORDS: usize = 500;
/// Of fewer objects that show an attribute no more, each is believed.
const FEW: usize = 10;

pub(super) type Known = HashMap<ObjectGuid, Attributes>;

/// The objects of one kind that show fewer attributes than before.
struct Fewer {
    kind: ObjectKind,
    objects: BTreeSet<ObjectGuid>,
    /// Those of them that another account saw last.
    foreign: HashSet<ObjectGuid>,
    /// What none of its kind shows any more.
    withdrawn: BTreeSet<String>,
    /// What the source shows of none of its kind, whatever they have.
    unshown: BTreeSet<String>,
    /// Whether the read did not ask where they are, so that what is known of it stays.
    are_places_known: bool,
}

/// Gives the objects of a read back what the inventory knew of what was left out of them, so that an entry that
/// was cut short is kept as it was, and of what is in doubt. Whether that is anything that none of its kind shows any more.
pub(super) async fn keep_known(
    run: &Run<'_>,
    snapshot: &mut Snapshot,
    links: &Links,
) -> Result<bool> {
    let mut is_withdrawn = false;
    for kind in [ObjectKind::Computer, ObjectKind::Group, ObjectKind::User] {
        let fewer = Fewer::find(run, snapshot, kind, links).await?;
        is_withdrawn |= !fewer.withdrawn.is_empty();
        let flawed = snapshot.of_kind(kind).outlines().iter().filter(|it| it.is_flawed);
        let mut wanted = fewer.in_doubt();
        if fewer.are_places_known {
            wanted.extend(&fewer.objects);
        }
        wanted.extend(flawed.map(|it| it.guid));
        if !fewer.unshown.is_empty() {
            let all = snapshot.of_kind(kind).identities();
            wanted.extend(all.filter(|object| links.contains_key(object)));
        }
        let wanted = Vec::from_iter(wanted);
        for objects in wanted.chunks(RECORDS) {
            let known = known(run, kind, objects, links).await?;
            let all = snapshot.of_kind_mut(kind);
            for (guid, known) in &known {
                if let Some(mut object) = all.find(*guid)? {
                    if fewer.are_places_known && fewer.objects.contains(guid) {
                        object.attributes = merge::with_known_place(&object.attributes, known);
                    }
                    fewer.note(&mut object, known);
                    merge::keep_known(&mut object, known);
                    all.replace(&object)?;
                }
            }
        }
    }
    Ok(is_withdrawn)
}

impl Fewer {
    async fn find(
        run: &Run<'_>,
        snapshot: &Snapshot,
        kind: ObjectKind,
        links: &Links,
    ) -> Result<Self> {
        let coverage = &snapshot.coverage;
        let present = |object: &Outline| {
            links.get(&object.guid).filter(|link| link.kind == kind && link.presence.is_present())
        };
        let read = snapshot.of_kind(kind).outlines().iter();
        let known = read.filter_map(|it| Some((it, present(it)?)));
        let are_places_known = kind == ObjectKind::Computer && !run.task.addresses_from_dns;
        let (mut count, mut fewer) = (0, Self { are_places_known, ..Self::none(kind) });
        fewer.unshown = snapshot.end.unshown.get(&kind).cloned().unwrap_or_default();
        for (object, link) in known {
            count += 1;
            if object.attributes < link.attributes {
                fewer.objects.insert(object.guid);
                let is_foreign = |link: &Link| coverage.is_foreign(link) && link.seen.is_some();
                if is_foreign(link) && !run.options.takes_over {
                    fewer.foreign.insert(object.guid);
                }
            }
        }
        if fewer.objects.len() >= FEW && !run.options.accepts_empty {
            fewer.withdrawn = fewer.withdrawn(run, snapshot, count, links).await?;
        }
        Ok(fewer)
    }

    fn none(kind: ObjectKind) -> Self {
        let (objects, foreign, withdrawn, unshown) = Default::default();
        Self { kind, objects, foreign, withdrawn, unshown, are_places_known: false }
    }

    /// What most of these `count` objects had and none of its kind shows any more.
    async fn withdrawn(
        &self,
        run: &Run<'_>,
        snapshot: &Snapshot,
        count: usize,
        links: &Links,
    ) -> Result<BTreeSet<String>> {
        let all = snapshot.of_kind(self.kind);
        let mut missed: BTreeMap<String, usize> = BTreeMap::new();
        let objects: Vec<ObjectGuid> = self.objects.iter().copied().collect();
        for objects in objects.chunks(RECORDS) {
            for (guid, known) in known(run, self.kind, objects, links).await? {
                let Some(object) = all.find(guid)? else { continue };
                let missing = merge::not_shown(&object, &known).into_iter();
                for attribute in missing.filter(|name| !self.keeps(name)) {
                    *missed.entry(attribute.to_owned()).or_default() += 1;
                }
            }
        }
        missed.retain(|_, missing| *missing >= FEW && *missing * 2 > count);
        for object in all.iter() {
            let object = object?;
            missed.retain(|attribute, _| !merge::shows(&object, attribute));
            if missed.is_empty() {
                break;
            }
        }
        Ok(missed.into_keys().collect())
    }

    /// Whether an attribute stays without any doubt.
    fn keeps(&self, attribute: &str) -> bool {
        self.are_places_known && DirectoryObject::tells_place(attribute)
    }

    /// The objects of whose attributes some may be kept.
    fn in_doubt(&self) -> BTreeSet<ObjectGuid> {
        if self.withdrawn.is_empty() {
            self.foreign.iter().copied().collect()
        } else {
            self.objects.clone()
        }
    }

    /// Notes on an object what is in doubt of it.
    fn note(&self, object: &mut DirectoryObject, known: &Attributes) {
        let is_sid_kept = object.sid.is_none() && known.first("objectSid").is_some();
        if is_sid_kept && self.unshown.contains("objectSid") {
            object.flaws.push(unshown("objectSid"));
        }
        let is_fewer = self.objects.contains(&object.guid);
        let is_foreign = self.foreign.contains(&object.guid);
        for attribute in merge::not_shown(object, known) {
            let reason = if self.unshown.contains(attribute) {
                object.flaws.push(unshown(attribute));
                continue;
            } else if !is_fewer {
                continue;
            } else if self.withdrawn.contains(attribute) {
                format!(
                    "shown by no {} any more, though most had it: the account may have lost its read rights, or \
                     accept-empty lets it go",
                    self.kind
                )
            } else if is_foreign {
                "known by another account, and not shown to this one".to_owned()
            } else {
                continue;
            };
            let attribute = attribute.to_owned();
            object.flaws.push(AttributeError { attribute, reason, count: 1 });
        }
        // Nobody looked for the addresses of a name that was not shown.
        let name =
            object.flaws.iter().find(|flaw| flaw.attribute.eq_ignore_ascii_case("dNSHostName"));
        let Some(reason) = name.map(|flaw| flaw.reason.clone()) else { return };
        for attribute in PLACE.into_iter().filter(|name| known.first(name).is_some()) {
            if !object.is_in_doubt(attribute) && !self.keeps(attribute) {
                let (attribute, reason) = (attribute.to_owned(), reason.clone());
                object.flaws.push(AttributeError { attribute, reason, count: 1 });
            }
        }
    }
}

fn unshown(attribute: &str) -> AttributeError {
    let (attribute, reason) = (attribute.to_owned(), "not shown of any object".to_owned());
    AttributeError { attribute, reason, count: 1 }
}

/// The attributes of these objects, as the inventory has them.
async fn known(
    run: &Run<'_>,
    kind: ObjectKind,
    objects: &[ObjectGuid],
    links: &Links,
) -> Result<Known> {
    let Run { repository, task, .. } = *run;
    let (organization, source) = (&task.organization, &task.source);
    Ok(match kind {
        ObjectKind::Computer => known_computers(run, objects, links).await?,
        ObjectKind::User => {
            let users = repository.users(organization, source, objects).await?;
            users.into_iter().map(|user| (user.object, user.attributes)).collect()
        }
        ObjectKind::Group => {
            let groups = repository.groups(organization, source, objects).await?;
            groups.into_iter().map(|group| (group.object, group.attributes)).collect()
        }
    })
}

/// Of computers that belong to an asset, and of those that wait for a person.
pub(super) async fn known_computers(
    run: &Run<'_>,
    objects: &[ObjectGuid],
    links: &Links,
) -> Result<Known> {
    let (organization, source) = (&run.task.organization, &run.task.source);
    let tied = |object: &ObjectGuid| Some((*object, links.get(object)?.asset?));
    let tied: Vec<(ObjectGuid, AssetId)> = objects.iter().filter_map(tied).collect();
    let ids: Vec<AssetId> = tied.iter().map(|(_, asset)| *asset).collect();
    let assets = run.repository.assets(organization, &ids).await?;
    let assets: HashMap<AssetId, _> = assets.iter().map(|asset| (asset.id, asset)).collect();
    let of_tied = tied.iter().filter_map(|(object, asset)| {
        let part = assets.get(asset)?.part_of(source, *object)?;
        Some((*object, part.attributes.clone()))
    });
    let mut known: Known = of_tied.collect();
    let is_untied =
        |object: &&ObjectGuid| links.get(*object).is_some_and(|link| link.asset.is_none());
    let untied: HashSet<ObjectGuid> = objects.iter().filter(is_untied).copied().collect();
    if untied.is_empty() {
        return Ok(known);
    }
    for waiting in run.repository.waiting(organization).await? {
        let part = waiting.record.part_of(source, waiting.object);
        if let Some(part) = part.filter(|_| untied.contains(&waiting.object)) {
            known.insert(waiting.object, part.attributes.clone());
        }
    }
    Ok(known)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::directory::{AD_SITE, DNS_ADDRESS};
    use crate::name::DistinguishedName;

    #[test]
    fn of_a_computer_whose_name_was_not_read_the_place_is_in_doubt_once_unless_it_stays_anyway() {
        let known: Attributes =
            [("dNSHostName", "pc1.corp.example"), (AD_SITE, "Berlin"), (DNS_ADDRESS, "192.0.2.7")]
                .into_iter()
                .collect();
        let flaw = |attribute: &str| AttributeError {
            attribute: attribute.to_owned(),
            reason: "too long".to_owned(),
            count: 1,
        };
        let doubted = |are_places_known, flaws: &[&str]| {
            let guid = ObjectGuid::from_bytes([1; 16]);
            let dn = DistinguishedName::parse("CN=PC1,DC=corp").unwrap();
            let mut object = DirectoryObject::new(ObjectKind::Computer, guid, dn);
            object.flaws = flaws.iter().map(|attribute| flaw(attribute)).collect();
            let fewer = Fewer { are_places_known, ..Fewer::none(ObjectKind::Computer) };
            fewer.note(&mut object, &known);
            let mut names: Vec<String> =
                object.flaws.into_iter().map(|flaw| flaw.attribute).collect();
            names.sort();
            names
        };
        let all = [AD_SITE, "dNSHostName", DNS_ADDRESS];
        assert_eq!(doubted(false, &["dNSHostName"]).len(), 3);
        assert_eq!(doubted(false, &["DNSHOSTNAME", AD_SITE]).len(), 3);
        assert_eq!(doubted(false, &all).len(), 3);
        assert_eq!(doubted(true, &["dNSHostName"]), ["dNSHostName"]);
        assert_eq!(doubted(false, &["description"]), ["description"]);
    }

    #[test]
    fn a_sid_is_in_doubt_where_one_is_known_and_the_source_shows_none_of_any_object() {
        let sid = "S-1-5-21-1-2-3-1101";
        let doubted = |is_known: bool, is_shown: bool, unshown: &[&str]| {
            let guid = ObjectGuid::from_bytes([1; 16]);
            let dn = DistinguishedName::parse("CN=anna,DC=corp").unwrap();
            let mut object = DirectoryObject::new(ObjectKind::User, guid, dn);
            object.sid = is_shown.then(|| sid.parse().unwrap());
            let known = is_known.then_some(("objectSid", sid)).into_iter().collect();
            let unshown = unshown.iter().map(|name| (*name).to_owned()).collect();
            let fewer = Fewer { unshown, ..Fewer::none(ObjectKind::User) };
            fewer.note(&mut object, &known);
            object.is_in_doubt("objectSid")
        };
        assert!(doubted(true, false, &["objectSid"]));
        assert!(!doubted(false, false, &["objectSid"]));
        assert!(!doubted(true, true, &["objectSid"]));
        assert!(!doubted(true, false, &["description"]));
    }
}
