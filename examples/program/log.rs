//! What is logged to standard error, for those who ask.

use std::io;

use clap::{ArgAction, Args};
use tracing_subscriber::EnvFilter;

/// How much is logged.
#[derive(Args, Clone, Copy, Debug)]
pub(crate) struct Log {
    /// Log what is done on standard error; twice for every detail. The variable RUST_LOG asks for more exactly
    #[arg(short, long, action = ArgAction::Count, global = true, display_order = 910)]
    verbose: u8,
}

impl Log {
    /// Begins to log what was asked for: nothing unless something was.
    pub(crate) fn begin(self) {
        let filter = match (std::env::var_os("RUST_LOG"), self.verbose) {
            (Some(_), _) => EnvFilter::from_default_env(),
            (None, 0) => return,
            (None, 1) => EnvFilter::new("ldap_inventory=info"),
            (None, _) => EnvFilter::new("ldap_inventory=debug"),
        };
        // Where a line cannot be written, there is nobody to be told of it either.
        let log = tracing_subscriber::fmt().with_env_filter(filter).log_internal_errors(false);
        log.with_writer(io::stderr).init();
    }
}
