//! The inventory in tables of PostgreSQL: every method that `AssetRepository` requires, and none that it does not.

use std::collections::BTreeSet;

use async_trait::async_trait;
use futures::stream::{self, BoxStream, StreamExt};
use ldap_inventory::asset::*;
use ldap_inventory::name::MatchKey;
use ldap_inventory::store::LeaseState;
use ldap_inventory::value::*;
use ldap_inventory::{Error, ErrorKind, Result, Retry};
use serde::{Serialize, de::DeserializeOwned};
use sqlx::postgres::{PgPool, PgTransaction};
use sqlx::types::Json;

trait Record: DeserializeOwned + Send + Unpin + 'static {}
impl<T: DeserializeOwned + Send + Unpin + 'static> Record for T {}

type Found<T> = Result<Vec<T>>;
type Stream<T> = Result<BoxStream<'static, Result<T>>>;

/// What else a record is found by: when it happened, and where a link leads.
type Place = (i64, Option<[u8; 16]>);
const NOWHERE: Place = (0, None);

/// The records whose documents a statement yields.
macro_rules! find {
    ($on:expr, $sql:literal $(, $value:expr)*) => {
        sqlx::query_scalar($sql)$(.bind($value))*.fetch_all($on).await.map_err(failed)
            .map(|found| found.into_iter().map(|Json(record)| record).collect())
    };
}

/// How many rows a statement changed.
macro_rules! execute {
    ($t:expr, $sql:literal $(, $value:expr)*) => {
        sqlx::query($sql)$(.bind($value))*.execute(&mut *$t).await.map_err(failed)?.rows_affected()
    };
}

/// A record as text: what is bound as JSON goes by `jsonb`, which has no NUL.
fn document(record: &impl Serialize) -> Result<String> {
    serde_json::to_string(record).map_err(|error| failed(sqlx::Error::Encode(error.into())))
}

#[derive(Clone, Debug)]
pub struct Relational(PgPool);

impl Relational {
    /// Makes the tables that are missing.
    pub async fn open(pool: PgPool) -> Result<Self> {
        sqlx::raw_sql(include_str!("schema.sql")).execute(&pool).await.map_err(failed)?;
        Ok(Self(pool))
    }

    /// Whoever writes to an organization waits here for its turn.
    async fn begin(&self, o: &OrganizationId) -> Result<Writer> {
        let mut t = self.0.begin().await.map_err(failed)?;
        execute! { t, "SELECT pg_advisory_xact_lock(hashtextextended($1, 0))", o.as_str() };
        Ok(Writer { t, o: o.clone() })
    }

    /// The records of a kind, of one source or of all, with these keys or with any.
    async fn records<T: Record>(
        &self,
        o: &OrganizationId,
        kind: &str,
        source: Option<&SourceId>,
        keys: Option<Vec<[u8; 16]>>,
        after: Option<&ObjectKey>,
    ) -> Found<T> {
        let after = after.map(|key| (key.source.as_str(), key.object.as_bytes())).unzip();
        find! { &self.0, "SELECT document FROM records WHERE organization = $1 AND kind = $2
        AND ($3 IS NULL OR source = $3) AND ($4 IS NULL OR key = ANY($4))
        AND ($5 IS NULL OR (source, key) > ($5, $6)) ORDER BY at, source, key",
        o.as_str(), kind, source.map(SourceId::as_str), keys, after.0, after.1 }
    }

    async fn principals<T: Record>(&self, kind: &str, request: PrincipalsRequest) -> Stream<T> {
        let PrincipalsRequest { organization: o, source, after, objects, .. } = request;
        let objects = objects.map(guids);
        self.records(&o, kind, source.as_ref(), objects, after.as_ref()).await.map(all)
    }
}

#[async_trait]
impl AssetRepository for Relational {
    async fn links(&self, request: LinksRequest) -> Stream<Link> {
        let LinksRequest { organization: o, source, objects, .. } = request;
        self.records(&o, "link", Some(&source), objects.map(guids), None).await.map(all)
    }

