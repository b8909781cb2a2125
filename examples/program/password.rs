//! Where a program has the account's password from: a file, a variable, or somebody at a terminal. Never the command
//! line, which every user of the machine can read.

use std::io::{self, IsTerminal};
use std::path::Path;

use ldap_inventory::value::Secret;

use super::exit::{Failure, Status};
use super::{bounded, private};

const VARIABLE: &str = "LDAP_PASSWORD";

/// The most bytes of a password file. Active Directory takes no password of more than 256 characters.
const LONGEST: u64 = 4096;

/// The password of this account: in this file, or else in the variable LDAP_PASSWORD, or else as somebody types it.
pub(crate) fn read(file: Option<&Path>, account: &str) -> Result<Secret, Failure> {
    let (bytes, origin) = match (file, std::env::var_os(VARIABLE)) {
        (Some(file), _) => (of_file(file)?, file.display().to_string()),
        (None, Some(text)) => (text.into_encoded_bytes(), VARIABLE.to_owned()),
        (None, None) => (typed(account)?, "what was typed".to_owned()),
    };
    Ok(Secret::from_line(&bytes).map_err(|error| error.with_context("in", origin))?)
}

/// Reads no more than a line can have, whatever stands at that place.
fn of_file(file: &Path) -> Result<Vec<u8>, Failure> {
    let bytes = bounded::read(file, LONGEST).map_err(|error| {
        let sentence = format!("the password file {} cannot be read: {error}", file.display());
        Failure::new(Status::Usage, sentence)
    })?;
    private::warn_of_others(file);
    Ok(bytes)
}

/// Asks whoever sits at the terminal, without showing what is typed.
fn typed(account: &str) -> Result<Vec<u8>, Failure> {
    if !io::stdin().is_terminal() || !io::stderr().is_terminal() {
        let sentence = "there is no password; give --password-file FILE or set LDAP_PASSWORD";
        return Err(Failure::new(Status::Usage, sentence));
    }
    let typed = rpassword::prompt_password(format!("Password of {account}: "));
    typed.map(String::into_bytes).map_err(|error| {
        Failure::new(Status::Usage, format!("the password cannot be read: {error}"))
    })
}
