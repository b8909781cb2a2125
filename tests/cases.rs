//! How many cases the tests try that take minutes.

/// So many, or the share of them that the variable `CASES` asks for, in percent: `CASES=5` while one works on something,
/// `CASES=1000` over night. At least one.
pub(crate) fn cases(usual: u32) -> u32 {
    let percent = match std::env::var("CASES") {
        Ok(text) => text.parse().expect("CASES is a percentage"),
        Err(_) => 100,
    };
    (u64::from(usual) * percent / 100).max(1).try_into().unwrap_or(u32::MAX)
}
