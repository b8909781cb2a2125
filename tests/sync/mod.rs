//! Whole runs, from a directory to an inventory.

mod absences;
mod addresses;
mod brakes;
mod broken_off;
mod budget;
mod cancellation;
mod cuts;
mod dense;
mod domains;
#[cfg(feature = "sqlite")]
mod dry_runs;
mod every_call;
mod exclusions;
mod faulty;
mod fixpoint;
mod histories;
pub(crate) mod history;
mod identities;
pub(crate) mod interfering;
#[cfg(feature = "sqlite")]
mod kept;
#[cfg(feature = "sqlite")]
mod kills;
mod late;
mod left_out;
mod managers;
#[cfg(target_os = "linux")]
#[cfg(feature = "sqlite")]
mod memory;
mod moved;
mod orders;
mod plans;
mod protection;
mod recurring;
mod runs;
mod scopes;
mod secrets;
mod servers;
mod wire;
mod withdrawn;
pub(crate) mod world;
