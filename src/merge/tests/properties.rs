//! What must hold of every world.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use proptest::collection::{btree_set, vec};
use proptest::prelude::*;
use proptest::sample::{Index, select, subsequence};

use super::fixture::{TODAY, World, day, domain, guid, host, id, site};
use super::naive;
use crate::directory::AccountKind;
use crate::merge::{Candidate, Computer, Decision, Naming, Verdict};
use crate::name::{DistinguishedName, Hostname};
use crate::os::OsFamily;
use crate::task::{Ambiguity, Exclusions, MatchPolicy};
use crate::value::SourceId;

const SHORTS: &[&str] = &[
    "web1",
    "web2",
    "db",
    "averylonghostna",
    "averylonghostname",
    "averylonghostnab",
    "localhost",
];
const PLACES: &[&str] =
    &["OU=PCs,DC=corp,DC=example", r"OU=Lab\, 1,OU=PCs,DC=corp,DC=example", "DC=corp,DC=example"];
const DOMAINS: &[&str] = &["", "", ".corp.example", ".b.example", ".local"];

/// Few enough that everything collides with everything.
fn name() -> impl Strategy<Value = Hostname> {
    (select(SHORTS), select(DOMAINS)).prop_map(|(s, d)| host(&format!("{s}{d}")))
}

fn names(most: usize) -> impl Strategy<Value = Vec<Hostname>> {
    btree_set(name(), 0..=most).prop_map(|names| names.into_iter().collect())
}

prop_compose! {
    fn computer()(
        all in names(3), is_disabled: bool, is_conflict in prop::bool::weighted(0.1),
        used in prop::option::of(0..3i64), changed in prop::option::of(0..3i64),
        created in prop::option::of(-1..2i64), (place, special) in (select(PLACES), 0..12u8),
        os_family in os_family(),
    ) -> Computer {
        let (weak, names): (Vec<_>, Vec<_>) =
            all.iter().cloned().partition(|name| name.weakness().is_some());
        let weak = weak.into_iter().filter_map(|name| Some((name.clone(), name.weakness()?)));
        Computer {
            object: guid(0),
            name: all.first().map_or("nameless", Hostname::as_str).into(),
            dn: format!("CN=C,{place}").parse().unwrap(),
            account: None,
            names: names.into(),
            weak_names: weak.collect(),
            aliases: Box::default(),
            os_family,
            domain: domain(),
            kind: AccountKind::Host,
            is_disabled,
            is_conflict,
            is_domain_controller: special == 1,
            is_cluster_object: special == 2,
            last_used: used.map(day),
            last_password_change: changed.map(day),
            created: created.map(day),
        }
    }
}

prop_compose! {
    fn candidate()(
        mut names in names(3), domains in subsequence(vec!["b.example", "corp", "workgroup"], 0..=1),
        last_seen in prop::option::of(0..3i64), os_family in os_family(),
    ) -> Candidate {
        names.retain(|name| name.weakness().is_none());
        let domains = domains.into_iter().map(str::to_owned).collect();
        let scan = SourceId::new("scan", "hq").unwrap();
        Candidate {
            asset: id(0),
            site: site("hq"),
            os_family,
            whole: Naming { names, default_names: Vec::new(), domains },
            bare: None,
            seen: last_seen.map(|seen| (scan, day(seen))).into_iter().collect(),
            objects: Vec::new(),
        }
    }
}

prop_compose! {
    fn world()(
        mut computers in vec(computer(), 0..9), mut candidates in vec(candidate(), 0..9),
        links in vec((1..12u8, any::<Index>()), 0..3), absent in btree_set(1..12u8, 0..3),
        limit in 1..6usize, stale_after in select(vec![1u64, 90, 200]), exclusions in exclusions(),
    ) -> World {
        for (n, computer) in (1..).zip(&mut computers) {
            computer.object = guid(n);
        }
        for (n, candidate) in (100..).zip(&mut candidates) {
            candidate.asset = id(n);
        }
        let assets: Vec<_> = candidates.iter().map(|candidate| candidate.asset).collect();
        let links = links.iter().filter(|_| !assets.is_empty());
        World {
            links: links.map(|(object, asset)| (guid(*object), *asset.get(&assets))).collect(),
            absent: absent.into_iter().map(guid).collect(),
            policy: MatchPolicy::default()
                .with_weak_name_limit(limit)
                .with_stale_after(Duration::from_secs(stale_after * 86_400)),
            computers,
            candidates,
            exclusions,
            ..World::default()
        }
    }
}

