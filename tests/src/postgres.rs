//! A PostgreSQL server of one test's own, which may be killed: `tests/postgres` starts the one that tests share.

use crate::process::{free_address, instant};
use sqlx::postgres::PgConnectOptions;
use sqlx::{Connection, PgConnection};
use std::net::SocketAddr;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;
use tempfile::TempDir;

/// It answers within this time after a start, also when it has to recover.
const READY_MAX: Duration = Duration::from_secs(60);

/// How a server ends without being asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ending {
    /// kill -9 of the server's first process; the others follow when they notice.
    Killed,
    /// Its immediate stop: every process ends where it is, and the next start recovers from the log.
    Immediate,
}

/// A server on loopback; ends with its owner, and its data with it.
pub struct Server {
    address: SocketAddr,
    programs: PathBuf,
    running: Option<Child>,
    // Last: removed when nothing writes into it any more.
    folder: TempDir,
}

impl Server {
    /// Makes the data folder and starts the server, synced as in production.
    ///
    /// # Errors
    /// What is missing, or what the server said.
    pub async fn start() -> Result<Self, String> {
        Self::start_with("").await
    }

    /// The same with more lines of `postgresql.conf`.
    ///
    /// # Errors
    /// What is missing, or what the server said.
    pub async fn start_with(settings: &str) -> Result<Self, String> {
        let mut server = Self::without_data()?;
        server.make_data()?;
        server.add_settings(settings)?;
        server.start_again().await?;
        Ok(server)
    }

    /// A new server on a base backup, which goes on with the archived log that `restore_command` among `settings` gets, to its end.
    ///
    /// # Errors
    /// The backup cannot be copied, or what the server said.
    pub async fn restored(base: &Path, settings: &str) -> Result<Self, String> {
        let mut server = Self::without_data()?;
        server.run(
            server
                .as_owner("/bin/cp")?
                .arg("-a")
                .args([base, &server.data()]),
        )?;
        server.add_settings(settings)?;
        server.run(
            server
                .as_owner("/bin/touch")?
                .arg(server.data().join("recovery.signal")),
        )?;
        server.start_again().await?;
        Ok(server)
    }

    fn without_data() -> Result<Self, String> {
        Ok(Self {
            address: free_address(),
            programs: programs()?,
            running: None,
            folder: folder()?,
        })
    }

    /// Runs one of its programs (`pg_basebackup`, …) to its end, as the user that the server runs as.
    ///
    /// # Errors
    /// What it printed when it failed.
    pub fn program(&self, name: &str, arguments: &[&str]) -> Result<(), String> {
        self.run(self.as_owner(name)?.args(arguments))
    }

    fn run(&self, command: &mut Command) -> Result<(), String> {
        let output = command.output().map_err(|e| format!("{command:?}: {e}"))?;
        if output.status.success() {
            return Ok(());
        }
        let printed = String::from_utf8_lossy(&output.stderr).into_owned();
        Err(format!("{command:?}: {printed}"))
    }

    fn add_settings(&self, settings: &str) -> Result<(), String> {
        let path = self.data().join("postgresql.conf");
        let mut all = std::fs::read_to_string(&path).map_err(|e| e.to_string())?;
        all.push_str(settings);
        std::fs::write(&path, all).map_err(|e| e.to_string())
    }

    /// Where it listens; the same after each start.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Its URL by way of `address`: its own, or that of a proxy.
    #[must_use]
    pub fn url_by(address: SocketAddr) -> String {
        format!("postgres://postgres@{address}/postgres")
    }

    /// A connection to the server itself.
    ///
    /// # Errors
    /// It does not answer.
    pub async fn connection(&self) -> Result<PgConnection, String> {
        let options = PgConnectOptions::new_without_pgpass()
            .host("127.0.0.1")
            .port(self.address.port())
            .username("postgres")
            .database("postgres");
        PgConnection::connect_with(&options)
            .await
            .map_err(|e| e.to_string())
    }

    /// Ends it this way and waits until its first process is gone.
    pub fn end(&mut self, ending: Ending) {
        let Some(mut running) = self.running.take() else {
            return;
        };
        match ending {
            Ending::Killed => {
                let _ = running.kill();
            }
            Ending::Immediate => {
                let _ = Command::new("kill")
                    .args(["-QUIT", &running.id().to_string()])
                    .status();
            }
        }
        let _ = running.wait();
    }

