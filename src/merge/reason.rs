//! Why a computer went where it went, and why an asset was not taken.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::{Evidence, Excluded, Level};
use crate::directory::AccountKind;
use crate::error::Printable;
use crate::name::{Hostname, Weakness, to_unicode};
use crate::os::OsFamily;
use crate::value::{AssetId, SourceId, Timestamp};

/// Why a computer went where it went. Prints, and serialises, as a sentence.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub(crate) enum Reason {
    /// The object is tied to the asset since an earlier run, whatever the names say now.
    Known,
    /// A person said that it is the asset.
    Decided {
        /// Who.
        by: String,
    },
    /// Names agree.
    Names(Box<Evidence>),
    /// Several assets fit equally well, and the task takes the one that was seen last.
    MostRecentlySeen {
        /// What speaks for all of them.
        evidence: Box<Evidence>,
        /// How many there are.
        assets: usize,
    },
    /// Several assets fit equally well. Waits for a person.
    Ambiguous {
        /// How well.
        level: Level,
        /// How many there are.
        assets: usize,
    },
    /// Another computer fits the asset as well: one of the directory from which nothing tells it apart or, where a bare
    /// short name is all that speaks for the asset, one of another directory. Waits for a person.
    Contested {
        /// How well both fit.
        level: Level,
        /// The other computer and, if it is not the same, its directory.
        by: String,
    },
    /// Another directory has the same object, by its objectGUID: it was moved from one domain of a forest to another.
    Moved {
        /// The other directory.
        from: SourceId,
    },
    /// It is tied to its asset since an earlier run, but several assets that came since fit it equally well. Stays where
    /// it is and waits for a person.
    Undecided {
        /// How well.
        level: Level,
        /// How many there are.
        assets: usize,
    },
    /// It is none of the assets, so it becomes a new one.
    Unmatched(Unmatched),
    /// It is none of the assets, and the task leaves those out.
    LeftOut(Unmatched),
    /// It is no machine.
    NotAHost(AccountKind),
    /// The task leaves out computers like it.
    Excluded(Excluded),
    /// It fits an asset, but another computer that was not read might fit it better.
    AwaitsCompleteRead,
    /// The sentence of a reason that was stored.
    Recorded(String),
}

/// Why a computer is none of the assets.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub(crate) enum Unmatched {
    /// It has no host name at all.
    NoName,
    /// No asset has one of its names.
    NoAsset,
    /// It has names that are no evidence, and no asset has one of the others.
    Weak(Vec<WeakName>),
    /// It may be an asset that is there, but has no name in common with it that is evidence: others have it as well.
    Common(Vec<WeakName>),
    /// Assets have one of its names, but something speaks against each of them.
    NothingFits,
    /// The asset that fits is tied to another computer of the directory already.
    Held {
        /// The asset.
        asset: AssetId,
        /// The other computer.
        by: String,
    },
    /// Another computer of the directory fits the asset better.
    Outranked {
        /// The asset.
        asset: AssetId,
        /// The other computer.
        by: String,
        /// In what.
        because: Outranked,
    },
    /// Several assets fit equally well, and the task has a new one created then.
    Ambiguous {
        /// How well.
        level: Level,
        /// How many there are.
        assets: usize,
    },
}

/// In what one of two computers that fit the same asset goes before the other.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub(crate) enum Outranked {
    /// Its names fit on this better level.
    Level(Level),
    /// The other is the loser of a replication conflict.
    NoConflict,
    /// It is enabled, the other is not.
    Enabled,
    /// It was used more recently.
    UsedLater,
}

/// A name of a computer that is no evidence.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub(crate) enum WeakName {
    /// Any host could have it.
    Weak(Hostname, Weakness),
    /// More assets or computers have it than the task allows.
    Shared {
        /// The name, fully qualified or short.
        name: String,
        /// How many assets have it.
        assets: usize,
        /// How many computers of the directory have it.
        computers: usize,
        /// How many may.
        limit: usize,
    },
    /// The computer has it beside its own, and so has another computer of the directory.
    Alias {
        /// The name.
        name: Hostname,
        /// How many computers of the directory have it.
        computers: usize,
    },
    /// More than one longer name begins with these 15 characters.
    Beginning(String),
}

