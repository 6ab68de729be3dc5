//! Bulk jobs: begun as they were looked at, released in order, stopped without a trace on what was not sent.

use super::Subject;
use super::deliveries::{leave, state};
use super::samples::*;
use crate::identity::Scope;
use crate::store::SharedStore;
use crate::store::bulk::{
    BULK_MEMBERS_MAX, BulkBegun, BulkCounts, BulkGoneOn, BulkJob, BulkKind, BulkState, NewBulkJob,
};
use crate::store::delivery::{DeliveryFilter, DeliveryOutcome, DeliveryState, LeasedDelivery};

const ALL: Scope = Scope::Everything;

/// As many dead deliveries, each of a case of its own, oldest first; `unknown` says whose outcome nobody knows.
async fn dead(store: &SharedStore, count: i64, unknown: bool) -> Vec<i64> {
    for second in 0..count {
        let mut new = application();
        new.submitted_at = at(second);
        submitted(store, new).await;
    }
    let mut ids = Vec::new();
    for leased in lease(store, 0).await {
        let code = if unknown {
            "outcome_unknown"
        } else {
            "refused"
        };
        assert!(leave(store, &leased, code, DeliveryOutcome::Dead).await);
        ids.push(leased.id);
    }
    ids.sort_unstable();
    assert_eq!(ids.len() as i64, count);
    ids
}

fn new_job(kind: BulkKind, deliveries: &[i64]) -> NewBulkJob {
    NewBulkJob {
        kind,
        deliveries: deliveries.to_vec(),
        interval_us: 200_000,
        system_id: Some(SYSTEM.to_owned()),
        asked_for: "system=zhuhai-platform".to_owned(),
        created_at: at(100),
    }
}

async fn begin(store: &SharedStore, kind: BulkKind, deliveries: &[i64]) -> BulkBegun {
    let mut why = audit("delivery.retry");
    why.actor = "operator".to_owned();
    why.note = "line repaired".to_owned();
    let new = new_job(kind, deliveries);
    store.begin_bulk(&ALL, new, 3, why).await.unwrap()
}

async fn begun(store: &SharedStore, kind: BulkKind, deliveries: &[i64]) -> i64 {
    match begin(store, kind, deliveries).await {
        BulkBegun::Begun(id) => id,
        other => panic!("not begun: {other:?}"),
    }
}

async fn job(store: &SharedStore, id: i64) -> BulkJob {
    store.open_bulk_jobs().await.unwrap();
    store.bulk_job(&ALL, id).await.unwrap().unwrap()
}

async fn release(store: &SharedStore, id: i64, at_most: u32, seconds: i64) -> u64 {
    store.release_bulk(id, at_most, at(seconds)).await.unwrap()
}

async fn only(store: &SharedStore, seconds: i64) -> LeasedDelivery {
    let mut leased = lease(store, seconds).await;
    assert_eq!(leased.len(), 1, "at {seconds}");
    leased.pop().unwrap()
}

fn delivered() -> DeliveryOutcome {
    DeliveryOutcome::Delivered { partner_no: None }
}

pub async fn a_job_begins_over_exactly_what_was_looked_at_or_not_at_all(subject: &dyn Subject) {
    let store = subject.store();
    let ids = dead(&store, 4, false).await;
    let before = audits(&store).await.len();
    let first = begun(&store, BulkKind::Retry, &ids[..2]).await;
    assert_eq!(
        begin(&store, BulkKind::Retry, &ids[1..]).await,
        BulkBegun::Overlaps {
            count: 1,
            job: first
        }
    );
    assert_eq!(release(&store, first, 1, 101).await, 1);
    let filter = DeliveryFilter {
        ids: vec![ids[2]],
        ..DeliveryFilter::default()
    };
    let by_id = audit("delivery.retry");
    store.retry(&ALL, &filter, at(101), by_id).await.unwrap();
    assert_eq!(
        begin(&store, BulkKind::Retry, &ids[2..]).await,
        BulkBegun::Changed(1),
        "one is not dead any more"
    );
    assert_eq!(
        begin(&store, BulkKind::Retry, &[]).await,
        BulkBegun::Changed(0)
    );
    let too_many = new_job(BulkKind::Retry, &ids[3..]);
    let refused = store.begin_bulk(&ALL, too_many, 1, audit("delivery.retry"));
    assert_eq!(refused.await.unwrap(), BulkBegun::TooMany);
    let rows = audits(&store).await;
    let acts: Vec<_> = rows[before..]
        .iter()
        .map(|r| (r.audit.target.as_str(), r.audit.note.as_str()))
        .collect();
    let target = format!("job/{first}");
    assert_eq!(acts, [(target.as_str(), "line repaired"), ("", "")]);
    let shown = job(&store, first).await;
    assert_eq!(
        (
            shown.reason.as_str(),
            shown.actor.as_str(),
            shown.asked_for.as_str()
        ),
        ("line repaired", "operator", "system=zhuhai-platform")
    );
}

