//! What is told where a search finds nothing: how it was read, and what is near.

use ldap_inventory::asset::{AssetRepository, SearchRequest};
use ldap_inventory::{Printable, Result};

use super::printed::say;
use super::record::Record;

/// Tells on standard error why a search found nothing. A search for everything has nothing to tell.
pub(crate) async fn explain<R: Record>(
    repository: &dyn AssetRepository,
    request: &SearchRequest,
) -> Result<()> {
    if request.query.to_string().is_empty() {
        return Ok(());
    }
    let reading = R::read(repository, request).await?.to_string();
    let lines: Vec<String> = reading.lines().map(|line| Printable(line).to_string()).collect();
    say(format_args!("0 {}. {}", R::NOUN.1, lines.join("\n")));
    Ok(())
}