/// Why an asset that was considered was not taken. Prints, and serialises, as a sentence.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub(crate) enum LostBecause {
    /// Another asset fits on this better level.
    LowerLevel(Level),
    /// It belongs to a domain that is not the computer's.
    AnotherDomain(String),
    /// The names are alike, but none of them is evidence.
    NoEvidence,
    /// A person said that they are not the same.
    Separated {
        /// Who.
        by: String,
    },
    /// It is tied to another computer of the directory already.
    Held {
        /// The other computer.
        by: String,
    },
    /// Another computer of the directory fits it better.
    Outranked {
        /// The other computer.
        by: String,
        /// In what.
        because: Outranked,
    },
    /// Another computer fits as well: one of the directory, or one of another that has the bare short name, too.
    Contested {
        /// The other computer and, if it is not the same, its directory.
        by: String,
    },
    /// A person said that it is a computer of another directory, which has the bare short name, too, and fits as well.
    Settled {
        /// Who.
        by: String,
        /// The other computer and its directory.
        computer: String,
    },
    /// Its operating system is of another family.
    OtherSystem {
        /// The computer's.
        own: OsFamily,
        /// The asset's.
        theirs: OsFamily,
    },
    /// Another source saw it long after the computer's last sign of life.
    SeenSince {
        /// When the computer last logged on or changed its password.
        last_used: Option<Timestamp>,
        /// When the asset was seen.
        seen: Option<Timestamp>,
    },
    /// It has a computer with a security identifier that this one had before. Whoever may write `sIDHistory` could make
    /// it say so, so that this alone ties nothing.
    FormerIdentity {
        /// The identifier.
        sid: String,
    },
    /// As many other assets fit equally well.
    Ambiguous {
        /// How many.
        others: usize,
    },
    /// Another asset that fits equally well was seen later.
    SeenEarlier,
    /// The sentence of a reason that was stored.
    Recorded(String),
}

impl Reason {
    /// It in one word.
    pub(super) fn code(&self) -> &'static str {
        match self {
            Self::Known => "known",
            Self::Decided { .. } => "decided",
            Self::Names(_) => "names",
            Self::MostRecentlySeen { .. } => "most_recently_seen",
            Self::Ambiguous { .. } => "ambiguous",
            Self::Contested { .. } => "contested",
            Self::Moved { .. } => "moved",
            Self::Undecided { .. } => "undecided",
            Self::Unmatched(why) | Self::LeftOut(why) => why.code(),
            Self::NotAHost(_) => "not_a_host",
            Self::Excluded(_) => "excluded",
            Self::AwaitsCompleteRead => "awaits_complete_read",
            Self::Recorded(_) => "recorded",
        }
    }
}

