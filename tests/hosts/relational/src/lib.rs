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

/// What documents hold.
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
        sqlx::query_scalar($sql)$(.bind($value))*.fetch_all($on).await.map_err(failed).map(unwrapped)
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
    serde_json::to_string(record).map_err(|cause| {
        Error::new(ErrorKind::Store, "a record cannot be written as JSON").with_source(cause)
    })
}

#[derive(Clone, Debug)]
pub struct Relational {
    pool: PgPool,
}

impl Relational {
    /// Makes the tables that are missing.
    pub async fn open(pool: PgPool) -> Result<Self> {
        sqlx::raw_sql(include_str!("schema.sql")).execute(&pool).await.map_err(failed)?;
        Ok(Self { pool })
    }

    /// Whoever writes to an organization waits here for its turn.
    async fn begin(&self, o: &OrganizationId) -> Result<Writer> {
        let mut t = self.pool.begin().await.map_err(failed)?;
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
    ) -> Found<T> {
        find! { &self.pool, "SELECT document FROM records WHERE organization = $1 AND kind = $2
        AND ($3 IS NULL OR source = $3) AND ($4 IS NULL OR key = ANY($4)) ORDER BY at, key",
        o.as_str(), kind, source.map(SourceId::as_str), keys }
    }

    /// The users or groups that a request asks for, in order.
    async fn principals<T: Record>(&self, kind: &str, request: PrincipalsRequest) -> Stream<T> {
        let source = request.source.as_ref().map(SourceId::as_str);
        let after = request.after.as_ref();
        let after = after.map(|key| (key.source.as_str(), key.object.as_bytes())).unzip();
        let found = find! { &self.pool, "SELECT document FROM records
            WHERE organization = $1 AND kind = $2 AND ($3 IS NULL OR source = $3)
            AND ($4 IS NULL OR (source, key) > ($4, $5)) ORDER BY source, key",
        request.organization.as_str(), kind, source, after.0, after.1 };
        found.map(all)
    }
}

#[async_trait]
impl AssetRepository for Relational {
    async fn links(&self, request: LinksRequest) -> Stream<Link> {
        let objects = request.objects.as_deref().map(guids);
        let source = Some(&request.source);
        self.records(&request.organization, "link", source, objects).await.map(all)
    }

    async fn each_asset(&self, request: AssetsRequest) -> Stream<Asset> {
        let found = find! { &self.pool, "SELECT document FROM assets
        WHERE organization = $1 AND ($2 IS NULL OR id > $2) ORDER BY id",
        request.organization.as_str(), request.after.map(bytes) };
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
        find! { &self.pool, "SELECT document FROM assets WHERE organization = $1 AND id IN
        (SELECT asset FROM match_keys WHERE organization = $1 AND key = ANY($2))",
        o.as_str(), keys }
    }

    async fn assets(&self, o: &OrganizationId, ids: &[AssetId]) -> Found<Asset> {
        find! { &self.pool, "SELECT document FROM assets WHERE organization = $1 AND id = ANY($2)",
        o.as_str(), ids.iter().copied().map(bytes).collect::<Vec<_>>() }
    }

    async fn users(
        &self,
        o: &OrganizationId,
        s: &SourceId,
        ids: &[ObjectGuid],
    ) -> Found<DirectoryUser> {
        self.records(o, "user", Some(s), Some(guids(ids))).await
    }

    async fn groups(
        &self,
        o: &OrganizationId,
        s: &SourceId,
        ids: &[ObjectGuid],
    ) -> Found<DirectoryGroup> {
        self.records(o, "group", Some(s), Some(guids(ids))).await
    }

    async fn redirects(&self, o: &OrganizationId, ids: &[AssetId]) -> Found<Redirect> {
        self.records(o, "redirect", None, Some(ids.iter().copied().map(bytes).collect())).await
    }

    async fn waiting(&self, o: &OrganizationId) -> Found<Waiting> {
        self.records(o, "waiting", None, None).await
    }

