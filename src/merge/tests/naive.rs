//! The rules again, as short as can be: quadratic, without indexes or explanations. The oracle.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

use super::fixture::{TODAY, World, day};
use crate::merge::{Candidate, Computer, Level, Verdict};
use crate::name::{DistinguishedName, Hostname, is_authoritative_domain};
use crate::value::{AssetId, ObjectGuid, Timestamp};

type Set<'a> = BTreeSet<&'a str>;

/// Verdicts by object, for a world without constraints, under [`Ambiguity::Review`](crate::schedule::Ambiguity).
pub(super) fn plan(world: &World) -> BTreeMap<ObjectGuid, Verdict> {
    let holds = |asset: AssetId| {
        world.links.iter().any(|(object, held)| {
            let read = world.computers.iter().any(|c| c.object == *object);
            *held == asset && (read || !world.absent.contains(object))
        })
    };
    let best = |c: &Computer| -> Vec<(Level, AssetId)> {
        let fits = world.candidates.iter().filter_map(|a| Some((level(world, c, a)?, a.asset)));
        let fits: Vec<_> = fits.collect();
        let best = fits.iter().map(|fit| fit.0).min();
        fits.into_iter().filter(|fit| Some(fit.0) == best).collect()
    };
    let open = || {
        let untied = world.computers.iter().filter(|c| !world.links.contains_key(&c.object));
        untied.filter(|c| !is_left_out(world, c))
    };
    let mut plan = BTreeMap::new();
    for c in &world.computers {
        let verdict = match (world.links.get(&c.object), best(c).as_slice()) {
            (Some(asset), _) => Verdict::Linked(*asset),
            (None, _) if is_left_out(world, c) => Verdict::Skipped,
            (None, []) => Verdict::Create,
            (None, [(level, asset)]) => {
                let rank = |level, c: &Computer| {
                    (level, c.is_conflict, c.is_disabled, Reverse(c.last_used), c.object)
                };
                let rivals = open().filter_map(|r| match best(r).as_slice() {
                    [(level, wanted)] if wanted == asset => Some(rank(*level, r)),
                    _ => None,
                });
                let wins = rivals.min() == Some(rank(*level, c)) && !holds(*asset);
                if wins { Verdict::Matched(*asset) } else { Verdict::Create }
            }
            _ => Verdict::Ambiguous,
        };
        plan.insert(c.object, verdict);
    }
    plan
}

/// Whether the task leaves a computer out.
fn is_left_out(world: &World, c: &Computer) -> bool {
    let exclusions = &world.exclusions;
    let below_any = |ous: &[DistinguishedName]| ous.iter().any(|ou| c.dn.is_within(ou));
    let included = exclusions.included_ous.is_empty() || below_any(&exclusions.included_ous);
    let is_stale = exclusions.stale_after_days.is_some_and(|days| {
        let is_old = |time: Timestamp| day(TODAY).saturating_since(time).as_secs() > days * 86_400;
        let is_made_long_ago = c.created.is_some_and(is_old);
        let is_new = c.created.is_some_and(|created| !is_old(created));
        let exempt = c.is_domain_controller || c.is_cluster_object;
        let both = [c.last_used, c.last_password_change];
        !exempt && !is_new && both.iter().all(|time| time.map_or(is_made_long_ago, is_old))
    });
    let is_disabled = exclusions.disabled && c.is_disabled;
    below_any(&exclusions.excluded_ous) || !included || is_disabled || is_stale
}

pub(super) fn level(world: &World, c: &Computer, a: &Candidate) -> Option<Level> {
    let mut levels = Vec::new();
    let pairs = c.names.iter().flat_map(|n| a.names.iter().map(move |m| (n, m)));
    for (n, m) in pairs.filter(|(n, m)| n.weakness().is_none() && m.weakness().is_none()) {
        if n == m && n.domain().is_some() && !common(world, |other| other == n) {
            levels.push(Level::Full);
        }
        let (s, t) = (n.short(), m.short());
        let common =
            common(world, |other| other.short() == s) || common(world, |other| other.short() == t);
        let domain = domains_agree(c, s, a, t);
        if common || domain.is_none() {
            continue;
        }
        if s == t && !cut_of_own(s, &c.names) && !cut_of_own(t, &a.names) {
            levels.push(if domain == Some(true) { Level::Qualified } else { Level::Short });
        }
        let (short, long) = if s.len() < t.len() { (s, t) } else { (t, s) };
        let owner = if short == s { &c.names } else { &a.names };
        let is_cut = short.len() == 15 && domains(owner, short).is_empty();
        let longer =
            everybody(world).filter(|o| o.short().len() > 15 && o.short().starts_with(short));
        let longer: Set<'_> = longer.map(Hostname::short).collect();
        if is_cut && long.len() > 15 && longer == Set::from([long]) && !cut_of_own_asset(s, t, a) {
            levels.push(Level::Truncated);
        }
    }
    levels.into_iter().min()
}

/// `Some(true)` if both are in one domain, `Some(false)` if nothing contradicts.
fn domains_agree(c: &Computer, s: &str, a: &Candidate, t: &str) -> Option<bool> {
    let home: Set<'_> = c.domain.names().collect();
    let mut mine = domains(&c.names, s);
    mine.retain(|d| home.contains(d) || is_authoritative_domain(d));
    let at_home = mine.is_empty() || !mine.is_disjoint(&home);
    let theirs = domains(&a.names, t);
    let all: Set<'_> = a.names.iter().filter_map(Hostname::domain).collect();
    let stated: Set<'_> = a.domains.iter().map(String::as_str).collect();
    let elsewhere = theirs.iter().any(|d| is_authoritative_domain(d));
    let either: Set<'_> = &mine | &home;
    if !theirs.is_disjoint(if at_home { &either } else { &mine })
        || !stated.is_disjoint(&either)
        || (!elsewhere && !all.is_disjoint(&either))
    {
        return Some(true);
    }
    let contradicted = all.union(&stated).any(|d| is_authoritative_domain(d)) && !either.is_empty();
    (!contradicted).then_some(false)
}

fn domains<'a>(names: &'a [Hostname], short: &str) -> Set<'a> {
    names.iter().filter(|n| n.short() == short).filter_map(Hostname::domain).collect()
}

fn cut_of_own(short: &str, names: &[Hostname]) -> bool {
    short.len() == 15
        && domains(names, short).is_empty()
        && names.iter().any(|n| n.short().len() > 15 && n.short().starts_with(short))
}

/// An asset that has the longer name as well is met by that one.
fn cut_of_own_asset(s: &str, t: &str, a: &Candidate) -> bool {
    t.len() < s.len() && cut_of_own(t, &a.names)
}

fn everybody(world: &World) -> impl Iterator<Item = &Hostname> {
    let computers = world.computers.iter().flat_map(|c| &c.names);
    computers.chain(world.candidates.iter().flat_map(|a| &a.names))
}

fn common(world: &World, is: impl Fn(&Hostname) -> bool) -> bool {
    let count = |names: &mut dyn Iterator<Item = &Vec<Hostname>>| {
        names.filter(|names| names.iter().any(&is)).count()
    };
    let limit = world.policy.weak_name_limit;
    count(&mut world.computers.iter().map(|c| &c.names)) > limit
        || count(&mut world.candidates.iter().map(|a| &a.names)) > limit
}
