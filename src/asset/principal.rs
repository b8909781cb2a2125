//! Users and groups of a directory.

use serde::{Deserialize, Serialize};

use super::Presence;
use crate::name::DistinguishedName;
use crate::value::{
    Attributes, ObjectGuid, OrganizationId, RunId, Sid, SiteId, SourceId, Timestamp,
};

/// A user of a directory, keyed by source and objectGUID.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
#[non_exhaustive]
pub struct DirectoryUser {
    /// The organization it belongs to.
    pub organization: OrganizationId,
    /// The site of the task that reads it.
    pub site: SiteId,
    /// The directory.
    pub source: SourceId,
    /// `objectGUID`.
    pub object: ObjectGuid,
    /// `objectSid`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sid: Option<Sid>,
    /// Where it stands in the directory.
    pub dn: DistinguishedName,
    /// The groups it is a direct member of, its primary group included. [`Nesting`](super::Nesting) tells those through
    /// other groups.
    #[serde(default)]
    pub groups: Vec<DistinguishedName>,
    /// Its attributes, filed under `@ldap.user`.
    pub attributes: Attributes,
    /// Whether the directory still has it.
    #[serde(default)]
    pub presence: Presence,
    /// The run that last wrote it.
    pub run: RunId,
    /// When it was last written.
    pub written: Timestamp,
}

/// A group of a directory, keyed by source and objectGUID.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
#[non_exhaustive]
pub struct DirectoryGroup {
    /// The organization it belongs to.
    pub organization: OrganizationId,
    /// The site of the task that reads it.
    pub site: SiteId,
    /// The directory.
    pub source: SourceId,
    /// `objectGUID`.
    pub object: ObjectGuid,
    /// `objectSid`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sid: Option<Sid>,
    /// Where it stands in the directory.
    pub dn: DistinguishedName,
    /// Its own members and those for whom it is the primary group, sorted by DN.
    #[serde(default)]
    pub members: Vec<Member>,
    /// Whether these are all.
    pub complete: bool,
    /// Its attributes, filed under `@ldap.group`.
    pub attributes: Attributes,
    /// Whether the directory still has it.
    #[serde(default)]
    pub presence: Presence,
    /// The run that last wrote it.
    pub run: RunId,
    /// When it was last written.
    pub written: Timestamp,
}

/// One member of a group.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
#[non_exhaustive]
pub struct Member {
    /// Its DN, as the group or the member itself has it.
    pub dn: DistinguishedName,
    /// The object, where it was read: members of other domains and deleted ones are known by DN alone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub object: Option<ObjectGuid>,
    /// How it is a member.
    pub path: MemberPath,
}

/// How an object is a member of a group.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum MemberPath {
    /// The group's `member` names it.
    Direct,
    /// The object's `primaryGroupID` names the group.
    Primary,
    /// Through another group, as [`Nesting`](super::Nesting) tells. No run keeps such members.
    Nested,
}

impl DirectoryUser {
    /// A user that the directory has, of an organization and a site, as a run wrote it: in no group, and without attributes
    /// yet.
    pub fn new(
        (organization, site): (OrganizationId, SiteId),
        (source, object): (SourceId, ObjectGuid),
        dn: DistinguishedName,
        (run, written): (RunId, Timestamp),
    ) -> Self {
        Self {
            organization,
            site,
            source,
            object,
            sid: None,
            dn,
            groups: Vec::new(),
            attributes: Attributes::default(),
            presence: Presence::Present,
            run,
            written,
        }
    }
}

impl DirectoryGroup {
    /// A group that the directory has, of an organization and a site, as a run wrote it: with nobody in it, which is known
    /// of all, and without attributes yet.
    pub fn new(
        (organization, site): (OrganizationId, SiteId),
        (source, object): (SourceId, ObjectGuid),
        dn: DistinguishedName,
        (run, written): (RunId, Timestamp),
    ) -> Self {
        Self {
            organization,
            site,
            source,
            object,
            sid: None,
            dn,
            members: Vec::new(),
            complete: true,
            attributes: Attributes::default(),
            presence: Presence::Present,
            run,
            written,
        }
    }
}

impl Member {
    /// Who is a member, which object that is as far as it is known, and how it is one.
    pub fn new(dn: DistinguishedName, object: Option<ObjectGuid>, path: MemberPath) -> Self {
        Self { dn, object, path }
    }
}
