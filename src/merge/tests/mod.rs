//! Tests of the engine as a whole.

mod complaints;
mod explanation;
mod fixture;
mod levels;
mod naive;
mod properties;
mod rules;
mod survival;