    async fn sources(&self, o: &OrganizationId) -> Result<Vec<SourceId>> {
        let sql = "SELECT DISTINCT source FROM records WHERE organization = $1 AND kind = 'link'";
        let rows = sqlx::query_scalar::<_, String>(sql).bind(o.as_str());
        let rows = rows.fetch_all(&self.pool).await.map_err(failed)?;
        rows.into_iter().map(|source| source.parse()).collect()
    }

    async fn constraints(&self, o: &OrganizationId) -> Found<Constraint> {
        self.records(o, "constraint", None, None).await
    }

    async fn merges(&self, o: &OrganizationId) -> Found<MergeRecord> {
        self.records(o, "merge", None, None).await
    }

    async fn checkpoint(
        &self,
        o: &OrganizationId,
        s: &SourceId,
        key: RecordDigest,
    ) -> Result<Option<Checkpoint>> {
        Ok(self.records(o, "checkpoint", Some(s), Some(vec![key.0])).await?.pop())
    }

    async fn runs(&self, o: &OrganizationId, s: &SourceId, n: usize) -> Found<RunRecord> {
        find! { &self.pool, "SELECT document FROM records WHERE organization = $1 AND kind = 'run'
        AND source = $2 ORDER BY at DESC, key DESC LIMIT $3",
        o.as_str(), s.as_str(), i64::try_from(n).unwrap_or(i64::MAX) }
    }

    async fn acquire_lease(&self, request: LeaseRequest) -> Result<Lease> {
        let mut writer = self.begin(&request.organization).await?;
        let mut leases = writer.leases(&request.source).await?;
        let lease = leases.acquire(&request)?;
        writer.put("lease", Some(&request.source), &[], NOWHERE, &leases).await?;
        writer.t.commit().await.map_err(failed)?;
        Ok(lease)
    }

    async fn release_lease(&self, o: &OrganizationId, s: &SourceId, holder: RunId) -> Result<()> {
        let mut writer = self.begin(o).await?;
        let mut leases = writer.leases(s).await?;
        leases.release(holder);
        writer.put("lease", Some(s), &[], NOWHERE, &leases).await?;
        writer.t.commit().await.map_err(failed)
    }

    async fn commit(&self, batch: Batch) -> Result<CommitOutcome> {
        batch.validate()?;
        let mut writer = self.begin(&batch.organization).await?;
        if !writer.enter(batch.id).await? {
            return Ok(CommitOutcome::AlreadyApplied);
        }
        if let Some(token) = batch.lease {
            writer.leases(&batch.source).await?.check(&batch.source, token)?;
        }
        let mut conflicts = BTreeSet::new();
        for change in &batch.changes {
            conflicts.extend(writer.make(&batch.source, change).await?);
        }
        if !conflicts.is_empty() {
            return Ok(CommitOutcome::Conflict(conflicts.into_iter().collect()));
        }
        writer.close(&batch).await?;
        writer.t.commit().await.map_err(failed)?;
        Ok(CommitOutcome::Applied)
    }
}

/// A transaction in one organization.
struct Writer {
    t: PgTransaction<'static>,
    o: OrganizationId,
}

impl Writer {
    /// Uses up a batch's id; false if it was before.
    async fn enter(&mut self, id: BatchId) -> Result<bool> {
        let id = id.as_u128().to_be_bytes();
        let rows = execute! { self.t, "INSERT INTO batches VALUES ($1, $2) ON CONFLICT DO NOTHING",
        self.o.as_str(), id };
        Ok(rows == 1)
    }

