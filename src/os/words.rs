//! The words and numbers of what a system is called.

/// The words of a text, in lower case: letters and digits, with the dots between them.
pub(super) fn words(text: &str) -> Vec<String> {
    let text = text.to_lowercase();
    let words = text.split(|c: char| !c.is_alphanumeric() && c != '.');
    words.map(|word| word.trim_matches('.').to_owned()).filter(|word| !word.is_empty()).collect()
}

/// Whether a word is what Windows calls a release: a half of a year since `20h2`, a month before that, `2004` the last.
pub(super) fn is_release(word: &str) -> bool {
    let Some((year, rest)) = word.split_at_checked(2).filter(|_| word.len() == 4) else {
        return false;
    };
    match year.parse::<u8>() {
        Ok(20..) if matches!(rest, "h1" | "h2") => true,
        Ok(15..=19) => rest.parse().is_ok_and(|month: u8| (1..=12).contains(&month)),
        _ => word == "2004",
    }
}

/// A service pack, where a text names one: `sp2`.
pub(super) fn service_pack(words: &[String]) -> Option<String> {
    let short = words
        .iter()
        .find(|word| word.strip_prefix("sp").is_some_and(|number| number.parse::<u8>().is_ok()));
    let long = words.windows(3).find_map(|words| match words {
        [service, pack, number] if service == "service" && pack == "pack" => {
            number.parse::<u8>().ok().map(|number| format!("sp{number}"))
        }
        _ => None,
    });
    short.cloned().or(long)
}

/// The build of Windows that a version tells: `10.0 (19044)`, `10.0.19045.4291`, `6.1.7601`, `Build 22631`.
pub(super) fn build(version: &[String]) -> Option<u32> {
    let numbered = |word: &String| word.split('.').nth(2)?.parse().ok();
    let after = |before: &str| {
        let at = version.iter().position(|word| word == before)?;
        version.get(at + 1)?.split('.').next()?.parse().ok()
    };
    let bracketed = || match version {
        [release, build, ..] if release.split('.').count() == 2 => build.parse().ok(),
        // Windows 2000 has the lowest.
        [build] => build.parse().ok().filter(|build| *build >= 2195),
        _ => None,
    };
    version.iter().find_map(numbered).or_else(|| after("build")).or_else(bracketed)
}

/// Whether a dotted number begins with another one: `22.04.3` with `22.04`, and not `22.040`.
pub(super) fn begins_with(number: &str, beginning: &str) -> bool {
    number.strip_prefix(beginning).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_build_is_told_however_it_is_written() {
        for (version, expected) in [
            ("10.0 (19044)", Some(19044)),
            ("10.0.19045.4291", Some(19045)),
            ("6.1.7601 Service Pack 1 Build 7601", Some(7601)),
            ("10.0.19045 N/A Build 19045", Some(19045)),
            ("5.2 (3790)", Some(3790)),
            ("OS Build 22631.3447", Some(22631)),
            ("26100", Some(26100)),
            ("23H2", None),
            ("1809", None),
            ("2009", None),
            ("10.0", None),
            ("99999999999", None),
            ("", None),
        ] {
            assert_eq!(build(&words(version)), expected, "{version}");
        }
    }

    #[test]
    fn releases_are_told_from_years_and_numbers() {
        for release in ["24h2", "1507", "2004", "20h2", "1909"] {
            assert!(is_release(release), "{release}");
        }
        for other in ["2012", "2008", "2019", "2022", "24h3", "7601", "10", "1600", "äh2", "1h2"] {
            assert!(!is_release(other), "{other}");
        }
    }
}