    async fn each_asset(&self, request: AssetsRequest) -> Stream<Asset> {
        let ids = request.ids.map(|ids| ids.into_iter().map(bytes).collect::<Vec<_>>());
        let found = find! { &self.0, "SELECT document FROM assets WHERE organization = $1
        AND ($2 IS NULL OR id = ANY($2)) AND ($3 IS NULL OR id > $3) ORDER BY id",
        request.organization.as_str(), ids, request.after.map(bytes) };
        found.map(all)
    }

    async fn each_user(&self, request: PrincipalsRequest) -> Stream<DirectoryUser> {
        self.principals("user", request).await
    }

    async fn each_group(&self, request: PrincipalsRequest) -> Stream<DirectoryGroup> {
        self.principals("group", request).await
    }

    async fn candidates(&self, o: &OrganizationId, keys: &[MatchKey]) -> Found<Asset> {
        let keys: Vec<&str> = keys.iter().map(MatchKey::as_str).collect();
        find! { &self.0, "SELECT document FROM assets WHERE organization = $1 AND keys && $2",
        o.as_str(), keys }
    }

    async fn redirects(&self, o: &OrganizationId, ids: &[AssetId]) -> Found<Redirect> {
        self.records(o, "redirect", None, Some(ids.iter().copied().map(bytes).collect()), None)
            .await
    }

    async fn waiting(&self, o: &OrganizationId) -> Found<Waiting> {
        self.records(o, "waiting", None, None, None).await
    }

    async fn sources(&self, o: &OrganizationId) -> Result<Vec<SourceId>> {
        let sql = "SELECT DISTINCT source FROM records WHERE organization = $1 AND kind = 'link'";
        let rows = sqlx::query_scalar::<_, String>(sql).bind(o.as_str());
        let rows = rows.fetch_all(&self.0).await.map_err(failed)?;
        rows.into_iter().map(|source| source.parse()).collect()
    }

    async fn constraints(&self, o: &OrganizationId) -> Found<Constraint> {
        self.records(o, "constraint", None, None, None).await
    }

    async fn merges(&self, o: &OrganizationId) -> Found<MergeRecord> {
        self.records(o, "merge", None, None, None).await
    }

    async fn checkpoint(
        &self,
        o: &OrganizationId,
        s: &SourceId,
        key: RecordDigest,
    ) -> Result<Option<Checkpoint>> {
        Ok(self.records(o, "checkpoint", Some(s), Some(vec![key.0]), None).await?.pop())
    }

    async fn runs(&self, o: &OrganizationId, s: &SourceId, n: usize) -> Found<RunRecord> {
        find! { &self.0, "SELECT document FROM records WHERE organization = $1 AND kind = 'run'
        AND source = $2 ORDER BY at DESC, key DESC LIMIT $3",
        o.as_str(), s.as_str(), i64::try_from(n).unwrap_or(i64::MAX) }
    }

    async fn acquire_lease(&self, request: LeaseRequest) -> Result<Lease> {
        let mut writer = self.begin(&request.organization).await?;
        let mut leases = writer.leases(&request.source).await?;
        let lease = leases.acquire(&request)?;
        writer.end(&request.source, &leases).await?;
        Ok(lease)
    }

    async fn release_lease(&self, o: &OrganizationId, s: &SourceId, holder: RunId) -> Result<()> {
        let mut writer = self.begin(o).await?;
        let mut leases = writer.leases(s).await?;
        leases.release(holder);
        writer.end(s, &leases).await
    }

