//! Why an asset is what it is.

use std::fmt;

use serde::{Serialize, Serializer};

use super::precedence::{PERSON, why_before};
use super::preview::{origin, shown};
use super::standing::Standing;
use crate::asset::{
    Asset, Claim, ClaimField, ClaimValue, Claims, ClaimsVisitor, Constraint, Holding, Home,
    MatchProvenance, MergeRecord, Presence, SourceRecord, Version,
};
use crate::error::Printable;
use crate::task::MatchPolicy;
use crate::value::{AssetId, Attributes, MergeId, ObjectGuid, RunId, SiteId, SourceId, Timestamp};

/// Why one asset is what it is: every value with its source, run and time and what it replaced, the objects
/// tied to it, and what people decided. Serialises, and prints in words.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Explanation {
    /// The asset.
    pub asset: AssetId,
    /// How often it was written.
    pub version: Version,
    /// The site it belongs to.
    pub site: SiteId,
    /// What its sources are.
    pub parts: Vec<ExplainedRecord>,
    /// Every value of every field; names that no source has for it any more are among them.
    pub values: Vec<ExplainedValue>,
    /// What a table of support dates says of its operating system: see [`Asset::os_support`].
    #[serde(skip_serializing_if = "Attributes::is_empty")]
    pub system: Attributes,
    /// What people decided on it, or on an object that is tied to it, oldest first.
    pub decisions: Vec<Constraint>,
    /// Merges by people that it took part in, oldest first.
    #[serde(serialize_with = "merges_as_told")]
    pub merges: Vec<MergeRecord>,
}

/// One source's part of an asset.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[non_exhaustive]
pub struct ExplainedRecord {
    /// The number that values name it by.
    pub number: u32,
    /// The source.
    pub source: SourceId,
    /// The directory's object that is tied to the asset.
    pub object: Option<ObjectGuid>,
    /// What its attributes are filed under.
    pub key: String,
    /// How many attributes it has.
    pub attributes: usize,
    /// What the last read left out of it, an attribute and a reason each.
    pub left_out: Vec<String>,
    /// Whether the source still has it.
    pub presence: Presence,
    /// The run that last wrote it.
    pub run: Option<RunId>,
    /// When it was last written.
    pub written: Timestamp,
    /// How the object came to be tied to the asset.
    pub tie: Option<MatchProvenance>,
    /// The merge and the asset that it came with.
    pub came_by: Option<(MergeId, AssetId)>,
    /// Where the rules alone have it, if a person's decision has it here.
    pub home: Option<Home>,
}

/// One value, and where it comes from.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[non_exhaustive]
pub struct ExplainedValue {
    /// The field.
    pub field: &'static str,
    /// The value.
    pub value: String,
    /// Whether it is the asset's, or else kept beside one that goes before it, or a former one.
    pub holds: bool,
    /// The part that says so.
    pub part: u32,
    /// Its source.
    pub source: Option<SourceId>,
    /// The run that wrote it.
    pub run: Option<RunId>,
    /// Why it goes before the next value, where only one can hold and another source says another.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub why: Option<&'static str>,
    /// Since when.
    pub since: Timestamp,
    /// When the source ceased to say so.
    pub until: Option<Timestamp>,
    /// The asset's value that it took the place of.
    pub replaced: Option<String>,
}

/// A merge as it is serialised.
#[derive(Serialize)]
struct ToldMerge<'a> {
    id: MergeId,
    survivor: AssetId,
    others: Vec<AssetId>,
    by: &'a str,
    at: Timestamp,
    why: &'a str,
    undone: &'a Option<(Timestamp, String)>,
}

impl Explanation {
    /// Explains an asset under the usual policy, with all decisions and merges of its organization at hand.
    pub fn of(asset: &Asset, constraints: &[Constraint], merges: &[MergeRecord]) -> Self {
        Self::under(&MatchPolicy::default(), asset, constraints, merges)
    }

    /// The same under another policy.
    pub(crate) fn under(
        policy: &MatchPolicy,
        asset: &Asset,
        constraints: &[Constraint],
        merges: &[MergeRecord],
    ) -> Self {
        let view = View { merges };
        let mut values = Values { asset, policy, told: Vec::new() };
        asset.each_claims(&mut values);
        let standing = Standing::of(constraints, merges);
        let touches = |c: &&Constraint| {
            let is_on = c.asset == asset.id || standing.survivor(c.asset) == asset.id;
            c.stands() && (is_on || asset.part_of(&c.source, c.object).is_some())
        };
        let mut decisions: Vec<Constraint> = constraints.iter().filter(touches).cloned().collect();
        decisions.sort_by_key(|c| (c.at, c.object, c.kind));
        let involved = |record: &&MergeRecord| record.involves(asset.id);
        Self {
            asset: asset.id,
            version: asset.version,
            site: asset.site.clone(),
            parts: asset.parts.iter().map(|part| view.part(part)).collect(),
            values: values.told,
            system: asset.os_support(),
            decisions,
            merges: merges.iter().filter(involved).cloned().collect(),
        }
    }
}

impl<'a> ToldMerge<'a> {
    fn of(record: &'a MergeRecord) -> Self {
        let MergeRecord { id, survivor, by, at, why, undone, .. } = record;
        let others = record.others().collect();
        Self { id: *id, survivor: *survivor, others, by, at: *at, why, undone }
    }
}

/// A merge without the assets that it keeps.
pub(crate) fn merge_as_told<S: Serializer>(
    record: &MergeRecord,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    ToldMerge::of(record).serialize(serializer)
}

