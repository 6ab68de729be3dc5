//! Cases: changed whole or not at all, read back event by event.

use super::Subject;
use super::samples::*;
use crate::identity::Scope;
use crate::store::case::{CaseProjection, ChangeOutcome, ClockRow};
use tongban_adapters::canonical::CaseReference;

pub async fn a_change_appends_events_without_gaps(subject: &dyn Subject) {
    let (store, first) = one_case(subject).await;
    let no = first.case_no.clone();
    let two = vec![accepted(&no, "1", 5), refused(6)];
    let outcome = store.change(change(&first, two, "handling")).await.unwrap();
    assert_eq!(outcome, ChangeOutcome::Applied { rev: 2 });
    let second = case(&store, &no).await;
    let mut more = change(&second, vec![accepted(&no, "2", 7)], "closed");
    more.events[0].supersedes = Some(2);
    more.projection.decision = Some("granted".to_owned());
    more.partner_no = Some("P-7".to_owned());
    assert_eq!(
        store.change(more).await.unwrap(),
        ChangeOutcome::Applied { rev: 3 }
    );
    let events = events(&store, &no).await;
    let seqs: Vec<_> = events.iter().map(|e| e.seq).collect();
    assert_eq!(seqs, [1, 2, 3, 4]);
    assert_eq!(events[1].event, acceptance("1", 5));
    assert_eq!(events[1].system_id.as_deref(), Some(SYSTEM));
    assert_eq!(
        (events[3].supersedes, events[3].received_at),
        (Some(2), at(7))
    );
    let last = case(&store, &no).await;
    assert_eq!((last.rev, last.last_seq), (3, 4));
    assert_eq!(
        (last.state.as_str(), last.decision.as_deref()),
        ("closed", Some("granted"))
    );
    assert_eq!(last.folded, projection("closed").folded);
    assert_eq!(last.partner_no.as_deref(), Some("P-7"));
    assert_eq!(last.submission.case.partner_no.as_deref(), Some("P-7"));
}

pub async fn a_change_is_applied_wherever_nodes_hear_of_it(subject: &dyn Subject) {
    let (store, first) = one_case(subject).await;
    for (second, elsewhere) in [(1, true), (2, false), (3, true)] {
        store.hear_cases_elsewhere(elsewhere);
        let now = case(&store, &first.case_no).await;
        let outcome = store
            .change(change(&now, vec![refused(second)], "handling"))
            .await
            .unwrap();
        let rev = now.rev + 1;
        assert_eq!(outcome, ChangeOutcome::Applied { rev });
    }
}

/// What waits together is committed together: each still hears its own, and one that was there before spoils nothing for the others.
pub async fn changes_at_one_time_each_have_their_own_outcome(subject: &dyn Subject) {
    let store = subject.store();
    let mut cases = Vec::new();
    for _ in 0..24 {
        let record = submitted(&store, application()).await;
        cases.push(record.cases[0].clone());
    }
    // One key is taken before, one case is changed before, one case twice, one is unknown.
    let taken = change(
        &cases[0],
        vec![accepted(&cases[0].case_no, "1", 5)],
        "handling",
    );
    store.change(taken).await.unwrap();
    let again = case(&store, &cases[0].case_no).await;
    store
        .change(change(&cases[1], vec![refused(5)], "refused"))
        .await
        .unwrap();
    let mut unknown = change(&cases[2], vec![refused(6)], "refused");
    unknown.case_no = "no such number".to_owned();
    let mut changes = vec![
        change(&again, vec![accepted(&again.case_no, "1", 5)], "handling"),
        change(&cases[1], vec![refused(6)], "refused"),
        change(&cases[2], vec![refused(6)], "refused"),
        change(&cases[2], vec![refused(7)], "refused"),
        unknown,
    ];
    changes.extend(cases[3..].iter().map(|c| {
        change(
            c,
            vec![accepted(&c.case_no, "1", 5), refused(6)],
            "handling",
        )
    }));
    let outcomes =
        futures_util::future::join_all(changes.into_iter().map(|c| store.change(c))).await;
    let mut outcomes = outcomes.into_iter();
    let mut next = || outcomes.next().unwrap();
    assert_eq!(next().unwrap(), ChangeOutcome::Duplicate);
    assert_eq!(next().unwrap(), ChangeOutcome::Stale);
    let both = [next().unwrap(), next().unwrap()];
    assert!(
        both.contains(&ChangeOutcome::Applied { rev: 2 }),
        "{both:?}"
    );
    assert!(both.contains(&ChangeOutcome::Stale), "{both:?}");
    assert!(next().is_err());
    for outcome in outcomes {
        assert_eq!(outcome.unwrap(), ChangeOutcome::Applied { rev: 2 });
    }
    for (first, events_now) in [
        (&cases[0], 2),
        (&cases[1], 2),
        (&cases[2], 2),
        (&cases[3], 3),
    ] {
        let now = case(&store, &first.case_no).await;
        assert_eq!((now.rev, now.last_seq), (2, events_now));
        assert_eq!(
            events(&store, &first.case_no).await.len() as u64,
            events_now
        );
    }
    // 24 applications and 24 changes, each with its record.
    assert_eq!(audits(&store).await.len(), 48);
}

