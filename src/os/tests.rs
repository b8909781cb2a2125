//! Systems by their names and versions, against the table of the crate.

use super::*;

fn product(os: &str, version: &str) -> Option<Product<'static>> {
    let version = Some(version).filter(|version| !version.is_empty());
    Lifecycle::known().product(&os.to_lowercase(), version.map(str::to_lowercase).as_deref())
}

/// What Active Directory says of a release, or what the system says itself where it does not join by itself.
fn spelled(product: &str, cycle: &str, build: &str) -> (String, String) {
    let build = build.split(' ').next().unwrap();
    // `10.0.26100` is written as `10.0 (26100)`.
    let (release, number) = build.rsplit_once('.').unwrap_or_default();
    let version = format!("{release} ({number})");
    let parts: Vec<&str> = cycle.split('-').collect();
    let os = match (product, parts.as_slice()) {
        ("windows", ["10", "1507", "e", "lts"]) => "Windows 10 Enterprise 2015 LTSB".to_owned(),
        ("windows", ["10", "1607", "e", "lts"]) => "Windows 10 Enterprise 2016 LTSB".to_owned(),
        ("windows", [name, _, "e", "lts"]) => format!("Windows {name} Enterprise LTSC"),
        ("windows", [name, _, "iot", "lts"]) => format!("Windows {name} IoT Enterprise LTSC"),
        ("windows", [name, _, "iot"]) => format!("Windows {name} IoT Core"),
        ("windows", [name, _, "e"]) => format!("Windows {name} Enterprise"),
        ("windows", [name, _, "w"]) => format!("Windows {name} Pro"),
        ("windows", ["7", "sp1"]) => "Windows 7 Professional".to_owned(),
        ("windows", ["6", "sp2"]) => "Windows Vista\u{2122} Business".to_owned(),
        ("windows", ["5", "sp3"]) => "Windows XP Professional".to_owned(),
        ("windows", [name, ..]) => format!("Windows {name} Pro"),
        ("windows-server", ["2000"]) => "Windows 2000 Server".to_owned(),
        ("windows-server", [_, "sac" | "ac"]) => "Windows Server Datacenter".to_owned(),
        ("windows-server", ["2003", pack]) => {
            format!("Windows Server 2003 Service Pack {}", pack.trim_start_matches("sp"))
        }
        ("windows-server", [year, "r2", ..]) => format!("Windows Server {year} R2 Datacenter"),
        ("windows-server", [year, ..]) => format!("Windows Server {year} Standard"),
        ("macos", ["10.0" | "10.4" | "10.9" | "10.12"]) => {
            return ("Mac OS X".to_owned(), build.to_owned());
        }
        ("macos", _) => format!("macOS {build}"),
        ("rhel", _) => format!("Red Hat Enterprise Linux release {build} (Plow)"),
        ("ubuntu", _) => format!("Ubuntu {build} LTS"),
        ("debian", _) => format!("Debian GNU/Linux {cycle} (bookworm)"),
        other => panic!("{other:?}"),
    };
    (os, if product.starts_with("windows") { version } else { String::new() })
}

#[test]
fn every_release_of_the_table_is_found_by_what_it_calls_itself() {
    for line in
        include_str!("lifecycle.csv").lines().skip_while(|line| line.starts_with('#')).skip(1)
    {
        let cells: Vec<&str> = line.split(',').collect();
        let [slug, cycle, _, _, _, end, extended, build, _] = cells[..] else { panic!("{line}") };
        let (os, version) = spelled(slug, cycle, build);
        let found = product(&os, &version).unwrap_or_else(|| panic!("{os} {version}"));
        let day = |text: &str| text.parse().ok();
        let releases = Lifecycle::known().releases().iter();
        let own: Vec<_> =
            releases.filter(|own| own.product == slug && own.cycle == cycle).collect();
        let what = format!("{line}: {os} {version} is {found:?}");
        if (slug, cycle) == ("windows-server", "2003") {
            // Nothing tells that it has no service pack, so its day is the earliest of three.
            assert_eq!(
                (found.name(), found.candidates().count()),
                ("Windows Server 2003".into(), 3)
            );
        } else {
            assert_eq!(found.name(), own[0].name, "{what}");
            assert_eq!(found.candidates().count(), 0, "{what}");
            assert_eq!(found.extended_end(), day(extended), "{what}");
        }
        assert_eq!(found.end(), day(end), "{what}");
        assert_eq!(found.cpe().is_some(), found.candidates().count() == 0, "{what}");
        assert!(found.vendor().is_some(), "{what}");
    }
}