pub async fn members_are_released_oldest_first_and_their_outcomes_noted(subject: &dyn Subject) {
    let store = subject.store();
    let ids = dead(&store, 4, false).await;
    let id = begun(&store, BulkKind::Retry, &ids).await;
    for (index, outcome) in [
        delivered(),
        DeliveryOutcome::Dead,
        DeliveryOutcome::Again {
            at: at(900),
            unknown: false,
        },
    ]
    .into_iter()
    .enumerate()
    {
        let seconds = 101 + i64::try_from(index).unwrap();
        assert_eq!(release(&store, id, 1, seconds).await, 1);
        let leased = only(&store, seconds).await;
        assert_eq!(leased.id, ids[index], "oldest first");
        assert_eq!(job(&store, id).await.counts.released, 1);
        leave(&store, &leased, "refused", outcome).await;
    }
    let shown = job(&store, id).await;
    let expected = BulkCounts {
        waiting: 1,
        trying: 1,
        delivered: 1,
        dead: 1,
        ..BulkCounts::default()
    };
    assert_eq!(shown.counts, expected);
    assert_eq!(shown.failures_in_a_row, 2);
    assert_eq!(shown.last_released_at, Some(at(103)));
    // What is tried again by itself may still arrive.
    let late = only(&store, 900).await;
    leave(&store, &late, "accepted", delivered()).await;
    let shown = job(&store, id).await;
    assert_eq!((shown.counts.delivered, shown.failures_in_a_row), (2, 0));
}

pub async fn what_others_have_dealt_with_is_passed_over(subject: &dyn Subject) {
    let store = subject.store();
    let ids = dead(&store, 2, false).await;
    let id = begun(&store, BulkKind::Retry, &ids).await;
    let filter = DeliveryFilter {
        ids: vec![ids[0]],
        ..DeliveryFilter::default()
    };
    let gone = audit("delivery.discard");
    store.discard(&ALL, &filter, at(100), gone).await.unwrap();
    assert_eq!(release(&store, id, 1, 101).await, 1);
    assert_eq!(only(&store, 101).await.id, ids[1]);
    let counts = job(&store, id).await.counts;
    assert_eq!((counts.gone, counts.released), (1, 1));
}

pub async fn a_stop_releases_nothing_more_and_takes_back_what_no_worker_had(subject: &dyn Subject) {
    let store = subject.store();
    let ids = dead(&store, 4, true).await;
    let id = begun(&store, BulkKind::Retry, &ids).await;
    assert_eq!(release(&store, id, 1, 101).await, 1);
    let in_flight = only(&store, 101).await;
    assert!(in_flight.ask_first, "its outcome was unknown");
    assert_eq!(release(&store, id, 1, 102).await, 1);
    assert_eq!(state(&store, ids[1]).await, DeliveryState::Unknown);
    let asked = Some(audit("delivery.bulk.stop"));
    assert!(store.stop_bulk(&ALL, id, "operator", asked).await.unwrap());
    assert_eq!(state(&store, ids[1]).await, DeliveryState::Dead);
    assert_eq!(release(&store, id, 9, 103).await, 0);
    assert!(lease(&store, 104).await.is_empty());
    let again = store.stop_bulk(&ALL, id, "operator", None).await.unwrap();
    assert!(!again, "it stops already");
    let stopping = job(&store, id).await;
    assert_eq!(stopping.state, BulkState::Stopping);
    assert_eq!((stopping.counts.released, stopping.counts.kept), (1, 3));
    // What was in flight still gets its outcome; what was taken back still asks first.
    leave(&store, &in_flight, "accepted", delivered()).await;
    assert_eq!(job(&store, id).await.counts.delivered, 1);
    let end = audit("delivery.retry.end");
    assert!(store.end_bulk(id, at(105), end.clone()).await.unwrap());
    assert!(!store.end_bulk(id, at(106), end).await.unwrap());
    let rows = audits(&store).await;
    let last = &rows.last().unwrap().audit;
    assert_eq!(
        (
            last.target.as_str(),
            last.outcome.as_str(),
            last.note.as_str()
        ),
        (
            format!("job/{id}").as_str(),
            "operator",
            "delivered 1, kept 3"
        )
    );
    let all = audit("delivery.retry");
    let filter = DeliveryFilter {
        ids: vec![ids[1]],
        ..DeliveryFilter::default()
    };
    assert_eq!(store.retry(&ALL, &filter, at(107), all).await.unwrap(), 1);
    assert!(only(&store, 107).await.ask_first);
}