pub async fn a_change_replaces_what_was_submitted_only_when_it_says_so(subject: &dyn Subject) {
    let (store, first) = one_case(subject).await;
    let mut corrected = first.submission.clone();
    corrected.applicant.id_number = "110105194912310011".to_owned();
    let mut with = change(&first, vec![refused(1)], "correction");
    with.submission = Some(corrected.clone());
    store.change(with).await.unwrap();
    let second = case(&store, &first.case_no).await;
    assert_eq!(second.submission, corrected);
    store
        .change(change(&second, vec![refused(2)], "handling"))
        .await
        .unwrap();
    assert_eq!(case(&store, &first.case_no).await.submission, corrected);
    let find = |number: &'static str| store.by_identity_number(&Scope::Everything, number, 9);
    assert!(find(ID_NUMBER).await.unwrap().is_empty());
    assert_eq!(find("110105194912310011").await.unwrap().len(), 1);
}

pub async fn a_change_on_an_old_revision_is_stale_and_leaves_nothing(subject: &dyn Subject) {
    let (store, first) = one_case(subject).await;
    store
        .change(change(&first, vec![refused(1)], "refused"))
        .await
        .unwrap();
    let late = change(&first, vec![accepted(&first.case_no, "1", 2)], "handling");
    assert_eq!(store.change(late).await.unwrap(), ChangeOutcome::Stale);
    nothing_but_the_refusal(subject, &first.case_no).await;
    assert!(
        store
            .feedback(&key(&first.case_no, "1"))
            .await
            .unwrap()
            .is_none()
    );
}

async fn nothing_but_the_refusal(subject: &dyn Subject, case_no: &str) {
    let store = subject.store();
    let now = case(&store, case_no).await;
    assert_eq!(
        (now.state.as_str(), now.rev, now.last_seq),
        ("refused", 2, 2)
    );
    assert_eq!(events(&store, case_no).await.len(), 2);
    assert_eq!(audits(&store).await.len(), 2);
}

pub async fn an_event_whose_key_was_applied_is_a_duplicate_and_leaves_nothing(
    subject: &dyn Subject,
) {
    let (store, first) = one_case(subject).await;
    let no = first.case_no.clone();
    store
        .change(change(&first, vec![accepted(&no, "1", 1)], "refused"))
        .await
        .unwrap();
    let second = case(&store, &no).await;
    let again = change(&second, vec![refused(2), accepted(&no, "1", 2)], "handling");
    assert_eq!(store.change(again).await.unwrap(), ChangeOutcome::Duplicate);
    nothing_but_the_refusal(subject, &no).await;
    let known = store.feedback(&key(&no, "1")).await.unwrap().unwrap();
    assert_eq!((known.digest, known.event), ([7; 32], acceptance("1", 1)));
    let other = change(&second, vec![accepted(&no, "2", 2)], "handling");
    assert!(matches!(
        store.change(other).await.unwrap(),
        ChangeOutcome::Applied { .. }
    ));
}

