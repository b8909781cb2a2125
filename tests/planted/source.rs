//! Every fault of a directory source is caught.

use async_trait::async_trait;
use futures::stream::{self, BoxStream};
use futures::{StreamExt, TryStreamExt};
use ldap_inventory::directory::{
    Completeness, DirectoryEvent, DirectorySource, ReadEnd, ReadRequest,
};
use ldap_inventory::testing::{MockDirectory, contract};
use ldap_inventory::value::{ObjectKind, ReadMode};
use ldap_inventory::{ErrorKind, Result};

use crate::mock::{computer, group, user};

use super::missed;

/// One thing that a sabotaged source does wrong.
#[derive(Clone, Copy, Debug)]
enum Fault {
    /// Everything is read, whatever the bases.
    IgnoresBases,
    /// Every kind is read, whatever is asked for.
    IgnoresKinds,
    /// A filtered read passes for one that is not.
    IgnoresTheFilter,
    /// Nobody is told which server was reached.
    BeginsWithoutABeginning,
    /// The beginning comes after the first page.
    BeginsLate,
    /// The stream stops.
    EndsWithoutAnEnd,
    /// The end comes twice.
    EndsTwice,
    /// The end is never complete.
    IsNeverComplete,
    /// A page of a long read is lost.
    LosesAPage,
    /// The end is silent on what was left out.
    HidesWhatWasLeftOut,
    /// The end names what was left out of nothing.
    MakesUpWhatWasLeftOut,
    /// Users are lost, and the end is complete.
    LosesUsers,
    /// The end names no base.
    NamesNoBases,
    /// A read of changes leaves objects out that it is asked for.
    IgnoresAgain,
    /// The census leaves an object out that is there.
    CountsTooFew,
    /// A full read passes for one of changes.
    MistakesItsMode,
}

/// Each fault, and the case that catches it.
const FAULTS: [(Fault, &str); 16] = [
    (Fault::IgnoresBases, NARROWER),
    (Fault::IgnoresKinds, "every_object_is_of_a_kind_that_was_asked_for"),
    (Fault::IgnoresTheFilter, NARROWER),
    (Fault::BeginsWithoutABeginning, "a_server_is_named_before_anything_is_read"),
    (Fault::BeginsLate, "the_end_comes_once_and_last"),
    (Fault::EndsWithoutAnEnd, "the_end_comes_once_and_last"),
    (Fault::EndsTwice, "the_end_comes_once_and_last"),
    (Fault::IsNeverComplete, "the_end_comes_once_and_last"),
    (Fault::LosesAPage, "the_kinds_together_are_the_whole"),
    (Fault::HidesWhatWasLeftOut, LEFT_OUT),
    (Fault::MakesUpWhatWasLeftOut, LEFT_OUT),
    (Fault::LosesUsers, "the_end_comes_once_and_last"),
    (Fault::NamesNoBases, "every_object_is_within_the_bases_that_the_end_names"),
    (Fault::IgnoresAgain, CHANGES),
    (Fault::CountsTooFew, CHANGES),
    (Fault::MistakesItsMode, "a_full_read_says_so"),
];

const CHANGES: &str = "a_read_of_changes_reads_again_what_it_is_asked_to_and_counts_what_is_there";
const LEFT_OUT: &str = "what_was_left_out_of_objects_is_summed_up_in_the_end";
const NARROWER: &str = "a_narrower_read_says_what_it_covered";

/// A sound directory behind one fault, or none.
#[derive(Debug)]
struct Sabotaged {
    inner: MockDirectory,
    fault: Option<Fault>,
}

impl Sabotaged {
    fn by(fault: Option<Fault>) -> Self {
        let computers = (0..7).map(|n| computer(&format!("PC{n}")));
        let flawed = computer("PC7").without("description", "not UTF-8 text");
        let elsewhere = computer("PC8").within("OU=Elsewhere");
        let others = [flawed, elsewhere, user("alice"), user("bob"), group("Staff")];
        let directory = MockDirectory::new(computers.chain(others)).with_page_size(3);
        Self { inner: directory.with_deltas(ReadMode::DirSync, false), fault }
    }
}

fn edit_request(fault: Fault, request: &mut ReadRequest) {
    match fault {
        Fault::IgnoresKinds => {
            request.kinds = [ObjectKind::Computer, ObjectKind::Group, ObjectKind::User].into();
        }
        Fault::IgnoresBases => request.base_dns.clear(),
        Fault::IgnoresTheFilter => request.computer_filter = None,
        Fault::IgnoresAgain => request.again.clear(),
        _ => {}
    }
}

fn edit_events(fault: Fault, asked: &ReadRequest, events: &mut Vec<DirectoryEvent>) {
    match fault {
        Fault::BeginsWithoutABeginning => _ = events.remove(0),
        Fault::BeginsLate => events.swap(0, 1),
        Fault::EndsWithoutAnEnd => _ = events.pop(),
        Fault::EndsTwice => events.extend(events.last().cloned()),
        Fault::LosesAPage if events.len() > 5 => _ = events.remove(1),
        _ => {}
    }
    for event in events {
        match event {
            DirectoryEvent::End(end) => edit_end(fault, asked, end),
            DirectoryEvent::Page(page) if matches!(fault, Fault::LosesUsers) => {
                page.objects.retain(|object| object.kind != ObjectKind::User);
            }
            _ => {}
        }
    }
}

fn edit_end(fault: Fault, asked: &ReadRequest, end: &mut ReadEnd) {
    match fault {
        Fault::IgnoresBases => end.scope.bases.clone_from(&asked.base_dns),
        Fault::IsNeverComplete => {
            let reason = "so it says".to_owned();
            end.completeness = Completeness::Incomplete { kind: ErrorKind::Timeout, reason };
        }
        Fault::HidesWhatWasLeftOut => end.left_out.clear(),
        Fault::MakesUpWhatWasLeftOut => end.left_out.extend(end.left_out.clone()),
        Fault::NamesNoBases => end.scope.bases.clear(),
        Fault::CountsTooFew => {
            for there in end.census.iter_mut().flat_map(|census| census.values_mut()) {
                let one = there.iter().next().copied();
                one.map(|one| there.remove(&one));
            }
        }
        Fault::MistakesItsMode => end.mode = ReadMode::DirSync,
        _ => {}
    }
}

#[async_trait]
impl DirectorySource for Sabotaged {
    async fn read(
        &self,
        request: ReadRequest,
    ) -> Result<BoxStream<'static, Result<DirectoryEvent>>> {
        let mut asked = request.clone();
        let Some(fault) = self.fault else { return self.inner.read(request).await };
        edit_request(fault, &mut asked);
        let mut events: Vec<DirectoryEvent> = self.inner.read(asked).await?.try_collect().await?;
        edit_events(fault, &request, &mut events);
        Ok(stream::iter(events.into_iter().map(Ok)).boxed())
    }
}

fn request() -> ReadRequest {
    ReadRequest::new("reader".parse().unwrap(), "acme".parse().unwrap())
}

#[tokio::test]
async fn every_fault_of_a_source_is_caught() {
    let mut all = Vec::new();
    for (fault, case) in FAULTS {
        let build = || async move { ((), Sabotaged::by(Some(fault)), request()) };
        all.extend(missed(contract::directory_source(build), case, fault).await);
    }
    assert!(all.is_empty(), "{}", all.join("\n"));
}

#[tokio::test]
async fn a_source_without_a_fault_passes() {
    contract::directory_source(|| async { ((), Sabotaged::by(None), request()) }).await;
}
