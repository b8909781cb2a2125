//! What a complete read did not show, or showed to be gone.

use std::collections::HashSet;

use super::matching::Matching;
use super::moved::MovedPrincipals;
use crate::Result;
use crate::asset::{Link, Presence};
use crate::membership::Links;
use crate::sync::SyncReport;
use crate::sync::read::{EmptyBases, Snapshot};
use crate::sync::run::Run;
use crate::value::{ObjectGuid, ObjectKind};

const KINDS: [ObjectKind; 3] = [ObjectKind::Computer, ObjectKind::Group, ObjectKind::User];

/// Known objects that a complete read did not show, as they shall be written.
#[derive(Debug, Default)]
pub(in crate::sync) struct Absences {
    /// Sorted by objectGUID.
    links: Vec<Link>,
    /// What was present, of the kinds that do not show at all below its bases.
    hidden: Vec<Link>,
    empty: EmptyBases,
}

impl Absences {
    /// Finds them, and says so where the read cannot tell.
    ///
    /// Only a complete read can tell, and only of what it covers. A full one shows all of that; one of changes says
    /// what departed, and, if it took a census, what was missing before is still missing unless it shows. A kind of which
    /// nothing is there any more below a base is taken for lost read rights, not for an empty directory, unless the run
    /// [accepts](crate::sync::SyncOptions::accepts_empty) that.
    pub(in crate::sync) fn find(
        run: &Run<'_>,
        snapshot: &Snapshot,
        links: &Links,
        report: &mut SyncReport,
    ) -> Result<Self> {
        let mut absences = Self { empty: snapshot.empty_bases(links)?, ..Self::default() };
        if let Some(doubt) = doubt(snapshot) {
            if !links.is_empty() {
                let warning = format!("nothing is concluded from what was not read: {doubt}");
                report.warnings.push(warning);
            }
            return Ok(absences);
        }
        for kind in KINDS {
            let seen = seen(snapshot, kind);
            let covers = |link: &&Link| link.kind == kind && snapshot.coverage.covers(link);
            let known = || links.values().filter(covers);
            let hides = |link: &&Link| absences.empty.hides(link);
            let present = known().filter(|link| link.presence.is_present()).filter(hides);
            let hidden: Vec<Link> = present.cloned().collect();
            let is_in_doubt = |link: &&Link| !hidden.is_empty() && hides(link);
            let is_absent = |link: &&Link| {
                let was_missing = !link.presence.is_present();
                let is_gone = match snapshot.is_changes() {
                    true if was_missing => snapshot.shows_absence(link),
                    true => snapshot.departed.contains(&link.object),
                    false => true,
                };
                is_gone && !seen.contains(&link.object)
            };
            let unseen = known().filter(is_absent).filter(|link| !is_in_doubt(link));
            absences.links.extend(
                unseen.map(|link| Link { presence: absent(run, link.presence), ..link.clone() }),
            );
            absences.hidden.extend(hidden);
        }
        absences.links.sort_unstable_by_key(|link| link.object);
        report.warnings.extend(warning_of_foreign(snapshot, links));
        Ok(absences)
    }

    /// What is absent, as it shall be written.
    pub(in crate::sync) fn links(&self) -> &[Link] {
        &self.links
    }

    /// What was there of the kinds of which nothing is there any more.
    pub(in crate::sync) fn hidden(&self) -> &[Link] {
        &self.hidden
    }

    /// Warns of the kinds of which nothing is there any more, unless all of it is in other directories.
    pub(in crate::sync) fn warn_of_hidden(&self, moved: &MovedPrincipals, report: &mut SyncReport) {
        for kind in KINDS {
            let hidden = self.hidden.iter().filter(|link| link.kind == kind);
            let count = hidden.filter(|link| !moved.has_left(link.object)).count();
            if count > 0 {
                let are = if count == 1 { "is" } else { "are" };
                let below = self.empty.below(kind);
                report.warnings.push(format!(
                    "no {kind} was read{below} though {count} {are} known: the account may have lost its read rights; \
                     none is taken for missing. If there is none any more, let one run accept that (accept-empty)"
                ));
            }
        }
    }

