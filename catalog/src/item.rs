//! Service items (政务服务事项): what may be applied for, where, with what, until when.
//!
//! A [`ServiceItem`] is one version of one item and never changes once published; an application pins `(id, version)` and
//! is judged by that version for life. It is read from YAML with [`crate::source::load_yaml`] (`schema: tongban/item/1`)
//! and stored as JSON by [`ServiceItem::to_json`], which reads back to the same value and the same text.
//!
//! The elements are those of GB/T 39046-2020, table 4, with its lengths (in characters).

mod form;
mod guide;
mod ids;
mod material;
mod rules;
mod time;

pub use form::{FormField, ItemForm, SUPPORTED_DRAFTS};
pub use guide::{Contact, Fee, ItemResult, LegalBasis, Offer, ProcessStep, Question, ResultKind};
pub use ids::{IdError, ItemId, ItemVersion, OrganisationId, SituationId};
pub use material::{Material, Situation};
pub use time::{
    AcceptancePolicy, ChannelLimit, NaturalDayEnd, Policies, TimeLimit, UnitConvention,
};

use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use crate::code::{ItemCode, NumberScheme, NumberStem};
use crate::identifier::{OrganisationCode, UnifiedCode};
use crate::language::Language;
use crate::region::RegionCode;
use crate::source::{Document, Finding};
use crate::tables::{
    Audience, CaseType, Channel, ItemType, Level, OrganisationNature, RunningLevel, Scope,
};

/// The first key of an item's file and stored form.
pub const ITEM_SCHEMA: &str = "tongban/item/1";

/// One version of one service item.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ServiceItem {
    /// Always [`ITEM_SCHEMA`].
    pub schema: ItemSchema,
    /// The item's name for programs; stays the same in all versions.
    pub id: ItemId,
    /// Version from 1.
    pub version: u32,
    /// Whether it may be applied for.
    pub state: ItemState,
    /// Why it is suspended or cancelled and what to do instead; shown to applicants.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub state_note: Option<String>,
    /// True for demonstration data: its identifiers pass their checks but belong to nobody's real item.
    #[serde(default, skip_serializing_if = "is_false")]
    pub sample: bool,
    /// 事项名称, 1 to 200 characters.
    pub name: String,
    /// The name in English.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name_en: Option<String>,
    /// Other words that people look for.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub keywords: Vec<String>,
    /// The item's codes; the first is the one shown.
    pub codes: Vec<ItemCode>,
    /// How its application numbers are made; one of the codes must carry it.
    pub number_scheme: NumberScheme,
    /// 事项类型.
    #[serde(rename = "type")]
    pub item_type: ItemType,
    /// 行使层级.
    pub level: Level,
    /// 行政区划.
    pub region: RegionCode,
    /// 实施主体.
    pub org: ItemOrganisation,
    /// 实施主体性质.
    pub org_nature: OrganisationNature,
    /// 办件类型.
    pub case_type: CaseType,
    /// 服务对象, at least one.
    pub audience: Vec<Audience>,
    /// 办理形式, at least one.
    pub channels: Vec<Channel>,
    /// 运行系统层级: routes by default.
    pub running_level: RunningLevel,
    /// 通办范围.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scope: Option<Scope>,
    /// 到办事现场次数.
    pub visits: u8,
    /// What the hall offers with it (hooks only: payment, appointments, courier).
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub offers: Vec<Offer>,
    /// First day (Asia/Shanghai) on which this version is in force.
    #[serde(with = "time::day")]
    pub effective_from: Date,
    /// Last day on which it is in force; open if absent.
    #[serde(
        default,
        with = "time::optional_day",
        skip_serializing_if = "Option::is_none"
    )]
    pub effective_to: Option<Date>,
    /// The item version that this one takes the place of.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub supersedes: Option<ItemVersion>,
    /// 法定办结时限; absent where no law sets one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub statutory: Option<TimeLimit>,
    /// 承诺办结时限; absent for items without a promise. May be 0 for an immediate item.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub promise: Option<TimeLimit>,
    /// Promises that differ by the channel of application.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub limits: Vec<ChannelLimit>,
    /// How clocks treat this item.
    #[serde(default)]
    pub policies: Policies,
    /// 受理条件.
    pub conditions: Vec<String>,
    /// 办理流程.
    pub process: Vec<ProcessStep>,
    /// 设定依据.
    pub legal_basis: Vec<LegalBasis>,
    /// 收费.
    pub fee: Fee,
    /// 办理结果.
    pub result: ItemResult,
    /// 办理地点, 时间, 咨询 and 监督.
    pub contact: Contact,
    /// 常见问题.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub faq: Vec<Question>,
    /// 情形: the kinds of application among which an applicant chooses one; none if there is but one.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub situations: Vec<Situation>,
    /// 申请材料.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub materials: Vec<Material>,
    /// The form to fill in.
    pub form: ItemForm,
    /// Items that go with it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub related: Vec<ItemId>,
}

