//! Whole runs, from a directory to an inventory.

mod absences;
mod faulty;
mod interfering;
mod orders;
mod plans;
mod runs;
mod wire;
mod world;
