//! Keys as they are written, read, and believed.

use super::holder::KeyHolder;
use super::ring::{KeyRing, RefusedKey, RingKey};
use super::text::{KeyText, TEXT_LEN, TextFault};
use super::window::{KeyStanding, KeyWindow, LIFETIME_MAX, OVERLAP_MAX, WindowFault};
use crate::identity::{PrincipalKind, Role};
use jiff::{SignedDuration, Timestamp};
use proptest::prelude::*;

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_second(1_800_000_000 + seconds).unwrap()
}

fn key(id: u8, secret: u8) -> KeyText {
    KeyText::new([id; 8], [secret; 32])
}

fn window() -> KeyWindow {
    KeyWindow {
        not_before: at(0),
        expires_at: at(1_000),
        revoked_at: None,
    }
}

fn ring_of(window: KeyWindow) -> KeyRing {
    let ring_key = RingKey {
        id: key(1, 2).id().to_owned(),
        digest: key(1, 2).digest(),
        window,
        holder: KeyHolder::new("engineer", "pipeline", Some("gd-police")).unwrap(),
        last_used_at: None,
    };
    KeyRing::new(vec![ring_key], &KeyRing::default())
}

fn refusal(ring: &KeyRing, text: &str, now: Timestamp) -> (RefusedKey, bool) {
    let refused = ring.principal(text, now).unwrap_err();
    (refused.reason, refused.proven_id.is_some())
}

#[test]
fn a_key_has_the_form_that_scanners_are_told() {
    let shown = key(0xab, 0xcd).shown();
    assert_eq!(
        *shown,
        format!("tb_{}_{}_78adc1ba", "ab".repeat(8), "cd".repeat(32))
    );
    assert_eq!(shown.len(), TEXT_LEN);
    let read = KeyText::read(&shown).unwrap();
    assert_eq!(read.id(), "ab".repeat(8));
    assert_eq!(read.digest(), key(0xab, 0xcd).digest());
}

#[test]
fn nothing_prints_a_secret_by_accident() {
    let printed = format!("{:?}", key(0xab, 0xcd));
    assert!(printed.contains("abab") && !printed.contains("cdcd") && !printed.contains("205"));
}

#[test]
fn what_has_another_form_is_no_key() {
    let shown = key(1, 2).shown();
    let longer = format!("{}0", *shown);
    for other in [
        "",
        "tb_",
        &shown[..TEXT_LEN - 1],
        &longer,
        &shown.to_uppercase(),
        &shown.replacen("tb_", "gh_", 1),
        &shown.replace('_', "-"),
        &shown.replacen("01", "0g", 1),
        &shown.replacen("0101", "01é", 1),
    ] {
        assert_eq!(
            KeyText::read(other).unwrap_err(),
            TextFault::Form,
            "{other}"
        );
    }
}

proptest! {
    #[test]
    fn every_key_is_read_as_it_was_shown(id: [u8; 8], secret: [u8; 32]) {
        let key = KeyText::new(id, secret);
        let read = KeyText::read(&key.shown()).unwrap();
        prop_assert_eq!(read.id(), key.id());
        prop_assert_eq!(read.digest(), key.digest());
    }

    #[test]
    fn one_wrong_character_or_two_swapped_are_a_slip_of_the_pen(secret: [u8; 32], place in 3..TEXT_LEN, with in 0..16u32) {
        let shown = KeyText::new([7; 8], secret).shown();
        let mut typed: Vec<char> = shown.chars().collect();
        let with = char::from_digit(with, 16).unwrap();
        if typed[place] != '_' && typed[place] != with {
            typed[place] = with;
            let typed: String = typed.iter().collect();
            prop_assert_eq!(KeyText::read(&typed).unwrap_err(), TextFault::Checksum);
        }
        let mut swapped: Vec<char> = shown.chars().collect();
        let other = place.saturating_sub(1);
        if swapped[place] != swapped[other] && swapped[place] != '_' && swapped[other] != '_' {
            swapped.swap(place, other);
            let swapped: String = swapped.iter().collect();
            prop_assert_eq!(KeyText::read(&swapped).unwrap_err(), TextFault::Checksum);
        }
    }

    #[test]
    fn whatever_is_sent_is_read_without_a_panic(text in "\\PC{0,120}") {
        let _ = KeyText::read(&text);
        let _ = KeyText::read(&format!("tb_{text}"));
    }
}

