//! What the public interface says to people. The key is the stable `code` of the problem.

use crate::text::Text;

macro_rules! texts {
    ($($(#[$doc:meta])* $name:ident $key:literal $zh:literal $en:literal;)*) => {
        $($(#[$doc])* pub const $name: Text = Text { key: $key, zh: $zh, en: $en };)*
        /// Every text of the room, for the test that none is empty or doubled.
        pub const ALL: &[Text] = &[$($name),*];
    };
}

texts! {
    /// 404 of everything about an application, whether it exists or not.
    UNKNOWN_APPLICATION "unknown_application" "没有此办件，或您无权查看" "No such application, or it is not yours to see";
    /// 404 of an item.
    UNKNOWN_ITEM "unknown_item" "没有此事项" "No such service item";
    /// 404 of a form.
    NO_FORM "no_form" "此事项没有表单" "The item has no form";
    /// 404 of a subscription.
    UNKNOWN_SUBSCRIPTION "unknown_subscription" "没有此订阅" "No such subscription";
    /// 404 while the hall sends no webhooks.
    NO_SUBSCRIPTIONS "no_subscriptions" "本大厅未开通事件订阅" "This hall offers no subscriptions";
    /// 409 of a subscription beyond the most.
    SUBSCRIPTIONS_FULL "subscriptions_full" "订阅数量已达上限" "No more subscriptions can be made";
    /// 404 of a material.
    UNKNOWN_MATERIAL "unknown_material" "没有此上传文件" "No such upload";
    /// 404 of a document.
    UNKNOWN_DOCUMENT "unknown_document" "没有此结果文书" "No such document";
    /// 409: not scanned yet, or infected.
    DOCUMENT_NOT_RELEASED "document_not_released" "文书尚未通过安全检查，暂不能下载" "The document has not passed the virus scan yet";
    /// 422 with every fault.
    INVALID_INPUT "invalid_input" "提交内容有误，请按所列各项改正" "The input is wrong; correct every point listed";
    /// 400.
    MALFORMED_JSON "malformed_json" "提交的内容不是有效的JSON" "The body is not valid JSON";
    /// 400.
    DUPLICATE_NAME "duplicate_name" "同一对象中字段名重复" "A name stands twice in one object";
    /// 400.
    NESTED_TOO_DEEPLY "nested_too_deeply" "JSON嵌套层数过多" "The JSON is nested too deeply";
    /// 400.
    NOT_UTF8 "not_utf8" "提交的内容不是UTF-8编码" "The body is not UTF-8";
    /// 400: the body broke off.
    BODY_INTERRUPTED "body_interrupted" "上传中断，请重试" "The body broke off; try again";
    /// 400 of a header.
    BAD_HEADER "bad_header" "请求头不正确" "A header is wrong";
    /// 400 of a query string.
    BAD_QUERY "bad_query" "查询参数不正确" "A query parameter is wrong";
    /// 413.
    BODY_TOO_LARGE "body_too_large" "提交的内容超过大小限制" "The body is larger than allowed";
    /// 415 of a JSON call.
    JSON_EXPECTED "json_expected" "请以application/json提交" "Send application/json";
    /// 415 of an upload.
    MEDIA_TYPE_NOT_ALLOWED "media_type_not_allowed" "不支持此文件类型" "Files of this type are not taken";
    /// 429 of uploads.
    UPLOAD_CAP "upload_cap" "未提交的上传文件过多，请先提交申请或稍后再试" "Too many uploads without an application; submit it first or try later";
    /// 429 of session.
    TOO_MANY_TRIES "too_many_tries" "尝试次数过多，请稍后再试" "Too many tries; try again later";
    /// 404 of session: number or code is wrong.
    WRONG_NUMBER_OR_CODE "wrong_number_or_code" "办件编号或查询码不正确" "The number or the query code is wrong";
    /// 409 of an idempotency key.
    KEY_REUSED "idempotency_key_reused" "该幂等键已用于其他内容" "The idempotency key was used with another body";
    /// 409 of an idempotency key, with `Retry-After`.
    IN_PROGRESS "in_progress" "相同请求正在处理，请稍后重试" "The same request is being worked on; try again shortly";
    /// 409: what was asked does not fit the case's state.
    NOT_NOW "not_possible_now" "办件当前状态不允许此操作" "The state of the case does not allow this";
    /// 409: the partner does not take it online.
    NOT_ONLINE "not_offered_online" "承办系统不支持网上提交此项，请到窗口办理" "The department's system does not take this online; please go to its window";
    /// 503: no serial left.
    NUMBERS_EXHAUSTED "numbers_exhausted" "此事项今日编号已用完，请明日再试" "No number is left for this item today; try again tomorrow";
    /// 503 of a full or unavailable store.
    TRY_LATER "try_later" "系统繁忙，请稍后再试" "The service is busy; try again later";
    /// 503 of event streams.
    TOO_MANY_STREAMS "too_many_streams" "实时连接过多，请稍后再试" "Too many live connections; try again later";
    /// 404 of another system's resources.
    NOT_YOUR_SYSTEM "not_your_system" "没有此系统，或与凭证不符" "No such system, or not the one of your credential";
    /// 429 of uploads: too many of one client at once.
    UPLOADS_AT_ONCE "uploads_at_once" "同时上传的文件过多，请待前面的文件传完" "Too many uploads at once; wait until the others are done";
    /// 422 of an upload: its bytes are not what was declared.
    CONTENT_DIFFERS_FROM_TYPE "content_differs_from_type" "文件内容与所声明的类型不符" "The bytes of the file are not of its declared type";
    /// 412 of tus: another version, or none.
    TUS_VERSION "tus_version" "只支持tus 1.0.0协议，请带Tus-Resumable: 1.0.0" "tus 1.0.0 alone is spoken here: send Tus-Resumable: 1.0.0";
    /// 415 of a part of a resumable upload.
    OFFSET_STREAM_EXPECTED "offset_stream_expected" "请以application/offset+octet-stream提交" "Send application/offset+octet-stream";
    /// 409 of a part: it does not begin where the upload ends.
    WRONG_OFFSET "wrong_offset" "续传位置与已收到的字节数不一致，请先以HEAD查询" "The part does not begin where the upload ends; ask with HEAD";
    /// 423 of a part: another one is being written.
    UPLOAD_LOCKED "upload_locked" "该文件正在由另一请求续传，请稍后再试" "Another request is writing this upload; try again shortly";
    /// 460 of a part.
    CHECKSUM_MISMATCH "checksum_mismatch" "校验和不符，该部分未保存，请重传" "The checksum does not fit; nothing of this part was kept; send it again";
    /// 413 of a part: more bytes than announced.
    BEYOND_LENGTH "beyond_length" "内容超过所声明的文件大小" "More bytes than the upload's announced length";
    /// 422 of a part: the upload came in too many.
    TOO_MANY_PARTS "too_many_parts" "分片过多，请以较大的分片重新上传" "The upload came in too many parts; begin anew with larger ones";
    /// 409 of a termination: it belongs to an application.
    MATERIAL_BOUND "material_bound" "文件已属于某个申请，不能删除" "The upload belongs to an application and stays";
    /// Of a hand-over that waits for the virus scan.
    WAITS_FOR_SCAN "material_pending" "正在对所列文件进行病毒检查，通过后即送达承办单位" "The files listed are being scanned for viruses; the case is handed over as soon as they have passed";
    /// Of a submission that is not handed over.
    INFECTED_SUBMISSION "material_infected" "所列文件未通过病毒检查，申请未送达承办单位。请撤回本申请，更换文件后重新提交" "The files listed did not pass the virus scan, so the application was not handed over. Please withdraw it and submit it again with other files";
    /// Of a supplement that is not handed over.
    INFECTED_SUPPLEMENT "supplement_infected" "所列文件未通过病毒检查，补正未送达承办单位。请更换文件后再次提交补正" "The files listed did not pass the virus scan, so the supplement was not handed over. Please send the supplement again with other files";
    /// 405 of a method override.
    METHOD_NOT_OVERRIDDEN "method_not_overridden" "X-HTTP-Method-Override须为PATCH、DELETE或HEAD" "X-HTTP-Method-Override must be PATCH, DELETE or HEAD";
    /// 503: the store takes no writes, or its disk is short of room.
    INTAKE_STOPPED "intake_stopped" "暂停接收新的申请和材料，请稍后再试；查询不受影响" "Applications and files are not taken at the moment, try again later; looking things up goes on";
    /// 500.
    INTERNAL "internal" "系统内部错误" "Internal error";
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
