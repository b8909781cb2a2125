//! Attributes whose values do not come with their entry, but range by range.

use super::{Reading, Stop};
use crate::directory::{AttributeError, DirectoryObject, Membership};
use crate::ldap::read::attributes::Syntax;
use crate::ldap::read::decode::{self, Ranged};

impl Reading {
    /// Reads what is still to be read of a record, if the search that found it was all right. One of which a list
    /// could not be read in full is read again next time.
    pub(super) async fn read_ranges(
        &mut self,
        ranged: Ranged,
        can_read: bool,
    ) -> Result<DirectoryObject, Stop> {
        let Ranged { mut object, attributes } = ranged;
        let mut is_whole = true;
        for (name, syntax) in &attributes {
            is_whole &= if !can_read {
                leave_out(&mut object, name)
            } else if *syntax == Syntax::Members {
                match self.progress.links.remove(&object.guid) {
                    Some(changes) => {
                        object.membership = Some(changes.into_membership());
                        true
                    }
                    None => self.read_members(&mut object).await?,
                }
            } else {
                self.read_values(&mut object, name, *syntax).await?
            };
        }
        if !is_whole {
            self.progress.unread.push(object.guid);
        }
        Ok(object)
    }

    /// Whether these are all members.
    async fn read_members(&mut self, group: &mut DirectoryObject) -> Result<bool, Stop> {
        let read = self.connection.members(group.dn.as_str(), &self.limits, &self.held).await?;
        let is_whole = read.flaws.is_empty();
        group.membership = Some(decode::membership(read.values, is_whole));
        group.flaws.extend(read.flaws);
        Ok(is_whole)
    }

    /// Whether these are all values.
    async fn read_values(
        &mut self,
        object: &mut DirectoryObject,
        name: &str,
        syntax: Syntax,
    ) -> Result<bool, Stop> {
        let read = self.connection.values(object.dn.as_str(), name, &self.limits, &self.held);
        let read = read.await?;
        let is_whole = read.flaws.is_empty();
        let limits = (&self.limits, &self.held);
        decode::add_values(object, (name, syntax), &read.values, limits)?;
        object.flaws.extend(read.flaws);
        Ok(is_whole)
    }
}

/// Notes that nothing of an attribute could be read.
fn leave_out(object: &mut DirectoryObject, attribute: &str) -> bool {
    if let Some(list) = &mut object.membership {
        *list = Membership::new([]).incomplete();
    }
    let reason = "not read before the read ended".to_owned();
    object.flaws.push(AttributeError { attribute: attribute.to_owned(), reason, count: 1 });
    false
}
