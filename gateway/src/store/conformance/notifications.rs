//! Notifications: written with their event, in order of their lane, one node at a time; subscriptions seen by their owner alone.

use super::Subject;
use super::samples::{
    OWNER, application_of, at, audit, change, new_case, own_event, refused, submitted,
};
use crate::identity::Scope;
use crate::store::SharedStore;
use crate::store::case::ChangeOutcome;
use crate::store::notification::{
    LeasedNotice, NewNotice, NewNotices, NewSubscription, NoticeChoice, NoticeFilter,
    NoticeOutcome, SubscriptionChange,
};
use jiff::Timestamp;
use tongban_adapters::canonical::{Acceptance, CorrectionNotice, EventBody};

const APPLICANT: &[&str] = &["sms", "email"];
const LEASE_US: i64 = 60_000_000;

fn notice(kind: &'static str, merges: bool, due_at: Timestamp) -> NewNotice {
    NewNotice {
        event: 0,
        kind,
        channels: APPLICANT.to_vec(),
        urgent: false,
        merges,
        deadline: None,
        due_at,
    }
}

fn told(notice: NewNotice) -> NewNotices {
    NewNotices {
        applicant: vec![notice],
        subscribers: true,
        language: "en",
    }
}

/// A case whose receipt is told of, due at once; its number.
async fn received(store: &SharedStore) -> String {
    let mut case = new_case();
    case.notices = told(notice("received", true, at(0)));
    let record = submitted(store, application_of(vec![case])).await;
    record.cases[0].case_no.clone()
}

async fn happens(store: &SharedStore, case_no: &str, body: EventBody, notices: NewNotices) {
    let case = store.case(&Scope::Everything, case_no).await;
    let case = case.unwrap().unwrap();
    let mut change = change(&case, vec![own_event(body, 10)], "handling");
    change.notices = notices;
    let done = store.change(change).await.unwrap();
    assert!(matches!(done, ChangeOutcome::Applied { .. }), "{done:?}");
}

