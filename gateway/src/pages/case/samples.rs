//! Samples of the page of a case: every event, every kind of clock, every state that asks something of its applicant.

use super::clock;
use super::show::{CasePage, Fault, Parts};
use super::timeline;
use super::with::Holder;
use crate::store::case::StoredEvent;
use crate::text::Language;
use jiff::Timestamp;
use serde_json::{Value, json};
use tongban_adapters::canonical::*;
use tongban_catalog::calendar::Calendar;
use tongban_catalog::deadline::{ClockKind, LegalClock, Limit, Moment, Stop, StopKind};
use tongban_catalog::tables::LimitUnit;

fn at(day: i64) -> Timestamp {
    Timestamp::from_second(1_496_620_200 + day * 86_400).unwrap()
}

fn every_event() -> Vec<EventBody> {
    let reason = || Reason {
        reason: "<b>材料</b>不齐全 &\n第二行".to_owned(),
    };
    let notice = || CorrectionNotice {
        reason: "缺少仓库安全评价报告".to_owned(),
        materials: vec!["专用仓库安全评价报告".to_owned()],
        limit: Some(5),
        override_once: false,
    };
    let answer = || Supplement {
        text: "现补交报告".to_owned(),
        materials: vec!["报告.pdf".to_owned()],
        ..Supplement::default()
    };
    let step = |step, outcome| {
        EventBody::Step(Step {
            step,
            name: "承办".to_owned(),
            outcome,
            opinion: "同意".to_owned(),
        })
    };
    let special = |kind| {
        EventBody::SpecialStarted(SpecialStart {
            kind,
            limit: 10,
            reason: "现场核查".to_owned(),
            approver: String::new(),
        })
    };
    let closed = |result| {
        EventBody::Closed(Closing {
            result,
            reason: "不符合第八条".to_owned(),
            text: "结果".to_owned(),
            certificate: None,
            document_ids: Vec::new(),
        })
    };
    use DecisionResult as R;
    let mut events = vec![
        EventBody::Applied(Remark::default()),
        EventBody::PreAccepted(Remark::default()),
        EventBody::PreRefused(reason()),
        EventBody::PreCorrectionRequested(notice()),
        EventBody::Accepted(Acceptance {
            document_no: Some("SL-1".to_owned()),
            note: Some("已收齐".to_owned()),
        }),
        EventBody::Refused(reason()),
        EventBody::DeemedAccepted(Remark::default()),
        step(StepKind::Handling, StepOutcome::Passed),
        step(StepKind::Review, StepOutcome::Refused),
        step(StepKind::Review, StepOutcome::Passed),
        step(StepKind::Approval, StepOutcome::Other),
        EventBody::Forwarded(Forwarding {
            to: "省厅".to_owned(),
            reason: String::new(),
        }),
        EventBody::CorrectionRequested(notice()),
        EventBody::Supplemented(answer()),
        EventBody::Corrected(answer()),
        EventBody::Resubmitted(answer()),
        EventBody::Lapsed(reason()),
        special(SpecialKind::Extension),
        special(SpecialKind::Other),
        EventBody::SpecialEnded(SpecialEnd {
            passed: true,
            note: "核查完毕".to_owned(),
        }),
        EventBody::WithdrawalRequested(reason()),
        EventBody::Withdrawn(reason()),
        EventBody::Collected(Collection::default()),
        EventBody::Evaluated(Evaluation {
            level: 1,
            text: "很好".to_owned(),
        }),
        EventBody::Recalculated(Recalculation::default()),
    ];
    let results = [
        R::Granted,
        R::Completed,
        R::Denied,
        R::Void,
        R::Deleted,
        R::PassedOn,
        R::Lapsed,
        R::Withdrawn,
    ];
    events.extend(results.map(closed));
    events
}

fn stored(seq: u64, body: EventBody) -> StoredEvent {
    let actor = Actor {
        name: Some("李科长".to_owned()),
        unit: Some("省经信委行政审批处".to_owned()),
        ..Actor::default()
    };
    let when = at(i64::try_from(seq).unwrap() / 4);
    StoredEvent {
        seq,
        event: Event {
            body,
            serial: String::new(),
            data_version: 1,
            occurred_at: when,
            actor: seq.is_multiple_of(2).then_some(actor),
        },
        system_id: None,
        received_at: when,
        supersedes: (seq == 9).then_some(3),
    }
}