    /// Every known computer that the directory has no more, as far as this read and earlier ones tell.
    pub(in crate::sync) fn absent(
        &self,
        snapshot: &Snapshot,
        links: &Links,
    ) -> HashSet<ObjectGuid> {
        let seen = seen(snapshot, ObjectKind::Computer);
        let before = links.values().filter(|link| !link.presence.is_present());
        let all = before.chain(&self.links).filter(|link| link.kind == ObjectKind::Computer);
        all.map(|link| link.object).filter(|object| !seen.contains(object)).collect()
    }

    /// Leaves out those whose place another computer takes, and those that another directory has, counts the rest, and keeps what is news.
    pub(in crate::sync) fn settle(
        &mut self,
        matching: &Matching,
        moved: &MovedPrincipals,
        report: &mut SyncReport,
    ) {
        let succeeded = matching.succeeded();
        self.links.retain(|link| !succeeded.contains(&link.object) && !moved.has_left(link.object));
        for link in &self.links {
            count(report, link.kind, link.presence);
        }
        self.links.retain(|link| {
            matching.links.get(&link.object).is_none_or(|known| known.presence != link.presence)
        });
    }
}

fn seen(snapshot: &Snapshot, kind: ObjectKind) -> HashSet<ObjectGuid> {
    snapshot.of_kind(kind).identities().collect()
}

/// Why this read cannot tell what is missing.
fn doubt(snapshot: &Snapshot) -> Option<&'static str> {
    let end = &snapshot.end;
    if !end.completeness.is_complete() {
        return Some("the read was incomplete");
    }
    if end.rejected_count > 0 {
        return Some("some entries could not be read");
    }
    (!snapshot.coverage.is_known()).then_some("the directory source does not say where it looked")
}

/// Says how many known objects this read did not show where others had seen them.
fn warning_of_foreign(snapshot: &Snapshot, links: &Links) -> Option<String> {
    let (read, coverage) = (snapshot.identities(), &snapshot.coverage);
    let is_unseen = |link: &&Link| {
        !read.contains(&link.object) && snapshot.shows_absence(link) && link.presence.is_present()
    };
    let is_foreign = |link: &&Link| {
        let may_stand_here = link.seen.is_none() || coverage.reaches(link);
        may_stand_here && !coverage.covers(link) && coverage.is_foreign(link)
    };
    let count = links.values().filter(is_unseen).filter(is_foreign).count();
    (count > 0).then(|| {
        let objects = if count == 1 { "object" } else { "objects" };
        format!(
            "{count} known {objects} that another account saw last did not show; nothing is concluded from that. \
             Run with that account again, or, if this one sees as much, let one run take over (take-over)"
        )
    })
}

fn absent(run: &Run<'_>, presence: Presence) -> Presence {
    let (since, runs) = match presence {
        Presence::Present => (run.now, 1),
        Presence::Missing { since, runs } => (since, runs.saturating_add(1)),
        Presence::Gone { since } => return Presence::Gone { since },
    };
    if run.task.grace.has_passed(runs, run.now.saturating_since(since)) {
        Presence::Gone { since }
    } else {
        Presence::Missing { since, runs }
    }
}

