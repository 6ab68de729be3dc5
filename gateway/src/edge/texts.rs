//! What the edge and the pass-through say to people. The key is the stable `code` of the problem.

use crate::text::Text;

macro_rules! texts {
    ($($(#[$doc:meta])* $name:ident $key:literal $zh:literal $en:literal;)*) => {
        $($(#[$doc])* pub const $name: Text = Text { key: $key, zh: $zh, en: $en };)*
        /// Every text of the edge, for the test that none is empty or doubled.
        pub const ALL: &[Text] = &[$($name),*];
    };
}

texts! {
    /// 404 of the router.
    NOT_FOUND "not_found" "没有此地址" "No such address";
    /// 405; `Allow` names the methods.
    METHOD_NOT_ALLOWED "method_not_allowed" "此地址不支持该请求方法" "The address does not support this method";
    /// 401 without a credential.
    CREDENTIAL_MISSING "credential_missing" "请先登录或出示凭证" "A credential is required";
    /// 401 with a bad one.
    CREDENTIAL_REFUSED "credential_refused" "凭证无效或已过期" "The credential is not valid or has expired";
    /// 401 with a key of ours that is not as it was shown.
    KEY_MISTYPED "key_mistyped" "密钥书写有误，请完整复制后再试" "The key is not as it was shown: copy all of it";
    /// 403.
    ROLE_MISSING "role_missing" "您无权进行此操作" "You are not allowed to do this";
    /// 413.
    BODY_TOO_LARGE "body_too_large" "提交的内容超过大小限制" "The body is larger than allowed";
    /// 408.
    BODY_TOO_SLOW "body_too_slow" "上传中断：等待内容超时" "The body did not arrive in time";
    /// 400, framing or a body cut off.
    MALFORMED_REQUEST "malformed_request" "请求格式不正确" "The request is malformed";
    /// 429.
    RATE_LIMITED "rate_limited" "请求过于频繁，请稍后再试" "Too many requests, try again later";
    /// 503 of the cap on requests in flight or of the full queue to the rooms.
    OVERLOADED "overloaded" "系统繁忙，请稍后再试" "The service is busy, try again later";
    /// 503 when a room gave no answer in time.
    NO_ANSWER "no_answer" "系统未能及时处理，请稍后再试" "The service did not answer in time, try again later";
    /// 503 while draining.
    STOPPING "stopping" "系统正在停止服务，请稍后再试" "The service is stopping, try again later";
    /// 500.
    INTERNAL "internal" "系统内部错误" "Internal error";
    /// 501: CONNECT and Upgrade.
    UPGRADE_REFUSED "upgrade_refused" "不支持协议升级或隧道" "Upgrades and tunnels are not supported";
    /// 404 of the pass-through.
    UNKNOWN_SYSTEM "unknown_system" "没有此系统" "No such system";
    /// 502: no connection.
    UPSTREAM_UNREACHABLE "upstream_unreachable" "无法连接部门系统" "The department's system cannot be reached";
    /// 502: connection lost or unreadable answer.
    UPSTREAM_BROKEN "upstream_broken" "部门系统应答中断或无法识别" "The department's system broke off or gave an unreadable answer";
    /// 504.
    UPSTREAM_TIMEOUT "upstream_timeout" "部门系统未及时应答" "The department's system did not answer in time";
    /// 503: breaker open.
    UPSTREAM_RESTING "upstream_resting" "部门系统暂不可用，请稍后再试" "The department's system is unavailable for the moment";
    /// 503: its concurrency or its queue is full.
    UPSTREAM_BUSY "upstream_busy" "部门系统繁忙，请稍后再试" "The department's system is busy, try again later";
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
