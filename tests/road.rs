//! Another way to a server: for what depends on the address at which somebody is.

use std::io;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use tokio::net::{TcpListener, TcpStream};
use tokio::task::{AbortHandle, JoinSet};

/// Takes connections at one address and carries their octets to another, both ways. It ends with the test.
#[derive(Debug)]
pub(crate) struct Road {
    address: SocketAddr,
    task: AbortHandle,
}

impl Road {
    pub(crate) async fn between(from: SocketAddr, to: SocketAddr) -> io::Result<Self> {
        let listener = TcpListener::bind(from).await?;
        let address = listener.local_addr()?;
        let task = tokio::spawn(carry(listener, to)).abort_handle();
        Ok(Self { address, task })
    }

    /// From this port, on the first address of the loopback interface at which nobody has it.
    pub(crate) async fn from_port(port: u16, to: SocketAddr) -> Self {
        for last in 1..=254 {
            let from = SocketAddr::new(loopback(last), port);
            if let Ok(road) = Self::between(from, to).await {
                return road;
            }
        }
        panic!("nowhere is port {port} free")
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }
}

impl Drop for Road {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// The address of the loopback interface that ends so.
pub(crate) fn loopback(last: u8) -> IpAddr {
    Ipv4Addr::new(127, 0, 0, last).into()
}

async fn carry(listener: TcpListener, to: SocketAddr) {
    let mut connections = JoinSet::new();
    while let Ok((mut near, _)) = listener.accept().await {
        connections.spawn(async move {
            let mut far = TcpStream::connect(to).await?;
            tokio::io::copy_bidirectional(&mut near, &mut far).await
        });
    }
}