impl Unmatched {
    fn code(&self) -> &'static str {
        match self {
            Self::NoName => "no_name",
            Self::NoAsset => "no_asset",
            Self::Weak(_) => "weak_names",
            Self::Common(_) => "common_names",
            Self::NothingFits => "nothing_fits",
            Self::Held { .. } => "held",
            Self::Outranked { .. } => "outranked",
            Self::Ambiguous { .. } => "ambiguous",
        }
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Known => f.write_str("it is tied to this asset since an earlier run"),
            Self::Decided { by } => write!(f, "{} decided that it is this asset", Printable(by)),
            Self::Names(evidence) => evidence.fmt(f),
            Self::MostRecentlySeen { evidence, assets } => {
                write!(f, "{evidence}; of {assets} assets that fit equally well, this one was seen most recently")
            }
            Self::Ambiguous { level, assets } => {
                write!(f, "{assets} assets fit it equally well, by {level}; a person must decide which it is")
            }
            Self::Contested { level, by } => write!(
                f,
                "an asset fits it by {level} alone, and {} fits that asset as well; a person must decide which it is",
                Printable(by)
            ),
            Self::Moved { from } => {
                write!(f, "{from} has the same object: it was moved from one domain to another")
            }
            Self::Undecided { level, assets } => write!(
                f,
                "it stays where it is, but {assets} assets that came since fit it equally well, by {level}; a person must \
                 decide which it is"
            ),
            Self::Unmatched(why) => why.fmt(f),
            Self::LeftOut(why) => write!(f, "{why}; computers that match no asset are left out"),
            Self::NotAHost(AccountKind::Trust) => {
                f.write_str("it stands for another domain, not for a machine")
            }
            Self::NotAHost(AccountKind::ClusterName) => {
                f.write_str("it is the name of a cluster, not a machine")
            }
            Self::NotAHost(AccountKind::Cloud) => {
                f.write_str("it stands for a cloud service, not for a machine")
            }
            Self::NotAHost(_) => f.write_str("it is a managed service account, not a machine"),
            Self::Excluded(why) => write!(f, "{why}, and the task leaves such computers out"),
            Self::AwaitsCompleteRead => f.write_str(
                "the read was incomplete: a computer that was not read may fit the asset better, so this one waits",
            ),
            Self::Recorded(text) => f.write_str(text),
        }
    }
}

impl fmt::Display for Unmatched {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoName => f.write_str("it has no host name to look for"),
            Self::NoAsset => f.write_str("no asset has one of its names"),
            Self::Weak(names) => {
                f.write_str("no asset shares a distinctive name with it: ")?;
                write_names(f, names)
            }
            Self::Common(names) => {
                f.write_str("it may be an asset that is there, but not by a distinctive name: ")?;
                write_names(f, names)
            }
            Self::NothingFits => {
                f.write_str("assets have a name like it, but something speaks against each of them")
            }
            Self::Held { asset, by } => {
                let by = Printable(by);
                write!(
                    f,
                    "the asset that fits, {asset}, is tied to another computer of this directory, {by}"
                )
            }
            Self::Outranked { asset, by, because } => {
                let by = Printable(by);
                write!(
                    f,
                    "another computer of this directory, {by}, fits asset {asset} better: {because}"
                )
            }
            Self::Ambiguous { level, assets } => {
                write!(f, "{assets} assets fit it equally well, by {level}")
            }
        }
    }
}

fn write_names(f: &mut fmt::Formatter<'_>, names: &[WeakName]) -> fmt::Result {
    for (n, name) in names.iter().enumerate() {
        write!(f, "{}{name}", if n == 0 { "" } else { "; " })?;
    }
    Ok(())
}

impl fmt::Display for Outranked {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Level(level) => write!(f, "it fits by {level}"),
            Self::NoConflict => f.write_str("this one is the loser of a replication conflict"),
            Self::Enabled => f.write_str("it is enabled"),
            Self::UsedLater => f.write_str("it was used more recently"),
        }
    }
}

impl fmt::Display for WeakName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Weak(name, weakness) => write!(f, "{name} is {weakness}"),
            Self::Shared { name, assets, computers, limit } => {
                let kind = if name.contains('.') { "FQDN" } else { "short name" };
                let (count, what) =
                    if assets > limit { (assets, "assets") } else { (computers, "computers") };
                let name = to_unicode(name);
                write!(f, "the {kind} {name} is shared by {count} {what}, more than {limit}")
            }
            Self::Alias { name, computers } => {
                write!(
                    f,
                    "{name} is a second name that {computers} computers of the directory have"
                )
            }
            Self::Beginning(cut) => {
                let cut = to_unicode(cut);
                write!(f, "{cut} is the beginning of more than one longer name")
            }
        }
    }
}

