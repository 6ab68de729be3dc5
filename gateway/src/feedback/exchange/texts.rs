//! What the exchange room says to partners. The key is the stable `code` of the problem.

use crate::text::Text;

macro_rules! texts {
    ($($(#[$doc:meta])* $name:ident $key:literal $zh:literal $en:literal;)*) => {
        $($(#[$doc])* pub const $name: Text = Text { key: $key, zh: $zh, en: $en };)*
        /// Every text of the room, for the test that none is empty or doubled.
        pub const ALL: &[Text] = &[$($name),*];
    };
}

texts! {
    /// 401: absent, malformed or wrong.
    UNAUTHENTICATED "unauthenticated" "系统凭证缺失或无效" "The credential of the system is missing or wrong";
    /// 401: outside the window.
    STALE_TIMESTAMP "stale_timestamp" "签名时间超出允许范围，请校准时钟" "The time of the signature is outside the window, set your clock";
    /// 401: seen before.
    NONCE_REUSED "nonce_reused" "随机数已使用过，请重新签名" "The nonce was used before, sign the call anew";
    /// 503: so many nonces within one window that no further one can be remembered.
    NONCES_FULL "nonces_full" "短时间内签名调用过多，请稍后再试" "Too many signed calls within the window, try again later";
    /// 415.
    UNSUPPORTED_CONTENT_TYPE "unsupported_content_type" "内容类型不符" "The content type is not the agreed one";
    /// 400.
    MALFORMED_JSON "malformed_json" "不是规范的 JSON" "Not well-formed JSON";
    /// 422 with every fault.
    NOT_CANONICAL "not_canonical" "反馈不符合规范格式" "The events are not in the canonical form";
    /// 409.
    CONFLICT "conflict" "同一事件已以不同内容报送过" "The same event was reported before with another content";
    /// 422; the code is that of the rule.
    EVENT_REJECTED "rejected" "该事件不被接受" "The event is not accepted";
    /// 503.
    UNAVAILABLE "unavailable" "暂时无法保存，请稍后重发" "It cannot be stored now, send it again later";
    /// 404, whether it exists elsewhere or not.
    UNKNOWN_CASE "unknown_case" "没有这个编号的办件，或者它不归本系统办理" "There is no case under this number, or this system does not have it";
    /// 404.
    UNKNOWN_MATERIAL "unknown_material" "没有此材料，或者它不归本系统" "There is no such material, or it is not for this system";
    /// 409: scan pending or infected.
    MATERIAL_HELD_BACK "material_held_back" "材料尚未通过安全检查" "The material has not passed the scan";
    /// 422 with every fault.
    DOCUMENT_HEADERS "document_headers" "文书的请求头不完整或不正确" "Headers of the document are missing or wrong";
    /// 400.
    BROKEN_OFF "broken_off" "上传中断" "The upload broke off";
    /// 400.
    DIGEST_MISMATCH "digest_mismatch" "内容与所声明的摘要不符，请重新上传" "The content is not what the declared digest says, send it again";
    /// 404.
    NO_WSDL "no_wsdl" "此系统的回调没有 WSDL" "The callback of this system has no WSDL";
    /// 400.
    BAD_HOST "bad_host" "Host 请求头不正确" "The Host header is missing or malformed";
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
