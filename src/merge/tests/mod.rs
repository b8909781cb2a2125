//! Tests of the engine as a whole.

mod complaints;
mod effort;
mod excluding;
mod explanation;
mod fixture;
mod levels;
mod naive;
mod overlapping;
mod planning;
mod previewing;
mod properties;
mod questioning;
mod records;
mod rules;
mod standing;
mod survival;
mod usage;
mod writing;
