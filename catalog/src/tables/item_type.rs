//! 事项类型, GB/T 39046-2020 table A.1.

use std::fmt;
use std::str::FromStr;

use super::UnknownCode;
use crate::language::Language;

/// The type of a service item (事项类型, table A.1), with the ranges that the standard leaves for extension.
///
/// Files and JSON write the two-digit code; files may also say the Chinese name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ItemType {
    /// 行政权力事项, `00`: the head of the class.
    AdministrativePower,
    /// 行政许可, `01`.
    Licence,
    /// 行政处罚, `02`.
    Penalty,
    /// 行政强制, `03`.
    Coercion,
    /// 行政征收, `04`.
    Levy,
    /// 行政给付, `05`.
    Benefit,
    /// 行政检查, `06`.
    Inspection,
    /// 行政确认, `07`.
    Confirmation,
    /// 行政奖励, `08`.
    Reward,
    /// 行政裁决, `09`.
    Adjudication,
    /// 其他类别事项, `10`.
    OtherPower,
    /// An extension of the powers, `11` to `19` (for example 政府内部审批).
    PowerExtension(u8),
    /// 公共服务事项, `20`.
    PublicService,
    /// A local extension of the public services, `21` to `99`.
    ServiceExtension(u8),
}

impl ItemType {
    /// The types that the standard names, in its order.
    pub const NAMED: &'static [Self] = &[
        Self::AdministrativePower,
        Self::Licence,
        Self::Penalty,
        Self::Coercion,
        Self::Levy,
        Self::Benefit,
        Self::Inspection,
        Self::Confirmation,
        Self::Reward,
        Self::Adjudication,
        Self::OtherPower,
        Self::PublicService,
    ];

    /// The type of a two-digit code.
    ///
    /// # Errors
    /// [`UnknownCode`] with the code quoted, when it is not two digits.
    pub fn from_code(code: &str) -> Result<Self, UnknownCode> {
        let unknown = || UnknownCode {
            table: "事项类型",
            code: code.to_owned(),
        };
        if code.len() != 2 || !code.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(unknown());
        }
        let number: u8 = code.parse().map_err(|_| unknown())?;
        Ok(match number {
            0..=10 => Self::NAMED[usize::from(number)],
            11..=19 => Self::PowerExtension(number),
            20 => Self::PublicService,
            _ => Self::ServiceExtension(number),
        })
    }

    /// The two-digit code.
    pub fn code(self) -> String {
        let number = match self {
            Self::AdministrativePower => 0,
            Self::Licence => 1,
            Self::Penalty => 2,
            Self::Coercion => 3,
            Self::Levy => 4,
            Self::Benefit => 5,
            Self::Inspection => 6,
            Self::Confirmation => 7,
            Self::Reward => 8,
            Self::Adjudication => 9,
            Self::OtherPower => 10,
            Self::PublicService => 20,
            Self::PowerExtension(number) | Self::ServiceExtension(number) => number,
        };
        format!("{number:02}")
    }

    /// The name for people.
    pub fn label(self, language: Language) -> &'static str {
        let (zh, en) = match self {
            Self::AdministrativePower => ("行政权力事项", "administrative power"),
            Self::Licence => ("行政许可", "administrative licence"),
            Self::Penalty => ("行政处罚", "penalty"),
            Self::Coercion => ("行政强制", "coercion"),
            Self::Levy => ("行政征收", "levy"),
            Self::Benefit => ("行政给付", "benefit payment"),
            Self::Inspection => ("行政检查", "inspection"),
            Self::Confirmation => ("行政确认", "confirmation"),
            Self::Reward => ("行政奖励", "reward"),
            Self::Adjudication => ("行政裁决", "adjudication"),
            Self::OtherPower => ("其他类别事项", "other power"),
            Self::PowerExtension(_) => ("其他行政权力（扩展）", "other power (extension)"),
            Self::PublicService => ("公共服务事项", "public service"),
            Self::ServiceExtension(_) => ("公共服务事项（扩展）", "public service (extension)"),
        };
        match language {
            Language::Chinese => zh,
            Language::English => en,
        }
    }

    /// Whether this is a licence in the sense of the Administrative Licensing Law, whose limits apply to it.
    pub fn is_licence(self) -> bool {
        self == Self::Licence
    }
}

impl FromStr for ItemType {
    type Err = UnknownCode;

    /// Reads a code, or the Chinese name as the standard spells it.
    fn from_str(text: &str) -> Result<Self, UnknownCode> {
        let named = Self::NAMED
            .iter()
            .find(|named| named.label(Language::Chinese) == text);
        named.copied().map_or_else(|| Self::from_code(text), Ok)
    }
}

impl fmt::Display for ItemType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.code())
    }
}

impl serde::Serialize for ItemType {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.code())
    }
}

impl<'de> serde::Deserialize<'de> for ItemType {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        crate::source::parsed_text(deserializer, "specimen:01")
    }
}
