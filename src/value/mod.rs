//! TODO value