#[test]
fn a_key_counts_within_its_window_alone() {
    use KeyStanding::{Expired, NotYet, Valid};
    let end = Timestamp::from_microsecond(at(1_000).as_microsecond() - 1).unwrap();
    for (now, standing) in [
        (at(-61), NotYet),
        // Clocks of nodes may differ.
        (at(-60), Valid),
        (at(0), Valid),
        (end, Valid),
        (at(1_000), Expired),
    ] {
        assert_eq!(window().standing(now), standing, "{now}");
    }
}

#[test]
fn a_revoked_key_is_revoked_whatever_the_clock_says() {
    let revoked = KeyWindow {
        revoked_at: Some(at(500)),
        ..window()
    };
    for now in [-1_000, 0, 499, 500, 5_000] {
        assert_eq!(revoked.standing(at(now)), KeyStanding::Revoked);
    }
}

#[test]
fn a_new_key_counts_from_now_for_a_year_or_as_asked_within_bounds() {
    let day = SignedDuration::from_hours(24);
    let usual = KeyWindow::new(at(0), None, None).unwrap();
    assert_eq!(
        (usual.not_before, usual.expires_at),
        (at(0), at(0) + day * 365)
    );
    let asked = KeyWindow::new(at(0), Some(at(50)), Some(at(51))).unwrap();
    assert_eq!((asked.not_before, asked.expires_at), (at(50), at(51)));
    let past = KeyWindow::new(at(0), Some(at(-50)), None).unwrap();
    assert_eq!(past.not_before, at(0), "nothing counts before it was made");
    for (from, to, fault) in [
        (None, at(0), WindowFault::Ends),
        (None, at(-1), WindowFault::Ends),
        (Some(at(9)), at(9), WindowFault::Ends),
        (None, at(1) + LIFETIME_MAX, WindowFault::TooLong),
    ] {
        assert_eq!(KeyWindow::new(at(0), from, Some(to)), Err(fault));
    }
    let far = KeyWindow::new(at(0), Some(at(0) + LIFETIME_MAX), None);
    assert_eq!(far, Err(WindowFault::TooLong));
}

#[test]
fn a_replaced_key_counts_on_for_the_overlap_and_never_longer_than_before() {
    let end = |overlap: i64| window().end_of_replaced(at(100), SignedDuration::from_secs(overlap));
    assert_eq!(end(0), Ok(at(100)), "at once");
    assert_eq!(end(500), Ok(at(600)));
    assert_eq!(end(5_000), Ok(at(1_000)));
    assert_eq!(end(-1), Err(WindowFault::Overlap));
    assert_eq!(end(OVERLAP_MAX.as_secs() + 1), Err(WindowFault::Overlap));
}

#[test]
fn whose_a_key_is_decides_who_calls() {
    let principal = |role, name, organisation| {
        KeyHolder::new(role, name, organisation)
            .unwrap()
            .principal()
    };
    let partner = principal("partner", "gd-explosives", None);
    assert_eq!(partner.subject, "gd-explosives");
    assert!(partner.roles.contains(&Role::Partner));
    let engineer = principal("engineer", "pipeline", Some("gd-police"));
    assert_eq!(engineer.subject, "api-key/pipeline");
    assert_eq!(engineer.organisation.as_deref(), Some("gd-police"));
    assert!(engineer.roles.contains(&Role::Engineer) && !engineer.roles.contains(&Role::Operator));
    let agent = principal("agent", "zhuhai-hall", None);
    assert_eq!(agent.kind, PrincipalKind::Agent);
    assert!(!agent.roles.contains(&Role::Partner));
    let operator = principal("operator", "backup", None);
    assert!(operator.roles.contains(&Role::Operator));
}

