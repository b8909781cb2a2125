//! Serves a console over a hostile company, for a real browser to look at.

mod company;

use std::error::Error;
use std::io::{Write, stderr};

use inventory_console::{Site, serve};
use tempfile::TempDir;
use tokio::net::TcpListener;

use self::company::Company;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let company = Company::begin(TempDir::new()?).await?;
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let site = Site::new(listener.local_addr()?, None)?;
    writeln!(stderr(), "open {site}/?token={}", company.console.access().token())?;
    Ok(serve(listener, site, company.console, std::future::pending()).await?)
}