    async fn commit(&self, batch: Batch) -> Result<CommitOutcome> {
        batch.validate()?;
        let mut writer = self.begin(&batch.organization).await?;
        // A batch's id is used up only once.
        let entered = execute! { writer.t, "INSERT INTO batches VALUES ($1, $2) ON CONFLICT DO NOTHING",
        batch.organization.as_str(), batch.id.as_u128().to_be_bytes() };
        if entered == 0 {
            return Ok(CommitOutcome::AlreadyApplied);
        }
        if let Some(token) = batch.lease {
            writer.leases(&batch.source).await?.check(&batch.source, token)?;
        }
        let (own, mut conflicts) = (batch.source.as_str(), BTreeSet::new());
        for change in &batch.changes {
            conflicts.extend(writer.make(own, change).await?);
        }
        if !conflicts.is_empty() {
            return Ok(CommitOutcome::Conflict(conflicts.into_iter().collect()));
        }
        // Links that lead nowhere any more go.
        let removed = batch.changes.iter().filter_map(|change| match change {
            Change::RemoveAsset { id, .. } => Some(bytes(*id)),
            _ => None,
        });
        execute! { writer.t, "DELETE FROM records r WHERE organization = $1 AND asset = ANY($2)
        AND NOT EXISTS (SELECT FROM assets WHERE organization = $1 AND id = r.asset)",
        batch.organization.as_str(), removed.collect::<Vec<_>>() };
        if let Some(checkpoint) = &batch.checkpoint {
            writer.put("checkpoint", own, &checkpoint.key.0, NOWHERE, checkpoint).await?;
        }
        if let Some(run) = &batch.run {
            let (id, at) = (run.id.as_u128().to_be_bytes(), run.started.as_micros());
            writer.put("run", own, &id, (at, None), run).await?;
        }
        writer.t.commit().await.map_err(failed)?;
        Ok(CommitOutcome::Applied)
    }
}

struct Writer {
    t: PgTransaction<'static>,
    o: OrganizationId,
}

impl Writer {
    /// Makes a change. The asset that is not at the expected version, if it is about one.
    async fn make(&mut self, own: &str, change: &Change) -> Result<Option<AssetId>> {
        match change {
            Change::PutAsset { expected, asset, .. } => return self.put_asset(*expected, asset).await,
            Change::RemoveAsset { id: from, expected: version, to } => {
                if let Some(to) = *to {
                    let redirect = Redirect::new(*from, *version, to);
                    self.put("redirect", "", &bytes(*from), NOWHERE, &redirect).await?;
                }
                let removed = execute! { self.t, "DELETE FROM assets
                WHERE organization = $1 AND id = $2 AND version = $3",
                self.o.as_str(), bytes(*from), version.cast_signed() };
                return Ok((removed == 0).then_some(*from));
            }
            Change::PutLink { link, .. } => self.put_link(own, link).await?,
            Change::MoveLink { source: s, object: id, asset, home } => {
                if let Some(mut link) = self.get::<Link>("link", s.as_str(), id.as_bytes()).await? {
                    (link.asset, link.home) = (*asset, *home);
                    self.put_link(s.as_str(), &link).await?;
                }
            }
            Change::NoteSighting { object, seen } => {
                if let Some(mut link) = self.get::<Link>("link", own, object.as_bytes()).await? {
                    link.seen = Some(seen.clone());
                    self.put_link(own, &link).await?;
                }
            }
            Change::PutWaiting(it) => {
                self.put("waiting", it.source.as_str(), it.object.as_bytes(), NOWHERE, it).await?;
            }
            Change::RemoveWaiting { source, object } => {
                self.delete(&["waiting"], source.as_str(), object.as_bytes()).await?;
            }
            Change::PutUser(it) => self.put("user", own, it.object.as_bytes(), NOWHERE, it).await?,
            Change::PutGroup(it) => {
                self.put("group", own, it.object.as_bytes(), NOWHERE, it).await?
            }
            Change::RemoveObject { source: s, object: id } => {
                self.delete(&["link", "waiting", "user", "group"], s.as_str(), id.as_bytes())
                    .await?;
            }
            Change::PutConstraint(it) => {
                self.put("constraint", it.source.as_str(), &key(it), NOWHERE, it).await?;
            }
            Change::RemoveConstraint(it) => {
                self.delete(&["constraint"], it.source.as_str(), &key(it)).await?
            }
            Change::PutMerge(it) => {
                let (id, at) = (it.id.as_u128().to_be_bytes(), it.at.as_micros());
                self.put("merge", "", &id, (at, None), it).await?;
            }
            // A change of a later version of the crate: better refused than half done.
            _ => return Err(Error::new(ErrorKind::Store, "this store knows no such change")),
        }
        Ok(None)
    }

