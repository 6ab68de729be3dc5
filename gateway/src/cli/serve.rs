//! `tongban serve`: the gateway.

use super::CommandError;
use crate::config::{self, Config};
use crate::installation::{self, Foundation, Running};
use clap::Args;
use std::path::{Path, PathBuf};
use tokio::signal::unix::{SignalKind, signal};

/// Run the gateway.
#[derive(Debug, Args)]
#[command(
    after_help = "Example:\n  tongban apply config && tongban serve --config config/tongban.yaml\n\n\
    SIGTERM and Ctrl-C drain and stop; SIGHUP reads the settings and what is registered anew, like `tongban reload`."
)]
pub struct ServeArguments {
    /// Settings of the installation
    #[arg(long, value_name = "FILE", default_value = "config/tongban.yaml")]
    config: PathBuf,
}

/// Runs the command until it is told to stop.
///
/// # Errors
/// [`CommandError::Failed`] when the settings, the data folder or an address cannot be used.
pub fn run(arguments: &ServeArguments) -> Result<(), CommandError> {
    let config = read_config(&arguments.config)?;
    arm_fail_points(config::environment(crate::fail_point::VARIABLE))?;
    crate::operations::logging::start(&config.log).map_err(CommandError::failed)?;
    runtime()?.block_on(async {
        let running = open_and_start(&config).await?;
        print_addresses(&running);
        wait_for_the_end(&running).await?;
        eprintln!("draining: no new requests, what is in flight finishes");
        let cut = running.drain().await;
        if cut > 0 {
            eprintln!("drained; {cut} connections were cut at the deadline");
        }
        Ok(())
    })
}

#[cfg(feature = "fail-points")]
fn arm_fail_points(armed: Option<String>) -> Result<(), CommandError> {
    crate::fail_point::arm(armed.as_deref()).map_err(CommandError::Usage)
}

/// Whoever arms a fail point wants it to act: a build without them says so instead of serving as if nothing had been asked for.
#[cfg(not(feature = "fail-points"))]
fn arm_fail_points(armed: Option<String>) -> Result<(), CommandError> {
    match armed {
        None => Ok(()),
        Some(_) => Err(CommandError::Usage(format!(
            "{} is set, but this build has no fail points: build it with --features tongban-gateway/testing, or unset it",
            crate::fail_point::VARIABLE
        ))),
    }
}

/// The control plane's runtime.
///
/// # Errors
/// [`CommandError::Failed`] when no thread can be started.
pub fn runtime() -> Result<tokio::runtime::Runtime, CommandError> {
    install_tls_provider();
    tokio::runtime::Builder::new_multi_thread()
        .thread_name("control")
        .enable_all()
        .build()
        .map_err(|e| CommandError::Failed(format!("no runtime: {e}")))
}

/// The one TLS provider of the process; a second installation is refused by rustls and harmless.
fn install_tls_provider() {
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
}

/// Reads the settings.
///
/// # Errors
/// [`CommandError::Failed`] with every fault of the file.
pub fn read_config(path: &Path) -> Result<Config, CommandError> {
    let text = std::fs::read_to_string(path).map_err(|e| {
        CommandError::Failed(format!(
            "the settings {} cannot be read: {e}",
            path.display()
        ))
    })?;
    let mut config = config::read(path, &text, &config::environment).map_err(|faults| {
        CommandError::Failed(
            faults
                .iter()
                .map(ToString::to_string)
                .collect::<Vec<_>>()
                .join("\n"),
        )
    })?;
    config.file = Some(path.to_path_buf());
    Ok(config)
}

/// Opens the installation and starts it; says so when nothing is registered yet.
///
/// # Errors
/// [`CommandError::Failed`].
pub async fn open_and_start(config: &Config) -> Result<Running, CommandError> {
    let foundation = Foundation::open(config, std::sync::Arc::new(config::environment))
        .await
        .map_err(CommandError::failed)?;
    if foundation.registry.load().catalogue.is_empty() {
        eprintln!("nothing is registered yet: run `tongban apply config`");
    }
    installation::start(config, foundation)
        .await
        .map_err(CommandError::failed)
}

/// One line a listener: for people, and for whoever starts the gateway on ports that the system chooses.
pub fn print_addresses(running: &Running) {
    for (listener, address) in &running.addresses {
        println!("{:<11} http://{address}", listener.as_str());
    }
}

/// Waits for SIGTERM, Ctrl-C or an operator's drain.
///
/// # Errors
/// [`CommandError::Failed`] when signals cannot be listened to.
pub async fn wait_for_the_end(running: &Running) -> Result<(), CommandError> {
    let mut terminate = signal(SignalKind::terminate()).map_err(CommandError::failed)?;
    let mut interrupt = signal(SignalKind::interrupt()).map_err(CommandError::failed)?;
    let mut hang_up = signal(SignalKind::hangup()).map_err(CommandError::failed)?;
    loop {
        tokio::select! {
            // What came of it is logged and counted; a hang-up has no one to answer.
            _ = hang_up.recv() => drop(running.reload().await),
            _ = terminate.recv() => return Ok(()),
            _ = interrupt.recv() => return Ok(()),
            () = running.stop_asked.cancelled() => return Ok(()),
        }
    }
}
