//! A server that goes wrong, somebody in the middle who goes further, and what must hold of a read from it. Chosen by
//! chance in the tests, and by a fuzzer in `fuzz/targets/session`.

mod foreign;
pub(crate) mod plan;
mod tampering;
mod target;

pub(crate) use self::plan::Plan;
pub(crate) use self::tampering::Session;
pub(crate) use self::target::{BESIDE, BUDGET, Target, WAYS, peak};