    async fn put_asset(&mut self, expected: Option<u64>, asset: &Asset) -> Result<Option<AssetId>> {
        let (id, version) = (bytes(asset.id), asset.version.cast_signed());
        let keys: Vec<String> = asset.match_keys().iter().map(ToString::to_string).collect();
        let written = execute! { self.t, "INSERT INTO assets SELECT $1, $2, $3, $4::json, $5
        WHERE $6 IS NULL OR EXISTS (SELECT FROM assets WHERE organization = $1 AND id = $2)
        ON CONFLICT (organization, id) DO UPDATE SET version = $3, document = $4::json, keys = $5
        WHERE assets.version = $6",
        self.o.as_str(), id, version, document(asset)?, keys, expected.map(u64::cast_signed) };
        self.delete(&["redirect"], "", &id).await?;
        Ok((written == 0).then_some(asset.id))
    }

    async fn put_link(&mut self, source: &str, link: &Link) -> Result<()> {
        let place = (i64::from(link.home.is_some()), link.asset.map(bytes));
        self.put("link", source, link.object.as_bytes(), place, link).await
    }

    async fn put(
        &mut self,
        kind: &str,
        source: &str,
        key: &[u8],
        (at, asset): Place,
        record: &(impl Serialize + Sync),
    ) -> Result<()> {
        execute! { self.t, "INSERT INTO records VALUES ($1, $2, $3, $4, $5, $6, $7::json)
        ON CONFLICT (organization, kind, source, key)
        DO UPDATE SET at = $5, asset = $6, document = $7::json",
        self.o.as_str(), kind, source, key, at, asset, document(record)? };
        Ok(())
    }

    async fn get<T: Record>(&mut self, kind: &str, source: &str, key: &[u8]) -> Result<Option<T>> {
        let found: Found<T> = find! { &mut *self.t, "SELECT document FROM records
        WHERE organization = $1 AND kind = $2 AND source = $3 AND key = $4",
        self.o.as_str(), kind, source, key };
        Ok(found?.pop())
    }

    async fn leases(&mut self, source: &SourceId) -> Result<LeaseState> {
        Ok(self.get("lease", source.as_str(), &[]).await?.unwrap_or_default())
    }

    async fn end(mut self, source: &SourceId, leases: &LeaseState) -> Result<()> {
        self.put("lease", source.as_str(), &[], NOWHERE, leases).await?;
        self.t.commit().await.map_err(failed)
    }

    async fn delete(&mut self, kinds: &[&str], source: &str, key: &[u8]) -> Result<()> {
        execute! { self.t, "DELETE FROM records
        WHERE organization = $1 AND kind = ANY($2) AND source = $3 AND key = $4",
        self.o.as_str(), kinds, source, key };
        Ok(())
    }
}

/// This host's inventories fit into its memory; one whose do not reads page by page, by `after`.
fn all<T: Send + 'static>(found: Vec<T>) -> BoxStream<'static, Result<T>> {
    stream::iter(found.into_iter().map(Ok)).boxed()
}

fn bytes(id: AssetId) -> [u8; 16] {
    id.as_u128().to_be_bytes()
}

fn guids(objects: Vec<ObjectGuid>) -> Vec<[u8; 16]> {
    objects.iter().map(|object| *object.as_bytes()).collect()
}

/// What a constraint is unique by within its source.
fn key(c: &Constraint) -> Vec<u8> {
    [c.object.as_bytes(), &bytes(c.asset), format!("{:?}", c.kind).as_bytes()].concat()
}

fn failed(error: sqlx::Error) -> Error {
    let passes = matches!(error, sqlx::Error::Io(_) | sqlx::Error::PoolTimedOut);
    let retry = if passes { Retry::Transient } else { Retry::Never };
    Error::new(ErrorKind::Store, "the database failed").with_source(error).with_retry(retry)
}
