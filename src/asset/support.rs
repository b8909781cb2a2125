//! What a table of support dates says of an asset's operating system.
//!
//! It is worked out when it is asked for and never stored: another table holds from the next question on, for what was
//! written years ago as well.

use std::ops::ControlFlow;

use jiff::civil::Date;

use super::Asset;
use crate::os::{Lifecycle, Product};
use crate::query::{Fields, Value, Visit, fold_case};
use crate::value::{Attributes, Timestamp};

const GO_ON: ControlFlow<()> = ControlFlow::Continue(());

/// The fields that a table of support dates tells.
pub(crate) const SUPPORT: [&str; 3] = [PRODUCT, END, EXTENDED_END];
const PRODUCT: &str = "os_product";
const END: &str = "os_eol";
const EXTENDED_END: &str = "os_eol_extended";

/// An operating system by its name and its version, and a table that knows it or not.
#[derive(Clone, Debug)]
pub(crate) struct System<'t> {
    os: Option<String>,
    version: Option<String>,
    table: &'t Lifecycle,
}

impl<'t> System<'t> {
    /// A system by its folded name and version.
    pub(crate) fn new(os: Option<String>, version: Option<String>, table: &'t Lifecycle) -> Self {
        Self { os, version, table }
    }

    pub(crate) fn of(asset: &Asset, table: &'t Lifecycle) -> Self {
        Self::new(asset.os().map(fold_case), asset.os_version().map(fold_case), table)
    }

    /// The product that it is.
    pub(crate) fn product(&self) -> Option<Product<'t>> {
        self.table.product(self.os.as_deref()?, self.version.as_deref())
    }

    /// The end of the last day of its support.
    pub(crate) fn end(&self) -> Option<Timestamp> {
        self.product()?.end().and_then(last_moment)
    }

    /// Its folded name.
    #[cfg(any(feature = "postgres", feature = "sqlite"))]
    pub(super) fn os(&self) -> Option<&str> {
        self.os.as_deref()
    }

    /// Its folded version.
    #[cfg(any(feature = "postgres", feature = "sqlite"))]
    pub(super) fn version(&self) -> Option<&str> {
        self.version.as_deref()
    }

    /// What [`Asset::os_support`] tells.
    pub(crate) fn attributes(&self) -> Attributes {
        let Some(product) = self.product() else { return Attributes::default() };
        let mut attributes = Attributes::builder();
        let mut tell = |name, value: Option<String>| {
            if let Some(value) = value {
                attributes.push(name, &value);
            }
        };
        let owned = |text: Option<&str>| text.map(str::to_owned);
        tell("vendor", owned(product.vendor()));
        tell("product", Some(product.name()));
        tell("edition", owned(product.edition()));
        tell("channel", owned(product.channel()));
        tell("release", product.release());
        tell("build", product.build());
        tell("eol", product.end().map(|day| day.to_string()));
        tell("eolExtended", product.extended_end().map(|day| day.to_string()));
        tell("cpe", product.cpe());
        product.candidates().for_each(|name| tell("mayBe", Some(name.to_owned())));
        attributes.build()
    }
}

/// The fields of [`SUPPORT`] alone.
impl Fields for System<'_> {
    fn field(&self, name: &str, visit: Visit<'_>) -> ControlFlow<()> {
        let Some(product) = self.product() else { return GO_ON };
        let day = match name {
            PRODUCT => return visit(Value::Text(&product.name())),
            END => product.end(),
            EXTENDED_END => product.extended_end(),
            _ => None,
        };
        let moment = day.and_then(last_moment);
        moment.map_or(GO_ON, |moment| visit(Value::Time(moment.as_micros())))
    }

    fn attribute(&self, _: &str, _: &str, _: Visit<'_>) -> ControlFlow<()> {
        GO_ON
    }

    fn is_time(&self, name: &str) -> bool {
        Asset::has_times(name)
    }
}

impl Asset {
    /// What is known of the product that its operating system is, as far as its name and its version tell:
    ///
    /// | name | what it says |
    /// |---|---|
    /// | `vendor` | who makes it, as CPE names it: `microsoft` |
    /// | `product` | what it is called, as far as it is plain: `Windows 11 24H2 Enterprise` |
    /// | `edition` | `Enterprise`, `Datacenter` |
    /// | `channel` | whom its releases are for: `home and pro`, `enterprise and education`, `LTSC`, `server`, `server, semi-annual` |
    /// | `release` | `24H2` |
    /// | `build` | the number that it reports: `10.0.26100.4351` |
    /// | `eol` | the last day of its support: `2027-10-12` |
    /// | `eolExtended` | the last day of support beyond that, which is bought or applied for |
    /// | `cpe` | its name in CPE 2.3 |
    /// | `mayBe` | each release that it may be, where it is not plain which; `eol` is the earliest of theirs then |
    ///
    /// What is not known is left out: all of it for what the table does not have (Linux and nothing more, an appliance), the
    /// days for a release that it does not have, or whose support has no end yet. The table is the crate's, of the day in the
    /// head of its `src/os/lifecycle.csv`; [`SearchRequest::os_support`](super::SearchRequest::os_support) goes by another.
    ///
    /// ```
    /// use ldap_inventory::asset::{Asset, Claim};
    /// use ldap_inventory::value::{AssetId, Timestamp};
    ///
    /// let mut asset = Asset::new(AssetId::random_v7(), "acme".parse()?, "hq".parse()?);
    /// let claim = |text: &str| Claim::new(text.to_owned(), 0, None, Timestamp::now());
    /// asset.os.push(claim("Windows 10 Enterprise LTSC"));
    /// asset.os_version.push(claim("10.0 (19044)"));
    /// let support = asset.os_support();
    /// assert_eq!(support.first("product"), Some("Windows 10 21H2 LTSC"));
    /// assert_eq!(support.first("eol"), Some("2027-01-12"));
    /// # Ok::<(), ldap_inventory::Error>(())
    /// ```
    pub fn os_support(&self) -> Attributes {
        System::of(self, Lifecycle::known()).attributes()
    }
}

/// A system is supported throughout its last day, which ends with a last second.
fn last_moment(day: Date) -> Option<Timestamp> {
    let moment = day.to_datetime(jiff::civil::time(23, 59, 59, 0));
    let moment = jiff::tz::TimeZone::UTC.to_timestamp(moment).ok()?;
    Timestamp::from_micros(moment.as_microsecond())
}
