//! The local road between the guard and ldap3.

use std::io;

#[cfg(any(not(unix), test))]
use std::net::{Ipv4Addr, TcpListener, TcpStream};

use ldap3::StdStream;

/// The end that stays with the guard.
#[cfg(unix)]
pub(crate) type Near = tokio::net::UnixStream;
/// The end that stays with the guard.
#[cfg(not(unix))]
pub(crate) type Near = tokio::net::TcpStream;

/// The address that tells ldap3 which kind of stream it is given.
#[cfg(unix)]
pub(crate) const URL: &str = "ldapi:///";
/// The address that tells ldap3 which kind of stream it is given.
#[cfg(not(unix))]
pub(crate) const URL: &str = "ldap://127.0.0.1";

/// Two connected ends: a pair of Unix sockets, which no other process can reach.
#[cfg(unix)]
pub(crate) fn pair() -> io::Result<(Near, StdStream)> {
    let (near, far) = std::os::unix::net::UnixStream::pair()?;
    near.set_nonblocking(true)?;
    Ok((Near::from_std(near)?, StdStream::Unix(far)))
}

/// Two connected ends: a connection over the loopback interface.
#[cfg(not(unix))]
pub(crate) fn pair() -> io::Result<(Near, StdStream)> {
    let (near, far) = loopback()?;
    near.set_nonblocking(true)?;
    Ok((Near::from_std(near)?, StdStream::Tcp(far)))
}

/// A loopback connection whose ends have checked each other's address, since any local process could have
/// connected to the listener first.
#[cfg(any(not(unix), test))]
fn loopback() -> io::Result<(TcpStream, TcpStream)> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
    let near = TcpStream::connect(listener.local_addr()?)?;
    let (far, peer) = listener.accept()?;
    if peer != near.local_addr()? || far.local_addr()? != near.peer_addr()? {
        return Err(io::Error::other("another process connected to the local stream"));
    }
    near.set_nodelay(true)?;
    far.set_nodelay(true)?;
    Ok((near, far))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::{Read, Write};

    #[test]
    fn the_ends_of_a_loopback_pair_reach_each_other() {
        let (mut near, mut far) = loopback().unwrap();
        near.write_all(b"x").unwrap();
        let mut byte = [0];
        far.read_exact(&mut byte).unwrap();
        assert_eq!(&byte, b"x");
    }
}