fn merges_as_told<S: Serializer>(
    records: &[MergeRecord],
    serializer: S,
) -> Result<S::Ok, S::Error> {
    serializer.collect_seq(records.iter().map(ToldMerge::of))
}

impl fmt::Display for Explanation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "asset {} of site {}, written {} times", self.asset, self.site, self.version)?;
        self.parts.iter().try_for_each(|part| writeln!(f, "  {part}"))?;
        self.values.iter().try_for_each(|value| writeln!(f, "  {value}"))?;
        for (name, value) in self.system.iter() {
            writeln!(f, "  system {name}: {}", Printable(value))?;
        }
        for decision in &self.decisions {
            writeln!(f, "  {decision}")?;
        }
        self.merges.iter().try_for_each(|merge| writeln!(f, "  {merge}"))
    }
}

impl fmt::Display for ExplainedRecord {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "part {}: {}", self.number, self.source)?;
        if let Some(object) = self.object {
            write!(f, ", object {object}")?;
        }
        let key = Printable(&self.key);
        write!(f, ", {} attributes under {key}, written {}", self.attributes, self.written)?;
        for left_out in &self.left_out {
            write!(f, ", left out of {}", Printable(left_out))?;
        }
        match self.presence {
            Presence::Present => {}
            Presence::Missing { since, .. } => write!(f, ", missing since {since}")?,
            Presence::Gone { since } => write!(f, ", gone since {since}")?,
        }
        if let Some(MatchProvenance { reason, run, at }) = &self.tie {
            write!(f, ", tied by run {run} at {at}: {}", Printable(reason))?;
        }
        match (self.came_by, self.home) {
            (Some((merge, asset)), _) => write!(f, ", came from asset {asset} by merge {merge}"),
            (None, Some(Home::Asset(asset))) => {
                write!(
                    f,
                    "; a person's decision has it here, the rules alone have it in asset {asset}"
                )
            }
            (None, Some(Home::Waiting)) => {
                f.write_str("; a person's decision has it here, by the rules alone it waits")
            }
            (None, None) => Ok(()),
        }
    }
}

impl fmt::Display for ExplainedValue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}: ", self.field, Printable(&self.value))?;
        write!(f, "{} says so since {}", origin(self.source.as_ref()), self.since)?;
        if let Some(until) = self.until {
            write!(f, ", until {until}")?;
        } else if !self.holds {
            f.write_str(", and another source goes before it")?;
        } else if let Some(why) = self.why {
            write!(f, ", and holds: {why}")?;
        }
        if let Some(replaced) = &self.replaced {
            write!(f, "; it replaced {}", Printable(replaced))?;
        }
        match self.run {
            Some(run) => write!(f, " (run {run})"),
            None => Ok(()),
        }
    }
}

struct View<'a> {
    merges: &'a [MergeRecord],
}

impl View<'_> {
    fn part(&self, part: &SourceRecord) -> ExplainedRecord {
        ExplainedRecord {
            number: part.number,
            source: part.source.clone(),
            object: part.object,
            key: part.key.clone(),
            attributes: part.attributes.by_name().len(),
            left_out: part.attributes.values("leftOut").map(str::to_owned).collect(),
            presence: part.presence,
            run: part.run,
            written: part.written,
            tie: part.tie.clone(),
            came_by: self.came_by(part),
            home: part.home,
        }
    }

    /// The latest merge that still holds and brought the part.
    fn came_by(&self, part: &SourceRecord) -> Option<(MergeId, AssetId)> {
        let home = part.home?.asset()?;
        let brought =
            |record: &&MergeRecord| record.stands() && record.others().any(|id| id == home);
        let record = self.merges.iter().rev().find(brought)?;
        Some((record.id, home))
    }
}

/// Tells every value of every field.
struct Values<'a> {
    asset: &'a Asset,
    policy: &'a MatchPolicy,
    told: Vec<ExplainedValue>,
}

impl ClaimsVisitor for Values<'_> {
    fn visit<T: ClaimValue>(&mut self, field: ClaimField, claims: &Claims<T>) {
        let told = claims.iter().map(|claim| ExplainedValue {
            field: field.one,
            value: shown(&claim.value),
            holds: field.holding.holds(claims, claim),
            part: claim.part,
            source: self.source(field, claim.part),
            run: claim.run,
            why: self.why(field, claims, claim),
            since: claim.since,
            until: claim.until,
            replaced: claim.replaced.as_ref().map(shown),
        });
        let told: Vec<ExplainedValue> = told.collect();
        self.told.extend(told);
    }
}

impl Values<'_> {
    /// Who says so: of what people say a person, whichever record it goes with.
    fn source(&self, field: ClaimField, part: u32) -> Option<SourceId> {
        if field.is_annotation() {
            return SourceId::new(PERSON, "curation").ok();
        }
        self.asset.part(part).map(|part| part.source.clone())
    }

    /// Why a claim holds, where another value stands behind it.
    fn why<T: ClaimValue>(
        &self,
        field: ClaimField,
        claims: &Claims<T>,
        claim: &Claim<T>,
    ) -> Option<&'static str> {
        let is_other = |other: &&Claim<T>| other.is_live() && other.value != claim.value;
        let next = claims.iter().find(is_other).filter(|_| field.holding.holds(claims, claim))?;
        match field.holding {
            Holding::First => {}
            Holding::Newest => return Some("it was said last"),
            Holding::All | Holding::Earliest | Holding::Latest => return None,
        }
        Some(why_before(self.asset, self.policy, claim.part, next.part))
    }
}
