//! What a directory has lost, by name.

use serde::{Deserialize, Serialize};

use crate::asset::{Asset, Change, Link, Presence};
use crate::name::DistinguishedName;
use crate::value::{AssetId, Attributes, ObjectGuid, ObjectKind, SourceId};

/// An object that goes missing, or is gone.
#[derive(Clone, Debug, Eq, PartialEq, Deserialize, Serialize)]
#[non_exhaustive]
pub struct Loss {
    /// What it is.
    pub kind: ObjectKind,
    /// The object.
    pub object: ObjectGuid,
    /// What a person would call it.
    pub name: String,
    /// The asset that a computer is tied to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub asset: Option<AssetId>,
    /// Whether it is missing, or gone by now.
    pub presence: Presence,
}

impl Loss {
    /// An object that is marked as absent, by the name that the changes have which mark it.
    pub(super) fn of(link: &Link, changes: &[Change], source: &SourceId) -> Self {
        let Link { kind, object, asset, presence, .. } = *link;
        let name = changes.iter().find_map(|change| name_in(change, source, link));
        Self { kind, object, name: name.unwrap_or_else(|| object.to_string()), asset, presence }
    }
}

/// The first few of several names, and how many more there are.
pub(super) fn first_names(losses: &[&Loss]) -> String {
    const FEW: usize = 3;
    let named: Vec<&str> = losses.iter().take(FEW).map(|loss| loss.name.as_str()).collect();
    match losses.len().saturating_sub(FEW) {
        0 => named.join(", "),
        more => format!("{} and {more} more", named.join(", ")),
    }
}

fn name_in(change: &Change, source: &SourceId, link: &Link) -> Option<String> {
    let of_part = |asset: &Asset| {
        let part = asset.part_of(source, link.object)?;
        let called = ["cn", "name", "sAMAccountName"];
        let called = called.into_iter().find_map(|name| part.attributes.first(name));
        Some(called.map_or_else(|| asset.label().into_owned(), str::to_owned))
    };
    let named = |attributes: &Attributes, dn: &DistinguishedName| {
        let called = ["sAMAccountName", "cn"].into_iter().find_map(|name| attributes.first(name));
        called.unwrap_or(dn.as_str()).to_owned()
    };
    match change {
        Change::PutAsset { asset, .. } => of_part(asset),
        Change::PutWaiting(waiting) => of_part(&waiting.record),
        Change::PutUser(user) if user.object == link.object => {
            Some(named(&user.attributes, &user.dn))
        }
        Change::PutGroup(group) if group.object == link.object => {
            Some(named(&group.attributes, &group.dn))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::asset::{DirectoryGroup, DirectoryUser};
    use crate::value::{RunId, Timestamp};

    #[test]
    fn whoever_goes_missing_has_the_name_of_its_own_record() {
        let source = SourceId::new("ldap", "corp.example").unwrap();
        let guid = |n: u8| ObjectGuid::from_bytes([n; 16]);
        let dn = |name: &str| DistinguishedName::parse(&format!("CN={name},DC=corp")).unwrap();
        let attributes =
            |name: &str| [("sAMAccountName", name)].into_iter().collect::<Attributes>();
        let user = |n: u8, name: &str| {
            Change::PutUser(Box::new(DirectoryUser {
                organization: "acme".parse().unwrap(),
                site: "hq".parse().unwrap(),
                source: source.clone(),
                object: guid(n),
                sid: None,
                dn: dn(name),
                groups: Vec::new(),
                attributes: attributes(name),
                presence: Presence::Present,
                run: RunId::from_u128(1),
                written: Timestamp::MIN,
            }))
        };
        let group = |n: u8, name: &str| {
            Change::PutGroup(Box::new(DirectoryGroup {
                organization: "acme".parse().unwrap(),
                site: "hq".parse().unwrap(),
                source: source.clone(),
                object: guid(n),
                sid: None,
                dn: dn(name),
                members: Vec::new(),
                complete: true,
                attributes: attributes(name),
                presence: Presence::Present,
                run: RunId::from_u128(1),
                written: Timestamp::MIN,
            }))
        };
        let changes = [user(1, "anna"), group(2, "staff"), user(3, "bob"), group(4, "sales")];
        let name = |kind, n| Loss::of(&Link::new(kind, guid(n)), &changes, &source).name;
        assert_eq!(name(ObjectKind::User, 3), "bob");
        assert_eq!(name(ObjectKind::User, 1), "anna");
        assert_eq!(name(ObjectKind::Group, 4), "sales");
        assert_eq!(name(ObjectKind::Group, 2), "staff");
        assert_eq!(name(ObjectKind::User, 5), guid(5).to_string());
    }
}
