//! What `/ops/v1` says when it refuses. The key is the stable `code` of the problem.

use crate::text::Text;

macro_rules! texts {
    ($($(#[$doc:meta])* $name:ident $key:literal $zh:literal $en:literal;)*) => {
        $($(#[$doc])* pub const $name: Text = Text { key: $key, zh: $zh, en: $en };)*
        /// Every text of the room, for the test that none is empty or doubled.
        pub const ALL: &[Text] = &[$($name),*];
    };
}

texts! {
    /// 422: query or body is not what the address takes.
    UNFIT_REQUEST "unfit_request" "请求参数不正确" "The request is not what this address takes";
    /// 422: a bulk change without any criterion.
    FILTER_EMPTY "filter_empty" "请至少给出一个条件：ids、system、case、code、item、from、before 或 state" "Name at least one criterion: ids, system, case, code, item, from, before or state";
    /// 422: no or too short a reason.
    REASON_REQUIRED "reason_required" "请说明理由（至多500字）" "State the reason (at most 500 characters)";
    /// 422.
    STATE_NOT_APPLICABLE "state_not_applicable" "此操作不适用于该状态的投递" "This cannot be done to deliveries in that state";
    /// 404.
    UNKNOWN_DELIVERY "unknown_delivery" "没有此投递" "There is no such delivery";
    /// 422: a change of a set that is not named by ids.
    NEEDS_JOB "needs_job" "此接口只处理以 ids 指明的投递；批量操作请先预览（/ops/v1/jobs/preview）再启动作业" "This address changes deliveries named by ids; for more, look first (/ops/v1/jobs/preview) and begin a job";
    /// 409: no such token, or it is too old.
    PREVIEW_UNKNOWN "preview_unknown" "没有此预览，或已过期，请重新预览" "There is no such preview, or it is too old: look again";
    /// 409: what was looked at is not so any more.
    PREVIEW_OUTDATED "preview_outdated" "预览之后已有投递发生变化，未作任何更改，请重新预览" "Nothing was begun: deliveries have changed since the preview, look again";
    /// 409.
    JOB_OVERLAPS "job_overlaps" "部分投递已在另一个作业中，未作任何更改" "Nothing was changed: some of the deliveries are in another job";
    /// 409.
    JOBS_TOO_MANY "jobs_too_many" "进行中的作业过多，请等待其结束" "Too many jobs are open, wait for one to end";
    /// 422.
    JOB_EMPTY "job_empty" "没有符合条件的投递" "No delivery fits the preview";
    /// 404.
    UNKNOWN_JOB "unknown_job" "没有此作业" "There is no such job";
    /// 409.
    JOB_NOT_STOPPED "job_not_stopped" "只有已停止的作业才能继续" "Only a job that has stopped can go on";
    /// 404.
    UNKNOWN_KEY "unknown_key" "没有此密钥" "There is no such key";
    /// 409: a rotation of what was rotated before.
    KEY_REPLACED "key_replaced" "此密钥已被替换，请轮换最新的一个" "The key has been replaced: rotate the newest one";
    /// 409: a rotation of a key that has ended.
    KEY_ENDED "key_ended" "此密钥已失效，请另建新密钥" "The key has ended: make a new one";
    /// 409.
    KEYS_TOO_MANY "keys_too_many" "密钥数量已达上限" "There are as many keys as there may be";
    /// 422: settings or what is registered cannot be used.
    NOT_RELOADED "not_reloaded" "有错误，未作任何更改" "Nothing was changed: what was read anew has faults";
    /// 503.
    UNAVAILABLE "unavailable" "存储暂不可用，请稍后再试" "The store is not available now, try again later";
}

#[cfg(test)]
mod tests {
    use super::ALL;
    use std::collections::BTreeSet;

    #[test]
    fn no_text_is_empty_and_no_code_is_used_twice() {
        let mut keys = BTreeSet::new();
        for text in ALL {
            assert!(!text.zh.is_empty() && !text.en.is_empty(), "{}", text.key);
            assert!(keys.insert(text.key), "{} twice", text.key);
        }
    }
}