/// The value of an item's `schema` key.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum ItemSchema {
    /// [`ITEM_SCHEMA`].
    #[default]
    #[serde(rename = "tongban/item/1")]
    V1,
}

/// Where an item version stands in its life (事项状态).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ItemState {
    /// 草稿: not published.
    Draft,
    /// 在用: may be applied for while effective.
    Active,
    /// 暂停: for the time being no applications.
    Suspended,
    /// 取消: no more applications.
    Cancelled,
}

/// The body that handles an item (实施主体).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ItemOrganisation {
    /// Its id in the organisation tree.
    pub id: OrganisationId,
    /// Its name, at most 100 characters.
    pub name: String,
    /// 统一社会信用代码.
    pub uscc: UnifiedCode,
    /// 组织机构代码, as the partner messages of 2013 want it.
    pub organisation_code: OrganisationCode,
}

impl ServiceItem {
    /// The code that is shown, the first; empty only for an item that did not pass its rules.
    pub fn code(&self) -> &str {
        self.codes.first().map_or("", ItemCode::as_str)
    }

    /// This version's key.
    pub fn key(&self) -> ItemVersion {
        ItemVersion {
            id: self.id.clone(),
            version: self.version,
        }
    }

    /// The name in a language; Chinese where there is no English one.
    pub fn name_in(&self, language: Language) -> &str {
        match (language, &self.name_en) {
            (Language::English, Some(name)) => name,
            _ => &self.name,
        }
    }

    /// Whether this version is in force on a day, whatever its state.
    pub fn is_effective(&self, day: Date) -> bool {
        self.effective_from <= day && self.effective_to.is_none_or(|last| day <= last)
    }

    /// The promise for applications through a channel (a limit belongs to item and channel).
    pub fn promise_for(&self, channel: Channel) -> Option<TimeLimit> {
        let special = self.limits.iter().find(|limit| limit.channel == channel);
        special
            .map(|limit| limit.promise.clone())
            .or_else(|| self.promise.clone())
    }

    /// The stem of the application numbers of a day; `None` only for an item that did not pass its rules.
    pub fn number_stem(&self, day: Date) -> Option<NumberStem> {
        self.number_scheme.stem(&self.codes, day)
    }

    /// A situation by its id.
    pub fn situation(&self, id: &SituationId) -> Option<&Situation> {
        self.situations.iter().find(|situation| situation.id == *id)
    }

    /// The materials for a situation (`None`: those that every application has), in their order.
    pub fn materials_for<'i>(
        &'i self,
        situation: Option<&'i SituationId>,
    ) -> impl Iterator<Item = &'i Material> {
        self.materials
            .iter()
            .filter(move |material| material.applies_to(situation))
    }

    /// A material by its number.
    pub fn material(&self, seq: u16) -> Option<&Material> {
        self.materials.iter().find(|material| material.seq == seq)
    }

    /// The stored, pinned form: one line of JSON, the same text for the same item.
    ///
    /// # Errors
    /// Those of the JSON writer; an item that was read has none.
    pub fn to_json(&self) -> Result<String, serde_json::Error> {
        serde_json::to_string(self)
    }

    /// Reads the stored form. The rules are not run again: what was published then was right then.
    ///
    /// # Errors
    /// Those of the JSON reader, identifiers' check characters included.
    pub fn from_json(json: &str) -> Result<Self, serde_json::Error> {
        serde_json::from_str(json)
    }
}

impl Document for ServiceItem {
    const SCHEMA: &'static str = ITEM_SCHEMA;

    fn findings(&self) -> Vec<Finding> {
        rules::findings(self)
    }
}

#[allow(clippy::trivially_copy_pass_by_ref, reason = "serde hands a reference")]
fn is_false(value: &bool) -> bool {
    !value
}

#[cfg(test)]
mod editor_schema_tests;
#[cfg(test)]
mod shipped_tests;
#[cfg(test)]
mod tests;
