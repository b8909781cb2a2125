//! TODO directory
