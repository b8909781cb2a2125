//! Every fault of a repository is caught by the case that is about it.

use std::collections::HashSet;

use ldap_inventory::testing::contract;

use super::fault::Fault::{self, *};
use super::missed;
use super::sabotaged::Sabotaged;

/// Each fault, and the case that catches it.
const FAULTS: [(Fault, &str); 102] = [
    (LeasesIgnoreTheOrganization, "isolation::organizations_do_not_see_each_other"),
    (LeasesIgnoreTheSource, "isolation::sources_do_not_see_each_other"),
    (LeasesNeverExpire, "leases::an_expired_lease_is_taken_over_with_a_higher_token"),
    (AnybodyReleases, "leases::only_the_holder_gives_a_lease_back"),
    (TokensDoNotRise, "leases::a_released_lease_is_granted_again_with_a_higher_token"),
    (ProlongingChangesTheToken, "leases::the_holder_prolongs_its_lease_and_keeps_its_token"),
    (TheTokenIsCheckedBefore, "leases::a_lease_that_is_lost_during_a_commit_is_noticed"),
    (OldTokensWrite, "leases::a_stale_token_is_refused_and_nothing_is_written"),
    (AnyTokenWrites, "leases::a_token_that_was_never_granted_is_refused"),
    (HalfABatchIsWritten, "commit::what_was_committed_is_seen_by_every_later_call"),
    (DroppingLeavesHalf(0), "commit::a_dropped_commit_is_whole_or_absent"),
    (DroppingLeavesHalf(1), DROPPED),
    (DroppingLeavesHalf(2), DROPPED),
    (DroppingLeavesHalf(3), DROPPED),
    (DroppingLeavesHalf(4), DROPPED),
    (DroppingLeavesHalf(5), DROPPED),
    (DroppingLeavesHalf(6), DROPPED),
    (DroppingLeavesHalf(7), DROPPED),
    (BatchIdsAreForgotten, "commit::a_repeated_batch_writes_nothing_and_says_so"),
    (BatchIdsAreShared, "isolation::organizations_do_not_see_each_other"),
    (ConflictsUseUpTheBatchId, "commit::a_batch_in_conflict_may_come_again"),
    (ConflictsAreIgnored, "commit::of_two_writers_one_is_in_conflict"),
    (ConflictsWriteTheRest, "commit::a_stale_version_is_a_conflict_and_writes_nothing"),
    (ConflictsNameOneAsset, "commit::a_conflict_names_every_asset_once"),
    (InvalidBatchesPass, "commit::a_version_that_does_not_follow_is_refused"),
    (RemovalsComeLast, "commit::changes_are_made_in_their_order"),
    (NamesStay, "candidates::keys_follow_a_change_of_names"),
    (AddressesStay, AGAIN),
    (GroupsOfUsersStay, AGAIN),
    (MatchKeysStay, "candidates::keys_follow_a_change_of_names"),
    (CandidatesOfEverybody, "isolation::organizations_do_not_see_each_other"),
    (CandidatesComeTwice, EACH_CANDIDATE),
    (ManyKeysAreCut, "candidates::many_keys_at_once"),
    (TextsEndAtNul, TEXTS),
    (LongTextsAreCut, TEXTS),
    (MembersAreCut, "candidates::records_are_found_by_id_as_far_as_they_exist"),
    (OnlyAsciiIsFolded, "search::a_query_finds_what_the_evaluator_finds"),
    (CursorsAreIgnored, PAGES),
    (BrokenCursorsBeginAnew, "search::a_cursor_from_elsewhere_is_refused"),
    (PagesOverlap, PAGES),
    (PagesLeaveGaps, PAGES),
    (PagesAreUnsorted, PAGES),
    (OrdersAreIgnored, "search::every_order_is_kept_across_pages"),
    (SearchesIgnoreTheSource, "streams::a_search_for_users_and_groups_keeps_to_its_source"),
    (EverythingIsCounted, COUNTS),
    (FacetsLeaveOutNothing, COUNTS),
    (FacetsHaveNoLimit, COUNTS),
    (MergesOfEverybody, "isolation::organizations_do_not_see_each_other"),
    (MergesComeNewestFirst, "trail::merges_come_oldest_first_and_are_replaced"),
    (LinksToGoneAssetsStay, "commit::an_asset_taken_away_takes_the_links_to_it_away"),
    (RedirectsAreForgotten, "trail::the_id_of_an_asset_that_is_gone_leads_on"),
    (RedirectsStay, "trail::the_id_of_an_asset_that_is_gone_leads_on"),
    (CheckpointsIgnoreTheKey, "trail::each_key_has_a_checkpoint_of_its_own"),
    (ClosingIsApart, "trail::checkpoint_and_run_are_written_with_their_batch_or_not_at_all"),
    (CheckpointsGoWithTheNextRun, "trail::a_batch_without_a_checkpoint_keeps_the_one_before"),
    (RunsComeOldestFirst, "trail::runs_come_newest_first"),
    (RunsHaveNoLimit, "trail::runs_come_newest_first"),
    (TheForgottenWaitOn, "trail::computers_wait_until_they_are_taken_away"),
    (MovedPrincipalsStay, "trail::a_user_or_group_of_any_source_is_taken_away"),
    (MovingForgets, "trail::a_link_of_any_source_is_moved_and_keeps_what_it_says"),
    (SightingsUntie, "trail::a_sighting_is_noted_and_the_rest_of_the_link_stays"),
    (ConstraintsTakenBackAreHidden, "trail::constraints_are_replaced_and_taken_back"),
    (UsersOfEverySource, "isolation::sources_do_not_see_each_other"),
    (StreamsIgnoreTheIds, "streams::assets_come_by_their_ids"),
    (StreamsIgnoreTheObjects, "streams::users_and_groups_come_by_their_objects"),
    (StreamsAreUnsorted, STREAM),
    (StreamsLeaveGaps, STREAM),
    (StreamsRepeat, STREAM),
    (LinksIgnoreTheObjects, "streams::links_are_found_by_their_objects"),
    (SourcesAreForgotten, "trail::every_source_with_links_is_told"),
    (MovedOfOneSource, "trail::what_decisions_moved_is_told_of_all_sources"),
    (MovedOfEverybody, "isolation::organizations_do_not_see_each_other"),
    (LinksOfOthersStay, "commit::an_asset_taken_away_takes_the_links_to_it_away"),
    (LinksOfEverybodyGo, "commit::an_asset_taken_away_takes_the_links_to_it_away"),
    (CheckpointsIgnoreTheSource, "isolation::sources_do_not_see_each_other"),
    (RunsIgnoreTheSource, "isolation::sources_do_not_see_each_other"),
    (CheckpointsForgetTheRules, "commit::records_come_back_as_they_were_written"),
    (CheckpointsForgetWhatIsReadAgain, "commit::records_come_back_as_they_were_written"),
    (RunsAreAllComplete, "trail::runs_come_newest_first"),
    (RunsForgetTheirErrors, "trail::runs_come_newest_first"),
    (WaitingForgetsWhatIsTold, "trail::computers_wait_until_they_are_taken_away"),
    (ConstraintsForgetTheEarlier, "trail::constraints_are_replaced_and_taken_back"),
    (EventsAreLost, TOLD),
    (EventsComeTwice, TOLD),
    (EventsAreUnsorted, TOLD),
    (EventsAreWrittenApart, "feed::what_is_not_written_is_not_told"),
    (EventsOfEverybody, "feed::each_organization_has_a_feed_of_its_own"),
    (EventsAppearLate, "feed::nothing_appears_behind_a_cursor"),
    (PrunedEventsArePassedOver, PRUNED),
    (PruningTakesTheUnread, PRUNED),
    (PruningTakesTheYoung, PRUNED),
    (CursorsOfOthersPass, "feed::a_cursor_of_another_inventory_is_refused"),
    (RunsStay, EXPENDABLE),
    (YoungRunsArePruned, EXPENDABLE),
    (NeededRunsArePruned, EXPENDABLE),
    (CheckpointsArePruned, EXPENDABLE),
    (LastRunsArePruned, "retention::runs_go_by_their_number_in_each_source"),
    (LastRunsAreCountedOnce, "retention::runs_go_by_their_number_in_each_source"),
    (PeopleArePruned, "retention::what_people_did_stays"),
    (BatchIdsStay, "retention::the_id_of_a_batch_goes_by_its_age_alone"),
    (AllBatchIdsArePruned, "retention::the_id_of_a_batch_goes_by_its_age_alone"),
    (PruningReachesEverybody, "retention::each_organization_prunes_its_own"),
];

