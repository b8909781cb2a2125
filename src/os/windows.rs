//! Which release of Windows a system is.
//!
//! A directory says `Windows 10 Enterprise LTSC` and `10.0 (19044)`: the name tells the product and whom the release is for,
//! the build the release. What names the release itself (`Windows 11 Pro 23H2`) needs no build, and a build from elsewhere
//! does not change it.

use super::edition::edition;
use super::found::Found;
use super::release::{CLIENT, Channel, Release, SERVER};
use super::words::{build, is_release, service_pack};

/// What LTSC editions are called by their years, and the releases that they are made of.
const LONG_TERM: [(&str, &str); 5] =
    [("2015", "1507"), ("2016", "1607"), ("2019", "1809"), ("2021", "21h2"), ("2024", "24h2")];

/// The release of Windows that a system is, by the words of its name and of its version. `None` for what is no Windows, and
/// for a Windows that is not told apart from others: `Windows NT`, `Windows 7 Embedded`.
pub(super) fn find<'t>(
    releases: &'t [Release],
    os: &[String],
    version: &[String],
) -> Option<Found<'t>> {
    let own = match os {
        [maker, own @ ..] if maker == "microsoft" => own,
        own => own,
    };
    match own {
        [hyper, v, server, ..]
            if [hyper, v, server].map(String::as_str) == ["hyper", "v", "server"] => {}
        [windows, ..] if windows == "windows" => {}
        _ => return None,
    }
    let has = |word: &str| own.iter().any(|own| own == word);
    if has("embedded") || has("ce") || has("phone") {
        return None;
    }
    let clues = Clues::of(own, version);
    if has("server") { server(releases, own, &clues) } else { client(releases, own, &clues) }
}

/// What a name and a version say beside the product.
struct Clues {
    release: Option<String>,
    service_pack: Option<String>,
    build: Option<u32>,
}

impl Clues {
    /// Those of the name go before those of the version, which may be another source's.
    fn of(os: &[String], version: &[String]) -> Self {
        let release = |words: &[String]| words.iter().find(|word| is_release(word)).cloned();
        Self {
            release: release(os).or_else(|| release(version)),
            service_pack: service_pack(os).or_else(|| service_pack(version)),
            build: build(os).or_else(|| build(version)),
        }
    }
}

fn client<'t>(releases: &'t [Release], os: &[String], clues: &Clues) -> Option<Found<'t>> {
    let name = os.get(1)?;
    let all = releases.iter().filter(|release| release.product == CLIENT);
    let mut found: Vec<&Release> = all.filter(|release| release.first_word() == name).collect();
    let family = found.first()?.family_name();
    let has = |word: &str| os.iter().any(|own| own == word);
    let (edition, channel) = edition(os);
    let is_long_term = has("ltsc") || has("ltsb");
    let year = LONG_TERM.iter().find(|(year, _)| is_long_term && has(year));
    let release = year.map(|(_, release)| *release).or(clues.release.as_deref());
    found.retain(|own| own.is_long_term == is_long_term);
    found.retain(|own| {
        is_long_term || own.channel().is_none() || channel.is_none() || own.channel() == channel
    });
    let (mut found, is_exact) = by_release(found, release, clues);
    let is_iot = has("iot");
    if !is_iot || found.iter().any(|own| own.has("iot")) {
        found.retain(|own| own.has("iot") == is_iot);
    }
    let channel = if is_long_term { Some(Channel::LongTerm) } else { channel };
    Some(Found { family, releases: found, is_exact, edition, channel })
}

fn server<'t>(releases: &'t [Release], os: &[String], clues: &Clues) -> Option<Found<'t>> {
    let all = || releases.iter().filter(|release| release.product == SERVER);
    let year = year(os, |word| all().any(|own| !own.is_semi_annual() && own.first_word() == word));
    let (edition, _) = edition(os);
    let Some(year) = year else {
        // Of the channels that have no year the name tells the edition alone: `Windows Server Datacenter`.
        let found: Vec<&Release> = all().filter(|own| own.is_semi_annual()).collect();
        let (releases, is_exact) = by_release(found, clues.release.as_deref(), clues);
        let is_named = edition.is_some() || os.iter().any(|word| is_release(word));
        let is_told = is_named && releases.len() == 1 && is_exact;
        let (family, channel) = ("Windows Server".to_owned(), Some(Channel::SemiAnnual));
        return is_told.then_some(Found { family, releases, is_exact, edition, channel });
    };
    let of_year = || all().filter(|own| !own.is_semi_annual() && own.first_word() == year);
    let is_second = os.iter().any(|word| word == "r2");
    let mut found: Vec<&Release> = of_year().filter(|own| own.has("r2") == is_second).collect();
    // Windows Server 2003 R2 is supported as what it stands on.
    let is_named = !found.is_empty();
    if !is_named {
        found = of_year().collect();
    }
    let family = found.first()?.family_name();
    let (found, is_exact) = by_release(found, None, clues);
    let channel = Some(Channel::Server);
    Some(Found { family, releases: found, is_exact: is_exact && is_named, edition, channel })
}

/// The year of a Windows Server: right behind the word, or before it as in `Windows 2000 Server`.
fn year(os: &[String], is_year: impl Fn(&str) -> bool) -> Option<&str> {
    let server = os.iter().position(|word| word == "server")?;
    let behind = os.get(server + 1).map(String::as_str).filter(|word| is_year(word));
    behind.or_else(|| os.get(1).map(String::as_str).filter(|word| is_year(word)))
}

/// Those of some releases that are of the release, the service pack or the build that is told, and whether it is one of
/// them for certain.
fn by_release<'t>(
    releases: Vec<&'t Release>,
    release: Option<&str>,
    clues: &Clues,
) -> (Vec<&'t Release>, bool) {
    let of = |is: &dyn Fn(&Release) -> bool| -> Vec<&'t Release> {
        releases.iter().copied().filter(|own| is(own)).collect()
    };
    if let Some(release) = release {
        return (of(&|own| own.release() == Some(release)), true);
    }
    let of_pack = |pack: &String| of(&|own| own.service_pack() == Some(pack.as_str()));
    match clues.service_pack.as_ref().map(of_pack) {
        Some(found) if !found.is_empty() => (found, true),
        // `Windows Server 2022` is all that there is to tell.
        _ if releases.iter().all(|own| own.release().or(own.service_pack()).is_none()) => {
            (releases, true)
        }
        _ => match clues.build {
            Some(build) => by_build(&releases, build),
            None => (releases, false),
        },
    }
}

/// The same by a build. One that is older than all of them is of a release that the table has no more: its support ended no
/// later than that of the oldest. A newer one, or one between them, is of a release that the table does not have.
fn by_build<'t>(releases: &[&'t Release], build: u32) -> (Vec<&'t Release>, bool) {
    let of = |build: u32| -> Vec<&'t Release> {
        let is_of = |own: &&Release| own.builds().any(|known| known == build);
        releases.iter().copied().filter(is_of).collect()
    };
    let oldest = releases.iter().flat_map(|own| own.builds()).min();
    match (of(build), oldest) {
        (found, _) if !found.is_empty() => (found, true),
        (_, Some(oldest)) if build < oldest => (of(oldest), false),
        _ => (Vec::new(), false),
    }
}
