//! What the life cycle says to people, by key.

use crate::text::Text;

pub(super) const DUPLICATE_EVENT: Text = Text {
    key: "processing.rejection.duplicate_event",
    zh: "该事件与已处理的第 {of} 号事件标识相同。",
    en: "The event has the identity of event {of}, which was applied before.",
};
pub(super) const SUPERSEDED_VERSION: Text = Text {
    key: "processing.rejection.superseded_version",
    zh: "第 {of} 号事件已以更高的数据版本号（SJBBH）报送同一内容，本次报送不再处理。",
    en: "Event {of} already reports the same with a higher data version (SJBBH); this one changes nothing.",
};
pub(super) const RE_VERSION: Text = Text {
    key: "processing.rejection.re_version",
    zh: "该事件将取代第 {of} 号事件，办件须按其事件重新推演。",
    en: "The event takes the place of event {of}; the case has to be replayed.",
};
pub(super) const MISSING_PREDECESSOR: Text = Text {
    key: "processing.rejection.missing_predecessor",
    zh: "事件 {event} 的前序事件（{unblocked_by} 之一）尚未收到，办件当前状态为 {state}，暂存等待。",
    en: "{event} needs one of {unblocked_by} first, and the case is {state}; it is held until then.",
};
pub(super) const UNKNOWN_CASE: Text = Text {
    key: "processing.rejection.unknown_case",
    zh: "没有事件 {event} 所指的办件，请核对办件编号。",
    en: "There is no case for {event}; check the case number.",
};
pub(super) const REASON_REQUIRED: Text = Text {
    key: "processing.rejection.reason_required",
    zh: "事件 {event} 必须说明理由，请补充后重新报送。",
    en: "{event} needs a reason; report it again with one.",
};
pub(super) const OCCURRED_BEFORE_STATE: Text = Text {
    key: "processing.rejection.occurred_before_state",
    zh: "事件 {event} 的发生时间 {occurred_at} 早于当前状态的开始时间 {bound}，超出允许的时钟偏差。",
    en: "{event} is dated {occurred_at}, before the present state began at {bound}, by more than the allowed skew.",
};
pub(super) const OCCURRED_IN_FUTURE: Text = Text {
    key: "processing.rejection.occurred_in_future",
    zh: "事件 {event} 的发生时间 {occurred_at} 晚于接收时间 {bound}，超出允许的时钟偏差，请校准时钟。",
    en: "{event} is dated {occurred_at}, after its receipt at {bound}, by more than the allowed skew; check the clock.",
};
pub(super) const SECOND_SUSPENSION: Text = Text {
    key: "processing.rejection.second_suspension",
    zh: "办件已有一个未结束的补正或特别程序，事件 {event} 不能再开始一个。",
    en: "A correction or special procedure is already open; {event} cannot open another.",
};
pub(super) const WRONG_SUSPENSION: Text = Text {
    key: "processing.rejection.wrong_suspension",
    zh: "事件 {event} 的序号（XH）或种类与未结束的补正或特别程序不符。",
    en: "The serial (XH) or kind of {event} does not match the open correction or special procedure.",
};
pub(super) const TOO_MANY_EVENTS: Text = Text {
    key: "processing.rejection.too_many_events",
    zh: "办件的事件数已达上限，请人工核查该办件。",
    en: "The case holds as many events as it may; a person must look at it.",
};
pub(super) const UNCOMPUTABLE_CLOCK: Text = Text {
    key: "processing.rejection.uncomputable_clock",
    zh: "事件 {event} 的时限无法计算，请核对其时间和期限。",
    en: "The clocks cannot be computed for {event}; check its time and its limit.",
};
pub(super) const COMPLETION_FROM_SPECIAL_PROCEDURE: Text = Text {
    key: "processing.rejection.completion_from_special_procedure",
    zh: "办件处于特别程序，须先报送特别程序结果，不能办结。",
    en: "The case is in a special procedure; its result has to be reported before completion.",
};
pub(super) const COMPLETION_FROM_CORRECTION: Text = Text {
    key: "processing.rejection.completion_from_correction",
    zh: "办件处于补正，只能以“补正不来”办结，或先报送补正受理。",
    en: "The case waits for corrections; it can only lapse, or the corrections have to be confirmed first.",
};
pub(super) const EXTENSION_AFTER_SPECIAL: Text = Text {
    key: "processing.rejection.extension_after_special",
    zh: "办件已申请过其他特别程序（B），不能再申请延长审批（A）。",
    en: "After another special procedure (type B) the case cannot be extended (type A).",
};
pub(super) const AFTER_THE_END: Text = Text {
    key: "processing.rejection.after_the_end",
    zh: "办件已结束（{state}），除领取、评价和更正报送外不再接受事件 {event}。",
    en: "The case has ended ({state}); nothing but collection, evaluation and corrected reports may follow, not {event}.",
};
pub(super) const SECOND_NOTICE_BEFORE_ACCEPTANCE: Text = Text {
    key: "processing.rejection.second_notice_before_acceptance",
    zh: "受理前的补正应当一次告知，再次告知须声明特殊情形（override）。",
    en: "Corrections before acceptance are told once; a second notice needs the override flag.",
};
pub(super) const ALREADY_ACCEPTED: Text = Text {
    key: "processing.rejection.already_accepted",
    zh: "办件已受理，不能再次受理或不予受理。",
    en: "The case is already accepted; it cannot be accepted or refused again.",
};
pub(super) const NOTHING_TO_COLLECT: Text = Text {
    key: "processing.rejection.nothing_to_collect",
    zh: "该办件的结果没有可领取的证照或文书。",
    en: "The decision of the case gives nothing to collect.",
};
pub(super) const WITHDRAWAL_ALREADY_REQUESTED: Text = Text {
    key: "processing.rejection.withdrawal_already_requested",
    zh: "已申请撤回，请等待确认。",
    en: "A withdrawal is already requested; wait for its confirmation.",
};
pub(super) const WITHDRAWAL_AFTER_HAND_OVER: Text = Text {
    key: "processing.rejection.withdrawal_after_hand_over",
    zh: "办件已移交办理部门，撤回须由该部门确认。",
    en: "The case is with the department; only the department can confirm the withdrawal.",
};
pub(super) const ALREADY_EVALUATED: Text = Text {
    key: "processing.rejection.already_evaluated",
    zh: "该办件已评价，每件只评价一次。",
    en: "The case is already evaluated; each case is evaluated once.",
};
pub(super) const LEVEL_OUT_OF_RANGE: Text = Text {
    key: "processing.rejection.level_out_of_range",
    zh: "满意度应为 1 至 5。",
    en: "The level of an evaluation is 1 to 5.",
};
pub(super) const WRONG_SOURCE: Text = Text {
    key: "processing.rejection.wrong_source",
    zh: "该来源不能报送事件 {event}。",
    en: "This source may not report {event}.",
};
pub(super) const NOT_DEEMED: Text = Text {
    key: "processing.rejection.not_deemed",
    zh: "受理期限未届满，或该事项不适用逾期视为受理。",
    en: "The acceptance clock has not expired, or the item is not deemed accepted by silence.",
};
pub(super) const NOT_LAPSED: Text = Text {
    key: "processing.rejection.not_lapsed",
    zh: "补正期限未届满，或没有规定逾期不补正即办结。",
    en: "The time for corrections has not run out, or no rule lets the case lapse.",
};
pub(super) const ALREADY_BEGUN: Text = Text {
    key: "processing.rejection.already_begun",
    zh: "该办件已申办，不能再次申办。",
    en: "The case has begun already.",
};
pub(super) const NO_SUCH_TRANSITION: Text = Text {
    key: "processing.rejection.no_such_transition",
    zh: "办件当前状态为 {state}，不接受事件 {event}。",
    en: "The case is {state}, and {event} does not apply to it.",
};
pub(super) const WARN_EXTENSION_AFTER_SPECIAL: Text = Text {
    key: "processing.warning.extension_after_special",
    zh: "其他特别程序（B）之后又申请了延长审批（A），请核查。",
    en: "An extension (type A) after another special procedure (type B): have it checked.",
};
pub(super) const WARN_EXTENSION_TOO_LONG: Text = Text {
    key: "processing.warning.extension_too_long",
    zh: "延长审批超过法定的最长延长期限，请核查。",
    en: "The extension is longer than the law allows: have it checked.",
};
pub(super) const WARN_REFUSED_WITHOUT_REASON: Text = Text {
    key: "processing.warning.refused_without_reason",
    zh: "不予受理未说明理由，请督促补报。",
    en: "Refused without a reason: ask the department for it.",
};
pub(super) const WARN_ACCEPTED_AFTER_DEEMED: Text = Text {
    key: "processing.warning.accepted_after_deemed",
    zh: "逾期视为受理之后才报送受理，时限仍自收到材料之日起算。",
    en: "Accepted after the case was deemed accepted; the clocks keep the day of receipt.",
};
pub(super) const WARN_SPECIAL_NOT_PASSED: Text = Text {
    key: "processing.warning.special_not_passed",
    zh: "特别程序结果为不通过，其时间仍不计入办理时限。",
    en: "The special procedure did not pass; its time still does not count.",
};
pub(super) const WARN_DECIDED_DESPITE_WITHDRAWAL: Text = Text {
    key: "processing.warning.decided_despite_withdrawal",
    zh: "申请人已申请撤回，办理部门仍先作出决定，以决定为准。",
    en: "The department decided before it recorded the requested withdrawal; the decision stands.",
};