impl fmt::Display for LostBecause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::LowerLevel(level) => write!(f, "another asset fits better, by {level}"),
            Self::AnotherDomain(domain) => {
                write!(f, "it belongs to another domain, {}", Printable(&to_unicode(domain)))
            }
            Self::NoEvidence => f.write_str("the names are alike, but not the same"),
            Self::Separated { by } => {
                write!(f, "{} decided that they are not the same", Printable(by))
            }
            Self::Held { by } => {
                write!(f, "it is tied to another computer of this directory, {}", Printable(by))
            }
            Self::Outranked { by, because } => {
                let by = Printable(by);
                write!(f, "another computer of this directory, {by}, fits it better: {because}")
            }
            Self::Contested { by } => write!(f, "{} fits it as well", Printable(by)),
            Self::Settled { by, computer } => {
                write!(f, "{} decided that it is {}", Printable(by), Printable(computer))
            }
            Self::OtherSystem { own, theirs } => {
                write!(f, "it runs {}, and the computer {}", theirs.as_str(), own.as_str())
            }
            Self::SeenSince { last_used, seen } => {
                f.write_str("it was seen")?;
                if let Some(seen) = seen {
                    write!(f, " on {}", seen.date())?;
                }
                f.write_str(", long after the computer's last sign of life")?;
                last_used.map_or(Ok(()), |used| write!(f, " on {}", used.date()))
            }
            Self::FormerIdentity { sid } => {
                write!(
                    f,
                    "its computer has a SID that this one had before, {}, which alone ties nothing",
                    Printable(sid)
                )
            }
            Self::Ambiguous { others: 1 } => f.write_str("another asset fits equally well"),
            Self::Ambiguous { others } => write!(f, "{others} other assets fit equally well"),
            Self::SeenEarlier => {
                f.write_str("another asset that fits equally well was seen more recently")
            }
            Self::Recorded(text) => f.write_str(text),
        }
    }
}

macro_rules! serde_as_sentence {
    ($($name:ident),*) => {$(
        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                String::deserialize(deserializer).map(Self::Recorded)
            }
        }
    )*};
}

serde_as_sentence!(Reason, LostBecause);

#[cfg(test)]
mod tests {
    use super::*;

    fn host(name: &str) -> Hostname {
        Hostname::parse(name).unwrap()
    }

    fn asset() -> AssetId {
        AssetId::from_u128(7)
    }

    fn anna() -> String {
        "anna".to_owned()
    }

    #[test]
    fn each_reason_has_its_word_and_its_sentence() {
        let (level, assets, by) = (Level::Short, 2, anna);
        let evidence = || Evidence::Full { name: host("web1.corp.example") };
        let from = SourceId::new("ldap", "eu.example").unwrap();
        for (reason, code, sentence) in [
            (Reason::Known, "known", "it is tied to this asset since an earlier run"),
            (Reason::Decided { by: by() }, "decided", "anna decided that it is this asset"),
            (
                Reason::Names(evidence().into()),
                "names",
                "its FQDN web1.corp.example is a name of this asset",
            ),
            (
                Reason::MostRecentlySeen { evidence: evidence().into(), assets },
                "most_recently_seen",
                "its FQDN web1.corp.example is a name of this asset; of 2 assets that fit equally well, this one was seen \
                 most recently",
            ),
            (
                Reason::Ambiguous { level, assets },
                "ambiguous",
                "2 assets fit it equally well, by the same short name; a person must decide which it is",
            ),
            (
                Reason::Contested { level, by: by() },
                "contested",
                "an asset fits it by the same short name alone, and anna fits that asset as well; a person must decide \
                 which it is",
            ),
            (
                Reason::Moved { from },
                "moved",
                "ldap/eu.example has the same object: it was moved from one domain to another",
            ),
            (
                Reason::Undecided { level, assets },
                "undecided",
                "it stays where it is, but 2 assets that came since fit it equally well, by the same short name; a person \
                 must decide which it is",
            ),
            (
                Reason::NotAHost(AccountKind::Trust),
                "not_a_host",
                "it stands for another domain, not for a machine",
            ),
            (
                Reason::NotAHost(AccountKind::ClusterName),
                "not_a_host",
                "it is the name of a cluster, not a machine",
            ),
            (
                Reason::NotAHost(AccountKind::Cloud),
                "not_a_host",
                "it stands for a cloud service, not for a machine",
            ),
            (
                Reason::NotAHost(AccountKind::ManagedService),
                "not_a_host",
                "it is a managed service account, not a machine",
            ),
            (
                Reason::AwaitsCompleteRead,
                "awaits_complete_read",
                "the read was incomplete: a computer that was not read may fit the asset better, so this one waits",
            ),
            (Reason::Recorded("so".to_owned()), "recorded", "so"),
        ] {
            assert_eq!((reason.code(), reason.to_string().as_str()), (code, sentence));
        }
        let excluded = Reason::Excluded(Excluded::Disabled);
        assert_eq!(excluded.code(), "excluded");
        assert!(excluded.to_string().ends_with(", and the task leaves such computers out"));
    }

