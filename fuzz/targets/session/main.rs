//! A whole read from a server that goes wrong, over real sockets, with somebody in the middle who tampers with what it
//! says. What must hold of it is in `tests/sessions/attack`, which tries sessions of chance.
#![no_main]

#[path = "../../../tests/sessions/attack/mod.rs"]
mod attack;
#[path = "../../chance.rs"]
mod chance;
mod clock;

use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;

use self::attack::plan::Choices;
use self::attack::{BESIDE, BUDGET, Plan, Session, Target, WAYS, peak};

static TARGETS: LazyLock<Vec<Target>> = LazyLock::new(|| {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let mut targets = Vec::new();
        for way in WAYS {
            targets.push(Target::new(way).await);
        }
        targets
    })
});

fuzz_target!(|octets: &[u8]| {
    let mut choices = Octets(octets);
    let target = &TARGETS[choices.below(TARGETS.len())];
    let session = Session::new(Plan::choose(&mut choices, target.pieces));
    let before = peak();
    let playing = target.play("a session", &session);
    // Another number whenever something has passed.
    let passed = || {
        let session = session.lock().unwrap();
        session.pieces + session.said.iter().map(|said| 1 + said.len()).sum::<usize>()
    };
    clock::run(playing, passed);
    let taken = peak().saturating_sub(before);
    assert!(taken <= BUDGET + BESIDE, "{taken} octets of memory");
});

/// Octets as choices: one for each, two where there is more to choose from, and none is zero.
struct Octets<'a>(&'a [u8]);

impl Choices for Octets<'_> {
    fn below(&mut self, bound: usize) -> usize {
        let length = if bound > 256 { 2 } else { 1 };
        let (chosen, rest) = self.0.split_at(length.min(self.0.len()));
        self.0 = rest;
        let number = chosen.iter().fold(0, |number, octet| number << 8 | usize::from(*octet));
        number.checked_rem(bound).unwrap_or_default()
    }
}
