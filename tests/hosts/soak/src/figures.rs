//! What happened, in figures.

use std::time::Duration;

use crate::told::Ledger;

pub(crate) fn print(told: &Ledger, time: Duration) {
    let count = |what: &str| told.waits.get(what).map_or(0, Vec::len);
    let written: u64 =
        told.batches.values().filter(|sent| sent.is_written == Some(true)).count() as u64;
    println!("\n{:.0} s, {} processes killed", time.as_secs_f64(), told.kills);
    println!(
        "{} runs, {} of them incomplete; {written} batches written, {} conflicts, {} that nobody was told of",
        count("run"),
        told.incomplete,
        told.conflicts,
        told.batches.values().filter(|sent| sent.is_written.is_none()).count(),
    );
    println!("refused:");
    told.refused.iter().for_each(|(what, times)| println!("  {times:>8} {what}"));
    println!("\n{:<22}{:>9}{:>12}{:>12}{:>12}", "waits, ms", "count", "median", "99 %", "longest");
    for (what, waits) in &told.waits {
        let mut waits = waits.clone();
        waits.sort_unstable();
        let at = |share: f64| {
            let place = ((waits.len() - 1) as f64 * share).round() as usize;
            waits[place] as f64 / 1_000.0
        };
        println!(
            "{what:<22}{:>9}{:>12.1}{:>12.1}{:>12.1}",
            waits.len(),
            at(0.5),
            at(0.99),
            at(1.0)
        );
    }
}