fn os_family() -> impl Strategy<Value = Option<OsFamily>> {
    prop::option::of(select(vec![OsFamily::Windows, OsFamily::Linux]))
}

/// Half the time none. Times of the world are 0 to 3 days from day 0, and some of them on the limit.
fn exclusions() -> impl Strategy<Value = Exclusions> {
    let days = prop::option::of(select(vec![TODAY as u64 - 2, TODAY as u64 - 1, 9_999]));
    let ous = || {
        vec((select(PLACES), any::<bool>()), 0..2).prop_map(|ous| {
            let written =
                |(ou, upper): (&str, bool)| if upper { ou.to_uppercase() } else { ou.to_owned() };
            ous.into_iter()
                .map(|ou| written(ou).parse().unwrap())
                .collect::<Vec<DistinguishedName>>()
        })
    };
    let all =
        (any::<bool>(), days, ous(), ous()).prop_map(|(disabled, days, included, excluded)| {
            let mut exclusions =
                Exclusions::default().with_disabled(disabled).with_stale_after_days(days);
            (exclusions.included_ous, exclusions.excluded_ous) = (included, excluded);
            exclusions
        });
    prop_oneof![Just(Exclusions::default()), all]
}

fn any_policy() -> impl Strategy<Value = (Ambiguity, bool)> {
    let all = [Ambiguity::Review, Ambiguity::Create, Ambiguity::MostRecentlySeen];
    (select(all.to_vec()), any::<bool>())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(600))]

    #[test]
    fn the_naive_planner_agrees(world in world()) {
        let decisions = world.decide();
        let verdicts: BTreeMap<_, _> = decisions.iter().map(|d| (d.object, d.verdict)).collect();
        prop_assert_eq!(verdicts, naive::plan(&world));
    }

    #[test]
    fn what_would_fit_but_for_others_is_told(world in world()) {
        let decisions = world.decide();
        let held: BTreeSet<_> = world
            .links
            .values()
            .copied()
            .chain(decisions.iter().filter_map(|decision| decision.verdict.asset()))
            .collect();
        let policy = world.policy.clone().with_weak_name_limit(1_000);
        let unlimited = world.clone().with(policy);
        for decision in decisions.iter().filter(|d| d.reason_code() == "weak_names") {
            let computer = world.computers.iter().find(|c| c.object == decision.object).unwrap();
            prop_assert_eq!(naive::best(&unlimited, &held, computer), []);
        }
        for decision in decisions.iter().filter(|decision| decision.is_beside_another()) {
            prop_assert!(matches!(decision.verdict, Verdict::Create(_)));
            let computer = world.computers.iter().find(|c| c.object == decision.object).unwrap();
            // What may be cut is not looked for among all that begin so.
            let may_be_cut = computer.names.iter().any(|name| name.short() == "averylonghostna");
            let is_free = |asset: &Candidate| !held.contains(&asset.asset);
            prop_assert!(may_be_cut || world.candidates.iter().any(is_free));
        }
    }

    #[test]
    fn order_does_not_matter(
        (world, computers, candidates) in world().prop_flat_map(|world| {
            let computers = Just(world.computers.clone()).prop_shuffle();
            let candidates = Just(world.candidates.clone()).prop_shuffle();
            (Just(world), computers, candidates)
        }),
        (ambiguity, exclude) in any_policy(),
    ) {
        let policy = world.policy.clone().with_ambiguity(ambiguity).with_exclude_unknown(exclude);
        let world = world.with(policy);
        let expected = world.decide();
        prop_assert!(expected.is_sorted_by_key(|decision| decision.object));
        let shuffled = World { computers, candidates, ..world };
        prop_assert_eq!(shuffled.decide(), expected);
    }

    #[test]
    fn two_computers_never_come_to_share_an_asset(world in world(), (ambiguity, _) in any_policy()) {
        let policy = world.policy.clone().with_ambiguity(ambiguity);
        let world = world.with(policy);
        let mut taken: BTreeSet<_> = world
            .links
            .iter()
            .filter(|(object, _)| {
                !world.absent.contains(*object) || world.computers.iter().any(|c| c.object == **object)
            })
            .map(|(_, asset)| *asset)
            .collect();
        for decision in world.decide() {
            if let Verdict::Matched(asset) = decision.verdict {
                prop_assert!(taken.insert(asset), "{asset} is shared");
            }
        }
    }

    #[test]
    fn nothing_is_guessed(world in world()) {
        // A name that is too common at first may be that of few in the end, when the others have theirs.
        let policy = world.policy.clone().with_weak_name_limit(1_000);
        let world = world.with(policy);
        let decisions = world.decide();
        let known = world.links.iter().filter(|(object, _)| {
            !world.absent.contains(*object) || decisions.iter().any(|d| d.object == **object)
        });
        let held: BTreeSet<_> = known
            .map(|(_, asset)| *asset)
            .chain(decisions.iter().filter_map(|decision| decision.verdict.asset()))
            .collect();
        for decision in decisions {
            let Verdict::Matched(asset) = decision.verdict else { continue };
            let computer = world.computers.iter().find(|c| c.object == decision.object).unwrap();
            // Of all that the others left, it is the only one on the best level.
            let others: BTreeSet<_> = held.iter().copied().filter(|other| *other != asset).collect();
            let best = naive::best(&world, &others, computer);
            prop_assert_eq!(best.len(), 1);
            prop_assert_eq!(best[0].1, asset);
            prop_assert_eq!(decision.level, Some(best[0].0));
        }
    }

    #[test]
    fn a_second_run_decides_nothing_new(world in world(), (ambiguity, exclude) in any_policy()) {
        let policy = world.policy.clone().with_ambiguity(ambiguity).with_exclude_unknown(exclude);
        let mut world = world.with(policy);
        let first = world.decide();
        for decision in &first {
            for object in decision.succeeds() {
                world.links.remove(object);
            }
            if let Some(asset) = decision.verdict.asset() {
                world.links.insert(decision.object, asset);
            }
        }
        for (first, second) in first.iter().zip(world.decide()) {
            match (first.verdict, second.verdict) {
                (Verdict::Linked(a) | Verdict::Matched(a), Verdict::Linked(b)) => prop_assert_eq!(a, b),
                (Verdict::Create(a), Verdict::Linked(b)) => prop_assert_eq!(a, b),
                (before, after) => {
                    prop_assert_eq!(before, after);
                    prop_assert_eq!(first.reason.to_string(), second.reason.to_string());
                }
            }
        }
    }

    #[test]
    fn everything_is_explained(world in world(), (ambiguity, exclude) in any_policy()) {
        let policy = world.policy.clone().with_ambiguity(ambiguity).with_exclude_unknown(exclude);
        let world = world.with(policy);
        let decisions = world.decide();
        prop_assert_eq!(decisions.len(), world.computers.len());
        for decision in decisions {
            prop_assert!(!decision.reason.to_string().is_empty());
            for considered in decision.candidates() {
                let taken = Verdict::Matched(considered.asset) == decision.verdict;
                prop_assert_eq!(considered.lost_because.is_none(), taken);
            }
            let json = serde_json::to_string(&decision).unwrap();
            let back: Decision = serde_json::from_str(&json).unwrap();
            prop_assert_eq!(serde_json::to_string(&back).unwrap(), json);
            prop_assert_eq!(back.verdict, decision.verdict);
        }
    }
}