const AGAIN: &str = "commit::what_is_written_again_keeps_nothing_of_before";
const COUNTS: &str = "search::counts_and_facets_are_those_of_what_is_found";
const DROPPED: &str = "commit::a_commit_dropped_at_any_await_is_whole_or_absent";
const EACH_CANDIDATE: &str = "candidates::every_asset_with_one_of_the_keys_comes_once_and_no_other";
const EXPENDABLE: &str = "retention::a_run_goes_that_nothing_asks_for_and_nothing_else";
const PAGES: &str = "search::pages_are_complete_and_in_the_order_of_ids";
const PRUNED: &str = "feed::what_was_pruned_is_never_passed_over";
const STREAM: &str = "streams::assets_come_each_once_in_the_order_of_ids";
const TOLD: &str = "feed::every_commit_is_told_once_and_in_order";
const TEXTS: &str = "commit::texts_come_back_to_the_last_character";

#[tokio::test]
async fn every_fault_of_a_repository_is_caught() {
    every_fault_is_caught(0).await;
}

#[tokio::test]
async fn every_other_fault_of_a_repository_is_caught() {
    every_fault_is_caught(1).await;
}

/// Each second one, beginning with this.
async fn every_fault_is_caught(first: usize) {
    let mut all = Vec::new();
    for (fault, case) in FAULTS.into_iter().skip(first).step_by(2) {
        let suite = contract::asset_repository(|| async move { ((), Sabotaged::by(fault)) });
        all.extend(missed(suite, case, fault).await);
    }
    assert!(all.is_empty(), "{}", all.join("\n"));
}

#[test]
fn no_fault_of_a_repository_is_tried_twice() {
    let different: HashSet<Fault> = FAULTS.into_iter().map(|(fault, _)| fault).collect();
    assert_eq!(different.len(), FAULTS.len(), "a fault is tried twice");
}

#[tokio::test]
async fn a_repository_without_a_fault_passes() {
    contract::asset_repository(|| async { ((), Sabotaged::default()) }).await;
}