pub async fn a_change_with_materials_that_cannot_be_bound_leaves_nothing(subject: &dyn Subject) {
    let (store, first) = one_case(subject).await;
    let good = uploaded(&store, b"good").await;
    let missing = capability();
    let mut new = change(&first, vec![refused(1)], "handling");
    new.materials = vec![(1, good.clone()), (2, missing.clone())];
    assert_eq!(
        store.change(new).await.unwrap(),
        ChangeOutcome::MaterialsNotBindable(vec![missing])
    );
    assert_eq!(case(&store, &first.case_no).await.rev, 1);
    assert_eq!(store.material(&good).await.unwrap().unwrap().case_no, None);
    let mut new = change(&first, vec![refused(1)], "handling");
    new.materials = vec![(1, good.clone())];
    store.change(new).await.unwrap();
    let bound = store.material(&good).await.unwrap().unwrap();
    assert_eq!(bound.case_no, Some(first.case_no.clone()));
    // Named again by the same case, it stays.
    let mut again = change(
        &case(&store, &first.case_no).await,
        vec![refused(2)],
        "handling",
    );
    again.materials = vec![(1, good)];
    assert_eq!(
        store.change(again).await.unwrap(),
        ChangeOutcome::Applied { rev: 3 }
    );
}

pub async fn events_are_read_from_any_point_on(subject: &dyn Subject) {
    let (store, first) = one_case(subject).await;
    let many = (1..=9).map(refused).collect();
    store.change(change(&first, many, "refused")).await.unwrap();
    let some = store
        .events(&Scope::Everything, &first.case_no, 4, 3)
        .await
        .unwrap();
    let seqs: Vec<_> = some.iter().map(|e| e.seq).collect();
    assert_eq!(seqs, [5, 6, 7]);
    assert!(
        store
            .events(&Scope::Everything, &first.case_no, 10, 3)
            .await
            .unwrap()
            .is_empty()
    );
    assert!(events(&store, "no such case").await.is_empty());
}

pub async fn a_partner_finds_its_own_cases_alone(subject: &dyn Subject) {
    let store = subject.store();
    let mut short = new_case();
    short.short_number = true;
    let stored = submitted(&store, application_of(vec![short])).await;
    let case = &stored.cases[0];
    let by_no = CaseReference::CaseNo(case.case_no.clone());
    let by_short = CaseReference::ShortNo(case.short_no.clone().unwrap());
    for reference in [by_no, by_short] {
        let own = store.case_of_partner(SYSTEM, &reference).await.unwrap();
        assert_eq!(own.unwrap().case_no, case.case_no);
        let other = store.case_of_partner("other", &reference).await.unwrap();
        assert!(other.is_none());
    }
}

pub async fn the_first_pinned_definition_stays(subject: &dyn Subject) {
    let (store, case_) = one_case(subject).await;
    assert_eq!(case_.definition_version, 0);
    assert_eq!(store.pin_definition(&case_.case_no, 3).await.unwrap(), 3);
    assert_eq!(store.pin_definition(&case_.case_no, 4).await.unwrap(), 3);
    let pinned = case(&store, &case_.case_no).await;
    assert_eq!((pinned.definition_version, pinned.rev), (3, case_.rev));
    assert!(store.pin_definition("no such case", 1).await.is_err());
}

