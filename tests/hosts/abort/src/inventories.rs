//! What people do: merges that build on each other, decisions, a scan, and looks at all of it.

use futures::TryStreamExt;
use ldap_inventory::Result;
use ldap_inventory::asset::{Asset, AssetsRequest, ConstraintKind};
use ldap_inventory::curation::{Author, ChangedField, Curation, ImportOptions, Scan};
use ldap_inventory::testing::{MockDirectory, MockRecord};
use ldap_inventory::value::{MergeId, SourceId, Timestamp};

use crate::{acme, run, sqlite, task};

/// How many merges build on each other.
const CHAIN: usize = 50;

/// Each merge takes in what the one before made, so that the first asset's id leads on through all of them.
pub(crate) async fn merge_and_take_back() -> Result<String> {
    let repository = sqlite();
    let computers = (0..=CHAIN).map(|n| MockRecord::computer(&format!("PC{n}")));
    run(&MockDirectory::new(computers), &*repository).await?;
    let curation = Curation::new(&*repository, acme());
    let author = Author::new("anna").because("one box");
    let all = repository.each_asset(AssetsRequest::new(acme())).await?;
    let mut assets: Vec<Asset> = all.try_collect().await?;
    let last = assets.pop().unwrap();

    let (mut merges, mut whole): (Vec<MergeId>, _) = (Vec::new(), last.id);
    for asset in &assets {
        curation.preview(&[asset.id, whole]).await?;
        merges.push(curation.merge(&[asset.id, whole], &author).await?.id);
        whole = asset.id;
    }
    assert_eq!(curation.resolve(&[last.id]).await?[&last.id].id, whole);
    curation.annotate(&[whole], &[ChangedField::owner("anna")], &author).await?;
    curation.explain(whole).await?;
    for merge in merges.into_iter().rev() {
        curation.unmerge(merge, &author).await?;
    }

    let (source, object) = (task().source, MockRecord::guid_of("PC0"));
    curation.link(last.id, &source, object, &author).await?;
    curation.forget(last.id, &source, object, ConstraintKind::MustLink, &author).await?;
    curation.separate(last.id, &source, object, &author).await?;
    curation.release(&source, &author).await?;
    curation.uphold().await?;
    let history = curation.history().await?.len();
    let changes = curation.changes(Timestamp::MIN).await?.len();
    curation.overlaps().await?;
    curation.near_misses().await?;
    curation.coverage_by_ad_site(30).await?;
    Ok(format!("{CHAIN} merges and back, {history} decisions, {changes} changes"))
}

pub(crate) async fn import() -> Result<String> {
    let repository = sqlite();
    run(
        &MockDirectory::new((0..40).map(|n| MockRecord::computer(&format!("PC{n}")))),
        &*repository,
    )
    .await?;
    let lines = (0..80).map(|n| format!("{{\"names\":[\"pc{n}.corp.example\"]}}\n"));
    let scan = Scan::parse(lines.collect::<String>().as_bytes(), Timestamp::now());
    let curation = Curation::new(&*repository, acme());
    let scanner = SourceId::new("scan", "hq")?;
    let imported = curation.import(&scanner, &scan, &ImportOptions::new("hq".parse()?)).await?;
    assert_eq!(imported.created, 40);
    Ok(format!("{} assets created", imported.created))
}
