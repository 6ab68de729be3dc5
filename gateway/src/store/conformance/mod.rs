//! The conformance suite: what every implementation of [`crate::store::Store`] must pass unchanged.
//!
//! Each case is a function over a [`Subject`]; [`crate::store_conformance!`] makes one test of each, so that names show:
//!
//! ```ignore
//! tongban_gateway::store_conformance!(my_subject().await);
//! ```
//!
//! Compiled for tests only (cargo feature `conformance`).
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    missing_docs,
    reason = "test code: a failed step is a failed test, and the names of the cases are their documentation"
)]

pub mod alerts;
pub mod api_keys;
pub mod applications;
pub mod audits;
pub mod bulk_jobs;
pub mod cases;
pub mod deliveries;
pub mod documents;
pub mod durability;
pub mod feedbacks;
pub mod materials;
pub mod notifications;
pub mod numbers;
pub mod operators;
pub mod outboxes;
pub mod overviews;
pub mod recomputations;
pub mod registries;
pub mod samples;
pub mod scans;
pub mod scopes;
pub mod seals;
pub mod uploads;

use super::SharedStore;
use async_trait::async_trait;

/// One empty store under test.
#[async_trait]
pub trait Subject: Send + Sync {
    /// The store.
    fn store(&self) -> SharedStore;

    /// Closes the store and opens what it left, as a restart does.
    async fn reopened(&self) -> SharedStore;

    /// Pretends that serials up to `last` of this stem were drawn.
    async fn serials_drawn(&self, stem: &str, last: i64);
}

