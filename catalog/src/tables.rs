//! The code tables of the standard (GB/T 39046-2020, annex A) and of the running systems beside it.
//!
//! Each table knows its codes, its words (how files and JSON write it) and its labels. Digits of other provinces are not
//! here: they differ for the same meaning, so a system definition maps them (total, or an error).

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::language::Language;

mod item_type;
pub use item_type::ItemType;

/// A code that its table does not have.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnknownCode {
    /// The table, in Chinese and English.
    pub table: &'static str,
    /// What was written.
    pub code: String,
}

impl fmt::Display for UnknownCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{}代码表没有“{}” / the table {} has no code `{}`",
            self.table, self.code, self.table, self.code
        )
    }
}

impl std::error::Error for UnknownCode {}

/// A table: `Variant = "code", "word", "中文", "English";`
macro_rules! code_table {
    ($(#[$about:meta])* $name:ident, $table:literal, { $($(#[$doc:meta])* $variant:ident = $code:literal, $word:literal, $zh:literal, $en:literal;)* }) => {
        $(#[$about])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        pub enum $name {
            $($(#[$doc])* #[doc = concat!($zh, ", code `", $code, "`.")] #[serde(rename = $word)] $variant,)*
        }

        impl $name {
            /// All values in the order of the table.
            pub const ALL: &'static [Self] = &[$(Self::$variant),*];

            /// The value of a code of the table.
            ///
            /// # Errors
            /// [`UnknownCode`] with the code quoted.
            pub fn from_code(code: &str) -> Result<Self, UnknownCode> {
                match code {
                    $($code => Ok(Self::$variant),)*
                    _ => Err(UnknownCode { table: $table, code: code.to_owned() }),
                }
            }

            /// The code of the table.
            pub fn code(self) -> &'static str {
                match self { $(Self::$variant => $code),* }
            }

            /// The word that files and JSON use.
            pub fn word(self) -> &'static str {
                match self { $(Self::$variant => $word),* }
            }

            /// The value of a word.
            ///
            /// # Errors
            /// [`UnknownCode`] with the word quoted.
            pub fn from_word(word: &str) -> Result<Self, UnknownCode> {
                match word {
                    $($word => Ok(Self::$variant),)*
                    _ => Err(UnknownCode { table: $table, code: word.to_owned() }),
                }
            }

            /// The name for people.
            pub fn label(self, language: Language) -> &'static str {
                match (self, language) {
                    $((Self::$variant, Language::Chinese) => $zh, (Self::$variant, Language::English) => $en,)*
                }
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(self.word())
            }
        }
    };
}

code_table! {
    /// The level at which an item is exercised (行使层级, table A.2).
    Level, "行使层级", {
        National = "1", "national", "国家级", "national";
        Province = "2", "province", "省级", "province";
        City = "3", "city", "市级", "city";
        County = "4", "county", "县级", "county";
        Town = "5", "town", "镇（乡、街道）级", "town";
        Village = "6", "village", "村（社区）级", "village";
        Graded = "7", "graded", "分级管理", "by grade, at several levels";
    }
}

code_table! {
    /// The nature of the body that handles an item (实施主体性质, table A.3).
    OrganisationNature, "实施主体性质", {
        Statutory = "1", "statutory", "法定机关", "statutory authority";
        Authorised = "2", "authorised", "授权组织", "body authorised by law";
        Entrusted = "3", "entrusted", "受委托组织", "entrusted body";
        Other = "9", "other", "其他", "other";
    }
}

code_table! {
    /// Whom an item serves (服务对象, table A.4).
    Audience, "服务对象", {
        Person = "1", "person", "自然人", "natural persons";
        Enterprise = "2", "enterprise", "企业法人", "enterprises";
        Institution = "3", "institution", "事业法人", "public institutions";
        SocialOrganisation = "4", "social_organisation", "社会组织法人", "social organisations";
        Administration = "5", "administration", "行政机关", "administrative bodies";
        Other = "6", "other", "其他组织", "other organisations";
    }
}

code_table! {
    /// How an application may be handed in (办理形式, table A.5).
    Channel, "办理形式", {
        Window = "1", "window", "窗口", "window";
        Online = "2", "online", "电脑端网上", "online";
        Mobile = "3", "mobile", "移动端", "mobile";
        Courier = "4", "courier", "快递申请", "courier";
        Other = "9", "other", "其他", "other";
    }
}