pub async fn a_stopped_job_goes_on_with_what_it_left(subject: &dyn Subject) {
    let store = subject.store();
    let ids = dead(&store, 3, false).await;
    let id = begun(&store, BulkKind::Retry, &ids).await;
    release(&store, id, 1, 101).await;
    let first = only(&store, 101).await;
    leave(&store, &first, "refused", DeliveryOutcome::Dead).await;
    let go_on = |id| store.go_on_bulk(&ALL, id, at(110), audit("delivery.bulk.go_on"));
    assert_eq!(go_on(id).await.unwrap(), BulkGoneOn::NotStopped);
    assert_eq!(go_on(id + 1).await.unwrap(), BulkGoneOn::Unknown);
    store.open_bulk_jobs().await.unwrap();
    store.stop_bulk(&ALL, id, "first_dead", None).await.unwrap();
    let end = audit("delivery.retry.end");
    store.end_bulk(id, at(102), end).await.unwrap();
    let stopped = job(&store, id).await;
    assert_eq!(
        (stopped.state, stopped.why.as_str(), stopped.ended_at),
        (BulkState::Stopped, "first_dead", Some(at(102)))
    );
    // Another job may have what this one left; then it cannot go on.
    let other = begun(&store, BulkKind::Retry, &ids[2..]).await;
    let overlaps = BulkGoneOn::Overlaps {
        count: 1,
        job: other,
    };
    assert_eq!(go_on(id).await.unwrap(), overlaps);
    store
        .stop_bulk(&ALL, other, "operator", None)
        .await
        .unwrap();
    let end = audit("delivery.retry.end");
    store.end_bulk(other, at(109), end).await.unwrap();
    assert_eq!(go_on(id).await.unwrap(), BulkGoneOn::Running);
    let running = job(&store, id).await;
    assert_eq!(
        (
            running.state,
            running.waived,
            running.counts.waiting,
            running.counts.dead
        ),
        (BulkState::Running, true, 2, 1)
    );
    assert_eq!(running.failures_in_a_row, 0, "counted from here on");
    assert_eq!(release(&store, id, 1, 111).await, 1);
    assert_eq!(
        only(&store, 111).await.id,
        ids[1],
        "the first is not tried again"
    );
}

pub async fn a_job_that_ended_leaves_its_deliveries_to_others(subject: &dyn Subject) {
    let store = subject.store();
    let ids = dead(&store, 1, false).await;
    let id = begun(&store, BulkKind::Retry, &ids).await;
    release(&store, id, 1, 101).await;
    let leased = only(&store, 101).await;
    let again = DeliveryOutcome::Again {
        at: at(500),
        unknown: false,
    };
    leave(&store, &leased, "not_sent", again).await;
    store.open_bulk_jobs().await.unwrap();
    let end = audit("delivery.retry.end");
    assert!(store.end_bulk(id, at(102), end).await.unwrap());
    let ended = job(&store, id).await;
    assert_eq!((ended.state, ended.counts.again), (BulkState::Finished, 1));
    begun(&store, BulkKind::Discard, &ids).await;
}

pub async fn a_discard_makes_room_and_is_counted(subject: &dyn Subject) {
    let store = subject.store();
    dead(&store, 2, false).await;
    submitted(&store, application()).await;
    let (count, found) = store
        .bulk_candidates(&ALL, BulkKind::Discard, &DeliveryFilter::default())
        .await
        .unwrap();
    assert_eq!(count, 3, "pending ones can be given up too");
    let ids: Vec<i64> = found.iter().map(|c| c.id).collect();
    let id = begun(&store, BulkKind::Discard, &ids).await;
    assert_eq!(release(&store, id, 2, 101).await, 2);
    assert_eq!(state(&store, ids[1]).await, DeliveryState::Discarded);
    assert_eq!(state(&store, ids[2]).await, DeliveryState::Pending);
    store.stop_bulk(&ALL, id, "operator", None).await.unwrap();
    assert_eq!(release(&store, id, 2, 102).await, 0);
    let counts = job(&store, id).await.counts;
    assert_eq!((counts.discarded, counts.kept), (2, 1));
    assert_eq!(state(&store, ids[2]).await, DeliveryState::Pending);
}

