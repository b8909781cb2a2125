//! No chance: hash maps are in the same order in every process, so that the same inputs are tried every time.

use std::slice;
use std::sync::atomic::{AtomicU8, Ordering};

static CALLS: AtomicU8 = AtomicU8::new(1);

/// What the standard library asks for the seeds of hash maps, in the place of the C library's.
///
/// # Safety
///
/// As of getrandom(2): there is room for so many octets.
#[unsafe(no_mangle)]
unsafe extern "C" fn getrandom(octets: *mut u8, length: usize, _: u32) -> isize {
    let octet = CALLS.fetch_add(1, Ordering::Relaxed);
    // SAFETY: the caller's.
    unsafe { slice::from_raw_parts_mut(octets, length) }.fill(octet);
    length as isize
}