fn clocks(language: Language) -> Vec<clock::ShownClock> {
    let calendar = Calendar::weekends_only();
    let start = |kind, limit| LegalClock::start(kind, limit, at(0), &calendar).unwrap();
    let promise = start(ClockKind::Promise, Limit::working_days(12));
    let frozen = promise
        .freeze(
            Stop::open(StopKind::Correction, Moment::at(at(3))),
            &calendar,
        )
        .unwrap();
    let shown = |clock: &LegalClock, now| clock::shown(clock, now, &calendar, language);
    vec![
        shown(&start(ClockKind::Acceptance, Limit::working_days(5)), at(1)),
        shown(&start(ClockKind::Acceptance, Limit::working_days(5)), at(7)),
        shown(
            &start(ClockKind::Statutory, Limit::new(2, LimitUnit::Month)),
            at(90),
        ),
        shown(&frozen, at(5)),
        shown(&promise.stop(at(9), &calendar).unwrap(), at(10)),
        shown(&promise.stop(at(60), &calendar).unwrap(), at(61)),
        shown(&promise.void(at(2)).unwrap(), at(3)),
        shown(
            &start(ClockKind::Delivery, Limit::new(10, LimitUnit::NaturalDay)),
            at(2),
        ),
    ]
}

fn holder(with: &Value, language: Language) -> Option<Holder> {
    Some(Holder::of(with, language).unwrap())
}

pub(super) fn pages(language: Language) -> Vec<(&'static str, CasePage)> {
    let since = "2017-06-05T09:30:00+08:00";
    let every: Vec<StoredEvent> = (1..)
        .zip(every_event())
        .map(|(seq, body)| stored(seq, body))
        .collect();
    let few = &every[..1];
    let hall = json!({"holder": "hall", "since": since});
    let system = json!({"holder": "system", "since": since, "name": "省民用爆炸物品管理系统", "partner_no": "MB-17"});
    let hindered = json!({"holder": "hall", "since": since, "to": {"system": "s", "name": "珠海市统一申办受理平台"},
        "delivery": {"state": "pending", "attempt": 3, "next_at": "2017-06-05T10:30:00+08:00"}});
    let dead = json!({"holder": "hall", "since": since, "to": {"system": "s", "name": null},
        "delivery": {"state": "dead", "attempt": 9, "next_at": null}});
    let nobody = json!({"holder": "nobody", "since": since});
    let of = |parts: Parts| CasePage::sample(language, parts);
    let entries = |events: &[StoredEvent]| timeline::entries(events, language);
    vec![
        (
            "submitted",
            of(Parts {
                holder: holder(&hall, language),
                timeline: entries(few),
                ..Parts::default()
            }),
        ),
        (
            "everything",
            of(Parts {
                holder: holder(&system, language),
                timeline: entries(&every),
                clocks: clocks(language),
                others: true,
                documents: true,
                certificate: true,
                ..Parts::default()
            }),
        ),
        (
            "hindered",
            of(Parts {
                holder: holder(&hindered, language),
                timeline: entries(few),
                ..Parts::default()
            }),
        ),
        (
            "dead",
            of(Parts {
                holder: holder(&dead, language),
                timeline: entries(few),
                ..Parts::default()
            }),
        ),
        (
            "correction",
            of(Parts {
                holder: holder(&system, language),
                timeline: entries(few),
                wanted: true,
                ..Parts::default()
            }),
        ),
        (
            "correction-wrong",
            of(Parts {
                holder: holder(&system, language),
                timeline: entries(few),
                wanted: true,
                faults: vec![Fault {
                    field: "text".to_owned(),
                    words: "<script>".to_owned(),
                }],
                ..Parts::default()
            }),
        ),
        (
            "answered",
            of(Parts {
                holder: holder(&system, language),
                timeline: entries(few),
                answered: true,
                ..Parts::default()
            }),
        ),
        (
            "closed",
            of(Parts {
                holder: holder(&nobody, language),
                timeline: entries(&every),
                rate: true,
                ..Parts::default()
            }),
        ),
        (
            "evaluated",
            of(Parts {
                holder: holder(&nobody, language),
                timeline: entries(few),
                evaluated: true,
                ..Parts::default()
            }),
        ),
    ]
}
