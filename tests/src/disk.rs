//! Disks that a test may fill or switch to read-only: a small memory file system, which only root can mount, and a shim between the
//! gateway and its C library, which needs a C compiler.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// A memory file system of its own; unmounted when dropped.
pub struct SmallDisk {
    folder: tempfile::TempDir,
}

impl SmallDisk {
    /// Mounts one of so many MiB; the reason when this process may not.
    ///
    /// # Errors
    /// What `mount` said.
    pub fn mount(mebibytes: u32) -> Result<Self, String> {
        let folder = tempfile::tempdir().map_err(|e| e.to_string())?;
        let output = Command::new("mount")
            .args(["-t", "tmpfs", "-o", &format!("size={mebibytes}m"), "tmpfs"])
            .arg(folder.path())
            .output()
            .map_err(|e| e.to_string())?;
        if output.status.success() {
            return Ok(Self { folder });
        }
        Err(String::from_utf8_lossy(&output.stderr).trim().to_owned())
    }

    /// Where it is mounted.
    #[must_use]
    pub fn path(&self) -> &Path {
        self.folder.path()
    }

    fn filler(&self) -> PathBuf {
        self.path().join("filler")
    }

    /// Fills it until `left` bytes are free (0: until the last write fails).
    pub fn fill(&self, left: u64) {
        let mut file = std::fs::OpenOptions::new()
            .create(true)
            .append(true)
            .open(self.filler())
            .unwrap_or_else(|e| panic!("{e}"));
        let piece = vec![0x5a; 16 << 10];
        let mut room = match left {
            0 => u64::MAX,
            left => self.free().saturating_sub(left),
        };
        while room > 0 && file.write_all(&piece).is_ok() {
            room = room.saturating_sub(piece.len() as u64);
        }
    }

    /// Makes room again.
    pub fn free_up(&self) {
        std::fs::remove_file(self.filler()).unwrap_or_else(|e| panic!("{e}"));
    }

    /// Bytes that are free, as `df` says it.
    fn free(&self) -> u64 {
        let output = Command::new("df")
            .args(["--output=avail", "-B1"])
            .arg(self.path())
            .output()
            .unwrap_or_else(|e| panic!("df: {e}"));
        String::from_utf8_lossy(&output.stdout)
            .lines()
            .nth(1)
            .and_then(|line| line.trim().parse().ok())
            .unwrap_or_else(|| panic!("df told nothing"))
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        let _ = Command::new("umount")
            .arg("--lazy")
            .arg(self.path())
            .status();
    }
}

/// Between the gateway and its C library: while a flag file exists, nothing under the data folder takes a write (`EROFS`), as after a
/// file system fell back to read-only.
const SHIM: &str = r#"
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>
#include <unistd.h>
static int shut(void) { const char *flag = getenv("SHIM_FLAG"); return flag && access(flag, F_OK) == 0; }
static int inside(const char *path) { const char *data = getenv("SHIM_DATA"); return data && strncmp(path, data, strlen(data)) == 0; }
static int of_data(int fd) {
    char link[64], path[4096];
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t n = readlink(link, path, sizeof path - 1);
    if (n < 0) return 0;
    path[n] = 0;
    return inside(path);
}
static int refused(int fd) { if (shut() && of_data(fd)) { errno = EROFS; return 1; } return 0; }
#define REAL(name) __typeof__(&name) real = (__typeof__(&name)) dlsym(RTLD_NEXT, #name)
ssize_t write(int fd, const void *b, size_t n) { REAL(write); return refused(fd) ? -1 : real(fd, b, n); }
ssize_t pwrite(int fd, const void *b, size_t n, off_t o) { REAL(pwrite); return refused(fd) ? -1 : real(fd, b, n, o); }
ssize_t pwrite64(int fd, const void *b, size_t n, off64_t o) { REAL(pwrite64); return refused(fd) ? -1 : real(fd, b, n, o); }
int ftruncate(int fd, off_t o) { REAL(ftruncate); return refused(fd) ? -1 : real(fd, o); }
int ftruncate64(int fd, off64_t o) { REAL(ftruncate64); return refused(fd) ? -1 : real(fd, o); }
int rename(const char *a, const char *b) { REAL(rename); if (shut() && inside(b)) { errno = EROFS; return -1; } return real(a, b); }
int open64(const char *path, int flags, ...) {
    REAL(open64);
    va_list more; va_start(more, flags); mode_t mode = va_arg(more, mode_t); va_end(more);
    if ((flags & O_ACCMODE) != O_RDONLY && shut() && inside(path)) { errno = EROFS; return -1; }
    return real(path, flags, mode);
}
int open(const char *path, int flags, ...) {
    REAL(open);
    va_list more; va_start(more, flags); mode_t mode = va_arg(more, mode_t); va_end(more);
    if ((flags & O_ACCMODE) != O_RDONLY && shut() && inside(path)) { errno = EROFS; return -1; }
    return real(path, flags, mode);
}
"#;

/// A data folder that a test can switch to read-only while the gateway runs.
pub struct Switched {
    folder: tempfile::TempDir,
}

impl Switched {
    /// Compiles the shim.
    #[must_use]
    pub fn prepare() -> Self {
        let folder = tempfile::tempdir().unwrap_or_else(|e| panic!("{e}"));
        let mut compiler = Command::new("cc")
            .args(["-shared", "-fPIC", "-O1", "-x", "c", "-o"])
            .arg(folder.path().join("shim.so"))
            .args(["-", "-ldl"])
            .stdin(Stdio::piped())
            .spawn()
            .unwrap_or_else(|e| panic!("cc does not start ({e}): tests/run installs it"));
        let written = compiler
            .stdin
            .take()
            .map(|mut i| i.write_all(SHIM.as_bytes()));
        assert!(matches!(written, Some(Ok(()))));
        assert!(
            compiler.wait().is_ok_and(|s| s.success()),
            "the shim does not compile"
        );
        Self { folder }
    }

    /// The data folder.
    #[must_use]
    pub fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    fn flag(&self) -> PathBuf {
        self.folder.path().join("read-only")
    }

    /// What the gateway's environment must hold.
    #[must_use]
    pub fn environment(&self) -> [(&'static str, String); 3] {
        let words = |path: PathBuf| path.display().to_string();
        [
            ("LD_PRELOAD", words(self.folder.path().join("shim.so"))),
            ("SHIM_DATA", words(self.data())),
            ("SHIM_FLAG", words(self.flag())),
        ]
    }

    /// Read-only from now on, or no more.
    pub fn set_read_only(&self, on: bool) {
        let done = if on {
            std::fs::write(self.flag(), "")
        } else {
            std::fs::remove_file(self.flag())
        };
        done.unwrap_or_else(|e| panic!("{e}"));
    }
}
