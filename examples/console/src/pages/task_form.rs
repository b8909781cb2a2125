//! What a task is, as it is written into a form: when it runs, what of a directory it reads, which computers it leaves
//! out, and how much one run may change.

use std::str::FromStr;

use ldap_inventory::credential::Credential;
use ldap_inventory::name::DistinguishedName;
use ldap_inventory::schedule::{LocalTime, Recurrence, Schedule, Unit};
use ldap_inventory::task::{ChangeLimits, Exclusions, Limit, SyncTask};
use ldap_inventory::value::{CredentialId, SiteId};
use maud::{Markup, html};

use crate::asked::Fields;
use crate::failure::{Answer, Failure};
use crate::now;
use crate::shown::{Shown, escaped};
use crate::vault::Vault;

/// By what a task may recur; never, unless chosen.
const UNITS: [(&str, &str); 6] = [
    ("", "only when I say so"),
    ("minutes", "minutes"),
    ("hours", "hours"),
    ("days", "days"),
    ("weeks", "weeks"),
    ("months", "months"),
];

/// The most days after which a computer is stale.
const MOST_DAYS: u64 = 36_500;

/// One limit of a run: how its fields begin, what it is in words, and where it is kept.
struct Kind {
    name: &'static str,
    words: &'static str,
    of: fn(&mut ChangeLimits) -> &mut Limit,
}

const KINDS: [Kind; 6] = [
    Kind { name: "creates", words: "New assets", of: |it| &mut it.creates },
    Kind { name: "relinks", words: "Computers that go to another asset", of: |it| &mut it.relinks },
    Kind { name: "joins", words: "Assets that become part of another", of: |it| &mut it.joins },
    Kind { name: "losses", words: "Objects that are missing", of: |it| &mut it.losses },
    Kind {
        name: "removals",
        words: "Members that leave groups",
        of: |it| &mut it.membership_removals,
    },
    Kind { name: "changes", words: "Objects renamed, moved or emptied", of: |it| &mut it.changes },
];

/// The fields that say where new assets are created, and by which account the directory is read.
pub(crate) fn place(site: &str, credential: &CredentialId, credentials: &[Credential]) -> Markup {
    html! {
        div { label for="site" { "Site of new assets" } input #site name="site" required value=(Shown(site)); }
        div {
            label for="credential" { "Credential" }
            select #credential name="credential" {
                @for Credential { id, .. } in credentials {
                    option value=(id) selected[id == credential] { (Shown(id.as_str())) }
                }
            }
        }
    }
}

/// The site and the credential that were written into these fields.
pub(crate) fn place_of(fields: &Fields, vault: &Vault) -> Answer<(SiteId, CredentialId)> {
    let site = SiteId::new(fields.text("site"))?;
    let credential = CredentialId::new(fields.text("credential"))?;
    match vault.get(&credential)? {
        Some(_) => Ok((site, credential)),
        None => Err(Failure::not_found("there is no such credential")),
    }
}