fn count(report: &mut SyncReport, kind: ObjectKind, presence: Presence) {
    let (missing, gone) = match kind {
        ObjectKind::Computer => (&mut report.computers.missing, &mut report.computers.gone),
        ObjectKind::Group => (&mut report.groups.missing, &mut report.groups.gone),
        ObjectKind::User => (&mut report.users.missing, &mut report.users.gone),
    };
    match presence {
        Presence::Present => {}
        Presence::Missing { .. } => *missing += 1,
        Presence::Gone { .. } => *gone += 1,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::asset::Sighting;
    use crate::directory::{
        DirectoryObject, ReadEnd, ReadScope, ServerIdentity, Transport, Verification,
    };
    use crate::name::DistinguishedName;
    use crate::store::MemoryRepository;
    use crate::sync::SyncOptions;
    use crate::task::SyncTask;
    use crate::value::{SourceId, Timestamp, View};

    fn task() -> SyncTask {
        let (site, credential) = ("hq".parse().unwrap(), "reader".parse().unwrap());
        let source = SourceId::new("ldap", "corp.example").unwrap();
        SyncTask::new("corp", "acme".parse().unwrap(), site, source, credential)
    }

    #[test]
    fn whom_another_account_saw_here_and_this_one_does_not_is_counted_and_told() {
        let guid = |n: u8| ObjectGuid::from_bytes([n; 16]);
        let dn = |text: &str| DistinguishedName::parse(text).unwrap();
        let scope = ReadScope::of_account(["reader"], [dn("DC=corp")]);
        let server = ServerIdentity::at("127.0.0.1:636".parse().unwrap());
        let end = ReadEnd::complete(scope, Transport::Ldaps, Verification::Thumbprint, server);
        let read = DirectoryObject::new(ObjectKind::Computer, guid(1), dn("CN=PC1,DC=corp"));
        let snapshot = Snapshot::of(vec![read], end);
        let seen = |n: u8, container: &str, account: &str| {
            let view = View::of_account([account]);
            let sighting = Sighting { container: Some(container.into()), view };
            Link { seen: Some(sighting.into()), ..Link::new(ObjectKind::Computer, guid(n)) }
        };
        let missing = Presence::Missing { since: Timestamp::MAX, runs: 1 };
        let others = [
            seen(1, "dc=corp", "other"),
            seen(2, "dc=corp", "reader"),
            seen(3, "dc=elsewhere", "other"),
            Link { presence: missing, ..seen(4, "dc=corp", "other") },
        ];
        let told = |unseen: &[Link]| {
            let links = others.iter().chain(unseen).map(|link| (link.object, link.clone()));
            warning_of_foreign(&snapshot, &links.collect())
        };
        assert_eq!(told(&[]), None);
        let one = told(&[seen(5, "dc=corp", "other")]).unwrap();
        assert!(one.starts_with("1 known object that another account saw last"), "{one}");
        let nobody_knows_where = Link::new(ObjectKind::User, guid(6));
        let two = told(&[seen(5, "dc=corp", "other"), nobody_knows_where]).unwrap();
        assert!(two.starts_with("2 known objects that another account saw last"), "{two}");
    }

    #[test]
    fn nobody_is_missing_below_a_base_that_shows_nobody_of_a_kind_that_was_there() {
        let guid = |n: u8| ObjectGuid::from_bytes([n; 16]);
        let dn = |text: &str| DistinguishedName::parse(text).unwrap();
        let scope = ReadScope::of_account(["reader"], [dn("OU=A,DC=corp"), dn("OU=B,DC=corp")]);
        let server = ServerIdentity::at("127.0.0.1:636".parse().unwrap());
        let end = ReadEnd::complete(scope, Transport::Ldaps, Verification::Thumbprint, server);
        let shown = DirectoryObject::new(ObjectKind::Computer, guid(1), dn("CN=PC1,OU=B,DC=corp"));
        let snapshot = Snapshot::of(vec![shown], end);
        let seen = |n: u8, container: &str| {
            let view = View::of_account(["reader"]);
            let sighting = Sighting { container: Some(container.into()), view };
            Link { seen: Some(sighting.into()), ..Link::new(ObjectKind::Computer, guid(n)) }
        };
        let missing = Presence::Missing { since: Timestamp::MIN, runs: 1 };
        let was_missing = |link| Link { presence: missing, ..link };
        let known = [
            seen(1, "ou=b,dc=corp"),
            seen(2, "ou=b,dc=corp"),
            was_missing(seen(3, "ou=b,dc=corp")),
            was_missing(seen(4, "ou=a,dc=corp")),
        ];
        let (task, repository, options) = (task(), MemoryRepository::new(), SyncOptions::new());
        let run = Run::new(&task, &repository, &options);
        let find = |present: &[Link]| {
            let links = known.iter().chain(present).map(|link| (link.object, link.clone()));
            let mut report = SyncReport::of_read(run.id, run.now, false, &snapshot.end);
            let found = Absences::find(&run, &snapshot, &links.collect(), &mut report).unwrap();
            let objects = |links: &[Link]| links.iter().map(|link| link.object).collect::<Vec<_>>();
            (objects(found.links()), objects(found.hidden()))
        };
        assert_eq!(find(&[]), ([2, 3, 4].map(guid).into(), Vec::new()));
        let with_hidden = find(&[seen(5, "ou=a,dc=corp")]);
        assert_eq!(with_hidden, ([2, 3].map(guid).into(), vec![guid(5)]));
    }
}
