//! The rules again, as short as can be: quadratic, without indexes or explanations. The oracle.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

use super::fixture::{TODAY, World, created, day};
use crate::merge::{Candidate, Computer, Level, Verdict};
use crate::name::{DistinguishedName, Hostname, is_authoritative_domain};
use crate::value::{AssetId, ObjectGuid, Timestamp};

type Set<'a> = BTreeSet<&'a str>;

/// Verdicts by object, for a world without constraints, under [`Ambiguity::Review`](crate::task::Ambiguity).
pub(super) fn plan(world: &World) -> BTreeMap<ObjectGuid, Verdict> {
    let is_read = |object| world.computers.iter().any(|c| c.object == object);
    let known = world.links.iter().filter(|(o, _)| is_read(**o) || !world.absent.contains(*o));
    let mut held: BTreeSet<AssetId> = known.map(|(_, asset)| *asset).collect();
    let mut plan = BTreeMap::new();
    for c in &world.computers {
        match world.links.get(&c.object) {
            Some(asset) => _ = plan.insert(c.object, Verdict::Linked(*asset)),
            None if is_left_out(world, c) => _ = plan.insert(c.object, Verdict::Skipped),
            None => {}
        }
    }
    loop {
        let open = world.computers.iter().filter(|c| !plan.contains_key(&c.object));
        let wishes: Vec<(&Computer, Vec<(Level, AssetId)>)> =
            open.map(|c| (c, best(world, &held, c))).collect();
        let rank = |(c, best): &(&Computer, Vec<(Level, AssetId)>)| {
            let used = Reverse([c.last_used, c.last_password_change]);
            (best[0].0, best.len() > 1, c.is_conflict, c.is_disabled, used)
        };
        // How many go first on the only asset that one wishes for, if that one does.
        let first = |wish: &(&Computer, Vec<(Level, AssetId)>)| {
            let [(_, asset)] = wish.1[..] else { return 0 };
            let rivals = wishes.iter().filter(|w| w.1.iter().any(|(_, other)| *other == asset));
            let ranks: Vec<_> = rivals.map(rank).collect();
            let is_first = ranks.iter().min() == Some(&rank(wish));
            if is_first { ranks.iter().filter(|other| **other == rank(wish)).count() } else { 0 }
        };
        let won = wishes.iter().filter(|wish| first(wish) == 1);
        let won: Vec<(ObjectGuid, AssetId)> = won.map(|(c, best)| (c.object, best[0].1)).collect();
        if won.is_empty() {
            for wish in &wishes {
                let waits = wish.1.len() > 1 || first(wish) > 1;
                plan.insert(wish.0.object, if waits { Verdict::Ambiguous } else { created(0) });
            }
            let new = plan.values_mut().filter(|verdict| matches!(verdict, Verdict::Create(_)));
            (0..).zip(new).for_each(|(before, verdict)| *verdict = created(before));
            return plan;
        }
        for (object, asset) in won {
            plan.insert(object, Verdict::Matched(asset));
            held.insert(asset);
        }
    }
}

