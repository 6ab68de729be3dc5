//! An S3 service over a folder (the crate `s3s`, not ours: it verifies signatures and checksums), on loopback, that can be ended and
//! started again with what it held.

use hyper::server::conn::http1;
use hyper_util::rt::TokioIo;
use s3s::auth::SimpleAuth;
use s3s::service::{S3Service, S3ServiceBuilder};
use s3s_fs::FileSystem;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;
use tempfile::TempDir;
use tokio::net::TcpListener;
use tokio::runtime::{Builder, Runtime};
use tokio::sync::oneshot;
use tokio::task::JoinSet;

/// The bucket that there is.
pub const BUCKET: &str = "hall";
/// Access key.
pub const ACCESS_KEY: &str = "storage-access";
/// Secret key.
pub const SECRET_KEY: &str = "storage-secret-of-tests";

/// The service with its folder.
pub struct Storage {
    /// Where it listens; the same after a restart.
    pub address: SocketAddr,
    folder: TempDir,
    /// Threads of its own: a test may wait for a command that asks it.
    serving: Option<Runtime>,
}

impl Storage {
    /// A service with one empty bucket, on a free port.
    pub async fn start() -> Self {
        let folder = tempfile::tempdir().unwrap_or_else(|e| panic!("no folder: {e}"));
        std::fs::create_dir(folder.path().join(BUCKET)).unwrap_or_else(|e| panic!("{e}"));
        let any = SocketAddr::from(([127, 0, 0, 1], 0));
        let (address, serving) = serve_at(any, service(folder.path())).await;
        Self {
            address,
            folder,
            serving: Some(serving),
        }
    }

    /// Ends it in the middle of whatever it does: its connections are cut.
    pub async fn end(&mut self) {
        if let Some(serving) = self.serving.take() {
            let ending = move || serving.shutdown_timeout(Duration::from_secs(5));
            let _ = tokio::task::spawn_blocking(ending).await;
        }
    }

    /// Serves again, with what it held.
    pub async fn start_again(&mut self) {
        self.end().await;
        let (_, serving) = serve_at(self.address, service(self.folder.path())).await;
        self.serving = Some(serving);
    }

    /// The settings of a gateway that keeps its files here, reached at `address`.
    #[must_use]
    pub fn settings(&self, address: SocketAddr, prefix: &str) -> String {
        format!(
            "materials: {{ s3: {{ endpoint: \"http://{address}\", bucket: {BUCKET}, prefix: \"{prefix}\", access_key: {ACCESS_KEY}, \
             secret_key: {SECRET_KEY}, answer: 2s, within: 6s }} }}\n"
        )
    }

    /// The objects whose names end in an id and a tag, sorted.
    #[must_use]
    pub fn objects(&self) -> Vec<PathBuf> {
        let mut found = Vec::new();
        walk(&self.folder.path().join(BUCKET), &mut found);
        found.retain(|path| {
            let name = path.file_name().unwrap_or_default();
            name.len() == 32
                && name
                    .to_string_lossy()
                    .bytes()
                    .all(|b| b.is_ascii_hexdigit())
        });
        found.sort();
        found
    }
}

impl Drop for Storage {
    fn drop(&mut self) {
        if let Some(serving) = self.serving.take() {
            serving.shutdown_background();
        }
    }
}

async fn serve_at(address: SocketAddr, service: S3Service) -> (SocketAddr, Runtime) {
    let mut threads = Builder::new_multi_thread();
    let runtime = threads
        .worker_threads(1)
        .enable_all()
        .build()
        .unwrap_or_else(|e| panic!("{e}"));
    let (told, hears) = oneshot::channel();
    runtime.spawn(async move {
        let listener = listen(address).await;
        let _ = told.send(listener.local_addr());
        serve(listener, service).await;
    });
    let address = hears.await.unwrap_or_else(|e| panic!("{e}"));
    (address.unwrap_or_else(|e| panic!("{e}")), runtime)
}

async fn listen(address: SocketAddr) -> TcpListener {
    let mut tries = 0;
    loop {
        match TcpListener::bind(address).await {
            Ok(listener) => return listener,
            Err(e) if tries > 100 => panic!("nothing listens at {address}: {e}"),
            Err(_) => tries += 1,
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

fn service(folder: &Path) -> S3Service {
    let files = FileSystem::new(folder).unwrap_or_else(|e| panic!("no storage: {e:?}"));
    let mut builder = S3ServiceBuilder::new(files);
    builder.set_auth(SimpleAuth::from_single(ACCESS_KEY, SECRET_KEY));
    builder.build()
}

async fn serve(listener: TcpListener, service: S3Service) {
    // Ends with this task, and every connection with it.
    let mut connections = JoinSet::new();
    while let Ok((stream, _)) = listener.accept().await {
        let service = service.clone();
        connections.spawn(async move {
            let served = http1::Builder::new().serve_connection(TokioIo::new(stream), service);
            let _ = served.await;
        });
    }
}

fn walk(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        let path = entry.path();
        match path.is_dir() {
            true => walk(&path, found),
            false => found.push(path),
        }
    }
}