#[test]
fn what_is_no_product_of_the_table_is_unknown_and_never_windows() {
    for (os, version) in [
        ("", ""),
        ("Linux", "5.15"),
        ("linux-gnu", ""),
        ("pc-linux-gnu", "4.17.12-Debian"),
        ("Samba", "4.17.12"),
        ("Samba 4.17.12", ""),
        ("unknown", "unknown"),
        ("Windows", "10.0 (19045)"),
        ("Windows NT", "4.0"),
        ("Windows NT 6.1", "6.1.7601"),
        ("Windows Server", "10.0 (17763)"),
        ("Windows Server Datacenter", ""),
        ("Windows 7 Embedded Standard", "6.1 (7601)"),
        ("Windows Embedded 8.1 Industry Pro", "6.3 (9600)"),
        ("Windows 2000 Professional", "5.0 (2195)"),
        ("Windows RT 8.1", "6.3.9600"),
        ("Windows Phone 10", "10.0.10240"),
        ("Samba on Windows Server 2012 R2", ""),
        ("not Windows 10", "10.0 (19045)"),
        ("NetApp Release 9.8", "9.8"),
        ("NetApp Release 9.11.1P8", "10.0 (17763)"),
        ("OneFS", "9.2.1.0"),
        ("EMC Celerra File Server", "8.1.9"),
        ("Data Domain OS", "7.2"),
        ("VMware ESXi 7.0.3", "7.0"),
        ("Debian", "5.10.0-21-amd64"),
        ("Debian", "5.15-generic"),
        ("Ubuntu", "5.15.0-91-generic"),
        ("Red Hat Enterprise Linux", "4.18.0"),
        ("macOS", ""),
        ("Ubuntu 22", ""),
        ("\u{1f5a5} 10 11 2012 R2", "10.0"),
        ("server 2019", "10.0 (17763)"),
    ] {
        assert_eq!(product(os, version), None, "{os} {version}");
    }
    for (os, version, name) in [
        ("macOS", "14.5 (23F79)", "macOS 14"),
        ("Mac OS X", "10.15.7", "macOS 10.15"),
        ("OS X 10.11.6", "", "OS X 10.11"),
        ("Ubuntu 22.04.3 LTS", "5.15.0-91-generic", "Ubuntu 22.04"),
        ("Ubuntu", "24.04", "Ubuntu 24.04"),
        ("Ubuntu", "22.04.3 LTS (Jammy Jellyfish)", "Ubuntu 22.04"),
        ("Debian", "12 (bookworm)", "Debian 12"),
        ("RHEL 8", "", "Red Hat Enterprise Linux 8"),
        ("Red Hat Enterprise Linux", "9.3", "Red Hat Enterprise Linux 9"),
        ("Debian 11", "10.0 (17763)", "Debian 11"),
    ] {
        assert_eq!(
            product(os, version).map(|it| it.name()).as_deref(),
            Some(name),
            "{os} {version}"
        );
    }
}

#[test]
fn what_is_not_plain_stays_open_with_the_earliest_day() {
    for (os, version, name, candidates, end) in [
        ("Windows 11", "10.0 (26100)", "Windows 11 24H2", 2, Some("2026-10-13")),
        ("Windows 11 Enterprise", "", "Windows 11", 6, Some("2024-10-08")),
        (
            "Windows 10 Professionnel",
            "10.0 (19044)",
            "Windows 10 21H2 Home/Pro",
            0,
            Some("2023-06-13"),
        ),
        (
            "Windows 10 \u{4f01}\u{4e1a}\u{7248}",
            "10.0 (19044)",
            "Windows 10 21H2",
            2,
            Some("2023-06-13"),
        ),
        // Older than the table knows: gone no later than the oldest that it does.
        ("Windows 7 Professional", "6.1 (7600)", "Windows 7", 1, Some("2020-01-14")),
        (
            "Windows Server 2008 R2 Standard",
            "6.1 (7600)",
            "Windows Server 2008 R2",
            1,
            Some("2020-01-14"),
        ),
        ("Windows 11 Pro", "10.0 (19045)", "Windows 11", 1, Some("2023-10-10")),
        // Newer, or nothing that was released: no day is made up.
        ("Windows 11 Pro", "10.0 (29999)", "Windows 11", 0, None),
        ("Windows 10 Pro 25H2", "10.0 (19045)", "Windows 10", 0, None),
        ("Windows Server 2003 R2", "5.2 (3790)", "Windows Server 2003", 3, Some("2007-04-10")),
    ] {
        let found = product(os, version).unwrap_or_else(|| panic!("{os} {version}"));
        assert_eq!(found.name(), name, "{os} {version}");
        assert_eq!(found.candidates().count(), candidates, "{os} {version}");
        assert_eq!(found.end().map(|end| end.to_string()).as_deref(), end, "{os} {version}");
    }
}