/// The assets that nobody has and that fit best, without those of another operating system if that leaves some.
pub(super) fn best(world: &World, held: &BTreeSet<AssetId>, c: &Computer) -> Vec<(Level, AssetId)> {
    let free = world.candidates.iter().filter(|a| !held.contains(&a.asset));
    let fits: Vec<(Level, &Candidate)> =
        free.filter_map(|a| Some((level(world, held, c, a)?, a))).collect();
    let best = fits.iter().map(|fit| fit.0).min();
    let fits: Vec<_> = fits.into_iter().filter(|fit| Some(fit.0) == best).collect();
    let is_other =
        |a: &Candidate| c.os_family.is_some_and(|own| a.os_family.is_some_and(|o| o != own));
    let all_others = fits.iter().all(|(_, a)| is_other(a));
    let fits = fits.into_iter().filter(|(_, a)| all_others || !is_other(a));
    fits.map(|(level, a)| (level, a.asset)).collect()
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

pub(super) fn level(
    world: &World,
    held: &BTreeSet<AssetId>,
    c: &Computer,
    a: &Candidate,
) -> Option<Level> {
    let mut levels = Vec::new();
    let their_names = &a.whole.names;
    let pairs = c.names.iter().flat_map(|n| their_names.iter().map(move |m| (n, m)));
    for (n, m) in pairs {
        if n == m && n.domain().is_some() && !common(world, held, |other| other == n) {
            levels.push(Level::Full);
        }
        let (s, t) = (n.short(), m.short());
        let common = common(world, held, |other| other.short() == s)
            || common(world, held, |other| other.short() == t);
        let domain = domains_agree(c, s, a, t);
        if common || domain.is_none() {
            continue;
        }
        if s == t {
            levels.push(if domain == Some(true) { Level::Qualified } else { Level::Short });
        }
        let longer = |cut: &str| -> Set<'_> {
            let longer = everybody(world).map(Hostname::short);
            longer.filter(|o| o.len() > 15 && o.starts_with(cut)).collect()
        };
        let own_is_cut = is_cut(s, &c.names) && longer(s) == Set::from([t]);
        let bare: Vec<&str> =
            c.names.iter().filter(|n| n.domain().is_none()).map(Hostname::short).collect();
        let theirs_is_cut = is_cut(t, their_names)
            && longer(t) == Set::from([s])
            && bare.iter().all(|bare| bare.starts_with(t));
        if own_is_cut || theirs_is_cut {
            levels.push(Level::Truncated);
        }
    }
    let level = levels.into_iter().min()?;
    let sign = c.last_used.max(c.last_password_change);
    let outlived = matches!((sign, a.last_seen()), (Some(sign), Some(seen))
        if seen.saturating_since(sign) > world.policy.stale_after);
    (level < Level::Short || !outlived).then_some(level)
}

/// `Some(true)` if both are in one domain, `Some(false)` if nothing contradicts.
fn domains_agree(c: &Computer, s: &str, a: &Candidate, t: &str) -> Option<bool> {
    let mut mine = domains(&c.names, s);
    mine.retain(|d| is_authoritative_domain(d));
    mine.extend(c.domain.names());
    let theirs = domains(&a.whole.names, t);
    let all: Set<'_> = a.whole.names.iter().filter_map(Hostname::domain).collect();
    let stated: Set<'_> = a.whole.domains.iter().map(String::as_str).collect();
    let elsewhere = theirs.iter().any(|d| is_authoritative_domain(d) && !mine.contains(d));
    if !theirs.is_disjoint(&mine)
        || !stated.is_disjoint(&mine)
        || (!elsewhere && !all.is_disjoint(&mine))
    {
        return Some(true);
    }
    let contradicted = all.union(&stated).any(|d| is_authoritative_domain(d));
    (!contradicted || mine.is_empty()).then_some(false)
}

fn domains<'a>(names: &'a [Hostname], short: &str) -> Set<'a> {
    names.iter().filter(|n| n.short() == short).filter_map(Hostname::domain).collect()
}

/// Whether a name may have been cut: 15 characters, never with a domain, and no longer one beside it.
fn is_cut(short: &str, names: &[Hostname]) -> bool {
    short.len() == 15
        && domains(names, short).is_empty()
        && !names.iter().any(|n| n.short().len() > 15 && n.short().starts_with(short))
}

fn everybody(world: &World) -> impl Iterator<Item = &Hostname> {
    let computers = world.computers.iter().flat_map(|c| &c.names);
    computers.chain(world.candidates.iter().flat_map(|a| &a.whole.names))
}

/// Whether more have the name than may: living computers, or assets that nobody has.
fn common(world: &World, held: &BTreeSet<AssetId>, is: impl Fn(&Hostname) -> bool) -> bool {
    let is_dead = |c: &Computer| {
        let sign = c.last_used.max(c.last_password_change);
        let unused = |sign| day(TODAY).saturating_since(sign) > world.policy.stale_after;
        c.is_disabled || sign.is_some_and(unused)
    };
    let has = |names: &[Hostname]| names.iter().any(&is);
    let living = world.computers.iter().filter(|c| !is_dead(c) && has(&c.names)).count();
    let free = world.candidates.iter().filter(|a| !held.contains(&a.asset));
    let limit = world.policy.weak_name_limit;
    living > limit || free.filter(|a| has(&a.whole.names)).count() > limit
}
