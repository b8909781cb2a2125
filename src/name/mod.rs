//! TODO name
