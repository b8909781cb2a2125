//! Where a directory keeps its DNS and the subnets of its sites.

use super::zones::ZoneContainer;
use crate::Result;
use crate::ldap::protocol::connection::Connection;
use crate::ldap::protocol::root_dse::RootDse;
use crate::name::DistinguishedName;

/// The containers to look into.
#[derive(Clone, Debug)]
pub(crate) struct NetworkPlaces {
    /// Of zones, in the order of the servers that made them: those of the domain, those of the forest, and those that
    /// Windows 2000 made in the domain itself.
    pub(super) zones: Vec<ZoneContainer>,
    pub(super) subnets: DistinguishedName,
    /// Of the cross-references, which name all naming contexts of the forest.
    pub(super) partitions: DistinguishedName,
}

impl Connection {
    /// Finds out where to look.
    pub(crate) async fn network_places(
        &mut self,
        root: &RootDse,
        bases: &[DistinguishedName],
    ) -> Result<NetworkPlaces> {
        let (forest, contexts) = self.naming_contexts().await?;
        let holding = bases.first().map(|base| {
            // OpenLDAP may hold the root of all, which is nobody's domain.
            let mut above = contexts.iter().filter(|it| !is_root(it) && base.is_within(it));
            above.next().unwrap_or(base)
        });
        let own = root.default_naming_context.as_ref().filter(|own| !is_root(own));
        let domain = own.or(holding);
        let domain = domain.cloned().unwrap_or_else(DistinguishedName::root);
        let forest = forest.as_ref().filter(|forest| !is_root(forest)).unwrap_or(&domain);
        let configuration = match &root.configuration_naming_context {
            Some(configuration) => configuration.clone(),
            None => below("CN=Configuration", forest)?,
        };
        let zones = [("DC=DomainDnsZones", &domain), ("DC=ForestDnsZones", forest)];
        let zones = zones.into_iter().map(|(name, above)| {
            let partition = below(name, above)?;
            Ok(ZoneContainer { dn: below(CONTAINER, &partition)?, partition: Some(partition) })
        });
        let old = below(&format!("{CONTAINER},CN=System"), &domain)?;
        let old = ZoneContainer { dn: old, partition: None };
        Ok(NetworkPlaces {
            zones: zones.chain([Ok(old)]).collect::<Result<_>>()?,
            subnets: below("CN=Subnets,CN=Sites", &configuration)?,
            partitions: below("CN=Partitions", &configuration)?,
        })
    }
}

const CONTAINER: &str = "CN=MicrosoftDNS";

fn below(name: &str, above: &DistinguishedName) -> Result<DistinguishedName> {
    match is_root(above) {
        true => DistinguishedName::parse(name),
        false => DistinguishedName::parse(&format!("{name},{above}")),
    }
}

fn is_root(dn: &DistinguishedName) -> bool {
    dn.as_str().is_empty()
}
