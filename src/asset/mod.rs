//! TODO asset
