//! The trait that serves a directory.

use std::fmt::Debug;
use std::sync::Arc;

use async_trait::async_trait;
use futures::stream::BoxStream;

use super::{DirectoryEvent, ReadRequest};
use crate::Result;

/// A directory that can be read.
///
/// `ldap::LdapSource` is the real one; a host writes its own to replay
/// exports or for its tests.
///
/// # Contract
///
/// - A source that has a server to name says first whom it reached ([`DirectoryEvent::Begin`]), so that a read that
///   breaks off later can be reported.
/// - The stream yields pages and then exactly one [`DirectoryEvent::End`]. **The end is a value**: a stream
///   that stops without it was cut off, and nothing may be concluded from what it did not yield.
/// - [`Completeness::Complete`](super::Completeness) is claimed only if every object in scope that the
///   account may see was yielded, or counted among the rejected.
/// - The end says what the read covered ([`scope`](super::ReadEnd::scope)): everything that was yielded is within
///   its bases. The same account, domain and filter give the same view, and others another.
/// - Objects may come in any order, and more than once; the later one holds. Each is whole, also in a read of
///   changes.
/// - What is left out of an object is one of its [flaws](super::DirectoryObject::flaws), and they are summed up in
///   the end ([`left_out`](super::ReadEnd::left_out)).
/// - A read goes on from the request's checkpoint only if it can miss nothing so, and says in its end which it
///   did ([`mode`](super::ReadEnd::mode), [`full_because`](super::ReadEnd::full_because)). Only a complete read
///   leaves a checkpoint.
/// - Whoever asks for [link changes](super::ReadRequest::link_changes) may be told, in place of a long list of members, who
///   joined and who left since the checkpoint, if that is all that became of it.
/// - What became of a membership is told of the group alone, as directories do it: a read of changes need not
///   yield an object of which only `memberOf` changed, nor a group whose members were only renamed. Whoever asks
///   works out which objects these are, and has them read with [`again`](super::ReadRequest::again).
/// - A read of changes may miss that an object is gone, since tombstones are not for everybody to see. It says
///   what is still there in its end's [`census`](super::ReadEnd::census), if it can and the request
///   [asks](super::ReadRequest::census) for it.
/// - Referrals are counted, never followed.
/// - The source asks its credential store at every connect, so that a rotated password takes effect.
///
/// - A source without a server, such as a file, names the address `0.0.0.0:0`
///   ([`ServerIdentity::at`](super::ServerIdentity::at)), [`Transport::Ldap`](super::Transport) and
///   [`Verification::Nothing`](super::Verification): nothing vouches for what it says.
///
/// # Errors
///
/// An error before the stream begins means that nothing was read: the credential is missing or not
/// shared, no server answered, no transport is permitted, the certificate does not hold, the bind was
/// refused. Whatever ends a read that has begun is its end, which says so: the read is incomplete. An error within
/// the stream means the same, without what the end would have said.
///
/// # Cancellation
///
/// Dropping the future or the stream closes every connection and ends every task of the read.
///
/// # Testing your implementation
///
/// `testing::contract::directory_source` checks all of the above, given a builder.
#[async_trait]
pub trait DirectorySource: Debug + Send + Sync + 'static {
    /// Connects, binds and begins to read.
    async fn read(
        &self,
        request: ReadRequest,
    ) -> Result<BoxStream<'static, Result<DirectoryEvent>>>;
}

#[async_trait]
impl<T: DirectorySource + ?Sized> DirectorySource for Arc<T> {
    async fn read(
        &self,
        request: ReadRequest,
    ) -> Result<BoxStream<'static, Result<DirectoryEvent>>> {
        (**self).read(request).await
    }
}

#[async_trait]
impl<T: DirectorySource + ?Sized> DirectorySource for Box<T> {
    async fn read(
        &self,
        request: ReadRequest,
    ) -> Result<BoxStream<'static, Result<DirectoryEvent>>> {
        (**self).read(request).await
    }
}
