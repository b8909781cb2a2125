//! A web service over an inventory, as a host would write it: server-rendered pages that work without JavaScript.
//!
//! What a host does with the crate is in [`pages`], a file a page; its credentials are sealed in `vault`, and its tasks
//! run in `tasks`. What makes it a web service that may be left running is in `connections`, `access`, `site`, `asked`,
//! `failure`, `page` and `shown`. [`demo`] has a company to look at.

mod access;
mod asked;
mod connections;
pub mod demo;
mod failure;
mod page;
mod pages;
mod sealed;
mod shown;
mod site;
mod tasks;
mod vault;

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::middleware::from_fn_with_state;
use axum::routing::{get, post};
use ldap_inventory::asset::AssetRepository;
use ldap_inventory::curation::{Author, Curation};
use ldap_inventory::value::{OrganizationId, Timestamp};
use tokio::net::TcpListener;

pub use access::Access;
pub use sealed::Key;
pub use site::{PublicUrl, Site};
pub use tasks::{Definition, Tasks};
pub use vault::Vault;

/// How long what is being answered when the console is stopped may take.
const LAST_ANSWERS: Duration = Duration::from_secs(10);

/// What all pages share.
#[derive(Debug)]
pub struct Console {
    inventory: Arc<dyn AssetRepository>,
    organization: OrganizationId,
    access: Access,
    vault: Arc<Vault>,
    tasks: Tasks,
    author: String,
}

impl Console {
    /// A console over an inventory, its credentials and its tasks. What is decided is decided by `author`.
    pub fn new(
        access: Access,
        inventory: Arc<dyn AssetRepository>,
        organization: OrganizationId,
        vault: Vault,
        tasks: Tasks,
        author: impl Into<String>,
    ) -> Arc<Self> {
        let (vault, author) = (Arc::new(vault), author.into());
        Arc::new(Self { inventory, organization, access, vault, tasks, author })
    }

    /// Who may come in.
    pub fn access(&self) -> &Access {
        &self.access
    }

    /// The inventory, as people work on it.
    fn curation(&self) -> Curation<'_> {
        Curation::new(&*self.inventory, self.organization.clone())
    }

    /// Who decides, and why, as far as it is told.
    fn author(&self, why: &str) -> Author {
        Author::new(&self.author).because(why.trim())
    }
}

/// Serves the console, and runs its tasks when they are due, until `stop` is over. What is being answered then is answered
/// to its end, unless that takes long, and runs end between two steps.
///
/// # Errors
///
/// Those of the store where it is asked when the tasks ran last.
pub async fn serve(
    listener: TcpListener,
    site: Site,
    console: Arc<Console>,
    stop: impl Future<Output = ()> + Send + 'static,
) -> std::io::Result<()> {
    tasks::recall(&console).await.map_err(std::io::Error::other)?;
    let following = tokio::spawn(tasks::follow(Arc::clone(&console)));
    let stopping = Arc::clone(&console);
    let stop = async move {
        stop.await;
        // Pages that follow a run end as well, so that nothing is waited for in vain.
        stopping.tasks.stop();
    };
    let mut stopped = console.tasks.stopped();
    let late = async {
        let _ = stopped.wait_for(|stopped| *stopped).await;
        tokio::time::sleep(LAST_ANSWERS).await;
    };
    let (patience, router) = (site.patience(), router(Arc::clone(&console), site));
    tokio::select! {
        () = connections::serve(listener, router, patience, stop) => {}
        // Somebody keeps a connection open, and may do so for ever.
        () = late => {}
    }
    console.tasks.stop();
    following.abort();
    console.tasks.ended().await;
    Ok(())
}

fn router(console: Arc<Console>, site: Site) -> Router {
    use pages::{
        asset, assets, coverage, credential, credentials, groups, merge, metrics, overlaps, task,
        task_list, unresolved, users,
    };
    Router::new()
        .route("/", get(assets::home))
        .route("/assets", get(assets::list))
        .route("/assets/{id}", get(asset::show))
        .route("/assets/{id}/annotate", post(asset::annotate))
        .route("/merge", get(merge::preview).post(merge::carry_out))
        .route("/unmerge", post(merge::take_back))
        .route("/users", get(users::list))
        .route("/groups", get(groups::list))
        .route("/group", get(groups::show))
        .route("/unresolved", get(unresolved::list))
        .route("/unresolved/settle", post(unresolved::settle))
        .route("/overlaps", get(overlaps::list))
        .route("/coverage", get(coverage::show))
        .route("/credentials", get(credentials::list).post(credentials::add))
        .route("/credentials/discard", post(credentials::discard))
        .route("/credential", get(credential::show))
        .route("/credential/test", post(credential::test))
        .route("/credential/certificate", post(credential::certificate))
        .route("/credential/pin", post(credential::pin))
        .route("/credential/password", post(credential::set_password))
        .route("/credential/client-certificate", post(credential::set_certificate))
        .route("/credential/remove", post(credential::remove))
        .route("/tasks", get(task_list::list).post(task_list::add))
        .route("/tasks/{number}", get(task::show))
        .route("/tasks/{number}/run", post(task::run))
        .route("/tasks/{number}/apply", post(task::apply))
        .route("/tasks/{number}/schedule", post(task::schedule))
        .route("/tasks/{number}/settings", post(task::settings))
        .route("/tasks/{number}/remove", post(task::remove))
        .route("/tasks/{number}/events", get(task::events))
        .route("/health", get(metrics::health))
        .route("/metrics", get(metrics::metrics))
        .route("/style.css", get(page::style))
        .route("/console.js", get(page::script))
        .fallback(assets::nowhere)
        .method_not_allowed_fallback(assets::not_so)
        .layer(from_fn_with_state((Arc::clone(&console), Arc::new(site)), access::guard))
        .with_state(console)
}

/// Now, as whatever is asked is relative to.
fn now() -> Timestamp {
    Timestamp::now()
}
