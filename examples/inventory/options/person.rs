//! Who changes an inventory, and why.

use clap::Args;
use ldap_inventory::curation::Author;

/// Who does it, and why.
#[derive(Debug, Args)]
pub(crate) struct Person {
    /// Who does it
    #[arg(long, value_name = "NAME", default_value_t = user_of_the_machine())]
    by: String,

    /// Why, in a few words
    #[arg(long, value_name = "TEXT", default_value = "", hide_default_value = true)]
    why: String,
}

/// Who is logged in, as the system tells: by the usual variables, or by the name of the account.
fn user_of_the_machine() -> String {
    let told =
        ["USER", "LOGNAME", "USERNAME"].into_iter().find_map(|name| std::env::var(name).ok());
    told.filter(|name| !name.trim().is_empty())
        .or_else(account)
        .unwrap_or_else(|| "somebody".to_owned())
}

/// The name of the account that runs the program, where no variable tells it: on a system with `id`.
fn account() -> Option<String> {
    let output = std::process::Command::new("id").arg("-un").output().ok()?;
    let name = String::from_utf8(output.stdout).ok()?.trim().to_owned();
    (output.status.success() && !name.is_empty()).then_some(name)
}

impl Person {
    pub(crate) fn author(&self) -> Author {
        Author::new(&self.by).because(&self.why)
    }
}