/// The fields that say when a task runs by itself.
pub(crate) fn timing(schedule: Option<&Schedule>) -> Markup {
    let every = schedule.map(Schedule::recurrence);
    let (count, unit) = match every {
        Some(Recurrence::Every { count, unit, .. }) => (count, unit_name(unit)),
        _ => (1, ""),
    };
    let start = schedule.map_or_else(tomorrow, |it| it.start().to_string());
    let start = start.get(..16).unwrap_or(&start).to_owned();
    let zone = schedule.map_or("UTC", Schedule::time_zone);
    html! {
        div { label for="every" { "Runs every" } input #every type="number" name="every" min="1" max=(Recurrence::MAX_COUNT) value=(count); }
        div {
            label for="unit" { "Unit" }
            select #unit name="unit" {
                @for (name, words) in UNITS { option value=(name) selected[name == unit] { (words) } }
            }
        }
        div { label for="start" { "First time" } input #start type="datetime-local" name="start" value=(start); }
        div { label for="zone" { "Time zone" } input #zone name="zone" value=(zone); }
    }
}

/// In the night to come.
fn tomorrow() -> String {
    let tomorrow = now().checked_add(std::time::Duration::from_secs(86_400)).unwrap_or(now());
    format!("{}T02:30", tomorrow.date())
}

fn unit_name(unit: Unit) -> &'static str {
    match unit {
        Unit::Minutes => "minutes",
        Unit::Hours => "hours",
        Unit::Days => "days",
        Unit::Weeks => "weeks",
        Unit::Months => "months",
    }
}

/// The schedule that was written into these fields, if there is to be one.
pub(crate) fn schedule(fields: &Fields) -> Answer<Option<Schedule>> {
    let unit = match fields.text("unit") {
        "" => return Ok(None),
        "minutes" => Unit::Minutes,
        "hours" => Unit::Hours,
        "days" => Unit::Days,
        "weeks" => Unit::Weeks,
        "months" => Unit::Months,
        _ => {
            return Err(Failure::unreadable(
                "a task recurs by minutes, hours, days, weeks or months",
            ));
        }
    };
    let count = number(fields.text("every"), "how often a task runs")?.unwrap_or(1);
    let start: LocalTime = fields.text("start").parse()?;
    let schedule = Schedule::new(start, Recurrence::every(count, unit)?);
    Ok(Some(schedule.with_time_zone(fields.text("zone"))?))
}

/// The fields of everything that most tasks need nothing of, as it is in this one.
pub(crate) fn settings(task: &SyncTask) -> Markup {
    html! {
        details.wide { summary { "What is read" } div.fields { (reading(task)) } }
        details.wide { summary { "Computers to leave out" } div.fields { (leaving_out(task)) } }
        details.wide { summary { "How much one run may change" } (limits(task)) }
    }
}

fn reading(task: &SyncTask) -> Markup {
    html! {
        (area("base_dns", "Below these DNs alone, one a line", &task.base_dns.join("\n")))
        div.wide {
            label for="computer_filter" { "Computers that match this LDAP filter alone" }
            input #computer_filter name="computer_filter" value=(task.computer_filter.as_deref().unwrap_or_default())
                placeholder="(operatingSystem=Windows*)" autocomplete="off" spellcheck="false";
        }
        div.wide {
            (choice("addresses_from_dns", task.addresses_from_dns, "The addresses that the directory's DNS has for computers, and their AD sites"))
            (choice("laps", has_laps(task), "Which computers have LAPS, and when it changes the password; never the password"))
        }
        (area("site_by_ad_site", "Sites of new assets by AD site, one a line, such as Berlin = de", &sites(task)))
        (area("own_suffixes", "DNS suffixes that are the directory's own, one a line", &task.matching.own_suffixes.join("\n")))
    }
}

fn sites(task: &SyncTask) -> String {
    let sites = task.site_by_ad_site.iter();
    sites.map(|(ad_site, site)| format!("{ad_site} = {site}")).collect::<Vec<_>>().join("\n")
}

fn leaving_out(task: &SyncTask) -> Markup {
    let Exclusions { disabled, stale_after_days, included_ous, excluded_ous, .. } =
        &task.exclusions;
    let one_a_line = |ous: &[DistinguishedName]| {
        ous.iter().map(DistinguishedName::as_str).collect::<Vec<_>>().join("\n")
    };
    html! {
        p.hint.wide { "Unless an asset has them." }
        div.wide {
            (choice("exclude_disabled", *disabled, "Those whose account is disabled"))
            (choice("exclude_unknown", task.matching.exclude_unknown, "Those that no other source knows"))
            label.row {
                span { "Those that did not sign in for so many days" }
                input type="number" name="exclude_stale" min="1" max=(MOST_DAYS) value=[stale_after_days];
            }
        }
        (area("exclude_ous", "Those in these OUs, one DN a line", &one_a_line(excluded_ous)))
        (area("include_ous", "Those in none of these OUs, one DN a line", &one_a_line(included_ous)))
    }
}

fn limits(task: &SyncTask) -> Markup {
    let mut limits = task.change_limits;
    html! {
        p.hint {
            "A run that would change more than such a share of what is known, or more than such a number, waits for a person "
            "before it writes anything. Where few are concerned, no share is looked at."
        }
        div.scroll role="region" aria-label="Limits" tabindex="0" {
            table {
                thead {
                    tr {
                        th scope="col" { "What" }
                        th scope="col" { "Share, in %" }
                        th scope="col" { "Looked at beyond" }
                        th scope="col" { "Number" }
                    }
                }
                tbody {
                    @for Kind { name, words, of } in KINDS {
                        @let limit = *of(&mut limits);
                        tr {
                            th scope="row" { (words) }
                            td { (count(name, "percent", &[words, "in percent"], limit.percent.map(u64::from))) }
                            td { (count(name, "at_least", &[words, "share looked at beyond"], Some(limit.at_least))) }
                            td { (count(name, "count", &[words, "at most"], limit.count)) }
                        }
                    }
                }
            }
        }
    }
}

/// A field for one number of a limit.
fn count(name: &str, what: &str, words: &[&str; 2], value: Option<u64>) -> Markup {
    let most = (what == "percent").then_some("100");
    html! {
        input type="number" name={ (name) "_" (what) } aria-label=(words.join(", ")) min="0" max=[most] value=[value];
    }
}

fn choice(name: &str, is_set: bool, words: &str) -> Markup {
    html! {
        label.choice { input type="checkbox" name=(name) value="yes" checked[is_set]; span { (words) } }
    }
}

fn area(name: &str, words: &str, text: &str) -> Markup {
    html! {
        div.wide {
            label for=(name) { (words) }
            textarea id=(name) name=(name) rows="2" { (Shown(text)) }
        }
    }
}

/// The task with what was written into the fields of [`settings`]. What was not among them stays.
pub(crate) fn with_settings(mut task: SyncTask, fields: &Fields) -> Answer<SyncTask> {
    task.base_dns = lines(fields.text("base_dns")).map(str::to_owned).collect();
    let filter = fields.text("computer_filter");
    task.computer_filter = (!filter.is_empty()).then(|| filter.to_owned());
    task.addresses_from_dns = fields.is_ticked("addresses_from_dns");
    task.site_by_ad_site =
        lines(fields.text("site_by_ad_site")).map(site).collect::<Answer<_>>()?;
    task.matching.own_suffixes = lines(fields.text("own_suffixes")).map(str::to_owned).collect();
    task.matching.exclude_unknown = fields.is_ticked("exclude_unknown");
    task.exclusions.disabled = fields.is_ticked("exclude_disabled");
    let stale = number(fields.text("exclude_stale"), "after how many days a computer is stale")?;
    task.exclusions.stale_after_days = stale;
    task.exclusions.excluded_ous = units(fields.text("exclude_ous"))?;
    task.exclusions.included_ous = units(fields.text("include_ous"))?;
    for Kind { name, of, .. } in KINDS {
        change(of(&mut task.change_limits), name, fields)?;
    }
    Ok(with_laps(task, fields.is_ticked("laps")))
}

/// Sets a limit to what was written, if its fields were there: without them, nothing would hold a run back.
fn change(limit: &mut Limit, name: &str, fields: &Fields) -> Answer<()> {
    let written = |what: &str| fields.get(&format!("{name}_{what}"));
    if let Some(percent) = written("percent") {
        limit.percent = number(percent, "a share")?;
        if limit.percent.is_some_and(|percent| percent > 100) {
            return Err(Failure::unreadable("a share is at most 100 percent"));
        }
    }
    if let Some(at_least) = written("at_least") {
        limit.at_least = number(at_least, "a limit")?.unwrap_or_default();
    }
    if let Some(count) = written("count") {
        limit.count = number(count, "a limit")?;
    }
    Ok(())
}

fn has_laps(task: &SyncTask) -> bool {
    task.clone().with_laps().extra_attributes == task.extra_attributes
}

fn with_laps(task: SyncTask, has_laps: bool) -> SyncTask {
    let (attributes, all) = (task.extra_attributes.clone(), task.with_laps());
    if has_laps {
        return all;
    }
    let alone = all.with_extra_attributes([]).with_laps();
    let others: Vec<String> = attributes.difference(&alone.extra_attributes).cloned().collect();
    alone.with_extra_attributes(others)
}

fn lines(text: &str) -> impl Iterator<Item = &str> {
    text.lines().map(str::trim).filter(|line| !line.is_empty())
}

/// An AD site and the site of its assets, as one line says it.
fn site(line: &str) -> Answer<(String, SiteId)> {
    let (ad_site, site) = line.rsplit_once('=').ok_or_else(|| {
        Failure::unreadable(format!("{} names no site: write Berlin = de", escaped(line)))
    })?;
    Ok((ad_site.trim().to_owned(), SiteId::new(site.trim())?))
}

fn units(text: &str) -> Answer<Vec<DistinguishedName>> {
    Ok(lines(text).map(DistinguishedName::parse).collect::<Result<_, _>>()?)
}

/// The number in a field, if there is any.
fn number<T: FromStr>(text: &str, what: &str) -> Answer<Option<T>> {
    match text {
        "" => Ok(None),
        digits => digits.parse().map(Some).map_err(|_| {
            Failure::unreadable(format!(
                "{what} is a whole number, and {} is none",
                escaped(digits)
            ))
        }),
    }
}

#[cfg(test)]
mod tests {
    use ldap_inventory::value::{OrganizationId, SourceId};

    use super::*;

    fn task() -> SyncTask {
        let organization = OrganizationId::new("acme").unwrap();
        let source = SourceId::new("ldap", "corp").unwrap();
        SyncTask::new("a", organization, "hq".parse().unwrap(), source, "reader".parse().unwrap())
    }

    fn settled(task: SyncTask, fields: &[(&str, &str)]) -> Answer<SyncTask> {
        let fields = serde_urlencoded::to_string(fields).unwrap();
        with_settings(task, &serde_urlencoded::from_str(&fields).unwrap())
    }

    #[test]
    fn what_is_shown_and_sent_back_changes_nothing() {
        let mut task = task()
            .with_extra_attributes(["location".to_owned()])
            .with_laps()
            .with_addresses_from_dns()
            .with_base_dns(["OU=A,DC=corp".to_owned(), "OU=B,DC=corp".to_owned()])
            .with_computer_filter("(cn=a*)")
            .with_site_by_ad_site("Berlin", "de".parse().unwrap())
            .with_site_by_ad_site("A = B", "fr".parse().unwrap())
            .with_exclusions(
                Exclusions::default()
                    .with_disabled(true)
                    .with_stale_after_days(90)
                    .with_excluded_ou("OU=Staging,DC=corp".parse().unwrap()),
            );
        task.matching.own_suffixes = vec!["dhcp.example".to_owned()];
        task.change_limits.losses = Limit::percent(10).beyond(3).or_count(0);
        let fields = [
            ("base_dns", "OU=A,DC=corp\r\nOU=B,DC=corp"),
            ("computer_filter", "(cn=a*)"),
            ("addresses_from_dns", "yes"),
            ("site_by_ad_site", "A = B = fr\r\nBerlin=de"),
            ("own_suffixes", "dhcp.example"),
            ("laps", "yes"),
            ("exclude_disabled", "yes"),
            ("exclude_stale", "90"),
            ("exclude_ous", "OU=Staging,DC=corp\r\n"),
            ("losses_percent", "10"),
            ("losses_at_least", "3"),
            ("losses_count", "0"),
            ("joins_percent", ""),
        ];
        assert_eq!(settled(task.clone(), &fields).unwrap(), task);
    }

    #[test]
    fn what_is_left_empty_is_off_but_no_limit_that_was_not_asked_for() {
        let was = task().with_laps().with_addresses_from_dns();
        assert_eq!(settled(was, &[]).unwrap(), task());
        let off = settled(task(), &[("losses_percent", ""), ("losses_at_least", "")]).unwrap();
        assert_eq!(off.change_limits.losses, Limit::none());
        assert_eq!(off.change_limits.creates, ChangeLimits::default().creates);
    }

    #[test]
    fn attributes_beside_those_of_laps_stay_without_it() {
        let was = task().with_extra_attributes(["location".to_owned()]);
        assert_eq!(settled(was.clone().with_laps(), &[]).unwrap(), was);
    }

    #[test]
    fn what_is_no_number_share_or_name_is_refused() {
        for field in [
            ("exclude_stale", "soon"),
            ("losses_percent", "101"),
            ("losses_count", "-1"),
            ("exclude_ous", "nowhere"),
            ("site_by_ad_site", "Berlin"),
            ("site_by_ad_site", "Berlin = "),
        ] {
            settled(task(), &[field]).unwrap_err();
        }
    }
}