/// One `#[tokio::test]` for every case of the suite; `$subject` is an expression that makes a fresh [`Subject`] (it may `.await`).
#[macro_export]
macro_rules! store_conformance {
    ($subject:expr) => {
        $crate::file_conformance!($subject);
        $crate::store_conformance! { @rooms $subject;
            applications {
                a_submission_is_stored_with_everything_it_brings
                an_application_with_two_cases_has_a_number_of_its_own
                an_application_is_found_by_any_of_its_numbers
                the_same_key_with_the_same_body_is_answered_as_before
                the_same_key_with_another_body_is_refused
                the_same_key_of_two_callers_is_two_keys
                two_submissions_of_one_key_at_once_are_one_application
                applications_at_once_get_their_own_materials_and_share_none
                a_partners_own_number_is_taken_once
                applications_are_found_by_the_exact_identity_number
                cases_are_counted_by_state
            }
            numbers {
                sixty_four_at_once_get_sixty_four_numbers
                numbers_go_on_with_letters_over_the_border
                when_no_number_is_left_nothing_is_written
                each_stem_counts_for_itself
                short_numbers_are_unique_within_their_system
            }
            cases {
                a_change_appends_events_without_gaps
                a_change_is_applied_wherever_nodes_hear_of_it
                changes_at_one_time_each_have_their_own_outcome
                a_change_replaces_what_was_submitted_only_when_it_says_so
                a_change_on_an_old_revision_is_stale_and_leaves_nothing
                an_event_whose_key_was_applied_is_a_duplicate_and_leaves_nothing
                a_change_with_materials_that_cannot_be_bound_leaves_nothing
                events_are_read_from_any_point_on
                a_partner_finds_its_own_cases_alone
                the_first_pinned_definition_stays
                due_clocks_come_oldest_first_and_leave_with_the_change
                open_clocks_are_counted_by_kind
                a_due_poll_is_taken_once_until_its_lease_ends
                the_next_poll_is_set_without_a_change
                a_change_to_no_case_is_an_error
            }
            feedbacks {
                a_held_message_waits_in_order_of_occurrence
                a_message_is_recorded_once
                what_was_not_understood_is_kept_once_and_counted
                what_was_not_understood_is_bounded_in_bytes_and_number
                what_waits_is_listed_until_it_is_settled
                a_conflicting_message_is_rejected_and_visible
                a_held_message_is_applied_with_a_change
                a_held_message_of_another_content_makes_the_change_a_duplicate
                a_message_of_an_unknown_case_is_kept_and_visible_to_its_system_alone
                a_rejected_message_may_be_applied_later
                held_messages_are_given_up_with_a_change
            }
            deliveries {
                a_delivery_is_leased_once_until_its_lease_ends
                a_newer_lease_makes_every_older_fence_void
                a_lease_that_ended_with_a_step_begun_comes_back_asking
                a_lease_that_ended_before_anything_left_comes_back_plain
                an_unknown_outcome_asks_first_and_a_known_one_does_not
                the_journal_and_the_message_come_back
                a_delivered_one_keeps_the_partners_number
                attempts_are_kept_byte_by_byte
                a_look_shares_its_limit_among_systems
                what_is_under_way_counts_until_its_lease_ends
                the_pace_of_a_partner_holds_over_all_looks
                a_partner_gets_the_case_whose_clock_ends_first
                a_case_is_pinned_when_it_is_first_leased_and_comes_with_its_lease
                the_last_journal_is_kept_with_the_outcome
                words_of_many_deliveries_at_once_each_find_their_own
                a_system_that_is_not_wanted_now_is_passed_over
                the_next_due_instant_is_known
            }
            outboxes {
                order_is_kept_within_one_case_and_system
                two_systems_of_one_case_do_not_wait_for_each_other
                a_dead_one_blocks_what_is_behind_it
                a_discarded_one_makes_room
                a_change_cancels_what_was_not_handed_over
                what_may_have_arrived_is_not_cancelled
            }
            operators {
                a_paused_system_is_held_and_resumes_where_it_stood
                a_list_is_filtered_by_every_field
                a_count_ignores_the_limit
                dead_ones_are_retried_asking_when_their_outcome_was_unknown
                only_dead_and_pending_ones_are_discarded
                the_depth_of_every_queue_is_known
                every_operator_act_leaves_its_audit_row
            }
            alerts {
                an_alert_is_raised_once_until_it_is_resolved
                who_heard_of_no_alert_does_not_hear_that_it_is_over
                a_message_is_with_one_node_until_its_lease_ends
            }
            api_keys {
                a_key_comes_back_as_it_was_made_and_is_there_after_a_restart
                a_replaced_key_ends_after_the_overlap_and_hands_its_rights_on
                one_of_two_rotations_at_once_finds_the_key_replaced
                a_revoked_key_stays_revoked_as_it_was_first
                every_change_of_keys_is_counted_and_a_use_is_none
                the_use_of_a_key_is_noted_once_an_hour
                rows_of_long_ended_keys_go_when_a_new_one_comes
            }
            notifications {
                a_notification_is_with_one_node_until_its_lease_ends
                notifications_of_a_case_go_in_order_and_urgent_ones_before_what_waits
                what_a_later_notification_says_too_goes_with_it_unless_it_was_tried
                a_channel_that_is_not_wanted_hears_nothing_more
                what_was_given_up_is_seen_counted_and_sent_again
                subscribers_hear_of_their_own_cases_in_order
                a_subscription_is_its_owners_and_changes_as_asked
            }
            overviews {
                what_a_system_last_did_is_known
                a_success_is_known_and_what_it_ended_is_no_failure_any_more
            }
            bulk_jobs {
                a_job_begins_over_exactly_what_was_looked_at_or_not_at_all
                members_are_released_oldest_first_and_their_outcomes_noted
                what_others_have_dealt_with_is_passed_over
                a_stop_releases_nothing_more_and_takes_back_what_no_worker_had
                a_stopped_job_goes_on_with_what_it_left
                a_job_that_ended_leaves_its_deliveries_to_others
                a_discard_makes_room_and_is_counted
                a_job_goes_on_after_a_restart
                candidates_fit_every_criterion_and_tell_who_may_be_repeated
                jobs_are_seen_by_nobody_but_operators
                a_job_has_no_more_members_than_it_may
            }
            recomputations {
                one_is_begun_by_one_node_and_comes_back_as_it_was
                it_is_moved_only_from_where_it_stands
                a_newer_one_ends_the_one_before
                the_cases_whose_clocks_reach_the_changed_days_are_walked_once
                where_the_changed_days_are_past_open_cases_without_a_clock_are_walked_too
            }
            registries {
                applying_twice_leaves_everything_as_it_was
                a_changed_item_is_a_new_version
                a_changed_system_supersedes_the_one_before
                a_secret_is_made_once_and_stays
            }
            audits {
                an_audit_row_names_what_the_store_drew
                what_was_not_written_leaves_no_audit_row
                audit_rows_come_in_order_from_any_point_on
            }
            seals {
                a_row_waits_from_its_own_transaction_on
                leaves_are_placed_behind_one_another_and_once
                a_batch_is_closed_once_and_with_exactly_its_leaves
                what_two_nodes_place_at_once_is_placed_once
                more_than_a_piece_is_not_placed_at_once
                what_was_placed_is_there_after_a_restart
                the_record_of_a_submission_is_found_once_its_batch_is_closed
                every_row_is_sealed_or_waits
            }
            scopes {
                applications_of_others_never_show
                cases_and_events_of_others_never_show
                cases_of_others_in_a_shared_application_never_show
                deliveries_of_others_never_show_nor_change
                materials_and_documents_of_others_never_show
                messages_of_others_never_show
                audit_rows_of_others_never_show
                searches_and_counts_see_the_scope_alone
            }
            durability {
                everything_is_there_after_a_restart
                what_a_dead_worker_had_begun_is_asked_about
                numbers_go_on_after_a_restart
                a_poll_that_a_crash_cut_off_is_due_at_once
                a_restarted_node_is_seen_as_another
            }
        }
    };
    (@rooms $subject:expr; $($room:ident { $($case:ident)* })*) => {
        $(mod $room {
            use super::*;
            $(
                #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
                async fn $case() {
                    let subject = $subject;
                    $crate::store::conformance::$room::$case(&subject).await;
                }
            )*
        })*
    };
}

