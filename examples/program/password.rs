//! Where a program has the account's password from: a file, or a variable. Never the command line, which every
//! user of the machine can read.

use std::path::Path;

use ldap_inventory::value::Secret;

use super::exit::{Failure, Status};

const VARIABLE: &str = "LDAP_PASSWORD";

/// The password in this file, or else in the variable LDAP_PASSWORD.
pub(crate) fn read(file: Option<&Path>) -> Result<Secret, Failure> {
    let (bytes, origin) = match file {
        Some(file) => (of_file(file)?, file.display().to_string()),
        None => (of_variable()?, VARIABLE.to_owned()),
    };
    Ok(Secret::from_line(&bytes).map_err(|error| error.with_context("in", origin))?)
}

fn of_file(file: &Path) -> Result<Vec<u8>, Failure> {
    std::fs::read(file).map_err(|error| {
        Failure::new(Status::Usage, format!("{} cannot be read: {error}", file.display()))
    })
}

fn of_variable() -> Result<Vec<u8>, Failure> {
    let text = std::env::var_os(VARIABLE).ok_or_else(|| {
        let sentence = "there is no password; give --password-file FILE or set LDAP_PASSWORD";
        Failure::new(Status::Usage, sentence)
    })?;
    Ok(text.into_encoded_bytes())
}
