//! TCP connections.

use std::net::SocketAddr;
use std::time::Duration;

use socket2::{SockRef, TcpKeepalive};
use tokio::net::TcpStream;
use tokio::time::timeout;

use super::attempt_error::AttemptError;

/// A quiet connection is asked after a minute whether it is still there: sooner than firewalls forget
/// it, and a search may well keep a server busy for longer.
const KEEPALIVE: Duration = Duration::from_secs(60);

/// Connects to one address.
pub(crate) async fn open(address: SocketAddr, within: Duration) -> Result<TcpStream, AttemptError> {
    match timeout(within, TcpStream::connect(address)).await {
        Ok(Ok(tcp)) => {
            // Without these the connection is slower or is lost later, but it works.
            let _ = tcp.set_nodelay(true);
            let _ =
                SockRef::from(&tcp).set_tcp_keepalive(&TcpKeepalive::new().with_time(KEEPALIVE));
            Ok(tcp)
        }
        Ok(Err(error)) => Err(AttemptError::silent_from("no connection", error)),
        Err(_) => Err(AttemptError::silent("no connection in time")),
    }
}

/// Who is at the other end, in canonical form.
pub(crate) fn peer(tcp: &TcpStream) -> Result<SocketAddr, AttemptError> {
    let mut peer = tcp
        .peer_addr()
        .map_err(|error| AttemptError::silent_from("the connection was lost at once", error))?;
    if peer.ip().to_canonical().is_ipv4() {
        peer.set_ip(peer.ip().to_canonical());
    }
    Ok(peer)
}
