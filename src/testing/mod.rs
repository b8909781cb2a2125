//! TODO testing
