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
    FILTER_EMPTY "filter_empty" "请至少给出一个条件：ids、system、case、code 或 state" "Name at least one criterion: ids, system, case, code or state";
    /// 422: no or too short a reason.
    REASON_REQUIRED "reason_required" "请说明理由（至多500字）" "State the reason (at most 500 characters)";
    /// 422.
    STATE_NOT_APPLICABLE "state_not_applicable" "此操作不适用于该状态的投递" "This cannot be done to deliveries in that state";
    /// 404.
    UNKNOWN_DELIVERY "unknown_delivery" "没有此投递" "There is no such delivery";
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