    /// Makes a change. The asset that is not at the expected version, if it is about one.
    async fn make(&mut self, s: &SourceId, change: &Change) -> Result<Option<AssetId>> {
        match change {
            Change::PutAsset { expected, asset } => return self.put_asset(*expected, asset).await,
            Change::RemoveAsset { id, expected, to } => {
                let (from, version) = (*id, *expected);
                if let Some(to) = *to {
                    let redirect = Redirect { from, to, version };
                    self.put("redirect", None, &bytes(from), NOWHERE, &redirect).await?;
                }
                return self.remove_asset(from, version).await;
            }
            Change::PutLink(link) => self.put_link(s, link).await?,
            Change::RemoveLink(object) => {
                self.delete("link", Some(s), object.as_bytes()).await?;
                self.delete("waiting", Some(s), object.as_bytes()).await?;
            }
            Change::MoveLink { source, object, asset, home } => {
                if let Some(link) = self.get("link", source, object.as_bytes()).await? {
                    let link = Link { asset: *asset, home: *home, ..link };
                    self.put_link(source, &link).await?;
                }
            }
            Change::NoteSighting { object, seen } => {
                if let Some(link) = self.get("link", s, object.as_bytes()).await? {
                    self.put_link(s, &Link { seen: Some(seen.clone()), ..link }).await?;
                }
            }
            Change::PutWaiting(computer) => {
                let (source, object) = (Some(&computer.source), computer.object.as_bytes());
                self.put("waiting", source, object, NOWHERE, computer).await?;
            }
            Change::RemoveWaiting { source, object } => {
                self.delete("waiting", Some(source), object.as_bytes()).await?;
            }
            Change::PutUser(user) => {
                self.put("user", Some(s), user.object.as_bytes(), NOWHERE, user).await?
            }
            Change::PutGroup(group) => {
                self.put("group", Some(s), group.object.as_bytes(), NOWHERE, group).await?;
            }
            Change::RemovePrincipal { source, object } => {
                for kind in ["link", "user", "group"] {
                    self.delete(kind, Some(source), object.as_bytes()).await?;
                }
            }
            Change::PutConstraint(c) => {
                self.put("constraint", Some(&c.source), &constraint(c), NOWHERE, c).await?;
            }
            Change::RemoveConstraint(c) => {
                self.delete("constraint", Some(&c.source), &constraint(c)).await?;
            }
            Change::PutMerge(merge) => {
                let (id, at) = (merge.id.as_u128().to_be_bytes(), merge.at.as_micros());
                self.put("merge", None, &id, (at, None), merge).await?;
            }
            // A change of a later version of the crate: better refused than half done.
            _ => return Err(Error::new(ErrorKind::Store, "this store knows no such change")),
        }
        Ok(None)
    }

    async fn put_asset(
        &mut self,
        expected: Option<u64>,
        asset: &Asset,
    ) -> Result<Option<AssetId>> {
        let (id, version, document) =
            (bytes(asset.id), asset.version.cast_signed(), document(asset)?);
        let expected = expected.map(u64::cast_signed);
        let written = match expected {
            None => {
                execute! { self.t, "INSERT INTO assets VALUES ($1, $2, $3, $4::json) ON CONFLICT DO NOTHING",
                self.o.as_str(), id, version, document }
            }
            expected => execute! { self.t, "UPDATE assets SET version = $3, document = $4::json
            WHERE organization = $1 AND id = $2 AND version = $5",
            self.o.as_str(), id, version, document, expected },
        };
        let keys: Vec<String> = asset.match_keys().iter().map(ToString::to_string).collect();
        execute! { self.t, "DELETE FROM match_keys WHERE organization = $1 AND asset = $2", self.o.as_str(), id };
        execute! { self.t, "INSERT INTO match_keys SELECT $1, unnest($3::text[]), $2", self.o.as_str(), id, keys };
        self.delete("redirect", None, &id).await?;
        Ok((written == 0).then_some(asset.id))
    }