pub async fn due_clocks_come_oldest_first_and_leave_with_the_change(subject: &dyn Subject) {
    let store = subject.store();
    let clock = |kind: &str, seconds| ClockRow {
        kind: kind.to_owned(),
        due_at: at(seconds),
    };
    let mut numbers = Vec::new();
    for clocks in [
        vec![clock("promise", 30), clock("statutory", 40)],
        vec![clock("acceptance", 20)],
    ] {
        let mut new = new_case();
        new.projection.clocks = clocks;
        numbers.push(
            submitted(&store, application_of(vec![new]))
                .await
                .application_no,
        );
    }
    let due = |seconds, limit| store.due_clocks(at(seconds), limit);
    assert!(due(19, 9).await.unwrap().is_empty());
    let expected = [
        (numbers[1].clone(), "acceptance".to_owned()),
        (numbers[0].clone(), "promise".to_owned()),
    ];
    assert_eq!(due(30, 9).await.unwrap(), expected);
    assert_eq!(due(99, 1).await.unwrap(), expected[..1]);
    let first = case(&store, &numbers[0]).await;
    let mut new = change(&first, vec![refused(1)], "handling");
    new.projection.clocks = vec![clock("statutory", 50)];
    store.change(new).await.unwrap();
    let later = due(99, 9).await.unwrap();
    assert_eq!(later[1], (numbers[0].clone(), "statutory".to_owned()));
    assert_eq!(later.len(), 2);
}

pub async fn open_clocks_are_counted_by_kind(subject: &dyn Subject) {
    let store = subject.store();
    assert!(store.open_clocks().await.unwrap().is_empty());
    for kinds in [&["acceptance"][..], &["promise", "statutory"], &["promise"]] {
        let mut new = new_case();
        new.projection.clocks = kinds
            .iter()
            .map(|kind| crate::store::case::ClockRow {
                kind: (*kind).to_owned(),
                due_at: at(10),
            })
            .collect();
        submitted(&store, application_of(vec![new])).await;
    }
    let expected = [("acceptance", 1), ("promise", 2), ("statutory", 1)];
    let expected = expected.map(|(kind, count)| (kind.to_owned(), count));
    assert_eq!(store.open_clocks().await.unwrap(), expected);
}

pub async fn a_due_poll_is_taken_once_until_its_lease_ends(subject: &dyn Subject) {
    let store = subject.store();
    let mut numbers = Vec::new();
    for seconds in [10, 11, 12] {
        let mut new = new_case();
        new.projection.poll_at = Some(at(seconds));
        numbers.push(
            submitted(&store, application_of(vec![new]))
                .await
                .application_no,
        );
    }
    let take = |seconds, limit| store.take_due_polls(at(seconds), MINUTE_US, limit);
    assert!(take(9, 9).await.unwrap().is_empty());
    assert_eq!(take(12, 1).await.unwrap(), numbers[..1]);
    let mut rest = take(12, 9).await.unwrap();
    rest.sort();
    assert_eq!(rest, numbers[1..]);
    assert!(take(13, 9).await.unwrap().is_empty());
    assert_eq!(take(72, 9).await.unwrap().len(), 3);
    let first = case(&store, &numbers[0]).await;
    let mut never = change(&first, vec![refused(1)], "closed");
    never.projection = CaseProjection {
        poll_at: None,
        ..projection("closed")
    };
    store.change(never).await.unwrap();
    assert_eq!(take(1000, 9).await.unwrap().len(), 2);
}

pub async fn the_next_poll_is_set_without_a_change(subject: &dyn Subject) {
    let (store, first) = one_case(subject).await;
    let no = &first.case_no;
    let take = |seconds| store.take_due_polls(at(seconds), MINUTE_US, 9);
    assert!(take(100).await.unwrap().is_empty());
    store.set_poll_at(no, Some(at(20))).await.unwrap();
    assert!(take(19).await.unwrap().is_empty());
    assert_eq!(take(20).await.unwrap().first(), Some(no));
    store.set_poll_at(no, None).await.unwrap();
    assert!(take(1000).await.unwrap().is_empty());
    assert_eq!(case(&store, no).await.rev, first.rev);
}

pub async fn a_change_to_no_case_is_an_error(subject: &dyn Subject) {
    let (store, first) = one_case(subject).await;
    let mut lost = change(&first, vec![refused(1)], "handling");
    lost.case_no = "no such case".to_owned();
    assert!(store.change(lost).await.is_err());
    assert_eq!(audits(&store).await.len(), 1);
}
