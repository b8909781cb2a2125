//! What an [`AssetRepository`] promises.

mod candidates;
mod commit;
mod feed;
mod injection;
mod isolation;
mod leases;
mod records;
mod retention;
mod search;
mod streams;
mod trail;

use futures::future::BoxFuture;

use super::suite::{Suite, cases};
use crate::Result;
use crate::asset::AssetRepository;

type Case = for<'a> fn(&'a dyn AssetRepository) -> BoxFuture<'a, Result<()>>;

/// Checks that a repository keeps the contract of [`AssetRepository`]. `build` makes an empty one, and a
/// guard for what it stands on.
///
/// Writes some thousand records. Nothing sleeps, and all times are made up.
///
/// # Panics
///
/// If a case fails, with the names of all that did.
pub async fn asset_repository<G, R: AssetRepository, F: Future<Output = (G, R)>>(
    build: impl Fn() -> F,
) {
    let mut suite = Suite::new("asset_repository");
    for (name, case) in CASES {
        let (_guard, repository) = build().await;
        suite.run(name, case(&repository)).await;
    }
    suite.finish();
}

const CASES: &[(&str, Case)] = cases![
    commit::what_was_committed_is_seen_by_every_later_call,
    commit::records_come_back_as_they_were_written,
    commit::texts_come_back_to_the_last_character,
    commit::what_is_written_again_keeps_nothing_of_before,
    commit::a_repeated_batch_writes_nothing_and_says_so,
    commit::a_stale_version_is_a_conflict_and_writes_nothing,
    commit::an_asset_that_exists_is_a_conflict_where_none_was_expected,
    commit::an_asset_that_does_not_exist_is_a_conflict_where_one_was_expected,
    commit::a_conflict_names_every_asset_once,
    commit::a_batch_in_conflict_may_come_again,
    commit::changes_are_made_in_their_order,
    commit::an_asset_taken_away_may_come_back,
    commit::an_asset_taken_away_takes_the_links_to_it_away,
    commit::a_version_that_does_not_follow_is_refused,
    commit::of_two_writers_one_is_in_conflict,
    commit::no_update_is_lost_among_many_writers,
    commit::a_dropped_commit_is_whole_or_absent,
    commit::a_commit_dropped_at_any_await_is_whole_or_absent,
    candidates::every_asset_with_one_of_the_keys_comes_once_and_no_other,
    candidates::former_names_are_no_keys,
    candidates::keys_follow_a_change_of_names,
    candidates::many_keys_at_once,
    candidates::records_are_found_by_id_as_far_as_they_exist,
    isolation::organizations_do_not_see_each_other,
    isolation::sources_do_not_see_each_other,
    isolation::a_batch_for_another_organization_is_refused,
    isolation::users_and_groups_of_another_source_are_refused,
    leases::a_lease_is_granted_to_one_run_at_a_time,
    leases::the_holder_prolongs_its_lease_and_keeps_its_token,
    leases::an_expired_lease_is_taken_over_with_a_higher_token,
    leases::a_released_lease_is_granted_again_with_a_higher_token,
    leases::only_the_holder_gives_a_lease_back,
    leases::a_stale_token_is_refused_and_nothing_is_written,
    leases::a_lease_that_is_lost_during_a_commit_is_noticed,
    leases::a_token_that_was_never_granted_is_refused,
    leases::a_batch_without_a_token_needs_no_lease,
    leases::a_repeated_batch_says_so_even_after_its_lease_was_lost,
    leases::a_lease_for_ever_ends_with_time,
    leases::a_lease_of_a_clock_that_was_wrong_is_void,
    leases::of_many_runs_at_once_one_gets_the_lease,
    trail::links_come_each_once,
    trail::a_link_is_replaced_and_forgotten,
    trail::a_link_of_any_source_is_moved_and_keeps_what_it_says,
    trail::a_user_or_group_of_any_source_is_taken_away,
    trail::a_sighting_is_noted_and_the_rest_of_the_link_stays,
    trail::what_decisions_moved_is_told_of_all_sources,
    trail::every_source_with_links_is_told,
    trail::computers_wait_until_they_are_taken_away,
    trail::the_id_of_an_asset_that_is_gone_leads_on,
    trail::checkpoint_and_run_are_written_with_their_batch_or_not_at_all,
    trail::a_batch_without_a_checkpoint_keeps_the_one_before,
    trail::each_key_has_a_checkpoint_of_its_own,
    trail::runs_come_newest_first,
    trail::constraints_are_replaced_and_taken_back,
    trail::merges_come_oldest_first_and_are_replaced,
    streams::assets_come_each_once_in_the_order_of_ids,
    streams::assets_come_by_their_ids,
    streams::users_and_groups_come_in_the_order_of_their_keys,
    streams::users_and_groups_come_by_their_objects,
    streams::a_search_for_users_and_groups_keeps_to_its_source,
    streams::links_are_found_by_their_objects,
    search::pages_are_complete_and_in_the_order_of_ids,
    search::a_full_last_page_is_the_last,
    search::users_and_groups_come_in_the_order_of_source_and_object,
    search::a_cursor_outlives_its_record,
    search::a_query_finds_what_the_evaluator_finds,
    search::nested_membership_is_found_where_it_is_asked_for,
    search::a_cursor_from_elsewhere_is_refused,
    search::every_order_is_kept_across_pages,
    search::a_cursor_survives_what_is_written_between_pages,
    search::counts_and_facets_are_those_of_what_is_found,
    feed::every_commit_is_told_once_and_in_order,
    feed::what_is_not_written_is_not_told,
    feed::each_organization_has_a_feed_of_its_own,
    feed::nothing_appears_behind_a_cursor,
    feed::what_was_pruned_is_never_passed_over,
    feed::a_cursor_of_another_inventory_is_refused,
    retention::a_run_goes_that_nothing_asks_for_and_nothing_else,
    retention::runs_go_by_their_number_in_each_source,
    retention::what_people_did_stays,
    retention::the_id_of_a_batch_goes_by_its_age_alone,
    retention::each_organization_prunes_its_own,
    injection::nothing_of_a_query_is_more_than_a_value,
    injection::an_attack_where_operators_stand_is_refused_or_finds_nothing,
    injection::nothing_of_a_cursor_is_more_than_a_place,
];