pub async fn a_job_goes_on_after_a_restart(subject: &dyn Subject) {
    let store = subject.store();
    let ids = dead(&store, 3, false).await;
    let id = begun(&store, BulkKind::Retry, &ids).await;
    release(&store, id, 1, 101).await;
    only(&store, 101).await;
    let before = job(&store, id).await;
    drop(store);
    let store = subject.reopened().await;
    let open = store.open_bulk_jobs().await.unwrap();
    assert_eq!(open, [before]);
    let leased = only(&store, 102).await;
    assert_eq!(leased.id, ids[0], "the lease of the one before has ended");
    leave(&store, &leased, "accepted", delivered()).await;
    let counts = job(&store, id).await.counts;
    assert_eq!((counts.delivered, counts.waiting), (1, 2));
}

pub async fn candidates_fit_every_criterion_and_tell_who_may_be_repeated(subject: &dyn Subject) {
    let store = subject.store();
    let mut ids = dead(&store, 2, false).await;
    let mut other = application();
    other.cases[0].submission.item.code = "20131300500698857413440400".to_owned();
    other.submitted_at = at(50);
    submitted(&store, other).await;
    let doubtful = only(&store, 60).await;
    leave(&store, &doubtful, "outcome_unknown", DeliveryOutcome::Dead).await;
    ids.push(doubtful.id);
    let all = DeliveryFilter::default;
    let item = |pattern: &str| DeliveryFilter {
        item: Some(pattern.to_owned()),
        ..all()
    };
    for (filter, expected) in [
        (all(), vec![0, 1, 2]),
        (item("1013*"), vec![0, 1]),
        (item("20131300500698857413440400"), vec![2]),
        (item("*5006988574134404*"), vec![0, 1, 2]),
        (item("1013?300500698857413440400"), vec![]),
        (
            DeliveryFilter {
                created_from: Some(at(1)),
                ..all()
            },
            vec![1, 2],
        ),
        (
            DeliveryFilter {
                created_before: Some(at(50)),
                ..all()
            },
            vec![0, 1],
        ),
        (DeliveryFilter { limit: 2, ..all() }, vec![0, 1]),
    ] {
        let (count, found) = store
            .bulk_candidates(&ALL, BulkKind::Retry, &filter)
            .await
            .unwrap();
        let found: Vec<_> = found.iter().map(|c| (c.id, c.doubtful)).collect();
        let wanted: Vec<_> = expected
            .iter()
            .map(|i: &usize| (ids[*i], *i == 2))
            .collect();
        assert_eq!(found, wanted, "{filter:?}");
        let all = if filter.limit == 0 { found.len() } else { 3 };
        assert_eq!(count, all as u64, "{filter:?}");
    }
}

pub async fn jobs_are_seen_by_nobody_but_operators(subject: &dyn Subject) {
    let store = subject.store();
    let ids = dead(&store, 1, false).await;
    let foreign = Scope::System("another".to_owned());
    let (count, found) = store
        .bulk_candidates(&foreign, BulkKind::Retry, &DeliveryFilter::default())
        .await
        .unwrap();
    assert_eq!((count, found.len()), (0, 0));
    let new = new_job(BulkKind::Retry, &ids);
    let refused = store.begin_bulk(&foreign, new, 3, audit("delivery.retry"));
    assert_eq!(refused.await.unwrap(), BulkBegun::Changed(1));
    let id = begun(&store, BulkKind::Retry, &ids).await;
    for scope in [foreign, Scope::Nothing, Scope::System(SYSTEM.to_owned())] {
        assert!(store.bulk_jobs(&scope, 9).await.unwrap().is_empty());
        assert!(store.bulk_job(&scope, id).await.unwrap().is_none());
        assert!(!store.stop_bulk(&scope, id, "operator", None).await.unwrap());
        let go_on = store.go_on_bulk(&scope, id, at(1), audit("delivery.bulk.go_on"));
        assert_eq!(go_on.await.unwrap(), BulkGoneOn::Unknown);
    }
    assert_eq!(store.bulk_jobs(&ALL, 9).await.unwrap()[0].id, id);
}

pub async fn a_job_has_no_more_members_than_it_may(subject: &dyn Subject) {
    let store = subject.store();
    let beyond: Vec<i64> = (0..=i64::from(BULK_MEMBERS_MAX)).collect();
    assert_eq!(
        begin(&store, BulkKind::Retry, &beyond).await,
        BulkBegun::TooMany
    );
}
