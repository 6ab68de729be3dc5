//! Numbers: drawn inside the commit, never twice.

use super::Subject;
use super::applications::counted;
use super::samples::*;
use crate::store::application::{NewCase, SubmitOutcome};
use futures_util::future::join_all;
use std::collections::BTreeSet;

/// The last serial of four characters: 9,999 of digits and 1,669,616 with a letter.
const LAST: i64 = 9_999 + 1_669_616;

pub async fn sixty_four_at_once_get_sixty_four_numbers(subject: &dyn Subject) {
    let store = subject.store();
    let all = join_all((0..64).map(|_| submitted(&store, application()))).await;
    let numbers: BTreeSet<_> = all.into_iter().map(|a| a.application_no).collect();
    let expected: BTreeSet<_> = (1..=64).map(|n| format!("{STEM}{n:04}")).collect();
    assert_eq!(numbers, expected);
}

pub async fn numbers_go_on_with_letters_over_the_border(subject: &dyn Subject) {
    let store = subject.store();
    subject.serials_drawn(STEM, 9_967).await;
    let all = join_all((0..64).map(|_| submitted(&store, application()))).await;
    let numbers: BTreeSet<_> = all.into_iter().map(|a| a.application_no).collect();
    assert_eq!(numbers.len(), 64);
    assert!(numbers.contains(&format!("{STEM}9999")));
    assert!(numbers.contains(&format!("{STEM}000A")));
    for number in &numbers {
        assert_eq!(number.len(), STEM.len() + 4);
    }
    let lettered = numbers
        .iter()
        .filter(|n| n[STEM.len()..].bytes().any(|b| b.is_ascii_uppercase()))
        .count();
    assert_eq!(lettered, 32);
}

pub async fn when_no_number_is_left_nothing_is_written(subject: &dyn Subject) {
    let store = subject.store();
    subject.serials_drawn(STEM, LAST - 1).await;
    let last = submitted(&store, application()).await;
    assert_eq!(last.application_no, format!("{STEM}ZZZZ"));
    for _ in 0..2 {
        let outcome = store.submit(application()).await.unwrap();
        assert!(
            matches!(outcome, SubmitOutcome::NumbersExhausted),
            "{outcome:?}"
        );
    }
    assert_eq!(counted(subject).await, 1);
    assert_eq!(audits(&store).await.len(), 1);
}

pub async fn each_stem_counts_for_itself(subject: &dyn Subject) {
    let store = subject.store();
    submitted(&store, application()).await;
    let other = NewCase {
        number_stem: "other170605".to_owned(),
        ..new_case()
    };
    let stored = submitted(&store, application_of(vec![other])).await;
    assert_eq!(stored.application_no, "other1706050001");
}

pub async fn short_numbers_are_unique_within_their_system(subject: &dyn Subject) {
    let store = subject.store();
    let short = |system: &str| NewCase {
        system_id: Some(system.to_owned()),
        short_number: true,
        ..new_case()
    };
    let mut seen = BTreeSet::new();
    for system in ["a", "a", "b"] {
        let stored = submitted(&store, application_of(vec![short(system)])).await;
        let case = &stored.cases[0];
        let no = case.short_no.clone().unwrap();
        assert!(
            no.len() == 12 && no.bytes().all(|b| b.is_ascii_digit()),
            "{no}"
        );
        assert!(!no.starts_with('0'), "{no}: a numeric column would lose it");
        assert_eq!(case.submission.case.short_no.as_ref(), Some(&no));
        assert!(seen.insert((system, no)));
    }
    let plain = submitted(&store, application()).await;
    assert_eq!(plain.cases[0].short_no, None);
}