    /// Starts it (again) on what it had written, and waits until it answers.
    ///
    /// # Errors
    /// What it printed when it does not answer in time.
    pub async fn start_again(&mut self) -> Result<(), String> {
        let begun = instant();
        loop {
            if self.running.as_mut().is_none_or(has_ended) {
                // Others of a killed server may still be there, and keep the new one from starting: it is started until it stands.
                self.running = Some(self.spawn()?);
            }
            if let Ok(connection) = self.connection().await {
                let _ = connection.close().await;
                return Ok(());
            }
            if begun.elapsed() > READY_MAX {
                let log = std::fs::read_to_string(self.log()).unwrap_or_default();
                return Err(format!("PostgreSQL does not answer:\n{log}"));
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    /// What it printed, all its lives together.
    #[must_use]
    pub fn log(&self) -> PathBuf {
        self.folder.path().join("postgres.log")
    }

    fn spawn(&self) -> Result<Child, String> {
        let log = std::fs::OpenOptions::new()
            .create(true)
            .append(true)
            .open(self.log())
            .map_err(|e| e.to_string())?;
        let mut command = self.as_owner("postgres")?;
        command
            .arg("-D")
            .arg(self.data())
            .args(["-p", &self.address.port().to_string()])
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(log);
        command.spawn().map_err(|e| format!("postgres: {e}"))
    }

    fn make_data(&self) -> Result<(), String> {
        self.run(self.as_owner("initdb")?.arg("-D").arg(self.data()).args([
            "-U",
            "postgres",
            "-A",
            "trust",
            "-E",
            "UTF8",
            "--locale=C",
        ]))?;
        self.add_settings(
            "listen_addresses = '127.0.0.1'\nunix_socket_directories = ''\nmax_connections = 100\nshared_buffers = 64MB\n",
        )
    }

    /// A program, its own unless the path is whole, as a user that it agrees to: it refuses to be root.
    fn as_owner(&self, program: &str) -> Result<Command, String> {
        let mut command = Command::new(self.programs.join(program));
        command.current_dir(self.folder.path());
        if let Some((user, group)) = owner()? {
            command.uid(user).gid(group);
        }
        Ok(command)
    }
}

/// A folder that servers may write to.
///
/// # Errors
/// It cannot be made, or root has no user `postgres` to give it to.
pub fn folder() -> Result<TempDir, String> {
    let folder = tempfile::tempdir().map_err(|e| format!("no folder: {e}"))?;
    if let Some((user, group)) = owner()? {
        std::os::unix::fs::chown(folder.path(), Some(user), Some(group))
            .map_err(|e| e.to_string())?;
    }
    Ok(folder)
}

impl Drop for Server {
    fn drop(&mut self) {
        self.end(Ending::Immediate);
    }
}

fn has_ended(child: &mut Child) -> bool {
    matches!(child.try_wait(), Ok(Some(_)))
}

/// Where the server's programs lie: the newest of the distribution's, or those in the path.
fn programs() -> Result<PathBuf, String> {
    let mut found: Vec<PathBuf> = std::fs::read_dir("/usr/lib/postgresql")
        .into_iter()
        .flatten()
        .flatten()
        .map(|entry| entry.path().join("bin"))
        .collect();
    let version = |path: &PathBuf| -> u32 {
        let name = path.parent().and_then(Path::file_name);
        name.and_then(|n| n.to_str()?.parse().ok()).unwrap_or(0)
    };
    found.sort_by_key(version);
    let path = std::env::var_os("PATH").unwrap_or_default();
    found
        .into_iter()
        .rev()
        .chain(std::env::split_paths(&path))
        .find(|folder| folder.join("initdb").exists())
        .ok_or_else(|| {
            "PostgreSQL's server programs are missing: tests/run installs them (Debian: postgresql)"
                .to_owned()
        })
}

/// The numbers of the user and group `postgres`, for root alone; anybody else is the owner.
fn owner() -> Result<Option<(u32, u32)>, String> {
    let id = |arguments: &[&str]| -> Result<u32, String> {
        let output = Command::new("id").args(arguments).output();
        let output = output.map_err(|e| format!("id: {e}"))?;
        let text = String::from_utf8_lossy(&output.stdout);
        text.trim()
            .parse()
            .map_err(|_| "root needs a user `postgres`: the server refuses to be root".to_owned())
    };
    if id(&["-u"])? != 0 {
        return Ok(None);
    }
    Ok(Some((id(&["-u", "postgres"])?, id(&["-g", "postgres"])?)))
}
