//! A real clamd with two signatures of our own: no signature of the world is needed to see how it is spoken to.

use crate::process::eventually;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

/// A start takes no longer, also on a busy machine.
const START_MAX: Duration = Duration::from_secs(60);

/// The mark that this clamd takes for a virus, anywhere in a file.
pub const MARK: &str = "TONGBAN-BLACK-BOX-INFECTED";

/// A clamd of one test.
pub struct Clamd {
    folder: PathBuf,
    child: Option<Child>,
}

impl Clamd {
    /// Prepares one in a folder; [`Clamd::start`] starts it.
    #[must_use]
    pub fn prepare(folder: &Path) -> Self {
        let folder = folder.join("clamd");
        let database = folder.join("db");
        let write = |path: PathBuf, text: String| {
            std::fs::write(&path, text).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
        };
        std::fs::create_dir_all(&database).unwrap_or_else(|e| panic!("{e}"));
        let hex = data_encoding::HEXLOWER.encode(MARK.as_bytes());
        // Name, any kind of file, anywhere, bytes (ClamAV manual, "Body-based Signature Content Format").
        write(
            database.join("test.ndb"),
            format!("BlackBox.Mark:0:*:{hex}\n"),
        );
        let settings = format!(
            "DatabaseDirectory {}\nLocalSocket {}\nForeground yes\nStreamMaxLength 1M\n",
            database.display(),
            folder.join("clamd.ctl").display()
        );
        write(folder.join("clamd.conf"), settings);
        Self {
            folder,
            child: None,
        }
    }

    /// Where it listens.
    #[must_use]
    pub fn socket(&self) -> PathBuf {
        self.folder.join("clamd.ctl")
    }

    /// The gateway's section of settings for it.
    #[must_use]
    pub fn settings(&self) -> String {
        format!("scan: {{ clamd: \"{}\" }}\n", self.socket().display())
    }

    /// Starts it and waits until it listens.
    pub async fn start(&mut self) {
        std::fs::remove_file(self.socket()).ok();
        let log = std::fs::File::create(self.folder.join("clamd.log"));
        let child = Command::new("clamd")
            .arg(format!(
                "--config-file={}",
                self.folder.join("clamd.conf").display()
            ))
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(log.map_or_else(|_| Stdio::null(), Stdio::from))
            .spawn();
        let child = child.unwrap_or_else(|e| {
            panic!("clamd does not start ({e}): tests/run installs it (clamav-daemon)")
        });
        self.child = Some(child);
        let socket = self.socket();
        eventually("clamd listens", START_MAX, || {
            let there = std::os::unix::net::UnixStream::connect(&socket).is_ok();
            async move { there.then_some(()) }
        })
        .await;
    }

    /// Ends it, and waits until it is gone.
    pub fn stop(&mut self) {
        if let Some(mut child) = self.child.take() {
            let _ = child.kill();
            let _ = child.wait();
        }
        std::fs::remove_file(self.socket()).ok();
    }
}

impl Drop for Clamd {
    fn drop(&mut self) {
        if let Some(mut child) = self.child.take() {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}