/// As [`crate::store_conformance!`], the rooms alone that have to do with files: for every place that files may lie in.
#[macro_export]
macro_rules! file_conformance {
    ($subject:expr) => {
        $crate::store_conformance! { @rooms $subject;
            materials {
                an_upload_is_stored_with_its_digests
                unbound_bytes_are_nobodys
                bound_bytes_come_back_as_they_were
                an_upload_over_its_bound_leaves_nothing
                an_interrupted_upload_leaves_nothing
                an_id_that_is_taken_is_refused_and_its_bytes_stay
                unbound_uploads_of_a_client_are_capped
                uploads_under_way_count_against_the_cap
                a_material_is_bound_to_the_first_case_that_names_it
                the_sweep_takes_old_unbound_materials_alone
            }
            uploads {
                parts_become_a_material_with_its_digests
                a_large_upload_comes_back_as_it_went_in
                an_empty_upload_is_whole_with_its_first_part
                what_arrived_before_a_cut_stays
                a_part_begins_where_the_upload_ends
                a_part_over_the_length_is_refused
                a_part_that_differs_from_its_checksum_leaves_nothing
                one_part_at_a_time_is_written
                bytes_of_another_kind_end_the_upload
                announced_bytes_count_against_the_cap
                unbound_files_of_a_client_are_counted
                an_upload_is_removed_until_it_is_bound
                the_sweep_takes_unfinished_uploads_by_their_last_byte
            }
            scans {
                what_is_stored_while_scanning_waits_for_its_scan
                what_was_pending_is_pending_after_a_restart
                switched_off_what_waits_is_off_and_what_is_infected_stays
                a_delivery_waits_for_the_scan_of_its_files
                held_materials_of_others_never_show
            }
            documents {
                a_document_is_stored_and_read_back
                the_same_document_is_stored_once
                a_document_for_another_systems_case_is_refused
                documents_are_listed_by_case_and_by_application
            }
        }
    };
}