#[test]
fn a_name_that_tells_the_release_goes_before_a_build_from_elsewhere() {
    for (os, version, name) in [
        ("Windows 11 Pro 23H2", "10.0.19045", "Windows 11 23H2 Home/Pro"),
        ("Microsoft Windows 11 Enterprise", "23H2", "Windows 11 23H2 Enterprise"),
        ("Windows 10 Enterprise LTSC 2019", "", "Windows 10 1809 LTSC"),
        ("Windows 10 IoT Enterprise", "10.0.19044.1288", "Windows 10 21H2 Enterprise"),
        ("Windows 10 Pro Education", "10.0 (18363)", "Windows 10 1909 Home/Pro"),
        ("Windows 10 Enterprise multi-session", "10.0 (18363)", "Windows 10 1909 Enterprise"),
        ("Windows Server, version 1809", "", "Windows Server 1809 SAC"),
        ("Windows Server 2022 Datacenter Azure Edition", "10.0 (20349)", "Windows Server 2022"),
        ("Windows Storage Server 2016 Standard", "", "Windows Server 2016"),
        ("Hyper-V Server 2019", "10.0 (17763)", "Windows Server 2019"),
        ("Windows 7 Ultimate Service Pack 1", "", "Windows 7 SP1"),
    ] {
        let found = product(os, version).unwrap_or_else(|| panic!("{os} {version}"));
        assert_eq!(
            (found.name().as_str(), found.candidates().count()),
            (name, 0),
            "{os} {version}"
        );
    }
}

#[test]
fn facts_are_told_beside_the_days() {
    let facts = |os, version| {
        let found = product(os, version).unwrap();
        (
            found.vendor(),
            found.edition(),
            found.channel(),
            found.release(),
            found.build(),
            found.cpe(),
        )
    };
    let text = |text: &str| Some(text.to_owned());
    assert_eq!(
        facts("Windows 11 Pro", "10.0.26100.4351"),
        (
            Some("microsoft"),
            Some("Pro"),
            Some("home and pro"),
            text("24H2"),
            text("10.0.26100.4351"),
            text("cpe:2.3:o:microsoft:windows_11_24h2:10.0.26100.4351:*:*:*:*:*:*:*"),
        )
    );
    for (os, version, cpe) in [
        ("Windows 7 Professional", "6.1 (7601)", "microsoft:windows_7:-:sp1:*:*:*:*:*:*"),
        (
            "Windows Server 2012 R2 Datacenter",
            "6.3 (9600)",
            "microsoft:windows_server_2012:r2:*:*:*:*:*:*:*",
        ),
        (
            "Windows Server 2008 R2 Standard",
            "6.1 (7601)",
            "microsoft:windows_server_2008:r2:sp1:*:*:*:*:*:*",
        ),
        (
            "Windows Server 2022 Standard",
            "10.0 (20348)",
            "microsoft:windows_server_2022:10.0.20348:*:*:*:*:*:*:*",
        ),
        ("Windows 11", "10.0 (26100)", "microsoft:windows_11_24h2:10.0.26100:*:*:*:*:*:*:*"),
        ("Ubuntu 22.04.3 LTS", "", "canonical:ubuntu_linux:22.04:*:*:*:lts:*:*:*"),
        ("Red Hat Enterprise Linux 9.3", "", "redhat:enterprise_linux:9.0:*:*:*:*:*:*:*"),
        ("macOS 14.5", "", "apple:macos:14.5:*:*:*:*:*:*:*"),
    ] {
        assert_eq!(product(os, version).unwrap().cpe(), Some(format!("cpe:2.3:o:{cpe}")), "{os}");
    }
    // Nobody can tell which it is.
    assert_eq!(product("Windows 11 Enterprise", "").unwrap().cpe(), None);
}
