//! `tongban demo`: the main job on a fresh machine. A gateway on an embedded database, three partners on real loopback sockets, three
//! applications from the citizen to the closed case, shown as they happen.

mod hall;
mod partners;
mod sample;
mod story;
mod timeline;

use super::{CommandError, check, serve};
use crate::config::{self, Config, Environment};
use crate::identity::access::Listener;
use crate::installation::{self, Foundation, Running};
use crate::operations::apply_api::{ApplyRequest, apply_directly};
use clap::Args;
use partners::Partners;
use std::net::{SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

/// All three cases are closed within this time, or the demo has failed.
const CLOSED_WITHIN: Duration = Duration::from_secs(60);

/// Show the main job on a fresh machine: three applications, three partners, three protocols.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  tongban demo --fresh --exit")]
pub struct DemoArguments {
    /// Start from an empty database
    #[arg(long)]
    fresh: bool,
    /// Leave with status 0 once all three applications are closed, 1 if one is not within a minute
    #[arg(long)]
    exit: bool,
    /// Folder of the demo's own data
    #[arg(long, value_name = "FOLDER", default_value = "data/demo")]
    data: PathBuf,
    /// Folder with items, systems, routes and calendar
    #[arg(long, value_name = "FOLDER", default_value = "config")]
    config: PathBuf,
}

/// Runs the demo.
///
/// # Errors
/// [`CommandError::Failed`] when something cannot start or a case is not closed in time.
pub fn run(arguments: &DemoArguments) -> Result<(), CommandError> {
    let config = prepare(arguments)?;
    crate::operations::logging::start(&config.log).map_err(CommandError::failed)?;
    serve::runtime()?.block_on(show(arguments, config))
}

/// The shipped settings on a folder of the demo's own; ports that are taken are replaced by free ones.
fn prepare(arguments: &DemoArguments) -> Result<Config, CommandError> {
    let mut config = serve::read_config(&arguments.config.join("tongban.yaml"))?;
    if arguments.fresh && arguments.data.exists() {
        std::fs::remove_dir_all(&arguments.data).map_err(|e| {
            CommandError::Failed(format!(
                "{} cannot be emptied: {e}",
                arguments.data.display()
            ))
        })?;
    }
    // The demo's settings are not those of the file: a reload leaves them alone.
    config.file = None;
    config.data.clone_from(&arguments.data);
    config.log.filter = "warn".to_owned();
    for listener in [
        &mut config.listeners.public,
        &mut config.listeners.exchange,
        &mut config.listeners.operations,
    ] {
        listener.address = free_or_any(listener.address);
    }
    Ok(config)
}

/// The address if nobody listens there, else any free port of the same machine.
fn free_or_any(address: SocketAddr) -> SocketAddr {
    match TcpListener::bind(address) {
        Ok(_) => address,
        Err(_) => SocketAddr::new(address.ip(), 0),
    }
}

async fn show(arguments: &DemoArguments, config: Config) -> Result<(), CommandError> {
    // The partners' ports are chosen before the gateway starts: definitions name them.
    let addresses = partners::choose_addresses()?;
    let answers = addresses.variables();
    let environment: Environment = Arc::new(move |name| {
        answers
            .get(name)
            .cloned()
            .or_else(|| config::environment(name))
    });
    let foundation = Foundation::open(&config, environment)
        .await
        .map_err(CommandError::failed)?;
    register(&foundation, &arguments.config).await?;
    let running = installation::start(&config, foundation)
        .await
        .map_err(CommandError::failed)?;
    let public = address(&running, Listener::Public)?;
    let exchange = address(&running, Listener::Exchange)?;
    let partners = Partners::start(&addresses, exchange).await?;
    timeline::print_opening(&running, &partners, &arguments.data);
    let told = tokio::time::timeout(CLOSED_WITHIN, story::tell_all(public)).await;
    let outcome = match told {
        Ok(outcome) => outcome,
        Err(_) => Err(CommandError::Failed(format!(
            "not all cases were closed within {CLOSED_WITHIN:?}"
        ))),
    };
    if outcome.is_ok() && !arguments.exit {
        timeline::print_closing(&running, &arguments.data);
        serve::wait_for_the_end(&running).await?;
    }
    partners.stop().await;
    running.drain().await;
    outcome
}

async fn register(foundation: &Foundation, folder: &Path) -> Result<(), CommandError> {
    let files = check::texts(&[folder.to_path_buf()])?;
    apply_directly(foundation, &ApplyRequest { files })
        .await
        .map_err(CommandError::Failed)?;
    Ok(())
}

fn address(running: &Running, listener: Listener) -> Result<SocketAddr, CommandError> {
    running.address(listener).ok_or_else(|| {
        CommandError::Failed(format!("the {} listener did not start", listener.as_str()))
    })
}