#[test]
fn holders_that_cannot_be_are_refused() {
    let long = "a".repeat(65);
    for (role, name, organisation) in [
        ("root", "a", None),
        ("", "a", None),
        ("operator", "", None),
        ("operator", "-a", None),
        ("operator", "a/b", None),
        ("operator", "张三", None),
        ("operator", "A", None),
        ("operator", long.as_str(), None),
        ("operator", "a", Some("gd-police")),
        ("partner", "a", Some("gd-police")),
        ("engineer", "a", None),
        ("engineer", "a", Some("")),
        ("engineer", "a", Some("不是")),
    ] {
        assert!(
            KeyHolder::new(role, name, organisation).is_err(),
            "{role} {name}"
        );
    }
}

#[test]
fn a_ring_tells_every_reason_and_names_a_key_only_to_whom_has_all_of_it() {
    let (whole, now) = (key(1, 2).shown(), at(10));
    let ring = ring_of(window());
    assert_eq!(
        ring.principal(&whole, now).unwrap().subject,
        "api-key/pipeline"
    );
    assert_eq!(refusal(&ring, "tb_x", now), (RefusedKey::Malformed, false));
    let last = if whole.ends_with('0') { "1" } else { "0" };
    let typed = format!("{}{last}", &whole[..TEXT_LEN - 1]);
    assert_eq!(refusal(&ring, &typed, now), (RefusedKey::Mistyped, false));
    let other = key(9, 2).shown();
    assert_eq!(refusal(&ring, &other, now), (RefusedKey::Unknown, false));
    let guessed = key(1, 3).shown();
    assert_eq!(
        refusal(&ring, &guessed, now),
        (RefusedKey::WrongSecret, false)
    );
    assert_eq!(
        refusal(&ring, &guessed, at(9_999)),
        (RefusedKey::WrongSecret, false)
    );
    assert_eq!(
        refusal(&ring, &whole, at(1_000)),
        (RefusedKey::Expired, true)
    );
    assert_eq!(refusal(&ring, &whole, at(-100)), (RefusedKey::NotYet, true));
    let revoked = ring_of(KeyWindow {
        revoked_at: Some(at(5)),
        ..window()
    });
    assert_eq!(refusal(&revoked, &whole, now), (RefusedKey::Revoked, true));
}

#[test]
fn a_use_is_known_once_an_hour_and_outlives_the_next_ring() {
    const HOUR_US: i64 = 3_600_000_000;
    let ring = ring_of(KeyWindow {
        expires_at: at(100_000),
        ..window()
    });
    let unwritten = |ring: &KeyRing| ring.usages().next().unwrap().1.unwritten(HOUR_US);
    let shown = key(1, 2).shown();
    assert_eq!(unwritten(&ring), None);
    let refused = key(1, 3).shown();
    ring.principal(&refused, at(5)).unwrap_err();
    assert_eq!(unwritten(&ring), None, "a refusal is no use");
    ring.principal(&shown, at(10)).unwrap();
    ring.principal(&shown, at(30)).unwrap();
    assert_eq!(
        unwritten(&ring),
        Some(at(10)),
        "within a minute the first mark stays"
    );
    ring.usages().next().unwrap().1.wrote(at(10));
    ring.principal(&shown, at(3_000)).unwrap();
    let next = KeyRing::new(
        vec![RingKey {
            id: key(1, 2).id().to_owned(),
            digest: key(1, 2).digest(),
            window: KeyWindow {
                expires_at: at(100_000),
                ..window()
            },
            holder: KeyHolder::new("operator", "x", None).unwrap(),
            last_used_at: Some(at(10)),
        }],
        &ring,
    );
    assert_eq!(unwritten(&next), None, "not an hour yet");
    next.principal(&shown, at(3_700)).unwrap();
    assert_eq!(unwritten(&next), Some(at(3_700)));
}