    #[test]
    fn why_a_computer_is_none_of_the_assets_is_told_alike_of_a_new_one_and_of_one_that_is_left_out()
    {
        let weak =
            || vec![WeakName::Beginning("a".to_owned()), WeakName::Beginning("b".to_owned())];
        let asset = asset();
        for (why, code, sentence) in [
            (Unmatched::NoName, "no_name", "it has no host name to look for"),
            (Unmatched::NoAsset, "no_asset", "no asset has one of its names"),
            (
                Unmatched::Weak(weak()),
                "weak_names",
                "no asset shares a distinctive name with it: a is the beginning of more than one longer name; b is the \
                 beginning of more than one longer name",
            ),
            (
                Unmatched::Common(weak()),
                "common_names",
                "it may be an asset that is there, but not by a distinctive name: a is the beginning of more than one \
                 longer name; b is the beginning of more than one longer name",
            ),
            (
                Unmatched::NothingFits,
                "nothing_fits",
                "assets have a name like it, but something speaks against each of them",
            ),
            (
                Unmatched::Held { asset, by: anna() },
                "held",
                "the asset that fits, 00000000-0000-0000-0000-000000000007, is tied to another computer of this \
                 directory, anna",
            ),
            (
                Unmatched::Outranked { asset, by: anna(), because: Outranked::Enabled },
                "outranked",
                "another computer of this directory, anna, fits asset 00000000-0000-0000-0000-000000000007 better: it \
                 is enabled",
            ),
            (
                Unmatched::Ambiguous { level: Level::Full, assets: 3 },
                "ambiguous",
                "3 assets fit it equally well, by the same FQDN",
            ),
        ] {
            let (new, left_out) = (Reason::Unmatched(why.clone()), Reason::LeftOut(why));
            assert_eq!((new.code(), left_out.code()), (code, code));
            assert_eq!(new.to_string(), sentence);
            assert_eq!(
                left_out.to_string(),
                format!("{sentence}; computers that match no asset are left out")
            );
        }
    }

    #[test]
    fn what_goes_before_another_computer_and_what_is_no_evidence_is_said_in_words() {
        for (outranked, sentence) in [
            (Outranked::Level(Level::Full), "it fits by the same FQDN"),
            (Outranked::NoConflict, "this one is the loser of a replication conflict"),
            (Outranked::Enabled, "it is enabled"),
            (Outranked::UsedLater, "it was used more recently"),
        ] {
            assert_eq!(outranked.to_string(), sentence);
        }
        let shared = |name: &str, assets, computers| {
            let name = name.to_owned();
            WeakName::Shared { name, assets, computers, limit: 5 }
        };
        for (weak, sentence) in [
            (WeakName::Weak(host("pc"), Weakness::Generic), "pc is a word for any machine"),
            (
                WeakName::Alias { name: host("lb.corp.example"), computers: 2 },
                "lb.corp.example is a second name that 2 computers of the directory have",
            ),
            // Of both the assets are told, where these are too many.
            (shared("web1", 6, 7), "the short name web1 is shared by 6 assets, more than 5"),
            (shared("web1", 5, 7), "the short name web1 is shared by 7 computers, more than 5"),
            (shared("web1", 4, 7), "the short name web1 is shared by 7 computers, more than 5"),
            (shared("web1.lan", 9, 0), "the FQDN web1.lan is shared by 9 assets, more than 5"),
        ] {
            assert_eq!(weak.to_string(), sentence);
        }
    }
}