code_table! {
    /// How long a case of an item takes (办件类型, table A.6). The digits of provinces differ; these are the national ones.
    CaseType, "办件类型", {
        Immediate = "1", "immediate", "即办件", "decided on the spot";
        Promise = "2", "promise", "承诺件", "decided within a promised time";
        Other = "9", "other", "其他", "other";
    }
}

code_table! {
    /// The kind of a special procedure (特别程序种类, table A.7; Guangdong writes A and B).
    SpecialProcedure, "特别程序种类", {
        Extension = "1", "extension", "延长审批", "extension of the time";
        Other = "2", "other", "除延长审批之外", "other than extension";
    }
}

impl SpecialProcedure {
    /// The letter of the Guangdong specification of 2013.
    pub fn guangdong(self) -> char {
        match self {
            Self::Extension => 'A',
            Self::Other => 'B',
        }
    }
}

code_table! {
    /// How satisfied an applicant was (满意度, table A.8): 1 is best. The stars of 好差评 count the other way.
    Satisfaction, "满意度", {
        VerySatisfied = "1", "very_satisfied", "非常满意", "very satisfied";
        Satisfied = "2", "satisfied", "满意", "satisfied";
        Fair = "3", "fair", "基本满意", "fairly satisfied";
        Dissatisfied = "4", "dissatisfied", "不满意", "dissatisfied";
        VeryDissatisfied = "5", "very_dissatisfied", "非常不满意", "very dissatisfied";
    }
}

impl Satisfaction {
    /// The stars of 好差评: five for very satisfied.
    pub fn stars(self) -> u8 {
        5 - self as u8
    }
}

code_table! {
    /// The unit of a time limit (时限单位), with the digits met on the national platform.
    LimitUnit, "时限单位", {
        WorkingDay = "1", "working_day", "个工作日", "working days";
        NaturalDay = "2", "natural_day", "个自然日", "natural days";
        Hour = "3", "hour", "小时", "hours";
        Minute = "4", "minute", "分钟", "minutes";
        Month = "5", "month", "个月", "months";
    }
}

impl LimitUnit {
    /// The unit of a letter of the Guangdong specification of 2013: G working day, Z natural day.
    ///
    /// # Errors
    /// [`UnknownCode`] with the letter quoted.
    pub fn from_guangdong(letter: &str) -> Result<Self, UnknownCode> {
        match letter {
            "G" => Ok(Self::WorkingDay),
            "Z" => Ok(Self::NaturalDay),
            _ => Err(UnknownCode {
                table: "时限单位（G/Z）",
                code: letter.to_owned(),
            }),
        }
    }

    /// The Guangdong letter; `None` for units that the specification of 2013 does not have.
    pub fn guangdong(self) -> Option<char> {
        match self {
            Self::WorkingDay => Some('G'),
            Self::NaturalDay => Some('Z'),
            Self::Hour | Self::Minute | Self::Month => None,
        }
    }
}

code_table! {
    /// In which shape a material is wanted (材料类型; digits of Shenzhen's CLLX).
    MaterialKind, "材料类型", {
        Original = "0", "original", "原件", "original";
        Copy = "1", "copy", "复印件", "copy";
        Electronic = "2", "electronic", "电子件", "electronic file";
    }
}

code_table! {
    /// Where a material comes from (材料来源; digits of one running system).
    MaterialSource, "材料来源", {
        Applicant = "0", "applicant", "申请人自备", "the applicant";
        Authority = "1", "authority", "政府部门核发", "issued by an authority";
        Other = "2", "other", "其他", "elsewhere";
    }
}

code_table! {
    /// Whether a material must be there (材料必要性; digits of one running system).
    Necessity, "材料必要性", {
        Required = "0", "yes", "必要", "required";
        Optional = "1", "no", "非必要", "optional";
        Later = "2", "later", "容缺后补", "may follow later";
    }
}

code_table! {
    /// The level whose system runs an item (运行系统层级, GB/T 39046 table 4 no. 49): the router's default.
    RunningLevel, "运行系统层级", {
        National = "1", "national", "国家级", "national";
        Province = "2", "province", "省级", "province";
        City = "3", "city", "市级", "city";
    }
}

code_table! {
    /// How far away one may apply (通办范围; the standard gives the words, the digits here are their order in it).
    Scope, "通办范围", {
        Nationwide = "1", "nationwide", "全国通办", "anywhere in the country";
        CrossProvince = "2", "cross_province", "跨省通办", "across provinces";
        CrossCity = "3", "cross_city", "跨市通办", "across cities";
        CrossCounty = "4", "cross_county", "跨县通办", "across counties";
    }
}

#[cfg(test)]
mod tests;
