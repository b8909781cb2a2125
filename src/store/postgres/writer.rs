//! A transaction in one organization.

use deadpool_postgres::Transaction;
use deadpool_postgres::tokio_postgres::Row;

use super::connections::Parameter;
use super::failure::Outcome;
use crate::asset::Batch;

/// The transaction that writes a batch. The organization is `$1` in every statement.
pub(super) struct Writer<'t> {
    pub(super) transaction: Transaction<'t>,
    pub(super) batch: &'t Batch,
}

impl Writer<'_> {
    /// How many rows a statement wrote, whose parameters behind the organization are these.
    pub(super) async fn execute(&self, sql: &str, parameters: &[Parameter<'_>]) -> Outcome<u64> {
        let statement = self.transaction.prepare_cached(sql).await?;
        let organization = self.batch.organization.as_str();
        let all = with_organization(&organization, parameters);
        Ok(self.transaction.execute(&statement, &all).await?)
    }

    /// The rows that such a statement yields.
    pub(super) async fn rows(&self, sql: &str, parameters: &[Parameter<'_>]) -> Outcome<Vec<Row>> {
        let statement = self.transaction.prepare_cached(sql).await?;
        let organization = self.batch.organization.as_str();
        let all = with_organization(&organization, parameters);
        Ok(self.transaction.query(&statement, &all).await?)
    }
}

fn with_organization<'p>(
    organization: &'p &str,
    parameters: &[Parameter<'p>],
) -> Vec<Parameter<'p>> {
    let organization: Parameter<'p> = organization;
    [organization].into_iter().chain(parameters.iter().copied()).collect()
}