/// Every text of this room, for the checks.
#[cfg(test)]
pub(super) const ALL: &[Text] = &[
    DUPLICATE_EVENT,
    SUPERSEDED_VERSION,
    RE_VERSION,
    MISSING_PREDECESSOR,
    UNKNOWN_CASE,
    REASON_REQUIRED,
    OCCURRED_BEFORE_STATE,
    OCCURRED_IN_FUTURE,
    SECOND_SUSPENSION,
    WRONG_SUSPENSION,
    TOO_MANY_EVENTS,
    UNCOMPUTABLE_CLOCK,
    COMPLETION_FROM_SPECIAL_PROCEDURE,
    COMPLETION_FROM_CORRECTION,
    EXTENSION_AFTER_SPECIAL,
    AFTER_THE_END,
    SECOND_NOTICE_BEFORE_ACCEPTANCE,
    ALREADY_ACCEPTED,
    NOTHING_TO_COLLECT,
    WITHDRAWAL_ALREADY_REQUESTED,
    WITHDRAWAL_AFTER_HAND_OVER,
    ALREADY_EVALUATED,
    LEVEL_OUT_OF_RANGE,
    WRONG_SOURCE,
    NOT_DEEMED,
    NOT_LAPSED,
    ALREADY_BEGUN,
    NO_SUCH_TRANSITION,
    WARN_EXTENSION_AFTER_SPECIAL,
    WARN_EXTENSION_TOO_LONG,
    WARN_REFUSED_WITHOUT_REASON,
    WARN_ACCEPTED_AFTER_DEEMED,
    WARN_SPECIAL_NOT_PASSED,
    WARN_DECIDED_DESPITE_WITHDRAWAL,
];

#[cfg(test)]
mod tests {
    use super::ALL;
    use std::collections::BTreeSet;

    #[test]
    fn every_text_speaks_both_languages_and_has_its_own_key() {
        let keys: BTreeSet<_> = ALL.iter().map(|t| t.key).collect();
        assert_eq!(keys.len(), ALL.len());
        for text in ALL {
            assert!(!text.zh.is_ascii() && text.en.is_ascii(), "{}", text.key);
            for place in [
                "event",
                "state",
                "of",
                "unblocked_by",
                "occurred_at",
                "bound",
            ] {
                let place = format!("{{{place}}}");
                assert_eq!(
                    text.zh.contains(&place),
                    text.en.contains(&place),
                    "{}",
                    text.key
                );
            }
        }
    }
}