async fn lease(store: &SharedStore, channels: &[&'static str], seconds: i64) -> Vec<LeasedNotice> {
    store
        .lease_notices(channels, &[], at(seconds), LEASE_US, 9, 99)
        .await
        .unwrap()
}

async fn settle(store: &SharedStore, notice: &LeasedNotice, outcome: NoticeOutcome) -> bool {
    store
        .settle_notice(notice.id, notice.fence, outcome, "http_503", at(90))
        .await
        .unwrap()
}

async fn states(store: &SharedStore, channel: &str) -> Vec<(String, String)> {
    let filter = NoticeFilter {
        channel: Some(channel.to_owned()),
        limit: 99,
        ..NoticeFilter::default()
    };
    let mut all = store.notices(&filter).await.unwrap();
    all.reverse();
    all.into_iter().map(|n| (n.kind, n.state)).collect()
}

fn pairs(of: &[(&str, &str)]) -> Vec<(String, String)> {
    of.iter()
        .map(|(kind, state)| ((*kind).to_owned(), (*state).to_owned()))
        .collect()
}

pub async fn a_notification_is_with_one_node_until_its_lease_ends(subject: &dyn Subject) {
    let store = subject.store();
    let case_no = received(&store).await;
    let store = subject.reopened().await;
    let first = lease(&store, &["sms"], 0).await.pop().unwrap();
    assert_eq!(first.case_no.as_ref(), Some(&case_no));
    assert_eq!(
        (first.seq, first.kind.as_str(), first.language.as_str()),
        (1, "received", "en")
    );
    assert_eq!(lease(&store, &["sms"], 59).await, []);
    let second = lease(&store, &["sms"], 60).await.pop().unwrap();
    assert_eq!((second.id, second.attempts), (first.id, 2));
    assert!(
        !settle(&store, &first, NoticeOutcome::Sent).await,
        "its fence is void"
    );
    assert!(settle(&store, &second, NoticeOutcome::Again(at(100))).await);
    assert_eq!(lease(&store, &["sms"], 99).await, []);
    let third = lease(&store, &["sms"], 100).await.pop().unwrap();
    assert!(settle(&store, &third, NoticeOutcome::Sent).await);
    assert_eq!(lease(&store, &["sms"], 9_999).await, []);
    assert_eq!(lease(&store, &["email"], 9_999).await.len(), 1);
    let busy = ["email".to_owned()];
    let passed = store.lease_notices(APPLICANT, &busy, at(99_999), LEASE_US, 9, 99);
    assert_eq!(passed.await.unwrap(), []);
}

pub async fn notifications_of_a_case_go_in_order_and_urgent_ones_before_what_waits(
    subject: &dyn Subject,
) {
    let store = subject.store();
    let case_no = received(&store).await;
    // Told of the receipt already: nothing merges any more.
    let first = lease(&store, &["sms"], 0).await.pop().unwrap();
    let rejected = told(notice("rejected", false, at(0)));
    happens(&store, &case_no, refused(5).event.body, rejected).await;
    assert_eq!(
        lease(&store, &["sms"], 30).await,
        [],
        "the first has its lease"
    );
    assert!(settle(&store, &first, NoticeOutcome::Again(at(500))).await);
    assert_eq!(
        lease(&store, &["sms"], 30).await,
        [],
        "the first is tried again"
    );
    let urgent = NewNotice {
        urgent: true,
        deadline: Some(at(86_400)),
        ..notice("correction", false, at(0))
    };
    let body = EventBody::CorrectionRequested(CorrectionNotice::default());
    happens(&store, &case_no, body, told(urgent)).await;
    let leased = lease(&store, &["sms"], 30).await;
    let kinds: Vec<_> = leased
        .iter()
        .map(|n| (n.kind.as_str(), n.deadline))
        .collect();
    assert_eq!(kinds, [("correction", Some(at(86_400)))]);
    let other = received(&store).await;
    let leased = lease(&store, &["sms"], 30).await;
    assert_eq!(
        leased[0].case_no,
        Some(other),
        "cases do not wait for each other"
    );
    let first = lease(&store, &["sms"], 500).await;
    assert!(first.iter().any(|n| n.kind == "received"), "{first:?}");
    assert!(first.iter().all(|n| n.kind != "rejected"), "{first:?}");
}

pub async fn what_a_later_notification_says_too_goes_with_it_unless_it_was_tried(
    subject: &dyn Subject,
) {
    let store = subject.store();
    let case_no = received(&store).await;
    let tried = lease(&store, &["email"], 0).await;
    assert_eq!(tried.len(), 1);
    let accepted = EventBody::Accepted(Acceptance::default());
    happens(
        &store,
        &case_no,
        accepted,
        told(notice("accepted", true, at(0))),
    )
    .await;
    let result = told(notice("rejected", false, at(0)));
    happens(&store, &case_no, refused(5).event.body, result).await;
    let expected = [
        ("received", "merged"),
        ("accepted", "merged"),
        ("rejected", "waiting"),
    ];
    assert_eq!(states(&store, "sms").await, pairs(&expected));
    let expected = [
        ("received", "waiting"),
        ("accepted", "merged"),
        ("rejected", "waiting"),
    ];
    assert_eq!(states(&store, "email").await, pairs(&expected));
}

pub async fn a_channel_that_is_not_wanted_hears_nothing_more(subject: &dyn Subject) {
    let store = subject.store();
    let case_no = received(&store).await;
    let choice = store.notice_choice(&case_no).await.unwrap();
    assert_eq!(
        (choice.language.as_str(), choice.sms, choice.email),
        ("en", true, true)
    );
    let only_mail = NoticeChoice {
        sms: false,
        ..choice.clone()
    };
    let chosen = store.choose_notices(&case_no, only_mail.clone(), audit("notices.choose"));
    assert!(chosen.await.unwrap());
    assert_eq!(store.notice_choice(&case_no).await.unwrap(), only_mail);
    let rejected = told(notice("rejected", false, at(0)));
    happens(&store, &case_no, refused(5).event.body, rejected).await;
    assert_eq!(
        states(&store, "sms").await,
        pairs(&[("received", "dropped")])
    );
    let expected = [("received", "merged"), ("rejected", "waiting")];
    assert_eq!(states(&store, "email").await, pairs(&expected));
    let nobody = store.choose_notices("no such number", choice, audit("notices.choose"));
    assert!(!nobody.await.unwrap());
    let unknown = store.notice_choice("no such number").await.unwrap();
    assert_eq!(unknown, NoticeChoice::default());
}

pub async fn what_was_given_up_is_seen_counted_and_sent_again(subject: &dyn Subject) {
    let store = subject.store();
    let case_no = received(&store).await;
    let given_up = lease(&store, &["sms"], 0).await.pop().unwrap();
    assert!(settle(&store, &given_up, NoticeOutcome::Dead).await);
    let depths = store.notice_depths(at(50)).await.unwrap();
    let depths: Vec<_> = depths
        .iter()
        .map(|d| (d.channel.as_str(), d.waiting, d.dead, d.oldest_due))
        .collect();
    assert_eq!(depths, [("email", 1, 0, Some(at(0))), ("sms", 0, 1, None)]);
    let filter = NoticeFilter {
        state: Some("dead".to_owned()),
        case_no: Some(case_no),
        limit: 9,
        ..NoticeFilter::default()
    };
    let dead = store.notices(&filter).await.unwrap();
    assert_eq!(dead.len(), 1);
    assert_eq!(
        (dead[0].last_code.as_str(), dead[0].settled_at),
        ("http_503", Some(at(90)))
    );
    let older = NoticeFilter {
        before: Some(dead[0].id),
        ..filter
    };
    assert_eq!(store.notices(&older).await.unwrap(), []);
    let retry = |ids: Vec<i64>| {
        let store = store.clone();
        async move {
            store
                .retry_notices(&ids, at(200), audit("notices.retry"))
                .await
        }
    };
    assert_eq!(retry(vec![given_up.id, 9_999_999]).await.unwrap(), 1);
    assert_eq!(retry(vec![given_up.id]).await.unwrap(), 0, "it waits");
    let again = lease(&store, &["sms"], 200).await.pop().unwrap();
    assert_eq!((again.id, again.attempts), (given_up.id, 1));
}

fn subscription(id: &str, owner: Scope, kinds: &[&str]) -> NewSubscription {
    NewSubscription {
        id: id.to_owned(),
        owner,
        kinds: kinds.iter().map(|k| (*k).to_owned()).collect(),
        url: "https://hook.example/".to_owned(),
        secret: b"first secret".to_vec(),
        at: at(0),
        most: 2,
        audit: audit("subscription.create"),
    }
}

fn owner() -> Scope {
    Scope::Subject(OWNER.to_owned())
}

pub async fn subscribers_hear_of_their_own_cases_in_order(subject: &dyn Subject) {
    let store = subject.store();
    let subscribe = async |new| store.subscribe(new).await.unwrap();
    assert!(subscribe(subscription("all", owner(), &[])).await);
    assert!(subscribe(subscription("some", owner(), &["refused"])).await);
    assert!(
        !subscribe(subscription("more", owner(), &[])).await,
        "two are its most"
    );
    let other = Scope::Subject("somebody else".to_owned());
    assert!(subscribe(subscription("other", other, &[])).await);
    let case_no = received(&store).await;
    let of_case = Scope::Application(case_no.clone());
    assert!(subscribe(subscription("case", of_case, &[])).await);
    let none = Scope::Application("no such number".to_owned());
    assert!(!subscribe(subscription("none", none, &[])).await);
    let silent = NewNotices {
        subscribers: true,
        ..NewNotices::default()
    };
    happens(&store, &case_no, refused(5).event.body, silent).await;
    let mut heard: Vec<_> = lease(&store, &["webhook"], 99).await;
    heard.sort_by_key(|n| n.id);
    let told: Vec<_> = heard
        .iter()
        .map(|n| {
            (
                n.subscription_id.as_deref().unwrap(),
                n.seq,
                n.kind.as_str(),
            )
        })
        .collect();
    let expected = [
        ("all", 1, "applied"),
        ("case", 2, "refused"),
        ("some", 2, "refused"),
    ];
    assert_eq!(told, expected, "the second of `all` waits for its first");
    assert!(settle(&store, &heard[0], NoticeOutcome::Sent).await);
    let next = lease(&store, &["webhook"], 99).await;
    assert_eq!(next.len(), 1);
    assert_eq!(
        (next[0].subscription_id.as_deref(), next[0].seq),
        (Some("all"), 2)
    );
}

pub async fn a_subscription_is_its_owners_and_changes_as_asked(subject: &dyn Subject) {
    let store = subject.store();
    let new = subscription("mine", owner(), &["closed", "accepted"]);
    assert!(store.subscribe(new).await.unwrap());
    let other = Scope::Subject("somebody else".to_owned());
    assert_eq!(store.subscriptions(&other).await.unwrap(), []);
    assert_eq!(store.subscription(&other, "mine").await.unwrap(), None);
    let change = async |scope: &Scope, change| {
        let changed =
            store.change_subscription(scope, "mine", change, audit("subscription.change"));
        changed.await.unwrap()
    };
    assert!(!change(&other, SubscriptionChange::Remove).await);
    let rotate = SubscriptionChange::Rotate {
        secret: b"second secret".to_vec(),
        until: at(600),
    };
    assert!(change(&owner(), rotate).await);
    let store_again = subject.reopened().await;
    let mine = store_again.subscription(&owner(), "mine").await.unwrap();
    let mine = mine.unwrap();
    assert_eq!(mine.kinds, ["closed", "accepted"]);
    assert_eq!(mine.url, "https://hook.example/");
    let secrets: Vec<_> = mine
        .secrets
        .iter()
        .map(|s| (s.key.as_slice(), s.until))
        .collect();
    let expected: [(&[u8], _); 2] = [(b"second secret", None), (b"first secret", Some(at(600)))];
    assert_eq!(secrets, expected);
    let store = store_again;
    let own = owner();
    let change = async |change| {
        let changed = store.change_subscription(&own, "mine", change, audit("subscription.change"));
        assert!(changed.await.unwrap());
    };
    change(SubscriptionChange::Trial).await;
    let trial = lease(&store, &["webhook"], 0).await.pop().unwrap();
    assert_eq!((trial.case_no.as_deref(), trial.seq), (None, 0));
    assert!(settle(&store, &trial, NoticeOutcome::Dead).await);
    let shown = store.subscription(&owner(), "mine").await.unwrap().unwrap();
    assert_eq!(
        (shown.last_code.as_str(), shown.last_at, shown.failing_since),
        ("http_503", Some(at(90)), Some(at(90)))
    );
    assert!(!store.pause_failing("mine", Some(at(89))).await.unwrap());
    assert!(store.pause_failing("mine", Some(at(90))).await.unwrap());
    received(&store).await;
    assert_eq!(
        lease(&store, &["webhook"], 999).await,
        [],
        "nothing is written for a paused one"
    );
    change(SubscriptionChange::Resume).await;
    let shown = store.subscription(&owner(), "mine").await.unwrap().unwrap();
    assert_eq!(
        (shown.state.as_str(), shown.failing_since),
        ("active", None)
    );
    change(SubscriptionChange::Remove).await;
    assert_eq!(store.subscriptions(&owner()).await.unwrap(), []);
}
