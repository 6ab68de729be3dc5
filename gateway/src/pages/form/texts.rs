//! What the form says by itself; the item's own words come from its schema.

use crate::text::{Language, Text};
use tongban_catalog::Bilingual;

macro_rules! texts {
    ($($(#[$doc:meta])* $name:ident $key:literal $zh:literal $en:literal;)*) => {
        $($(#[$doc])* pub const $name: Text = Text { key: $key, zh: $zh, en: $en };)*
        /// Every text of the form, for the test that none is empty or doubled.
        pub const ALL: &[Text] = &[$($name),*];
    };
}

texts! {
    /// A truth value.
    YES "form.yes" "是" "Yes";
    /// A truth value.
    NO "form.no" "否" "No";
    /// Of a field that need not be filled in.
    OPTIONAL "form.optional" "选填" "optional";
    /// Hint of a day.
    DAY_HINT "form.hint.day" "例如 2017-06-05 或 2017年6月5日" "For example 2017-06-05";
    /// Hint of a moment.
    INSTANT_HINT "form.hint.instant" "例如 2017-06-05 09:30" "For example 2017-06-05 09:30";
    /// Hint of a time of day.
    TIME_HINT "form.hint.time" "例如 09:30" "For example 09:30";
    /// Hint of a number.
    FROM_TO "form.hint.from_to" "{low} 至 {high}" "From {low} to {high}";
    /// Hint of a number.
    FROM "form.hint.from" "不小于 {low}" "At least {low}";
    /// Hint of a number.
    ABOVE "form.hint.above" "大于 {low}" "More than {low}";
    /// Hint of a number.
    UP_TO "form.hint.up_to" "不大于 {high}" "At most {high}";
    /// Hint of a number.
    BELOW "form.hint.below" "小于 {high}" "Less than {high}";
    /// Hint of a whole number.
    WHOLE "form.hint.whole" "填整数" "A whole number";
    /// Hint of a list of choices.
    AT_LEAST "form.hint.at_least" "至少选 {n} 项" "Choose at least {n}";
    /// Hint of a list of choices.
    ANY "form.hint.any" "可选多项" "Choose all that apply";
    /// Hint of rows.
    ROWS_AT_LEAST "form.hint.rows_at_least" "至少填 {n} 行，空行不计" "Fill in at least {n} rows; empty rows do not count";
    /// Hint of rows.
    ROWS_ANY "form.hint.rows_any" "空行不计" "Empty rows do not count";
    /// Heading of a row.
    ROW "form.row" "第 {n} 行" "Row {n}";
    /// Button that adds a row.
    ADD_ROW "form.add_row" "增加一行" "Add a row";
    /// Before an example.
    EXAMPLE "form.hint.example" "例如 {example}" "For example {example}";
    /// Hint of a text with a bound.
    UP_TO_CHARACTERS "form.hint.characters" "至多 {n} 个字" "At most {n} characters";
    /// First entry of a list to choose from.
    CHOOSE "form.choose" "请选择" "Choose one";
    /// A choice that is not offered.
    NOT_OFFERED "form.not_offered" "（不在可选范围内）" "(not offered)";
    /// When a field is needed.
    NEEDED_WHEN "form.needed_when" "{conditions}时必填" "Required when {conditions}";
    /// When a field is needed, but the rule is too involved for words.
    NEEDED_SOMETIMES "form.needed_sometimes" "视其他各项而定，可能必填" "May be required, depending on your other answers";
    /// When a field is asked for.
    ASKED_WHEN "form.asked_when" "仅在{conditions}时填写" "Only when {conditions}";
    /// A comparison.
    IS "form.is" "“{label}”为{values}" "“{label}” is {values}";
    /// A comparison.
    IS_NOT "form.is_not" "“{label}”不为{values}" "“{label}” is not {values}";
    /// A comparison.
    IS_FILLED "form.is_filled" "填写了“{label}”" "“{label}” is filled in";
    /// A comparison.
    IS_NOT_FILLED "form.is_not_filled" "没有填写“{label}”" "“{label}” is not filled in";
    /// Between conditions that must hold together.
    AND "form.and" "且" " and ";
    /// Between conditions of which one must hold.
    OR "form.or" "或" " or ";
    /// A value in quotation marks.
    QUOTED "form.quoted" "“{value}”" "“{value}”";

    /// Heading of the applicant's part.
    APPLICANT_TYPE "form.applicant.type" "申请人类型" "You apply as";
    /// A kind of applicant.
    PERSON "form.applicant.person" "个人" "A person";
    /// A kind of applicant.
    ENTERPRISE "form.applicant.enterprise" "企业" "A company";
    /// A kind of applicant.
    OTHER "form.applicant.other" "其他组织（机关、事业单位、社会组织）" "Another organisation";
    /// Name.
    NAME "form.applicant.name" "姓名或单位名称" "Name";
    /// Hint of the name.
    NAME_HINT "form.applicant.name_hint" "与证件上一致，少数民族姓名请写间隔号“·”" "Exactly as on your document";
    /// Type of the identity document.
    ID_TYPE "form.applicant.id_type" "证件类型" "Document";
    /// A document.
    RESIDENT_ID "form.applicant.resident_id" "居民身份证" "Resident identity card";
    /// A document.
    PASSPORT "form.applicant.passport" "护照" "Passport";
    /// A document.
    UNIFIED_CODE "form.applicant.unified_code" "统一社会信用代码" "Unified social credit code";
    /// A document.
    ORGANISATION_CODE "form.applicant.organisation_code" "组织机构代码" "Organisation code";
    /// Number of the document.
    ID_NUMBER "form.applicant.id_number" "证件号码" "Number of the document";
    /// Hint of the number.
    ID_NUMBER_HINT "form.applicant.id_number_hint" "身份证为18位，末位可能是X" "An identity card has 18 characters; the last may be X";
    /// Telephone.
    PHONE "form.applicant.phone" "联系电话" "Telephone";
    /// Hint of the telephone.
    PHONE_HINT "form.applicant.phone_hint" "11位手机号，或带区号的固定电话；办理中会用它联系您" "A mobile number of 11 digits, or a landline with its area code; we use it when there is a question";
    /// Person to talk to.
    CONTACT "form.applicant.contact" "联系人" "Contact person";
    /// Hint of the contact.
    CONTACT_HINT "form.applicant.contact_hint" "单位申请请填经办人姓名" "For organisations: who handles the application";
    /// E-mail.
    EMAIL "form.applicant.email" "电子邮箱" "E-mail";

    /// A fault of a number.
    NOT_A_NUMBER "form.fault.number" "请填数字，例如 1200 或 1200.5" "Write a number, for example 1200 or 1200.5";
    /// A fault of a whole number.
    NOT_A_WHOLE_NUMBER "form.fault.whole" "请填整数，例如 12" "Write a whole number, for example 12";
    /// A fault of a day.
    NOT_A_DAY "form.fault.day" "没有这个日期，请照 2017-06-05 的样子填写" "There is no such day; write it like 2017-06-05";
    /// A fault of a moment.
    NOT_AN_INSTANT "form.fault.instant" "请照 2017-06-05 09:30 的样子填写" "Write it like 2017-06-05 09:30";
    /// A fault of a time.
    NOT_A_TIME "form.fault.time" "请照 09:30 的样子填写" "Write it like 09:30";
    /// A fault of an address.
    NOT_AN_EMAIL "form.fault.email" "电子邮箱应像 name@example.com" "An e-mail address looks like name@example.com";
    /// A fault of a choice.
    NOTHING_CHOSEN "form.fault.choose" "请选择一项" "Choose one";
    /// A fault of a list of choices.
    NONE_CHOSEN "form.fault.choose_any" "请至少选择一项" "Choose at least one";
    /// A fault of a consent.
    NOT_AGREED "form.fault.agree" "请勾选确认" "Tick the box to agree";
    /// A fault of a document's number: its check character does not fit.
    WRONG_NUMBER "form.fault.number_check" "证件号码不正确，请对照证件逐位核对" "This number cannot be right; compare it with your document, character by character";
    /// A fault of a document's number.
    NUMBER_FORM "form.fault.number_form" "证件号码的位数或字符不对，请核对证件类型和号码" "The number does not have the form of this document; check the kind of document and the number";
    /// A fault of a document's number.
    BIRTH_DATE "form.fault.birth_date" "身份证号码中的出生日期不对，请核对第7至14位" "The date of birth within the number is wrong; check characters 7 to 14";
    /// A fault of anything else that was left empty.
    LEFT_EMPTY "form.fault.empty" "请填写此项" "Fill this in";
}

/// A text in both languages, filled in.
#[must_use]
pub fn both(text: Text, values: &[(&str, &str)]) -> Bilingual {
    Bilingual::new(
        text.fill(Language::Chinese, values),
        text.fill(Language::English, values),
    )
}

/// The wording of a bilingual text.
#[must_use]
pub fn say(text: &Bilingual, language: Language) -> &str {
    match language {
        Language::Chinese => &text.zh,
        Language::English => &text.en,
    }
}
