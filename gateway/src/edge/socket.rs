//! Listening sockets: one a core with `SO_REUSEPORT`, and `ops.sock` with mode 0600.

use super::EdgeError;
use socket2::{Domain, Protocol, Socket, Type};
use std::io;
use std::net::{SocketAddr, TcpListener};
use std::os::unix::fs::{DirBuilderExt, PermissionsExt};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::Path;

/// Connections that the kernel holds until they are accepted, for each socket.
const BACKLOG: i32 = 1_024;

/// `cores` sockets on one address. Port 0 is chosen by the first and kept by the others.
pub(super) fn listen(address: SocketAddr, cores: usize) -> Result<Vec<TcpListener>, EdgeError> {
    let fault = |source| EdgeError::Listen { address, source };
    if address.port() != 0 {
        refuse_taken(address).map_err(fault)?;
    }
    let mut address = address;
    let mut sockets = Vec::with_capacity(cores);
    for _ in 0..cores {
        let socket = reusable(address).map_err(fault)?;
        let listener: TcpListener = socket.into();
        address = listener.local_addr().map_err(fault)?;
        sockets.push(listener);
    }
    Ok(sockets)
}

/// With `SO_REUSEPORT` a second gateway of the same user would silently share the port; a first try without it says so.
fn refuse_taken(address: SocketAddr) -> io::Result<()> {
    let socket = Socket::new(
        Domain::for_address(address),
        Type::STREAM,
        Some(Protocol::TCP),
    )?;
    socket.set_reuse_address(true)?;
    socket.bind(&address.into())?;
    socket.listen(1)
}

fn reusable(address: SocketAddr) -> io::Result<Socket> {
    let socket = Socket::new(
        Domain::for_address(address),
        Type::STREAM,
        Some(Protocol::TCP),
    )?;
    socket.set_reuse_address(true)?;
    socket.set_reuse_port(true)?;
    socket.set_nonblocking(true)?;
    socket.bind(&address.into())?;
    socket.listen(BACKLOG)?;
    Ok(socket)
}

/// A Unix socket that only its owner can open: made inside a folder of mode 0700 and moved to its place, so that it is never open
/// to others, not even for a moment. A stale one is replaced, one that answers is not.
pub(super) fn listen_unix(path: &Path) -> Result<UnixListener, EdgeError> {
    let fault = |source| EdgeError::ListenUnix {
        path: path.to_owned(),
        source,
    };
    if UnixStream::connect(path).is_ok() {
        return Err(fault(io::ErrorKind::AddrInUse.into()));
    }
    let folder = path.with_extension("making");
    let made = bind_in(&folder, path);
    // Whatever happened, the folder has no further use; it is empty after a rename.
    let _ = std::fs::remove_dir_all(&folder);
    made.map_err(fault)
}

fn bind_in(folder: &Path, path: &Path) -> io::Result<UnixListener> {
    let _ = std::fs::remove_dir_all(folder);
    std::fs::DirBuilder::new().mode(0o700).create(folder)?;
    let inside = folder.join("s");
    let listener = UnixListener::bind(&inside)?;
    std::fs::set_permissions(&inside, std::fs::Permissions::from_mode(0o600))?;
    listener.set_nonblocking(true)?;
    std::fs::rename(&inside, path)?;
    Ok(listener)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_core_gets_a_socket_on_the_same_port() {
        let sockets = listen("127.0.0.1:0".parse().unwrap(), 3).unwrap();
        let ports: std::collections::BTreeSet<u16> = sockets
            .iter()
            .map(|s| s.local_addr().unwrap().port())
            .collect();
        assert_eq!((sockets.len(), ports.len()), (3, 1));
    }

    #[test]
    fn a_port_that_another_gateway_serves_is_refused_although_it_could_be_shared() {
        let first = listen("127.0.0.1:0".parse().unwrap(), 1).unwrap();
        let taken = first[0].local_addr().unwrap();
        assert!(matches!(
            listen(taken, 1),
            Err(EdgeError::Listen { address, .. }) if address == taken
        ));
    }

    #[test]
    fn ops_socket_is_for_its_owner_alone_replaces_a_stale_one_and_not_a_live_one() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("ops.sock");
        let live = listen_unix(&path).unwrap();
        let mode = std::fs::metadata(&path).unwrap().permissions().mode() & 0o777;
        assert_eq!(mode, 0o600);
        assert!(listen_unix(&path).is_err(), "a live one");
        drop(live);
        assert!(listen_unix(&path).is_ok(), "a stale one");
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
    }
}
