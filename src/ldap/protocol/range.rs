//! Range retrieval of attributes with many values (MS-ADTS section 3.1.1.3.1.3.3).
//!
//! Active Directory returns at most MaxValRange values of an attribute (1,500 unless set otherwise), under a name
//! such as `member;range=0-1499`; the attribute's plain name comes without values then. The rest is asked for
//! with `member;range=1500-*`, until an answer's range ends in `*`.

/// The option `range=0-1499` or `range=1500-*`.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct RangeOption {
    low: usize,
    /// The last index, or `None` for `*`: the values end here.
    high: Option<usize>,
}

/// The values of an attribute, put together range by range.
#[derive(Debug, Default)]
pub(crate) struct Ranges {
    next: usize,
}

/// What a range leaves to do.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum RangeStep {
    /// Ask for the values from this index on.
    From(usize),
    /// All values are there.
    Complete,
    /// The ranges do not fit together; what is there is not all, or not exact.
    Broken,
}

impl RangeOption {
    /// What DirSync files values under that were added, where it tells them one by one, and those that were removed.
    pub(crate) const ADDED: Self = Self { low: 1, high: Some(1) };
    pub(crate) const REMOVED: Self = Self { low: 0, high: Some(0) };

    /// Reads an attribute option, in any case.
    pub(crate) fn parse(option: &[u8]) -> Option<Self> {
        let option = std::str::from_utf8(option).ok()?;
        let (name, range) = option.split_once('=')?;
        if !name.eq_ignore_ascii_case("range") {
            return None;
        }
        let (low, high) = range.split_once('-')?;
        let index = |digits: &str| {
            let plain = digits.bytes().all(|digit| digit.is_ascii_digit());
            if plain { digits.parse().ok() } else { None }
        };
        let high = if high == "*" { None } else { Some(index(high)?) };
        Some(Self { low: index(low)?, high })
    }

    /// The same without its first value.
    pub(crate) fn behind_first(self) -> Self {
        Self { low: self.low.saturating_add(1), ..self }
    }

    /// Whether these are all values.
    pub(crate) fn is_all(self) -> bool {
        self.low == 0 && self.high.is_none()
    }
}

impl Ranges {
    /// Takes the next range, which came with this many values.
    pub(crate) fn take(&mut self, range: RangeOption, values: usize) -> RangeStep {
        if range.low != self.next {
            return RangeStep::Broken;
        }
        self.next = self.next.saturating_add(values);
        match range.high {
            None => RangeStep::Complete,
            Some(_) if values == 0 => RangeStep::Broken,
            Some(high) if high.checked_add(1) != Some(self.next) => RangeStep::Broken,
            Some(_) => RangeStep::From(self.next),
        }
    }
}

/// The attribute description that asks for the values from this index on.
pub(crate) fn describe(attribute: &str, from: usize) -> String {
    format!("{attribute};range={from}-*")
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn run(ranges: &[(&str, usize)]) -> RangeStep {
        let mut state = Ranges::default();
        let mut step = RangeStep::From(0);
        for (option, values) in ranges {
            step = state.take(RangeOption::parse(option.as_bytes()).unwrap(), *values);
            if step == RangeStep::Broken {
                break;
            }
        }
        step
    }

    #[test]
    fn the_option_is_read_in_any_case() {
        let range = RangeOption { low: 0, high: Some(1499) };
        for option in ["range=0-1499", "Range=0-1499", "RANGE=0-1499"] {
            assert_eq!(RangeOption::parse(option.as_bytes()), Some(range));
        }
        let last = RangeOption { low: 1500, high: None };
        assert_eq!(RangeOption::parse(b"range=1500-*"), Some(last));
        for option in [
            "binary",
            "range",
            "range=",
            "range=a-b",
            "range=1",
            "range=-1-2",
            "range=+1-*",
            "range=99999999999999999999-*",
            "lang-en=0-1",
        ] {
            assert_eq!(RangeOption::parse(option.as_bytes()), None, "{option}");
        }
        assert_eq!(RangeOption::parse(&[0xff, b'=']), None);
    }

    #[test]
    fn a_range_is_of_all_values_if_it_has_neither_a_beginning_nor_an_end() {
        for (option, is_all) in
            [("range=0-*", true), ("range=0-9", false), ("range=1-*", false), ("range=1-9", false)]
        {
            assert_eq!(RangeOption::parse(option.as_bytes()).unwrap().is_all(), is_all, "{option}");
        }
        assert_eq!(describe("member", 1500), "member;range=1500-*");
    }

    #[test]
    fn ranges_that_follow_each_other_are_complete_at_the_star() {
        assert_eq!(run(&[("range=0-1499", 1500)]), RangeStep::From(1500));
        assert_eq!(run(&[("range=0-1499", 1500), ("range=1500-*", 1)]), RangeStep::Complete);
        assert_eq!(run(&[("range=0-1499", 1500), ("range=1500-*", 0)]), RangeStep::Complete);
        assert_eq!(run(&[("range=0-*", 0)]), RangeStep::Complete);
        let fewer = [("range=0-1499", 1500), ("range=1500-1599", 100), ("range=1600-*", 7)];
        assert_eq!(run(&fewer), RangeStep::Complete);
    }

    #[test]
    fn ranges_that_do_not_fit_together_are_broken() {
        for ranges in [
            &[("range=0-1499", 1500), ("range=1501-*", 10)][..],
            &[("range=0-1499", 1500), ("range=1499-*", 10)],
            &[("range=0-1499", 1500), ("range=0-1499", 1500)],
            &[("range=0-1499", 1499)],
            &[("range=0-1499", 0)],
            &[("range=1-1499", 1499)],
            // Nothing at all, up to where it was before: that would go on for ever.
            &[("range=0-1499", 1500), ("range=1500-1499", 0)],
        ] {
            assert_eq!(run(ranges), RangeStep::Broken, "{ranges:?}");
        }
    }

    proptest! {
        #[test]
        fn any_cut_of_the_values_is_complete_exactly_at_its_end(
            cuts in prop::collection::vec(1_usize..2_000, 1..20),
        ) {
            let mut state = Ranges::default();
            let mut low = 0;
            for (n, values) in cuts.iter().enumerate() {
                let last = n + 1 == cuts.len();
                let high = (!last).then(|| low + values - 1);
                let step = state.take(RangeOption { low, high }, *values);
                low += values;
                let wanted = if last { RangeStep::Complete } else { RangeStep::From(low) };
                prop_assert_eq!(step, wanted);
            }
        }

        #[test]
        fn any_option_is_read_or_refused(option in prop::collection::vec(any::<u8>(), 0..40)) {
            let _ = RangeOption::parse(&option);
        }
    }
}
