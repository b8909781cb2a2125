//! The DNS servers of the system, asked by hickory.

use async_trait::async_trait;
use hickory_resolver::TokioResolver;
use hickory_resolver::net::{DnsError, NetError};
use hickory_resolver::proto::rr::RData;

use super::{Resolver, SrvRecord};
use crate::{Error, ErrorKind, Result, Retry};

/// Asks the DNS servers that the system has at the moment.
#[derive(Clone, Copy, Debug)]
pub(super) struct SystemResolver;

#[async_trait]
impl Resolver for SystemResolver {
    async fn srv(&self, name: &str) -> Result<Vec<SrvRecord>> {
        let resolver = TokioResolver::builder_tokio().and_then(|builder| builder.build());
        let resolver = resolver.map_err(|error| {
            failed("the DNS settings of this machine cannot be read").with_source(error)
        })?;
        match resolver.srv_lookup(format!("{name}.")).await {
            Ok(found) => Ok(found.answers().iter().filter_map(|it| record(&it.data)).collect()),
            Err(NetError::Dns(DnsError::NoRecordsFound(_))) => Ok(Vec::new()),
            Err(error) => Err(failed("DNS does not answer").with_source(error)),
        }
    }
}

/// A record of another type is an alias on the way. The root stands for a service that is not offered (RFC 2782).
fn record(data: &RData) -> Option<SrvRecord> {
    let RData::SRV(srv) = data else { return None };
    let is_offered = !srv.target.is_root();
    is_offered.then(|| SrvRecord::new(srv.priority, srv.weight, srv.target.to_ascii(), srv.port))
}

fn failed(message: &'static str) -> Error {
    Error::new(ErrorKind::Connect, message).with_retry(Retry::Transient)
}
