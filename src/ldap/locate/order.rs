//! The order in which hosts are tried (RFC 2782): by priority, and within one priority by lot.

use std::hash::{BuildHasher, RandomState};

use super::SrvRecord;

/// Something to begin with that is another one every time.
pub(super) fn seed() -> u64 {
    RandomState::new().hash_one("the order of controllers")
}

/// The records in the order in which their hosts are tried.
pub(super) fn in_order(mut records: Vec<SrvRecord>, seed: u64) -> Vec<SrvRecord> {
    let mut lots = Lots(seed);
    // Those without a weight come first within their priority, as the RFC has it: so they have a small chance.
    records.sort_by_key(|record| (record.priority, record.weight != 0));
    let mut ordered = Vec::with_capacity(records.len());
    while let Some(first) = records.first() {
        let priority = first.priority;
        let equal = records.iter().take_while(|record| record.priority == priority);
        let weights: Vec<u64> = equal.map(|record| u64::from(record.weight)).collect();
        ordered.push(records.remove(lots.draw(&weights)));
    }
    ordered
}

/// Random numbers that follow from a seed (SplitMix64): nothing secret hangs on them.
struct Lots(u64);

impl Lots {
    /// The place of the first weight at which the running sum reaches a number between 0 and the whole.
    fn draw(&mut self, weights: &[u64]) -> usize {
        let whole: u64 = weights.iter().sum();
        let number = self.next() % (whole + 1);
        let mut sum = 0;
        let reaches = |weight: &u64| {
            sum += weight;
            sum >= number
        };
        weights.iter().position(reaches).unwrap_or_default()
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    fn record(priority: u16, weight: u16) -> SrvRecord {
        SrvRecord::new(priority, weight, format!("p{priority}w{weight}"), 389)
    }

    fn hosts(records: &[SrvRecord]) -> Vec<&str> {
        records.iter().map(|record| record.host.as_str()).collect()
    }

    #[test]
    fn a_thousand_shuffles_come_first_as_often_as_they_weigh() {
        let records = vec![record(1, 5), record(0, 10), record(0, 60), record(0, 0), record(0, 30)];
        let mut firsts: BTreeMap<u16, u32> = BTreeMap::new();
        for seed in 0..1_000 {
            let ordered = in_order(records.clone(), seed);
            assert_eq!(ordered.len(), 5);
            assert_eq!(ordered.last(), Some(&record(1, 5)), "priority goes before any weight");
            *firsts.entry(ordered[0].weight).or_default() += 1;
        }
        // Of 101 numbers, one is the weightless one's, and 10, 60 and 30 are theirs.
        for (weight, expected) in [(0, 10), (10, 99), (30, 297), (60, 594)] {
            let found = firsts.get(&weight).copied().unwrap_or_default();
            let spread = 3.0 * (f64::from(expected) * (1.0 - f64::from(expected) / 1_000.0)).sqrt();
            let distance = (f64::from(found) - f64::from(expected)).abs();
            assert!(distance <= spread, "{weight}: {found} of {expected}");
        }
    }

    #[test]
    fn a_seed_gives_one_order_and_another_seed_mostly_another() {
        let records: Vec<_> = (1..=8).map(|weight| record(0, weight)).collect();
        let one = in_order(records.clone(), 7);
        assert_eq!(one, in_order(records.clone(), 7));
        let orders: std::collections::BTreeSet<Vec<String>> = (0..100)
            .map(|seed| in_order(records.clone(), seed).into_iter().map(|it| it.host).collect())
            .collect();
        assert!(orders.len() > 90);
    }

    #[test]
    fn weights_without_sense_lose_nobody() {
        let equal = vec![record(3, 0); 4];
        assert_eq!(in_order(equal.clone(), 1), equal);
        let heavy = in_order(vec![record(0, u16::MAX); 1_000], 1);
        assert_eq!(heavy.len(), 1_000);
        assert_eq!(hosts(&in_order(vec![record(2, 1), record(1, 1)], 1)), ["p1w1", "p2w1"]);
        assert_eq!(in_order(Vec::new(), 1), []);
    }
}
