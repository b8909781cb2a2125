//! TODO merge