    async fn remove_asset(&mut self, asset: AssetId, version: u64) -> Result<Option<AssetId>> {
        let (id, version) = (bytes(asset), version.cast_signed());
        let removed = execute! { self.t, "DELETE FROM assets
        WHERE organization = $1 AND id = $2 AND version = $3", self.o.as_str(), id, version };
        execute! { self.t, "DELETE FROM match_keys WHERE organization = $1 AND asset = $2", self.o.as_str(), id };
        Ok((removed == 0).then_some(asset))
    }

    async fn put_link(&mut self, s: &SourceId, link: &Link) -> Result<()> {
        let place = (i64::from(link.home.is_some()), link.asset.map(bytes));
        self.put("link", Some(s), link.object.as_bytes(), place, link).await
    }

    /// Drops links that lead nowhere any more, and writes what ends a run.
    async fn close(&mut self, batch: &Batch) -> Result<()> {
        let removed = batch.changes.iter().filter_map(|change| match change {
            Change::RemoveAsset { id, .. } => Some(bytes(*id)),
            _ => None,
        });
        execute! { self.t, "DELETE FROM records r WHERE organization = $1 AND asset = ANY($2) AND NOT EXISTS
        (SELECT FROM assets WHERE organization = $1 AND id = r.asset)",
        self.o.as_str(), removed.collect::<Vec<_>>() };
        let s = Some(&batch.source);
        if let Some(checkpoint) = &batch.checkpoint {
            self.put("checkpoint", s, &checkpoint.key.0, NOWHERE, checkpoint).await?;
        }
        if let Some(run) = &batch.run {
            let (id, at) = (run.id.as_u128().to_be_bytes(), run.started.as_micros());
            self.put("run", s, &id, (at, None), run).await?;
        }
        Ok(())
    }

    async fn put(
        &mut self,
        kind: &str,
        s: Option<&SourceId>,
        key: &[u8],
        (at, asset): Place,
        record: &(impl Serialize + Sync),
    ) -> Result<()> {
        execute! { self.t, "INSERT INTO records VALUES ($1, $2, $3, $4, $5, $6, $7::json)
        ON CONFLICT (organization, kind, source, key) DO UPDATE SET at = $5, asset = $6, document = $7::json",
        self.o.as_str(), kind, s.map_or("", SourceId::as_str), key, at, asset, document(record)? };
        Ok(())
    }

    async fn get<T: Record>(&mut self, kind: &str, s: &SourceId, key: &[u8]) -> Result<Option<T>> {
        let found: Found<T> = find! { &mut *self.t, "SELECT document FROM records
        WHERE organization = $1 AND kind = $2 AND source = $3 AND key = $4",
        self.o.as_str(), kind, s.as_str(), key };
        Ok(found?.pop())
    }

    async fn leases(&mut self, s: &SourceId) -> Result<LeaseState> {
        Ok(self.get("lease", s, &[]).await?.unwrap_or_default())
    }

    async fn delete(&mut self, kind: &str, s: Option<&SourceId>, key: &[u8]) -> Result<()> {
        execute! { self.t, "DELETE FROM records
        WHERE organization = $1 AND kind = $2 AND source = $3 AND key = $4",
        self.o.as_str(), kind, s.map_or("", SourceId::as_str), key };
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

fn guids(objects: &[ObjectGuid]) -> Vec<[u8; 16]> {
    objects.iter().map(|object| *object.as_bytes()).collect()
}

/// What a constraint is unique by within its source.
fn constraint(c: &Constraint) -> Vec<u8> {
    [c.object.as_bytes(), &bytes(c.asset), format!("{:?}", c.kind).as_bytes()].concat()
}

fn unwrapped<T>(documents: Vec<Json<T>>) -> Vec<T> {
    documents.into_iter().map(|Json(record)| record).collect()
}

fn failed(error: sqlx::Error) -> Error {
    let passes = matches!(error, sqlx::Error::Io(_) | sqlx::Error::PoolTimedOut);
    let retry = if passes { Retry::Transient } else { Retry::Never };
    Error::new(ErrorKind::Store, "the database failed").with_source(error).with_retry(retry)
}
