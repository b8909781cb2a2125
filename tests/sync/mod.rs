//! Whole runs, from a directory to an inventory.

mod absences;
mod cancellation;
mod cuts;
mod faulty;
mod histories;
mod history;
mod interfering;
mod orders;
mod plans;
mod runs;
mod secrets;
mod wire;
mod world;
