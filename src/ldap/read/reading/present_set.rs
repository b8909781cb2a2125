//! What is in scope after a read of changes, by identity alone.
//!
//! A deletion shows in a read of changes only as a tombstone, which ordinary accounts may not see, and an object
//! whose read rights are lost shows not at all. So a read of changes ends with a search for every object's GUID and
//! nothing else: a tenth of the bytes of a full read, and what is missing from it is not there.

use std::collections::HashSet;

use super::{Planned, Reading, Stop, count_reference};
use crate::directory::PresentSet;

impl Reading {
    /// Asks who is there. Nothing is said if an entry hides who it is.
    pub(super) async fn take_census(&mut self, searches: &[Planned]) -> Result<(), Stop> {
        let mut census: PresentSet =
            self.tracking.kinds.iter().map(|kind| (*kind, HashSet::new())).collect();
        let controls = self.domain_scope();
        for Planned { kind, base, filter, .. } in searches {
            let mut references = Vec::new();
            let refer = |body: &[u8]| references.push(body.to_vec());
            let limits = (&self.limits, &mut self.held);
            let found = self.connection.identities(base, filter, &controls, limits, refer).await?;
            for body in references {
                let redaction = &self.connection.redaction;
                let octets = count_reference(&body, &mut self.end, &self.limits, redaction)?;
                self.held.add(octets)?;
            }
            match found {
                Some(objects) => census.entry(*kind).or_default().extend(objects),
                None => {
                    self.end.warnings.push(format!(
                        "an entry below {base} does not show its objectGUID, so that nothing is concluded from \
                         what is not there"
                    ));
                    return Ok(());
                }
            }
        }
        self.end.census = Some(census);
        Ok(())
    }
}
