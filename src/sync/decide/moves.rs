//! Where computers go.

use crate::asset::Home;
use crate::merge::Decision;
use crate::value::{AssetId, ObjectGuid};

/// What was decided on one computer.
#[derive(Clone, Copy, Debug)]
pub(in crate::sync) struct Decided<'a> {
    /// By the rules alone.
    pub(in crate::sync) rules: &'a Decision,
    /// With what people decided.
    pub(in crate::sync) told: &'a Decision,
    /// Where it is from now on, unless it is left out.
    pub(in crate::sync) spot: Option<Spot>,
}

/// Where a computer is.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(in crate::sync) struct Spot {
    /// By the rules alone.
    pub(in crate::sync) home: Home,
    /// In the inventory as it is shown; `None` if it waits.
    pub(in crate::sync) shown: Option<AssetId>,
}

impl Spot {
    /// Whether it is shown in another asset than the rules alone have it in.
    pub(super) fn is_elsewhere(self) -> bool {
        self.shown.is_some() && Home::of(self.shown) != self.home
    }
}

/// Where a computer goes by the rules alone, as far as change limits measure it.
#[derive(Clone, Copy, Debug)]
pub(in crate::sync) struct ComputerMove {
    pub(in crate::sync) object: ObjectGuid,
    /// The asset that it was.
    pub(in crate::sync) before: Option<AssetId>,
    /// The asset that it is from now on.
    pub(in crate::sync) after: Option<AssetId>,
    /// Whether that is a new one.
    pub(in crate::sync) is_new: bool,
    /// Whether that is one which came since.
    pub(in crate::sync) joins: bool,
    /// Whether it takes the place of another computer that is gone.
    pub(in crate::sync) succeeds: bool,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_computer_is_elsewhere_if_it_is_shown_in_another_asset_than_its_home() {
        let id = AssetId::from_u128;
        for (home, shown, is_elsewhere) in [
            (Home::Asset(id(1)), Some(id(1)), false),
            (Home::Asset(id(1)), Some(id(2)), true),
            (Home::Waiting, Some(id(1)), true),
            (Home::Asset(id(1)), None, false),
            (Home::Waiting, None, false),
        ] {
            assert_eq!(Spot { home, shown }.is_elsewhere(), is_elsewhere, "{home:?} {shown:?}");
        }
    }
}
