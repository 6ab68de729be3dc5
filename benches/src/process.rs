//! The processes that are measured: started here, ended here, and looked at through `/proc`.

use crate::{Failure, instant};
use bytes::Bytes;
use http_body_util::Empty;
use hyper::Request;
use hyper::client::conn::http1::handshake;
use hyper_util::rt::TokioIo;
use std::net::SocketAddr;
use std::path::Path;
use std::process::Stdio;
use std::time::Duration;
use tokio::io::{AsyncBufReadExt, BufReader, Lines};
use tokio::net::TcpStream;
use tokio::process::{Child, ChildStdout, Command};

/// A process that says where it listens does so within this time.
const START_MAX: Duration = Duration::from_secs(60);
/// A process that was asked to end does so within this time, or is killed.
const END_MAX: Duration = Duration::from_secs(30);
/// Microseconds of one unit of CPU time in `/proc/PID/stat`: USER_HZ is 100 on Linux (proc(5)).
const TICK_US: u64 = 10_000;

/// A running process; killed when dropped.
pub(crate) struct Process {
    child: Child,
    id: u32,
    lines: Lines<BufReader<ChildStdout>>,
}

impl Process {
    /// Starts a program; what it complains about goes to the file `log`.
    pub(crate) fn start(program: &Path, arguments: &[&str], log: &Path) -> Result<Self, Failure> {
        let mut child = Command::new(program)
            .args(arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(std::fs::File::create(log)?)
            .kill_on_drop(true)
            .spawn()
            .map_err(|e| format!("{} does not start: {e}", program.display()))?;
        let id = child.id().ok_or("a process ended at once")?;
        let output = child.stdout.take().ok_or("a process without output")?;
        Ok(Self {
            child,
            id,
            lines: BufReader::new(output).lines(),
        })
    }

    /// The address in the first line of its output that begins with `name`.
    pub(crate) async fn address(&mut self, name: &str) -> Result<SocketAddr, Failure> {
        let find = async {
            while let Some(line) = self.lines.next_line().await? {
                let word = line.strip_prefix(name).map(str::trim);
                if let Some(address) = word.and_then(|w| w.strip_prefix("http://")) {
                    return Ok(address.parse()?);
                }
            }
            Err(Failure::from(format!(
                "a process ended before it said where `{name}` is"
            )))
        };
        tokio::time::timeout(START_MAX, find).await?
    }

    /// CPU time that it has used so far, user and system, all threads, in microseconds.
    pub(crate) fn cpu_us(&self) -> Result<u64, Failure> {
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", self.id))?;
        let [user, system, ..] = times(&stat)?;
        Ok((user + system) * TICK_US)
    }

    /// Memory that it holds (VmRSS), in KiB.
    pub(crate) fn rss_kib(&self) -> Result<u64, Failure> {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.id))?;
        let line = status.lines().find_map(|l| l.strip_prefix("VmRSS:"));
        let number = line.and_then(|l| l.split_ascii_whitespace().next());
        Ok(number.ok_or("no VmRSS in /proc/PID/status")?.parse()?)
    }

    /// Asks it to end and waits until it is gone.
    pub(crate) async fn end(mut self) -> Result<(), Failure> {
        let asked = Command::new("kill")
            .args(["-TERM", &self.id.to_string()])
            .status()
            .await?;
        let ended = tokio::time::timeout(END_MAX, self.child.wait()).await;
        if !asked.success() || ended.is_err() {
            self.child.kill().await?;
        }
        Ok(())
    }
}

/// CPU time of a process, of its children that live, and of those that have ended, in microseconds.
pub(crate) fn cpu_us_of_family(parent: u32) -> Result<u64, Failure> {
    let mut ticks = 0;
    for entry in std::fs::read_dir("/proc")? {
        let Ok(stat) = std::fs::read_to_string(entry?.path().join("stat")) else {
            continue; // No process, or one that has just ended.
        };
        let id = stat.split(' ').next().and_then(|id| id.parse().ok());
        let (_, fields) = stat.rsplit_once(')').ok_or("unreadable /proc/PID/stat")?;
        let child_of = fields.split_ascii_whitespace().nth(1);
        let child_of = child_of.and_then(|id| id.parse().ok());
        let [user, system, ended_user, ended_system] = times(&stat)?;
        if id == Some(parent) {
            ticks += user + system + ended_user + ended_system;
        } else if child_of == Some(parent) {
            ticks += user + system;
        }
    }
    Ok(ticks * TICK_US)
}

/// User and system time, the process's own and that of its ended children, in ticks.
fn times(stat: &str) -> Result<[u64; 4], Failure> {
    // The name in parentheses may hold anything; fields 14 to 17 (proc(5)) are the 12th to 15th behind it.
    let (_, fields) = stat.rsplit_once(')').ok_or("unreadable /proc/PID/stat")?;
    let mut times = fields.split_ascii_whitespace().skip(11);
    let mut next =
        || -> Result<u64, Failure> { Ok(times.next().ok_or("short /proc/PID/stat")?.parse()?) };
    Ok([next()?, next()?, next()?, next()?])
}

/// Runs a program to its end; fails with its words when it does.
pub(crate) async fn run(program: &Path, arguments: &[&str]) -> Result<(), Failure> {
    let output = Command::new(program)
        .args(arguments)
        .stdin(Stdio::null())
        .kill_on_drop(true)
        .output()
        .await?;
    if output.status.success() {
        return Ok(());
    }
    let words = String::from_utf8_lossy(&output.stderr);
    let words: String = words.chars().take(4_000).collect();
    Err(format!(
        "{} {} failed: {words}",
        program.display(),
        arguments.join(" ")
    )
    .into())
}

/// The status of one `GET` on a connection of its own.
async fn get(address: SocketAddr, path: &str) -> Result<u16, Failure> {
    let request = Request::get(path)
        .header("host", address.to_string())
        .body(Empty::<Bytes>::new())?;
    let stream = TcpStream::connect(address).await?;
    let (mut sender, connection) = handshake(TokioIo::new(stream)).await?;
    tokio::spawn(connection);
    let answer = tokio::time::timeout(START_MAX, sender.send_request(request)).await??;
    Ok(answer.status().as_u16())
}

/// Waits until `GET path` answers 200; returns when it did, counted from `begun`.
pub(crate) async fn until_ready(
    address: SocketAddr,
    path: &str,
    begun: std::time::Instant,
) -> Result<Duration, Failure> {
    loop {
        if get(address, path).await.is_ok_and(|status| status == 200) {
            return Ok(begun.elapsed());
        }
        if instant().duration_since(begun) > START_MAX {
            return Err(format!("{path} did not answer 200 within {START_MAX:?}").into());
        }
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
}
