//! Importing what a scanner found.
//!
//! A [`Scan`] is what a file says, read line by line into [`ScannedAsset`]s, with what was [left out](LeftOut) and why.
//! [`Curation::import`] plans which record of its source, or which asset of the organization, every line is, and
//! writes that in batches: `renamed` takes records to the computers that have got their names, `identity` finds a
//! source's own records, `placing` asks the rules for computers about the others, `plan` says what shall be done to each
//! asset, `write` does it to one, and `run` is the conductor.

mod fields;
mod identity;
mod name;
mod options;
mod placing;
mod plan;
mod record;
mod renamed;
mod report;
mod run;
mod runzero;
mod scan;
mod table;
mod write;

pub use self::options::ImportOptions;
pub use self::record::{LeftOut, ScannedAsset};
pub use self::report::{AmbiguousRecord, Imported};
pub use self::scan::Scan;

use self::run::Import;
use super::Curation;
use crate::Result;
use crate::value::SourceId;

impl Curation<'_> {
    /// Writes what a scanner found into the inventory. The same scan again writes nothing, and the order of its lines
    /// means nothing.
    ///
    /// Which asset a record is:
    ///
    /// 1. Its id decides among the records that the source has. Another name is a new name of the same record. A record
    ///    without an id goes with its name: to the computer that a directory calls so now, if that of its asset is called
    ///    otherwise.
    /// 2. Without an id, or with a new one, it is the record of exactly the same names; of several the one that shares
    ///    an address, or is of the same site. What could still be several records is left out, since lines of that
    ///    sort need an id; a line with a new id is a new asset then. Names that any host could have, such as
    ///    `localhost`, need the address as well.
    /// 3. Otherwise the [rules for computers](crate::merge::Planner::plan) look for it among all assets of the organization.
    ///    Exactly one on the best level takes it, with what any source knows of it, unless it has a record of the
    ///    source that another line is, or that has another id. An asset whose record of the source has a name of it
    ///    goes before others.
    /// 4. What fits none is a new asset. So is what fits several equally well, and what fits an asset no better than
    ///    another line does: nothing is guessed, and they are [named](Imported::ambiguous).
    ///
    /// Two records of one scan never become one.
    ///
    /// What a record says is a part of its asset beside those of other sources. A name, address, domain or operating
    /// system that it does not say any more is kept and dated. Records that the scan does not have stay as they are,
    /// unless it is [complete](ImportOptions::complete): then they are missing, and what they claim is dated. Nothing
    /// is ended if the scan is empty, or if there are lines of which nobody can say which record they are.
    ///
    /// ```
    /// use ldap_inventory::curation::{Curation, ImportOptions, Scan};
    /// use ldap_inventory::store::MemoryRepository;
    /// use ldap_inventory::value::{OrganizationId, SourceId, Timestamp};
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> ldap_inventory::Result<()> {
    /// let repository = MemoryRepository::new();
    /// let curation = Curation::new(&repository, OrganizationId::new("acme")?);
    /// let (scanner, options) = (SourceId::new("scan", "hq")?, ImportOptions::new("hq".parse()?));
    /// let file = br#"{"names":["web1"],"os":"Linux"}
    /// {"names":["N/A"]}"#;
    /// let scan = Scan::parse(file, Timestamp::now());
    /// let first = curation.import(&scanner, &scan, &options).await?;
    /// assert_eq!((first.created, first.left_out[0].line), (1, 2));
    ///
    /// let second = curation.import(&scanner, &scan, &options).await?;
    /// assert_eq!((second.created, second.unchanged), (0, 1));
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Invalid`](crate::ErrorKind) for a [strict](ImportOptions::strict) import of which something would be left out;
    /// nothing is written then. [`ErrorKind::Lease`](crate::ErrorKind) if another import of the source is under way, or one that
    /// is dead has left its lease behind: that is over in five minutes, or when a person [releases](Self::release) it. What the store reports. [`ErrorKind::Conflict`](crate::ErrorKind) if others keep changing the same
    /// assets. Batches of records that were written before stay, and the same import again writes the rest.
    pub async fn import(
        &self,
        source: &SourceId,
        scan: &Scan,
        options: &ImportOptions,
    ) -> Result<Imported> {
        let import = Import::new(self, source, scan, options);
        import.run().await.map_err(|error| error.in_operation("import"))
    }
}
