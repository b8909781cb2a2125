//! The console: an inventory to look at and to work on, in a browser.
//!
//! ```text
//! cargo run --release --manifest-path examples/console/Cargo.toml
//! ```
//!
//! serves a demonstration. With `--inventory` it serves that one, and runs its tasks by their schedules.

#[path = "../../program/exit.rs"]
mod exit;
#[allow(dead_code, reason = "the library ends the runs")]
#[path = "../../program/interrupt.rs"]
mod interrupt;
#[path = "../../program/log.rs"]
mod log;
#[path = "../../program/printed.rs"]
mod printed;
#[path = "../../program/private.rs"]
mod private;
#[path = "../../program/store.rs"]
mod store;

use std::convert::Infallible;
use std::env;
use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;

use clap::Parser;
use inventory_console::demo::Demonstration;
use inventory_console::{Access, Console, Key, PublicUrl, Site, Tasks, Vault, serve};
use ldap_inventory::value::{OrganizationId, Secret};
use tokio::net::TcpListener;

use self::exit::{Failure, Status};
use self::interrupt::Interrupt;
use self::log::Log;
use self::printed::say;

/// The variable with the key that credentials are sealed with.
const KEY: &str = "INVENTORY_CONSOLE_KEY";

/// Shows an inventory in a browser, and runs its tasks by their schedules.
///
/// Without --inventory it serves a demonstration, of which nothing is kept. It listens on the loopback interface, and
/// prints the link by which one comes in. Ctrl-C ends it: runs then end between two steps.
#[derive(Debug, Parser)]
#[command(
    name = "console",
    version,
    after_help = "\
The variable INVENTORY_CONSOLE_KEY has the key that credentials are sealed with: 32 octets in base64, such as
`openssl rand -base64 32` makes. Keep it away from --state."
)]
struct Options {
    /// The file that holds the inventory, or the URL of a PostgreSQL database; it is created if need be
    #[arg(long, value_name = "FILE.db", env = "LDAP_INVENTORY", hide_env_values = true)]
    inventory: Option<String>,

    /// The folder in which the console keeps its credentials, sealed, and its tasks
    #[arg(long, value_name = "FOLDER", default_value = "inventory-console")]
    state: PathBuf,

    /// The organization whose inventory it is
    #[arg(long, value_name = "NAME", default_value = "default")]
    organization: OrganizationId,

    /// Who decides what is decided in the console
    #[arg(long, value_name = "NAME", env = "USER", default_value = "console")]
    author: String,

    /// Where to listen; beyond the loopback interface only with --public-url, behind a proxy with TLS
    #[arg(long, value_name = "ADDRESS:PORT", default_value = "127.0.0.1:8389")]
    listen: SocketAddr,

    /// The URL by which people open the console, where a proxy stands in front of it
    #[arg(long, value_name = "URL")]
    public_url: Option<PublicUrl>,

    /// What programs that ask for /metrics show as `Authorization: Bearer TOKEN`; without it they are refused. In the
    /// variable others on this machine do not see it
    #[arg(
        long,
        value_name = "TOKEN",
        env = "INVENTORY_CONSOLE_METRICS_TOKEN",
        hide_env_values = true,
        value_parser = secret
    )]
    metrics_token: Option<Secret>,

    #[command(flatten)]
    log: Log,
}

fn secret(text: &str) -> Result<Secret, Infallible> {
    Ok(Secret::new(text))
}

fn main() -> ExitCode {
    let options = Options::parse();
    options.log.begin();
    exit::with(run(&options))
}

#[tokio::main]
async fn run(options: &Options) -> Result<Status, Failure> {
    let interrupt = Interrupt::listen();
    let access = access(options)?;
    match &options.inventory {
        Some(place) => {
            let console = open(options, access, place).await?;
            listen(options, console, interrupt).await
        }
        None => {
            let demonstration = Demonstration::begin(access).await?;
            say("this is a demonstration: nothing leaves this machine, and nothing is kept");
            say(format_args!(
                "its directory is at {}, for the account {} with the password {:?}",
                demonstration.directory_url(),
                demonstration.account(),
                demonstration.password()
            ));
            listen(options, demonstration.console(), interrupt).await
        }
    }
}

/// Who may come in.
fn access(options: &Options) -> Result<Access, Failure> {
    let access = Access::new()?;
    Ok(match &options.metrics_token {
        Some(token) => access.with_metrics_token(token.clone())?,
        None => access,
    })
}

/// A console over an inventory that is kept.
async fn open(options: &Options, access: Access, place: &str) -> Result<Arc<Console>, Failure> {
    let Ok(key) = env::var(KEY) else {
        let sentence = format!(
            "the variable {KEY} is not set; it has the key that credentials are sealed with: \
             export {KEY}=$(openssl rand -base64 32), and keep it for the next start"
        );
        return Err(Failure::new(Status::Refused, sentence));
    };
    let vault = Vault::open(options.state.join("credentials"), Key::parse(&key)?)?;
    let tasks = Tasks::open(options.state.join("tasks"))?;
    let inventory = store::open(place).await?;
    let organization = options.organization.clone();
    Ok(Console::new(access, inventory, organization, vault, tasks, &options.author))
}

/// Serves the console until it is interrupted.
async fn listen(
    options: &Options,
    console: Arc<Console>,
    interrupt: Interrupt,
) -> Result<Status, Failure> {
    let failed = |error: io::Error| {
        let sentence = format!("cannot listen at {}: {error}", options.listen);
        Failure::new(Status::Failed, sentence)
    };
    let listener = TcpListener::bind(options.listen).await.map_err(failed)?;
    let address = listener.local_addr().map_err(failed)?;
    let site = Site::new(address, options.public_url.clone())?;
    say(format_args!("open {site}/?token={}", console.access().token()));
    let first = interrupt.clone();
    let stop = async move {
        first.wait().await;
        say(
            "stopping: runs end between two steps and give their leases back; Ctrl-C once more ends them at once",
        );
    };
    tokio::select! {
        served = serve(listener, site, console, stop) => match served {
            Ok(()) => Ok(Status::Complete),
            Err(error) => {
                Err(Failure::new(Status::Failed, format!("the console cannot go on: {error}")))
            }
        },
        () = again(&interrupt) => Err(Failure::new(Status::Interrupted, "it was interrupted twice; leases of its runs end by themselves")),
    }
}

/// Waits for the second Ctrl-C.
async fn again(interrupt: &Interrupt) {
    interrupt.wait().await;
    if tokio::signal::ctrl_c().await.is_err() {
        std::future::pending::<()>().await;
    }
}
